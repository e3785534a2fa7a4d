"""Connections belong to the event loop that made them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import suppress
from weakref import WeakMethod

import anyio.lowlevel

__all__ = ["abandon", "at_end", "current_owner"]


def current_owner() -> object:
    """Return what connections made now belong to: the running event loop."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return anyio.lowlevel.current_token()


def abandon(connections: Iterable[object]) -> None:
    """Do nothing: only the event loop that made connections could close them, and it is gone."""


def at_end(work: WeakMethod[Callable[[], Awaitable[object]]]) -> AsyncGenerator[None]:
    """Have a method called when the running event loop ends, or what is returned is closed; keep that until then.

    Event loops close the async generators that were begun in them: `asyncio.run`, and what the trio library runs.
    """

    async def wait() -> AsyncGenerator[None]:
        try:
            yield
        finally:
            method = work()
            if method is not None:
                await method()

    generator = wait()
    with suppress(StopIteration):
        generator.__anext__().send(None)
    return generator
