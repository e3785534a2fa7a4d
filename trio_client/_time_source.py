"""The time that clients go by. Every wait and every deadline of theirs asks it, so that tests can replace it.

Network reads and writes ask `REAL` alone: a reply takes as long as it takes, also where other waits take no time.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Protocol, TypeVar

__all__ = ["REAL", "TIMER_TOLERANCE", "RealTime", "TimeSource", "current", "replace", "replaced", "restore"]


_T = TypeVar("_T")
_LONGEST_SLICE = min(threading.TIMEOUT_MAX, 86_400.0)  # systems refuse longer waits, each beyond a length of its own


class TimeSource(Protocol):
    """Clocks, and the waits that they see."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...

    def wall_clock(self) -> float:
        """Return seconds since 1970."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    async def async_sleep(self, seconds: float) -> None:
        """Wait, and let other tasks run."""
        ...


class RealTime:
    """Real time, also under freezegun: it stops `time.monotonic`, and then no deadline would ever pass.

    The wall clock follows freezegun, since the program under test is to see that date.
    """

    # Under Windows freezegun's own function is used if it was active before the first import.
    monotonic = staticmethod(
        partial(time.clock_gettime, time.CLOCK_MONOTONIC) if hasattr(time, "clock_gettime") else time.monotonic
    )

    slice_seconds: float | None = 0.5 if os.name == "nt" else None
    """How long a thread waits at once. Under Windows no signal ends a wait, and Ctrl-C counts once it is over."""

    def wall_clock(self) -> float:
        """Return seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait, also for longer than the system can wait at once."""
        self.in_slices(time.sleep, seconds)

    def in_slices(self, wait: Callable[[float], _T], seconds: float) -> _T:
        """Wait at most `seconds` in total, in slices that let a signal through; return what the last wait returned.

        Args:
            wait: waits at most as many seconds as it gets; something true ends the waiting.
            seconds: infinity waits without a limit.
        """
        until = self.monotonic() + seconds
        longest = self.slice_seconds or _LONGEST_SLICE
        while True:
            left = max(0.0, until - self.monotonic())
            done = wait(min(left, longest))
            if done or left <= longest:
                return done

    def join(self, thread: threading.Thread, seconds: float) -> None:
        """Wait for the end of a thread, in slices."""

        def wait(seconds: float) -> bool:
            thread.join(seconds)
            return not thread.is_alive()

        self.in_slices(wait, seconds)

    async def async_sleep(self, seconds: float) -> None:
        """Wait, and let other tasks run."""
        import anyio  # sync programs do without it

        await anyio.sleep(seconds)


REAL = RealTime()
TIMER_TOLERANCE = 0.01  # seconds by which a wait for the network may be over early
_sources: list[TimeSource] = [REAL]


def current() -> TimeSource:
    """Return the time source in force, the newest of those that replace real time."""
    return _sources[-1]


def replace(source: TimeSource) -> None:
    """Put a time source in force for the whole process, also for clients that exist already."""
    _sources.append(source)


def restore(source: TimeSource) -> None:
    """Take a time source out of force, whether or not it is the newest."""
    _sources.remove(source)


@contextmanager
def replaced(source: TimeSource) -> Generator[None]:
    """Put a time source in force for a block."""
    replace(source)
    try:
        yield
    finally:
        restore(source)
