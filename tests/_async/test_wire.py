"""What holds over every way to connect: own connections, httpx, httpx2 and httpx-aiohttp."""

from __future__ import annotations

import gzip
import logging
import pickle
import socket
import threading
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import aiohttp
import anyio
import httpx
import httpx_aiohttp
import pytest
from raw_server import CLOSE, HOLD, RESET, RawServer, Step, reply

from trio_client import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncTrioClient,
    CreateOutcomeUnknownError,
    Hooks,
    NotFoundError,
    ResponseValidationError,
    RetryPolicy,
    StreamInterruptedError,
    Timeout,
    Triggered,
    TrioError,
    response_info,
)
from trio_client.stub import Scene, StubServer

from .conftest import PollAfterSilence

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
YARD = "rtsp://camera.example/yard"
OPEN = "the gate is open"
KEY = "planted-key-8761"
NO_JOBS = reply({"jobs": []})
EVENTS = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
CHECKED = reply({"triggered": True, "explanation": "It is."})
WAYS = [
    ("own connections", "asyncio"),
    ("own connections", "trio"),  # async-only
    ("httpx", "asyncio"),
    ("httpx", "trio"),  # async-only
    ("httpx-aiohttp", "asyncio"),  # async-only
]
if find_spec("httpx2") is not None:  # it has no release for Python 3.10
    WAYS += [("httpx2", "asyncio")]
    WAYS += [("httpx2", "trio")]  # async-only


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
ECHOES: list[Any] = [
    [f"HTTP/1.1 {KEY}\r\n\r\n".encode(), CLOSE],
    [f"HTTP/1.1 200 OK\r\n{KEY}\r\n\r\n".encode(), CLOSE],
    [f"HTTP/1.1 200 Bearer {KEY}\r\ncontent-length: {KEY}\r\n\r\n".encode(), CLOSE],
    [f"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nBearer {KEY}\r\n".encode(), CLOSE],
    [b"", RESET],
]
ECHO_PLACES = ["status line", "header line", "length", "chunk", "reset"]


