"""A job inbox: what it reports, and when it polls the job."""

from __future__ import annotations

import math
from typing import Any

import pytest

from trio_client import JobNotFoundError, RequestValidationError
from trio_client._core.job_inbox import DeliveryTimeouts, JobInbox
from trio_client.events import Event, from_payload
from trio_client.models import JobDetail

TIMEOUTS = DeliveryTimeouts(late_after=5, quiet_after=30, poll_interval=3)
CAMERA = "rtsp://cam/1"


def new_inbox(*, poll_first: bool = False) -> JobInbox:
    return JobInbox("a1", TIMEOUTS, 0.0, poll_first=poll_first, wake=lambda: None)


def event(kind: str, **fields: Any) -> Event:
    return from_payload({"type": kind, **fields})


def job(status: str = "running", **stats: Any) -> JobDetail:
    return JobDetail.model_validate({"job_id": "a1", "status": status, "stream_url": CAMERA, "stats": stats})


def kinds(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.kind, event.delivery) for event in events]


STARTED = event("job_started", job_id="a1")
TRIGGERED = event("watch_triggered", job_id="a1", explanation="A van.")
STOPPED = event("job_stopped", job_id="a1", status="completed", triggers_fired=1)


def test_deliveries_are_reported_in_order_without_a_poll_until_the_end() -> None:
    inbox = new_inbox()
    inbox.deliver(STARTED, 1)
    inbox.deliver(TRIGGERED, 1)
    assert kinds(inbox.take(1)) == [("started", "webhook"), ("triggered", "webhook")]
    assert inbox.poll_due_in(1) > 0


def test_an_end_counts_once_a_poll_has_confirmed_it() -> None:
    inbox = new_inbox()
    for each in (STARTED, TRIGGERED, STOPPED):
        inbox.deliver(each, 1)
    assert kinds(inbox.take(99)) == [("started", "webhook"), ("triggered", "webhook")]
    assert inbox.poll_due_in(1) <= 0
    inbox.poll(job("completed", triggers_fired=1), 100)
    assert inbox.poll_due_in(100) == math.inf
    assert kinds(inbox.take(100)) == [("stopped", "webhook")]
    assert inbox.finished


@pytest.mark.parametrize("reply", [job(), None])
def test_an_end_that_a_poll_does_not_confirm_is_dropped_and_polling_goes_on(reply: JobDetail | None) -> None:
    inbox = new_inbox()
    inbox.deliver(STARTED, 1)
    inbox.deliver(event("job_stopped", job_id="a1", status="completed", triggers_fired=0), 1)
    if reply is None:
        inbox.poll_failed(2)
    else:
        inbox.poll(reply, 2)
    assert kinds(inbox.take(99)) == [("started", "webhook")]
    assert (inbox.poll_due_in(2), inbox.finished) == (3, False)
    inbox.poll(job("completed", triggers_fired=0), 5)
    assert kinds(inbox.take(5)) == [("stopped", "poll")]


def test_an_end_is_confirmed_by_a_server_that_no_longer_knows_the_job() -> None:
    inbox = new_inbox()
    inbox.deliver(STARTED, 1)
    inbox.deliver(TRIGGERED, 1)
    inbox.deliver(STOPPED, 1)
    inbox.not_found(JobNotFoundError("no such job", status_code=404))
    assert kinds(inbox.take(1))[-1] == ("stopped", "webhook")


def test_the_delivery_of_an_end_that_a_poll_has_found_takes_its_place() -> None:
    inbox = new_inbox()
    inbox.poll(job("completed", summaries_generated=1, triggers_fired=0), 5)
    inbox.deliver(event("job_stopped", job_id="a1", status="completed", triggers_fired=0), 6)
    inbox.deliver(event("summary"), 7)
    assert kinds(inbox.take(7)) == [("started", "poll"), ("summary", "webhook"), ("stopped", "webhook")]


def test_an_end_that_overtook_the_start_has_the_job_polled() -> None:
    inbox = new_inbox()
    inbox.deliver(STOPPED, 1)
    inbox.deliver(TRIGGERED, 1)
    assert kinds(inbox.take(1)) == [("triggered", "webhook")]
    assert inbox.poll_due_in(1) <= 0
    inbox.poll(job("completed", triggers_fired=1), 2)
    assert kinds(inbox.take(2)) == [("started", "poll"), ("stopped", "webhook")]
    inbox.deliver(STARTED, 3)
    assert inbox.take(3) == []


def test_an_end_that_overtook_its_trigger_waits_for_it() -> None:
    inbox = new_inbox()
    inbox.deliver(STOPPED, 1)
    assert inbox.take(1) == []
    assert inbox.poll_due_in(1) <= 0
    inbox.poll(job("completed", triggers_fired=1), 1)
    assert kinds(inbox.take(2)) == [("started", "poll")]
    inbox.deliver(TRIGGERED, 3)
    assert kinds(inbox.take(3)) == [("triggered", "webhook"), ("stopped", "webhook")]


