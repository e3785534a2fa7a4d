"""The async client over the connections of aiohttp, for less CPU. It needs the extra `aiohttp`, and asyncio.

from trio_client import AsyncTrioClient
from trio_client.contrib.aiohttp import AiohttpClient

async with AiohttpClient() as http, AsyncTrioClient(http_client=http) as client:
    print((await client.jobs.list()).total)
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
import httpx

from .._http.concurrency.async_.run_to_completion import about_to_send
from .._http.environment import proxy_for, ssl_context_for
from ..errors import ConfigurationError

try:
    import aiohttp
    from yarl import URL
except ModuleNotFoundError as _error:
    raise ModuleNotFoundError(
        f"AiohttpClient needs {_error.name}; install it with: pip install 'trio-client[aiohttp]'", name=_error.name
    ) from None

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["AiohttpClient"]

_MAX_CALLS = 100
_KEEPALIVE_SECONDS = 15.0
_NOT_ADDED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class AiohttpClient:
    """What `AsyncTrioClient(http_client=…)` sends through, on one event loop of asyncio.

    It stays yours to close, after the client. At most a hundred calls run at once; creates and streams, each on a
    connection of its own, do not count.

    Args:
        trust_env: whether the environment's proxies and certificates count, as for the client's own connections.
    """

    announces_sending = True
    """Whether it calls `about_to_send`; others are taken to send at once."""

    def __init__(self, *, trust_env: bool = True) -> None:
        self._trust_env = trust_env
        self._origin: URL | None = None
        self._home: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._proxy: URL | None = None
        self._kept: aiohttp.ClientSession
        self._fresh: aiohttp.ClientSession

    def build_request(self, method: str, url: Any, *, headers: Any = None, content: Any = None) -> Any:
        """Return a request for `send`."""
        return _Request(method, URL(str(url), encoded=True), headers or {}, content)

    async def send(self, request: Any, **_: object) -> Any:
        """Send a request of `build_request` and return its response, whose body is still coming.

        No redirect is followed, and no header added but those of the connection; the options of httpx have no say.

        Args:
            request: complete; its extension `timeout` holds the seconds for `connect`, `pool` and `read`.

        Raises:
            httpx.TransportError: there is no response; the class tells whether the request may have been sent.
            ConfigurationError: it is closed, or in use on another event loop, or has a proxy it cannot use.
        """
        self._settle(request.url)
        waits = request.extensions["timeout"]
        session = self._fresh if request.headers.get("connection") == "close" else self._kept
        timeout = aiohttp.ClientTimeout(
            connect=waits["pool"] + waits["connect"], sock_connect=waits["connect"], sock_read=waits["read"]
        )
        try:
            response = await session.request(
                request.method,
                request.url,
                headers=request.headers,
                data=request.content,
                allow_redirects=False,
                timeout=timeout,
                proxy=self._proxy,
            )
        except (aiohttp.ClientError, OSError) as error:
            failure = _failure(error)
        else:
            return _Response(response, waits)
        raise failure  # outside of the handler: what aiohttp raises may hold the request, and with it the key

    async def aclose(self) -> None:
        """Close the connections. Calling it again does nothing."""
        if not self._closed and self._home is not None:
            await self._kept.close()
            await self._fresh.close()
        self._closed = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _settle(self, url: URL) -> None:
        """Belong to the event loop and the server of the first request."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise ConfigurationError("AiohttpClient needs asyncio; leave it out under the trio library.") from None
        if self._closed:
            raise ConfigurationError("This AiohttpClient is closed.")
        if self._home is None:
            self._connect(str(url.origin()))
            self._home, self._origin = loop, url.origin()
        elif self._home is not loop:
            raise ConfigurationError("This AiohttpClient was used on another event loop; make one for each.")
        elif self._origin != url.origin():
            raise ConfigurationError(f"This AiohttpClient was used with {self._origin}; make one for each server.")

    def _connect(self, origin: str) -> None:
        proxy = proxy_for(origin, trust_env=self._trust_env)
        if proxy is not None:
            if proxy.url.scheme not in ("http", "https"):
                raise ConfigurationError(
                    f"AiohttpClient cannot use a proxy of {proxy.url.scheme}, only of http or https."
                )
            user, password = proxy.auth or (None, None)
            self._proxy = URL(str(proxy.url)).with_user(user).with_password(password)
        context = ssl_context_for(origin, trust_env=self._trust_env)()
        self._kept = _session(_Connector(ssl=context, limit=_MAX_CALLS, keepalive_timeout=_KEEPALIVE_SECONDS))
        self._fresh = _session(_Connector(ssl=context, limit=0, force_close=True))


