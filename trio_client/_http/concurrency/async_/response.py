"""Close a response whatever state it is in."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import anyio
import anyio.lowlevel

__all__ = ["close_response"]

_DRAIN_SECONDS = 1.0
_MAX_BUFFERED_CHUNKS = 10_000


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
