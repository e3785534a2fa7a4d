"""Wake a thread from any other."""

from __future__ import annotations

import threading

from ...._time_source import REAL

__all__ = ["Wakeup"]


class Wakeup:
    """Wake one thread, from any other.

    A bare lock, which is held until `set` is called: a signal handler that runs in the midst of a wait, and has another
    thread call `set`, would keep that one out of the lock within a `threading.Event`, and wait for it for ever.
    """

    def __init__(self) -> None:
        self._unset = threading.Lock()
        self._unset.acquire()

    def set(self) -> None:
        """Wake the thread that waits, or else the next one that does."""
        try:
            self._unset.release()
        except RuntimeError:  # it is set already
            return

    def wait(self, seconds: float) -> None:
        """Wait until `set` is called, at most `seconds`."""
        if REAL.slice_seconds is None:
            self._acquire(min(max(seconds, 0.0), threading.TIMEOUT_MAX))
        else:
            REAL.in_slices(self._acquire, seconds)

    def _acquire(self, seconds: float) -> bool:
        return self._unset.acquire(timeout=seconds)
