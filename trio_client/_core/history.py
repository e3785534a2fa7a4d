"""What a job has reported, however it came: the only count of it."""

from __future__ import annotations

import copy
from datetime import datetime
from typing import Any

from .._json import as_count, as_object, as_text
from .._redaction import preview
from .._stats import JobStats
from .._times import parse_time
from ..errors import JobNotFoundError
from ..events import Event, Failed, Progress, Started, StatusChanged, Stopped, Summary, Triggered, UnknownEvent
from ..models import JobDetail
from .stop_attempts import StopResult

__all__ = ["JobHistory"]

_MAX_TRIGGERS_PER_POLL = 1000  # a counter comes from the server; it must not fill the memory


class JobHistory:
    """Note what streams, webhooks and polls report of one job, so that a poll adds only what is new.

    Args:
        job_id: the job, if its id is known; else the first event that names one sets it.
        stream_url: the stream, for the events that do not name it.

    Attributes:
        started: whether the job is known to run, or to have run.
        triggers: how many triggers were reported, or counted by the server.
        summaries: how many summaries were reported.
        finished: whether the job's end was reported.
        final: the counters at its end.
    """

    __slots__ = (
        "_counted_triggers",
        "_status",
        "_work",
        "final",
        "finished",
        "job_id",
        "started",
        "stream_url",
        "summaries",
        "triggers",
    )

    def __init__(self, job_id: str | None = None, stream_url: str | None = None) -> None:
        self.job_id = job_id
        self.stream_url = stream_url
        self.started = False
        self.finished = False
        self.final: JobStats | None = None
        self.triggers = 0
        self.summaries = 0
        self._counted_triggers = 0  # of `triggers`: those that only a poll has counted
        self._status: str | None = "running"
        self._work = 0

    def note(self, event: Event, *, in_order: bool = False) -> None:
        """Note an event that a stream or a webhook delivered, and name its job and stream if the event does not.

        Args:
            event: the event.
            in_order: whether events come in the order they happened, so that any known event implies the start.
        """
        if event.job_id is None:
            event.job_id = self.job_id
        elif self.job_id is None:
            self.job_id = event.job_id
        if event.stream_url is None:
            event.stream_url = self.stream_url
        if event.terminal:
            self.finished, self.final = True, event.counters
        if isinstance(event, UnknownEvent):
            return
        if isinstance(event, StatusChanged):
            self._status = event.status
            self.started = self.started or event.status != "pending"
        else:
            self.started = self.started or in_order or isinstance(event, Started)
        if isinstance(event, Triggered):
            self._note_trigger()
        elif isinstance(event, Summary):
            self.summaries += 1
            self._work += 1
        elif isinstance(event, (Progress, StatusChanged, Stopped, Failed)) and event.stats is not None:
            self._work = max(self._work, _work_done(event.stats))

    def poll(self, job: JobDetail, at: datetime | None = None) -> list[Event]:
        """Return what a poll adds, in order; the last event is terminal if the job has ended.

        Args:
            job: the reply.
            at: when it came; what it counts happened at the latest then.
        """
        stats = job.counters
        base: dict[str, Any] = {
            "delivery": "poll",
            "job_id": job.job_id,
            "stream_url": job.stream_url or self.stream_url,
            "raw": job.model_dump(exclude_unset=True),
        }
        events = [*self._status_news(job, stats, base), *self._counter_news(job, stats, base, at)]
        if job.is_terminal:
            self.finished, self.final = True, stats
            events.append(_end(job, stats, base))
        return events

    def begin(self, job: JobDetail) -> list[Event]:
        """Take what a first poll shows as known: only the end is returned, if the job has ended."""
        events = [event for event in self.poll(job) if event.terminal]
        self.started, self._status = True, job.status or self._status
        return events

    def not_found(self, error: JobNotFoundError) -> Failed:
        """Return the end of a job that the server no longer knows."""
        self.finished = True
        return Failed(
            name="job_not_found",
            delivery="poll",
            job_id=self.job_id,
            stream_url=self.stream_url,
            code=error.code or "JOB_NOT_FOUND",
            message=error.message,
            remediation=error.remediation,
        )

    def stopped(self, result: StopResult) -> Stopped | Failed:
        """Return the end of a job that was cancelled, with what the replies to that say."""
        job, stats = result.job, result.counters
        reply = job or result.cancelled
        base: dict[str, Any] = {
            "delivery": "poll",
            "job_id": self.job_id,
            "stream_url": (job and job.stream_url) or self.stream_url,
            "occurred_at": result.at,
            "raw": reply.model_dump(exclude_unset=True) if reply is not None else None,
        }
        if job is not None and job.status == "failed":
            return _end(job, stats, base)
        status = reply.status if reply is not None and reply.is_terminal else "stopped"
        return Stopped(name="stopped", reason=stats.reason or "cancelled", status=status, stats=stats or None, **base)

    def copy(self) -> JobHistory:
        """Return a history that begins here and goes on by itself."""
        return copy.copy(self)

    def _note_trigger(self) -> None:
        if self._counted_triggers:  # the delivery of one that a poll has counted already
            self._counted_triggers -= 1
        else:
            self.triggers += 1
            self._work += 1

    def _status_news(self, job: JobDetail, stats: JobStats, base: dict[str, Any]) -> list[Event]:
        """Return the start, or a change of the status after it. A reply without a status is no news."""
        if job.status is None:
            return []
        before, known = self._status, self.started
        self.started = known or job.status != "pending"
        if self.started:
            self._status = job.status
        if self.started and not known:
            return [Started(name="started", occurred_at=parse_time(job.created_at), **base)]
        if known and job.status != before and not job.is_terminal:
            return [StatusChanged(name="status", status=job.status, stats=stats or None, **base)]
        return []

    def _counter_news(self, job: JobDetail, stats: JobStats, base: dict[str, Any], at: datetime | None) -> list[Event]:
        """Return an event for each trigger that was not reported yet, else progress if the counters moved."""
        work = _work_done(stats)
        moved = work > self._work
        self._work = work
        fired = stats.triggers_fired
        if fired is None:
            fired = 1 if stats.reason == "condition_triggered" else 0
        missing = max(0, fired - self.triggers)
        reported = self.triggers
        self.triggers += missing
        if missing:
            condition = job.config.condition if job.config else None
            new = min(missing, _MAX_TRIGGERS_PER_POLL)
            self._counted_triggers += new
            base = {**base, "occurred_at": at, "condition": condition}
            return [
                Triggered(name="triggered", triggered=True, number=number, **base)
                for number in range(reported + 1, reported + new + 1)
            ]
        if moved and not job.is_terminal:
            return [Progress(name="progress", stats=stats, **base)]
        return []


def _work_done(stats: JobStats) -> int:
    """Return how much a job has done, as one number that only grows."""
    return (as_count(stats.get("checks_performed")) or 0) + (as_count(stats.get("summaries_generated")) or 0)


def _end(job: JobDetail, stats: JobStats, base: dict[str, Any]) -> Stopped | Failed:
    if job.status == "failed":
        problem = (job.model_extra or {}).get("error")
        detail = as_object(problem)
        message = detail.get("message") or (problem if isinstance(problem, str) else None) or stats.reason
        code = detail.get("code")
        return Failed(
            name="failed",
            code=as_text(code),
            message=preview(text) if (text := as_text(message)) is not None else None,
            stats=stats or None,
            **base,
        )
    return Stopped(name="stopped", reason=stats.reason, status=job.status, stats=stats or None, **base)
