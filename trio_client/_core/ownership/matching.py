"""Whether a job can be the one that a create made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..._times import CLOCK_SKEW, DATE_LAG, has_zone, parse_time
from ...models import Job, JobDetail
from ..stream_url import same_stream
from .intent import Intent

__all__ = ["Candidate", "MadeBetween", "PageTimes", "candidate", "fits"]

_ANY_ZONE = timedelta(hours=14)


@dataclass(frozen=True, slots=True)
class PageTimes:
    """When a page of the job list was read.

    Attributes:
        date: the server's time, by the reply's `Date`; `None`: it has none.
        asked: when it was asked for, by the client's monotonic clock.
        received: when it came, by the same clock.
    """

    date: datetime | None
    asked: float
    received: float


@dataclass(frozen=True, slots=True)
class MadeBetween:
    """Between what times, by the server's clock, a job was made."""

    earliest: datetime
    latest: datetime

    @classmethod
    def on(cls, times: PageTimes, sent: float, made_by: float | None) -> MadeBetween | None:
        """Place a time between two stamps of the client's clock on the server's; `None` if that is not known.

        The machine's wall clock has no part in it: it may be wrong, and be set meanwhile.
        """
        if times.date is None:
            return None
        latest = times.date + DATE_LAG
        if made_by is not None:
            latest -= timedelta(seconds=max(0.0, times.asked - made_by))
        return cls(times.date - timedelta(seconds=times.received - sent), latest)

    def has(self, moment: datetime, slack: timedelta = CLOCK_SKEW) -> bool:
        """Return whether a time lies in it, give or take some."""
        return self.earliest - slack <= moment <= self.latest + slack


@dataclass(frozen=True, slots=True)
class Candidate:
    """A job in the list that a create may have made.

    Attributes:
        job: the list item.
        timed: whether it is known that it was made at the right time; else it must not be taken.
    """

    job: Job
    timed: bool


def candidate(job: Job, intent: Intent, made_between: MadeBetween | None) -> Candidate | None:
    """Return a list item as a candidate, or `None` if what it shows rules it out.

    Args:
        job: the list item.
        intent: what was to be made.
        made_between: when it was made, by the server's clock; `None`: not known.
    """
    if not same_stream(job.stream_url, intent.body.get("stream_url")):
        return None
    if job.job_type is not None and job.job_type != intent.job_type:
        return None
    created = parse_time(job.created_at)
    if created is None or made_between is None:
        return Candidate(job, timed=False)
    if not has_zone(job.created_at):
        return Candidate(job, timed=False) if made_between.has(created, _ANY_ZONE) else None
    return Candidate(job, timed=True) if made_between.has(created) else None


def fits(detail: JobDetail, intent: Intent) -> bool:
    """Return whether a job's settings are the ones that were sent; what the server leaves out does not count."""
    config = detail.config.model_dump(exclude_unset=True) if detail.config else dict(detail.details or {})
    sent = {name: value for name, value in intent.body.items() if name != "stream_url"}
    sent.setdefault("webhook_url", None)  # a job that delivers somewhere else was made by someone else
    known = {name: value for name, value in sent.items() if name in config}
    return all(config[name] == value for name, value in known.items())
