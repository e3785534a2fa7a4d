"""The API in process, for the async client, under asyncio and the trio library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from trio_client import (
    APIConnectionError,
    APITimeoutError,
    AsyncTrioClient,
    CheckResult,
    Job,
    JobDetail,
    JobPage,
    Started,
    Stopped,
    Triggered,
    TrioError,
    response_info,
)
from trio_client.testing import MockTrio, UnscriptedCallError, make, sse

pytestmark = pytest.mark.anyio
GATE = ("rtsp://gate.example/live", "a van is at the gate")


@pytest.fixture
def mock() -> Iterator[MockTrio]:
    with MockTrio() as mock:
        yield mock


@pytest.fixture
def client(mock: MockTrio) -> AsyncTrioClient:
    return mock.async_client()


async def test_scripted_answers(mock: MockTrio, client: AsyncTrioClient) -> None:
    mock.on("POST", "/check-once").reply(make(CheckResult, explanation="Two vans."))
    mock.on("GET", "/jobs").fail(429, headers={"retry-after": "20"}, times=2).reply(make(JobPage, total=4))
    assert "Two vans." == (await client.check_once(*GATE)).explanation
    assert 4 == (await client.jobs.list()).total
    assert [20, 20] == mock.waits


async def test_a_scripted_stream(mock: MockTrio, client: AsyncTrioClient) -> None:
    mock.on("POST", "/live-monitor").reply(sse(make(Started), make(Triggered), make(Stopped)).split(11))
    async with client.live_monitor.stream(*GATE) as events:
        assert ["started", "triggered", "stopped"] == [event.kind async for event in events]


async def test_a_scripted_drop_is_followed_by_polling(mock: MockTrio, client: AsyncTrioClient) -> None:
    mock.on("POST", "/live-monitor").reply(sse(make(Started)).delay(30).drop())
    mock.on("GET", "/jobs/{job_id}").reply(make(JobDetail), times=3).reply(make(JobDetail, status="completed"))
    async with client.live_monitor.stream(*GATE) as events:
        assert "poll" == (await events.collect())[-1].delivery
    assert [3.0] * 3 == mock.waits


async def test_the_stub_server_answers_calls_that_are_not_scripted(mock: MockTrio, client: AsyncTrioClient) -> None:
    job = await client.live_monitor.create(*GATE)
    assert "completed" == (await client.jobs.wait(job.job_id)).status
    assert ([3.0] * 10, 30) == (mock.waits, mock.stub.clock.now())


async def test_events_arrive_as_they_happen(mock: MockTrio, client: AsyncTrioClient) -> None:
    async with client.live_monitor.stream(*GATE) as events:
        seen = [(event.kind, mock.stub.clock.now()) async for event in events]
    assert [("started", 1), ("progress", 10), ("progress", 20), ("triggered", 30), ("stopped", 30)] == seen


async def test_concurrent_streams(mock: MockTrio, client: AsyncTrioClient) -> None:
    received: dict[int, list[str]] = {}

    async def follow(number: int) -> None:
        async with client.live_monitor.stream(f"rtsp://c/{number}", "a van") as events:
            received[number] = [event.kind async for event in events]

    async with anyio.create_task_group() as tasks:
        for number in range(8):
            tasks.start_soon(follow, number)
    assert {tuple(kinds) for kinds in received.values()} == {
        ("started", "progress", "progress", "triggered", "stopped")
    }
    assert 8 == len(received)


@pytest.mark.parametrize("fault", [{"drop_after_events": 2}, {"silent_after_events": 2}, {"drop_after_bytes": 10}])
async def test_faults_of_the_stub_server_apply(mock: MockTrio, client: AsyncTrioClient, fault: dict[str, Any]) -> None:
    mock.stub.fail_next(path="/live-monitor", **fault)
    async with client.live_monitor.stream(*GATE) as events:
        assert "poll" == (await events.collect())[-1].delivery


async def test_cancelling_a_stream_stops_its_job(mock: MockTrio, client: AsyncTrioClient) -> None:
    with anyio.CancelScope() as scope:
        async with client.live_monitor.stream(*GATE, max_triggers=None) as events:
            async for event in events:
                if event.kind == "triggered":
                    scope.cancel()
    assert scope.cancelled_caught
    assert (0, "cancelled") == (mock.stub.running_jobs, mock.stub.jobs[0].reason)


async def test_a_cancelled_call_ends_at_once(mock: MockTrio, client: AsyncTrioClient) -> None:
    mock.stub.fail_next(path="/jobs", delay=30)

    async def cancel_when_it_has_begun() -> None:
        while not mock.stub.requests:
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(cancel_when_it_has_begun)
        await client.jobs.list()
    assert tasks.cancel_scope.cancelled_caught
    assert 0 == (await client.jobs.list()).total


async def test_a_slow_reply_times_out_in_real_time(mock: MockTrio) -> None:
    mock.stub.fail_next(path="/jobs", delay=30)
    with pytest.raises(APITimeoutError):
        await mock.async_client(timeout=0.05, retry=None).jobs.list()


async def test_a_call_that_is_not_scripted_is_an_error() -> None:
    mock = MockTrio(scripted_only=True)
    client = mock.async_client()
    for call in (
        client.jobs.list,
        lambda: client.live_monitor.create(*GATE),
        client.live_monitor.stream(*GATE).collect,
    ):
        with pytest.raises(UnscriptedCallError, match="is not scripted"):
            await call()
    assert ["GET", "POST", "POST"] == [request.method for request in mock.requests]


async def test_a_client_made_by_the_caller_can_use_it(mock: MockTrio) -> None:
    async with AsyncTrioClient("any", http_client=mock.async_http_client()) as client:
        assert 0 == (await client.jobs.list()).total


async def test_sync_and_async_clients_share_the_jobs(mock: MockTrio, client: AsyncTrioClient) -> None:
    job = await client.live_monitor.create(*GATE)
    assert [job.job_id] == [each.job_id for each in mock.client().jobs.list()]


async def test_the_mock_may_be_closed_first(mock: MockTrio) -> None:
    client = mock.async_client(retry=None)
    events = client.live_monitor.stream(*GATE, on_exit="leave", on_drop="raise")
    async with events:
        assert "started" == (await anext(events)).kind
        mock.close()
        with pytest.raises(TrioError):
            await anext(events)
    with pytest.raises(APIConnectionError, match="this MockTrio is closed"):
        await client.jobs.list()


async def test_elapsed_time_includes_skipped_time(mock: MockTrio, client: AsyncTrioClient) -> None:
    mock.on("POST", "/live-digest").reply(make(Job), delay=12)
    assert response_info(await client.live_digest.create(GATE[0])).elapsed >= 12


async def test_a_pending_read_fails_when_the_mock_is_closed(mock: MockTrio) -> None:
    """With a speed, the wait for the next event is a real one."""
    with MockTrio(speed=0.001) as slow:
        client = slow.async_client(retry=None)

        async def close_soon() -> None:
            await anyio.wait_all_tasks_blocked()
            await anyio.sleep(0.05)
            slow.close()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(close_soon)
            with pytest.raises((TrioError, httpx.HTTPError)):
                async with client.live_monitor.stream(*GATE, on_exit="leave", on_drop="raise") as events:
                    await events.collect()