@pytest.mark.parametrize("script", ECHOES, ids=ECHO_PLACES)
async def test_no_failure_repeats_the_key(connect: Connect, script: Any) -> None:
    with RawServer(script) as server:
        with pytest.raises(APIConnectionError) as caught:
            await connect(api_key=KEY, base_url=server.base_url, retry=None).jobs.list()
    error: BaseException | None = caught.value
    while error is not None:
        assert KEY not in f"{error} {error!r} {vars(error)}"
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("script", ECHOES, ids=ECHO_PLACES)
async def test_no_failure_of_a_create_repeats_the_key_in_errors_hooks_or_the_log(
    connect: Connect, script: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []
    notes: dict[str, Any] = dict.fromkeys(
        ("on_request", "on_response", "on_retry"), lambda info: seen.append(repr(info))
    )
    with RawServer(script, script, NO_JOBS) as server:
        policy = RetryPolicy(reconcile_for=0.1, base_delay=0)
        client = connect(api_key=KEY, base_url=server.base_url, retry=policy, hooks=Hooks(**notes))
        with pytest.raises(CreateOutcomeUnknownError) as caught:
            await client.live_monitor.create(YARD, OPEN)
    error: BaseException | None = caught.value
    while error is not None:
        assert KEY not in f"{error} {error!r} {vars(error)} {pickle.dumps(error)!r}"
        error = error.__cause__ or error.__context__
    assert KEY not in "\n".join([*seen, caplog.text])


UNUSABLE: dict[str, Any] = {
    "encoding": reply({"url": "x"}, content_encoding=KEY),
    "content type": reply("x", content_type=f"text/plain; boundary={KEY} camera-pw"),
    "header name": reply("x", content_type="text/plain", **{KEY: "camera-pw"}),
    "status line": [f"HTTP/1.1 {KEY} camera-pw\r\n\r\n".encode(), CLOSE],
}


@pytest.mark.parametrize("place", UNUSABLE)
async def test_what_an_unusable_reply_repeats_is_in_no_text_and_no_pickle(
    connect: Connect, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="trio_client")
    with RawServer(UNUSABLE[place]) as server:
        client = connect(api_key=KEY, base_url=server.base_url, retry=RetryPolicy(max_attempts=2, base_delay=0))
        with pytest.raises(TrioError) as caught:
            await client.streams.prepare("rtsp://admin:camera-pw@cam/1")
    texts = [caplog.text, repr(pickle.dumps(caught.value))]
    error: BaseException | None = caught.value
    while error is not None:
        texts.append(f"{error} {error!r} {error.args} {vars(error)}")
        error = error.__cause__ or error.__context__
    assert [text for text in texts if KEY in text or "camera-pw" in text] == []


@pytest.mark.thorough
async def test_closing_a_client_stops_the_jobs_of_its_open_streams(stub: StubServer, connect: Connect) -> None:
    stub.scene(YARD, Scene(holds=False))
    client = connect()
    events = client.live_monitor.stream(YARD, OPEN)
    await events.__aenter__()
    await client.close()
    assert (stub.running_jobs, [event.kind for event in await events.collect()]) == (0, ["stopped"])


@pytest.mark.parametrize("page", [{"detail": "Not Found"}, "<html>Not Found</html>"])
async def test_a_404_that_names_no_code_proves_no_stop(stub: StubServer, connect: Connect, page: Any) -> None:
    (job_id,) = stub.add_jobs(1, status="running")
    stub.fail_next(method="DELETE", status=404, body=page)
    with pytest.raises(NotFoundError):
        await connect().jobs.cancel(job_id, missing_ok=True)
    assert stub.running_jobs == 1


async def test_events_of_any_endpoint_end_quietly_or_say_that_they_were_cut_off(connect: Connect) -> None:
    event = b'event: progress\ndata: {"checks_performed": 1}\n\n'
    whole = EVENTS[:-2] + b"content-length: %d\r\n\r\n" % len(event) + event
    with RawServer([whole], [EVENTS[:-2] + b"content-length: 999\r\n\r\n", event, CLOSE]) as server:
        client = connect(base_url=server.base_url)
        events = client.request_events("POST", "/x", json={})
        assert ([each.kind for each in await events.collect()], events.outcome) == (["progress"], None)
        cut_off = client.request_events("POST", "/x", json={})
        with pytest.raises(StreamInterruptedError, match="cut off"):
            await cut_off.collect()
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", ["404 Not Found", "429 Too Many Requests", "500 Internal Server Error"])
async def test_a_connection_whose_reply_was_an_error_is_not_used_again(connect: Connect, way: str, status: str) -> None:
    failed = reply({"error": {"code": "X", "message": "no"}}, status)
    with RawServer(NO_JOBS, [failed, 0.3, CLOSE], CHECKED) as server:  # it closes a moment later, without saying so
        client = connect(base_url=server.base_url, retry=None)
        await client.jobs.list()
        with pytest.raises(APIStatusError):
            await client.jobs.list()
        if way != "httpx-aiohttp":  # which leaves it to the server to close what was asked for with "Connection: close"
            await client.check_once(YARD, OPEN)
            fresh_at_first = way != "own connections"  # until it is known that the connection can be closed
            assert (server.connections, len(server.requests)) == (2 + fresh_at_first, 3)
        else:
            assert all(b"connection: close" in request.lower() for request in server.requests)


async def test_a_connection_whose_reply_was_good_is_used_again(connect: Connect, way: str) -> None:
    with RawServer(NO_JOBS) as server:
        client = connect(base_url=server.base_url)
        for _ in range(4):
            await client.jobs.list()
        wanted = {"own connections": 1, "httpx-aiohttp": 1}.get(way, 2)  # the first shows whether it can be closed
        assert server.connections == wanted


@pytest.mark.thorough
async def test_a_stream_with_rare_comments_is_followed_beyond_a_silence(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, poll_after_silence: PollAfterSilence
) -> None:
    monkeypatch.setattr("trio_client._http._async.reply._GRACE_SECONDS", 0.3)  # async-only
    poll_after_silence(0.8)
    pieces = b'event: started\ndata: {"job_id": "j-1"}\n\n', b'event: triggered\ndata: {"explanation": "A van."}\n\n'
    start, seen = (b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    comments: list[Step] = [0.7, b"4\r\n: a\n\r\n"] * 5
    head = EVENTS[:-2] + b"transfer-encoding: chunked\r\n\r\n"
    with RawServer([head, start, *comments, seen, HOLD], reply({"job_id": "j-1", "status": "running"})) as server:
        async with connect(base_url=server.base_url).live_monitor.stream(YARD, OPEN, on_exit="leave") as events:
            found = await events.until(Triggered, timeout=30)
        assert found is not None
        assert (found.delivery, found.explanation) == ("sse", "A van.")
        assert len(server.requests) > 1  # its job was polled


LAST = {
    "announced": [reply({"jobs": []}, connection="close"), CLOSE],
    "announced among others": [reply({"jobs": []}, connection="x-other, Close"), CLOSE],
    "announced and not done": [reply({"jobs": []}, connection="close")],
    "HTTP/1.0": [reply({"jobs": []}).replace(b"HTTP/1.1", b"HTTP/1.0"), CLOSE],
    "the end of the body": [b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n" + b'{"jobs":[]}', CLOSE],
}


@pytest.mark.parametrize("last", LAST)
async def test_a_call_succeeds_after_a_reply_that_was_the_last_of_its_connection(connect: Connect, last: str) -> None:
    checked = [CHECKED.replace(b"\r\n", b"\r\nconnection: close\r\n", 1), CLOSE]
    with RawServer(LAST[last], checked, NO_JOBS, LAST[last]) as server:
        client = connect(base_url=server.base_url, retry=None)
        await client.jobs.list()
        await client.check_once(YARD, OPEN)
        for _ in range(4):
            assert [] == (await client.jobs.list()).jobs
    assert 6 == len(server.requests)


async def test_after_one_was_lost_on_a_kept_connection_billed_calls_have_fresh_ones(connect: Connect, way: str) -> None:
    with RawServer(NO_JOBS, NO_JOBS, [CLOSE], NO_JOBS, CHECKED, NO_JOBS, CHECKED) as server:
        client = connect(base_url=server.base_url, retry=None)
        for _ in range(2):
            await client.jobs.list()
        with pytest.raises(APIConnectionError) as caught:
            await client.check_once(YARD, OPEN)
        assert caught.value.request_sent is True
        if way == "own connections":
            for _ in range(2):
                await client.jobs.list()
                await client.check_once(YARD, OPEN)
            assert (len(server.requests), server.connections) == (7, 4)


def zipped(*members: bytes) -> bytes:
    return b"".join(gzip.compress(member) for member in members)


@pytest.mark.parametrize("encoding", ["gzip", "identity, gzip", "x-gzip, none"])
async def test_a_gzip_body_of_several_members_is_read_to_its_end(connect: Connect, encoding: str) -> None:
    body = zipped(b'{"jobs": [{"job', b"", b'_id": "a"}]}')
    with RawServer(reply(body, content_encoding=encoding)) as server:
        (job,) = await connect(base_url=server.base_url).jobs.list()
    assert job.job_id == "a"


@pytest.mark.parametrize("encoding", ["none", "identity", "identity, none"])
async def test_no_encoding_has_several_names(connect: Connect, encoding: str) -> None:
    with RawServer(reply({"jobs": []}, content_encoding=encoding)) as server:
        assert len(await connect(base_url=server.base_url).jobs.list()) == 0


async def test_what_follows_a_gzip_body_is_an_error(connect: Connect) -> None:
    with RawServer(reply(zipped(b'{"jobs": []}') + b"garbage", content_encoding="gzip")) as server:
        with pytest.raises(ResponseValidationError, match="decoded"):
            await connect(base_url=server.base_url).jobs.list()


async def test_what_a_reply_repeats_of_the_key_is_shown_nowhere(connect: Connect) -> None:
    job = {"job_id": f"a-{KEY}", "status": KEY, "note": f"Bearer {KEY}", "deep": [{"x": KEY}]}
    with RawServer(reply({"jobs": [job]}, x_request_id=f"r-{KEY}")) as server:
        page = await connect(api_key=KEY, base_url=server.base_url).jobs.list()
        info = response_info(page)
        assert KEY not in f"{page!r} {page[0]!r} {info!r} {info.request_id}"


async def test_what_an_event_repeats_of_the_key_is_shown_nowhere(connect: Connect) -> None:
    stream = f'event: started\ndata: {{"job_id": "a"}}\n\nevent: stopped\ndata: {{"reason": "{KEY}", "x": "{KEY}"}}\n\n'
    with RawServer([EVENTS, stream.encode(), CLOSE]) as server:
        async with connect(api_key=KEY, base_url=server.base_url).live_monitor.stream(YARD, OPEN) as events:
            for event in await events.collect():
                assert KEY not in f"{event!r} {event._repr_html_()}"


GARBAGE = b"\0" * 2**20
GZIPPED = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncontent-encoding: gzip\r\n\r\n"


@pytest.mark.parametrize("rest", [GARBAGE, zipped(GARBAGE)], ids=["garbage", "members"])
async def test_bytes_after_a_gzip_body_take_no_memory(connect: Connect, rest: bytes) -> None:
    limit = 2 * 2**20
    script = [GZIPPED % b"application/json", zipped(b'{"jobs": []}'), *[rest] * 64, CLOSE]
    with RawServer(script) as server, peak_memory() as peak:
        with pytest.raises(ResponseValidationError):
            await connect(base_url=server.base_url, max_body_bytes=limit, retry=None).jobs.list()
        await anyio.to_thread.run_sync(server.wait_for_closing)  # async-only
    assert peak() < 2 * limit + 16 * 2**20


async def test_bytes_after_a_gzip_stream_take_no_memory(connect: Connect, stub: StubServer) -> None:
    limit = 2 * 2**20
    start = zipped(b'event: started\ndata: {"job_id": "a"}\n\n')
    script = [GZIPPED % b"text/event-stream", start, *[GARBAGE] * 64, CLOSE]
    stopped = reply({"job_id": "a", "status": "stopped"})
    with RawServer(script, stopped) as server, peak_memory() as peak:
        client = connect(base_url=server.base_url, max_body_bytes=limit)
        async with client.live_monitor.stream(YARD, OPEN) as events:
            assert (await events.collect())[-1].kind == "stopped"
    assert peak() < 2 * limit + 16 * 2**20


@pytest.mark.thorough
async def test_tiny_chunks_take_no_more_memory_than_their_bytes(connect: Connect) -> None:
    limit = 2**15
    chunks = b"2\r\nxx\r\n" * 2**9
    script = [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", *[chunks] * 64, CLOSE]
    with RawServer(script) as server, peak_memory() as peak:
        with pytest.raises(ResponseValidationError, match="max_body_bytes"):
            await connect(base_url=server.base_url, max_body_bytes=limit, retry=None).jobs.list()
    assert peak() < 2 * limit + 2 * 2**20


@contextmanager
def peak_memory() -> Iterator[Callable[[], int]]:
    """The most memory that was held inside, afterwards."""
    found: list[int] = []
    tracemalloc.start()
    try:
        yield lambda: found[0]
    finally:
        found.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()


async def test_cookies_that_replies_set_are_not_sent_back(connect: Connect, way: str) -> None:
    if way == "httpx-aiohttp":
        pytest.skip("aiohttp has cookies of its own: see the next")
    with RawServer(reply({"jobs": []}, set_cookie="planted=1")) as server:
        client = connect(base_url=server.base_url.replace("127.0.0.1", "localhost"))
        for _ in range(3):
            await client.jobs.list()
    assert [request for request in server.requests if b"planted" in request] == []


# async-only: begin
async def test_aiohttp_sends_no_cookies_back_with_a_jar_that_keeps_none(connect: Connect, way: str) -> None:
    """As docs/production.md advises."""
    if way != "httpx-aiohttp":
        pytest.skip("only aiohttp keeps cookies of its own")
    transport = httpx_aiohttp.AiohttpTransport(
        client=lambda: aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
    )
    async with httpx.AsyncClient(transport=transport) as http:
        with RawServer(reply({"jobs": []}, set_cookie="planted=1")) as server:
            client = connect(base_url=server.base_url.replace("127.0.0.1", "localhost"), http_client=http)
            for _ in range(2):
                await client.jobs.list()
    assert b"planted" not in server.requests[1]


# async-only: end
async def test_cookies_that_the_injected_client_had_are_sent(connect: Connect, way: str) -> None:
    if way in ("own connections", "httpx-aiohttp"):
        pytest.skip("there is no client of httpx with cookies")
    through = import_module(way).AsyncClient(trust_env=False)
    through.cookies.set("mine", "1")
    with RawServer(reply({"jobs": []}, set_cookie="planted=1")) as server:
        client = connect(base_url=server.base_url, http_client=through)
        for _ in range(2):
            await client.jobs.list()
    await through.aclose()
    assert all(b"\r\ncookie: mine=1\r\n" in request.lower() for request in server.requests)


async def test_what_the_http_library_logs_of_our_calls_is_masked(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="httpx")
    caplog.set_level(logging.INFO, logger="httpx2")
    with RawServer(reply({"url": "rtsp://cam/1"}, status=f"200 Bearer {KEY}")) as server:
        await connect(api_key=KEY, base_url=server.base_url).streams.prepare("rtsp://admin:camera-pw@cam/1")
    assert [secret for secret in ("camera-pw", KEY) if secret in caplog.text] == []


# async-only: begin
async def test_a_cancelled_call_leaves_the_key_in_no_frame(connect: Connect) -> None:
    caught: list[BaseException] = []

    async def call(client: AsyncTrioClient) -> None:
        try:
            await client.streams.prepare("rtsp://admin:camera-pw@cam/1")
        except BaseException as error:
            caught.append(error)
            raise

    with RawServer([]) as server:
        client = connect(api_key=KEY, base_url=server.base_url)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call, client)
            await anyio.to_thread.run_sync(server.wait_for_requests, 1)
            tasks.cancel_scope.cancel()
    for error in caught:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if "trio_client" in frame.f_code.co_filename or "site-packages" in frame.f_code.co_filename:
                shown = repr({name: value for name, value in frame.f_locals.items() if name != "url"})
                assert KEY not in shown


# async-only: end
