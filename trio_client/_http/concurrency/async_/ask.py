"""Ask a function of the caller for something."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable
from typing import Any

import anyio.to_thread

from ...._core.validation import is_async

__all__ = ["ask"]


async def ask(function: Callable[[], Any]) -> Any:
    """Return what a function returns; one that is not async runs in a thread, since it may take its time."""
    if is_async(function):
        return await function()
    # In a list: the trio library refuses a coroutine that a thread returns.
    (found,) = await anyio.to_thread.run_sync(lambda: [function()], abandon_on_cancel=True)
    return await found if isawaitable(found) else found
