"""Whatever ends the use of a client, and whenever: no job is left running, and nothing is used up."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import anyio.lowlevel
import httpcore
import pytest

from trio_client import (
    APIConnectionError,
    AsyncTrioClient,
    ConfigurationError,
    CreateOutcomeUnknownError,
    JobLeakWarning,
    RetryPolicy,
    Timeout,
    TrioClient,
    TrioError,
)
from trio_client._exit_cleanup import stop_all
from trio_client._http.concurrency.sync.network import GuardedStream
from trio_client.stub import FaultProxy, Scene, StubServer, WireFault

YARD = "rtsp://camera.example/yard"
OPEN = "the gate is open"
ONCE = RetryPolicy(max_attempts=1)


@pytest.fixture(scope="module")
def server() -> Iterator[StubServer]:
    with StubServer(speed=0, start_delay=0, max_jobs=1000) as each:
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
async def client(proxy: FaultProxy) -> AsyncIterator[AsyncTrioClient]:
    async with AsyncTrioClient("k", base_url=proxy.base_url) as each:
        yield each


def streams(client: AsyncTrioClient) -> Callable[[], Awaitable[None]]:
    async def read() -> None:
        async with client.live_monitor.stream(YARD, OPEN) as events:
            await events.collect()

    return read


def creates(client: AsyncTrioClient) -> Callable[[], Awaitable[Any]]:
    return lambda: client.live_monitor.create(YARD, OPEN)


async def until(condition: Callable[[], object]) -> None:
    with anyio.fail_after(30):
        while not condition():  # noqa: ASYNC110 - it comes true in another thread
            await anyio.sleep(0.005)


async def cancelled_after(call: Callable[[], Awaitable[Any]], wait: Callable[[], Awaitable[None]]) -> Any:
    """Cancel a call some time after its start; what it returned, if it was done before."""
    done: list[Any] = []

    async def run() -> None:
        done.append(await call())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        await wait()
        tasks.cancel_scope.cancel()
    return done[0] if done else None


@pytest.mark.anyio
class TestCancellation:
    @pytest.mark.parametrize("steps", range(0, 60, 4))
    async def test_a_stream_cancelled_at_any_step_leaves_no_job(
        self, stub: StubServer, client: AsyncTrioClient, steps: int
    ) -> None:
        async def wait() -> None:
            for _ in range(steps):
                await anyio.lowlevel.checkpoint()

        await cancelled_after(streams(client), wait)
        assert 0 == stub.running_jobs

    @pytest.mark.parametrize("milliseconds", range(0, 40, 3))
    async def test_a_stream_cancelled_at_any_moment_leaves_no_job(
        self, stub: StubServer, client: AsyncTrioClient, milliseconds: int
    ) -> None:
        await cancelled_after(streams(client), lambda: anyio.sleep(milliseconds / 1000))
        assert 0 == stub.running_jobs

    @pytest.mark.parametrize("milliseconds", [*range(8), 12, 16])
    async def test_a_create_cancelled_at_any_moment_leaves_no_job_but_the_one_it_returned(
        self, stub: StubServer, client: AsyncTrioClient, milliseconds: int
    ) -> None:
        job = await cancelled_after(creates(client), lambda: anyio.sleep(milliseconds / 1000))
        assert (job is not None) == stub.running_jobs

    @pytest.mark.parametrize("call", [streams, creates])
    async def test_while_connecting_nothing_is_sent(self, stub: StubServer, proxy: FaultProxy, call: Any) -> None:
        proxy.strike(WireFault("hang", at="connect"))
        async with AsyncTrioClient("k", base_url=proxy.base_url.replace("http:", "https:")) as client:
            with anyio.fail_after(3):
                await cancelled_after(call(client), lambda: anyio.sleep(0.1))
        assert ([], []) == (proxy.requests, stub.jobs)

    @pytest.mark.parametrize("call", [streams, creates])
    async def test_while_the_reply_is_on_its_way_the_job_is_known_and_stopped(
        self, stub: StubServer, proxy: FaultProxy, client: AsyncTrioClient, call: Any
    ) -> None:
        proxy.strike(WireFault("delay", seconds=0.2), path="/live-monitor")
        assert None is await cancelled_after(call(client), lambda: until(lambda: proxy.requests))
        assert [("stopped", "cancelled")] == [(job.status, job.reason) for job in stub.jobs]

    @pytest.mark.parametrize("call", [streams, creates])
    @pytest.mark.parametrize("kind", ["hang", "close"])
    async def test_if_the_reply_never_comes_the_job_is_found_and_stopped(
        self, stub: StubServer, proxy: FaultProxy, kind: Any, call: Any
    ) -> None:
        proxy.strike(WireFault(kind), path="/live-monitor")
        async with AsyncTrioClient("k", base_url=proxy.base_url, timeout=Timeout(response=0.4)) as client:
            await cancelled_after(call(client), lambda: until(lambda: stub.jobs))
        assert (1, 0) == (len(stub.jobs), stub.running_jobs)

    @pytest.mark.parametrize("call", [streams, creates])
    async def test_if_no_job_can_be_found_one_that_may_appear_is_named(
        self, stub: StubServer, proxy: FaultProxy, client: AsyncTrioClient, call: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        proxy.strike(WireFault("delay", seconds=0.2, work="skipped"), path="/live-monitor")
        with caplog.at_level(logging.WARNING, "trio_client"):
            await cancelled_after(call(client), lambda: until(lambda: proxy.requests))
        (request,) = [each for each in proxy.requests if each.method == "POST"]
        assert request.headers["idempotency-key"] in caplog.text
        assert "one may appear" in caplog.text

    async def test_a_refusal_that_comes_meanwhile_needs_no_search(
        self, stub: StubServer, proxy: FaultProxy, client: AsyncTrioClient
    ) -> None:
        stub.fail_next(path="/live-monitor", status=400)
        proxy.strike(WireFault("delay", seconds=0.2), path="/live-monitor")
        await cancelled_after(creates(client), lambda: until(lambda: proxy.requests))
        assert ["POST"] == [request.method for request in proxy.requests]

    async def test_while_the_list_is_searched_the_job_is_stopped_all_the_same(
        self, stub: StubServer, proxy: FaultProxy, client: AsyncTrioClient
    ) -> None:
        proxy.strike(WireFault("close"), path="/live-monitor")
        proxy.strike(WireFault("hang"), method="GET")
        await cancelled_after(creates(client), lambda: until(lambda: len(proxy.requests) > 1))
        assert (1, 0) == (len(stub.jobs), stub.running_jobs)

    async def test_a_deadline_of_the_caller_ends_it_like_a_cancellation(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        async def set_it(scope: anyio.CancelScope) -> None:
            await until(lambda: stub.jobs)
            scope.deadline = anyio.current_time() + 0.1

        async with anyio.create_task_group() as tasks:
            with pytest.raises(TimeoutError), anyio.fail_after(None) as scope:
                tasks.start_soon(set_it, scope)
                await streams(client)()
        assert (1, 0) == (len(stub.jobs), stub.running_jobs)


class TestCancellationByAsyncio:
    """What only asyncio has: a task can be cancelled again while it cleans up."""

    def test_a_second_cancellation_while_cleaning_up_is_prompt_and_leaves_no_job(
        self, stub: StubServer, proxy: FaultProxy
    ) -> None:
        proxy.strike(WireFault("delay", seconds=0.3), method="DELETE")

        async def main() -> float:
            async with AsyncTrioClient("k", base_url=proxy.base_url) as client:
                task = asyncio.create_task(streams(client)())  # type: ignore[arg-type]
                await until(lambda: stub.jobs)
                begun = time.monotonic()
                task.cancel()
                await asyncio.sleep(0.1)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                return time.monotonic() - begun

        assert asyncio.run(main()) < 2
        stop_all()  # as the end of the program does
        assert 0 == stub.running_jobs

    @pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout came with Python 3.11")
    def test_asyncio_timeout_stops_the_job(self, stub: StubServer, proxy: FaultProxy) -> None:
        async def main() -> None:
            async with AsyncTrioClient("k", base_url=proxy.base_url) as client:
                async with asyncio.timeout(1):
                    await streams(client)()

        with pytest.raises(TimeoutError):
            asyncio.run(main())
        assert (1, 0) == (len(stub.jobs), stub.running_jobs)

    def test_wait_for_stops_the_job(self, stub: StubServer, proxy: FaultProxy) -> None:
        async def main() -> None:
            async with AsyncTrioClient("k", base_url=proxy.base_url) as client:
                await asyncio.wait_for(streams(client)(), 1)  # type: ignore[arg-type]

        with pytest.raises(asyncio.TimeoutError):
            asyncio.run(main())
        assert (1, 0) == (len(stub.jobs), stub.running_jobs)

    def test_the_end_of_the_loop_stops_the_job(self, stub: StubServer, proxy: FaultProxy) -> None:
        async def main() -> None:
            client = AsyncTrioClient("k", base_url=proxy.base_url)
            task = asyncio.create_task(streams(client)())  # type: ignore[arg-type]
            await until(lambda: stub.jobs)
            del task
            await client.close()

        asyncio.run(main())  # cancels what is left, and waits for it
        assert (1, 0) == (len(stub.jobs), stub.running_jobs)


async def _count(client: AsyncTrioClient) -> int:
    return len(await client.jobs.list())


class TestThreads:
    def test_closing_a_stream_while_another_thread_reads_it_ends_it(self, stub: StubServer, proxy: FaultProxy) -> None:
        with TrioClient("k", base_url=proxy.base_url) as client, ThreadPoolExecutor(1) as threads:
            events = client.live_monitor.stream(YARD, OPEN)
            started = threading.Event()

            def read() -> str:
                try:
                    for _ in events:
                        started.set()
                except TrioError as error:
                    return type(error).__name__
                return "end"

            reading = threads.submit(read)
            assert started.wait(5)
            events.close()
            assert reading.result(5) in ("end", "APIConnectionError", "StreamInterruptedError")
        assert (1, 0) == (len(stub.jobs), stub.running_jobs)

    def test_a_socket_that_another_thread_reads_is_not_closed_before_it_has_left(self) -> None:
        """A new connection might get its number, and the reader would wait for that one."""
        ours, theirs = socket.socketpair()
        reading, may_leave, closed = threading.Event(), threading.Event(), threading.Event()

        class Slow(httpcore.NetworkStream):
            def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
                reading.set()
                assert may_leave.wait(5)
                return ours.recv(max_bytes)

            def close(self) -> None:
                closed.set()

            def get_extra_info(self, info: str) -> Any:
                return {"socket": ours}.get(info)

        with ours, theirs, ThreadPoolExecutor(1) as threads:
            stream = GuardedStream(Slow(), layers=2)
            got = threads.submit(stream.read, 100)
            assert reading.wait(5)
            stream.close()
            assert (False, b"") == (closed.is_set(), theirs.recv(1))  # the peer hears of it at once
            may_leave.set()
            assert (b"", True) == (got.result(5), closed.is_set())
            with pytest.raises(httpcore.ReadError):
                stream.read(100)

    def test_sixteen_threads_that_fail_and_succeed_get_what_is_theirs(
        self, stub: StubServer, proxy: FaultProxy
    ) -> None:
        ids = stub.add_jobs(160)
        for kind in ("reset", "close", "garbage", "truncated"):
            proxy.strike(WireFault(kind, after=3), times=5)  # type: ignore[arg-type]
        policy = RetryPolicy(max_attempts=10, base_delay=0.001)
        with TrioClient("k", base_url=proxy.base_url, retry=policy) as client, ThreadPoolExecutor(16) as threads:
            found = list(threads.map(lambda job_id: client.jobs.get(job_id).job_id, ids))
        assert ids == found
        assert [] == proxy.faults


class TestStopping:
    @pytest.mark.parametrize("kind", ["reset", "close", "garbage", "truncated", "bad-chunk"])
    def test_one_failure_of_the_stop_is_made_good(self, stub: StubServer, proxy: FaultProxy, kind: Any) -> None:
        proxy.strike(WireFault(kind, work="skipped"), method="DELETE")
        with TrioClient("k", base_url=proxy.base_url) as client, client.live_monitor.stream(YARD, OPEN) as events:
            next(events)
        assert (1, 0) == (len(stub.jobs), stub.running_jobs)

    @pytest.mark.parametrize("kind", ["hang", "dribble", "endless-1xx"])
    def test_a_stop_that_never_ends_times_out_and_the_error_is_kept(
        self, stub: StubServer, proxy: FaultProxy, kind: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("trio_client._sync.job_stop._CLEANUP_SECONDS", 0.4)
        proxy.strike(WireFault(kind, work="skipped"), method="DELETE", times=9)
        begun = time.monotonic()
        with TrioClient("k", base_url=proxy.base_url) as client:
            with pytest.warns(JobLeakWarning), pytest.raises(ZeroDivisionError) as caught:
                with client.live_monitor.stream(YARD, OPEN) as events:
                    next(events)
                    print(1 / 0)
        assert time.monotonic() - begun < 4
        assert stub.jobs[0].job_id in "".join(caught.value.__notes__)


def _resources() -> tuple[int, int]:
    gc.collect()
    return len(os.listdir("/proc/self/fd")), threading.active_count()


needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts open files in /proc")


@needs_proc
class TestNothingIsUsedUp:
    def afterwards(self, before: tuple[int, int]) -> tuple[int, int]:
        """What is in use once the other side has closed too."""
        end = time.monotonic() + 5
        while _resources() > before and time.monotonic() < end:
            time.sleep(0.01)
        return _resources()

    @pytest.mark.parametrize("kind", ["reset", "close", "garbage", "truncated"])
    def test_by_hundreds_of_failures(self, stub: StubServer, proxy: FaultProxy, kind: Any) -> None:
        with TrioClient("k", base_url=proxy.base_url, retry=None) as client:
            client.jobs.list()
            before, failures = _resources(), 0
            proxy.strike(WireFault(kind), times=250)
            while proxy.faults:
                with pytest.raises(TrioError):
                    client.jobs.list()
                failures += 1
            client.jobs.list()
            assert self.afterwards(before) <= before
        assert failures >= 249  # at most one met a connection that had been idle, and was repeated at once

    def test_by_a_thousand_failures_in_tasks(self, stub: StubServer, proxy: FaultProxy) -> None:
        async def main() -> tuple[int, int, bool]:
            async with AsyncTrioClient("k", base_url=proxy.base_url, retry=None) as client:
                before, failures = _resources(), 0
                proxy.strike(WireFault("close", work="skipped"), times=1000)
                while proxy.faults:
                    with pytest.raises(APIConnectionError):
                        await client.jobs.list()
                    failures += 1
                await client.jobs.list()
                await client.close()
                return failures, len(asyncio.all_tasks()), self.afterwards(before) <= before

        assert (1000, 1, True) == asyncio.run(main())

    def test_by_a_thousand_cancelled_calls(self, stub: StubServer, proxy: FaultProxy) -> None:
        async def main() -> int:
            async with AsyncTrioClient("k", base_url=proxy.base_url) as client:
                await client.jobs.list()
                before = _resources()
                for number in range(1000):
                    call = asyncio.create_task(_count(client))
                    for _ in range(number % 25):
                        await asyncio.sleep(0)
                    call.cancel()
                    await asyncio.gather(call, return_exceptions=True)
                await asyncio.wait_for(client.jobs.list(), 5)
                assert self.afterwards(before) <= before
                return len(asyncio.all_tasks())

        assert 1 == asyncio.run(main())

    def test_by_streams_that_were_opened_and_left(self, stub: StubServer, proxy: FaultProxy) -> None:
        with TrioClient("k", base_url=proxy.base_url) as client:
            client.jobs.list()
            before = _resources()
            for _ in range(50):
                with client.live_monitor.stream(YARD, OPEN) as events:
                    next(events)
            assert self.afterwards(before) <= before
        assert (50, 0) == (len(stub.jobs), stub.running_jobs)


def test_after_its_end_a_client_says_so_and_an_open_stream_still_ends(stub: StubServer, proxy: FaultProxy) -> None:
    client = TrioClient("k", base_url=proxy.base_url)
    with client.live_monitor.stream(YARD, OPEN) as events:
        next(events)
        client.close()
        client.close()
        with pytest.raises(ConfigurationError, match="closed"):
            client.jobs.list()
    assert 0 == stub.running_jobs


def test_the_error_of_a_create_is_the_same_in_every_thread(stub: StubServer, proxy: FaultProxy) -> None:
    proxy.strike(WireFault("close", work="skipped"), path="/live-monitor", times=4)
    policy = RetryPolicy(reconcile_for=0)

    def create(number: int) -> type[BaseException] | None:
        try:
            client.live_monitor.create(f"rtsp://camera.example/{number}", OPEN)
        except TrioError as error:
            return type(error)
        return None

    with TrioClient("k", base_url=proxy.base_url, retry=policy) as client, ThreadPoolExecutor(4) as threads:
        assert [CreateOutcomeUnknownError] * 4 == list(threads.map(create, range(4)))
    assert (0, 4) == (len(stub.jobs), sum(request.method == "POST" for request in proxy.requests))
