"""Models and events to test with are what the API could have sent."""

from __future__ import annotations

import inspect
import json
from datetime import datetime, timezone
from typing import Any

import pytest

from trio_client import (
    CheckResult,
    CoverageGap,
    Failed,
    Frame,
    Job,
    JobDetail,
    JobPage,
    JobStats,
    Progress,
    Started,
    StatusChanged,
    Stopped,
    Summary,
    Triggered,
    UnknownEvent,
    events,
    models,
    webhooks,
)
from trio_client.events import from_payload
from trio_client.models import LiveMonitorRequest, _osapi_strict, _strict
from trio_client.osapi import OsapiAgentState, OsapiJob, OsapiJobPage
from trio_client.testing import make, sse

MODELS = [
    value
    for name in models.__all__
    if inspect.isclass(value := getattr(models, name)) and (hasattr(value, "model_fields") or value is JobStats)
]
EVENTS = [Started, Progress, Triggered, Summary, StatusChanged, CoverageGap, Stopped, Failed, UnknownEvent]
ON_THE_WIRE = {
    "sse": {
        Started: _strict.StartedEvent,
        Progress: _strict.ProgressEvent,
        Triggered: _strict.TriggeredEvent,
        Summary: _strict.SummaryEvent,
        Stopped: _strict.StoppedEvent,
        Failed: _strict.ErrorEvent,
    },
    "webhook": {
        Started: _strict.JobStartedWebhook,
        Triggered: _strict.WatchTriggeredWebhook,
        Summary: _strict.SummaryGeneratedWebhook,
        Stopped: _strict.JobStoppedWebhook,
        Failed: _strict.ErrorWebhook,
    },
}


@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
def test_every_model_can_be_made_and_is_valid_by_the_documented_schema(kind: type[Any]) -> None:
    made = make(kind)
    assert type(made) is kind
    strict = getattr(_strict, kind.__name__, None) or getattr(_osapi_strict, kind.__name__, None)
    if strict is not None:
        content = (
            json.dumps(made) if isinstance(made, dict) else made.model_dump_json(by_alias=True, exclude_unset=True)
        )
        strict.model_validate_json(content)


def test_only_what_is_sent_has_no_documented_schema_of_its_own() -> None:
    without = {kind.__name__ for kind in MODELS if not hasattr(_strict, kind.__name__)}
    without -= set(dir(_osapi_strict))
    assert {name for name in without if not name.endswith(("Request", "JobStats"))} == set()


def test_every_event_type_can_be_made() -> None:
    assert {kind.__name__ for kind in EVENTS} == set(events.__all__) - {
        "Delivery",
        "Event",
        "from_dict",
        "from_payload",
        "from_sse",
    }


@pytest.mark.parametrize("delivery", ["sse", "webhook", "poll"])
@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_every_event_can_be_made_for_every_delivery(kind: type[Any], delivery: str) -> None:
    made = make(kind, delivery=delivery)
    assert (kind, delivery) == (type(made), made.delivery)
    if kind is not CoverageGap:
        has_job = (kind, delivery) != (Triggered, "webhook")  # real ones name only their stream
        assert (made.job_id, made.stream_url) == (make(Job).job_id if has_job else None, make(Job).stream_url)
        assert datetime(2026, 1, 15, 12, tzinfo=timezone.utc) == made.occurred_at


@pytest.mark.parametrize(
    ("delivery", "kind"), [(delivery, kind) for delivery, kinds in ON_THE_WIRE.items() for kind in kinds]
)
def test_what_an_event_was_made_of_is_valid_by_the_documented_schema(delivery: str, kind: type[Any]) -> None:
    ON_THE_WIRE[delivery][kind].model_validate_json(json.dumps(make(kind, delivery=delivery).raw))


@pytest.mark.parametrize("kind", [*MODELS, *EVENTS, Frame], ids=lambda kind: kind.__name__)
def test_the_same_call_makes_an_equal_object(kind: type[Any]) -> None:
    assert make(kind) == make(kind)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_the_payload_of_an_event_reads_as_the_same_event(kind: type[Any]) -> None:
    if kind is not CoverageGap:
        made = make(kind, delivery="webhook")
        assert made == from_payload(made.raw)
        assert made == webhooks.parse(json.dumps(made.raw))


def test_values_are_passed_by_name() -> None:
    detail = make(JobDetail, status="completed", stats={"checks_performed": 7})
    assert ("completed", 7, None) == (detail.status, detail.stats.checks_performed, detail.stats.triggers_fired)


def test_none_leaves_a_field_out() -> None:
    assert "latency_ms" not in make(CheckResult, latency_ms=None).model_fields_set
    assert make(Stopped, delivery="webhook", job_id=None).job_id is None
    assert "job_id" not in make(Stopped, delivery="webhook", job_id=None).raw


def test_a_triggers_webhook_names_its_stream_and_no_job_as_real_ones() -> None:
    raw = make(Triggered, delivery="webhook").raw
    assert (sorted(raw), sorted(raw["data"])) == (
        ["data", "source_url", "timestamp", "type"],
        ["condition", "explanation", "triggered"],
    )
    assert make(Triggered, delivery="webhook", job_id="a").job_id == "a"


