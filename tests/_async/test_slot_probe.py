# async-only: file
"""Plain watches and creates of one client that wait for a job slot together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest

from trio_client import AsyncTrioClient, CoverageGap, MaxJobsReachedError, Started
from trio_client.stub import StubServer

pytestmark = [pytest.mark.anyio, pytest.mark.thorough]

Connect = Callable[..., AsyncTrioClient]
SPEED = 30


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer(speed=SPEED, max_jobs=0) as server:
        yield server


@pytest.fixture(autouse=True)
def scaled(pauses: Any) -> None:
    pauses.scale(SPEED)


def camera(number: int) -> str:
    return f"rtsp://cam.example/{number}"


def posts(stub: StubServer) -> list[str]:
    return [request.json["stream_url"] for request in stub.requests if request.method == "POST"]


async def test_watches_that_wait_probe_together(stub: StubServer, client: AsyncTrioClient) -> None:
    started: list[str | None] = []

    async def watch(number: int) -> None:
        async with client.live_monitor.watch(camera(number), "x") as events:
            gap = (await events.until(CoverageGap)) or pytest.fail("it ended")
            assert "no_free_slot" == gap.reason
            started.append(((await events.until(Started)) or pytest.fail("it ended")).stream_url)
            await anyio.sleep_forever()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch, 0)
        while not posts(stub):  # noqa: ASYNC110 - the stub lives in another thread
            await anyio.sleep(0.01)
        await anyio.sleep(0.1)
        for number in range(1, 8):
            tasks.start_soon(watch, number)
            await anyio.sleep(0.005)
        await anyio.sleep(60 / SPEED)
        assert 10 <= len(posts(stub)) <= 25, "once in three seconds, however many wait"
        assert {camera(0)} == {*posts(stub)}, "the one that has waited longest probes"
        stub.max_jobs = 3
        with anyio.fail_after(20):
            while len(started) < 3:  # noqa: ASYNC110
                await anyio.sleep(0.01)
        assert [camera(0), camera(1), camera(2)] == started
        tasks.cancel_scope.cancel()
    assert 0 == stub.running_jobs


async def test_one_that_gives_way_lets_the_next_probe(stub: StubServer, client: AsyncTrioClient) -> None:
    first = client.live_monitor.watch(camera(1), "x")
    second = client.live_monitor.watch(camera(2), "x")
    async with second:
        async with first:
            assert "waiting_for_slot" == second.state.name
        stub.max_jobs = 1
        assert None is not await second.until(Started, timeout=20)


async def test_a_create_joins_those_that_wait_and_is_refused_in_the_end(
    stub: StubServer, client: AsyncTrioClient
) -> None:
    async with anyio.create_task_group() as tasks:

        async def watch() -> None:
            async with client.live_monitor.watch(camera(1), "x") as events:
                await events.collect()

        tasks.start_soon(watch)
        while len(posts(stub)) < 2:  # noqa: ASYNC110 - the stub lives in another thread
            await anyio.sleep(0.01)
        with pytest.raises(MaxJobsReachedError):
            await client.live_monitor.create(camera(2), "x", wait_for_slot=10)
        assert camera(2) not in posts(stub)
        waiting = client.live_monitor.watch(camera(3), "x", wait_for_slot=10)
        with pytest.raises(MaxJobsReachedError):
            await waiting.collect()
        assert camera(3) not in posts(stub)
        tasks.cancel_scope.cancel()


async def test_a_watch_without_a_reader_holds_up_no_other(stub: StubServer, client: AsyncTrioClient) -> None:
    async with client.live_monitor.watch(camera(1), "x"), client.live_monitor.watch(camera(2), "x") as second:
        stub.max_jobs = 1
        assert None is not await second.until(Started, timeout=30)
