"""The faults that wait for their requests."""

from __future__ import annotations

import threading
from collections import deque

from .fault import Fault

__all__ = ["MAX_FAULTS", "FaultQueue"]

MAX_FAULTS = 10_000


class FaultQueue:
    """The faults still to apply, in the order in which they were scripted. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Fault, int]] = deque()

    def add(self, fault: Fault) -> None:
        """Apply this fault to the next matching requests."""
        with self._lock:
            if len(self._waiting) >= MAX_FAULTS:
                raise ValueError(f"no more than {MAX_FAULTS} faults can wait; reset() removes them")
            self._waiting.append((fault, fault.times))

    def take(self, method: str, path: str, *, stream: bool) -> Fault | None:
        """The fault that applies to this request, if any; this counts as one of its times."""
        with self._lock:
            for index, (fault, left) in enumerate(self._waiting):
                if not fault.matches(method, path, stream=stream):
                    continue
                if left > 1:
                    self._waiting[index] = (fault, left - 1)
                else:
                    del self._waiting[index]
                return fault
            return None

    def pending(self) -> list[Fault]:
        """The faults that have not been applied as often as they were scripted."""
        with self._lock:
            return [fault for fault, _ in self._waiting]

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._waiting.clear()
