from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any, TypeAlias

import anyio.lowlevel
import pytest

from trio_client import AsyncTrioClient
from trio_client._time_source import REAL, RealTime, replaced
from trio_client.stub import StubServer
from trio_client.testing import Recorder

Connect: TypeAlias = Callable[..., AsyncTrioClient]
PollAfterSilence: TypeAlias = Callable[[float], None]


THROUGH = os.environ.get("TRIO_TEST_HTTP_CLIENT", "")
"""The whole suite can run through a client of the user's: `httpx`, `httpx2`, or on the async side `httpx-aiohttp`;
or, with `recorder`, over the clients' own connections with a Recorder in between."""


def make_http_client(way: str) -> Any:
    """Return a client for `http_client=`; `None` stands for the client's own connections."""
    if way == "httpx":
        import httpx

        return httpx.AsyncClient(trust_env=False)
    if way == "httpx2":
        import httpx2

        return httpx2.AsyncClient(trust_env=False)
    # async-only: begin
    if way == "httpx-aiohttp":
        import httpx_aiohttp

        return httpx_aiohttp.HttpxAiohttpClient(trust_env=False)
    # async-only: end
    if THROUGH == "recorder" and way == "own connections":
        return Recorder(os.devnull).async_http_client()
    return None


# async-only: begin
if THROUGH == "httpx-aiohttp":  # which knows no other event loop

    @pytest.fixture
    def anyio_backend() -> str:
        return "asyncio"


# async-only: end


@pytest.fixture
def way() -> str:
    """How clients connect: `own connections`, or through an injected client."""
    return "own connections" if THROUGH in ("", "recorder") else THROUGH


class Pauses(RealTime):
    """The waits of the clients of a test: they pass at once, for the clients as for the stub."""

    def __init__(self, stub: StubServer) -> None:
        self.seconds: list[float] = []
        self._stub = stub

    def monotonic(self) -> float:
        return REAL.monotonic() + sum(self.seconds)

    async def async_sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self._stub.clock.advance(seconds)
        await anyio.lowlevel.checkpoint()  # async-only

    def take_real_time(self, speed: float = 1) -> None:
        """Let waits take their time from now on, or a fraction of it."""

        async def sleep(seconds: float) -> None:
            await REAL.async_sleep(seconds / speed)

        self.async_sleep, self.monotonic = sleep, REAL.monotonic

    def scale(self, speed: float) -> None:
        """Let the clock of the clients run faster from now on, waits included."""
        self.take_real_time(speed)
        self.monotonic = lambda: REAL.monotonic() * speed


@pytest.fixture
def pauses(stub: StubServer) -> Iterator[Pauses]:
    pauses = Pauses(stub)
    with replaced(pauses):
        yield pauses


@pytest.fixture
async def connect(stub: StubServer, pauses: Pauses, way: str) -> AsyncGenerator[Connect, None]:
    """Makes clients, of the stub if nothing else is said; they are closed at the end of the test."""
    made: list[AsyncTrioClient] = []
    borrowed: list[Any] = []

    def make(**options: Any) -> AsyncTrioClient:
        through = None if "http_client" in options else make_http_client(way)
        if through is not None:
            options["http_client"] = through
            borrowed.append(through)
        client = AsyncTrioClient(**{"api_key": "test-key", "base_url": stub.base_url, **options})
        made.append(client)
        return client

    yield make
    for client in made:
        await client.close()
    for through in borrowed:
        if hasattr(through, "observer"):
            through.observer.close()
        else:
            await through.aclose()


@pytest.fixture
def poll_after_silence(monkeypatch: pytest.MonkeyPatch) -> PollAfterSilence:
    """Sets after how many seconds of silence the job of a stream is polled, for the streams that open from then on."""

    def set_limit(seconds: float) -> None:
        monkeypatch.setattr("trio_client._core.event_reader._MIN_IDLE_LIMIT", seconds)
        intervals = {"/live-monitor": 0.01, "/live-digest": 0.01}  # so that no interval makes it longer
        monkeypatch.setattr("trio_client._core.event_reader._DEFAULT_INTERVALS", intervals)

    return set_limit


@pytest.fixture
def client(connect: Connect) -> AsyncTrioClient:
    return connect()
