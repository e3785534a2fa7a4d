"""An event loop that needs no socket, for tests in which none may be opened."""

from __future__ import annotations

import asyncio
import os
import socket
import threading

__all__ = ["new_event_loop"]


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return an event loop; where sockets are forbidden (`pytest --disable-socket`), one that can open none."""
    family = getattr(socket, "AF_UNIX", socket.AF_INET) if os.name == "posix" else socket.AF_INET
    try:
        socket.socket(family).close()  # with a pair of which an event loop is woken from other threads
    except Exception:  # noqa: BLE001 - whatever forbids it
        return _LoopWithoutSockets()
    return asyncio.new_event_loop()


class _Wakeups:
    """Takes the place of the selector of files, of which there are none."""

    def __init__(self) -> None:
        self._woken = threading.Event()

    def wake(self) -> None:
        self._woken.set()

    def select(self, timeout: float | None) -> list[object]:
        self._woken.wait(None if timeout is None else min(timeout, threading.TIMEOUT_MAX))
        self._woken.clear()  # what the wake was for is in the loop's queue already
        return []


class _LoopWithoutSockets(asyncio.BaseEventLoop):
    """asyncio's own loop over the three names that its kinds of loops fill in; see the test of private names."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Wakeups()

    def _process_events(self, events: list[object]) -> None:
        """Nothing waits for a file."""

    def _write_to_self(self) -> None:
        self._selector.wake()
