"""Close the streams of a client that is being closed."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

from .._core.log import logger
from .._http.concurrency.async_.owner import current_owner
from .._http.concurrency.async_.shield import do_together, shielded
from .._time_source import REAL
from ..errors import JobLeakWarning
from .transport import AsyncTransport

__all__ = ["close_streams"]

_POLL_SECONDS = 0.02


async def close_streams(transport: AsyncTransport, seconds: float) -> None:
    """Close a client's open streams, all at once, and wait for those that are being closed; name what is left."""
    state, owner = transport.state, current_owner()
    state.stop_until = transport.clock() + seconds
    until = REAL.monotonic() + seconds
    leaks: list[JobLeakWarning] = []

    async def close(stream: Any) -> None:
        try:
            await stream._close_with_client()
        except JobLeakWarning as leak:  # warnings are errors here
            leaks.append(leak)
        except Exception as error:  # noqa: BLE001 - the others are to be closed all the same
            logger.error("Closing %r failed: %s", stream, error)

    streams: list[Any] = state.open_streams.of(owner)
    with shielded(seconds + 1):
        await do_together([partial(close, stream) for stream in streams], seconds=seconds)
        while streams and REAL.monotonic() < until:
            await REAL.async_sleep(_POLL_SECONDS)
            streams = state.open_streams.of(owner)
    for stream in streams:
        state.open_streams.discard(stream)
        warnings.warn(
            JobLeakWarning(
                f"The client was closed while {stream!r} was being closed: its job may still be running and billed.",
                job_id=getattr(stream, "job_id", None),
                advice="Close its streams before the client, or give close() a longer timeout.",
            ),
            stacklevel=4,
        )
    if leaks:
        raise leaks[0]
