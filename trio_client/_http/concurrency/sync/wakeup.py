"""Wake a thread from any other."""

from __future__ import annotations

import threading

from ...._time_source import REAL

__all__ = ["Wakeup"]


class Wakeup:
    """Wake one thread, from any other."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Wake the thread that waits, or else the next one that does."""
        self._event.set()

    def wait(self, seconds: float) -> None:
        """Wait until `set` is called, at most `seconds`."""
        if REAL.slice_seconds is None:
            self._event.wait(min(seconds, threading.TIMEOUT_MAX))
        else:
            REAL.in_slices(self._event.wait, seconds)
        self._event.clear()
