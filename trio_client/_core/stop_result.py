"""What the replies to a stop say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .._stats import JobStats
from ..models import CancelledJob, JobDetail

__all__ = ["StopResult"]


@dataclass(slots=True)
class StopResult:
    """What came of an attempt to stop a job.

    Attributes:
        confirmed: whether it has certainly ended.
        possible: whether an attempt may have cancelled it.
        cancelled: the reply to the cancel, if one came.
        job: the job as it was polled afterwards, if the server still knew it.
        at: when that was, by the server's clock.
    """

    confirmed: bool = False
    possible: bool = False
    cancelled: CancelledJob | None = None
    job: JobDetail | None = None
    at: datetime | None = None

    @property
    def counters(self) -> JobStats:
        """The job's counters, as far as the replies have them."""
        job, cancelled = self.job, self.cancelled
        found = JobStats(job.counters if job is not None else {})
        if cancelled is not None:
            found.update(cancelled.counters)
        return found
