"""The limits of a watch in time and money, and what its jobs have used of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .._stats import JobStats
from ..errors import RequestValidationError
from ..events import Stopped
from ..pricing import Kind, price_per_minute_usd
from .endpoints import DEFAULT_DURATION_SECONDS
from .validation import positive
from .watch_commands import UnresolvedCreate

__all__ = ["SHORTEST_JOB", "Budget", "WatchLimits", "job_seconds", "watch_limits"]

SHORTEST_JOB = 5.0  # seconds: the least that monitor_duration_seconds accepts
_ENTRY_SECONDS = 1.0  # that may pass from entering a watch to its first create


@dataclass(frozen=True, slots=True)
class WatchLimits:
    """The limits of a watch.

    Attributes:
        duration: total seconds; `None`: unlimited.
        max_cost_usd: total cost in US dollars; `None`: unlimited.
        price_per_minute_usd: the price of a begun minute of a job, in US dollars.
    """

    duration: float | None
    max_cost_usd: float | None
    price_per_minute_usd: float


def watch_limits(
    kind: Kind,
    duration: float | None,
    max_cost_usd: float | None,
    price_per_minute: float | None,
    *,
    input_mode: str | None = None,
) -> WatchLimits:
    """Return the limits of a watch, validated."""
    if duration is not None:
        positive("duration", duration, "seconds")
    if max_cost_usd is None:
        return WatchLimits(duration, None, 0.0)
    positive("max_cost_usd", max_cost_usd, "US dollars")
    price = price_per_minute_usd(kind, input_mode=input_mode, override=price_per_minute)
    if max_cost_usd < price:
        raise RequestValidationError(
            f"max_cost_usd is {max_cost_usd!r}; it must be at least {price:g}, the price of the first minute.",
            field="max_cost_usd",
            value=max_cost_usd,
        )
    return WatchLimits(duration, max_cost_usd, price)


def job_seconds(wanted: int | None, limit: float | None) -> int | None:
    """Return the duration to request for one job: the caller's, within what the watch has left."""
    if limit is None:
        return wanted
    longest = DEFAULT_DURATION_SECONDS if wanted is None else wanted
    return max(int(SHORTEST_JOB), min(longest, int(limit)))


class Budget:
    """Count the time and the billed minutes of one watch against its limits.

    Args:
        limits: the limits.
        clock: the time, in seconds.
        unresolved: the creates whose jobs may run beside.
    """

    def __init__(
        self, limits: WatchLimits, *, clock: Callable[[], float], unresolved: Sequence[UnresolvedCreate] = ()
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._unresolved = unresolved
        self._began: float | None = None
        self.has_run = False
        """Whether any job of the watch has run."""
        self._job_began: float | None = None
        self._job_allowance = math.inf
        self._spent_minutes = 0

    @property
    def has_begun(self) -> bool:
        """Whether the duration counts."""
        return self._began is not None

    def begin(self) -> None:
        """Let the duration count from now on."""
        self._began = self._clock()

    @property
    def seconds_passed(self) -> float:
        """Seconds since the watch began."""
        return 0.0 if self._began is None else self._clock() - self._began

    @property
    def seconds_left(self) -> float:
        """How much of the duration is left."""
        return max(0.0, self._duration_over() - self._clock())

    @property
    def minutes_billed(self) -> int:
        """Begun minutes of all jobs so far, including the running one and those of unresolved creates."""
        now = self._clock()
        return self._spent_minutes + self._minutes_of_job() + sum(each.minutes(now) for each in self._unresolved)

    def job_limit(self) -> float | None:
        """Return how many seconds the next job may run; `None`: the watch sets no limit."""
        limits = [self._affordable()] if self._limits.max_cost_usd is not None else []
        if self._limits.duration is not None:
            limits.append(min(self.seconds_left, self._limits.duration))
        return min(limits) if limits else None

    def over(self) -> Stopped | None:
        """Return the end of the watch, if its limits leave no time for another job."""
        shortest = SHORTEST_JOB if self.has_run else SHORTEST_JOB - _ENTRY_SECONDS
        if self._limits.duration is not None and self.seconds_left < min(shortest, self._limits.duration):
            return _end("duration_reached")
        if self._affordable() < SHORTEST_JOB:
            return _end("max_cost_reached")
        return None

    def pays_another_job(self) -> bool:
        """Return whether the limits leave time for another job after the running one."""
        return self.seconds_left >= SHORTEST_JOB and self._affordable() >= SHORTEST_JOB

    def expires_at(self) -> float | None:
        """Return when the running job has used up the limits, by the clock; `None`: never."""
        moments = [moment for moment in (self._duration_over(), self._money_over()) if math.isfinite(moment)]
        return min(moments) if moments else None

    def expired(self) -> Stopped | None:
        """Return the end of the watch, if the running job has used up its limits."""
        now = self._clock()
        if now >= self._duration_over():
            return _end("duration_reached")
        if now > self._money_over():
            return _end("max_cost_reached")
        return None

    def job_started(self, ran: float = 0.0) -> None:
        """Note that a job runs; one that was looked up has run for `ran` seconds already."""
        now = self._clock()
        self._job_allowance = self._affordable()
        self._job_began = now - ran
        self.has_run = True

    def job_released(self) -> float:
        """Note that the job counts as one of an unresolved create from now on; return how many seconds it ran."""
        ran = self._job_time()
        self._job_began = None
        return ran

    def lost_job_ended(self, create: UnresolvedCreate) -> None:
        """Book the job that an unresolved create may have made: it cannot run any more."""
        self._spent_minutes += create.minutes(self._clock())

    def job_ended(self, stats: JobStats | None = None) -> float:
        """Book the job that ended; return how many seconds it ran, by this clock."""
        ran = self._job_time()
        reported = stats.elapsed_seconds if stats is not None else None
        counted = float(reported) if isinstance(reported, (int, float)) and math.isfinite(reported) else 0.0
        self._spent_minutes += self._minutes_of_job(counted)
        self._job_began = None
        return ran

    def _duration_over(self) -> float:
        return math.inf if self._limits.duration is None or self._began is None else self._began + self._limits.duration

    def _money_over(self) -> float:
        return math.inf if self._job_began is None else self._job_began + self._job_allowance - SHORTEST_JOB / 2

    def _affordable(self) -> float:
        """Return how many more seconds of a job the budget pays for, beside those of unresolved creates."""
        if self._limits.max_cost_usd is None:
            return math.inf
        minutes = math.floor(self._limits.max_cost_usd / self._limits.price_per_minute_usd + 1e-9)
        now = self._clock()
        beside = sum(now < each.until for each in self._unresolved)
        return (minutes - self.minutes_billed) // (1 + beside) * 60.0

    def _job_time(self) -> float:
        return 0.0 if self._job_began is None else self._clock() - self._job_began

    def _minutes_of_job(self, counted: float = 0.0) -> int:
        """Return the begun minutes of the running job: by this clock, or by the server's count if that is more."""
        return 0 if self._job_began is None else max(1, math.ceil(max(self._job_time(), counted) / 60.0))


def _end(reason: str) -> Stopped:
    return Stopped(name="stopped", delivery="poll", reason=reason, status="stopped")
