"""A free list of connections.

httpx's own pool checks every connection at each start and end of a request, and a request cancelled while
it connects can leave an entry behind that blocks the pool for good. Here each connection is a transport of
its own: a call takes the one used last or makes a new one, and a connection that failed is thrown away.
"""

from __future__ import annotations

import os
import socket
import weakref
from collections.abc import (
    AsyncGenerator,  # async-only
    Callable,
)
from contextlib import suppress
from typing import Any

import httpx

from ..._times import show_duration
from ...errors import APITimeoutError
from ..concurrency.async_.limiter import Limiter
from ..concurrency.async_.owner import (
    abandon,
    at_end,  # async-only
    close_response,
    current_owner,
)
from ..concurrency.async_.shield import shielded
from ..environment import proxy_for, proxy_secrets, ssl_context_for
from ..errors import is_disconnect
from .connection import AsyncPooledConnection, body_of, connection_maker, is_reusable

__all__ = ["AsyncExchange", "AsyncPool"]

MAX_CALLS = 100
_CLOSING_SECONDS = 2.0


class AsyncExchange:
    """One request and its response, until it is closed."""

    __slots__ = ("_chunks", "_connection", "_counted", "_pool", "_waits", "response")

    def __init__(
        self,
        pool: AsyncPool | None,
        connection: AsyncPooledConnection | None,
        response: Any,
        waits: dict[str, float],
        *,
        counted: bool,
    ) -> None:
        self._pool = pool
        self._connection = connection
        self._waits = waits
        self._counted = counted
        self._chunks: Any = None
        self.response: Any = response

    def chunks(self) -> Any:
        """Return an iterator over the body as it comes from the wire."""
        body = None if self._connection is None else body_of(self._connection, self.response, self._waits)
        if body is not None:
            return body
        self._chunks = aiter(self.response.stream)
        return self._chunks

    async def close(self, *, reusable: bool) -> None:
        """Release the connection: back to the list, or closed."""
        pool, self._pool = self._pool, None
        try:
            if self._connection is None and not reusable:
                self._shut_down()
            await close_response(self.response, None if reusable else self._chunks)
        finally:
            if pool is not None and self._connection is not None:
                await pool.take_back(self._connection, reusable=reusable, counted=self._counted)

    def _shut_down(self) -> None:
        """Shut the connection of an injected client down, which lets its pool find it closed.

        Over HTTP/2 that would end the requests of others. The pool closes the stream; httpcore fails under the trio
        library if it finds one that others have closed.
        """
        stream = self.response.extensions.get("network_stream")
        if stream is not None and self.response.http_version.startswith("HTTP/1"):
            with suppress(Exception):
                stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


