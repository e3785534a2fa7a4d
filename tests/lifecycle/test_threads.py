"""Many threads with one sync client."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from raw_server import RawServer, reply

from trio_client import APITimeoutError, AsyncTrioClient, ConfigurationError, Timeout, TrioClient
from trio_client.stub import StubServer


def test_threads_get_the_replies_to_their_own_calls(stub: StubServer) -> None:
    ids = stub.add_jobs(800)
    with TrioClient("k", base_url=stub.base_url) as client, ThreadPoolExecutor(16) as threads:

        def some(number: int) -> list[str]:
            return [client.jobs.get(job_id).job_id for job_id in ids[50 * number : 50 * number + 50]]

        assert ids == [job_id for found in threads.map(some, range(16)) for job_id in found]


def test_each_thread_can_have_its_stream() -> None:
    with StubServer(speed=0, max_jobs=16) as stub, TrioClient("k", base_url=stub.base_url) as client:
        entered = threading.Barrier(17, timeout=10)

        def watch(number: int) -> tuple[str, set[str | None]]:
            with client.live_monitor.stream(f"rtsp://camera/{number}", f"condition {number}") as events:
                entered.wait()
                received = events.collect()
            return received[-2].condition, {event.job_id for event in received}

        with ThreadPoolExecutor(16) as threads:
            watching = [threads.submit(watch, number) for number in range(16)]
            entered.wait()
            stub.clock.advance(100)
            received = [future.result(10) for future in watching]
    assert [f"condition {number}" for number in range(16)] == [condition for condition, _ in received]
    assert {job.job_id for job in stub.jobs} == {job_id for _, ids in received for job_id in ids}
    assert [1] * 16 == [len(ids) for _, ids in received]


def test_a_call_that_finds_no_free_place_in_time_is_an_error() -> None:
    answer = threading.Event()
    with RawServer([answer, reply({"jobs": []})]) as server:
        with TrioClient("k", base_url=server.base_url) as client, ThreadPoolExecutor(100) as threads:
            waiting = [threads.submit(client.jobs.list) for _ in range(100)]
            server.wait_for_requests(100)
            with pytest.raises(APITimeoutError, match=r"Timeout\.pool") as caught:
                client.jobs.list(timeout=Timeout(pool=0.02))
            sent = len(server.requests)
            answer.set()
            assert [0] * 100 == [len(call.result(10)) for call in waiting]
        assert ("pool", False, 100) == (caught.value.phase, caught.value.request_sent, sent)


def test_a_call_under_way_outlives_the_closing_of_its_client() -> None:
    with RawServer([0.1, reply({"jobs": []})]) as server, ThreadPoolExecutor(1) as threads:
        client = TrioClient("k", base_url=server.base_url)
        call = threads.submit(client.jobs.list)
        server.wait_for_requests(1)
        client.close()
        assert 0 == len(call.result(10))
        with pytest.raises(ConfigurationError):
            client.jobs.list()


def test_a_call_that_another_event_loop_has_overtaken_leaves_nothing_there() -> None:
    answer, empty = threading.Event(), reply({"jobs": []})
    with RawServer([answer, empty], empty) as server, ThreadPoolExecutor(1) as threads:
        client = AsyncTrioClient("k", base_url=server.base_url)
        pool = client._transport.sender._pool
        assert pool is not None

        async def call() -> int:
            return len(await client.jobs.list())

        async def overtake() -> None:
            server.wait_for_requests(1)
            assert 0 == await call()
            answer.set()
            assert 0 == overtaken.result(10)
            assert 1 == len(pool._idle), "only the connection of this event loop"
            semaphore = pool._limiter._semaphore
            assert semaphore is not None
            assert 100 == semaphore.value
            assert 0 == await call()
            await client.close()

        overtaken = threads.submit(asyncio.run, call())
        asyncio.run(overtake())
    assert 2 == server.connections
