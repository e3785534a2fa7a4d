"""What one follower of a job was told by webhooks, and when a look at the job has to fill in. No I/O."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from .._redaction import preview
from ..errors import JobNotFoundError, RequestValidationError
from ..events import Event, Failed, Started, Stopped, Summary, Triggered
from ..models import JobDetail
from .log import logger
from .polling import JobStory

__all__ = ["Mailbox", "Patterns"]

_MOST_WAITING = 10_000


@dataclass(frozen=True)
class Patterns:
    """How long deliveries are waited for, in seconds."""

    late_after: float
    """After so long, a delivery that should have come is not waited for."""
    quiet_after: float
    """After so long without a delivery, the job is looked at."""
    poll_interval: float
    """Between two looks, while deliveries stay away."""

    def __post_init__(self) -> None:
        for name in ("late_after", "quiet_after", "poll_interval"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise RequestValidationError(f"{name} is {value!r}; it must be a number of seconds, more than 0.")


class Mailbox:
    """The deliveries of one job for one follower, put together with what looks at the job tell.

    A trigger that the job has counted and no delivery has told is told by polling, without an explanation. If its
    delivery comes after all, it is told too: rather twice than never.

    Args:
        patterns: how long deliveries are waited for.
        now: the time, in seconds on any clock.
        look_at_once: whether nothing is known of the job yet.
        ring: called when something was delivered.
    """

    def __init__(self, patterns: Patterns, now: float, *, look_at_once: bool, ring: Callable[[], None]) -> None:
        self._patterns = patterns
        self._ring = ring
        self._story = JobStory()
        self._started = False
        self._ready: deque[Event] = deque(maxlen=_MOST_WAITING)
        self._owed: list[Triggered] = []
        self._owed_until = 0.0
        self._told_ahead = 0
        self._end: Stopped | Failed | None = None
        self._end_until = 0.0
        self._summaries = 0
        self._summaries_awaited = 0
        self._urgent = look_at_once
        self._away = True
        self._opened = now
        self._heard: float | None = None
        self._looked: float | None = None
        self.finished = False

    def deliver(self, event: Event, now: float) -> None:
        """Take in a delivery."""
        if self.finished:
            return
        self._heard, self._away = now, False
        self._ring()
        if isinstance(event, (Stopped, Failed)) and event.terminal:
            self._ends(event, now)
            return
        if isinstance(event, Started) and self._started:
            return
        self._started = self._started or isinstance(event, Started)
        self._summaries += isinstance(event, Summary)
        if isinstance(event, Triggered) and self._owed:
            self._owed.pop()
        elif isinstance(event, Triggered) and self._told_ahead:
            self._told_ahead -= 1
        else:
            self._story.told(event)
        if len(self._ready) == _MOST_WAITING:
            job = preview(event.job_id or "")
            logger.warning("More than %d events of job %s wait; the oldest is dropped.", _MOST_WAITING, job)
        self._ready.append(event)

    def look(self, job: JobDetail, now: float) -> None:
        """Take in a look at the job."""
        self._looked, self._urgent = now, False
        for event in self._story.look(job):
            if isinstance(event, (Stopped, Failed)):
                if self._end is None:
                    self._end, self._end_until = event, now + self._patterns.late_after
                    self._summaries_awaited = _summaries_of(event)
            elif isinstance(event, Triggered):
                self._owed.append(event)
                self._owed_until = now + self._patterns.late_after
            else:
                self._started = self._started or isinstance(event, Started)
                self._ready.append(event)

    def gone(self, job_id: str, error: JobNotFoundError) -> None:
        """Take in that the server does not know the job any more."""
        self._urgent = False
        self._end = self._end or self._story.gone(job_id, error)

    def look_failed(self, now: float) -> None:
        """Take in that a look failed; it is tried again after the poll interval."""
        self._looked = now

    def take(self, now: float) -> list[Event]:
        """Return what is to be told now, in order; the job's end comes last."""
        if self.finished:
            return []
        if self._owed and now >= self._owed_until:
            self._told_ahead += len(self._owed)
            self._away = True
            self._ready.extend(self._owed)
            self._owed.clear()
        events = list(self._ready)
        self._ready.clear()
        if self._end is not None and not self._owed and not (self._waits_for_more() and now < self._end_until):
            self.finished = True
            events.append(self._end)
        return events

    def _waits_for_more(self) -> bool:
        """Whether something is missing that should come before the end: a look, or summaries, which none can tell."""
        return self._urgent or self._summaries < self._summaries_awaited

    def look_in(self, now: float) -> float:
        """Return in how many seconds the job is to be looked at; 0 or less: now."""
        return self._next_look() - now

    def wake_in(self, now: float) -> float:
        """Return in how many seconds something is to be done, if nothing is delivered before."""
        moments = [self._next_look()]
        if self._owed:
            moments.append(self._owed_until)
        if self._end is not None and self._waits_for_more():
            moments.append(self._end_until)
        return max(0.0, min(moments) - now)

    def _next_look(self) -> float:
        if self._end is not None and not self._urgent:
            return math.inf
        if self._looked is None:
            return self._opened + (0.0 if self._urgent else self._patterns.late_after)
        if self._urgent or self._away:
            urgent = (
                self._urgent and self._end is not None and self._looked < self._end_until - self._patterns.late_after
            )
            return self._looked + (0.0 if urgent else self._patterns.poll_interval)
        return max(self._looked, self._heard or 0.0) + self._patterns.quiet_after

    def _ends(self, event: Stopped | Failed, now: float) -> None:
        """Note the end; if it is not sure that all before it was delivered, look at the job first."""
        if self._end is not None and self._end.delivery != "poll":
            return
        self._end, self._end_until = event, now + self._patterns.late_after
        stats = event.stats
        counted = None if stats is None else stats.triggers_fired
        if counted is None and stats is not None and stats.summaries_generated is not None:
            counted = 0  # a digest
        told = self._story.triggers - len(self._owed)
        self._urgent = not self._started or not isinstance(counted, int) or counted > told


def _summaries_of(end: Stopped | Failed) -> int:
    """Return how many windows a digest summarised, by its counters."""
    counted = end.stats.summaries_generated if end.stats is not None else None
    return counted if isinstance(counted, int) else 0
