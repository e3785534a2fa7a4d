"""Which watches may run a job, where there are more of them than job slots. No I/O."""

from __future__ import annotations

import math
import random
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["EXTRA_SECONDS", "MAX_STARTING", "RETRY_STOP_AFTER", "TimeSlices", "attempt_interval"]

MAX_STARTING = 32
RETRY_STOP_AFTER = 5.0
EXTRA_SECONDS = 60.0  # beyond its time slice, after which a job ends by itself
_ROUNDING = 1e-6
_CONTENDED_SLICES = 2  # after a refusal, in which slices end also where no watch of this process waits


def attempt_interval(seconds: float) -> float:
    """Return the mean of the intervals between attempts to start a job, for time slices of that length.

    Shorter ones cost refused creates, longer ones leave slots idle.
    """
    return min(max(seconds / 30, 0.2), 10.0)


class TimeSlices:
    """Share out job slots: first come, first served, and each for a time slice if others wait.

    How many slots the account has for this process is not known. Until the first refusal as many jobs start at once as
    run already. From then on one attempt is made at a time, at random intervals of one mean: the same after a success,
    after a refusal, and after a slot was released. So processes that know nothing of each other share an account
    evenly: one that has ended a time slice has no first claim to the slot.

    Args:
        seconds: how long a time slice is, if others wait.
        clock: the time, in seconds.
        slots: how many watches may have a job at most; `None`: as many as the account lets run.
        rand: a random number from 0 to 1.

    Attributes:
        watches: how many watches there are.
    """

    def __init__(
        self,
        seconds: float,
        *,
        clock: Callable[[], float],
        slots: int | None = None,
        rand: Callable[[], float] = random.random,
    ) -> None:
        self.watches = 0
        self._seconds = seconds
        self._clock = clock
        self._rand = rand
        self._most = math.inf if slots is None else slots
        self._leases: dict[int, float] = {}  # since when
        self._starting: set[int] = set()
        self._ending: set[int] = set()
        self._queue: OrderedDict[int, None] = OrderedDict()
        self._refused_at: float | None = None
        self._attempt_at = 0.0
        self._next_end_at = 0.0

    @property
    def running(self) -> int:
        """How many have a job."""
        return len(self._leases) - len(self._starting)

    @property
    def limited(self) -> bool:
        """Whether the account has refused a job, so that there are fewer slots than were asked for."""
        return self._refused_at is not None

    @property
    def keeps_jobs(self) -> bool:
        """Whether a job is kept to the end of its time slice, since its slot could be lost by starting another."""
        return self.limited

    @property
    def job_seconds(self) -> float:
        """How long a job may run at most, so that a process that is killed does not hold a slot for long."""
        shares = self.limited or self.watches > self._most
        return self._seconds + EXTRA_SECONDS if shares else math.inf

    def acquire(self, watch: int) -> bool:
        """Return whether a watch may start a job at once; otherwise it is queued."""
        if watch in self._leases:
            if not (self._queue and self._is_over(watch)):
                return True
            self.release(watch)
        self._skip_missed_attempt()
        self._queue.setdefault(watch)
        return False

    def grant(self) -> list[int]:
        """Return the watches that may start a job now."""
        granted: list[int] = []
        while self._may_attempt() and (not self.limited or self._is_due(self._attempt_at)):
            granted.append(self._grant_next())
        return granted

    def started(self, watch: int) -> None:
        """Note that a job runs: there is a slot for it."""
        if watch in self._starting:
            self._starting.discard(watch)
            self._plan_attempt()

    def refused(self, watch: int) -> None:
        """Note that there is no slot for a watch: it goes to the head of the queue."""
        self.release(watch)
        self._refused_at = self._clock()
        self._plan_attempt()
        self._queue[watch] = None
        self._queue.move_to_end(watch, last=False)

    def release(self, watch: int) -> None:
        """Take a watch's lease back, or let it wait no longer."""
        self._skip_missed_attempt()
        self._leases.pop(watch, None)
        self._queue.pop(watch, None)
        self._starting.discard(watch)
        self._ending.discard(watch)

    def overdue(self) -> list[int]:
        """Return the watches whose job is to be stopped now, because others wait; each is named once.

        One at a time: the next when another watch was granted a slot meanwhile, or after the mean of the intervals, in
        which another process may have taken the slot. Otherwise slots would be idle.
        """
        if not self._others_wait() or not self._is_due(self._next_end_at):
            return []
        over = [watch for watch in self._steady() if self._is_over(watch)]
        chosen = sorted(over, key=self._leases.__getitem__)[:1]
        if chosen:
            self._ending.update(chosen)
            self._next_end_at = self._clock() + attempt_interval(self._seconds)
        return chosen

    def not_stopped(self, watch: int) -> None:
        """Note that a job could not be stopped; that is retried after a while."""
        if watch in self._leases:
            self._ending.discard(watch)
            self._leases[watch] = self._clock() - self._seconds + min(RETRY_STOP_AFTER, self._seconds)

    def wake_in(self) -> float | None:
        """Return in how many seconds there will be something to do; `None`: not before the next call."""
        moments = self._moments()
        return max(0.0, min(moments) - self._clock()) if moments else None

    def _moments(self) -> list[float]:
        """Return when there may be something to do."""
        attempts = [self._attempt_at] if self.limited and self._may_attempt() else []
        return attempts + self._ends()

    def _ends(self) -> list[float]:
        """Return when time slices are to end, while others wait."""
        if not self._others_wait():
            return []
        return [max(self._leases[watch] + self._seconds, self._next_end_at) for watch in self._steady()]

    def _grant_next(self) -> int:
        """Let the first in the queue start its job."""
        watch, _ = self._queue.popitem(last=False)
        self._leases[watch] = self._next_end_at = self._clock()
        self._starting.add(watch)
        return watch

    def _may_attempt(self) -> bool:
        """Whether there is one to start, and capacity for it."""
        capacity = 1 if self.limited else min(max(1, self.running), MAX_STARTING)
        return bool(self._queue) and len(self._starting) < capacity and len(self._leases) < self._most

    def _plan_attempt(self) -> None:
        self._attempt_at = self._clock() + 2 * attempt_interval(self._seconds) * self._rand()

    def _skip_missed_attempt(self) -> None:
        """Draw anew when an attempt was due that could not be made: what changes now gives no first claim."""
        if not self._may_attempt() and self._is_due(self._attempt_at):
            self._plan_attempt()

    def _others_wait(self) -> bool:
        """Whether watches wait for a slot that there is none for: of this process, or probably of another."""
        if not self.limited and len(self._leases) < self._most:
            return False
        return len(self._queue) > len(self._ending) or self._is_contended()

    def _is_contended(self) -> bool:
        """Whether the account has refused a job lately: then others may wait though no watch of this process does.

        Otherwise a process that happens to have a slot for each of its watches would never give one up again.
        """
        return self._is_recent(self._refused_at)

    def _is_recent(self, moment: float | None) -> bool:
        return moment is not None and self._clock() < moment + _CONTENDED_SLICES * self._seconds

    def _steady(self) -> list[int]:
        """Return the watches whose job neither starts nor ends at the moment."""
        return [watch for watch in self._leases if watch not in self._ending and watch not in self._starting]

    def _is_over(self, watch: int) -> bool:
        return self._is_due(self._leases[watch] + self._seconds)

    def _is_due(self, moment: float) -> bool:
        return self._clock() >= moment - _ROUNDING
