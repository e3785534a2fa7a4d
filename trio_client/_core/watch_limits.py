"""The limits of a watch in time and money, and what its jobs have used of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .._numbers import plain, positive_limit
from .._stats import JobStats
from ..events import Stopped
from ..pricing import Kind, price_per_minute_usd
from .endpoints import DEFAULT_DURATION_SECONDS
from .shared_limits import SHORTEST_JOB, SharedLimits, check_duration, first_minute
from .usage import JobMeter, Usage
from .watch_commands import UnresolvedCreate

__all__ = ["SHORTEST_JOB", "Allowance", "WatchLimits", "job_seconds", "watch_limits"]

_ENTRY_SECONDS = 1.0  # that may pass from entering a watch to its first create


@dataclass(frozen=True, slots=True)
class WatchLimits:
    """The limits of a watch.

    Attributes:
        duration: total seconds; `None`: unlimited.
        max_cost_usd: total cost in US dollars; `None`: unlimited.
        price_per_minute_usd: the price of a begun minute of a job, in US dollars; `None`: it is not known.
    """

    duration: float | None
    max_cost_usd: float | None
    price_per_minute_usd: float | None


def watch_limits(
    kind: Kind,
    duration: float | None,
    max_cost_usd: float | None,
    price_per_minute: float | None,
    *,
    input_mode: str | None = None,
) -> WatchLimits:
    """Return the limits of a watch, validated."""
    check_duration(duration)
    max_cost_usd = plain(max_cost_usd)
    if max_cost_usd is not None:
        positive_limit("max_cost_usd", max_cost_usd, "US dollars")
    elif input_mode == "hybrid" and price_per_minute is None:
        return WatchLimits(duration, None, None)
    price = price_per_minute_usd(kind, input_mode=input_mode, override=price_per_minute)
    if max_cost_usd is not None:
        first_minute(max_cost_usd, price)
    return WatchLimits(duration, max_cost_usd, price)


def job_seconds(wanted: int | None, limit: float | None) -> int | None:
    """Return the duration to request for one job: the caller's, within what the watch has left."""
    if limit is None:
        return wanted
    longest = DEFAULT_DURATION_SECONDS if wanted is None else wanted
    return max(int(SHORTEST_JOB), min(longest, int(limit)))


