"""Over aiohttp the client keeps what it promises; the tests of the wire run through it too (make test-all)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import anyio
import httpx
import pytest
from raw_server import CLOSE, HOLD, RESET, RawServer, reply

from trio_client import (
    APIConnectionError,
    APITimeoutError,
    AsyncTrioClient,
    ConfigurationError,
    CreateOutcomeUnknownError,
    RetryPolicy,
    Timeout,
)
from trio_client.contrib.aiohttp import AiohttpClient
from trio_client.stub import StubServer

pytestmark = pytest.mark.anyio

YARD = "rtsp://camera.example/yard"
OPEN = "the gate is open"
KEY = "planted-key-8761"
NO_JOBS = reply({"jobs": []})
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def http() -> AsyncGenerator[AiohttpClient, None]:
    async with AiohttpClient(trust_env=False) as http:
        yield http


def client_of(server: RawServer, http: AiohttpClient, **options: object) -> AsyncTrioClient:
    return AsyncTrioClient(KEY, base_url=server.base_url, http_client=http, **options)  # type: ignore[arg-type]


async def test_a_job_is_made_watched_and_stopped(http: AiohttpClient) -> None:
    with StubServer(speed=600) as stub:
        client = AsyncTrioClient(KEY, base_url=stub.base_url, http_client=http)
        async with client.live_monitor.stream(YARD, OPEN) as events:
            assert "started" == (await anext(events)).kind
        assert 0 == stub.running_jobs


async def test_a_request_has_the_headers_of_the_client_and_no_others(http: AiohttpClient) -> None:
    with RawServer(reply({"jobs": []}, set_cookie="a=b")) as server:
        client = client_of(server, http)
        for _ in range(2):
            await client.jobs.list()
    names = [line.partition(":")[0].lower() for line in server.requests[1].decode().splitlines()[1:-1]]
    assert {"host", "authorization", "accept", "accept-encoding", "user-agent"} == set(names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("end", [CLOSE, RESET])
async def test_a_create_whose_answer_is_lost_is_sent_once(http: AiohttpClient, end: str) -> None:
    with RawServer(NO_JOBS, [end], NO_JOBS) as server:
        client = client_of(server, http, retry=RetryPolicy(reconcile_for=0.1))
        await client.jobs.list()
        with pytest.raises(CreateOutcomeUnknownError):
            await client.live_monitor.create(YARD, OPEN)
        assert 1 == sum(request.startswith(b"POST") for request in server.requests)


@pytest.mark.parametrize("end", [CLOSE, RESET])
async def test_nothing_is_sent_again_behind_the_back_of_the_client(http: AiohttpClient, end: str) -> None:
    with RawServer(NO_JOBS, [end], NO_JOBS) as server:
        client = client_of(server, http, retry=None)
        await client.jobs.list()
        with pytest.raises(APIConnectionError) as caught:
            await client.jobs.list()
        assert (True, 2, 1) == (caught.value.request_sent, len(server.requests), server.connections)


async def test_reads_share_a_connection_and_each_create_has_one_of_its_own(http: AiohttpClient) -> None:
    with RawServer(NO_JOBS, NO_JOBS, reply({"job_id": "a"}), reply({"job_id": "b"})) as server:
        client = client_of(server, http)
        for _ in range(2):
            await client.jobs.list()
        for _ in range(2):
            await client.live_monitor.create(YARD, OPEN)
        assert 3 == server.connections


async def test_what_could_not_be_sent_is_known_not_to_be(http: AiohttpClient) -> None:
    with RawServer(NO_JOBS) as server:
        pass
    with pytest.raises(APIConnectionError) as caught:
        await client_of(server, http, retry=None).live_monitor.create(YARD, OPEN)
    assert (False, False) == (caught.value.request_sent, caught.value.permanent)


async def test_a_server_that_cannot_be_trusted_is_not_tried_again(http: AiohttpClient) -> None:
    async def garble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"not TLS at all")
        writer.close()

    async with await asyncio.start_server(garble, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = AsyncTrioClient(KEY, base_url=f"https://127.0.0.1:{port}/api", http_client=http)
        with pytest.raises(APIConnectionError, match="No trustworthy connection") as caught:
            await client.live_monitor.create(YARD, OPEN)
    assert (False, True) == (caught.value.request_sent, caught.value.permanent)


async def test_a_late_reply_is_a_timeout_of_what_was_sent(http: AiohttpClient) -> None:
    with RawServer([HOLD]) as server:
        with pytest.raises(APITimeoutError) as caught:
            await client_of(server, http, timeout=Timeout(response=0.05), retry=None).jobs.list()
    assert ("response", True) == (caught.value.phase, caught.value.request_sent)


async def test_a_stream_may_be_silent_for_longer_than_its_start_may_take(http: AiohttpClient) -> None:
    script = [STREAM, 1.5, b'event: started\ndata: {"job_id": "a"}\n\nevent: stopped\ndata: {"job_id": "a"}\n\n', CLOSE]
    with RawServer(script) as server:
        client = client_of(server, http, timeout=Timeout(response=1.0))
        assert ["started", "stopped"] == [event.kind async for event in client.live_monitor.stream(YARD, OPEN)]


async def test_a_wait_for_more_of_a_body_has_the_limit_of_that_moment(http: AiohttpClient) -> None:
    with RawServer([STREAM, b"data: a\n\n", HOLD]) as server:
        request = http.build_request("GET", server.base_url)
        waits = {"connect": 5.0, "pool": 5.0, "read": 5.0}
        request.extensions = {"timeout": waits}
        response = await http.send(request)
        body = response.stream
        assert b"data: a\n\n" == await anext(body)
        waits["read"] = 0.01
        with pytest.raises(httpx.ReadTimeout):
            await anext(body)
        await response.aclose()


async def test_a_call_that_is_given_up_leaves_no_connection_behind(http: AiohttpClient) -> None:
    with RawServer([]) as server:
        call = asyncio.create_task(client_of(server, http).jobs.list())
        await asyncio.to_thread(server.wait_for_requests, 1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.to_thread(server.wait_for_closing)


async def test_no_failure_holds_the_key(http: AiohttpClient) -> None:
    with RawServer([b"HTTP/1.1 two hundred\r\n\r\n", CLOSE]) as server:
        with pytest.raises(APIConnectionError) as caught:
            await client_of(server, http, retry=None).jobs.list()
    error: BaseException | None = caught.value
    while error is not None:
        assert KEY not in f"{error!r} {vars(error)}"
        error = error.__cause__ or error.__context__


async def test_the_environments_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(NO_JOBS) as proxy:
        monkeypatch.setenv("http_proxy", proxy.base_url.replace("//", "//user:pass@").removesuffix("/api"))
        async with AiohttpClient() as http:
            client = AsyncTrioClient(KEY, base_url="http://localhost:1/api", http_client=http)
            await client.jobs.list()
    head = proxy.requests[0].decode().lower()
    assert head.startswith("get http://localhost:1/api/jobs")
    assert "proxy-authorization: basic dxnlcjpwyxnz" in head


async def test_a_proxy_that_it_cannot_use_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1")
    with RawServer(NO_JOBS) as server:
        async with AiohttpClient() as http:
            with pytest.raises(ConfigurationError, match="socks5"):
                await client_of(server, http).jobs.list()


async def test_it_serves_one_server(http: AiohttpClient) -> None:
    with RawServer(NO_JOBS) as first, RawServer(NO_JOBS) as second:
        await client_of(first, http).jobs.list()
        with pytest.raises(ConfigurationError, match="each server"):
            await client_of(second, http).jobs.list()


async def test_it_is_of_no_use_once_closed(http: AiohttpClient) -> None:
    await http.aclose()
    await http.aclose()
    with RawServer(NO_JOBS) as server:
        with pytest.raises(ConfigurationError, match="closed"):
            await client_of(server, http).jobs.list()


def test_it_serves_one_event_loop() -> None:
    http = AiohttpClient(trust_env=False)

    with RawServer(NO_JOBS) as server:
        client = client_of(server, http)

        async def first() -> None:
            await client.jobs.list()

        async def second() -> None:
            with pytest.raises(ConfigurationError, match="another event loop"):
                await client.jobs.list()

        loop = asyncio.new_event_loop()
        loop.run_until_complete(first())
        asyncio.run(second())
        loop.run_until_complete(http.aclose())
        loop.close()


def test_the_trio_library_is_refused_in_words() -> None:
    async def main() -> None:
        with RawServer(NO_JOBS) as server, pytest.raises(ConfigurationError, match="asyncio"):
            await client_of(server, AiohttpClient()).jobs.list()

    anyio.run(main, backend="trio")


async def test_a_surplus_that_comes_with_the_end_of_a_reply_is_not_the_next_reply(http: AiohttpClient) -> None:
    planted = reply({"jobs": [{"job_id": "planted"}]})
    head, body = NO_JOBS[: NO_JOBS.index(b"{")], NO_JOBS[NO_JOBS.index(b"{") :]
    with RawServer([head, 0.05, body + planted, HOLD], NO_JOBS) as server:
        client = client_of(server, http)
        assert [0, 0] == [len(await client.jobs.list()) for _ in range(2)]


async def test_a_create_that_is_cancelled_before_it_is_connected_is_not_sent(
    http: AiohttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    connecting, connected = asyncio.Event(), asyncio.Event()
    connect = aiohttp.TCPConnector.connect

    async def slowly(*arguments: Any, **named: Any) -> Any:
        connection = await connect(*arguments, **named)
        connecting.set()
        with anyio.CancelScope(shield=True):
            await connected.wait()
        return connection

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", slowly)
    with RawServer(NO_JOBS) as server:
        create = asyncio.ensure_future(client_of(server, http).live_monitor.create(YARD, OPEN))
        await connecting.wait()
        create.cancel()
        await asyncio.sleep(0)
        connected.set()
        with pytest.raises(asyncio.CancelledError):
            await create
        assert [] == server.requests


async def test_few_connect_at_a_time(http: AiohttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    connect, under_way, most = aiohttp.TCPConnector.connect, 0, 0

    async def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        connection = await connect(*arguments, **named)
        await asyncio.sleep(0)
        under_way -= 1
        return connection

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", counted)
    with RawServer(reply({"job_id": "a"})) as server:
        client = client_of(server, http)
        await asyncio.gather(*(client.live_monitor.create(YARD, OPEN) for _ in range(100)))
        assert (100, True) == (server.connections, most <= 32)
