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
        self._pair: tuple[Target, Event] | None = None
        self._waiting: deque[anyio.Event] = deque()  # no lock: those of anyio hang after some cancellations
        self._is_reserved = False
        self._filled = anyio.Event()
        self._ended = False

    async def put(self, pair: tuple[Target, Event], *, wanted: Callable[[], bool] = lambda: True) -> None:
        """Pass a pair on, once those before it were taken, if it is still wanted then."""
        if self._pair is not None or self._is_reserved or self._waiting:
            turn = anyio.Event()
            self._waiting.append(turn)
            try:
                await turn.wait()
            except BaseException:
                if turn in self._waiting:
                    self._waiting.remove(turn)
                else:
                    self._pass_turn()
                raise
        if wanted():  # a cancellation may arrive after the wait
            self._is_reserved = False
            self._pair = pair
            self._filled.set()
        else:
            self._pass_turn()

    def _pass_turn(self) -> None:
        """Let the next one put its pair."""
        self._is_reserved = bool(self._waiting)
        if self._waiting:
            self._waiting.popleft().set()

    async def get(self) -> tuple[Target, Event]:
        """Return the next pair; raises EndOfStream after the last."""
        while self._pair is None:
            if self._ended:
                raise anyio.EndOfStream
            if self._filled.is_set():
                self._filled = anyio.Event()
            await self._filled.wait()
        pair, self._pair = self._pair, None
        self._pass_turn()
        return pair

    def discard(self, target: Target) -> None:
        """Drop what the reader has not taken of a target."""
        if self._pair is not None and self._pair[0] == target:
            self._pair = None
            self._pass_turn()

    def end(self) -> None:
        """Note that nothing more will come."""
        self._ended = True
        self._filled.set()

    def reopen(self) -> None:
        """Note that more will come after all; the reader does not know of the end yet."""
        self._ended = False
