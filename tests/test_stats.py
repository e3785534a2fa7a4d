"""Counters are a dict with the documented keys as attributes."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from trio_client.models import CancelledJob, JobDetail, JobStats

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
