# sync-only: file
"""What of a stream of targets runs on an event loop: the async stream, and what is read from it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import anyio
from typing_extensions import Self

from .._async.base_client import close_streams
from .._async.transport import AsyncTransport
from .._async.watch_many import AsyncTargetStream, watch_targets
from .._core.targets import Target
from .._http._async.sender import AsyncSender
from .._http.observer import AsyncObservedClient
from .._time_source import REAL
from ..errors import ConfigurationError
from ..events import Event
from .transport import Transport

__all__ = ["Watching"]

_DRAIN_SECONDS = 1.0
_POLL_SECONDS = 0.02


class Watching:
    """The async stream of targets, and the pairs that were taken from it.

    It does not know the stream that reads from it, so that one that is dropped can be noticed.

    Attributes:
        stream: the async stream.
        taken: the pairs that no reader has got yet: one, unless a reader was interrupted.
        ended: whether the last pair was taken.
    """

    def __init__(self, stream: AsyncTargetStream, connections: AsyncTransport) -> None:
        self.stream = stream
        self.taken: deque[tuple[Target, Event]] = deque()
        self.ended: bool = False
        self._connections = connections
        self._closing = asyncio.Lock()

    @classmethod
    def of(cls, transport: Transport, targets: Iterable[Target], options: Mapping[str, Any]) -> Self:
        """Return what watches targets on behalf of a sync client, with its settings."""
        connections = _async_transport(transport)
        return cls(watch_targets(connections, targets, **options), connections)

    async def read(self, seconds: float | None) -> bool:
        """Take the next pair, within a time; return whether there was one. Cancelled, it loses none."""
        with anyio.move_on_after(seconds):
            try:
                pair = await anext(self.stream)
            except StopAsyncIteration:
                self.ended = True
                return False
            self.taken.append(pair)
            return True
        return False

    async def remove(self, target: Target | str) -> None:
        """Stop watching a target, and drop what was taken of it."""
        before = self.stream.targets
        await self.stream.remove(target)
        gone = set(before) - set(self.stream.targets)
        for pair in [pair for pair in self.taken if pair[0] in gone]:
            with suppress(ValueError):  # a reader took it meanwhile
                self.taken.remove(pair)

    async def close_with_client(self, seconds: float) -> None:
        """Stop all jobs for the client's end, and take the pairs that say so."""
        async with self._closing, anyio.create_task_group() as tasks:
            tasks.start_soon(self._drain)
            try:
                await close_streams(self._connections, seconds)
                with anyio.move_on_after(_DRAIN_SECONDS):
                    while self.stream.targets and not self.ended:
                        await REAL.async_sleep(_POLL_SECONDS)
            finally:
                tasks.cancel_scope.cancel()

    async def _drain(self) -> None:
        while not self.ended:
            await self.read(None)

    async def close(self) -> None:
        """Stop all jobs and close the connections."""
        async with self._closing:
            try:
                await self.stream.close()
            finally:
                await self._connections.aclose()


def _async_transport(transport: Transport) -> AsyncTransport:
    """Return an async transport with the settings and the memory of a client, over connections of its own."""
    settings, state, sender = transport.settings, transport.state, transport.sender
    http_client: Any = None
    sender_type: Any = AsyncSender
    if state.async_http_client is not None:
        http_client = state.async_http_client()
    elif not sender.has_own_connections:
        raise ConfigurationError(
            "watch_many runs an event loop in a thread, which cannot send through the http_client of this client.",
            advice="Make a client without http_client=, or use AsyncTrioClient.watch_many with an httpx.AsyncClient; "
            "in tests, use the client() of a MockTrio.",
            field="http_client",
        )
    elif sender.observer is not None:
        from .._http._async.observed import AsyncObservedSender as sender_type  # noqa: N813

        http_client = AsyncObservedClient(sender.observer)
    return AsyncTransport(
        settings,
        sender_type(
            settings.base_url,
            settings.key,
            trust_env=settings.trust_env,
            max_body_bytes=settings.max_body_bytes,
            http_client=http_client,
        ),
        state,
    )
