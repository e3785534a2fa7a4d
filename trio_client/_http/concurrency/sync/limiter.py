"""Limit how many calls run at once."""

from __future__ import annotations

import threading

from ...._time_source import REAL

__all__ = ["Limiter"]


class Limiter:
    """Let at most `total` calls run at once."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._semaphore = threading.BoundedSemaphore(total)

    def acquire(self, timeout: float) -> bool:
        """Take one of the places, waiting at most `timeout` seconds; return whether one was free."""
        if REAL.slice_seconds is None:
            return self._semaphore.acquire(timeout=min(timeout, threading.TIMEOUT_MAX))
        return REAL.in_slices(lambda seconds: self._semaphore.acquire(timeout=seconds), timeout)

    def release(self) -> None:
        """Give the place back."""
        self._semaphore.release()

    def reset(self) -> None:
        """Start over with every place free, in another process."""
        self._semaphore = threading.BoundedSemaphore(self._total)
