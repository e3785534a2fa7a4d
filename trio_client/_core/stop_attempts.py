"""Decide how often stopping a job is tried, and what the replies prove."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from .._redaction import shown
from .._stats import JobStats
from ..errors import APIStatusError, AuthenticationError, JobNotFoundError, RateLimitError, TrioError
from ..models import CancelledJob, JobDetail
from .retry.failure import FailureKind, classify

__all__ = ["StopAttempts", "StopResult"]

_PAUSES = (0.5, 1.0)  # seconds before the next attempts
_PAUSE = 2.0  # before all later ones
_LAST_ATTEMPT = 1.0  # seconds before the end of the time


@dataclass(slots=True)
class StopResult:
    """What came of an attempt to stop a job.

    Attributes:
        confirmed: whether it has certainly ended.
        possible: whether an attempt may have cancelled it.
        cancelled: the reply to the cancel, if one came.
        job: the job as it was polled afterwards, if the server still knew it.
        at: when that was, by the server's clock.
        problem: why the latest attempt proved nothing.
    """

    confirmed: bool = False
    possible: bool = False
    cancelled: CancelledJob | None = None
    job: JobDetail | None = None
    at: datetime | None = None
    problem: str | None = None

    @property
    def counters(self) -> JobStats:
        """The job's counters, as far as the replies have them."""
        job, cancelled = self.job, self.cancelled
        found = JobStats(job.counters if job is not None else {})
        if cancelled is not None:
            found.update(cancelled.counters)
        return found


class StopAttempts:
    """The attempts to stop one job: each cancels it, then polls it.

    Only a terminal status, or "no such job" (JOB_NOT_FOUND), proves the end: any other 404, and any page, may come from
    a proxy, or from another server.

    Args:
        seconds: how long to try.
        grace: for how many more seconds "no such job" proves nothing, since reads may lag behind the create.
        clock: the time, in seconds.

    Attributes:
        seconds: how long to try: longer than was asked for, where the last attempt is to be made once "no such job" is
            certain.
        result: what came of it so far.
    """

    __slots__ = ("_clock", "_grace_until", "_hint", "_is_last", "_is_over", "_made", "_until", "result", "seconds")

    def __init__(self, seconds: float, *, grace: float, clock: Callable[[], float]) -> None:
        if grace <= seconds:
            seconds = max(seconds, grace + _LAST_ATTEMPT)
        self.seconds: float = seconds
        self.result: StopResult = StopResult(problem="no reply came in time")
        self._clock = clock
        self._until = clock() + seconds
        self._grace_until = clock() + grace
        self._made = 0
        self._hint = 0.0
        self._is_last = False
        self._is_over = False

    @property
    def time_left(self) -> float:
        """How many seconds are left."""
        return self._until - self._clock()

    def cancelled(self, reply: CancelledJob) -> None:
        """Note the reply to the cancel."""
        self.result.cancelled, self.result.possible = reply, True

    def cancel_failed(self, error: TrioError) -> bool:
        """Note how the cancel failed; return whether to poll the job all the same, since its status may explain it.

        It may have ended already, or something on the way to the server may have replied.
        """
        if isinstance(error, JobNotFoundError):
            return False
        self.result.possible = self.result.possible or classify(error) is FailureKind.AMBIGUOUS
        is_refused = isinstance(error, APIStatusError) and 400 <= error.status_code < 500
        return is_refused and not isinstance(error, (AuthenticationError, RateLimitError))

    def polled(self, job: JobDetail) -> None:
        """Note the job as it was polled after the cancel."""
        if job.is_terminal:
            self.result.job = job
            self._confirm()
        else:
            self.result.problem = f"its status is {shown(job.status or 'not known')}"

    def failed(self, error: TrioError) -> None:
        """Note how the attempt failed."""
        if isinstance(error, JobNotFoundError):
            if error.acted_before or self.result.possible or self._clock() >= self._grace_until:
                self._confirm()
            else:
                self.result.problem = "its status is not known yet"
            return
        self.result.problem = error.problem.rstrip(".")
        is_refused = isinstance(error, AuthenticationError) and bool(error.code)
        self._is_over = is_refused or classify(error) is FailureKind.PERMANENT
        self._hint = (isinstance(error, APIStatusError) and error.retry_after) or 0.0

    def pause(self) -> float | None:
        """Return how many seconds to wait before the next attempt; `None`: there is none.

        The last attempt is made at the end of the time.
        """
        seconds = max(self._hint, _PAUSES[self._made] if self._made < len(_PAUSES) else _PAUSE)
        self._made, self._hint = self._made + 1, 0.0
        left = self.time_left
        if self.result.confirmed or self._is_over or self._is_last or left <= 0:
            return None
        if seconds >= left - _LAST_ATTEMPT:
            self._is_last, seconds = True, max(0.0, left - _LAST_ATTEMPT)
        return seconds

    def _confirm(self) -> None:
        self.result.confirmed = self.result.possible = True
