# async-only: file
"""The way from the tasks of `watch_many` to its reader."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import anyio

from .._core.targets import Target
from ..events import Event

__all__ = ["AsyncChannel"]


class AsyncChannel:
    """Pass pairs from many tasks to one reader, one at a time: a slow reader slows the streams down.

    A reader that is cancelled while it waits loses no pair, as it could with a memory stream.
    """

    def __init__(self) -> None:
        self._pairs: deque[tuple[Target, Event]] = deque()
        self._order = anyio.Lock()
        self._taken = anyio.Event()
        self._filled = anyio.Event()
        self._ended = False

    async def put(self, pair: tuple[Target, Event], *, wanted: Callable[[], bool] = lambda: True) -> None:
        """Pass a pair on, once the one before it was taken, if it is still wanted then."""
        async with self._order:
            while self._pairs:
                self._taken = anyio.Event()
                await self._taken.wait()
            if wanted():  # a cancellation may arrive after the wait
                self._pairs.append(pair)
                self._filled.set()

    async def get(self) -> tuple[Target, Event]:
        """Return the next pair; raises EndOfStream after the last."""
        while not self._pairs:
            if self._ended:
                raise anyio.EndOfStream
            if self._filled.is_set():
                self._filled = anyio.Event()
            await self._filled.wait()
        self._taken.set()
        return self._pairs.popleft()

    def discard(self, target: Target) -> None:
        """Drop what the reader has not taken of a target."""
        self._pairs = deque(pair for pair in self._pairs if pair[0] != target)
        self._taken.set()

    def end(self) -> None:
        """Note that nothing more will come."""
        self._ended = True
        self._filled.set()

    def reopen(self) -> None:
        """Note that more will come after all; the reader does not know of the end yet."""
        self._ended = False