class Allowance:
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
        self._shared: SharedLimits | None = None
        self._began: float | None = None
        self.has_run = False
        """Whether any job of the watch has run."""
        self._meter = JobMeter(clock)
        self._job_allowance = math.inf
        self._lost_minutes = 0  # of jobs that unresolved creates may have made, and that cannot run any more
        self._reserved_minutes = 0  # of the shared money, for the job that runs or is about to start

    def join(self, shared: SharedLimits) -> None:
        """Spend, from now on, of what several watches have together."""
        shared.join(self, self._limits.price_per_minute_usd)
        self._shared = shared

    def leave(self) -> None:
        """Spend no more."""
        if self._shared is not None:
            self._shared.leave(self)
            self._shared = None

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

    def waits_to_the_end(self, pause: float) -> float:
        """Return the pause, or what is left of the duration if no job could start after it."""
        left = self.seconds_left
        return left if pause > left - SHORTEST_JOB else pause

    def within_job(self, pause: float) -> float:
        """Return the pause, but no longer than the running job may run."""
        until = self.expires_at()
        return pause if until is None else max(0.0, min(pause, until - self._clock()))

    @property
    def minutes_billed(self) -> int:
        """Begun minutes of all jobs so far, including the running one and those of unresolved creates."""
        now = self._clock()
        return self._meter.total_minutes + self._lost_minutes + sum(each.minutes(now) for each in self._unresolved)

    @property
    def usage(self) -> Usage:
        """What the jobs of the watch have used so far."""
        return Usage.of(self._meter.jobs, self.minutes_billed, self._limits.price_per_minute_usd)

    @property
    def committed_usd(self) -> float:
        """What the watch has spent, and what is set aside for the minute that runs or is about to start."""
        minutes = self.minutes_billed - self._meter.minutes + max(self._meter.minutes, self._reserved_minutes)
        return minutes * self._price

    def job_limit(self) -> float | None:
        """Return how many seconds the next job may run; `None`: the watch sets no limit."""
        limits = [self._affordable(), self._shared_affordable(), self.seconds_left]
        if self._limits.duration is not None:
            limits.append(self._limits.duration)
        shortest = min(limits)
        return shortest if math.isfinite(shortest) else None

    def over(self) -> Stopped | None:
        """Return the end of the watch, if its limits leave no time for another job."""
        if self._meter.began is None:
            self._reserved_minutes = 0
        if self.seconds_left < (SHORTEST_JOB - _ENTRY_SECONDS if self._has_just_begun() else SHORTEST_JOB):
            return _end("duration_reached")
        if self._affordable() < SHORTEST_JOB or not self._shared_pays():
            return _end("max_cost_reached")
        return None

    def reserve(self) -> None:
        """Set the first minute of the next job aside, so that no other watch spends it."""
        self._reserved_minutes = 1

    def pays_another_job(self) -> bool:
        """Return whether the limits leave time for another job after the running one."""
        return self.seconds_left >= SHORTEST_JOB and self._affordable() >= SHORTEST_JOB and self._shared_pays()

    def expires_at(self) -> float | None:
        """Return when the running job has used up the limits, by the clock; `None`: never."""
        moment = min(self._duration_over(), self._money_over(), self._reserve_over())
        return moment if math.isfinite(moment) else None

    def expired(self) -> Stopped | None:
        """Return the end of the watch, if the running job has used up its limits."""
        now = self._clock()
        if now >= self._duration_over():
            return _end("duration_reached")
        if now > self._money_over():
            return _end("max_cost_reached")
        while now >= self._reserve_over():
            has_begun = self._meter.minutes > self._reserved_minutes  # the minute counts already
            if not has_begun and not self._shared_pays():
                return _end("max_cost_reached")
            self._reserved_minutes += 1
        return None

    def job_started(self, ran: float = 0.0) -> None:
        """Note that a job runs; one that was looked up has run for `ran` seconds already."""
        self._job_allowance = self._affordable()
        self._meter.started(ran)
        self._reserved_minutes = self._meter.minutes
        self.has_run = True

    def job_left_unresolved(self) -> float:
        """Note that the job counts as one of an unresolved create from now on; return how many seconds it ran."""
        ran = self._meter.seconds
        self._meter.left_unresolved()
        return ran

    def note(self, stats: JobStats | None) -> None:
        """Note the server's count of the running job."""
        self._meter.note(stats)

    def lost_job_ended(self, create: UnresolvedCreate) -> None:
        """Book the job that an unresolved create may have made: it cannot run any more."""
        self._lost_minutes += create.minutes(self._clock())

    def job_ended(self, stats: JobStats | None = None) -> float:
        """Book the job that ended, if one runs; return how many seconds it ran, by this clock."""
        ran = self._meter.seconds
        self._meter.ended(stats)
        self._reserved_minutes = 0
        return ran

    @property
    def _price(self) -> float:
        return self._limits.price_per_minute_usd or 0.0

    def _has_just_begun(self) -> bool:
        """Whether the first job starts as soon as the watch, or its group, was entered."""
        began = self._began if self._shared is None else self._shared.began
        return not self.has_run and (began is None or self._clock() - began <= _ENTRY_SECONDS)

    def _duration_over(self) -> float:
        own = math.inf if self._limits.duration is None or self._began is None else self._began + self._limits.duration
        return own if self._shared is None else min(own, self._shared.ends_at)

    def _money_over(self) -> float:
        return math.inf if self._meter.began is None else self._meter.began + self._job_allowance - SHORTEST_JOB / 2

    def _reserve_over(self) -> float:
        """Return when the minutes that were set aside are used up, by the clock."""
        if self._meter.began is None or self._shared is None or not self._shared.limits_money:
            return math.inf
        return self._meter.began + self._reserved_minutes * 60.0 - SHORTEST_JOB / 2

    def _shared_affordable(self) -> float:
        """Return how many seconds of a job all that is left to the watches together pays for.

        A job that is not stopped, since the program was killed, runs no longer.
        """
        if self._shared is None or not self._shared.limits_money:
            return math.inf
        minutes = (self._shared.left_usd + self._reserved_minutes * self._price) / self._price
        return max(1, math.floor(minutes + 1e-9)) * 60.0

    def _shared_pays(self) -> bool:
        return self._shared is None or self._shared.pays(self._price)

    def _affordable(self) -> float:
        """Return how many more seconds of a job the money pays for, beside those of unresolved creates."""
        if self._limits.max_cost_usd is None:
            return math.inf
        minutes = math.floor(self._limits.max_cost_usd / self._price + 1e-9)
        now = self._clock()
        beside = sum(now < each.until for each in self._unresolved)
        return (minutes - self.minutes_billed) // (1 + beside) * 60.0


def _end(reason: str) -> Stopped:
    return Stopped(name="stopped", delivery="poll", reason=reason, status="stopped")
