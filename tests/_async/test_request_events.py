"""The typed events of any endpoint: no job is owned, and the request goes out once."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import (
    AsyncIterator,  # async-only
    Callable,
)
from typing import Any

import anyio  # async-only
import httpx  # async-only
import pytest
from raw_server import CLOSE, HOLD, RESET, RawServer, reply

from trio_client import (
    APIConnectionError,
    APITimeoutError,  # async-only
    AsyncTrioClient,
    Progress,
    RequestValidationError,
    ResponseValidationError,
    ServerError,
    Started,
    Stopped,
    StreamInterruptedError,
    Timeout,
    UnknownEvent,
)
from trio_client.stub import StubServer

from .conftest import Pauses

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
BODY = {"stream_url": "rtsp://camera.example/yard", "condition": "the gate is open"}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n"
CHUNKED = HEAD[:-2] + b"Transfer-Encoding: chunked\r\n\r\n"
COMMENT = b": alive\n\n"
RESULT = b'event: result\ndata: {"answer": "The gate is closed."}\n\n'


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def kinds(client: AsyncTrioClient, **options: Any) -> list[str]:
    async with client.request_events("GET", "/watch", **options) as events:
        return [event.kind async for event in events]


async def test_the_events_of_a_job_are_typed_and_its_end_is_the_outcome(
    stub: StubServer, client: AsyncTrioClient
) -> None:
    async with client.request_events("POST", "/live-monitor", json=BODY) as events:
        stub.clock.advance(60)
        found = await events.collect()
    assert isinstance(found[0], Started)
    assert isinstance(found[-1], Stopped)
    assert events.outcome is found[-1]
    assert any(isinstance(event, Progress) for event in found)
    assert stub.requests[0].headers["accept"] == "text/event-stream"


async def test_leaving_it_early_stops_no_job(stub: StubServer, client: AsyncTrioClient) -> None:
    async with client.request_events("POST", "/live-monitor", json=BODY) as events:
        stub.clock.advance(3)
        assert await events.until(Started) is not None
    assert [request.method for request in stub.requests] == ["POST"]


@pytest.mark.parametrize(
    "stream",
    [
        [HEAD, RESULT, CLOSE],
        [CHUNKED, chunk(RESULT), b"0\r\n\r\n"],
        [CHUNKED, chunk(RESULT + b"data: no blank line"), b"0\r\n\r\n"],
        [HEAD[:-2] + b"Content-Length: %d\r\n\r\n" % len(RESULT), RESULT],
    ],
)
async def test_the_end_of_the_body_ends_it_quietly(connect: Connect, stream: list[Any]) -> None:
    with RawServer(stream) as server:
        async with connect(base_url=server.base_url).request_events("GET", "/watch") as events:
            found = [event async for event in events]
    assert [type(event) for event in found] == [UnknownEvent]
    assert found[0].raw == {"answer": "The gate is closed."}
    assert events.outcome is None


@pytest.mark.parametrize(
    "stream",
    [
        [HEAD, RESULT, RESET],
        [CHUNKED, chunk(RESULT), CLOSE],
        [HEAD, RESULT, b'data: {"answer": "The ga', CLOSE],
        [HEAD[:-2] + b"Content-Length: 9999\r\n\r\n", RESULT, CLOSE],
    ],
)
async def test_a_stream_that_is_cut_off_raises_after_its_events(connect: Connect, way: str, stream: list[Any]) -> None:
    if way == "httpx-aiohttp" and stream[-1] == RESET:
        pytest.skip("aiohttp takes the reset of a body without a length for its end")
    with RawServer(stream) as server:
        async with connect(base_url=server.base_url).request_events("GET", "/watch") as events:
            assert await events.until(UnknownEvent) is not None
            with pytest.raises(StreamInterruptedError, match="GET /watch was cut off") as caught:
                await events.collect()
        assert len(server.requests) == 1
    assert isinstance(caught.value.last, UnknownEvent)


async def test_a_silent_stream_is_cut_off_after_its_idle_timeout(connect: Connect) -> None:
    with RawServer([HEAD, RESULT, HOLD]) as server:
        with pytest.raises(StreamInterruptedError, match="cut off"):
            await kinds(connect(base_url=server.base_url), idle_timeout=0.2)


# async-only: begin
class SilentBody(httpx.AsyncByteStream):
    """A body that never ends, in a transport that has forgotten its time limit."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield RESULT
        await anyio.sleep_forever()


async def test_the_wait_for_a_transport_that_forgets_its_time_limit_ends_too(connect: Connect) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=SilentBody())

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http_client:
        client = connect(http_client=http_client)
        with anyio.fail_after(30), pytest.raises(StreamInterruptedError, match="cut off") as caught:
            await kinds(client, idle_timeout=0.05)
    assert isinstance(caught.value.__cause__, APITimeoutError)
    assert "idle" == caught.value.__cause__.phase


# async-only: end
async def test_comments_cannot_flood_a_stream(connect: Connect) -> None:
    flood = (b": " + b"x" * 60_000 + b"\n") * 20
    with RawServer([HEAD, RESULT, flood, HOLD]) as server:
        with pytest.raises(StreamInterruptedError, match="more than 1 MiB of comments"):
            await kinds(connect(base_url=server.base_url))


async def test_comments_do_not_keep_a_stream_alive(connect: Connect, pauses: Pauses) -> None:
    pauses.scale(1000)  # to the clients each comment comes after 10 s, or after more on a busy machine
    with RawServer([HEAD, RESULT, *[0.01, COMMENT] * 1000, HOLD]) as server:
        with pytest.raises(StreamInterruptedError, match="no event arrived within 60 s"):
            await kinds(connect(base_url=server.base_url))


