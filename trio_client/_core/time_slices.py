"""Who may run a job, where there are more watches than job slots. No I/O."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

__all__ = ["Turns"]

_MOST_STARTING = 32
_FIRST_PROBE = 3.0
_LONGEST_PROBE = 60.0
_STOP_AGAIN_AFTER = 5.0


class Turns:
    """Share out job slots: first come, first served, and each for a turn if others wait.

    How many slots the account has is learnt from the server's refusals. Until the first refusal as many start at
    once as run already; later one is let through now and then, to see whether there are more.

    Args:
        seconds: how long a turn is, if others wait.
        clock: the time, in seconds.
    """

    def __init__(self, seconds: float, *, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._seats: dict[int, float] = {}  # since when
        self._starting: set[int] = set()
        self._ending: set[int] = set()
        self._queue: OrderedDict[int, None] = OrderedDict()
        self._limit: int | None = None
        self._probe_pause = _FIRST_PROBE
        self._probe_at = 0.0

    @property
    def running(self) -> int:
        """How many have a job."""
        return len(self._seats) - len(self._starting)

    @property
    def limited(self) -> bool:
        """Whether the account has refused a job, so that there are fewer slots than were asked for."""
        return self._limit is not None

    def take(self, who: int) -> bool:
        """Return whether somebody may start a job at once; otherwise they wait for their turn."""
        if who in self._seats:
            if not (self._queue and self._is_over(who)):
                return True
            self.leave(who)
        self._queue.setdefault(who)
        return False

    def grant(self) -> list[int]:
        """Return who may start a job now."""
        granted: list[int] = []
        while self._queue and self._has_room():
            who, _ = self._queue.popitem(last=False)
            self._seats[who] = self._clock()
            self._starting.add(who)
            granted.append(who)
        return granted

    def started(self, who: int) -> None:
        """Note that a job runs: there is a slot for it."""
        if who not in self._starting:
            return
        self._starting.discard(who)
        if self._limit is not None and self.running > self._limit:
            self._limit = self.running
            self._probe_pause, self._probe_at = _FIRST_PROBE, self._clock()

    def refused(self, who: int) -> None:
        """Note that there is no slot for somebody: they go to the head of the queue."""
        self.leave(who)
        self._limit = len(self._seats)
        self._probe_at = self._clock() + self._probe_pause
        self._probe_pause = min(2 * self._probe_pause, _LONGEST_PROBE)
        self._queue[who] = None
        self._queue.move_to_end(who, last=False)

    def leave(self, who: int) -> None:
        """Take somebody's seat back, or let them wait no longer."""
        self._seats.pop(who, None)
        self._queue.pop(who, None)
        self._starting.discard(who)
        self._ending.discard(who)

    def overdue(self) -> list[int]:
        """Return whose job is to be stopped now, because others wait; each is told once."""
        if not self._is_full():
            return []
        wanted = len(self._queue) - len(self._ending)
        over = [who for who in self._seats if who not in self._ending | self._starting and self._is_over(who)]
        chosen = over[: max(0, wanted)]
        self._ending.update(chosen)
        return chosen

    def not_stopped(self, who: int) -> None:
        """Note that a job could not be stopped; it is tried again after a while."""
        if who in self._seats:
            self._ending.discard(who)
            self._seats[who] = self._clock() - self._seconds + min(_STOP_AGAIN_AFTER, self._seconds)

    def wake_in(self) -> float | None:
        """Return in how many seconds there will be something to do; `None`: not before somebody calls."""
        moments: list[float] = []
        if self._queue and self._is_full():
            if len(self._queue) > len(self._ending):
                running = self._seats.keys() - self._ending - self._starting
                moments += [self._seats[who] + self._seconds for who in running]
            if not self._starting:
                moments.append(self._probe_at)
        return max(0.0, min(moments) - self._clock()) if moments else None

    def _has_room(self) -> bool:
        if len(self._starting) >= min(max(1, self.running), _MOST_STARTING):
            return False
        if not self._is_full():
            return True
        now = self._clock()
        if self._starting or now < self._probe_at:
            return False
        self._probe_at = now + self._probe_pause
        return True

    def _is_full(self) -> bool:
        return self._limit is not None and len(self._seats) >= self._limit

    def _is_over(self, who: int) -> bool:
        return self._clock() - self._seats[who] >= self._seconds
