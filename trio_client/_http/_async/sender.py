"""Send one request and get one reply, within bounds of time and size. Knows nothing of retries."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from importlib import import_module  # async-only
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from ..._core.call import EVENT_STREAM, Prepared
from ..._core.config import Timeout
from ..._core.reply import Reply
from ..._core.secret import Secret
from ..._redaction import mask
from ..._time_source import REAL
from ...errors import TrioError
from ..concurrency.async_.limiter import Limiter
from ..concurrency.async_.owner import current_owner
from ..concurrency.async_.preparation import Preparation  # async-only
from ..concurrency.async_.run_to_completion import about_to_send
from ..concurrency.async_.shield import time_limit
from ..errors import Peer, deadline_exceeded, drop_tracebacks, translate
from ..injected import KeptCookies, masked_logs
from ..types import AsyncHTTPClient, check_async_client
from .connection import AsyncContent
from .pool import AsyncExchange, AsyncPool
from .reply import AsyncOpenReply, headers_of, read_body

if TYPE_CHECKING:
    from ..observer import Observer

__all__ = ["AsyncSender"]

_MAX_CONNECTING = 32
_MAX_CONNECT_WAIT_SECONDS = 5.0


class _AsyncInjectedClient:
    """A client of httpx, or one like it, as its owner made it: with its proxies, certificates and hooks."""

    def __init__(self, client: AsyncHTTPClient) -> None:
        check_async_client(client)
        self._client = client
        self._cookies = KeptCookies(client)
        self._has_network_stream = False  # whether it lets its connections be closed

    async def send(self, request: Prepared, headers: dict[str, str], waits: dict[str, float]) -> AsyncExchange:
        """Send a request with these headers, and return once the response's headers are there."""
        wire = self._client.build_request(request.method, request.url, headers=headers, content=request.content)
        wire.extensions = {**wire.extensions, "timeout": waits}
        self._cookies.apply(self._client, wire)
        if not self._has_network_stream and request.headers.get("accept") != EVENT_STREAM:
            wire.headers["connection"] = "close"  # it could not be closed after a reply that may be its last
        await about_to_send()
        with masked_logs():
            response = await self._client.send(wire, stream=True, auth=None, follow_redirects=False)
        self._has_network_stream = "network_stream" in response.extensions
        return AsyncExchange(None, None, response, waits, counted=False)


