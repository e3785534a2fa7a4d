"""One pooled connection, and all that is known here of the inside of httpx, httpcore and h11.

httpx offers no transport over a single connection, and no way to read a body again after a cancelled read. Three
private names make both possible: `_pool` of httpx's transport, and `_connection` and `_h11_state` of httpcore's
connections. They are used in this module only, and fail closed: an inside that is not recognized is never reused.
`tests/contract/test_private_names.py` checks each, and says what breaks when it changes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
from typing_extensions import Self

from ..._time_source import REAL
from ..concurrency.async_.run_to_completion import about_to_send
from ..environment import SOCKET_OPTIONS

if TYPE_CHECKING:
    import ssl

    import httpcore

__all__ = ["AsyncBody", "AsyncContent", "AsyncPooledConnection", "body_of", "connection_maker", "is_reusable"]

_KEEPALIVE_SECONDS = 15.0
_READ_BYTES = 64 * 1024


class AsyncPooledConnection(httpx.AsyncHTTPTransport):
    """httpx's transport over one connection in place of a pool.

    It stays a transport of httpx because mocks and instrumentation patch exactly that class: pytest-httpx, respx,
    OpenTelemetry. A call over a bare connection would go past them to the network, and be billed.
    """

    def __init__(self, connection: httpcore.AsyncConnectionInterface, *, has_proxy: bool) -> None:
        self._pool: Any = connection
        self.connection: httpcore.AsyncConnectionInterface | None = connection
        self._has_proxy = has_proxy

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its response, whose body is still coming.

        `respx.mock(using="httpx")` patches httpx's clients, not its transports. While it does, requests go through such
        a client, so that none leaves for the network.
        """
        respx = sys.modules.get("respx.mocks")
        if respx is not None and respx.HTTPXMocker.routers:
            return await httpx.AsyncClient(transport=self, trust_env=False).send(request, stream=True)
        if self.connection is not None and self._pool is self.connection:
            self._pool = _established(self.connection)
        try:
            return await self.handle_async_request(request)
        except (httpx.NetworkError, httpx.RemoteProtocolError, httpx.TimeoutException) as error:
            is_unsent = isinstance(request.stream, AsyncContent) and not request.stream.begun
            if not (is_unsent and self._has_proxy) or error.__cause__ is None:  # without a cause it is a mock's
                raise
            failure = httpx.ConnectTimeout if isinstance(error, httpx.TimeoutException) else httpx.ProxyError
            if isinstance(error, (httpx.ConnectError, failure)):
                raise
            raise failure(str(error)) from error.__cause__  # the proxy has seen no more than CONNECT


class _AsyncSingleUseConnection(AsyncPooledConnection):
    """httpx's transport as it comes, where its inside is not recognized; none is used twice."""

    def __init__(self, **options: Any) -> None:
        httpx.AsyncHTTPTransport.__init__(self, **options)
        self.connection, self._has_proxy = None, False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await about_to_send()  # its connections do not report when they send
        if isinstance(request.stream, AsyncContent):
            request.stream.begun = True
        return await super().handle_async_request(request)


def connection_maker(
    url: str, *, ssl_context: ssl.SSLContext, proxy: httpx.Proxy | None
) -> Callable[[], AsyncPooledConnection]:
    """Return a function that makes connections to the server of a URL."""
    import httpcore

    from ..concurrency.async_.network import Backend

    if not hasattr(httpx.AsyncHTTPTransport(verify=ssl_context, trust_env=False), "_pool"):
        options: dict[str, Any] = {"verify": ssl_context, "proxy": proxy, "socket_options": SOCKET_OPTIONS}
        return partial(_AsyncSingleUseConnection, trust_env=False, **options)
    pool = httpcore.AsyncConnectionPool(
        ssl_context=ssl_context,
        proxy=None if proxy is None else _proxy(proxy),
        keepalive_expiry=_KEEPALIVE_SECONDS,
        network_backend=Backend(),
        socket_options=SOCKET_OPTIONS,
    )
    origin = _url(httpx.URL(url)).origin
    return lambda: AsyncPooledConnection(pool.create_connection(origin), has_proxy=proxy is not None)


