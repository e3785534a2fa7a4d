"""Closing a client stops the jobs of its open streams, waits for the stops under way, and names what is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import anyio  # async-only
import pytest

from trio_client import AsyncTrioClient, JobLeakWarning, Started
from trio_client.stub import Scene, StubServer

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
YARD = "rtsp://camera.example/yard"
OPEN = "the gate is open"


@pytest.fixture
def stub(stub: StubServer) -> StubServer:
    stub.scene(YARD, Scene(holds=False))
    return stub


async def opened(stub: StubServer, client: AsyncTrioClient, kind: str = "stream", **options: Any) -> Any:
    events = getattr(client.live_monitor, kind)(YARD, OPEN, **options)
    await events.__aenter__()
    stub.clock.advance(5)
    await events.until(Started)
    return events


@pytest.mark.parametrize("kind", ["stream", "watch"])
async def test_the_job_of_an_open_stream_is_stopped_and_the_stream_ends(
    stub: StubServer, client: AsyncTrioClient, kind: str
) -> None:
    events = await opened(stub, client, kind)
    await client.close()
    assert [(job.status, job.reason) for job in stub.jobs] == [("stopped", "cancelled")]
    (end,) = await events.collect()
    assert (end.kind, end.reason, end.status, end.stream_url) == ("stopped", "cancelled", "stopped", YARD)
    assert events.outcome is events.last is end
    await events.close()
    assert await events.collect() == []


# async-only: begin
@pytest.mark.parametrize(("kind", "last"), [("stream", ["stopped"]), ("watch", ["stopped"]), ("follower", [])])
async def test_a_reader_of_a_stream_hears_of_its_end(
    stub: StubServer, client: AsyncTrioClient, kind: str, last: list[str]
) -> None:
    if kind == "follower":
        (job_id,) = stub.add_jobs(1, status="running")
        events = client.jobs.events(job_id)
        await events.until(Started)
    else:
        events = await opened(stub, client, kind)
    received: list[Any] = []

    async def read() -> None:
        received.extend([event async for event in events])

    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            await anyio.sleep(0.05)
            await client.close()
    assert [event.kind for event in received if event.terminal] == last
    assert (events.outcome is None) == (not last)


# async-only: end
@pytest.mark.thorough
async def test_many_are_stopped_at_once(stub: StubServer, client: AsyncTrioClient) -> None:
    events = [await opened(stub, client) for _ in range(8)]
    stub.fail_next(method="DELETE", delay=0.5, processed=True, status=200, body={"job_id": "x"}, times=8)
    begun = time.monotonic()
    await client.close()
    assert (len(stub.jobs), stub.running_jobs) == (8, 0)
    assert time.monotonic() - begun < 3
    assert [[end.kind for end in await each.collect()] for each in events] == [["stopped"]] * 8


async def test_a_job_that_was_to_be_left_running_runs_on(stub: StubServer, client: AsyncTrioClient) -> None:
    events = await opened(stub, client, on_exit="leave")
    await client.close()
    assert stub.running_jobs == 1
    assert (await events.collect(), events.outcome) == ([], None)


async def test_a_stream_that_follows_ends_without_an_event(stub: StubServer, client: AsyncTrioClient) -> None:
    (job_id,) = stub.add_jobs(1, status="running")
    events = client.jobs.events(job_id)
    await events.until(Started)
    await client.close()
    assert (await events.collect(), events.outcome, stub.running_jobs) == ([], None, 1)


async def test_the_streams_of_a_copy_belong_to_the_client_that_was_copied(
    stub: StubServer, client: AsyncTrioClient
) -> None:
    copy = client.with_options(timeout=5)
    events = await opened(stub, copy)
    await copy.close()
    assert stub.running_jobs == 1
    await client.close()
    assert (stub.running_jobs, [end.kind for end in await events.collect()]) == (0, ["stopped"])


async def test_a_stop_that_cannot_be_confirmed_is_named(stub: StubServer, client: AsyncTrioClient) -> None:
    events = await opened(stub, client)
    stub.fail_next(method="DELETE", status=500, times=999)
    with pytest.warns(JobLeakWarning, match=stub.jobs[0].job_id):
        await client.close()
    assert (stub.running_jobs, await events.collect(), events.outcome) == (1, [], None)


@pytest.mark.thorough
async def test_it_takes_no_longer_than_asked_for(stub: StubServer, client: AsyncTrioClient, pauses: Any) -> None:
    pauses.take_real_time()
    events = await opened(stub, client)
    stub.fail_next(method="DELETE", delay=4, times=9)
    begun = time.monotonic()
    with pytest.warns(JobLeakWarning, match=stub.jobs[0].job_id):
        await client.close(timeout=0.5)
    assert time.monotonic() - begun < 3
    assert await events.collect() == []


async def test_an_exception_closes_both_and_goes_on(stub: StubServer, connect: Connect) -> None:
    with pytest.raises(ZeroDivisionError):
        async with connect() as client:
            events = await opened(stub, client)
            print(1 / 0)
    assert (stub.running_jobs, [end.kind for end in await events.collect()]) == (0, ["stopped"])