@pytest.mark.own_connections
@pytest.mark.parametrize("begun", [b"5;", b"0\r\nX: "], ids=["the head of a chunk", "a trailer"])
async def test_a_byte_now_and_then_that_ends_nothing_is_silence(connect: Connect, pauses: Pauses, begun: bytes) -> None:
    pauses.take_real_time()
    asked = time.monotonic()
    with RawServer([CHUNKED, chunk(RESULT) + begun, *[0.05, b"x"] * 1000, HOLD]) as server:
        async with connect(base_url=server.base_url).request_events("GET", "/watch", idle_timeout=0.2) as events:
            with pytest.raises(StreamInterruptedError, match=r"no event arrived within 0\.2 s"):
                await events.until(Progress)
    assert time.monotonic() < asked + 25, "long before the bytes end, after 50 s"


@pytest.mark.own_connections
async def test_silence_is_noticed_in_waits_however_short(connect: Connect, pauses: Pauses) -> None:
    pauses.take_real_time()
    with RawServer([HEAD, RESULT, HOLD]) as server:
        async with connect(base_url=server.base_url).request_events("GET", "/watch", idle_timeout=0.2) as events:
            with pytest.raises(StreamInterruptedError, match=r"no event arrived within 0\.2 s"):
                for _ in range(1000):
                    await events.until(Progress, timeout=0)


@pytest.mark.own_connections
async def test_events_that_wait_while_the_caller_does_something_else_are_read(connect: Connect, pauses: Pauses) -> None:
    go = threading.Event()
    with RawServer([CHUNKED, chunk(RESULT) + chunk(COMMENT), go, chunk(COMMENT) + chunk(RESULT), HOLD]) as server:
        async with connect(base_url=server.base_url).request_events("GET", "/watch") as events:
            assert await events.until(UnknownEvent) is not None
            assert await events.until(Progress, timeout=0.1) is None  # it reads the comment
            pauses.seconds.append(3600)
            assert await events.until(UnknownEvent, timeout=0) is None
            go.set()
            assert await events.until(UnknownEvent) is not None


@pytest.mark.own_connections
@pytest.mark.parametrize("rest", [[HOLD], [0.05, COMMENT] * 1000], ids=["nothing", "comments"])
async def test_many_short_waits_find_a_silent_stream_too(connect: Connect, rest: list[Any]) -> None:
    with RawServer([HEAD, RESULT, *rest]) as server:
        async with connect(base_url=server.base_url).request_events("GET", "/watch", idle_timeout=0.2) as events:
            assert await events.until(UnknownEvent) is not None
            with pytest.raises(StreamInterruptedError, match=r"no event arrived within 0\.2 s"):
                for _ in range(1000):
                    assert await events.until(UnknownEvent, timeout=0.1) is None


async def test_an_event_over_the_limit_is_reported_after_those_before_it(connect: Connect) -> None:
    with RawServer([HEAD, RESULT + b"data: " + b"x" * 5000 + b"\n\n", CLOSE]) as server:
        client = connect(base_url=server.base_url, max_body_bytes=2000)
        async with client.request_events("GET", "/watch") as events:
            assert await events.until(UnknownEvent) is not None
            with pytest.raises(StreamInterruptedError):
                await events.collect()


@pytest.mark.parametrize("method", [pytest.param("GET", marks=pytest.mark.counts_reads), "POST"])
async def test_a_request_that_may_have_gone_out_is_not_sent_again(connect: Connect, method: str) -> None:
    with RawServer([CLOSE], reply({"error": {"message": "busy"}}, "500 Internal Server Error")) as server:
        client = connect(base_url=server.base_url)
        with pytest.raises(APIConnectionError):
            await client.request_events(method, "/watch").collect()
        with pytest.raises(ServerError):
            await client.request_events(method, "/watch").collect()
        assert len(server.requests) == 2


async def test_a_reply_that_is_no_event_stream_names_its_content_type(
    stub: StubServer, client: AsyncTrioClient
) -> None:
    with pytest.raises(ResponseValidationError, match="its content type is application/json"):
        await client.request_events("GET", "/jobs").collect()
    stub.fail_next(status=200, body="<html></html>", headers={"Content-Type": "text/html"})
    with pytest.raises(ResponseValidationError, match="HTML page"):
        await client.request_events("GET", "/jobs").collect()


async def test_request_on_an_event_stream_says_what_it_is_and_keeps_the_headers(connect: Connect) -> None:
    with RawServer([HEAD[:-2] + b"X-Request-Id: r-1\r\n\r\n", RESULT, HOLD]) as server:
        client = connect(base_url=server.base_url, timeout=Timeout(response=2))
        with pytest.raises(ResponseValidationError) as caught:
            await client.request("GET", "/watch", idempotent=False)
        assert len(server.requests) == 1
    assert "not a usable dict[str, Any]: it is an event stream (text/event-stream)" in str(caught.value)
    assert caught.value.advice == "Read it with client.request_events(method, path)."
    assert caught.value.headers["x-request-id"] == "r-1"


@pytest.mark.parametrize(
    "arguments",
    [
        {"method": "GO TO", "path": "/watch"},
        {"method": "GET", "path": "watch"},
        {"method": "GET", "path": "/../watch"},
        {"method": "POST", "path": "/watch", "json": float("nan")},
        {"method": "GET", "path": "/watch", "idle_timeout": 0},
        {"method": "GET", "path": "/watch", "idle_timeout": math.inf},
    ],
)
async def test_what_cannot_be_sent_is_refused_at_once(
    stub: StubServer, client: AsyncTrioClient, arguments: dict[str, Any]
) -> None:
    with pytest.raises(RequestValidationError):
        client.request_events(**arguments)
    assert stub.requests == []
