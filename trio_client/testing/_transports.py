"""httpx transports that answer in process, without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeAlias

import httpx
from typing_extensions import Self

from ._in_process import Exchange, InProcessStub
from ._script import read_timeout

__all__ = ["AsyncMockTransport", "MockTransport"]


_Answer: TypeAlias = Callable[[httpx.Request, bytes], "httpx.Response | InProcessStub"]
"""Returns the scripted response, or the stub that answers instead."""


class MockTransport(httpx.BaseTransport):
    """Answers requests of an `httpx.Client` in process."""

    def __init__(self, answer: _Answer) -> None:
        self._answer = answer

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the response; its body streams as it is produced."""
        content = request.read()
        found = self._answer(request, content)
        if isinstance(found, httpx.Response):
            return found
        exchange = found.exchange(request, content)
        found.call(exchange.begin(read_timeout(request)))
        return httpx.Response(exchange.status, headers=exchange.headers, stream=_Body(found, exchange, request))


class AsyncMockTransport(httpx.AsyncBaseTransport):
    """Answers requests of an `httpx.AsyncClient` in process."""

    def __init__(self, answer: _Answer) -> None:
        self._answer = answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the response; its body streams as it is produced."""
        content = await request.aread()
        found = self._answer(request, content)
        if isinstance(found, httpx.Response):
            return found
        exchange = found.exchange(request, content)
        await found.async_call(exchange.begin(read_timeout(request)))
        return httpx.Response(exchange.status, headers=exchange.headers, stream=_AsyncBody(found, exchange, request))


class _Body(httpx.SyncByteStream):
    def __init__(self, stub: InProcessStub, exchange: Exchange, request: httpx.Request) -> None:
        self._stub = stub
        self._exchange = exchange
        self._request = request
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        while not self._closed and (chunk := self._stub.call(self._exchange.next_chunk(read_timeout(self._request)))):
            yield chunk

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            with suppress(httpx.TransportError):  # the mock was closed first
                self._stub.call(self._exchange.end())


class _AsyncBody(httpx.AsyncByteStream):
    def __init__(self, stub: InProcessStub, exchange: Exchange, request: httpx.Request) -> None:
        self._stub = stub
        self._exchange = exchange
        self._request = request
        self._closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._closed:
            raise StopAsyncIteration
        chunk = await self._stub.async_call(self._exchange.next_chunk(read_timeout(self._request)))
        if not chunk:
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            with suppress(httpx.TransportError):  # the mock was closed first
                await self._stub.async_call(self._exchange.end())
