"""Bound what runs by time, and shield it from cancellation."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager
from typing import Any

import anyio

__all__ = ["ENDS_ANY_WAIT", "do_together", "limit_is_over", "limit_left", "shielded", "time_limit"]


ENDS_ANY_WAIT = True
"""Whether a time limit ends waits of other libraries, too."""


def time_limit(seconds: float) -> AbstractContextManager[object]:
    """Cancel what runs inside after `seconds`: `TimeoutError`."""
    return anyio.fail_after(seconds)


def shielded(seconds: float) -> AbstractContextManager[object]:
    """Protect what runs inside from outer cancellation, for at most `seconds`."""
    return anyio.move_on_after(seconds, shield=True)


async def do_together(calls: Sequence[Callable[[], Coroutine[Any, Any, None]]], *, seconds: float) -> None:
    """Make calls at once, shielded from cancellation, and wait at most `seconds` for them; they must raise nothing."""
    with shielded(seconds):
        async with anyio.create_task_group() as tasks:
            for call in calls:
                tasks.start_soon(call)


def limit_is_over() -> bool:
    """Return `False`: here a time limit cancels, and is never seen as a failure of the network."""
    return False


def limit_left() -> float | None:
    """Return `None`: here a time limit cancels every wait."""
    return None
