"""What a probe saw becomes facts, and each fact that is bent is recognized."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from trio_client._core.probe.exchange import Delivery, Evidence, Exchange
from trio_client._core.probe.facts import Fact, facts, stub_options

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
STAMP = "2026-03-01T12:00:00Z"
JOB = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
OLDER = "11111111-7425-40de-944b-e07fc1f90ae7"
ITEM = {"status": "running", "job_type": "live-monitor", "stream_url": "rtsp://a/b", "details": {}}
ALL = frozenset({"webhook", "second job", "fill slots"})


def reply(label: str, body: Any = None, *, method: str = "GET", status: int = 200, after: float = 0.1) -> Exchange:
    at = NOON + timedelta(seconds=1)
    headers = {"content-type": "application/json", "date": "Sun, 01 Mar 2026 12:00:01 GMT"}
    content = json.dumps(body or {}).encode()
    answered = at + timedelta(seconds=after)
    return Exchange(label, method, "/jobs", at, None, status, headers, content, answered, True)


def refused(label: str, status: int, code: str) -> Exchange:
    return reply(label, {"error": {"code": code, "message": "No."}}, status=status)


def stream(label: str, *names: str, complete: bool = True) -> Exchange:
    text = "".join(f"event: {name}\ndata: {json.dumps({'job_id': JOB, 'timestamp': STAMP})}\n\n" for name in names)
    found = reply(label, method="POST")
    return replace(found, headers={"content-type": "text/event-stream"}, content=text.encode(), complete=complete)


def created(label: str, job_id: str = JOB) -> Exchange:
    return reply(label, {"job_id": job_id, "status": "pending", "created_at": STAMP}, method="POST")


def page(*ids: str, at: float = 2, **more: Any) -> Exchange:
    times = {OLDER: "2026-03-01T11:00:00Z", JOB: STAMP}
    jobs = [{"job_id": each, "created_at": times[each], **ITEM, **more} for each in ids]
    return replace(reply("list", {"jobs": jobs, "limit": 50}), at=NOON + timedelta(seconds=at))


def delivery(kind: str, answered: int = 200, **headers: str) -> Delivery:
    body = {"type": kind, "timestamp": STAMP, "data": {"job_id": JOB}}
    return Delivery(headers, json.dumps(body).encode(), answered)


def as_documented() -> dict[str, list[Exchange]]:
    """What the newest documentation promises, by label."""
    cancelled = {"job_id": JOB, "status": "stopped", "message": "Job cancelled."}
    return {
        "monitor stream": [stream("monitor stream", "started", "progress", "triggered", "stopped")],
        "plain monitor": [created("plain monitor")],
        "webhook monitor": [created("webhook monitor")],
        "digest stream": [stream("digest stream", "started", "progress", "summary", "stopped")],
        "plain digest": [created("plain digest")],
        "after trigger": [reply("after trigger", {"job_id": JOB, "status": "completed"})],
        "stream left": [stream("stream left", "started", complete=False)],
        "after leaving": [reply("after leaving", {"job_id": JOB, "status": "running"})],
        "list": [page(JOB, OLDER)],
        "large page": [reply("large page", {"jobs": [], "limit": 100})],
        "job": [reply("job", {"job_id": JOB, "status": "running", "created_at": STAMP})],
        "unknown job": [refused("unknown job", 404, "JOB_NOT_FOUND")],
        "bad key": [refused("bad key", 401, "UNAUTHORIZED")],
        "bad field": [refused("bad field", 422, "VALIDATION_ERROR")],
        "cancel": [reply("cancel", cancelled)],
        "cancel again": [refused("cancel again", 409, "CONFLICT")],
        "repeated key": [created("repeated key"), created("repeated key", OLDER)],
        "fill slots": [created("fill slots"), refused("fill slots", 429, "MAX_JOBS_REACHED")],
    }


def verdicts(
    bent: dict[str, list[Exchange]] | None = None, deliveries: list[Delivery] | None = None
) -> dict[str, Fact]:
    exchanges = [each for label in (as_documented() | (bent or {})).values() for each in label]
    sent = [delivery("job_started", 500), delivery("job_started"), delivery("watch_triggered")]
    found = facts(Evidence(exchanges, sent if deliveries is None else deliveries, ALL))
    return {fact.name: fact for fact in found}


def test_nothing_differs_where_all_is_as_documented() -> None:
    found = verdicts()
    assert {fact.verdict for fact in found.values()} == {"as_documented", "undocumented"}
    assert stub_options(list(found.values())) == {}


def running(reason: str | None, status: str = "stopped") -> list[Exchange]:
    return [reply("after leaving", {"job_id": JOB, "status": status, "stats": {"reason": reason}})]


BENT: dict[str, tuple[dict[str, list[Exchange]], str, Any, str]] = {
    "a stream answered as JSON": (
        {"monitor stream": [created("monitor stream")]},
        "monitor_with_accept_event_stream",
        "json",
        "differs",
    ),
    "a monitor refused": (
        {"plain monitor": [refused("plain monitor", 400, "BAD_REQUEST")]},
        "monitor_without_accept",
        "refused",
        "differs",
    ),
    "a webhook monitor that streams": (
        {"webhook monitor": [stream("webhook monitor", "started")]},
        "monitor_with_webhook_and_accept",
        "event-stream",
        "differs",
    ),
    "a digest answered as JSON": (
        {"digest stream": [created("digest stream")]},
        "digest_with_accept_event_stream",
        "json",
        "differs",
    ),
    "a digest that always streams": (
        {"plain digest": [stream("plain digest", "started")]},
        "digest_without_accept",
        "event-stream",
        "differs",
    ),
    "an event under another name": (
        {"monitor stream": [stream("monitor stream", "alert")]},
        "monitor_event_names",
        ["alert"],
        "differs",
    ),
    "a stream that ends with its trigger": (
        {"monitor stream": [stream("monitor stream", "started", "triggered")]},
        "monitor_stream_ends_with",
        "triggered",
        "differs",
    ),
    "old names of a digest": (
        {"digest stream": [stream("digest stream", "job_started", "job_stopped")]},
        "digest_event_names",
        ["job_started", "job_stopped"],
        "differs",
    ),
    "a monitor that goes on": (
        {"after trigger": [reply("after trigger", {"status": "running"})]},
        "status_after_trigger",
        "running",
        "differs",
    ),
    "a job that ends with its stream": (
        {"after leaving": running("cancelled")},
        "job_outlives_stream",
        False,
        "undocumented",
    ),
    "a job whose time was up": (
        {"after leaving": running("max_duration_reached")},
        "job_outlives_stream",
        True,
        "undocumented",
    ),
    "a job that may have ended before": (
        {"after leaving": running("condition_triggered", "completed")},
        "job_outlives_stream",
        None,
        "not_seen",
    ),
    "the oldest first": ({"list": [page(OLDER, JOB)]}, "list_order", "oldest", "undocumented"),
    "a job that is listed late": (
        {"list": [page(OLDER, at=2), page(JOB, OLDER, at=5)]},
        "list_lag_seconds",
        3.9,
        "undocumented",
    ),
    "a small page": ({"large page": [reply("large page", {"limit": 20})]}, "largest_page", 20, "undocumented"),
    "ids that are numbers": ({"plain monitor": [created("plain monitor", "17")]}, "id_form", "other", "differs"),
    "times without a zone": (
        {"job": [reply("job", {"created_at": "2026-03-01T12:00:00"})]},
        "time_form",
        "iso 8601 without zone",
        "differs",
    ),
    "another code of an unknown job": (
        {"unknown job": [refused("unknown job", 404, "NOT_FOUND")]},
        "unknown_job",
        {"status": 404, "code": "NOT_FOUND"},
        "differs",
    ),
    "another status of a bad key": (
        {"bad key": [refused("bad key", 403, "FORBIDDEN")]},
        "bad_key",
        {"status": 403, "code": "FORBIDDEN"},
        "differs",
    ),
    "another status of a bad field": (
        {"bad field": [refused("bad field", 400, "BAD_REQUEST")]},
        "bad_field",
        {"status": 400, "code": "BAD_REQUEST"},
        "differs",
    ),
    "a cancel without a body": (
        {"cancel": [replace(reply("cancel", status=204), content=b"")]},
        "cancel",
        {"status": 204, "job_status": None, "fields": []},
        "differs",
    ),
    "a job that had ended before its cancel": (
        {"cancel": [reply("cancel", {"status": "completed"})]},
        "cancel",
        None,
        "not_seen",
    ),
    "a second cancel that works": (
        {"cancel again": [reply("cancel again", {"status": "stopped"})]},
        "cancel_twice",
        {"status": 200, "job_status": "stopped", "fields": ["status"]},
        "undocumented",
    ),
    "a key that makes one job": (
        {"repeated key": [created("repeated key"), created("repeated key")]},
        "repeated_idempotency_key",
        "one job",
        "undocumented",
    ),
    "another code of a full account": (
        {"fill slots": [refused("fill slots", 400, "LIMIT")]},
        "full_account",
        {"slots": 0, "status": 400, "code": "LIMIT"},
        "differs",
    ),
    "a budget that ends first": ({"fill slots": [created("fill slots")]}, "full_account", None, "not_seen"),
    "a clock that is ahead": (
        {
            "monitor stream": [
                replace(reply("monitor stream", method="POST"), headers={"date": "Sun, 01 Mar 2026 12:01:01 GMT"})
            ]
        },
        "clock_skew_seconds",
        60,
        "undocumented",
    ),
}


@pytest.mark.parametrize("what", BENT)
def test_what_is_bent_is_recognized(what: str) -> None:
    bent, name, seen, verdict = BENT[what]
    fact = verdicts(bent)[name]
    assert (fact.seen, fact.verdict) == (seen, verdict)


def test_items_without_a_field_differ() -> None:
    whole = page(JOB, OLDER)
    jobs = [{name: value for name, value in job.items() if name != "details"} for job in whole.json["jobs"]]
    fact = verdicts({"list": [replace(whole, content=json.dumps({"jobs": jobs}).encode())]})["list_item_fields"]
    assert (fact.verdict, fact.generations) == ("differs", ["G2"])


def test_webhooks_are_described() -> None:
    sent = [delivery("live_monitor_triggered", 500, **{"X-Trio-Signature": "a" * 64})]
    found = verdicts(deliveries=sent)
    assert (found["webhook_names"].seen, found["webhook_names"].verdict) == (["live_monitor_triggered"], "differs")
    assert found["webhook_names"].generations == ["G1"]
    assert found["webhook_fields"].seen == {"live_monitor_triggered": ["data", "data.job_id", "timestamp", "type"]}
    assert found["webhook_signature"].seen == {"header": "x-trio-signature", "form": "hex, 64 digits"}
    assert found["webhook_repeated_after_500"].seen is False
    prefixed = [delivery("job_started", Signature="sha256=" + "b" * 64)]
    assert verdicts(deliveries=prefixed)["webhook_signature"].seen["form"] == "sha256= and hex, 64 digits"
    assert verdicts(deliveries=[])["webhook_names"].verdict == "not_seen"


def test_what_was_not_asked_for_is_skipped_and_what_did_not_happen_is_not_seen() -> None:
    found = facts(Evidence([]))
    assert {fact.verdict for fact in found} == {"skipped", "not_seen"}
    assert {fact.name for fact in found if fact.verdict == "skipped"} == {
        *("monitor_with_webhook_and_accept", "repeated_idempotency_key", "full_account", "webhook_names"),
        *("webhook_fields", "webhook_signature", "webhook_repeated_after_500"),
    }


def test_the_stub_options_play_what_was_seen() -> None:
    bent = {
        "list": [page(OLDER, at=2), page(OLDER, JOB, at=5)],
        "after leaving": running("cancelled"),
        "fill slots": [refused("fill slots", 403, "MAX_JOBS_REACHED")],
        "digest stream": [stream("digest stream", "job_started")],
        "monitor stream": [stream("monitor stream", "started", "triggered")],
    }
    assert stub_options(list(verdicts(bent).values())) == {
        "generation": "G3",
        "list_lag": 3.9,
        "list_order": "oldest",
        "full_status": 403,
        "jobs_outlive_streams": False,
    }


def test_a_fact_is_written_with_its_fields_in_order() -> None:
    fact = verdicts()["unknown_job"]
    assert list(fact.to_dict()) == ["name", "documented", "source", "generations", "seen", "verdict"]
    assert fact.generations == ["G1", "G2", "G3", "G4"]
