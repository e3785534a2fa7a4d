"""What the hook of jobs receives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from .._stats import JobStats
from ..pricing import PRICES_USD
from .ownership import Intent
from .usage import JobMeter, Usage

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


class JobReport:
    """Report the start and the end of one job, each once.

    Args:
        intent: what was to be made.
        stream_url: its stream, masked.
        clock: monotonic seconds.
    """

    def __init__(self, intent: Intent, stream_url: str | None, clock: Callable[[], float]) -> None:
        self._intent = intent
        self._stream_url = stream_url
        self._meter = JobMeter(clock)
        self._job_id: str | None = None
        self._has_ended = False

    def started(self, job_id: str | None, price: float | None) -> JobInfo | None:
        """Return what to report of a job that runs; `None`: nothing."""
        if job_id is None or self._job_id is not None:
            return None
        self._job_id = job_id
        self._meter.started()
        usage = Usage.of(1, self._meter.minutes, self._price(price))
        return JobInfo("started", job_id, self._intent.reference, self._stream_url, usage=usage)

    def ended(self, counters: JobStats | None, price: float | None) -> JobInfo | None:
        """Return what to report of a job that has ended; `None`: nothing."""
        if self._job_id is None or self._has_ended:
            return None
        self._has_ended = True
        usage = Usage.of(1, self._meter.ended(counters), self._price(price))
        found = JobStats() if counters is None else counters
        return JobInfo("ended", self._job_id, self._intent.reference, self._stream_url, found, usage)

    def _price(self, price: float | None) -> float | None:
        """Return what a minute costs: as the caller says, or as published, which it is not for `hybrid` input."""
        if price is not None:
            return price
        return None if self._intent.body.get("input_mode") == "hybrid" else PRICES_USD[self._intent.job_type]
