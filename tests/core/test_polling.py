"""Repeated looks at a job tell its story once, without gaps."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from trio_client import errors
from trio_client._core.polling import JobStory, counters, work_done
from trio_client.events import Event, Failed, Progress, Started, StatusChanged, Stopped, Triggered
from trio_client.models import JobDetail, JobStats


def job(status: str | None = "running", stats: dict[str, Any] | None = None, **more: Any) -> JobDetail:
    return JobDetail.model_validate({"job_id": "a", "status": status, "stats": stats, **more})


def told(story: JobStory, *looks: JobDetail) -> list[list[str]]:
    return [[event.kind for event in story.look(each)] for each in looks]


@pytest.mark.parametrize(
    ("looks", "kinds"),
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
def test_each_look_tells_what_has_changed(looks: list[JobDetail], kinds: list[list[str]]) -> None:
    assert kinds == told(JobStory(), *looks)


@pytest.mark.parametrize(
    ("counts", "kinds"),
    [
        ([{"checks_performed": 1}, {"checks_performed": 1}, {"checks_performed": 5}], [["progress"], [], ["progress"]]),
        ([{"summaries_generated": 1}, {"summaries_generated": 2}], [["progress"], ["progress"]]),
        ([{"checks_performed": 0}, {}, {"checks_performed": None}], [[], [], []]),
        ([{"triggers_fired": 0}, {"triggers_fired": 1}, {"triggers_fired": 1}], [[], ["triggered"], []]),
        ([{"triggers_fired": 3}, {"triggers_fired": 4}], [["triggered"] * 3, ["triggered"]]),
        ([{"triggers_fired": 2}, {"triggers_fired": 1}, {"triggers_fired": 2}], [["triggered"] * 2, [], []]),
        ([{"checks_performed": 4, "triggers_fired": 1}], [["triggered"]]),
        ([{"checks_performed": "many", "triggers_fired": True}, {"triggers_fired": "1"}], [[], []]),
        ([{"triggers_fired": -3}], [[]]),
    ],
)
def test_counters_tell_progress_and_each_trigger_once(counts: list[dict[str, Any]], kinds: list[list[str]]) -> None:
    assert kinds == told(JobStory(started=True), *(job(stats=stats) for stats in counts))


def test_triggers_come_before_the_end() -> None:
    story = JobStory(started=True, triggers_told=1)
    assert [["triggered", "triggered", "stopped"]] == told(story, job("stopped", {"triggers_fired": 3}))


def test_a_job_that_ended_on_its_condition_had_a_trigger_even_if_it_counts_none() -> None:
    end = job("completed", {"reason": "condition_triggered"})
    assert [["triggered", "stopped"]] == told(JobStory(started=True), end)
    assert [["stopped"]] == told(JobStory(started=True, triggers_told=1), end)
    assert [["stopped"]] == told(JobStory(started=True), job("stopped", {"reason": "cancelled"}))


def test_what_a_stream_has_told_is_not_told_again() -> None:
    story = JobStory(started=True, triggers_told=2, work_told=5)
    looks = [job(stats={"checks_performed": 5, "triggers_fired": 2}), job(stats={"checks_performed": 6})]
    assert [[], ["progress"]] == told(story, *looks)


def test_an_absurd_counter_does_not_fill_the_memory() -> None:
    story = JobStory(started=True)
    assert 1000 == len(story.look(job(stats={"triggers_fired": 10**12})))
    assert [] == story.look(job(stats={"triggers_fired": 10**12}))


def test_the_events_say_they_were_polled_and_of_which_job() -> None:
    detail = job(
        "completed",
        {"checks_performed": 45, "triggers_fired": 1, "reason": "condition_triggered"},
        stream_url="rtsp://cam/1",
        created_at="2026-03-01T12:00:00Z",
        config={"condition": "a van"},
    )
    started, triggered, stopped = JobStory().look(detail)
    for event in (started, triggered, stopped):
        assert ("poll", "a", "rtsp://cam/1") == (event.delivery, event.job_id, event.stream_url)
        assert "a van" == event.raw["config"]["condition"]
    assert isinstance(started, Started)
    assert datetime(2026, 3, 1, 12, tzinfo=timezone.utc) == started.occurred_at
    assert isinstance(triggered, Triggered)
    assert (True, "a van", None, None) == (
        triggered.triggered,
        triggered.condition,
        triggered.explanation,
        triggered.occurred_at,
    )
    assert isinstance(stopped, Stopped)
    assert ("condition_triggered", "completed", 45) == (
        stopped.reason,
        stopped.status,
        stopped.stats.checks_performed if stopped.stats else None,
    )


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        ({"error": {"code": "STREAM_OFFLINE", "message": "It went dark."}}, "STREAM_OFFLINE", "It went dark."),
        ({"error": "It went dark."}, None, "It went dark."),
        ({"stats": {"reason": "stream_offline"}}, None, "stream_offline"),
        ({"details": {"reason": "stream_offline"}}, None, "stream_offline"),
        ({"error": {"code": 5, "message": []}}, None, None),
        ({"error": 5}, None, None),
        ({}, None, None),
    ],
)
def test_a_failed_job_says_why_where_it_is_known(more: dict[str, Any], code: str | None, message: str | None) -> None:
    event = JobStory(started=True).look(JobDetail.model_validate({"job_id": "a", "status": "failed", **more}))[-1]
    assert isinstance(event, Failed)
    assert (code, message, True) == (event.code, event.message, event.terminal)


@pytest.mark.parametrize(("code", "named"), [("JOB_NOT_FOUND", "JOB_NOT_FOUND"), (None, "JOB_NOT_FOUND")])
def test_a_job_that_is_gone_has_failed(code: str | None, named: str) -> None:
    error = errors.JobNotFoundError("It expired.", status_code=404, code=code, remediation="List the jobs.")
    event = JobStory().gone("a", error)
    assert ("a", "poll", named, "It expired.", "List the jobs.", True) == (
        event.job_id,
        event.delivery,
        event.code,
        event.message,
        event.remediation,
        event.terminal,
    )


def test_counters_are_found_in_stats_and_in_the_older_details() -> None:
    assert JobStats(checks_performed=2, frames_skipped=1) == counters(
        job(stats={"checks_performed": 2}, details={"checks_performed": 1, "frames_skipped": 1})
    )
    assert 5 == work_done(JobStats(checks_performed=3, summaries_generated=2))
    assert 0 == work_done(JobStats(checks_performed="3", summaries_generated=None))


def test_a_status_change_names_the_status_and_progress_the_counters() -> None:
    events: list[Event] = JobStory(started=True).look(job("paused", {"checks_performed": 1}))
    assert [StatusChanged, Progress] == [type(event) for event in events]
    assert ["paused", 1] == [getattr(events[0], "status", None), getattr(events[1], "stats", {})["checks_performed"]]
