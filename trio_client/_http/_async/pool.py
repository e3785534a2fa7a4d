"""A free list of connections.

httpx's own pool looks at every connection at each start and end of a request, and a request cancelled while
it connects can leave an entry behind that blocks the pool for good. Here each connection is a transport of
its own: a call takes the one used last or makes a new one, and a connection that failed is thrown away.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Any

import httpx

from ...errors import APITimeoutError
from ..async_runtime import Limiter, Slot, abandon, close_response, current_home, raw_chunks, shielded, slot_maker
from ..environment import SOCKET_OPTIONS, proxy_for, ssl_context_for
from ..errors import is_disconnect

__all__ = ["AsyncExchange", "AsyncPool"]

MAX_CALLS = 100
_KEEPALIVE_SECONDS = 15.0
_CLOSING_SECONDS = 2.0


class AsyncExchange:
    """One request and its response, until it is closed."""

    __slots__ = ("_chunks", "_counted", "_pool", "_slot", "_waits", "response")

    def __init__(
        self, pool: AsyncPool | None, slot: Slot | None, response: Any, waits: dict[str, float], *, counted: bool
    ) -> None:
        self._pool = pool
        self._slot = slot
        self._waits = waits
        self._counted = counted
        self._chunks: Any = None
        self.response: Any = response

    def chunks(self) -> Any:
        """Return an iterator over the body as it comes from the wire."""
        connection = None if self._slot is None else _wire_of(self._slot)
        if connection is not None:
            from .body import AsyncWireBody

            return AsyncWireBody(connection, self._waits)
        self._chunks = raw_chunks(self.response)
        return self._chunks

    async def close(self, *, reusable: bool) -> None:
        """Release the connection: back to the list, or closed."""
        pool, self._pool = self._pool, None
        try:
            await close_response(self.response, None if reusable else self._chunks)
        finally:
            if pool is not None and self._slot is not None:
                await pool.take_back(self._slot, reusable=reusable, counted=self._counted)


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
        self._proxy = proxy_for(base_url, trust_env=trust_env)
        self._make_slot: Callable[[], Slot] | None = None
        self._max_calls = max_calls
        self._limiter = Limiter(max_calls)
        self._idle: list[Slot] = []
        self._home: object = None
        self._closed = False
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
        self._stay_home()
        if counted and not await self._limiter.acquire(pool_timeout):
            raise APITimeoutError(
                f"{self._max_calls} calls were under way and none ended within {pool_timeout:g} s.",
                advice="Make fewer at once, or raise Timeout.pool.",
                phase="pool",
                request_sent=False,
            )
        slot: Slot | None = None
        try:
            slot = None if fresh else await self._take_idle()
            reused = slot is not None
            slot = slot or self._new_slot()
            try:
                response = await slot.handle_async_request(request)
            except Exception as error:
                if not (reused and repeatable and is_disconnect(error)):
                    raise
                await self._discard(slot)
                slot = self._new_slot()
                response = await slot.handle_async_request(request)
        except BaseException:
            await self.take_back(slot, reusable=False, counted=counted)
            raise
        return AsyncExchange(self, slot, response, request.extensions["timeout"], counted=counted)

    async def take_back(self, slot: Slot | None, *, reusable: bool, counted: bool) -> None:
        """Put a connection back into the list, or close it; free the place it took.

        One of an event loop, or process, that the pool has left since is closed, and its place is gone already.
        """
        at_home = self._home == current_home()
        if counted and at_home:
            self._limiter.release()
        if slot is None:
            return
        keep = reusable and at_home and not self._closed
        if keep and len(self._idle) < self._max_calls and not _has_surplus(slot):
            self._idle.append(slot)
            return
        await self._discard(slot)

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
        self._stay_home()
        while self._idle:
            await self._idle.pop().aclose()

    def forget(self) -> None:
        """Let go of all connections: they belong to another process or event loop."""
        abandon(self._idle)
        self._idle.clear()
        self._limiter.forget()
        self._home = None

    async def _discard(self, slot: Slot) -> None:
        with shielded(_CLOSING_SECONDS):
            await slot.aclose()

    def _stay_home(self) -> None:
        home = current_home()
        if home != self._home:
            if self._home is not None:
                self.forget()
            self._home = home

    async def _take_idle(self) -> Slot | None:
        """Return the connection used last, unless it has become too old or was closed by the server."""
        while self._idle:
            slot = self._idle.pop()
            if not slot.connection.has_expired():
                return slot
            await self._discard(slot)
        return None

    def _new_slot(self) -> Slot:
        if self._make_slot is None:
            self._make_slot = slot_maker(
                self._base_url,
                verify=self._ssl_context(),
                limits=httpx.Limits(keepalive_expiry=_KEEPALIVE_SECONDS),
                proxy=self._proxy,
                socket_options=SOCKET_OPTIONS,
                trust_env=False,
            )
        return self._make_slot()


def _has_surplus(slot: Slot) -> bool:
    """Return whether the server sent more than its reply: the HTTP library would take that for the next reply."""
    connection = _wire_of(slot)
    return connection is not None and bool(connection._h11_state.trailing_data[0])


def _wire_of(slot: Slot) -> Any:
    """Return the HTTP library's connection that holds the state of HTTP; `None` if nothing was sent over one."""
    connection: Any = slot.connection  # it offers no way to ask
    while hasattr(connection, "_connection"):
        connection = connection._connection
    return connection if hasattr(connection, "_h11_state") and hasattr(connection, "_network_stream") else None


_pools: weakref.WeakSet[AsyncPool] = weakref.WeakSet()


def _forget_all() -> None:
    for pool in list(_pools):
        pool.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
