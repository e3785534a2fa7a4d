"""Which job a delivery belongs to."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from trio_client._core.delivery_router import DeliveryRouter
from trio_client._core.job_inbox import DeliveryTimeouts, JobInbox
from trio_client.events import Event, from_payload

TIMEOUTS = DeliveryTimeouts(late_after=5, quiet_after=30, poll_interval=3)
CAMERA = "rtsp://cam/1"


def new_inbox(job_id: str = "a1") -> JobInbox:
    return JobInbox(job_id, TIMEOUTS, 0.0, poll_first=False, wake=lambda: None)


def event(kind: str, **fields: Any) -> Event:
    return from_payload({"type": kind, **fields})


def test_an_event_without_a_job_belongs_to_the_one_job_on_its_stream() -> None:
    router, inbox = DeliveryRouter(), new_inbox()
    router.register("a1", inbox, 0, CAMERA)
    router.deliver(event("watch_triggered", source_url=CAMERA), 1)
    router.deliver(event("watch_triggered", source_url="rtsp://cam/2"), 1)
    assert [each.job_id for each in inbox.take(1)] == ["a1"]


def test_the_url_of_a_stream_may_have_another_form() -> None:
    router, inbox = DeliveryRouter(), new_inbox()
    router.register("a1", inbox, 0, "https://youtu.be/dQw4w9WgXcQ")
    router.deliver(event("watch_triggered", source_url="https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=1s"), 1)
    assert [each.job_id for each in inbox.take(1)] == ["a1"]


def test_two_channels_of_one_recorder_differ_by_their_users() -> None:
    router, one, two = DeliveryRouter(), new_inbox("a1"), new_inbox("b2")
    router.register("a1", one, 0, "rtsp://channel1:pw@recorder/live")
    router.register("b2", two, 0, "rtsp://channel2:pw@recorder/live")
    router.deliver(event("watch_triggered", source_url="rtsp://channel2:***@recorder:554/live"), 1)
    router.deliver(event("watch_triggered", source_url="rtsp://recorder/live"), 1)  # may mean either
    assert ([len(one.take(1)), len(two.take(1))]) == [0, 1]


def test_with_two_jobs_on_a_stream_it_belongs_to_neither() -> None:
    router, inbox = DeliveryRouter(), new_inbox()
    router.register("a1", inbox, 0, CAMERA)
    router.deliver(event("job_started", job_id="b2", source_url=CAMERA), 1)
    router.deliver(event("watch_triggered", source_url=CAMERA), 1)
    assert inbox.take(1) == []
    router.deliver(event("job_stopped", job_id="b2", source_url=CAMERA), 2)
    router.deliver(event("watch_triggered", source_url=CAMERA), 3)
    assert [each.kind for each in inbox.take(3)] == ["triggered"]


def test_what_arrived_before_the_inbox_is_kept_but_not_what_is_older_than_the_job() -> None:
    router, inbox = DeliveryRouter(), new_inbox()
    router.deliver(event("watch_triggered", source_url=CAMERA, timestamp="2026-02-01T09:00:00Z", explanation="old"), 0)
    router.deliver(event("job_started", job_id="a1"), 0)
    router.deliver(event("watch_triggered", source_url=CAMERA, timestamp="2026-02-01T10:00:09Z", explanation="new"), 0)
    router.register("a1", inbox, 1, CAMERA, datetime(2026, 2, 1, 10, tzinfo=timezone.utc))
    assert [getattr(each, "explanation", each.kind) for each in inbox.take(1)] == ["started", "new"]


def test_unmatched_deliveries_are_bounded() -> None:
    router, inbox = DeliveryRouter(), new_inbox()
    for _ in range(1000):
        router.deliver(event("watch_triggered", job_id="a1", explanation="A van."), 0)
    router.register("a1", inbox, 0)
    assert len(inbox.take(0)) == 256


def test_a_job_without_an_inbox_has_no_claim_to_its_stream() -> None:
    router, first, second = DeliveryRouter(), new_inbox(), new_inbox("b2")
    router.register("a1", first, 0, CAMERA)
    router.unregister("a1", first)
    router.register("b2", second, 0, CAMERA)
    router.deliver(event("watch_triggered", source_url=CAMERA), 1)
    assert (first.take(1), len(second.take(1))) == ([], 1)
