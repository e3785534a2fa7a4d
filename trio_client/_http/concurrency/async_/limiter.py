"""Limit how many calls run at once."""

from __future__ import annotations

import anyio

__all__ = ["Limiter"]


class Limiter:
    """Let at most `total` calls run at once."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._semaphore: anyio.Semaphore | None = None

    async def acquire(self, timeout: float) -> bool:
        """Take one of the places, waiting at most `timeout` seconds; return whether one was free."""
        semaphore = self._semaphore
        if semaphore is None:
            semaphore = self._semaphore = anyio.Semaphore(self._total, fast_acquire=True)
        try:
            semaphore.acquire_nowait()
        except anyio.WouldBlock:
            with anyio.move_on_after(timeout) as scope:
                await semaphore.acquire()
            return not scope.cancelled_caught
        return True

    def release(self) -> None:
        """Give the place back."""
        if self._semaphore is not None:
            self._semaphore.release()

    def reset(self) -> None:
        """Start over with every place free, on another event loop."""
        self._semaphore = None
