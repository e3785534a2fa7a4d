"""What a follower of webhooks is told, and when the job is looked at."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import Any

import pytest

from trio_client import JobNotFoundError, RequestValidationError
from trio_client._core.delivery_router import Sorting
from trio_client._core.job_inbox import Mailbox, Patterns
from trio_client.events import Event, from_payload
from trio_client.models import JobDetail

PATTERNS = Patterns(late_after=5, quiet_after=30, poll_interval=3)
CAMERA = "rtsp://cam/1"


def mailbox(*, look_at_once: bool = False) -> Mailbox:
    return Mailbox(PATTERNS, 0.0, look_at_once=look_at_once, ring=lambda: None)


def event(kind: str, **fields: Any) -> Event:
    return from_payload({"type": kind, **fields})


def job(status: str = "running", **stats: Any) -> JobDetail:
    return JobDetail.model_validate({"job_id": "a1", "status": status, "stream_url": CAMERA, "stats": stats})


def kinds(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.kind, event.delivery) for event in events]


STARTED = event("job_started", job_id="a1")
TRIGGERED = event("watch_triggered", job_id="a1", explanation="A van.")
STOPPED = event("job_stopped", job_id="a1", status="completed", triggers_fired=1)


def test_deliveries_are_told_in_their_order_and_nothing_is_asked() -> None:
    box = mailbox()
    for each in (STARTED, TRIGGERED, STOPPED):
        box.deliver(each, 1)
    assert box.look_in(1) == math.inf
    assert kinds(box.take(1)) == [("started", "webhook"), ("triggered", "webhook"), ("stopped", "webhook")]
    assert box.finished


def test_an_end_that_overtook_the_start_has_the_start_looked_up() -> None:
    box = mailbox()
    box.deliver(STOPPED, 1)
    box.deliver(TRIGGERED, 1)
    assert kinds(box.take(1)) == [("triggered", "webhook")]
    assert box.look_in(1) <= 0
    box.look(job("completed", triggers_fired=1), 2)
    assert kinds(box.take(2)) == [("started", "poll"), ("stopped", "webhook")]
    box.deliver(STARTED, 3)
    assert box.take(3) == []


def test_an_end_that_overtook_its_trigger_waits_for_it() -> None:
    box = mailbox()
    box.deliver(STOPPED, 1)
    assert box.take(1) == []
    assert box.look_in(1) <= 0
    box.look(job("completed", triggers_fired=1), 1)
    assert kinds(box.take(2)) == [("started", "poll")]
    box.deliver(TRIGGERED, 3)
    assert kinds(box.take(3)) == [("triggered", "webhook"), ("stopped", "webhook")]


def test_an_end_does_not_wait_for_ever() -> None:
    box = mailbox()
    box.deliver(STOPPED, 1)
    box.look_failed(1)
    assert box.look_in(1) == 3
    assert kinds(box.take(5.9)) == []
    assert kinds(box.take(6)) == [("stopped", "webhook")]


def test_without_deliveries_the_job_is_looked_at_after_five_seconds_then_every_three() -> None:
    box = mailbox()
    assert box.look_in(0) == 5
    box.look(job(checks_performed=1), 5)
    assert box.look_in(5) == 3


def test_after_a_delivery_the_job_is_looked_at_after_thirty_quiet_seconds() -> None:
    box = mailbox()
    box.look(job(), 5)
    box.deliver(STARTED, 7)
    assert box.look_in(7) == 30
    box.deliver(TRIGGERED, 20)
    assert box.look_in(20) == 30
    box.look(job(triggers_fired=1), 50)
    assert box.look_in(50) == 30


def test_a_trigger_that_is_not_delivered_is_told_by_polling_after_a_while() -> None:
    box = mailbox()
    box.deliver(STARTED, 1)
    box.look(job(triggers_fired=1), 31)
    assert kinds(box.take(31)) == [("started", "webhook")]
    assert box.wake_in(31) == 5
    assert kinds(box.take(36)) == [("triggered", "poll")]
    assert box.look_in(36) <= 3


def test_nobody_is_woken_for_nothing_while_the_last_trigger_is_waited_for() -> None:
    box = mailbox()
    box.look(job("completed", triggers_fired=1), 5)
    assert kinds(box.take(5)) == [("started", "poll")]
    assert box.wake_in(5) == 5
    assert kinds(box.take(10)) == [("triggered", "poll"), ("stopped", "poll")]


def test_a_delivery_within_the_while_is_told_instead_and_a_later_one_as_well() -> None:
    box = mailbox()
    box.look(job(triggers_fired=2), 5)
    box.deliver(TRIGGERED, 6)
    assert kinds(box.take(10)) == [("started", "poll"), ("triggered", "webhook"), ("triggered", "poll")]
    box.deliver(TRIGGERED, 60)
    box.look(job(triggers_fired=2), 61)
    assert kinds(box.take(99)) == [("triggered", "webhook")]
    box.deliver(TRIGGERED, 100)
    box.look(job(triggers_fired=3), 101)
    assert kinds(box.take(200)) == [("triggered", "webhook")]


def test_a_start_is_told_once() -> None:
    box = mailbox()
    box.look(job(), 5)
    box.deliver(STARTED, 6)
    assert kinds(box.take(6)) == [("started", "poll")]


def test_a_cancel_that_is_not_delivered_is_found() -> None:
    box = mailbox()
    box.deliver(STARTED, 1)
    box.look(job("stopped", triggers_fired=0, reason="cancelled"), 31)
    events = box.take(31)
    assert kinds(events) == [("started", "webhook"), ("stopped", "poll")]
    assert box.finished
    box.deliver(STOPPED, 32)
    assert box.take(32) == []


def test_the_last_summary_may_come_after_a_look_has_seen_the_end() -> None:
    box = mailbox()
    box.deliver(event("started"), 1)
    box.deliver(event("summary"), 2)
    box.look(job("completed", summaries_generated=2), 32)
    assert kinds(box.take(32)) == [("started", "webhook"), ("summary", "webhook")]
    assert box.wake_in(32) == 5
    box.deliver(event("summary"), 33)
    assert kinds(box.take(33)) == [("summary", "webhook"), ("stopped", "poll")]


def test_a_summary_that_never_comes_is_not_waited_for_for_ever() -> None:
    box = mailbox()
    box.deliver(event("started"), 1)
    box.look(job("completed", summaries_generated=2), 31)
    assert kinds(box.take(31)) == [("started", "webhook")]
    assert kinds(box.take(36)) == [("stopped", "poll")]


def test_a_job_that_is_gone_has_failed() -> None:
    box = mailbox(look_at_once=True)
    assert box.look_in(0) <= 0
    box.gone("a1", JobNotFoundError("no such job", status_code=404))
    assert kinds(box.take(0)) == [("failed", "poll")]


@pytest.mark.parametrize("bad", [0, -1, math.nan, math.inf])
def test_waits_that_cannot_work_are_refused(bad: float) -> None:
    with pytest.raises(RequestValidationError, match="quiet_after"):
        Patterns(5, bad, 3)


def test_an_event_without_a_job_belongs_to_the_one_job_on_its_stream() -> None:
    sorting, box = Sorting(), mailbox()
    sorting.add("a1", box)
    sorting.learn("a1", CAMERA, 0)
    sorting.deliver(event("watch_triggered", source_url=CAMERA), 1)
    sorting.deliver(event("watch_triggered", source_url="rtsp://cam/2"), 1)
    (told,) = box.take(1)
    assert told.job_id == "a1"


def test_with_two_jobs_on_a_stream_nobody_is_told() -> None:
    sorting, box = Sorting(), mailbox()
    sorting.add("a1", box)
    sorting.learn("a1", CAMERA, 0)
    sorting.deliver(event("job_started", job_id="b2", source_url=CAMERA), 1)
    sorting.deliver(event("watch_triggered", source_url=CAMERA), 1)
    assert box.take(1) == []
    sorting.deliver(event("job_stopped", job_id="b2", source_url=CAMERA), 2)
    sorting.deliver(event("watch_triggered", source_url=CAMERA), 3)
    assert [each.kind for each in box.take(3)] == ["triggered"]


def test_what_came_before_the_follower_is_kept_but_not_what_is_older_than_the_job() -> None:
    sorting, box = Sorting(), mailbox()
    sorting.deliver(event("watch_triggered", source_url=CAMERA, timestamp="2026-02-01T09:00:00Z", explanation="old"), 0)
    sorting.deliver(event("job_started", job_id="a1"), 0)
    sorting.deliver(event("watch_triggered", source_url=CAMERA, timestamp="2026-02-01T10:00:09Z", explanation="new"), 0)
    sorting.add("a1", box)
    sorting.learn("a1", CAMERA, 1, datetime(2026, 2, 1, 10, tzinfo=timezone.utc))
    assert [getattr(each, "explanation", each.kind) for each in box.take(1)] == ["started", "new"]


def test_strays_are_bounded() -> None:
    sorting, box = Sorting(), mailbox()
    for _ in range(1000):
        sorting.deliver(TRIGGERED, 0)
    sorting.add("a1", box)
    sorting.hand_over("a1", 0)
    assert len(box.take(0)) == 256


def test_a_job_no_longer_followed_has_no_claim_to_its_stream() -> None:
    sorting, first, second = Sorting(), mailbox(), mailbox()
    sorting.add("a1", first)
    sorting.learn("a1", CAMERA, 0)
    sorting.remove("a1", first)
    sorting.add("b2", second)
    sorting.learn("b2", CAMERA, 0)
    sorting.deliver(event("watch_triggered", source_url=CAMERA), 1)
    assert (first.take(1), len(second.take(1))) == ([], 1)
