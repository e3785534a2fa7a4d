"""Which watches may run a job, where there are more of them than job slots. No I/O."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from .endpoints import POLL_SECONDS

__all__ = ["TimeSlices"]

_MAX_STARTING = 32
_LONGEST_PROBE = 60.0
_RETRY_STOP_AFTER = 5.0


class TimeSlices:
    """Share out job slots: first come, first served, and each for a time slice if others wait.

    How many slots the account has is learned from the server's refusals. Until the first refusal as many start at
    once as run already; later one attempt is made now and then, to see whether there are more.

    Args:
        seconds: how long a time slice is, if others wait.
        clock: the time, in seconds.
    """

    def __init__(self, seconds: float, *, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._leases: dict[int, float] = {}  # since when
        self._starting: set[int] = set()
        self._ending: set[int] = set()
        self._queue: OrderedDict[int, None] = OrderedDict()
        self._limit: int | None = None
        self._probe_pause = POLL_SECONDS
        self._probe_at = 0.0

    @property
    def running(self) -> int:
        """How many have a job."""
        return len(self._leases) - len(self._starting)

    @property
    def limited(self) -> bool:
        """Whether the account has refused a job, so that there are fewer slots than were asked for."""
        return self._limit is not None

    def acquire(self, watch: int) -> bool:
        """Return whether a watch may start a job at once; otherwise it is queued."""
        if watch in self._leases:
            if not (self._queue and self._is_over(watch)):
                return True
            self.release(watch)
        self._queue.setdefault(watch)
        return False

    def grant(self) -> list[int]:
        """Return the watches that may start a job now."""
        granted: list[int] = []
        while self._queue and self._has_capacity():
            watch, _ = self._queue.popitem(last=False)
            self._leases[watch] = self._clock()
            self._starting.add(watch)
            granted.append(watch)
        return granted

    def started(self, watch: int) -> None:
        """Note that a job runs: there is a slot for it."""
        if watch not in self._starting:
            return
        self._starting.discard(watch)
        if self._limit is not None and self.running > self._limit:
            self._limit = self.running
            self._probe_pause, self._probe_at = POLL_SECONDS, self._clock()

    def refused(self, watch: int) -> None:
        """Note that there is no slot for a watch: it goes to the head of the queue."""
        self.release(watch)
        self._limit = len(self._leases)
        self._probe_at = self._clock() + self._probe_pause
        self._probe_pause = min(2 * self._probe_pause, _LONGEST_PROBE)
        self._queue[watch] = None
        self._queue.move_to_end(watch, last=False)

    def release(self, watch: int) -> None:
        """Take a watch's lease back, or let it wait no longer."""
        self._leases.pop(watch, None)
        self._queue.pop(watch, None)
        self._starting.discard(watch)
        self._ending.discard(watch)

    def overdue(self) -> list[int]:
        """Return the watches whose job is to be stopped now, because others wait; each is named once."""
        if not self._is_full():
            return []
        wanted = len(self._queue) - len(self._ending)
        over = [watch for watch in self._leases if watch not in self._ending | self._starting and self._is_over(watch)]
        chosen = over[: max(0, wanted)]
        self._ending.update(chosen)
        return chosen

    def not_stopped(self, watch: int) -> None:
        """Note that a job could not be stopped; that is retried after a while."""
        if watch in self._leases:
            self._ending.discard(watch)
            self._leases[watch] = self._clock() - self._seconds + min(_RETRY_STOP_AFTER, self._seconds)

    def wake_in(self) -> float | None:
        """Return in how many seconds there will be something to do; `None`: not before the next call."""
        moments: list[float] = []
        if self._queue and self._is_full():
            if len(self._queue) > len(self._ending):
                running = self._leases.keys() - self._ending - self._starting
                moments += [self._leases[watch] + self._seconds for watch in running]
            if not self._starting:
                moments.append(self._probe_at)
        return max(0.0, min(moments) - self._clock()) if moments else None

    def _has_capacity(self) -> bool:
        if len(self._starting) >= min(max(1, self.running), _MAX_STARTING):
            return False
        if not self._is_full():
            return True
        now = self._clock()
        if self._starting or now < self._probe_at:
            return False
        self._probe_at = now + self._probe_pause
        return True

    def _is_full(self) -> bool:
        return self._limit is not None and len(self._leases) >= self._limit

    def _is_over(self, watch: int) -> bool:
        return self._clock() - self._leases[watch] >= self._seconds
