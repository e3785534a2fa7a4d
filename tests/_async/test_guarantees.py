"""What holds whatever goes wrong between client and server.

Each fault is played three ways: the server worked on the request before, it never saw it, or it works on it
after the client has gone. One call makes at most one job; its caller has the job, or an error that says
that one may be running; and nothing but this package's errors comes out.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from typing import Any, Literal, TypeVar

import pytest
from raw_server import reply

from trio_client import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncTrioClient,
    CreateOutcomeUnknownError,
    JobLeakWarning,
    RetryPolicy,
    StreamInterruptedError,
    Timeout,
    TrioError,
    response_info,
)
from trio_client.stub import FaultProxy, Scene, StubServer, WireFault

pytestmark = pytest.mark.anyio

T = TypeVar("T")
Connect = Callable[..., AsyncTrioClient]
Work = Literal["done", "skipped", "late"]
YARD = "rtsp://camera.example/yard"
OPEN = "the gate is open"
LIMIT = 100_000

# No usable reply comes, whatever the server did.
BROKEN: dict[str, dict[str, Any]] = {
    "reset": {"kind": "reset"},
    "reset in head": {"kind": "reset", "after": 20},
    "reset in body": {"kind": "reset", "at": "body", "after": 5},
    "closed": {"kind": "close"},
    "closed in status line": {"kind": "close", "after": 5},
    "closed in head": {"kind": "close", "after": 30},
    "closed in body": {"kind": "close", "at": "body", "after": 5},
    "half-closed": {"kind": "half-close"},
    "half-closed in body": {"kind": "half-close", "at": "body", "after": 5},
    "silent": {"kind": "hang"},
    "silent in head": {"kind": "hang", "after": 30},
    "silent in body": {"kind": "hang", "at": "body", "after": 5},
    "garbage": {"kind": "garbage"},
    "illegal status line": {"kind": "garbage", "content": b"HTTP/1.1 abc OK\r\ncontent-length: 0\r\n\r\n"},
    "no status line": {"kind": "garbage", "content": b"\r\n\r\n\r\n"},
    "truncated": {"kind": "truncated", "after": 5},
    "truncated chunks": {"kind": "truncated-chunked", "after": 5},
    "bad chunk": {"kind": "bad-chunk", "after": 5},
    "huge headers": {"kind": "huge-headers"},
    "ten gigabytes": {"kind": "huge-length"},
    "over-large": {"kind": "answer", "content": reply(b" " * (LIMIT + 1))},
    "gzip bomb": {"kind": "gzip-bomb"},
    "500": {"kind": "answer", "content": reply({"error": "oops"}, "500 Internal Server Error")},
    "502": {"kind": "answer", "content": reply("<h1>Bad gateway</h1>", "502 Bad Gateway", "text/html")},
    "503": {"kind": "answer", "content": reply(b"", "503 Service Unavailable")},
    "504": {"kind": "answer", "content": reply(b"", "504 Gateway Timeout")},
    "204": {"kind": "answer", "content": b"HTTP/1.1 204 No Content\r\n\r\n"},
    "HTML": {"kind": "answer", "content": reply("<html>Welcome</html>", content_type="text/html")},
    "nothing": {"kind": "answer", "content": reply(b"")},
    "no job id": {"kind": "answer", "content": reply({"status": "pending"})},
    "array": {"kind": "answer", "content": reply([1, 2])},
}
# The same, but asking again would bring the same, or there is no time left to ask again.
FINAL: dict[str, dict[str, Any]] = {
    "dribbled head": {"kind": "dribble"},
    "dribbled body": {"kind": "dribble", "at": "body", "size": 4, "every": 0.03, "content": b"{}".ljust(400)},
    "endless interim replies": {"kind": "endless-1xx"},
    **{
        status: {"kind": "answer", "content": reply(b"", f"{status} Elsewhere", location="https://elsewhere.example/")}
        for status in ("301", "302", "303", "307", "308")
    },
}
# The server's reply comes through, if it gave one.
HARMLESS: dict[str, dict[str, Any]] = {
    "surplus": {"kind": "surplus"},
    "both lengths": {"kind": "both-lengths"},
    "slow": {"kind": "dribble", "at": "body", "size": 100, "every": 0.01},
    "late": {"kind": "delay", "seconds": 0.05},
}
AMBIGUOUS = {**BROKEN, **FINAL}
# Only a limit of time ends these.
ENDLESS = {name for name, fault in AMBIGUOUS.items() if fault["kind"] in ("hang", "dribble", "endless-1xx")}


@pytest.fixture(scope="module")
def server() -> Iterator[StubServer]:
    with StubServer(speed=0, start_delay=0) as each:
        yield each


@pytest.fixture
def stub(server: StubServer) -> StubServer:
    server.reset()
    server.scene(YARD, Scene(holds=False))
    return server


@pytest.fixture
def proxy(stub: StubServer) -> Iterator[FaultProxy]:
    with FaultProxy(stub) as each:
        yield each


@pytest.fixture
async def client(
    connect: Connect, proxy: FaultProxy, request: pytest.FixtureRequest
) -> AsyncGenerator[AsyncTrioClient, None]:
    """A client with short timeouts where only a timeout ends a fault: elsewhere, the machine may be busy."""
    response, deadline = (0.15, 0.6) if fault_of(request) in ENDLESS else (10.0, 30.0)
    client = connect(
        base_url=proxy.base_url,
        timeout=Timeout(response=response),
        retry=RetryPolicy(base_delay=0.01, deadline=deadline),
        max_body_bytes=LIMIT,
    )
    yield client
    assert proxy.faults == []


def fault_of(request: pytest.FixtureRequest) -> str | None:
    callspec = getattr(request.node, "callspec", None)
    return callspec.params.get("fault") if callspec else None


def strike(proxy: FaultProxy, name: str, work: Work, **aim: Any) -> None:
    proxy.strike(WireFault(**{**AMBIGUOUS, **HARMLESS}[name], work=work), **aim)


async def outcome(call: Callable[[], Awaitable[T]]) -> T | TrioError:
    """What a call returns, or the error of this package that it raises; any other goes through."""
    try:
        return await call()
    except TrioError as error:
        return error


def posts(proxy: FaultProxy) -> int:
    return sum(request.method == "POST" for request in proxy.requests)


class TestCreate:
    @pytest.mark.parametrize("fault", AMBIGUOUS)
    async def test_a_job_whose_answer_was_lost_is_in_its_callers_hands(
        self, stub: StubServer, proxy: FaultProxy, client: AsyncTrioClient, fault: str
    ) -> None:
        strike(proxy, fault, "done", path="/live-monitor")
        job = await client.live_monitor.create(YARD, OPEN)
        assert [job.job_id] == [each.job_id for each in stub.jobs]
        assert (True, 1) == (response_info(job).recovered, posts(proxy))

    @pytest.mark.parametrize("fault", [*AMBIGUOUS, *HARMLESS])
    async def test_a_request_that_was_lost_is_not_sent_again(
        self, stub: StubServer, proxy: FaultProxy, client: AsyncTrioClient, fault: str
    ) -> None:
        strike(proxy, fault, "skipped", path="/live-monitor")
        error = await outcome(lambda: client.live_monitor.create(YARD, OPEN))
        assert CreateOutcomeUnknownError is type(error)
        assert "may be running" in str(error)
        assert (1, []) == (posts(proxy), stub.jobs)

    @pytest.mark.parametrize("fault", AMBIGUOUS)
    async def test_a_job_that_is_made_late_is_in_its_callers_hands_or_can_be_found(
        self, stub: StubServer, proxy: FaultProxy, client: AsyncTrioClient, fault: str
    ) -> None:
        strike(proxy, fault, "late", path="/live-monitor")
        got = await outcome(lambda: client.live_monitor.create(YARD, OPEN))
        proxy.wait_idle()
        assert (1, 1) == (posts(proxy), len(stub.jobs))
        if isinstance(got, TrioError):
            assert CreateOutcomeUnknownError is type(got)
            assert "may be running" in str(got)
            got = await client.jobs.reconcile(got)
        assert stub.jobs[0].job_id == got.job_id

    @pytest.mark.parametrize(
        "fault",
        [
            "slow",
            "late",
            # aiohttp refuses these, and the job is found.
            *(pytest.param(each, marks=pytest.mark.own_connections) for each in ("surplus", "both lengths")),
        ],
    )
    async def test_a_usable_reply_is_used(
        self, stub: StubServer, proxy: FaultProxy, client: AsyncTrioClient, fault: str
    ) -> None:
        strike(proxy, fault, "done", path="/live-monitor")
        job = await client.live_monitor.create(YARD, OPEN)
        assert [job.job_id] == [each.job_id for each in stub.jobs]
        assert (False, 1) == (response_info(job).recovered, posts(proxy))

    @pytest.mark.parametrize("kind", ["reset", "close"])
    async def test_a_connection_that_ends_before_a_byte_was_read_leaves_no_job_unknown(
        self, stub: StubServer, proxy: FaultProxy, client: AsyncTrioClient, kind: Any
    ) -> None:
        proxy.strike(WireFault(kind, at="connect"))
        got = await outcome(lambda: client.live_monitor.create(YARD, OPEN))
        assert posts(proxy) == len(stub.jobs)
        if isinstance(got, TrioError):  # if it ended while it was being made, the request was surely not sent
            assert (CreateOutcomeUnknownError, []) == (type(got), stub.jobs)
        else:
            assert [got.job_id] == [each.job_id for each in stub.jobs]

    async def test_a_refused_connection_is_tried_again(
        self, stub: StubServer, proxy: FaultProxy, client: AsyncTrioClient, pauses: Any
    ) -> None:
        async def sleep(seconds: float) -> None:
            proxy.accept()
            await pause(seconds)

        pause, pauses.async_sleep = pauses.async_sleep, sleep
        proxy.refuse()
        job = await client.live_monitor.create(YARD, OPEN)
        assert [job.job_id] == [each.job_id for each in stub.jobs]
        assert (2, False) == (response_info(job).attempts, response_info(job).recovered)

    async def test_a_connection_reset_before_it_was_encrypted_is_tried_again(
        self, stub: StubServer, proxy: FaultProxy, connect: Connect
    ) -> None:
        proxy.strike(WireFault("reset", at="connect"), times=3)
        client = connect(base_url=proxy.base_url.replace("http:", "https:"))
        error = await outcome(lambda: client.live_monitor.create(YARD, OPEN))
        assert isinstance(error, APIConnectionError)
        assert (False, 3) == (error.request_sent, proxy.connections)
        assert ([], []) == (proxy.requests, stub.jobs)


class TestStream:
    @pytest.mark.parametrize("fault", AMBIGUOUS)
    async def test_a_job_whose_stream_was_lost_is_followed_and_stopped(
        self, stub: StubServer, proxy: FaultProxy, client: AsyncTrioClient, way: str, fault: str
    ) -> None:
        strike(proxy, fault, "done", path="/live-monitor")
        timeout = 0.15 if fault in ENDLESS else 10.0
        silent = "silent in body" == fault or (way, fault) == ("httpx-aiohttp", "bad chunk")  # aiohttp may say nothing
        async with client.live_monitor.stream(YARD, OPEN, timeout=timeout) as events:
            if not silent:  # a minute of silence is allowed
                async for event in events:
                    assert "started" == event.kind
                    break
        assert (1, 1) == (len(stub.jobs), posts(proxy))
        assert ("stopped", "cancelled") == (stub.jobs[0].status, stub.jobs[0].reason)

    @pytest.mark.parametrize("fault", AMBIGUOUS)
    async def test_a_request_that_was_lost_is_not_sent_again(
        self, stub: StubServer, proxy: FaultProxy, client: AsyncTrioClient, fault: str
    ) -> None:
        strike(proxy, fault, "skipped", path="/live-monitor")
        error = await outcome(lambda: client.live_monitor.stream(YARD, OPEN).__aenter__())
        assert CreateOutcomeUnknownError is type(error)
        assert "may be running" in str(error)
        assert (1, []) == (posts(proxy), stub.jobs)

    @pytest.mark.parametrize("fault", AMBIGUOUS)
    async def test_a_job_that_is_made_late_is_stopped_or_can_be_found(
        self, stub: StubServer, proxy: FaultProxy, client: AsyncTrioClient, fault: str
    ) -> None:
        strike(proxy, fault, "late", path="/live-monitor")
        events = client.live_monitor.stream(YARD, OPEN)
        error = await outcome(lambda: events.__aenter__())
        await events.close()
        proxy.wait_idle()
        assert (1, 1) == (posts(proxy), len(stub.jobs))
        if isinstance(error, TrioError):
            assert CreateOutcomeUnknownError is type(error)
            found = await client.jobs.reconcile(error)
            assert found is not None
            await client.jobs.cancel(found.job_id)
        assert 0 == stub.running_jobs

    async def test_a_stream_that_ends_before_it_names_its_job_says_that_one_may_be_running(
        self, stub: StubServer, proxy: FaultProxy, client: AsyncTrioClient
    ) -> None:
        nothing = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
        proxy.strike(WireFault("garbage", content=nothing, work="skipped"), path="/live-monitor")
        warned = pytest.warns(JobLeakWarning, match="id is not known")
        with warned, pytest.raises(StreamInterruptedError, match="may still be running"):
            async with client.live_monitor.stream(YARD, OPEN) as events:
                await events.collect()
        assert (1, []) == (posts(proxy), stub.jobs)


class TestReadAndStop:
    @pytest.mark.parametrize("work", ["done", "skipped"])
    @pytest.mark.parametrize("fault", [*BROKEN, *HARMLESS])
    async def test_a_job_can_be_read(
        self, stub: StubServer, proxy: FaultProxy, client: AsyncTrioClient, way: str, fault: str, work: Work
    ) -> None:
        if way == "httpx-aiohttp" and fault in ("bad chunk", "surplus"):
            pytest.skip("aiohttp waits for the rest of a chunk that cannot be read, and keeps what is surplus")
        (job_id,) = stub.add_jobs(1, status="running")
        strike(proxy, fault, work, method="GET")
        assert job_id == (await client.jobs.get(job_id)).job_id

    @pytest.mark.parametrize("work", ["done", "skipped", "late"])
    @pytest.mark.parametrize("fault", [*BROKEN, *HARMLESS])
    async def test_a_job_can_be_stopped(
        self, stub: StubServer, proxy: FaultProxy, client: AsyncTrioClient, way: str, fault: str, work: Work
    ) -> None:
        if way == "httpx-aiohttp" and fault in ("bad chunk", "surplus"):
            pytest.skip("aiohttp waits for the rest of a chunk that cannot be read, and keeps what is surplus")
        (job_id,) = stub.add_jobs(1, status="running")
        strike(proxy, fault, work, method="DELETE")
        assert job_id == (await client.jobs.cancel(job_id)).job_id
        assert 0 == stub.running_jobs

    @pytest.mark.parametrize("work", ["done", "skipped"])
    @pytest.mark.parametrize("fault", FINAL)
    async def test_what_asking_again_does_not_help_is_an_error_of_its_own(
        self, stub: StubServer, proxy: FaultProxy, client: AsyncTrioClient, fault: str, work: Work
    ) -> None:
        (job_id,) = stub.add_jobs(1)
        strike(proxy, fault, work, method="GET")
        error = await outcome(lambda: client.jobs.get(job_id))
        if fault.isdigit():
            assert isinstance(error, APIStatusError)
            assert int(fault) == error.status_code
        else:
            assert isinstance(error, APITimeoutError)
            assert "deadline" == error.phase

    @pytest.mark.parametrize("fault", [*AMBIGUOUS, *HARMLESS])
    async def test_the_next_call_gets_its_own_reply(
        self, stub: StubServer, proxy: FaultProxy, client: AsyncTrioClient, fault: str
    ) -> None:
        first, second = stub.add_jobs(2)
        strike(proxy, fault, "done", method="GET")
        await outcome(lambda: client.jobs.get(first))
        assert second == (await client.jobs.get(second)).job_id

    @pytest.mark.counts_reads
    @pytest.mark.parametrize("fault", BROKEN)
    async def test_what_goes_on_failing_ends_in_an_error_of_this_package(
        self, stub: StubServer, proxy: FaultProxy, client: AsyncTrioClient, fault: str
    ) -> None:
        proxy.strike(WireFault(**BROKEN[fault], work="skipped"), times=3)
        error = await outcome(client.jobs.list)
        assert isinstance(error, TrioError)
        while proxy.faults:  # an unusable reply is asked for twice only
            await outcome(client.jobs.list)
