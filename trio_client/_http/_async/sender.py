"""Send one request and get one reply, within bounds of time and size. Knows nothing of retries."""

from __future__ import annotations

import functools
import sys
from collections.abc import (
    AsyncIterator,  # async-only
    Callable,
    Iterator,
)
from importlib import import_module  # async-only
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from ..._core.call import EVENT_STREAM, Prepared
from ..._core.config import Timeout
from ..._core.reply import Reply, media_type
from ..._core.secret import Secret
from ..._core.spans import CallSpan
from ..._redaction import mask
from ..._time_source import REAL
from ...errors import APITimeoutError, ResponseValidationError, TrioError
from ..concurrency.async_.limiter import Limiter
from ..concurrency.async_.owner import current_owner
from ..concurrency.async_.preparation import Preparation  # async-only
from ..concurrency.async_.run_to_completion import about_to_send
from ..concurrency.async_.shield import ENDS_ANY_WAIT, time_limit
from ..content import BodyCollector, Inflater, inflater_for
from ..errors import Peer, deadline_exceeded, drop_tracebacks, translate
from ..injected import KeptCookies, masked_logs
from ..types import AsyncHTTPClient, check_async_client
from .connection import AsyncContent
from .pool import AsyncExchange, AsyncPool

if TYPE_CHECKING:
    from ..observer import Observer

__all__ = ["AsyncOpenReply", "AsyncSender"]

_MAX_CONNECTING = 32
_MAX_CONNECT_WAIT_SECONDS = 5.0
_NO_PIECES: Iterator[bytes] = iter(())


# async-only: begin
_GRACE_SECONDS = 1.0  # in which the HTTP library ends a wait by itself


class _BoundedChunks:
    """The pieces of a body through a transport that may forget its time limit, as aiohttp's does after a bad chunk."""

    __slots__ = ("_chunks", "_seconds")

    def __init__(self, chunks: AsyncIterator[bytes], seconds: float) -> None:
        self._chunks = chunks
        self._seconds = seconds

    async def __anext__(self) -> bytes:
        try:
            with time_limit(self._seconds):
                return await self._chunks.__anext__()
        except TimeoutError as error:
            raise httpx.ReadTimeout("") from error


# async-only: end


class AsyncOpenReply:
    """A reply whose body is still coming."""

    def __init__(
        self, exchange: AsyncExchange, waits: dict[str, float], *, peer: Peer, limit: int, idle: float, until: float
    ) -> None:
        self.status: int = exchange.response.status_code
        self.headers: dict[str, str] = _headers(exchange.response)
        self._exchange = exchange
        self._waits = waits
        self._peer = peer
        self._limit = limit
        self._idle = idle
        self._until = until
        self._chunks: Any = None
        self._inflater: Inflater | None = None
        self._pieces: Iterator[bytes] = _NO_PIECES  # of a chunk, decoded
        self.span: CallSpan | None = None

    async def next_chunk(self) -> bytes | None:
        """Return the next piece of the body, decoded; `None` at its end.

        Raises:
            APIConnectionError: the connection was lost, or was silent for too long.
        """
        try:
            if self._chunks is None:
                self._waits["read"] = self._idle  # the HTTP library looks it up for each read
                self._inflater = inflater_for(self.headers.get("content-encoding", ""))
                self._chunks = self._exchange.chunks()
                # async-only: begin
                if "network_stream" not in self._exchange.response.extensions:
                    self._chunks = _BoundedChunks(self._chunks, self._idle + _GRACE_SECONDS)
                # async-only: end
            while True:
                for piece in self._pieces:
                    return piece
                chunk: bytes = await self._chunks.__anext__()
                if self._inflater is None:
                    return chunk
                self._pieces = self._inflater.feed(chunk)
        except StopAsyncIteration:
            return None
        except Exception as error:
            failure = translate(error, self._peer)
            if isinstance(failure, APITimeoutError):
                failure.phase = "idle"
            if self.span is not None:
                self.span.fail(failure)
            raise failure from failure.__cause__

    def bound_waits(self, seconds: float) -> bool:
        """Let no wait for a piece last longer from now on; return whether that can be done.

        A time limit does not end the reads of a sync client that was injected, whose own limit holds from the first.
        """
        if self._chunks is None:
            self._idle = min(self._idle, seconds)
        return ENDS_ANY_WAIT or self._peer.own or self._chunks is None

    async def read(self) -> Reply:
        """Return the whole reply, within the call's deadline; its body is at most as large as the limit.

        Raises:
            APIConnectionError: the connection was lost, or the rest did not come in time.
            ResponseValidationError: it is too large, or cannot be decoded.
        """
        time_left = max(0.0, self._until - REAL.monotonic())
        try:
            with time_limit(time_left):
                content = await _read_body(self.headers, self._exchange, self._limit, self._peer)
                return Reply(self.status, self.headers, content or b"", self._peer.proxy)
        except TimeoutError as error:
            if isinstance(error, TrioError) and REAL.monotonic() < self._until:
                raise
        raise deadline_exceeded(self._peer, time_left)

    async def aclose(self) -> None:
        """Release the connection, and end the span."""
        try:
            await self._exchange.close(reusable=False)
        finally:
            if self.span is not None:
                self.span.end()


