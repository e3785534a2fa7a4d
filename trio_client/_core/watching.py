"""Cover without end: when the next job begins, how long it may run, and when to stop."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .._stats import JobStats
from ..errors import (
    APIConnectionError,
    CreateOutcomeUnknownError,
    RateLimitError,
    RequestValidationError,
    ServerError,
    StreamInterruptedError,
    StreamUnavailableError,
    TrioError,
)
from ..events import Failed, Stopped
from ..pricing import Kind, price_per_minute_usd
from .validation import positive

__all__ = ["Doubt", "WatchGuard", "WatchPlan", "job_seconds", "watch_guard"]

SHORTEST_JOB = 5.0  # seconds: the least that monitor_duration_seconds accepts
SERVER_DEFAULT_SECONDS = 600
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_STEADY_AFTER = 60.0  # a job that ran so long ends a series of failures
_USED_UP = frozenset({"max_duration_reached", "max_triggers_reached", "condition_triggered"})
_FIRST_STARTS = 5  # so often a stream that never worked is tried


@dataclass(frozen=True, slots=True)
class WatchGuard:
    """The limits of a watch.

    Attributes:
        duration: seconds in all; `None`: without end.
        max_cost_usd: US dollars in all; `None`: without limit.
        price_per_minute_usd: what a begun minute of a job costs, in US dollars.
    """

    duration: float | None
    max_cost_usd: float | None
    price_per_minute_usd: float


class Doubt:
    """A create of which it is not known whether its job runs, or which job it is.

    Args:
        error: what says so.
        now: the time by the watch's clock.
    """

    __slots__ = ("error", "until")

    def __init__(self, error: CreateOutcomeUnknownError, now: float) -> None:
        self.error = error
        self.until = now + _longest_run(error.request)
        """When its job cannot run any more."""


def _longest_run(body: Mapping[str, Any]) -> float:
    """Return for how many seconds a job runs at the most, as far as its settings tell."""
    windows = body.get("max_windows")
    digest = 60.0 * (body.get("window_minutes") or 10) * windows if windows else 0.0
    return max(float(SERVER_DEFAULT_SECONDS), digest, float(body.get("monitor_duration_seconds") or 0))


def watch_guard(
    kind: Kind,
    duration: float | None,
    max_cost_usd: float | None,
    price_per_minute: float | None,
    *,
    input_mode: str | None = None,
) -> WatchGuard:
    """Return the limits of a watch, checked."""
    if duration is not None:
        positive("duration", duration, "seconds")
    if max_cost_usd is None:
        return WatchGuard(duration, None, 0.0)
    positive("max_cost_usd", max_cost_usd, "US dollars")
    price = price_per_minute_usd(kind, input_mode=input_mode, override=price_per_minute)
    if max_cost_usd < price:
        raise RequestValidationError(
            f"max_cost_usd is {max_cost_usd!r}; it must be at least {price:g}, the price of the first minute.",
            field="max_cost_usd",
            value=max_cost_usd,
        )
    return WatchGuard(duration, max_cost_usd, price)


def job_seconds(wanted: int | None, limit: float | None) -> int | None:
    """Return the duration to ask of the server for one job: the caller's, within what the watch has left."""
    if limit is None:
        return wanted
    longest = SERVER_DEFAULT_SECONDS if wanted is None else wanted
    return max(int(SHORTEST_JOB), min(longest, int(limit)))


