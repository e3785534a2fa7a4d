"""Wake a thread from any other."""

from __future__ import annotations

import threading

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
        self._event.wait(min(seconds, threading.TIMEOUT_MAX))
        self._event.clear()
