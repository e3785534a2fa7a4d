"""A job's history: each poll adds what is new, once and without gaps."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_client import errors
from trio_client._core.history import JobHistory
from trio_client._core.stop_attempts import StopResult
from trio_client.events import Event, Failed, Progress, Started, StatusChanged, Stopped, Triggered, from_payload
from trio_client.models import CancelledJob, JobDetail


def job(status: str | None = "running", stats: dict[str, Any] | None = None, **more: Any) -> JobDetail:
    return JobDetail.model_validate({"job_id": "a", "status": status, "stats": stats, **more})


def reported(*events: dict[str, Any]) -> JobHistory:
    """The history of a job whose webhooks delivered a start and these events."""
    history = JobHistory("a")
    for event in ({"type": "started"}, *events):
        history.note(from_payload(event))
    return history


TRIGGERED = {"type": "watch_triggered"}
SUMMARY = {"type": "summary", "summary": "x"}


def kinds(history: JobHistory, *polls: JobDetail) -> list[list[str]]:
    return [[event.kind for event in history.poll(each)] for each in polls]


class TestFromNow:
    def test_what_was_counted_before_is_not_reported(self) -> None:
        history = JobHistory("a")
        counted = job("running", {"triggers_fired": 2, "checks_performed": 9})
        assert history.begin(counted) == history.poll(counted) == []
        (event,) = history.poll(job("running", {"triggers_fired": 3, "checks_performed": 10}))
        assert isinstance(event, Triggered)
        assert event.number == 3

    def test_a_job_that_starts_later_changes_its_status(self) -> None:
        history = JobHistory("a")
        assert history.begin(job("pending")) == []
        assert [event.kind for event in history.poll(job("running"))] == ["status"]

    def test_an_end_is_reported(self) -> None:
        history = JobHistory("a")
        assert [event.kind for event in history.begin(job("stopped", {"triggers_fired": 2}))] == ["stopped"]
        assert history.finished


@pytest.mark.parametrize(
    ("polls", "expected"),
    [
        ([job("pending"), job("pending"), job("running")], [[], [], ["started"]]),
        ([job("running"), job("running")], [["started"], []]),
        ([job("completed")], [["started", "stopped"]]),
        ([job("failed")], [["started", "failed"]]),
        ([job("running"), job("stopped")], [["started"], ["stopped"]]),
        ([job("running"), job("stopped", {"checks_performed": 9})], [["started"], ["stopped"]]),
        ([job("running"), job("paused"), job("paused"), job("running")], [["started"], ["status"], [], ["status"]]),
        ([job(None), job("running"), job(None), job("running")], [[], ["started"], [], []]),
    ],
)
def test_each_poll_reports_what_has_changed(polls: list[JobDetail], expected: list[list[str]]) -> None:
    assert kinds(JobHistory(), *polls) == expected


COUNTS: list[tuple[list[dict[str, Any]], list[list[str]]]] = [
    ([{"checks_performed": 1}, {"checks_performed": 1}, {"checks_performed": 5}], [["progress"], [], ["progress"]]),
    ([{"summaries_generated": 1}, {"summaries_generated": 2}], [["progress"], ["progress"]]),
    ([{"checks_performed": 0}, {}, {"checks_performed": None}], [[], [], []]),
    ([{"triggers_fired": 0}, {"triggers_fired": 1}, {"triggers_fired": 1}], [[], ["triggered"], []]),
    ([{"triggers_fired": 3}, {"triggers_fired": 4}], [["triggered"] * 3, ["triggered"]]),
    ([{"triggers_fired": 2}, {"triggers_fired": 1}, {"triggers_fired": 2}], [["triggered"] * 2, [], []]),
    ([{"checks_performed": 4, "triggers_fired": 1}], [["triggered"]]),
    ([{"checks_performed": "many", "triggers_fired": True}, {"triggers_fired": "1"}], [[], ["triggered"]]),
    ([{"triggers_fired": -3}], [[]]),
]


@pytest.mark.parametrize(("counts", "expected"), COUNTS)
def test_counters_report_progress_and_each_trigger_once(
    counts: list[dict[str, Any]], expected: list[list[str]]
) -> None:
    assert kinds(reported(), *(job(stats=stats) for stats in counts)) == expected


def test_a_polled_trigger_happened_at_the_latest_when_it_was_counted() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
    first, second = JobHistory("a", "rtsp://cam/1"), JobHistory("a")
    events = [*first.poll(job(stats={"triggers_fired": 2}), noon), *second.poll(job(stats={"triggers_fired": 2}))]
    triggers = [event for event in events if isinstance(event, Triggered)]
    assert [(each.occurred_at, each.stream_url) for each in triggers] == [(noon, "rtsp://cam/1")] * 2 + [
        (None, None)
    ] * 2
    assert triggers[0].dedup_key == triggers[2].dedup_key != triggers[1].dedup_key


def test_a_cancelled_job_ends_with_the_counters_of_the_cancel() -> None:
    reply = CancelledJob.model_validate({"job_id": "a", "status": "stopped", "final_stats": {"triggers_fired": 3}})
    history = JobHistory("a", "rtsp://cam/1")
    only_reply = history.stopped(StopResult(confirmed=True, cancelled=reply))
    assert isinstance(only_reply, Stopped)
    assert (only_reply.status, only_reply.reason, only_reply.stream_url) == ("stopped", "cancelled", "rtsp://cam/1")
    assert only_reply.stats == {"triggers_fired": 3}
    polled = job("completed", {"triggers_fired": 2, "checks_performed": 9, "reason": "max_triggers_reached"})
    both = history.stopped(StopResult(confirmed=True, cancelled=reply, job=polled))
    assert isinstance(both, Stopped)
    assert (both.status, both.reason) == ("completed", "max_triggers_reached")
    assert both.stats == {"triggers_fired": 3, "checks_performed": 9, "reason": "max_triggers_reached"}
    assert history.stopped(StopResult(confirmed=True)).stats is None
    assert isinstance(history.stopped(StopResult(confirmed=True, job=job("failed"))), Failed)


def test_triggers_come_before_the_end() -> None:
    ended = job("stopped", {"triggers_fired": 3})
    assert kinds(reported(TRIGGERED), ended) == [["triggered", "triggered", "stopped"]]


def test_a_job_that_ended_on_its_condition_had_a_trigger_even_if_it_counts_none() -> None:
    end = job("completed", {"reason": "condition_triggered"})
    assert kinds(reported(), end) == [["triggered", "stopped"]]
    assert kinds(reported(TRIGGERED), end) == [["stopped"]]
    assert kinds(reported(), job("stopped", {"reason": "cancelled"})) == [["stopped"]]


def test_what_was_delivered_is_not_reported_again() -> None:
    history = reported(TRIGGERED, TRIGGERED, {"type": "progress", "checks_performed": 5})
    polls = [job(stats={"checks_performed": 5, "triggers_fired": 2}), job(stats={"checks_performed": 6})]
    assert kinds(history, *polls) == [[], ["progress"]]


def test_the_windows_of_a_digest_count_as_reported() -> None:
    polls = [job(stats={"summaries_generated": number}) for number in (2, 3)]
    assert kinds(reported(SUMMARY, SUMMARY), *polls) == [[], ["progress"]]


def test_a_trigger_that_is_delivered_after_a_poll_counted_it_is_the_same_trigger() -> None:
    history = reported()
    assert kinds(history, job(stats={"triggers_fired": 2})) == [["triggered", "triggered"]]
    for _ in range(3):
        history.note(from_payload(TRIGGERED))
    assert history.triggers == 3


def test_a_status_that_was_delivered_is_not_reported_again() -> None:
    history = reported({"type": "job_status", "status": "paused"})
    assert kinds(history, job("paused"), job("running")) == [[], ["status"]]


def test_a_copy_goes_on_by_itself() -> None:
    history = reported()
    trial = history.copy()
    assert kinds(trial, job("stopped", {"triggers_fired": 1})) == [["triggered", "stopped"]]
    assert (history.finished, history.triggers, trial.finished, trial.triggers) == (False, 0, True, 1)


def test_an_absurd_counter_does_not_fill_the_memory() -> None:
    history = reported()
    assert len(history.poll(job(stats={"triggers_fired": 10**12}))) == 1000
    assert history.poll(job(stats={"triggers_fired": 10**12})) == []


def test_the_events_say_they_were_polled_and_of_which_job() -> None:
    detail = job(
        "completed",
        {"checks_performed": 45, "triggers_fired": 1, "reason": "condition_triggered"},
        stream_url="rtsp://cam/1",
        created_at="2026-03-01T12:00:00Z",
        config={"condition": "a van"},
    )
    started, triggered, stopped = JobHistory().poll(detail)
    for event in (started, triggered, stopped):
        assert (event.delivery, event.job_id, event.stream_url) == ("poll", "a", "rtsp://cam/1")
        assert event.raw["config"]["condition"] == "a van"
    assert isinstance(started, Started)
    assert started.occurred_at == datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
    assert isinstance(triggered, Triggered)
    about = (triggered.triggered, triggered.condition, triggered.explanation, triggered.occurred_at)
    assert about == (True, "a van", None, None)
    assert isinstance(stopped, Stopped)
    assert stopped.stats is not None
    end = (stopped.reason, stopped.status, stopped.stats.checks_performed)
    assert end == ("condition_triggered", "completed", 45)


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        ({"error": {"code": "STREAM_OFFLINE", "message": "It went dark."}}, "STREAM_OFFLINE", "It went dark."),
        ({"error": "It went dark."}, None, "It went dark."),
        ({"stats": {"reason": "stream_offline"}}, None, "stream_offline"),
        ({"details": {"reason": "stream_offline"}}, None, "stream_offline"),
        ({"error": {"code": 5, "message": []}}, "5", None),
        ({"error": 5}, None, None),
        ({}, None, None),
    ],
)
def test_a_failed_job_says_why_where_it_is_known(more: dict[str, Any], code: str | None, message: str | None) -> None:
    event = reported().poll(JobDetail.model_validate({"job_id": "a", "status": "failed", **more}))[-1]
    assert isinstance(event, Failed)
    assert (event.code, event.message, event.terminal) == (code, message, True)


@pytest.mark.parametrize(("code", "named"), [("JOB_NOT_FOUND", "JOB_NOT_FOUND"), (None, "JOB_NOT_FOUND")])
def test_a_job_that_the_server_no_longer_knows_has_failed(code: str | None, named: str) -> None:
    error = errors.JobNotFoundError("It expired.", status_code=404, code=code, remediation="List the jobs.")
    event = JobHistory("a").not_found(error)
    assert (event.job_id, event.delivery, event.code) == ("a", "poll", named)
    assert (event.message, event.remediation, event.terminal) == ("It expired.", "List the jobs.", True)


def test_counters_are_found_in_stats_and_in_the_older_details() -> None:
    (event,) = reported().poll(job(stats={"checks_performed": 2}, details={"checks_performed": 1, "frames_skipped": 1}))
    assert isinstance(event, Progress)
    assert event.stats == {"checks_performed": 2, "frames_skipped": 1}


def test_checks_and_summaries_count_together_and_what_is_no_count_not_at_all() -> None:
    polls = [
        job(stats={"checks_performed": 3, "summaries_generated": 2}),
        job(stats={"checks_performed": 4, "summaries_generated": 1}),
        job(stats={"checks_performed": "many", "summaries_generated": None}),
    ]
    assert kinds(reported(), *polls) == [["progress"], [], []]


def test_a_status_change_names_the_status_and_progress_the_counters() -> None:
    events: list[Event] = reported().poll(job("paused", {"checks_performed": 1}))
    assert [type(event) for event in events] == [StatusChanged, Progress]
    assert [getattr(events[0], "status", None), getattr(events[1], "stats", {})["checks_performed"]] == ["paused", 1]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("poll"), st.integers(0, 4), st.integers(0, 3)),
            st.tuples(st.just("deliver"), st.integers(0, 5), st.integers(0, 3)),
        ),
        max_size=12,
    ),
    st.sampled_from(["watch_triggered", "live_monitor_triggered", "triggered"]),
)
def test_no_two_triggers_of_a_job_share_a_key_unless_one_is_a_redelivery(
    steps: list[tuple[str, int, int]], name: str
) -> None:
    """Each step is a poll that counts more triggers and checks, or a delivery, for the first time or again."""
    history, counted, checks = reported(), 0, 0
    keys: list[str] = []
    delivered: dict[int, str | None] = {}
    for kind, more, extra in steps:
        if kind == "poll":
            counted, checks = counted + more, checks + extra
            events = history.poll(job(stats={"triggers_fired": counted, "checks_performed": checks}))
            keys += [event.dedup_key for event in events if event.dedup_key is not None]
            continue
        stamp = f"2026-03-01T12:00:0{more}Z"
        event = from_payload({"type": name, "job_id": "a", "timestamp": stamp})
        history.note(event)
        if more in delivered:
            assert event.dedup_key == delivered[more]
        elif event.dedup_key is not None:
            keys.append(event.dedup_key)
        delivered[more] = event.dedup_key
    assert len(keys) == len(set(keys))
