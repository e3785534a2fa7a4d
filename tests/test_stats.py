"""Counters are a dict with the documented keys as attributes."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from trio_client import events
from trio_client._stats import SETTINGS
from trio_client.models import CancelledJob, Job, JobConfig, JobDetail, JobStats

DOCUMENTED = {
    "checks_performed": 45,
    "triggers_fired": 3,
    "frames_skipped": 112,
    "summaries_generated": 2,
    "auto_stopped": True,
    "reason": "max_duration_reached",
    "elapsed_seconds": 600.5,
}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_documented_counter_is_an_attribute_and_none_where_it_was_not_sent(name: str) -> None:
    assert DOCUMENTED[name] == getattr(JobStats(DOCUMENTED), name)
    assert None is getattr(JobStats(), name)
    assert name not in JobStats()


def test_counters_that_are_not_documented_are_kept() -> None:
    stats = JobDetail.model_validate({"job_id": "a", "stats": {"estimated_cost": 0.2}}).stats
    assert {"estimated_cost": 0.2} == stats


def test_it_is_the_same_type_wherever_counters_are() -> None:
    detail = JobDetail.model_validate_json('{"job_id": "a", "stats": {"checks_performed": 1}}')
    cancelled = CancelledJob.model_validate_json('{"job_id": "a", "final_stats": {"checks_performed": 2}}')
    assert (JobStats, JobStats) == (type(detail.stats), type(cancelled.final_stats))
    assert ({"checks_performed": 1}, {"checks_performed": 2}) == (detail.stats, cancelled.final_stats)


def test_it_is_json_and_can_be_pickled_and_copied() -> None:
    stats = JobStats(DOCUMENTED)
    assert json.dumps(DOCUMENTED) == json.dumps(stats)
    for copied in (pickle.loads(pickle.dumps(stats)), copy.deepcopy(stats)):
        assert (stats, JobStats) == (copied, type(copied))


class TestCounters:
    @pytest.mark.parametrize("place", ["stats", "details", "final_stats"])
    @pytest.mark.parametrize("kind", [Job, JobDetail, CancelledJob])
    def test_a_job_has_them_wherever_they_were_sent(self, kind: type[Job], place: str) -> None:
        job = kind.model_validate({"job_id": "a", place: {"checks_performed": 4, "alerts": 1}})
        assert (job.counters, type(job.counters)) == ({"checks_performed": 4, "alerts": 1}, JobStats)

    def test_without_any_they_are_empty(self) -> None:
        assert Job(job_id="a").counters == CancelledJob(job_id="a", final_stats=None).counters == {}
        assert events.Triggered().counters == events.UnknownEvent(raw="text").counters == {}

    def test_settings_in_the_same_object_are_left_out(self) -> None:
        details = {"checks_performed": 4, "triggers_fired": None, "condition": "a van", "interval_seconds": 5}
        job = Job.model_validate({"job_id": "a", "details": details})
        assert job.counters == {"checks_performed": 4, "triggers_fired": None}
        assert job.details == details
        assert set(JobConfig.model_fields) <= SETTINGS

    def test_a_counter_comes_from_the_best_place_that_has_it(self) -> None:
        stats, details = {"checks_performed": 5, "reason": None}, {"checks_performed": 4, "reason": "cancelled"}
        job = JobDetail.model_validate({"job_id": "a", "stats": stats, "details": details})
        assert job.counters == {"checks_performed": 5, "reason": "cancelled"}
        assert (job.stats, job.details) == (stats, details)

    @pytest.mark.parametrize(
        "payload",
        [
            {"type": "job_status", "job_id": "a", "status": "running", "details": {"triggers_fired": 2}},
            {"type": "job_stopped", "data": {"final_stats": {"triggers_fired": 9}, "stats": {"triggers_fired": 2}}},
            {"type": "watch_triggered", "triggers_fired": 2, "data": {"explanation": "A van."}},
            {"type": "something_new", "stats": {"triggers_fired": 2}},
        ],
    )
    def test_an_event_has_them_wherever_they_were_sent(self, payload: dict[str, object]) -> None:
        assert events.from_payload(payload).counters.triggers_fired == 2

    def test_an_event_that_was_made_has_those_of_its_stats(self) -> None:
        assert events.Progress(stats=JobStats(checks_performed=3)).counters == {"checks_performed": 3}
