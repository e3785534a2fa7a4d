"""Bound what runs by time: each wait for the network asks for the limit in force."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from ...._time_source import REAL, TIMER_TOLERANCE

__all__ = [
    "ENDS_ANY_WAIT",
    "do_together",
    "limit_in_force",
    "limit_is_over",
    "limit_left",
    "shielded",
    "time_limit",
]

ENDS_ANY_WAIT = False
"""Whether a time limit ends waits of other libraries, too."""

_limit = threading.local()


class _Limit:
    """Lets no wait for the network inside last beyond a time."""

    __slots__ = ("_outer", "_until")

    def __init__(self, until: float) -> None:
        self._until = until

    def __enter__(self) -> None:
        self._outer = limit_in_force()
        _limit.until = self._until

    def __exit__(self, *_: object) -> None:
        _limit.until = self._outer


def time_limit(seconds: float) -> AbstractContextManager[object]:
    """Let the waits for the network inside last at most `seconds` in total."""
    outer = limit_in_force()
    until = REAL.monotonic() + seconds
    return _Limit(until if outer is None else min(until, outer))


def shielded(seconds: float) -> AbstractContextManager[object]:
    """Bound what runs inside to `seconds`, whatever limit is in force outside."""
    return _Limit(REAL.monotonic() + seconds)


def do_together(calls: Sequence[Callable[[], None]], *, seconds: float) -> None:
    """Make calls at once, in threads, and wait at most `seconds` for them; they must raise nothing."""
    until = REAL.monotonic() + seconds
    threads = [threading.Thread(target=call, daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        REAL.join(thread, until - REAL.monotonic())


def limit_in_force() -> float | None:
    """Return until when, by `REAL.monotonic`, waits for the network may last."""
    return getattr(_limit, "until", None)


def limit_is_over() -> bool:
    """Return whether the limit in force is what ended a wait for the network."""
    until = limit_in_force()
    return until is not None and REAL.monotonic() >= until - TIMER_TOLERANCE


def limit_left() -> float | None:
    """Return the seconds left of the limit in force; `None`: there is none."""
    until = limit_in_force()
    return None if until is None else max(0.0, until - REAL.monotonic())