class AsyncPool:
    """Connections to one server.

    Args:
        base_url: the server; decides on TLS and on the proxy.
        trust_env: whether the environment's proxies and certificates count.
        max_calls: how many calls may run at once; streams do not count.
    """

    def __init__(self, base_url: str, *, trust_env: bool, max_calls: int = MAX_CALLS) -> None:
        self._base_url = base_url
        self._ssl_context = ssl_context_for(base_url, trust_env=trust_env)
        self.proxy: httpx.Proxy | None = proxy_for(base_url, trust_env=trust_env)
        self._proxy_secrets = proxy_secrets(self.proxy)
        self._make_connection: Callable[[], AsyncPooledConnection] | None = None
        self._max_calls = max_calls
        self._limiter = Limiter(max_calls)
        self._idle: list[AsyncPooledConnection] = []
        self._owner: object = None
        self._closed = False
        self._end: AsyncGenerator[None] | None = None  # async-only
        self.lost_unrepeatable: bool = False  # a request that could not be sent again, on a kept connection
        _pools.add(self)

    async def open(
        self, request: httpx.Request, *, fresh: bool, repeatable: bool, counted: bool, pool_timeout: float
    ) -> AsyncExchange:
        """Send a request and return once the response's headers are there.

        Args:
            request: complete, with its timeouts.
            fresh: whether to use a connection that nothing else has used.
            repeatable: whether to send it again at once where the peer had closed an idle connection.
            counted: whether it takes one of the places for calls.
            pool_timeout: seconds to wait for such a place.
        """
        self._follow_owner()
        if counted and not await self._limiter.acquire(pool_timeout):
            raise APITimeoutError(
                f"{self._max_calls} calls were under way and none ended within {show_duration(pool_timeout)}.",
                advice="Make fewer at once, or raise Timeout.pool.",
                phase="pool",
                request_sent=False,
            )
        connection: AsyncPooledConnection | None = None
        try:
            connection = None if fresh else await self._take_idle()
            reused = connection is not None
            connection = connection or self.prepare()()
            try:
                response = await connection.send(request)
            except Exception as error:
                lost = reused and is_disconnect(error)
                if not (lost and repeatable):
                    self.lost_unrepeatable = self.lost_unrepeatable or lost
                    raise
                await self._discard(connection)
                connection = self.prepare()()
                response = await connection.send(request)
        except BaseException:
            await self.take_back(connection, reusable=False, counted=counted)
            raise
        return AsyncExchange(self, connection, response, request.extensions["timeout"], counted=counted)

    async def take_back(self, connection: AsyncPooledConnection | None, *, reusable: bool, counted: bool) -> None:
        """Put a connection back into the list, or close it; free the place it took.

        One of an event loop, or process, that the pool has left since is closed, and its place is gone already.
        """
        is_ours = self._owner == current_owner()
        if counted and is_ours:
            self._limiter.release()
        if connection is None:
            return
        keep = reusable and is_ours and not self._closed
        if keep and len(self._idle) < self._max_calls and is_reusable(connection):
            self._idle.append(connection)
            # async-only: begin
            if self._end is None:
                self._end = at_end(weakref.WeakMethod(self.close_idle))
            # async-only: end
            return
        await self._discard(connection)

    @property
    def has_idle(self) -> bool:
        """Whether there are connections to close."""
        return bool(self._idle)

    # async-only: begin
    def keep_no_connections(self) -> None:
        """Close each connection after use from now on."""
        self._closed = True

    # async-only: end
    async def aclose(self) -> None:
        """Close the connections that are not in use, and let none be kept from now on."""
        self._closed = True
        if not self._idle:  # and perhaps no event loop is running
            return
        self._follow_owner()
        await self.close_idle()
        # async-only: begin
        end, self._end = self._end, None
        if end is not None:
            await end.aclose()
        # async-only: end

    async def close_idle(self) -> None:
        """Close the connections that are not in use."""
        while self._idle:
            await self._idle.pop().aclose()

    def forget(self) -> None:
        """Abandon all connections: they belong to another process or event loop."""
        abandon(self._idle)
        self._idle.clear()
        self._limiter.reset()
        self._owner = None
        self._end = None  # async-only

    async def _discard(self, connection: AsyncPooledConnection) -> None:
        with shielded(_CLOSING_SECONDS):
            await connection.aclose()

    def _follow_owner(self) -> None:
        owner = current_owner()
        if owner != self._owner:
            if self._owner is not None:
                self.forget()
            self._owner = owner

    async def _take_idle(self) -> AsyncPooledConnection | None:
        """Return the connection used last, unless it has become too old or was closed by the server."""
        while self._idle:
            connection = self._idle.pop()
            if connection.connection is not None and not connection.connection.has_expired():
                return connection
            await self._discard(connection)
        return None

    def prepare(self) -> Callable[[], AsyncPooledConnection]:
        """Import what connections need, and read the certificates; return what makes a connection."""
        if self._make_connection is None:
            self._make_connection = connection_maker(self._base_url, ssl_context=self._ssl_context(), proxy=self.proxy)
        return self._make_connection


_pools: weakref.WeakSet[AsyncPool] = weakref.WeakSet()


def _forget_all() -> None:
    for pool in list(_pools):
        pool.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
