"""What webhooks delivered of one job to one reader, and when a poll of the job has to fill in. No I/O."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from .._job_context import JobContext
from .._numbers import positive_limit
from .._redaction import preview
from ..errors import JobNotFoundError
from ..events import Event, Failed, Started, Stopped, Triggered
from ..models import JobDetail
from .history import JobHistory

__all__ = ["DeliveryTimeouts", "JobInbox"]

_MAX_READY = 10_000


@dataclass(frozen=True)
class DeliveryTimeouts:
    """How long to wait for deliveries, in seconds.

    Attributes:
        late_after: how long to wait for a delivery that is due.
        quiet_after: how long without any delivery until the job is polled.
        poll_interval: between two polls, while deliveries stay away.
    """

    late_after: float
    quiet_after: float
    poll_interval: float

    def __post_init__(self) -> None:
        for name in ("late_after", "quiet_after", "poll_interval"):
            positive_limit(name, getattr(self, name), "seconds", advice="For long waits, pass 86400.")


class JobInbox:
    """Put the deliveries of one job together with what polls of it add. Safe to use from several threads.

    A trigger that the job has counted and no delivery has brought is reported from the poll, without an explanation.
    If its delivery arrives after all, it is reported too: a duplicate is better than a loss. The end of the job counts
    only once a poll has confirmed it, since an event does not say whether its delivery was verified.

    Args:
        job_id: the job.
        timeouts: how long to wait for deliveries.
        now: the time, in seconds on any clock.
        poll_first: whether nothing is known of the job yet.
        wake: called after each delivery; it must not block.
    """

    def __init__(
        self, job_id: str, timeouts: DeliveryTimeouts, now: float, *, poll_first: bool, wake: Callable[[], None]
    ) -> None:
        self._lock = threading.Lock()
        self._history = JobHistory(job_id)
        self._timeouts = timeouts
        self._schedule = _PollSchedule(timeouts, now, urgent=poll_first)
        self._wake = wake
        self._ready: deque[Event] = deque(maxlen=_MAX_READY)
        self._start_reported = False
        self._undelivered: list[Triggered] = []
        self._undelivered_until = 0.0
        self._end: _End | None = None
        self.finished = False

    def deliver(self, event: Event, now: float) -> None:
        """Take in a delivery."""
        with self._lock:
            if self.finished:
                return
            self._schedule.delivered(now)
            if isinstance(event, (Stopped, Failed)) and event.terminal:
                self._deliver_end(event, now)
            else:
                self._deliver(event)
        self._wake()

    def poll(self, job: JobDetail, now: float, at: datetime | None = None) -> None:
        """Take in the reply to a poll of the job; `at` is when it came, by the server's clock."""
        with self._lock:
            self._schedule.polled(now)
            self._confirm(ended=job.is_terminal)
            for event in self._history.poll(job, at):
                if isinstance(event, (Stopped, Failed)):
                    until = now + self._timeouts.late_after
                    self._end = self._end or _End(event, until, _summaries_of(event), confirmed=True)
                elif isinstance(event, Triggered):
                    self._undelivered.append(event)
                    self._undelivered_until = now + self._timeouts.late_after
                else:
                    self._start_reported = self._start_reported or isinstance(event, Started)
                    self._ready.append(event)

    def not_found(self, error: JobNotFoundError) -> None:
        """Take in that the server no longer knows the job."""
        with self._lock:
            self._schedule.urgent = False
            self._confirm(ended=True)
            self._end = self._end or _End(self._history.not_found(error), 0.0, 0, confirmed=True)

    def poll_failed(self, now: float) -> None:
        """Take in that a poll failed; the next one is due after the poll interval."""
        with self._lock:
            self._schedule.failed(now)
            self._confirm(ended=False)

    def take(self, now: float) -> list[Event]:
        """Return the events that are ready, in order; the job's end comes last."""
        with self._lock:
            if self.finished:
                return []
            if self._undelivered and now >= self._undelivered_until:
                self._schedule.deliveries_stay_away = True
                self._ready.extend(self._undelivered)
                self._undelivered.clear()
            events = list(self._ready)
            self._ready.clear()
            end = self._end
            if end is None or not end.confirmed or self._undelivered:
                return events
            if now >= end.wait_until or not self._end_is_early(end):
                self.finished = True
                events.append(end.event)
            return events

    def poll_due_in(self, now: float) -> float:
        """Return in how many seconds the job is to be polled; 0 or less: now."""
        with self._lock:
            return self._schedule.next_poll(self._end) - now

    def wait_seconds(self, now: float) -> float:
        """Return how long to wait for a delivery before `take` or a poll has something to do."""
        with self._lock:
            moments = [self._schedule.next_poll(self._end)]
            if self._undelivered:
                moments.append(self._undelivered_until)
            if self._end is not None and self._end.confirmed and self._end_is_early(self._end):
                moments.append(self._end.wait_until)
            return max(0.0, min(moments) - now)

    def _deliver(self, event: Event) -> None:
        if isinstance(event, Started) and self._start_reported:
            return
        self._start_reported = self._start_reported or isinstance(event, Started)
        if isinstance(event, Triggered) and self._undelivered:
            self._undelivered.pop()
        self._history.note(event)
        if len(self._ready) == _MAX_READY:
            job = preview(event.job_id or "")
            JobContext.of(event.stream_url, job_id=event.job_id).log.warning(
                "More than %d events of job %s are waiting; dropping the oldest.", _MAX_READY, job
            )
        self._ready.append(event)

    def _deliver_end(self, event: Stopped | Failed, now: float) -> None:
        """Note the end; poll the job, unless a poll has found its end and nothing before it is missing."""
        if self._end is not None and self._end.event.delivery != "poll":
            return
        summaries = self._end.summaries if self._end is not None else 0
        self._end = _End(event, now + self._timeouts.late_after, summaries, confirmed=self._end is not None)
        stats = event.stats
        counted = None if stats is None else stats.triggers_fired
        if counted is None and stats is not None and stats.summaries_generated is not None:
            counted = 0  # a digest
        reported = self._history.triggers - len(self._undelivered)
        missing = not self._start_reported or counted is None or counted > reported
        self._schedule.urgent = missing or not self._end.confirmed

    def _confirm(self, *, ended: bool) -> None:
        """Take a delivered end for the job's, or drop it and poll on."""
        if self._end is not None and not self._end.confirmed:
            self._end = replace(self._end, confirmed=True) if ended else None
            self._schedule.deliveries_stay_away = self._schedule.deliveries_stay_away or not ended
            self._schedule.urgent = self._schedule.urgent and ended

    def _end_is_early(self, end: _End) -> bool:
        """Whether something should come before the end: a poll, or summaries, which no poll can report."""
        return self._schedule.urgent or self._history.summaries < end.summaries


