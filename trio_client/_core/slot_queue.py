"""Who probes for a free job slot, where several streams of one client wait for one. No I/O."""

from __future__ import annotations

import copy
import threading

from ..errors import MaxJobsReachedError

__all__ = ["PROBE_SECONDS", "SlotQueue"]

PROBE_SECONDS = 3.0  # between a reply and the next probe
_PROBE_LIMIT = 10.0  # after which a probe that has no reply holds up no other
_EARLY = 0.005  # seconds by which a wait may end too early
_AT_ONCE = 0.1  # seconds: a wait that begins within them lasts the pause itself, a round number


class SlotQueue:
    """Let one waiter at a time probe: the one that has waited longest, three seconds after the last reply.

    Only those count that are waiting at the moment: one whose reader does something else holds up no other. Safe
    across threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next_number = 0
        self._waiting: set[int] = set()
        self._probing: tuple[int, float] | None = None  # which, and until when that counts
        self._probe_at = 0.0
        self._pause = 0.0  # from the last reply to that moment
        self._refusal: MaxJobsReachedError | None = None

    def number(self) -> int:
        """Return the place of a new waiter: behind all others."""
        with self._lock:
            self._next_number += 1
            return self._next_number

    def refusal(self) -> MaxJobsReachedError:
        """Return what the account's last refusal said, for one that was not refused itself."""
        if self._refusal is None:
            return MaxJobsReachedError(
                "The account runs as many jobs as it may.", status_code=429, code="MAX_JOBS_REACHED"
            )
        return copy.copy(self._refusal)

    def enter(self, number: int) -> None:
        """Note that one waits from now on."""
        with self._lock:
            self._waiting.add(number)

    def leave(self, number: int) -> None:
        """Note that one waits no longer, or not at the moment."""
        with self._lock:
            self._waiting.discard(number)

    def is_alone(self, number: int | None, now: float) -> bool:
        """Whether no other waits or probes."""
        probes = self._probing is not None and self._probing[0] != number and now < self._probing[1]
        return not probes and not self._waiting - {number}

    def pause(self, number: int, now: float) -> float:
        """Return how many seconds to wait before asking again; 0: it may probe now, and has to report the reply."""
        with self._lock:
            if self._probing is not None and self._probing[0] != number and now < self._probing[1]:
                return PROBE_SECONDS
            left = self._probe_at - now
            if self._pause - _AT_ONCE < left < self._pause:
                left = self._pause
            if number != min(self._waiting | {number}):
                return max(left, PROBE_SECONDS)
            if left > _EARLY:
                return left
            self._probing = number, now + _PROBE_LIMIT
            return 0.0

    def replied(self, number: int | None, now: float) -> None:
        """Note that there was a slot."""
        with self._lock:
            self._end_probe(number)
            self._probe_after(PROBE_SECONDS, now)

    def refused(self, number: int, error: MaxJobsReachedError, now: float, pause: float) -> None:
        """Note that there was none; the next probe makes sense after `pause` seconds."""
        with self._lock:
            self._end_probe(number)
            self._probe_after(pause, now)
            self._refusal = copy.copy(error)

    def abandoned(self, number: int) -> None:
        """Note that one does not probe after all."""
        with self._lock:
            self._end_probe(number)
            self._waiting.discard(number)

    def _probe_after(self, pause: float, now: float) -> None:
        if now + pause > self._probe_at:
            self._probe_at, self._pause = now + pause, pause

    def _end_probe(self, number: int | None) -> None:
        if self._probing is not None and self._probing[0] == number:
            self._probing = None
