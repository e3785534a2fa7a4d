"""What the hook of jobs receives."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Literal

from .._job_context import JobContext
from .._redaction import presentable
from .._stats import JobStats
from .ownership import Intent
from .usage import JobMeter, Usage, known_price

__all__ = ["JobInfo", "JobReport"]


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


class JobReport:
    """Report the start and the end of one job, each once.

    Args:
        intent: what was to be made.
        context: its camera, and what a minute costs where the caller says so.
        meter: how long it has run.
    """

    def __init__(self, intent: Intent, context: JobContext, meter: JobMeter) -> None:
        self._reference = intent.reference
        self._stream_url = context.stream_url
        own = context.price_per_minute_usd
        self._price = known_price(intent.path, intent.body) if own is None else own
        self._meter = meter
        self._job_id: str | None = None
        self._has_ended = False

    @property
    def usage(self) -> Usage:
        """What the job has used so far."""
        return self._meter.usage(self._price)

    def started(self, job_id: str) -> JobInfo | None:
        """Return what to report of a job that runs; `None`: nothing."""
        if self._job_id is not None:
            return None
        self._job_id = job_id
        return JobInfo("started", job_id, self._reference, self._stream_url, usage=self.usage)

    def ended(self, counters: JobStats) -> JobInfo | None:
        """Return what to report of a job that has ended; `None`: nothing."""
        self._meter.ended(counters)
        if self._job_id is None or self._has_ended:
            return None
        self._has_ended = True
        return JobInfo("ended", self._job_id, self._reference, self._stream_url, counters, self.usage)
