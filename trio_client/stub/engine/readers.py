"""Who waits for news of jobs: event streams for one job, pages for all of them."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Generator

__all__ = ["EVERY_JOB", "Readers"]

EVERY_JOB = "*"


class Readers:
    """Wakeup events of readers on one event loop, set from any thread.

    Args:
        lock: held whenever readers come, go or are woken.
        call_soon: runs a function on the readers' event loop.
    """

    def __init__(self, lock: threading.RLock, call_soon: Callable[[Callable[[], None]], None]) -> None:
        self._lock = lock
        self._call_soon = call_soon
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._to_wake: list[asyncio.Event] = []
        self._scheduled = False

    def __len__(self) -> int:
        return len(self._waiting)

    def count(self, key: str) -> int:
        """How many wait for news of this job."""
        return len(self._waiting.get(key, ()))

    @contextlib.contextmanager
    def waiting(self, key: str) -> Generator[asyncio.Event]:
        """An event that is set whenever there is news of this job, or of any if it is `EVERY_JOB`."""
        news = asyncio.Event()
        with self._lock:
            self._waiting.setdefault(key, set()).add(news)
        try:
            yield news
        finally:
            with self._lock:
                readers = self._waiting[key]
                readers.discard(news)
                if not readers:
                    del self._waiting[key]

    def wake(self, *keys: str, on_loop: bool) -> None:
        """Wake the readers of these keys; `on_loop` says whether this runs on their event loop."""
        with self._lock:
            for key in keys:
                for news in self._waiting.get(key, ()):
                    if on_loop:
                        news.set()
                    else:
                        self._to_wake.append(news)
            # One call into the loop wakes all readers: each call costs a system call on either side.
            if self._to_wake and not self._scheduled:
                self._scheduled = True
                self._call_soon(self._wake_scheduled)

    def wake_all(self) -> None:
        """Wake every reader; for use on the loop."""
        with self._lock:
            for readers in self._waiting.values():
                for news in readers:
                    news.set()

    def forget_scheduled(self) -> None:
        """Wake no reader of an event loop that is gone."""
        self._to_wake, self._scheduled = [], False

    def _wake_scheduled(self) -> None:
        with self._lock:
            to_wake, self._to_wake, self._scheduled = self._to_wake, [], False
        for news in to_wake:
            news.set()