def body_of(
    connection: AsyncPooledConnection, response: httpx.Response, waits: Mapping[str, float]
) -> AsyncBody | None:
    """Return the body of a response, whose cancelled reads lose nothing; `None` if the inside is not recognized."""
    state, network = _h11_state(connection), response.extensions.get("network_stream")
    if state is None or network is None:
        return None
    import h11

    if state.their_state is not h11.SEND_BODY:  # another library has read it, as vcrpy does while it records
        return None
    return AsyncBody(state, network, waits, h11)


class AsyncBody:
    """Iterate over the pieces of a body, in the sizes in which they come.

    The HTTP library closes a connection of which a read was cancelled. Here such a read loses nothing, and can be made
    again: what has arrived is kept by the socket and by h11.

    Args:
        state: the state of HTTP/1.1 on the connection, whose reply's head was read.
        network: what the connection reads from.
        waits: its time limits; `read` is looked up for each read.
        h11: the module, which is imported with the first connection.
    """

    __slots__ = ("_h11", "_network", "_state", "_waits")

    def __init__(self, state: Any, network: httpcore.AsyncNetworkStream, waits: Mapping[str, float], h11: Any) -> None:
        self._state = state
        self._network = network
        self._waits = waits
        self._h11 = h11

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        event = self._state.next_event()
        if event is self._h11.NEED_DATA:
            self._state.receive_data(await self._network.read(_READ_BYTES, self._waits.get("read")))
            event = self._state.next_event()
            if event is self._h11.NEED_DATA:
                event = await self._read_on(self._waits.get("read"))
        if isinstance(event, self._h11.Data):
            return bytes(event.data)
        raise StopAsyncIteration  # the end of the message

    async def _read_on(self, seconds: float | None) -> Any:
        """Return what h11 reads next, within a time in total: the head of a chunk, or a trailer, may come in bytes.

        The read before it had a time of its own.
        """
        until = REAL.monotonic() + (math.inf if seconds is None else seconds)
        while (event := self._state.next_event()) is self._h11.NEED_DATA:
            left = until - REAL.monotonic()
            if left <= 0:
                raise httpx.ReadTimeout("")
            self._state.receive_data(await self._network.read(_READ_BYTES, left if math.isfinite(left) else None))
        return event


def is_reusable(pooled: AsyncPooledConnection) -> bool:
    """Return whether another request may be sent over a connection.

    Not if the reply was the last one on it, as `Connection: close` and HTTP/1.0 say. And not if the server sent more
    than its reply, which the HTTP library would take for the next reply.
    """
    state, connection = _h11_state(pooled), pooled.connection
    return state is not None and not state.trailing_data[0] and connection is not None and connection.is_idle()


def _established(connection: httpcore.AsyncConnectionInterface) -> httpcore.AsyncConnectionInterface:
    """Return the connection that speaks HTTP/1.1 within one to a server, which takes a lock for each request.

    Within one to a proxy it stays, since requests are changed there.
    """
    import httpcore

    inner: httpcore.AsyncConnectionInterface | None = getattr(connection, "_connection", None)
    if type(connection) is not httpcore.AsyncHTTPConnection or getattr(inner, "_h11_state", None) is None:
        return connection
    return inner or connection


def _h11_state(pooled: AsyncPooledConnection) -> Any:
    """Return the state of HTTP/1.1 on a connection; `None` if nothing was sent over it, or its inside has changed."""
    connection: Any = pooled.connection
    while hasattr(connection, "_connection"):
        connection = connection._connection
    return getattr(connection, "_h11_state", None)


def _proxy(proxy: httpx.Proxy) -> httpcore.Proxy:
    import httpcore

    return httpcore.Proxy(
        _url(proxy.url), auth=proxy.raw_auth, headers=proxy.headers.raw, ssl_context=proxy.ssl_context
    )


def _url(url: httpx.URL) -> httpcore.URL:
    import httpcore

    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)


class AsyncContent(httpx.ByteStream):
    """The body of a request, in one piece, or in none if it is empty.

    httpx has an async generator for it, and the trio library warns of each that is dropped before its end.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self._content = content
        self._sent = False
        self.begun: bool = False  # whether it was asked for; before that nothing is sent, the head neither

    def __aiter__(self) -> Self:
        self._sent = not self._content
        self.begun = True
        return self

    async def __anext__(self) -> bytes:
        if self._sent:
            raise StopAsyncIteration
        self._sent = True
        return self._content
