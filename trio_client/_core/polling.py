"""Follow a job by polling it: when, for how long while polls fail, and what is raised in the end."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import trio_client

from .._job_context import JobContext
from .._redaction import shown
from .._times import show_duration
from ..errors import (
    APIStatusError,
    AuthenticationError,
    InsufficientCreditsError,
    JobNotFoundError,
    ResponseValidationError,
    StreamInterruptedError,
    TrioError,
    UnprocessableEntityError,
    WaitTimeoutError,
)
from .retry.failure import FailureKind, classify

__all__ = ["PollSchedule", "RetryWindow", "may_be_an_outage", "not_ended_in_time", "polling_failed"]

_FINAL = (AuthenticationError, InsufficientCreditsError, JobNotFoundError, UnprocessableEntityError)
_NO_SUCH_ROUTE = (404, 405, 501)


class PollSchedule:
    """Poll at once, then an interval after the caller asks for more.

    Args:
        interval: seconds between a poll and the next.
    """

    __slots__ = ("_due", "_interval")

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._due: float | None = -inf  # None: polled, and nothing waits for the next poll yet

    def pause(self, now: float) -> float:
        """Return how many seconds to wait before polling; at most 0: poll now.

        A wait that was cut off goes on where it is asked for again, and ends when it would have ended.
        """
        if self._due is None:
            self._due = now + self._interval
            return self._interval
        return self._due - now

    def polled(self) -> None:
        """Note that the job was polled, whatever the reply."""
        self._due = None


class RetryWindow:
    """Bound the time for which failures are retried without a success between them.

    Args:
        seconds: how long, from the first failure after a success.
        clock: monotonic seconds.
        reached: whether the server is known to know the job. Then what something on the way replies in its place, a
            page or a refusal that names no code of the API, is an outage like any other.
    """

    __slots__ = ("_clock", "_reached", "_seconds", "_since")

    def __init__(self, seconds: float, clock: Callable[[], float], *, reached: bool = False) -> None:
        self._seconds = seconds
        self._clock = clock
        self._reached = reached
        self._since: float | None = None

    def reset(self) -> None:
        """Note a success."""
        self._since = None
        self._reached = True

    def allows(self, error: TrioError) -> bool:
        """Return whether to retry after this failure."""
        kind = classify(error)
        if kind is FailureKind.PERMANENT or isinstance(error, _FINAL):
            return False
        if kind is FailureKind.DEFINITE and not (self._reached and may_be_an_outage(error)):
            return False
        if isinstance(error, ResponseValidationError) and not self._reached:
            return False
        now = self._clock()
        if self._since is None:
            self._since = now
        return now - self._since < self._seconds


def may_be_an_outage(error: TrioError) -> bool:
    """Return whether a refusal may come from something on the way: it names no code of the API."""
    return isinstance(error, APIStatusError) and error.code is None and not isinstance(error, _FINAL)


def polling_failed(
    job_id: str | None, error: TrioError, context: JobContext, *, answered: bool
) -> StreamInterruptedError:
    """Return the error for a job that cannot be polled any more.

    Args:
        job_id: the job.
        error: how the last poll failed.
        context: the camera that it is about.
        answered: whether any poll has succeeded.
    """
    name = shown(job_id)
    if not answered and isinstance(error, APIStatusError) and error.status_code in _NO_SUCH_ROUTE:
        return StreamInterruptedError(
            context.named_in(
                f"The server does not offer GET /jobs/{{job_id}}, so job {name} cannot be polled ({error.problem}); it "
                "may still be running."
            ),
            advice="Check base_url. Where a server has streams alone, read them to their end (on_drop='raise').",
            job_id=job_id,
        )
    text = context.named_in(f"Job {name} cannot be polled any more ({error.problem}); it may still be running.")
    return StreamInterruptedError(text, job_id=job_id)


def not_ended_in_time(
    job_id: str,
    timeout: float,
    last: trio_client.JobDetail | trio_client.models.OsapiJob | None,
    problem: TrioError | None,
    *,
    advice: str,
) -> WaitTimeoutError:
    """Return the error for a job that was waited for, and has not ended in time.

    Args:
        job_id: the job.
        timeout: how many seconds it was waited for.
        last: the job as it was polled last; `None`: it never was.
        problem: how the latest poll failed; `None`: it was answered.
        advice: what to do about it.
    """
    if last is not None:
        status = f"its status is {shown(last.status)})"
        seen = f"{status}; no agent has taken it" if last.status == "submitted" else f"{status}; it runs on"
    elif problem is not None:
        seen = f"it was never seen: {problem.problem.rstrip('.')})"
    else:
        seen = "its status is not known)"
    text = f"Job {shown(job_id)} had not ended after {show_duration(timeout)} ({seen}."
    about = JobContext.of(getattr(last, "stream_url", None))
    return WaitTimeoutError(about.named_in(text), advice=advice, last=last)