class AsyncSender:
    """Send requests to one server, over its own connections or through an injected client.

    Attributes:
        observer: what observes the exchanges, if anything does.
    """

    observer: Observer | None = None

    def __init__(
        self, base_url: str, key: Secret, *, trust_env: bool, max_body_bytes: int, http_client: AsyncHTTPClient | None
    ) -> None:
        if http_client is not None:
            check_async_client(http_client)
        parts = urlsplit(base_url)
        self.place: str = f"{parts.hostname}:{parts.port or (443 if parts.scheme.lower() == 'https' else 80)}"
        self._key = key
        self._max_body_bytes = max_body_bytes
        self._client = http_client
        self._cookies = KeptCookies(http_client)
        self._has_network_stream = False  # whether an injected client lets its connections be closed
        self._pool = None if http_client is not None else AsyncPool(base_url, trust_env=trust_env)
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
        try:
            with time_limit(time_left):
                waits = _waits(timeout, time_left)
                exchange = await self._exchange(request, timeout, waits, peer, counted=not request.fresh_connection)
                complete = False
                try:
                    headers = _headers(exchange.response)
                    content = await _read_body(headers, exchange, self._max_body_bytes, peer)
                    complete = content is not None
                finally:
                    # Servers that fail may close without saying so, a moment later.
                    kept = complete and not request.fresh_connection and exchange.response.status_code < 400
                    await exchange.close(reusable=kept)
                return Reply(exchange.response.status_code, headers, content or b"", peer.proxy)
        except TimeoutError as error:
            if isinstance(error, TrioError) and REAL.monotonic() < until:
                raise
        raise deadline_exceeded(peer, time_left)

    async def open(self, request: Prepared, timeout: Timeout, time_left: float, *, idle: float) -> AsyncOpenReply:
        """Return the reply as soon as its headers are there; a wait for a piece of it may then last `idle` seconds."""
        until, peer = REAL.monotonic() + time_left, self._peer(request)
        waits = _waits(timeout, time_left)
        try:
            with time_limit(time_left):
                exchange = await self._exchange(request, timeout, waits, peer, counted=False)
                return AsyncOpenReply(exchange, waits, peer=peer, limit=self._max_body_bytes, idle=idle, until=until)
        except TimeoutError as error:
            if isinstance(error, TrioError) and REAL.monotonic() < until:
                raise
        raise deadline_exceeded(peer, time_left)

    def _peer(self, request: Prepared) -> Peer:
        return Peer(self.place, self._pool is not None, request.secrets, self._proxy)

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
        self, request: Prepared, timeout: Timeout, waits: dict[str, float], peer: Peer, *, counted: bool
    ) -> AsyncExchange:
        outer, content = sys.exc_info()[1], AsyncContent(request.content or b"")
        try:
            if self._pool is None:
                return await self._through_client(request, waits)
            return await self._pool.open(
                self._wire(request, waits, content),
                fresh=request.fresh_connection or (self._pool.lost_unrepeatable and not request.repeatable),
                repeatable=request.repeatable,
                counted=counted,
                pool_timeout=timeout.pool,
            )
        except TrioError:
            raise
        except Exception as error:
            failure = translate(error, peer, outer, unsent=self._pool is not None and not content.begun)
            raise failure from failure.__cause__
        except BaseException as error:  # cancelled: the frames below hold the request, and with it the key
            drop_tracebacks(error, outer)
            raise error.with_traceback(None)  # noqa: B904  # the same one

    async def _through_client(self, request: Prepared, waits: dict[str, float]) -> AsyncExchange:
        assert self._client is not None
        wire = self._client.build_request(
            request.method, request.url, headers=self._headers(request), content=request.content
        )
        wire.extensions = {**wire.extensions, "timeout": waits}
        self._cookies.apply(self._client, wire)
        if not self._has_network_stream and request.headers.get("accept") != EVENT_STREAM:
            wire.headers["connection"] = "close"  # it could not be closed after a reply that may be its last
        await about_to_send()
        with masked_logs():
            response = await self._client.send(wire, stream=True, auth=None, follow_redirects=False)
        self._has_network_stream = "network_stream" in response.extensions
        return AsyncExchange(None, None, response, waits, counted=False)

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


async def _read_body(headers: dict[str, str], exchange: AsyncExchange, limit: int, peer: Peer) -> bytes | None:
    """Return the body; `None` if it is not to be had: a refusal's, whose status says enough, or a stream's."""
    response = exchange.response
    if response.status_code < 400 and media_type(headers) == EVENT_STREAM:
        return None  # it was not asked for, and has no end to wait for
    if response.is_stream_consumed:  # a mock's reply, complete and decoded already
        return bytes(response.content)
    try:
        encoding, announced = headers.get("content-encoding", ""), headers.get("content-length", "")
        body = BodyCollector(encoding=encoding, announced=announced, limit=limit)
        async for chunk in exchange.chunks():
            body.feed(chunk)
        return body.finish()
    except ResponseValidationError:
        if response.status_code < 400:
            raise
        return None
    except TrioError:
        raise
    except Exception as error:
        failure = translate(error, peer)
        raise failure from failure.__cause__


def _headers(response: Any) -> dict[str, str]:
    return {
        name.lower(): mask(value, is_url=True) if name.lower() == "location" else value
        for name, value in response.headers.items()
    }
