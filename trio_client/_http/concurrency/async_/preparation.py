"""Do in a thread, once, what would hold up the event loop: imports, reading certificates."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from importlib import import_module
from typing import Any

import anyio

__all__ = ["Preparation", "in_thread"]

_EXECUTOR = "concurrent.futures.thread"  # asyncio looks up the names of hosts with it


async def in_thread(work: Callable[[], object]) -> None:
    """Run `work` in a thread of its own and wait for its end; if cancelled, it ends by itself. Its errors are dropped.

    Neither anyio's threads nor the event loop's own: the first would import anyio's backend here, and the second
    may all be busy.
    """
    await Preparation().done(work)


class Preparation:
    """Work that is done once, in a thread; tasks of any event loop wait for its end."""

    def __init__(self) -> None:
        self.is_done: bool = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._waiting: list[Callable[[], object]] = []

    async def done(self, work: Callable[[], object]) -> None:
        """Wait until the work is done; the first to come has it done. Its errors are dropped.

        What could not be prepared is done, and fails, where it is needed.
        """
        event, wake, backend = _event()
        with self._lock:
            if self.is_done:
                return
            self._waiting.append(wake)
            if self._thread is None or not self._thread.is_alive():  # as in the child of a fork
                self._thread = threading.Thread(
                    target=Context().run, args=(self._run, work, backend), name="trio_client: imports"
                )
                try:
                    self._thread.start()
                except RuntimeError:  # no more threads: then it is done where it is needed
                    self._thread = None
                    self.is_done = True
                    return
        await event.wait()

    def _run(self, work: Callable[[], object], backend: str) -> None:
        try:
            for each in (lambda: anyio.run(_nothing, backend=backend), lambda: import_module(_EXECUTOR), work):
                with suppress(Exception):
                    each()
        finally:
            with self._lock:
                self.is_done = True
                waiting, self._waiting = self._waiting, []
            for wake in waiting:
                with suppress(RuntimeError):  # its event loop has ended
                    wake()


async def _nothing() -> None:
    """Do nothing: anyio imports what it needs for a library with the first thing that it runs."""


def _event() -> tuple[Any, Callable[[], object], str]:
    """Return an event of the running event loop, what sets it from any thread, and anyio's name of the library."""
    event: Any
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        import trio

        event, token = trio.Event(), trio.lowlevel.current_trio_token()
        return event, lambda: token.run_sync_soon(event.set), "trio"
    event = asyncio.Event()
    return event, lambda: loop.call_soon_threadsafe(event.set), "asyncio"