class AsyncSender:
    """Send requests to one server, over its own connections or through an injected client.

    Attributes:
        observer: what observes the exchanges, if anything does.
    """

    observer: Observer | None = None

    def __init__(
        self, base_url: str, key: Secret, *, trust_env: bool, max_body_bytes: int, http_client: AsyncHTTPClient | None
    ) -> None:
        self._injected = None if http_client is None else _AsyncInjectedClient(http_client)
        parts = urlsplit(base_url)
        self.place: str = f"{parts.hostname}:{parts.port or (443 if parts.scheme.lower() == 'https' else 80)}"
        self._key = key
        self._max_body_bytes = max_body_bytes
        self._pool = AsyncPool(base_url, trust_env=trust_env) if http_client is None else None
        self._base_url = mask(base_url, is_url=True)
        self._proxy: str | None = None
        if self._pool is not None and self._pool.proxy is not None:
            shown = mask(str(self._pool.proxy.url), is_url=True)
            self.place += f" through the proxy {shown}"
            self._proxy = shown if parts.scheme.lower() == "http" else None
        self._connecting = Limiter(_MAX_CONNECTING)
        self._owner: object = None
        # async-only: begin
        self.modules: tuple[str, ...] = ()
        """What to import before the first request."""
        self._preparation = Preparation()
        # async-only: end

    @property
    def has_own_connections(self) -> bool:
        """Whether no client was injected."""
        return self._pool is not None

    async def send(self, request: Prepared, timeout: Timeout, time_left: float) -> Reply:
        """Return the complete reply.

        Raises:
            APIConnectionError: there is none.
            ResponseValidationError: it is too large, or cannot be decoded.
        """
        until, peer = REAL.monotonic() + time_left, self._peer(request)
        content = AsyncContent(request.content or b"")
        try:
            with time_limit(time_left):
                waits = _waits(timeout, time_left)
                counted = not request.fresh_connection
                exchange = await self._exchange(request, content, waits, peer, counted=counted)
                complete = False
                try:
                    headers = headers_of(exchange.response)
                    body = await read_body(headers, exchange, self._max_body_bytes, peer)
                    complete = body is not None
                finally:
                    # Servers that fail may close without saying so, a moment later.
                    kept = complete and not request.fresh_connection and exchange.response.status_code < 400
                    await exchange.close(reusable=kept)
                return Reply(exchange.response.status_code, headers, body or b"", peer.proxy, peer.base_url)
        except TimeoutError as error:
            if isinstance(error, TrioError) and REAL.monotonic() < until:
                raise
        raise deadline_exceeded(peer, time_left, unsent=self._is_unsent(content))

    async def open(self, request: Prepared, timeout: Timeout, time_left: float) -> AsyncOpenReply:
        """Return the reply as soon as its headers are there."""
        until, peer = REAL.monotonic() + time_left, self._peer(request)
        waits, content = _waits(timeout, time_left), AsyncContent(request.content or b"")
        try:
            with time_limit(time_left):
                exchange = await self._exchange(request, content, waits, peer, counted=False)
                return AsyncOpenReply(exchange, waits, peer=peer, limit=self._max_body_bytes, until=until)
        except TimeoutError as error:
            if isinstance(error, TrioError) and REAL.monotonic() < until:
                raise
        raise deadline_exceeded(peer, time_left, unsent=self._is_unsent(content))

    def _peer(self, request: Prepared) -> Peer:
        return Peer(self.place, self._pool is not None, request.secrets, self._proxy, self._base_url)

    # async-only: begin
    async def prepare(self) -> None:
        """Have what requests need imported, and the certificates read, in a thread: the event loop goes on."""
        if not self._preparation.is_done:
            await self._preparation.done(self._prepare)

    def _prepare(self) -> None:
        for name in self.modules:
            import_module(name)
        if self._pool is not None:
            self._pool.prepare()

    def keep_no_connections(self) -> None:
        """Close each connection after use from now on."""
        if self._pool is not None:
            self._pool.keep_no_connections()

    # async-only: end
    async def wait_to_connect(self) -> Callable[[], None]:
        """Wait until few others are connecting, or for a moment; return a function to call after connecting.

        A thousand streams that start at once would overrun the server, and fill the memory with halves of connections.
        """
        owner = current_owner()
        if owner != self._owner:
            if self._owner is not None:
                self._connecting.reset()
            self._owner = owner
        limiters = [self._connecting] if await self._connecting.acquire(_MAX_CONNECT_WAIT_SECONDS) else []

        def release() -> None:
            if limiters:
                limiters.pop().release()

        return release

    @property
    def in_use(self) -> bool:
        """Whether there are connections to close."""
        return self._pool is not None and self._pool.has_idle

    async def aclose(self) -> None:
        """Close idle connections. An injected client stays open: it belongs to its maker."""
        if self._pool is not None:
            await self._pool.aclose()

    async def _exchange(
        self, request: Prepared, content: AsyncContent, waits: dict[str, float], peer: Peer, *, counted: bool
    ) -> AsyncExchange:
        outer = sys.exc_info()[1]
        try:
            if self._pool is None:
                assert self._injected is not None
                return await self._injected.send(request, self._headers(request), waits)
            return await self._pool.open(
                self._wire(request, waits, content),
                fresh=request.fresh_connection or (self._pool.lost_unrepeatable and not request.repeatable),
                repeatable=request.repeatable,
                counted=counted,
                pool_timeout=waits["pool"],
            )
        except TrioError:
            raise
        except Exception as error:
            failure = translate(error, peer, outer, unsent=self._is_unsent(content))
            raise failure from failure.__cause__
        except BaseException as error:  # cancelled: the frames below hold the request, and with it the key
            drop_tracebacks(error, outer)
            raise error.with_traceback(None)  # noqa: B904  # the same one

    def _is_unsent(self, content: AsyncContent) -> bool:
        """Return whether it is certain that nothing of a request has gone out."""
        return self._pool is not None and not content.begun

    def _wire(self, request: Prepared, waits: dict[str, float], content: AsyncContent) -> httpx.Request:
        """Return a request that is complete: httpx would take its time to complete it."""
        url = _url(request.url)
        headers = {"host": url.netloc.decode("ascii"), **self._headers(request)}
        if request.content is not None:
            headers["content-length"] = str(len(request.content))
        return httpx.Request(request.method, url, headers=headers, stream=content, extensions={"timeout": waits})

    def _headers(self, request: Prepared) -> dict[str, str]:
        """Return the headers with the key; no frame that can fail holds them."""
        headers = {**request.headers, "authorization": f"Bearer {self._key.reveal()}"}
        if request.fresh_connection:
            headers["connection"] = "close"
        return headers


@functools.lru_cache(maxsize=256)
def _url(text: str) -> httpx.URL:
    return httpx.URL(text)


def _waits(timeout: Timeout, time_left: float) -> dict[str, float]:
    """Return the HTTP library's timeouts, within the deadline, which an injected sync client cannot keep."""
    response = min(timeout.response, time_left)
    return {"connect": min(timeout.connect, time_left), "read": response, "write": response, "pool": timeout.pool}
