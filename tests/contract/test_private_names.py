"""The private names of httpx and httpcore that `_http/_async/connection.py` uses, and the client without each.

Only these three. Each test says what breaks when the name changes; nothing of it loses or repeats a call, since an
inside that is not recognized is not used again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import h11
import httpcore
import httpx
import pytest
from raw_server import RawServer, reply

from trio_client import AsyncTrioClient, TrioClient
from trio_client.stub import StubServer

NO_JOBS = reply({"jobs": []})
YARD = "rtsp://camera.example/yard"
OPEN = "the gate is open"


@pytest.fixture
def served() -> Iterator[tuple[RawServer, Any]]:
    """A server, and a connection of httpcore that has fetched a reply from it."""
    with RawServer(NO_JOBS) as server, httpcore.ConnectionPool() as pool:
        url = httpcore.URL(server.base_url)
        connection = pool.create_connection(url.origin)
        response = connection.handle_request(httpcore.Request("GET", url, headers={"Host": "x"}))
        response.read()
        response.close()
        yield server, connection
        connection.close()


@pytest.mark.parametrize("transport", [httpx.HTTPTransport, httpx.AsyncHTTPTransport])
def test_httpx_sends_through_the_pool_of_a_transport(transport: Callable[[], Any]) -> None:
    """Without `_pool` a transport cannot be put over one connection: each call makes a connection, nothing is kept."""
    assert isinstance(transport()._pool, (httpcore.ConnectionPool, httpcore.AsyncConnectionPool))


def test_httpcore_keeps_the_connection_that_it_made(served: Any) -> None:
    """Without `_connection` the state of HTTP/1.1 cannot be reached: see the next."""
    _, connection = served
    assert isinstance(connection._connection, httpcore.HTTP11Connection)


def test_httpcore_keeps_the_state_of_h11(served: Any) -> None:
    """Without `_h11_state` surplus bytes cannot be seen, so that no connection is reused; and a cancelled read of a
    stream ends the stream, which is then followed by polling."""
    _, connection = served
    state = connection._connection._h11_state
    assert isinstance(state, h11.Connection)
    assert state.trailing_data == (b"", False)


def hide(patch: pytest.MonkeyPatch, cls: type, name: str) -> None:
    """Hide an attribute from this package alone."""
    original = cls.__getattribute__

    def getattribute(self: Any, asked: str) -> Any:
        if asked == name and sys._getframe(1).f_globals["__name__"].startswith("trio_client."):
            raise AttributeError(name)
        return original(self, asked)

    patch.setattr(cls, "__getattribute__", getattribute)


NAMES = [
    ("_pool", httpx.HTTPTransport, httpx.AsyncHTTPTransport),
    ("_connection", httpcore.HTTPConnection, httpcore.AsyncHTTPConnection),
    ("_h11_state", httpcore.HTTP11Connection, httpcore.AsyncHTTP11Connection),
]


@pytest.fixture(params=NAMES, ids=lambda each: each[0])
def _hidden(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    name, *classes = request.param
    for cls in classes:
        hide(monkeypatch, cls, name)


@pytest.mark.usefixtures("_hidden")
def test_without_a_name_every_call_of_the_sync_client_works_on_a_connection_of_its_own() -> None:
    with RawServer(NO_JOBS) as server, TrioClient("k", base_url=server.base_url) as client:
        for _ in range(3):
            assert len(client.jobs.list()) == 0
        assert server.connections == 3


@pytest.mark.usefixtures("_hidden")
@pytest.mark.anyio
async def test_without_a_name_every_call_of_the_async_client_works_on_a_connection_of_its_own() -> None:
    with RawServer(NO_JOBS) as server:
        async with AsyncTrioClient("k", base_url=server.base_url) as client:
            for _ in range(3):
                assert len(await client.jobs.list()) == 0
        assert server.connections == 3


@pytest.mark.usefixtures("_hidden")
def test_without_a_name_a_stream_is_read_and_its_job_stopped(stub: StubServer) -> None:
    with TrioClient("k", base_url=stub.base_url) as client, client.live_monitor.stream(YARD, OPEN) as events:
        stub.clock.advance(100)
        assert [event.kind for event in events.collect()][-1] == "stopped"
    assert stub.running_jobs == 0


@pytest.mark.usefixtures("_hidden")
@pytest.mark.anyio
async def test_without_a_name_a_create_that_is_cancelled_leaves_no_job_behind(stub: StubServer) -> None:
    async with AsyncTrioClient("k", base_url=stub.base_url) as client:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await client.live_monitor.create(YARD, OPEN)
        assert stub.running_jobs == 0
