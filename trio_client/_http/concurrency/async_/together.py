"""Do several things at once."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import anyio

__all__ = ["do_together"]


async def do_together(calls: Sequence[Callable[[], Coroutine[Any, Any, None]]], *, seconds: float) -> None:
    """Make calls at once, shielded from cancellation, and wait at most `seconds` for them; they must raise nothing."""
    with anyio.move_on_after(seconds, shield=True):
        async with anyio.create_task_group() as tasks:
            for call in calls:
                tasks.start_soon(call)
