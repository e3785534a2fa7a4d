"""Read a reply whole, or piece by piece, within bounds of time and size."""

from __future__ import annotations

from collections.abc import (
    AsyncIterator,  # async-only
    Iterator,
)
from typing import Any

import httpx  # async-only

from ..._core.call import EVENT_STREAM
from ..._core.reply import Reply, media_type
from ..._core.spans import CallSpan
from ..._redaction import mask
from ..._time_source import REAL
from ...errors import APITimeoutError, ResponseValidationError, TrioError
from ..concurrency.async_.shield import ENDS_ANY_WAIT, time_limit
from ..content import BodyCollector, Inflater, inflater_for
from ..errors import Peer, deadline_exceeded, translate
from .pool import AsyncExchange

__all__ = ["AsyncOpenReply", "headers_of", "read_body"]

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
        self, exchange: AsyncExchange, waits: dict[str, float], *, peer: Peer, limit: int, until: float
    ) -> None:
        self.status: int = exchange.response.status_code
        self.headers: dict[str, str] = headers_of(exchange.response)
        self._exchange = exchange
        self._waits = waits
        self._peer = peer
        self._limit = limit
        self._until = until
        self._chunks: Any = None
        self._inflater: Inflater | None = None
        self._pieces: Iterator[bytes] = _NO_PIECES  # of a chunk, decoded
        self.span: CallSpan | None = None

    async def next_chunk(self, seconds: float) -> bytes | None:
        """Return the next piece of the body, decoded; `None` at its end.

        Args:
            seconds: how long to wait for bytes. A client that was injected may keep to those of the first call.

        Raises:
            APIConnectionError: the connection was lost, or was silent for too long.
        """
        try:
            self._waits["read"] = seconds  # the HTTP library looks it up
            if self._chunks is None:
                self._inflater = inflater_for(self.headers.get("content-encoding", ""))
                self._chunks = self._exchange.chunks()
                # async-only: begin
                if "network_stream" not in self._exchange.response.extensions:
                    self._chunks = _BoundedChunks(self._chunks, seconds + _GRACE_SECONDS)
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

    @property
    def can_bound_waits(self) -> bool:
        """Whether the next wait for a piece ends when it is to.

        A time limit does not end the reads of a sync client that was injected, whose own limit holds from the first.
        """
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
                content = await read_body(self.headers, self._exchange, self._limit, self._peer)
                return Reply(self.status, self.headers, content or b"", self._peer.proxy, self._peer.base_url)
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


async def read_body(headers: dict[str, str], exchange: AsyncExchange, limit: int, peer: Peer) -> bytes | None:
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


def headers_of(response: Any) -> dict[str, str]:
    """Return the headers of a response by their names in lower case; an address in them is masked."""
    return {
        name.lower(): mask(value, is_url=True) if name.lower() == "location" else value
        for name, value in response.headers.items()
    }
