"""What holds over every way to connect: own connections, httpx, httpx2 and httpx-aiohttp."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest
from raw_server import CLOSE, HOLD, RESET, RawServer, reply

from trio_client import (
    APIConnectionError,
    APITimeoutError,
    AsyncTrioClient,
    CreateOutcomeUnknownError,
    RetryPolicy,
    Timeout,
    Triggered,
)
from trio_client.stub import StubServer

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
YARD = "rtsp://camera.example/yard"
OPEN = "the gate is open"
KEY = "planted-key-8761"
NO_JOBS = reply({"jobs": []})
WAYS = [
    ("own connections", "asyncio"),
    ("own connections", "trio"),  # async-only
    ("httpx", "asyncio"),
    ("httpx", "trio"),  # async-only
    ("httpx2", "asyncio"),
    ("httpx2", "trio"),  # async-only
    ("httpx-aiohttp", "asyncio"),  # async-only
]


@pytest.fixture(params=WAYS, ids=" ".join)
def way_and_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def way(way_and_backend: tuple[str, str]) -> str:
    return way_and_backend[0]


# async-only: begin
@pytest.fixture
def anyio_backend(way_and_backend: tuple[str, str]) -> str:
    return way_and_backend[1]


# async-only: end
def posts(server: RawServer) -> int:
    return sum(request.startswith(b"POST") for request in server.requests)


async def test_a_job_is_made_watched_and_stopped(stub: StubServer, client: AsyncTrioClient) -> None:
    async with client.live_monitor.stream(YARD, OPEN, max_triggers=None) as events:
        stub.clock.advance(100)
        assert await events.until(Triggered) is not None
    assert stub.running_jobs == 0


@pytest.mark.parametrize("end", [CLOSE, RESET])
async def test_a_create_whose_connection_is_lost_after_the_body_is_sent_once(connect: Connect, end: str) -> None:
    with RawServer(NO_JOBS, [end], NO_JOBS) as server:
        client = connect(base_url=server.base_url, retry=RetryPolicy(reconcile_for=0.1))
        await client.jobs.list()
        with pytest.raises(CreateOutcomeUnknownError):
            await client.live_monitor.create(YARD, OPEN)
        assert posts(server) == 1


@pytest.mark.parametrize("end", [CLOSE, RESET])
async def test_a_create_whose_connection_is_lost_within_the_reply_is_sent_once(connect: Connect, end: str) -> None:
    with RawServer([b"HTTP/1.1 200 OK\r\ncontent-le", end], NO_JOBS) as server:
        client = connect(base_url=server.base_url, retry=RetryPolicy(reconcile_for=0.1))
        with pytest.raises(CreateOutcomeUnknownError):
            await client.live_monitor.create(YARD, OPEN)
        assert posts(server) == 1


@pytest.mark.parametrize("end", [CLOSE, RESET])
async def test_a_lost_connection_is_known_to_have_carried_the_request(connect: Connect, end: str) -> None:
    with RawServer([end]) as server:
        with pytest.raises(APIConnectionError, match="was lost") as caught:
            await connect(base_url=server.base_url, retry=None).jobs.list()
    assert caught.value.request_sent is True


async def test_a_refused_connection_is_known_not_to_have_carried_the_request(connect: Connect) -> None:
    with RawServer(NO_JOBS) as server:
        pass
    with pytest.raises(APIConnectionError, match="Could not connect") as caught:
        await connect(base_url=server.base_url, retry=None).live_monitor.create(YARD, OPEN)
    assert (caught.value.request_sent, caught.value.permanent) == (False, False)


async def test_a_create_that_could_not_connect_is_tried_again(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    client = connect(base_url=f"http://127.0.0.1:{port}/api", retry=RetryPolicy(max_attempts=3, base_delay=0))
    with pytest.raises(APIConnectionError) as caught:
        await client.live_monitor.create(YARD, OPEN)
    assert caught.value.request_sent is False


@pytest.fixture
def garbler() -> Iterator[int]:
    """The port of a server that answers a TLS handshake with something else."""

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(100)
                connection.sendall(b"not TLS at all")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


async def test_a_server_that_cannot_be_trusted_is_not_tried_again(connect: Connect, garbler: int) -> None:
    client = connect(base_url=f"https://127.0.0.1:{garbler}/api")
    with pytest.raises(APIConnectionError, match="No trustworthy connection") as caught:
        await client.live_monitor.create(YARD, OPEN)
    assert (caught.value.request_sent, caught.value.permanent) == (False, True)


async def test_a_late_reply_is_a_timeout_of_what_was_sent(connect: Connect) -> None:
    with RawServer([HOLD]) as server:
        with pytest.raises(APITimeoutError) as caught:
            await connect(base_url=server.base_url, timeout=Timeout(response=0.05), retry=None).jobs.list()
    assert (caught.value.phase, caught.value.request_sent) == ("response", True)


async def test_each_create_has_a_connection_of_its_own(connect: Connect) -> None:
    def job(name: str) -> Any:
        return [reply({"job_id": name}, connection="close"), CLOSE]  # aiohttp leaves the closing to the server

    with RawServer(job("a"), job("b"), NO_JOBS) as server:
        client = connect(base_url=server.base_url)
        for _ in range(2):
            await client.live_monitor.create(YARD, OPEN)
        await client.jobs.list()
        assert server.connections == 3
        assert all(b"connection: close" in request.lower() for request in server.requests[:2])


# async-only: begin
async def test_a_cancelled_call_leaves_no_connection_behind(connect: Connect) -> None:
    with RawServer([]) as server:
        client = connect(base_url=server.base_url)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.jobs.list)
            await anyio.to_thread.run_sync(server.wait_for_requests, 1)
            tasks.cancel_scope.cancel()
        await anyio.to_thread.run_sync(server.wait_for_closing)


# async-only: end
@pytest.mark.parametrize(
    "script",
    [
        [f"HTTP/1.1 {KEY}\r\n\r\n".encode(), CLOSE],
        [f"HTTP/1.1 200 OK\r\n{KEY}\r\n\r\n".encode(), CLOSE],
        [f"HTTP/1.1 200 Bearer {KEY}\r\ncontent-length: {KEY}\r\n\r\n".encode(), CLOSE],
        [f"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nBearer {KEY}\r\n".encode(), CLOSE],
        [b"", RESET],
    ],
    ids=["status line", "header line", "length", "chunk", "reset"],
)
async def test_no_failure_repeats_the_key(connect: Connect, script: Any) -> None:
    with RawServer(script) as server:
        with pytest.raises(APIConnectionError) as caught:
            await connect(api_key=KEY, base_url=server.base_url, retry=None).jobs.list()
    error: BaseException | None = caught.value
    while error is not None:
        assert KEY not in f"{error} {error!r} {vars(error)}"
        error = error.__cause__ or error.__context__
