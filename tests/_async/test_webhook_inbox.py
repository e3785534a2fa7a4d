"""A job is followed by what webhooks deliver, and by polling where they stay away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from trio_client import AsyncTrioClient, Job, StreamInterruptedError, Triggered, TrioError
from trio_client.stub import StubServer
from trio_client.webhooks import AsyncWebhookInbox, parse

from .conftest import Connect, Pauses

pytestmark = pytest.mark.anyio

CAMERA = "rtsp://camera.example/yard"
NOWHERE = "http://127.0.0.1:9/"


class Post:
    """Hands the stub's deliveries to an inbox, as a receiver would."""

    def __init__(self, stub: StubServer, inbox: AsyncWebhookInbox) -> None:
        self._stub = stub
        self._inbox = inbox
        self._handed = 0

    def deliver(self) -> None:
        for delivery in self._stub.deliveries[self._handed :]:
            self._inbox(parse(delivery.body))
            self._handed += 1


class Waits:
    """Stands in for an inbox's waits: time passes at once, and what was asked for happens meanwhile."""

    def __init__(self, pauses: Pauses, meanwhile: Callable[[], None]) -> None:
        self.pauses = pauses
        self.meanwhile = meanwhile

    def set(self) -> None:
        pass

    async def wait(self, seconds: float) -> None:
        await self.pauses.async_sleep(min(seconds, 5))
        self.meanwhile()


@pytest.fixture
def follow(
    stub: StubServer, client: AsyncTrioClient, pauses: Pauses, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Follows a new job with an inbox; `deliver` says whether its deliveries arrive."""

    async def start(deliver: bool = True, by_id: bool = False, **options: Any) -> tuple[Job, Any]:
        inbox = AsyncWebhookInbox(client)
        post = Post(stub, inbox)
        waits = Waits(pauses, post.deliver if deliver else lambda: None)
        monkeypatch.setattr("trio_client._async.webhook_inbox.Wakeup", lambda: waits)
        job = await client.live_monitor.create(CAMERA, "Is the gate open?", webhook_url=NOWHERE, **options)
        return job, inbox.events(job.job_id if by_id else job)

    return start


@pytest.mark.parametrize("by_id", [False, True])
async def test_events_are_those_of_polling_when_nothing_is_delivered(follow: Any, by_id: bool) -> None:
    job, stream = await follow(deliver=False, by_id=by_id)
    async with stream as events:
        received = await events.collect()
    assert {event.delivery for event in received} == {"poll"}
    assert [event.kind for event in received if event.kind != "progress"] == ["started", "triggered", "stopped"]
    assert stream.outcome.reason == "condition_triggered"
    assert stream.job_id == job.job_id


async def test_leaving_a_follower_cancels_nothing(follow: Any, stub: StubServer) -> None:
    job, stream = await follow(deliver=False, max_triggers=None)
    async with stream as events:
        assert await events.until(Triggered) is not None
    assert stub.job(job.job_id).status == "running"
    assert "DELETE" not in [request.method for request in stub.requests]


async def test_a_cancel_without_a_delivery_ends_the_stream(
    follow: Any, client: AsyncTrioClient, stub: StubServer
) -> None:
    job, stream = await follow(deliver=False)
    async with stream as events:
        stub.clock.advance(2)
        await client.jobs.cancel(job.job_id)
        last = (await events.collect())[-1]
    assert (last.kind, last.reason, last.delivery) == ("stopped", "cancelled", "poll")


async def test_a_job_that_cannot_be_polled_drops_the_stream(follow: Any, stub: StubServer) -> None:
    job, stream = await follow(deliver=False)
    stub.fail_next(method="GET", path="/jobs", status=503, times=1000)
    with pytest.raises(StreamInterruptedError, match=job.job_id) as caught:
        async with stream as events:
            await events.collect()
    assert isinstance(caught.value.__cause__, TrioError)


async def test_deliveries_from_any_thread_wake_the_reader(client: AsyncTrioClient) -> None:
    inbox = AsyncWebhookInbox(client)
    bodies = [
        b'{"type": "job_started", "timestamp": 1769940000, "job_id": "a1", "stream_url": "rtsp://cam/1"}',
        b'{"type": "watch_triggered", "timestamp": 1769940001, "source_url": "rtsp://cam/1"}',
        b'{"type": "watch_triggered", "timestamp": 1769940001, "source_url": "rtsp://cam/1"}',
        b'{"type": "job_stopped", "timestamp": 1769940002, "job_id": "a1", "triggers_fired": 1}',
    ]
    job = Job(job_id="a1", stream_url="rtsp://cam/1")

    def deliver() -> None:
        for body in bodies:
            time.sleep(0.02)
            inbox.deliver(parse(body))

    async with inbox.events(job) as events:
        thread = threading.Thread(target=deliver)
        thread.start()
        received = [(event.kind, event.delivery, event.job_id) for event in await events.collect()]
    thread.join()
    assert received == [(kind, "webhook", "a1") for kind in ("started", "triggered", "stopped")]


async def test_two_followers_of_one_job_receive_the_same(client: AsyncTrioClient) -> None:
    inbox = AsyncWebhookInbox(client)
    job = Job(job_id="a1", stream_url="rtsp://cam/1")
    async with inbox.events(job) as first, inbox.events(job) as second:
        await first._open()
        inbox.deliver(parse(b'{"type": "job_stopped", "job_id": "a1", "triggers_fired": 0}'))
        assert [event.kind for event in await first.collect()] == ["stopped"]
        assert [event.kind for event in await second.collect()] == ["stopped"]


async def test_an_inbox_shows_no_secret(connect: Connect) -> None:
    client = connect(api_key="the-key")
    assert "the-key" not in repr(AsyncWebhookInbox(client))
