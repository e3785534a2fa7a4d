"""Tell a job's story from repeated looks at it."""

from __future__ import annotations

from typing import Any

from .._json import as_object
from .._redaction import preview
from .._stats import JobStats
from .._times import parse_time
from ..errors import JobNotFoundError
from ..events import Event, Failed, Progress, Started, StatusChanged, Stopped, Summary, Triggered, UnknownEvent
from ..models import JobDetail

__all__ = ["JobStory", "counters", "work_done"]

_MOST_TOLD_AT_ONCE = 1000  # a counter is a server's word; it must not fill the memory


def counters(job: JobDetail) -> JobStats:
    """Return a job's counters: from `stats`, and from `details` where older servers put them."""
    return JobStats({**(job.details or {}), **(job.stats or {})})


class JobStory:
    """Turn successive looks at one job into events: each says what has changed since the last.

    Args:
        started: whether the job's start was already told, by a stream.
        triggers_told: how many triggers were already told.
        work_told: how many checks, captures or summaries were already told.
    """

    __slots__ = ("_started", "_status", "_triggers", "_work")

    def __init__(self, *, started: bool = False, triggers_told: int = 0, work_told: int = 0) -> None:
        self._started = started
        self._status: str | None = "running"
        self._triggers = triggers_told
        self._work = work_told

    def look(self, job: JobDetail) -> list[Event]:
        """Return what has changed, in order; the last event is terminal if the job has ended."""
        stats = counters(job)
        base: dict[str, Any] = {
            "delivery": "poll",
            "job_id": job.job_id,
            "stream_url": job.stream_url,
            "raw": job.model_dump(exclude_unset=True),
        }
        events: list[Event] = []
        if job.status is None:
            pass  # the server left it out, which is no news
        elif not self._started and job.status != "pending":
            self._started = True
            events.append(Started(name="started", occurred_at=parse_time(job.created_at), **base))
        elif self._started and job.status != self._status and not job.is_terminal:
            events.append(StatusChanged(name="status", status=job.status, stats=stats or None, **base))
        if self._started and job.status is not None:
            self._status = job.status
        events += self._news(job, stats, base)
        if job.is_terminal:
            events.append(_end(job, stats, base))
        return events

    def told(self, event: Event) -> None:
        """Note an event that came by another way, so that no look tells it again."""
        if isinstance(event, UnknownEvent):
            return
        if isinstance(event, StatusChanged):
            self._status = event.status
            self._started = self._started or event.status != "pending"
        self._started = self._started or isinstance(event, Started)
        if isinstance(event, Triggered):
            self._triggers += 1
        if isinstance(event, (Triggered, Summary)):
            self._work += 1
        elif isinstance(event, (Progress, StatusChanged, Stopped, Failed)) and event.stats is not None:
            self._work = max(self._work, work_done(event.stats))

    @property
    def triggers(self) -> int:
        """How many triggers were told."""
        return self._triggers

    def gone(self, job_id: str, error: JobNotFoundError) -> Failed:
        """Return the end of a job that the server does not know any more."""
        return Failed(
            name="job_not_found",
            delivery="poll",
            job_id=job_id,
            code=error.code or "JOB_NOT_FOUND",
            message=error.message,
            remediation=error.remediation,
        )

    def _news(self, job: JobDetail, stats: JobStats, base: dict[str, Any]) -> list[Event]:
        """Return a trigger for each one not told yet, else progress if the counters moved."""
        work = work_done(stats)
        moved = work > self._work
        self._work = work
        fired = _count(stats.triggers_fired)
        if fired is None:
            fired = 1 if stats.reason == "condition_triggered" else 0
        missing = max(0, fired - self._triggers)
        self._triggers += missing
        if missing:
            condition = job.config.condition if job.config else None
            told = min(missing, _MOST_TOLD_AT_ONCE)
            return [Triggered(name="triggered", triggered=True, condition=condition, **base) for _ in range(told)]
        if moved and not job.is_terminal:
            return [Progress(name="progress", stats=stats, **base)]
        return []


def work_done(stats: JobStats) -> int:
    """Return how much a job has done, as one number that only grows."""
    return (_count(stats.checks_performed) or 0) + (_count(stats.summaries_generated) or 0)


def _end(job: JobDetail, stats: JobStats, base: dict[str, Any]) -> Event:
    if job.status == "failed":
        problem = (job.model_extra or {}).get("error")
        detail = as_object(problem)
        message = detail.get("message") or (problem if isinstance(problem, str) else None) or stats.reason
        code = detail.get("code")
        return Failed(
            name="failed",
            code=code if isinstance(code, str) else None,
            message=preview(message) if isinstance(message, str) else None,
            stats=stats or None,
            **base,
        )
    return Stopped(name="stopped", reason=stats.reason, status=job.status, stats=stats or None, **base)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
