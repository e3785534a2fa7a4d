"""Wake a task from any thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

import anyio

__all__ = ["Wakeup", "from_any_thread"]


class Wakeup:
    """Wake one task, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_set = False
        self._wake: Callable[[], object] | None = None

    def set(self) -> None:
        """Wake the task that waits, or else the next one that does."""
        with self._lock:
            self._is_set = True
            wake, self._wake = self._wake, None
        if wake is not None:
            with suppress(RuntimeError):  # its event loop has ended
                wake()

    async def wait(self, seconds: float) -> None:
        """Wait until `set` is called, at most `seconds`."""
        awake = anyio.Event()
        with self._lock:
            if self._is_set:
                awake.set()
            else:
                self._wake = from_any_thread(awake.set)
        with anyio.move_on_after(seconds):
            await awake.wait()
        with self._lock:
            self._is_set, self._wake = False, None


def from_any_thread(function: Callable[[], object]) -> Callable[[], object]:
    """Return a function for any thread that calls `function` on the running event loop."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        import trio

        token = trio.lowlevel.current_trio_token()
        return lambda: token.run_sync_soon(function)
    return lambda: loop.call_soon_threadsafe(function)
