"""Connections belong to the event loop that made them: whose they are, and how they end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any
from weakref import WeakMethod

import anyio
import anyio.lowlevel

__all__ = ["abandon", "at_end", "close_response", "current_owner"]

_DRAIN_SECONDS = 1.0
_MAX_BUFFERED_CHUNKS = 10_000


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


async def close_response(response: Any, chunks: Any) -> None:
    """Close a response, even while being cancelled, and end the iterator over its body if it was started.

    Below that iterator are async generators of the HTTP library, and the trio library warns of each that is
    dropped before its end. On a closed connection the next step ends them all, except for what was buffered.
    Failures to close are ignored: nothing can be done about them.
    """
    with anyio.CancelScope(shield=True), suppress(Exception):
        await response.aclose()
    if chunks is not None:
        with anyio.move_on_after(_DRAIN_SECONDS, shield=True), suppress(Exception):
            await anyio.lowlevel.checkpoint()  # aiohttp closes its sockets in the next round of the event loop
            for _ in range(_MAX_BUFFERED_CHUNKS):
                await chunks.__anext__()
