from __future__ import annotations

import os
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeAlias

import anyio.lowlevel
import pytest

from trio_client import AsyncTrioClient
from trio_client.stub import StubServer

Connect: TypeAlias = Callable[..., AsyncTrioClient]


THROUGH = os.environ.get("TRIO_TEST_HTTP_CLIENT", "")
"""The whole suite can run through a client of the user's: `httpx2`, or on the async side `aiohttp`."""


def other_client() -> Any:
    # async-only: begin
    if THROUGH == "aiohttp":
        from trio_client.contrib.aiohttp import AiohttpClient

        return AiohttpClient(trust_env=False)
    # async-only: end
    import httpx2

    return httpx2.AsyncClient(trust_env=False)


# async-only: begin
if THROUGH == "aiohttp":  # which knows no other event loop

    @pytest.fixture
    def anyio_backend() -> str:
        return "asyncio"


# async-only: end


class Pauses:
    """The waits of the clients of a test: they pass at once, for the clients as for the stub."""

    def __init__(self, stub: StubServer) -> None:
        self.seconds: list[float] = []
        self._stub = stub

    def drive(self, client: AsyncTrioClient) -> None:
        """Let a client wait in this way from now on."""
        client._transport.sleep, client._transport.clock = self.sleep, self.clock

    def clock(self) -> float:
        return time.monotonic() + sum(self.seconds)

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self._stub.clock.advance(seconds)
        await anyio.lowlevel.checkpoint()  # async-only


@pytest.fixture
def pauses(stub: StubServer) -> Pauses:
    return Pauses(stub)


@pytest.fixture
async def connect(stub: StubServer, pauses: Pauses) -> AsyncGenerator[Connect, None]:
    """Makes clients, of the stub if nothing else is said; they are closed at the end of the test."""
    made: list[AsyncTrioClient] = []
    borrowed: list[Any] = []

    def make(**options: Any) -> AsyncTrioClient:
        if "http_client" not in options and THROUGH:
            options["http_client"] = through = other_client()
            borrowed.append(through)
        client = AsyncTrioClient(**{"api_key": "test-key", "base_url": stub.base_url, **options})
        pauses.drive(client)
        made.append(client)
        return client

    yield make
    for client in made:
        await client.close()
    for through in borrowed:
        await through.aclose()


@pytest.fixture
def client(connect: Connect) -> AsyncTrioClient:
    return connect()