def test_an_end_does_not_wait_forever_for_what_should_come_before_it() -> None:
    inbox = new_inbox()
    inbox.deliver(STARTED, 1)
    inbox.deliver(STOPPED, 1)
    inbox.poll(job("completed", triggers_fired=1), 1)
    assert kinds(inbox.take(5.9)) == [("started", "webhook")]
    assert inbox.wait_seconds(5) == 1
    assert kinds(inbox.take(6)) == [("triggered", "poll"), ("stopped", "webhook")]


def test_without_deliveries_the_job_is_polled_after_five_seconds_then_every_three() -> None:
    inbox = new_inbox()
    assert inbox.poll_due_in(0) == 5
    inbox.poll(job(checks_performed=1), 5)
    assert inbox.poll_due_in(5) == 3


def test_after_a_delivery_the_job_is_polled_after_thirty_quiet_seconds() -> None:
    inbox = new_inbox()
    inbox.poll(job(), 5)
    inbox.deliver(STARTED, 7)
    assert inbox.poll_due_in(7) == 30
    inbox.deliver(TRIGGERED, 20)
    assert inbox.poll_due_in(20) == 30
    inbox.poll(job(triggers_fired=1), 50)
    assert inbox.poll_due_in(50) == 30


def test_a_trigger_that_is_not_delivered_in_time_is_reported_from_the_poll() -> None:
    inbox = new_inbox()
    inbox.deliver(STARTED, 1)
    inbox.poll(job(triggers_fired=1), 31)
    assert kinds(inbox.take(31)) == [("started", "webhook")]
    assert inbox.wait_seconds(31) == 5
    assert kinds(inbox.take(36)) == [("triggered", "poll")]
    assert inbox.poll_due_in(36) <= 3


def test_the_reader_is_not_woken_for_nothing_while_the_last_trigger_is_awaited() -> None:
    inbox = new_inbox()
    inbox.poll(job("completed", triggers_fired=1), 5)
    assert kinds(inbox.take(5)) == [("started", "poll")]
    assert inbox.wait_seconds(5) == 5
    assert kinds(inbox.take(10)) == [("triggered", "poll"), ("stopped", "poll")]


def test_a_delivery_in_time_is_reported_instead_and_a_late_one_too() -> None:
    inbox = new_inbox()
    inbox.poll(job(triggers_fired=2), 5)
    inbox.deliver(TRIGGERED, 6)
    assert kinds(inbox.take(10)) == [("started", "poll"), ("triggered", "webhook"), ("triggered", "poll")]
    inbox.deliver(TRIGGERED, 60)
    inbox.poll(job(triggers_fired=2), 61)
    assert kinds(inbox.take(99)) == [("triggered", "webhook")]
    inbox.deliver(TRIGGERED, 100)
    inbox.poll(job(triggers_fired=3), 101)
    assert kinds(inbox.take(200)) == [("triggered", "webhook")]


def test_a_start_is_reported_once() -> None:
    inbox = new_inbox()
    inbox.poll(job(), 5)
    inbox.deliver(STARTED, 6)
    assert kinds(inbox.take(6)) == [("started", "poll")]


def test_a_cancellation_that_is_not_delivered_is_found() -> None:
    inbox = new_inbox()
    inbox.deliver(STARTED, 1)
    inbox.poll(job("stopped", triggers_fired=0, reason="cancelled"), 31)
    events = inbox.take(31)
    assert kinds(events) == [("started", "webhook"), ("stopped", "poll")]
    assert inbox.finished
    inbox.deliver(STOPPED, 32)
    assert inbox.take(32) == []


def test_the_last_summary_may_arrive_after_a_poll_has_seen_the_end() -> None:
    inbox = new_inbox()
    inbox.deliver(event("started"), 1)
    inbox.deliver(event("summary"), 2)
    inbox.poll(job("completed", summaries_generated=2), 32)
    assert kinds(inbox.take(32)) == [("started", "webhook"), ("summary", "webhook")]
    assert inbox.wait_seconds(32) == 5
    inbox.deliver(event("summary"), 33)
    assert kinds(inbox.take(33)) == [("summary", "webhook"), ("stopped", "poll")]


def test_a_summary_that_never_arrives_does_not_hold_up_the_end_forever() -> None:
    inbox = new_inbox()
    inbox.deliver(event("started"), 1)
    inbox.poll(job("completed", summaries_generated=2), 31)
    assert kinds(inbox.take(31)) == [("started", "webhook")]
    assert kinds(inbox.take(36)) == [("stopped", "poll")]


def test_a_job_that_the_server_no_longer_knows_has_failed() -> None:
    inbox = new_inbox(poll_first=True)
    assert inbox.poll_due_in(0) <= 0
    inbox.not_found(JobNotFoundError("no such job", status_code=404))
    assert kinds(inbox.take(0)) == [("failed", "poll")]


@pytest.mark.parametrize("bad", [0, -1, math.nan, math.inf])
def test_timeouts_that_cannot_work_are_refused(bad: float) -> None:
    with pytest.raises(RequestValidationError, match="quiet_after"):
        DeliveryTimeouts(5, bad, 3)