class WatchPlan:
    """Decide over the jobs of one watch. Pure but for the injected clock and random source."""

    def __init__(
        self, guard: WatchGuard, *, clock: Callable[[], float], rand: Callable[[], float] = random.random
    ) -> None:
        self._guard = guard
        self._clock = clock
        self._rand = rand
        self._began: float | None = None
        self._job_began: float | None = None
        self._job_allowance = math.inf
        self._spent_minutes = 0
        self._failures = 0
        self._ever_ran = False

    @property
    def minutes_billed(self) -> int:
        """Begun minutes of all jobs so far, the running one included."""
        return self._spent_minutes + self._minutes_of_job()

    def job_limit(self) -> float | None:
        """Return how long the next job may run, in seconds, at most; `None`: no limit of the watch's."""
        limits = [self._affordable()] if self._guard.max_cost_usd is not None else []
        if self._guard.duration is not None:
            limits.append(self._guard.duration - self._elapsed())
        return min(limits) if limits else None

    def over(self) -> Stopped | None:
        """Return the end of the watch, if its limits leave no time for another job."""
        left = None if self._guard.duration is None else self._guard.duration - self._elapsed()
        if left is not None and self._ever_ran and left < SHORTEST_JOB:
            return Stopped(name="stopped", reason="duration_reached", status="stopped")
        if self._affordable() < SHORTEST_JOB:
            return Stopped(name="stopped", reason="max_cost_reached", status="stopped")
        return None

    def expired(self) -> Stopped | None:
        """Return the end of the watch, if the running job has used up its limits."""
        if self._guard.duration is not None and self._elapsed() >= self._guard.duration:
            return Stopped(name="stopped", reason="duration_reached", status="stopped")
        if self._job_time() > self._job_allowance - SHORTEST_JOB / 2:
            return Stopped(name="stopped", reason="max_cost_reached", status="stopped")
        return None

    def job_started(self, ran: float = 0.0) -> None:
        """Note that a job runs; one that had to be looked for ran for some seconds before it was found."""
        now = self._clock()
        self._job_allowance = self._affordable()
        if self._began is None:
            self._began = now
        self._job_began = now - ran
        self._ever_ran = True

    def pause_after_end(self, event: Stopped | Failed) -> float | None:
        """Return how long to wait before the next job, in seconds; `None`: the watch ends with this event."""
        ran = self._job_ended(event.stats)
        if isinstance(event, Stopped):
            if event.reason == "cancelled":
                return None
            if event.reason in _USED_UP or event.status == "completed" or ran >= _STEADY_AFTER:
                self._failures = 0
                return 0.0
        if ran >= _STEADY_AFTER:
            self._failures = 0
        return self._next_pause()

    def pause_after_error(self, error: TrioError) -> float | None:
        """Return how long to wait before another attempt, in seconds; `None`: the error is to be raised."""
        ran = self._job_ended()
        if not self._passes(error):
            return None
        if ran >= _STEADY_AFTER:
            self._failures = 0
        return self._next_pause()

    def pause_unreachable(self, error: TrioError) -> float | None:
        """Return how long to wait before looking at the running job again, in seconds; `None`: it has to be given up.

        A job that only cannot be looked at goes on watching; a second one beside it would be billed as well.
        """
        cause = error.__cause__
        if isinstance(error, StreamInterruptedError) and isinstance(cause, TrioError) and self._passes(cause):
            return self._next_pause()
        return None

    def _passes(self, error: TrioError) -> bool:
        """Whether trying again may help."""
        if isinstance(error, StreamUnavailableError):
            return self._ever_ran or (error.transient and self._failures < _FIRST_STARTS)
        if isinstance(error, APIConnectionError):
            return not error.permanent
        return isinstance(error, (CreateOutcomeUnknownError, RateLimitError, ServerError, StreamInterruptedError))

    def _next_pause(self) -> float:
        bound = min(_FIRST_PAUSE * 2.0 ** min(self._failures, 30), _LONGEST_PAUSE)
        self._failures += 1
        return bound * (0.5 + self._rand() / 2)

    def _affordable(self) -> float:
        """Return for how many more seconds of jobs the budget lasts."""
        if self._guard.max_cost_usd is None:
            return math.inf
        minutes = math.floor(self._guard.max_cost_usd / self._guard.price_per_minute_usd + 1e-9)
        return (minutes - self.minutes_billed) * 60.0

    def _elapsed(self) -> float:
        return 0.0 if self._began is None else self._clock() - self._began

    def _job_time(self) -> float:
        return 0.0 if self._job_began is None else self._clock() - self._job_began

    def _job_ended(self, stats: JobStats | None = None) -> float:
        """Book the job that ended; return how long it ran, by this clock."""
        ran = self._job_time()
        told = stats.elapsed_seconds if stats is not None else None
        counted = float(told) if isinstance(told, (int, float)) and math.isfinite(told) else 0.0
        self._spent_minutes += self._minutes_of_job(counted)
        self._job_began = None
        return ran

    def _minutes_of_job(self, counted: float = 0.0) -> int:
        """Return the begun minutes of the running job: by this clock, or by the server's count if that is more."""
        return 0 if self._job_began is None else max(1, math.ceil(max(self._job_time(), counted) / 60.0))
