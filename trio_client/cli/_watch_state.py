"""What a watch has reported so far. No I/O: the live view and the final line are made from it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

from ..events import CoverageGap, Event, Failed, Progress, StatusChanged, Stopped, Summary, Triggered
from ..models import JobStats
from ._text import finite

__all__ = ["WatchState"]


class Stopwatch:
    """Count seconds on from the readings that a server reports."""

    def __init__(self, clock: Callable[[], float], elapsed: float) -> None:
        self._clock = clock
        self._elapsed = elapsed
        self._since: float | None = None

    @property
    def elapsed(self) -> float:
        """Seconds so far."""
        return self._elapsed_at(self._clock())

    def start(self, elapsed: float, now: float) -> None:
        """Count on from a reading."""
        self._elapsed, self._since = elapsed, now

    def stop(self, now: float) -> None:
        """Keep the time that is reached now."""
        self._elapsed, self._since = self._elapsed_at(now), None

    def _elapsed_at(self, now: float) -> float:
        return self._elapsed + (0.0 if self._since is None else now - self._since)


@dataclass(slots=True)
class _Before:
    """What the jobs before the current one have counted."""

    checks: int = 0
    minutes: int = 0
    elapsed: float = 0.0


class WatchState:
    """Count what the events of one watch report.

    Args:
        clock: returns seconds, monotonic.
        limit: how many seconds one job may run; `None` if not known.
        price: US dollars for each started minute; `None` if there is no published price.
        elapsed: how many seconds the first job had run before it was followed.

    Attributes:
        status: the current job's status.
        obstacle: returns what the watch does in place of following events, if it does.
        job_id: the current job.
        checks: checks made, or frames captured, in all jobs.
        triggers: triggers, or a digest's summaries, in all jobs.
        last: the time and text of the latest explanation or summary.
        jobs: the number of jobs so far.
    """

    def __init__(
        self, *, clock: Callable[[], float], limit: float | None, price: float | None, elapsed: float = 0.0
    ) -> None:
        self._clock = clock
        self._stopwatch = Stopwatch(clock, elapsed)
        self._price = price
        self.limit = limit
        self.status = "starting"
        self.obstacle: Callable[[], str | None] = lambda: None
        self.job_id: str | None = None
        self.checks = 0
        self.triggers = 0
        self.last: tuple[datetime, str] | None = None
        self.jobs = 0
        self._before = _Before()

    @property
    def elapsed(self) -> float:
        """How many seconds the current job has run."""
        return self._stopwatch.elapsed

    @property
    def total_elapsed(self) -> float:
        """How many seconds all jobs have run."""
        return self._before.elapsed + self.elapsed

    @property
    def cost_usd(self) -> float | None:
        """US dollars so far, by the published prices; `None` if no price is known."""
        if self._price is None:
            return None
        return round((self._before.minutes + self._minutes()) * self._price, 6)

    def add(self, event: Event) -> None:
        """Take an event into account."""
        job_id, now = event.job_id or self.job_id, self._clock()
        if isinstance(event, CoverageGap):
            return
        if self.jobs == 0 or job_id != self.job_id:
            self._begin(job_id, now)
        if isinstance(event, (Progress, StatusChanged, Stopped, Failed)):
            self._count(event.stats, now)
        if isinstance(event, Triggered):
            self.triggers += 1
            self.checks = max(self.checks, self.triggers)  # what is triggered was checked
            self.last = (event.occurred_at or datetime.now(timezone.utc), event.explanation or "")
        elif isinstance(event, Summary):
            self.triggers += 1
            self.last = (event.occurred_at or datetime.now(timezone.utc), event.summary or "")
            self._before.checks = self.checks = max(self.checks, self._before.checks + (finite(event.frame_count) or 0))
        elif isinstance(event, Progress) and finite(event.frames_captured) is not None:
            self.checks = max(self.checks, self._before.checks + (event.frames_captured or 0))
        self._update_status(event, now)

    def _begin(self, job_id: str | None, now: float) -> None:
        if self.jobs:
            self._before.minutes += self._minutes()
            self._before.elapsed += self.elapsed
        self._before.checks = self.checks
        self.jobs += 1
        self.job_id = job_id
        self.status = "running"
        self._stopwatch.start(self.elapsed if self.jobs == 1 else 0.0, now)

    def _count(self, stats: JobStats | None, now: float) -> None:
        if stats is None:
            return
        if isinstance(stats.checks_performed, int):
            self.checks = max(self.checks, self._before.checks + stats.checks_performed)
        elapsed = finite(stats.elapsed_seconds)
        if elapsed is not None:
            self._stopwatch.start(float(elapsed), now)

    def _update_status(self, event: Event, now: float) -> None:
        if isinstance(event, Stopped):
            self.status = event.status or "stopped"
        elif isinstance(event, Failed):
            self.status = "failed"
        elif isinstance(event, StatusChanged) and event.status:
            self.status = event.status
        else:
            self.status = "running"
            return
        if self.status in ("stopped", "completed", "failed"):
            self._stopwatch.stop(now)

    def _minutes(self) -> int:
        return max(1, math.ceil(self.elapsed / 60.0)) if self.jobs else 0
