"""Which watches may run a job, where a pool shares slots with other processes. No I/O."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from .time_slices import EXTRA_SECONDS, MAX_STARTING, RETRY_STOP_AFTER, TimeSlices

__all__ = ["PooledTimeSlices"]

_SOON = 1.0  # seconds in which a lease is expected if a slot is free


class PooledTimeSlices(TimeSlices):
    """Share out the leases of a pool's slots, which are acquired one at a time.

    The account may refuse a job all the same, since the jobs of a killed process run beyond its leases. Then the lease
    is given back, and the next is asked for after a random pause.

    Args:
        seconds: how long a time slice is, if others wait.
        clock: the time, in seconds.
        rand: a random number from 0 to 1.
    """

    def __init__(
        self, seconds: float, *, clock: Callable[[], float], rand: Callable[[], float] = random.random
    ) -> None:
        super().__init__(seconds, clock=clock, rand=rand)
        self._asked_at: float | None = None
        self._waited_at = -math.inf
        self._is_paced = False
        self._lost: dict[int, float] = {}  # when to stop its job

    @property
    def limited(self) -> bool:
        """Whether the account has refused a job, or the pool let a watch wait."""
        return super().limited or self._waited_at > -math.inf

    @property
    def keeps_jobs(self) -> bool:
        """Always `False`: a lease is kept over a restart."""
        return False

    @property
    def job_seconds(self) -> float:
        """How long a job may run at most."""
        return self._seconds + EXTRA_SECONDS

    @property
    def wants_lease(self) -> bool:
        """Whether to ask for a lease now: a watch waits, and none is asked for."""
        return self._asked_at is None and self._may_attempt() and (not self._is_paced or self._is_due(self._attempt_at))

    def asked(self) -> None:
        """Note that a lease was asked for."""
        self._asked_at = self._clock()

    def leased(self) -> int | None:
        """Return the watch that gets the lease which was asked for; `None`: none wants it any more."""
        if self._has_waited():
            self._waited_at = self._clock()
        self._asked_at = None
        return self._grant_next() if self._queue else None

    def contended(self) -> None:
        """Note that another process waits for a slot: time slices end, though no watch of this process waits."""
        self._waited_at = self._clock()

    def unreachable(self) -> None:
        """Note that the pool could not be reached."""
        self._asked_at, self._is_paced = None, True
        self._plan_attempt()

    def lost(self, watch: int) -> None:
        """Note that another process has got a watch's slot: its job is to be stopped now."""
        if watch in self._leases:
            self._lost[watch] = self._clock()

    def acquire(self, watch: int) -> bool:
        """Return whether a watch may start a job at once; otherwise it is queued."""
        if watch in self._lost:
            self.release(watch)
        return super().acquire(watch)

    def grant(self) -> list[int]:
        """Return nothing: a lease comes first."""
        return []

    def started(self, watch: int) -> None:
        """Note that a job runs."""
        super().started(watch)
        self._is_paced = False

    def refused(self, watch: int) -> None:
        """Note that the account refused a job: the watch goes to the head of the queue."""
        super().refused(watch)
        self._is_paced = True

    def release(self, watch: int) -> None:
        """Take a watch's lease back, or let it wait no longer."""
        self._lost.pop(watch, None)
        super().release(watch)

    def overdue(self) -> list[int]:
        """Return the watches whose job is to be stopped now: all whose slot was lost, or one at a time."""
        lost = [watch for watch in self._steady() if self._is_due(self._lost.get(watch, math.inf))]
        self._ending.update(lost)
        return lost or super().overdue()

    def not_stopped(self, watch: int) -> None:
        """Note that a job could not be stopped; that is retried after a while."""
        super().not_stopped(watch)
        if watch in self._lost:
            self._lost[watch] = self._clock() + RETRY_STOP_AFTER

    def _moments(self) -> list[float]:
        moments = [self._lost[watch] for watch in self._steady() if watch in self._lost]
        if self._asked_at is not None:
            moments += [] if self._is_contended() else [self._asked_at + _SOON]
        elif self._may_attempt():
            moments.append(self._attempt_at if self._is_paced else self._clock())
        return moments + self._ends()

    def _may_attempt(self) -> bool:
        return bool(self._queue) and len(self._starting) < (1 if self._is_paced else MAX_STARTING)

    def _others_wait(self) -> bool:
        return self._is_contended()

    def _is_contended(self) -> bool:
        """Whether the pool or the account lets a watch wait, or did so lately."""
        return self._has_waited() or self._is_recent(self._waited_at) or super()._is_contended()

    def _has_waited(self) -> bool:
        return bool(self._queue) and self._asked_at is not None and self._is_due(self._asked_at + _SOON)