@dataclass(frozen=True)
class _End:
    """The end of the job, and how long to wait for what should come before it."""

    event: Stopped | Failed
    wait_until: float
    summaries: int
    confirmed: bool


class _PollSchedule:
    """When to poll: at once where something is missing, often while deliveries stay away, else rarely."""

    def __init__(self, timeouts: DeliveryTimeouts, now: float, *, urgent: bool) -> None:
        self._timeouts = timeouts
        self._opened = now
        self._last_delivery: float | None = None
        self._last_poll: float | None = None
        self.urgent = urgent
        self.deliveries_stay_away = True

    def delivered(self, now: float) -> None:
        self._last_delivery, self.deliveries_stay_away = now, False

    def polled(self, now: float) -> None:
        self._last_poll, self.urgent = now, False

    def failed(self, now: float) -> None:
        self._last_poll = now

    def next_poll(self, end: _End | None) -> float:
        """Return when to poll, on the caller's clock; infinity: not any more."""
        timeouts = self._timeouts
        if end is not None and not self.urgent:
            return math.inf
        if self._last_poll is None:
            return self._opened + (0.0 if self.urgent else timeouts.late_after)
        if self.urgent or self.deliveries_stay_away:
            end_is_newer = end is not None and self._last_poll < end.wait_until - timeouts.late_after
            return self._last_poll + (0.0 if self.urgent and end_is_newer else timeouts.poll_interval)
        return max(self._last_poll, self._last_delivery or 0.0) + timeouts.quiet_after


def _summaries_of(end: Stopped | Failed) -> int:
    """Return how many windows a digest summarized, by its counters."""
    return (end.stats.summaries_generated or 0) if end.stats is not None else 0
