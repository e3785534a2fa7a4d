"""A job is created at most once, and found again only if it is certainly the one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_client import errors
from trio_client._core.creation import (
    Intent,
    fits,
    is_ambiguous,
    may_fit,
    outcome_unknown,
    reconcile_waits,
    server_time,
    the_one,
    with_tag,
)
from trio_client._core.endpoints import create_live_digest, create_live_monitor
from trio_client.models import Job, JobDetail

SENT = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
LISTED = SENT + timedelta(seconds=10)
BODY = {"stream_url": "rtsp://cam/1", "condition": "a van", "interval_seconds": 30}
INTENT = Intent("/live-monitor", BODY, sent_at=SENT)
DIGEST = Intent("/live-digest", {"stream_url": "rtsp://cam/1"}, sent_at=SENT)


def item(**changes: Any) -> Job:
    values = {
        "job_id": "a",
        "stream_url": "rtsp://cam/1",
        "job_type": "live-monitor",
        "created_at": "2026-03-01T12:00:01Z",
    }
    return Job.model_validate({**values, **changes})


def candidate(job: Job, intent: Intent = INTENT, owned: set[str] | None = None) -> bool:
    return may_fit(job, intent, not_after=LISTED, owned=owned or set())


def test_the_job_that_was_made_is_a_candidate() -> None:
    assert candidate(item())


@pytest.mark.parametrize(
    "changes",
    [
        {"stream_url": "rtsp://cam/2"},
        {"stream_url": "rtsp://cam/1/"},
        {"stream_url": None},
        {"job_type": "live-digest"},
        {"job_type": "something-new"},
        {"created_at": "2026-03-01T11:59:54.9Z"},
        {"created_at": "2026-03-01T12:00:15.1Z"},
        {"created_at": "2025-03-01T12:00:01Z"},
    ],
)
def test_a_job_that_differs_in_what_the_list_shows_is_none(changes: dict[str, Any]) -> None:
    assert not candidate(item(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"job_type": None},
        {"created_at": None},
        {"created_at": "just now"},
        {"created_at": "2026-03-01T11:59:55Z"},
        {"created_at": "2026-03-01T12:00:15Z"},
        {"created_at": "2026-03-01T13:00:01+01:00"},
        {"status": "failed"},
    ],
)
def test_what_the_list_does_not_say_and_a_small_skew_rule_nothing_out(changes: dict[str, Any]) -> None:
    assert candidate(item(**changes))


def test_a_job_that_was_made_after_the_request_had_failed_is_none() -> None:
    intent = replace(INTENT, made_before=SENT + timedelta(seconds=15))
    assert candidate(item(created_at="2026-03-01T12:00:10Z"), intent)
    early = replace(INTENT, made_before=SENT + timedelta(seconds=1))
    assert candidate(item(created_at="2026-03-01T12:00:06Z"), early)
    assert not candidate(item(created_at="2026-03-01T12:00:07Z"), early)


@pytest.mark.parametrize(
    ("found", "given_up", "expected"),
    [
        ([], [], None),
        (["a"], [], "a"),
        (["a", "b"], [], None),
        (["a", "b"], [INTENT], None),
        (["a", "b"], [INTENT, replace(INTENT, reference="other")], "a"),
        (["a", "b"], [INTENT, DIGEST], None),
        (["a", "b", "c"], [INTENT, replace(INTENT, reference="other")], None),
    ],
)
def test_of_equal_jobs_each_gets_one_only_if_all_are_given_up(
    found: list[str], given_up: list[Intent], expected: str | None
) -> None:
    assert expected == the_one(found, INTENT, given_up)


def test_a_job_known_to_be_another_is_none() -> None:
    assert not candidate(item(), owned={"a"})
    assert candidate(item(), owned={"b"})


def test_a_digest_is_looked_for_among_digests() -> None:
    assert ("live-monitor", "live-digest") == (INTENT.job_type, DIGEST.job_type)
    assert candidate(item(job_type="live-digest"), DIGEST)
    assert not candidate(item(job_type="live-monitor"), DIGEST)


def detail(config: dict[str, Any] | None, **more: Any) -> JobDetail:
    return JobDetail.model_validate({"job_id": "a", "config": config, **more})


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"condition": "a van", "interval_seconds": 30}, True),
        ({"condition": "a van", "interval_seconds": 30, "model": "m", "max_triggers": 1, "webhook_url": None}, True),
        ({"condition": "a van"}, True),
        ({}, True),
        (None, True),
        ({"condition": "a car", "interval_seconds": 30}, False),
        ({"condition": "a van", "interval_seconds": 10}, False),
        ({"condition": None}, False),
        ({"condition": "a van", "interval_seconds": 30, "webhook_url": "https://other.example"}, False),
    ],
)
def test_the_settings_a_job_shows_must_be_those_that_were_sent(config: dict[str, Any] | None, expected: bool) -> None:
    assert expected is fits(detail(config), INTENT)


@pytest.mark.parametrize(
    ("sent", "shown", "expected"), [(None, None, True), (None, 1, False), (3, None, False), (3, 3, True)]
)
def test_unlimited_is_not_the_same_as_a_number(sent: int | None, shown: int | None, expected: bool) -> None:
    intent = Intent("/live-monitor", {**BODY, "max_triggers": sent})
    assert expected is fits(detail({"max_triggers": shown}), intent)


def test_settings_are_found_in_the_older_details_too() -> None:
    assert not fits(detail(None, details={"condition": "a car"}), INTENT)
    assert fits(detail(None, details={"condition": "a van", "checks_performed": 1}), INTENT)


def test_a_tag_in_the_webhook_url_tells_two_equal_jobs_apart() -> None:
    tagged = Intent("/live-monitor", {**BODY, "webhook_url": "https://h.example/x?client_ref=1"})
    assert fits(detail({"webhook_url": "https://h.example/x?client_ref=1"}), tagged)
    assert not fits(detail({"webhook_url": "https://h.example/x?client_ref=2"}), tagged)


@pytest.mark.parametrize(
    ("url", "tagged"),
    [
        ("https://h.example/x", "https://h.example/x?client_ref=r-1"),
        ("https://h.example", "https://h.example?client_ref=r-1"),
        ("https://h.example/x?a=1&b=%20c+d&flag", "https://h.example/x?a=1&b=%20c+d&flag&client_ref=r-1"),
        ("https://h.example/x?sig=a%2Fb==#part", "https://h.example/x?sig=a%2Fb==&client_ref=r-1#part"),
    ],
)
def test_the_tag_joins_the_query_and_changes_nothing_else(url: str, tagged: str) -> None:
    call = create_live_digest("rtsp://cam/1", {"webhook_url": url})
    found = with_tag(call, "r-1")
    assert {**call.body, "webhook_url": tagged} == found.body
    assert url == call.body["webhook_url"]


def test_a_tag_without_a_webhook_url_is_refused() -> None:
    with pytest.raises(errors.RequestValidationError, match="needs a webhook_url") as caught:
        with_tag(create_live_monitor("rtsp://cam/1", "x", {}), "r-1")
    assert "tag_webhook_url" == caught.value.field


@pytest.mark.parametrize(
    ("window", "waits"),
    [
        (15.0, [0, 0.5, 0.5, 1, 2, 4, 7]),
        (8.0, [0, 0.5, 0.5, 1, 2, 4]),
        (0.3, [0, 0.3]),
        (0.0, [0]),
    ],
)
def test_the_list_is_looked_at_at_once_and_ever_less_often(window: float, waits: list[float]) -> None:
    assert waits == list(reconcile_waits(window))


@given(st.floats(0, 10_000))
def test_the_waits_sum_up_to_the_window_in_few_looks(window: float) -> None:
    waits = list(reconcile_waits(window))
    assert window == pytest.approx(sum(waits))
    assert len(waits) < 20
    assert 0 <= min(waits)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.APIConnectionError("reset", request_sent=True), True),
        (errors.APIConnectionError("?", request_sent=None), True),
        (errors.ServerError("m", status_code=500), True),
        (errors.APIStatusError("moved", status_code=307), True),
        (errors.ResponseValidationError("no job_id", status_code=200), True),
        (errors.APIConnectionError("refused", request_sent=False), False),
        (errors.RateLimitError("m", status_code=429), False),
        (errors.AuthenticationError("m", status_code=401), False),
        (errors.MaxJobsReachedError("m", status_code=503), False),
        (errors.RequestValidationError("m"), False),
    ],
)
def test_only_an_ambiguous_failure_may_have_made_a_job(error: errors.TrioError, expected: bool) -> None:
    assert expected is is_ambiguous(error)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"date": "Sun, 01 Mar 2026 12:00:00 GMT"}, SENT),
        ({"date": "Fri, 31 Dec 9999 23:59:59 GMT"}, None),
        ({"date": "noon"}, None),
        ({}, None),
    ],
)
def test_the_servers_time_is_that_of_its_reply(headers: dict[str, str], expected: datetime | None) -> None:
    assert expected == server_time(headers)


def test_the_error_names_what_is_known_and_hides_the_camera_password() -> None:
    cause = errors.APIConnectionError("reset by rtsp://user:hunter2@cam/1", request_sent=True)
    cause.attempts = 2
    intent = Intent("/live-monitor", {"stream_url": "rtsp://user:hunter2@cam/1"}, reference="ref", sent_at=SENT)
    error = outcome_unknown(intent, cause, [Job(job_id="a"), Job(job_id="b")])
    assert ("ref", "/live-monitor", SENT, 2) == (error.reference, error.path, error.sent_at, error.attempts)
    assert ["a", "b"] == [job.job_id for job in error.candidates]
    for words in ("2 jobs", "(a, b)", "not sent again", "jobs.reconcile(error)", "jobs.cancel(job_id)"):
        assert words in str(error)
    assert "hunter2" not in str(error) + repr(error)


def test_no_candidate_is_no_proof_that_there_is_no_job() -> None:
    error = outcome_unknown(INTENT, errors.ServerError("m", status_code=500), [])
    assert "does not prove that there is none" in str(error)
    assert "may be running and billed" in str(error)


def test_each_intent_has_a_reference_of_its_own() -> None:
    assert 100 == len({Intent("/live-monitor", BODY).reference for _ in range(100)})
