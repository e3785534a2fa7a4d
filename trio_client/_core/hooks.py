"""Functions of the caller that a client calls along the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Literal

from .._job_context import JobContext, logger
from .._redaction import presentable, preview, shown
from .._stats import JobStats
from ..errors import ConfigurationError
from .usage import JobMeter, Usage
from .validation import is_async

__all__ = ["CallInfo", "Hooks", "JobInfo", "JobReport", "notify"]


@dataclass(frozen=True, slots=True)
class CallInfo:
    """What a hook receives about one request.

    Attributes:
        method: the HTTP method.
        url: where it goes, credentials masked.
        attempt: 1 for the first request of a call, 2 for its first repetition, and so on.
        status_code: the reply's status, once there is one.
        elapsed: seconds since the call began.
        wait: seconds until the next attempt, for `on_retry`.
        error: what went wrong, for `on_retry` and `on_failure`.
        reference: the id a create carries as its `Idempotency-Key`.
        operation: the method of the client behind the request, such as `jobs.get`, `live_monitor.watch` or `request`:
            of few values, so that it suits a metric's label. Polls are `jobs.get`, stops `jobs.cancel`, and the search
            for the job of a lost create `jobs.list`.
        stream_url: the stream it is about, credentials masked.
    """

    method: str
    url: str
    attempt: int = 1
    status_code: int | None = None
    elapsed: float | None = None
    wait: float | None = None
    error: Exception | None = None
    reference: str | None = None
    operation: str = ""
    stream_url: str | None = None


@dataclass(frozen=True, slots=True)
class JobInfo:
    """What `Hooks.on_job` receives about one job.

    Attributes:
        event: `started` once there is a job and its id is known, also where it had to be looked up; `ended` only when
            its end is known. A job of `create` has no end here: it is the caller's.
        job_id: its id.
        reference: the `Idempotency-Key` of its create.
        stream_url: its stream, credentials masked.
        counters: its counters at its end, as far as they are known.
        usage: what it has used so far.
    """

    event: Literal["started", "ended"]
    job_id: str
    reference: str
    stream_url: str | None = None
    counters: JobStats = field(default_factory=JobStats)
    usage: Usage = field(default_factory=Usage)

    def __repr__(self) -> str:
        values = ((each.name, presentable(getattr(self, each.name), each.name)) for each in fields(self))
        return f"JobInfo({', '.join(f'{name}={value!r}' for name, value in values)})"


@dataclass(frozen=True, slots=True)
class Hooks:
    """Functions a client calls on its way; each gets one `CallInfo` (`on_job`: a `JobInfo`) and must return quickly.

    An exception in a hook is logged and does not disturb the call.

    Attributes:
        on_request: before each request.
        on_response: after each reply, also an error.
        on_retry: before the wait for another attempt.
        on_intent: before the first request of a create, with its reference: a trace of what may become a job.
        on_failure: after a call that ended without a reply to its last request, with the error: what `on_response`
            does not see.
        on_job: when a job of this client's streams and watches started or ended, and when `create` made one: to keep a
            table of the jobs that run.

    Example:
        >>> calls = []
        >>> hooks = Hooks(on_response=lambda info: calls.append((info.method, info.status_code)))
    """

    on_request: Callable[[CallInfo], object] | None = None
    on_response: Callable[[CallInfo], object] | None = None
    on_retry: Callable[[CallInfo], object] | None = None
    on_intent: Callable[[CallInfo], object] | None = None
    on_failure: Callable[[CallInfo], object] | None = None
    on_job: Callable[[JobInfo], object] | None = None

    @classmethod
    def of(cls, value: Hooks | None) -> Hooks:
        """Return hooks as they are, and `None` as none."""
        if value is not None and not isinstance(value, Hooks):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(
                f"hooks is {preview(repr(value))}; it must be Hooks, such as Hooks(on_response=print)."
            )
        for each in fields(cls):
            if is_async(getattr(value, each.name, None)):
                raise ConfigurationError(
                    f"hooks.{each.name} is an async function, which a hook is never awaited as.",
                    field="hooks",
                    advice="Pass a plain function; it may start a task.",
                )
        return value or cls()


class JobReport:
    """Report the start and the end of one job to the hook of jobs, each once.

    Args:
        hook: the caller's function; its exceptions are logged and go no further.
        reference: the `Idempotency-Key` of its create.
        stream_url: its stream, credentials masked.
        price_per_minute_usd: what a minute of it costs; `None`: not known.
        meter: how long it has run.
    """

    def __init__(
        self,
        hook: Callable[[JobInfo], object],
        reference: str,
        stream_url: str | None,
        price_per_minute_usd: float | None,
        meter: JobMeter,
    ) -> None:
        self._hook = hook
        self._reference = reference
        self._stream_url = stream_url
        self._price = price_per_minute_usd
        self._meter = meter
        self._job_id: str | None = None
        self._has_ended = False

    def started(self, job_id: str) -> None:
        """Report that the job runs."""
        if self._job_id is None:
            self._job_id = job_id
            self._report("started", job_id, JobStats())

    def ended(self, counters: JobStats) -> None:
        """Report that the job has ended."""
        self._meter.ended(counters)
        if self._job_id is not None and not self._has_ended:
            self._has_ended = True
            self._report("ended", self._job_id, counters)

    def _report(self, event: Literal["started", "ended"], job_id: str, counters: JobStats) -> None:
        usage = self._meter.usage(self._price)
        info = JobInfo(event, job_id, self._reference, self._stream_url, counters, usage)
        try:
            self._hook(info)
        except Exception as error:  # noqa: BLE001 - a hook must not lose a paid job
            JobContext(info.stream_url, job_id=job_id).log.error(
                "A hook failed on job %s, which has %s: %s", shown(job_id), event, preview(repr(error))
            )


def notify(hook: Callable[[CallInfo], object] | None, info: CallInfo) -> None:
    """Call a hook, if there is one; its exceptions are logged and go no further."""
    if hook is None:
        return
    try:
        hook(info)
    except Exception as error:  # noqa: BLE001 - a hook must not lose a paid job
        logger.error("A hook failed on %s %s: %s", info.method, info.url, preview(repr(error)))