def test_none_is_kept_where_it_means_unlimited() -> None:
    assert (1, None) == (
        make(LiveMonitorRequest).max_triggers,
        make(LiveMonitorRequest, max_triggers=None).max_triggers,
    )
    assert {"max_triggers"} < make(LiveMonitorRequest, max_triggers=None).model_fields_set


def test_models_can_contain_models() -> None:
    page = make(JobPage, jobs=[make(Job, job_id="a"), make(Job, status="failed")])
    assert (["a", make(Job).job_id], 2) == ([job.job_id for job in page], page.total)
    assert 1 == make(OsapiJobPage, items=[make(OsapiJob, status="failed")]).total_items


def test_a_total_can_be_given() -> None:
    assert make(JobPage, total=45).has_more


@pytest.mark.parametrize("picture", [Frame(b"\xff\xd8\xff\xe0"), b"\xff\xd8\xff\xe0", "/9j/4A=="])
def test_pictures_are_accepted_in_any_form(picture: Any) -> None:
    assert b"\xff\xd8\xff\xe0" == make(CheckResult, frame=picture).frame.data
    assert b"\xff\xd8\xff\xe0" == make(Triggered, frame=picture).frame.data
    assert b"\xff\xd8\xff\xe0" == make(Summary, grid=picture).grid.data


def test_a_frame_is_a_jpeg() -> None:
    frame = make(Frame)
    assert ("image/jpeg", b"\xff\xd9") == (frame.media_type, frame.data[-2:])


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Started, {"job_id": "a1", "stream_url": "rtsp://c/1"}),
        (Progress, {"frames_captured": 3, "frames_needed": 10}),
        (Triggered, {"explanation": "A van.", "latency_ms": 12.5, "condition": "b"}),
        (Summary, {"summary": "Quiet.", "frame_count": 3, "window_minutes": 5}),
        (StatusChanged, {"status": "pending", "reason": "queued"}),
        (Stopped, {"status": "stopped", "reason": "cancelled"}),
        (Failed, {"code": "X", "message": "m", "remediation": "r", "recoverable": True}),
        (CoverageGap, {"reason": "restart", "started_at": datetime(2026, 1, 1, tzinfo=timezone.utc)}),
        (Started, {"occurred_at": datetime(2026, 1, 1, 12, 30, tzinfo=timezone.utc)}),
        (UnknownEvent, {"name": "lamp_broken", "raw": {"lamp": 3}}),
    ],
)
@pytest.mark.parametrize("delivery", ["sse", "webhook", "poll"])
def test_events_have_the_values_they_are_given(kind: type[Any], fields: dict[str, Any], delivery: str) -> None:
    made = make(kind, delivery=delivery, **fields)
    shown = {name: getattr(made, name) for name in fields}
    if delivery == "webhook" and "raw" in fields:
        assert {"lamp": 3} == shown.pop("raw")["data"]
        fields = {"name": "lamp_broken"}
    assert fields == shown


def test_the_counters_of_an_event_are_those_it_is_given() -> None:
    assert {"checks_performed": 9} == make(Progress, stats={"checks_performed": 9}).stats
    assert 9 == make(Stopped, stats=JobStats(checks_performed=9), delivery="webhook").stats.checks_performed


@pytest.mark.parametrize(
    ("kind", "field", "advice"),
    [
        (Job, "statsu", "did you mean 'stats'?"),
        (Triggered, "explanatoin", "did you mean 'explanation'?"),
        (JobStats, "check_performed", "did you mean 'checks_performed'?"),
        (LiveMonitorRequest, "webhook", "did you mean 'webhook_url'?"),
        (CheckResult, "zzz", "it has explanation, frame, frame_b64, latency_ms, triggered."),
        (Started, "reason", "it has delivery, job_id, name, occurred_at, raw, stream_url."),
    ],
)
def test_an_unknown_field_is_named(kind: type[Any], field: str, advice: str) -> None:
    with pytest.raises(TypeError) as caught:
        make(kind, **{field: 1})
    assert f"{kind.__name__} has no field {field!r}; {advice}" == str(caught.value)


@pytest.mark.parametrize(
    ("kind", "fields", "problem"),
    [
        (Job, {"job_id": []}, "Job.job_id: Input should be a valid string"),
        (LiveMonitorRequest, {"interval_seconds": 4}, "LiveMonitorRequest.interval_seconds: Input should be greater"),
        (Stopped, {"status": "failed"}, "it would be read as Failed, not as Stopped"),
        (Triggered, {"latency_ms": "fast"}, "Triggered.latency_ms cannot be 'fast': it would be read as None"),
    ],
)
def test_values_that_no_reply_could_hold_are_refused(kind: type[Any], fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        make(kind, **fields)
    assert problem in str(caught.value)


def test_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="does not know int"):
        make(int)


def test_a_field_with_another_name_on_the_wire_has_both_names() -> None:
    assert make(OsapiAgentState, duration_text="2s").duration == make(OsapiAgentState, duration="2s").duration


def test_an_event_built_by_hand_can_be_sent() -> None:
    assert b'event: triggered\ndata: {"explanation": "A van."}\n\n' == bytes(sse(Triggered(explanation="A van.")))


def test_a_gap_is_never_sent() -> None:
    with pytest.raises(ValueError, match="never sent"):
        sse(make(CoverageGap))