class _Connector(aiohttp.TCPConnector):
    """Connections that tell when they are about to be used, and are not used again after more than a reply came."""

    async def connect(self, *arguments: Any, **named: Any) -> Any:
        connection = await super().connect(*arguments, **named)
        try:
            await about_to_send()
        except BaseException:
            connection.close()
            raise
        return connection

    async def _get(self, key: Any, traces: Any) -> Any:
        """Return an idle connection; aiohttp looks for a surplus before it has parsed all that came."""
        connection: Any = await super()._get(key, traces)
        while connection is not None and connection.protocol.should_close:
            connection.close()
            connection = await super()._get(key, traces)
        return connection


@dataclass(slots=True)
class _Request:
    method: str
    url: URL
    headers: Mapping[str, str]
    content: bytes | None
    extensions: dict[str, Any] = field(default_factory=dict[str, Any])


class _Response:
    """A response as the client reads one: of httpx's, only what it asks for."""

    __slots__ = ("_response", "headers", "status_code", "stream")

    is_stream_consumed = False

    def __init__(self, response: aiohttp.ClientResponse, waits: Mapping[str, float]) -> None:
        self._response = response
        self.status_code = response.status
        self.headers = httpx.Headers(response.raw_headers)
        connection = response.connection
        if connection is not None and connection.protocol is not None:
            # From here on each wait has a limit of its own, which for a stream is another than for its start.
            connection.protocol.read_timeout = None
            connection.protocol.start_timeout()
        self.stream = _Body(response.content, waits)

    async def aclose(self) -> None:
        self.stream.closed = True
        if self._response.connection is not None:
            self._response.close()
            await asyncio.sleep(0)  # the socket is closed by the next round of the event loop


class _Body:
    __slots__ = ("_content", "_waits", "closed")

    def __init__(self, content: aiohttp.StreamReader, waits: Mapping[str, float]) -> None:
        self._content = content
        self._waits = waits
        self.closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self.closed:
            raise StopAsyncIteration
        try:
            chunk = self._content.read_nowait()
            if not chunk and not self._content.at_eof():
                with anyio.fail_after(self._waits["read"]):
                    chunk = await self._content.readany()
        except (aiohttp.ClientError, OSError) as error:
            failure = _failure(error)
        else:
            if not chunk:
                raise StopAsyncIteration
            return chunk
        raise failure


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=_NOT_ADDED,
    )
    session._retry_connection = False  # pyright: ignore[reportPrivateUsage]  # whether to send again is the client's to say
    return session


def _failure(error: Exception) -> httpx.TransportError:
    """Return the error of httpx that says whether the request may have been sent, without what may hold a secret."""
    reason = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error) or type(error).__name__
    kind: type[httpx.TransportError] = httpx.ReadError
    if isinstance(error, (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError)):
        kind = httpx.ProxyError
    elif isinstance(error, aiohttp.ClientConnectorError):
        kind = httpx.ConnectError
    elif isinstance(error, aiohttp.ConnectionTimeoutError):
        kind = httpx.ConnectTimeout
    elif isinstance(error, (TimeoutError, aiohttp.ServerTimeoutError)):
        kind = httpx.ReadTimeout
    elif isinstance(error, aiohttp.InvalidURL):
        kind = httpx.UnsupportedProtocol
    elif isinstance(error, (aiohttp.ClientResponseError, aiohttp.ClientPayloadError)):
        kind = httpx.RemoteProtocolError
    failure = kind(reason)
    failure.__cause__ = error.__cause__ if kind is httpx.ConnectError else None  # says what is wrong with a certificate
    return failure
