"""What streams and watches have used: jobs, begun minutes, and their price."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from trio_client import AsyncTrioClient, Started, Stopped, Usage
from trio_client.stub import Scene, StubServer

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
CAMERA = "rtsp://cam.example/1"


async def test_a_stream_has_used_the_begun_minutes_of_its_job(
    stub: StubServer, client: AsyncTrioClient, pauses: Any
) -> None:
    stub.scene(CAMERA, Scene(holds=False))
    events = client.live_monitor.stream(CAMERA, "x", monitor_duration_seconds=150)
    assert Usage(0, 0, 0.0) == events.usage
    async with events:
        assert Usage(1, 1, 0.02) == events.usage
        stub.clock.advance(200)
        assert None is not await events.until(Stopped)
        assert Usage(1, 3, 0.06) == events.usage
    assert Usage(1, 3, 0.06) == events.usage


async def test_a_stream_left_early_has_used_what_the_cancel_counted(stub: StubServer, client: AsyncTrioClient) -> None:
    stub.scene(CAMERA, Scene(holds=False))
    async with client.live_monitor.stream(CAMERA, "x") as events:
        stub.clock.advance(2)
        await events.until(Started)
        stub.clock.advance(100)
    assert isinstance(events.outcome, Stopped)
    assert Usage(1, 2, 0.04) == events.usage


@pytest.mark.thorough
async def test_a_digest_has_a_price_and_hybrid_input_has_none(client: AsyncTrioClient) -> None:
    async with client.live_digest.stream(CAMERA) as digest:
        assert Usage(1, 1, 0.02) == digest.usage
    async with client.live_monitor.stream(CAMERA, "x", input_mode="hybrid") as hybrid:
        assert Usage(1, 1, None) == hybrid.usage
    watch = client.live_monitor.watch(CAMERA, "x", input_mode="hybrid", price_per_minute_usd=0.05)
    async with watch as events:
        assert Usage(1, 1, 0.05) == events.usage


async def test_what_follows_a_job_uses_nothing(stub: StubServer, client: AsyncTrioClient) -> None:
    job = await client.live_monitor.create(CAMERA, "x")
    async with client.jobs.events(job.job_id) as events:
        stub.clock.advance(30)
        await anext(events)
        assert Usage() == events.usage


async def test_a_watch_adds_up_its_jobs_and_counts_no_further_once_left(connect: Connect, pauses: Any) -> None:
    with StubServer(speed=600) as stub:
        client = connect(base_url=stub.base_url)
        async with client.live_monitor.watch(CAMERA, "x", monitor_duration_seconds=60) as events:
            for jobs in (1, 2, 3):
                assert None is not await events.until(Started, timeout=30)
                assert jobs == events.usage.jobs
        left = events.usage
        assert 3 == left.jobs
        assert left.minutes_billed >= 3
        assert left.cost_usd is not None
        pauses.seconds.append(3600)
        assert left == events.usage
