"""The client works against each generation of the documentation."""

from __future__ import annotations

import pytest

from trio_client import (
    AsyncTrioClient,
    Event,
    NotFoundError,
    Started,
    Stopped,
    Summary,
    Triggered,
    UnprocessableEntityError,
)
from trio_client.stub import Generation, StubServer

pytestmark = pytest.mark.anyio

YARD = "rtsp://camera.example/yard"
OPEN = "the gate is open"
HOOK = "http://127.0.0.1:9/hook"
ALL: tuple[Generation, ...] = ("G1", "G2", "G3", "G4")


@pytest.fixture(params=ALL)
def generation(request: pytest.FixtureRequest, stub: StubServer) -> Generation:
    stub.generation = request.param
    stub.clock.speed = 3600.0
    return stub.generation


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]


async def test_a_monitor_is_made_listed_and_waited_for(
    stub: StubServer, client: AsyncTrioClient, generation: Generation
) -> None:
    job = await client.live_monitor.create(YARD, OPEN, webhook_url=HOOK if generation == "G2" else None)
    assert ("pending", stub.jobs[0].job_id) == (job.status, job.job_id)
    assert (None if generation == "G2" else YARD) == job.stream_url
    page = await client.jobs.list()
    assert [(job.job_id, YARD)] == [(item.job_id, item.stream_url) for item in page.jobs]
    ended = await client.jobs.wait(job.job_id)
    lasting = generation in ("G1", "G2")
    assert ("stopped" if lasting else "completed") == ended.status == stub.jobs[0].status
    assert (20 if lasting else 1) == stub.jobs[0].triggers_fired
    cancelled = await client.jobs.cancel(job.job_id)
    assert ended.status == cancelled.status


async def test_a_monitor_is_followed(stub: StubServer, client: AsyncTrioClient, generation: Generation) -> None:
    if generation == "G2":
        with pytest.raises(UnprocessableEntityError, match="webhook_url"):
            async with client.live_monitor.stream(YARD, OPEN) as events:
                await events.collect()
        assert [] == stub.jobs
        return
    async with client.live_monitor.stream(YARD, OPEN) as events:
        received = await events.collect()
    assert isinstance(received[0], Started)
    assert stub.jobs[0].triggers_fired == sum(isinstance(event, Triggered) for event in received)
    assert isinstance(events.outcome, Stopped)
    assert stub.jobs[0].reason == events.outcome.reason
    assert {stub.jobs[0].job_id} == {event.job_id for event in received}
    assert 0 == stub.running_jobs


async def test_a_digest_is_followed(stub: StubServer, client: AsyncTrioClient, generation: Generation) -> None:
    async with client.live_digest.stream(YARD, window_minutes=2) as events:
        received = await events.collect()
    assert ["started", *["progress", "progress", "summary"] * 5, "stopped"] == kinds(received)
    assert [2] * 5 == [event.frame_count for event in received if isinstance(event, Summary)]
    assert {"sse"} == {event.delivery for event in received}
    assert isinstance(events.outcome, Stopped)
    assert ("max_duration_reached", stub.jobs[0].job_id) == (events.outcome.reason, events.outcome.job_id)


async def test_single_checks(stub: StubServer, client: AsyncTrioClient, generation: Generation) -> None:
    result = await client.check_once(YARD, OPEN, include_frame=True)
    assert (generation == "G1") is (result.latency_ms is None)
    assert (generation == "G2") is (result.frame is None)
    assert (await client.streams.validate(YARD)).is_live
    if generation == "G4":
        assert (await client.analyze_frame(b"\xff\xd8\xff", "Is the gate open?")).answer
    else:
        with pytest.raises(NotFoundError):
            await client.analyze_frame(b"\xff\xd8\xff", "Is the gate open?")


async def test_a_digest_is_made(stub: StubServer, client: AsyncTrioClient, generation: Generation) -> None:
    job = await client.live_digest.create(YARD, window_minutes=2)
    assert stub.jobs[0].job_id == job.job_id
    ended = await client.jobs.wait(job.job_id)
    counters = ended.stats or ended.details
    assert counters is not None
    assert (1, 5) == (len(stub.jobs), dict(counters)["summaries_generated"])
