"""Every known payload becomes one of a few types; everything else is kept whole, and nothing ever raises."""

from __future__ import annotations

import base64
import copy
import dataclasses
import json
import pickle
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from typing import Any

import pytest
from httpx_sse import ServerSentEvent
from hypothesis import given
from hypothesis import strategies as st

from trio_client import Frame
from trio_client._core.history import JobHistory
from trio_client._core.watch_coverage import Coverage, Subject
from trio_client.events import (
    CoverageGap,
    Event,
    Failed,
    Progress,
    Started,
    StatusChanged,
    Stopped,
    Summary,
    Triggered,
    UnknownEvent,
    from_payload,
    from_sse,
)
from trio_client.events._normalise import from_wire
from trio_client.models import JobDetail

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
STAMP = "2026-03-01T12:00:00Z"
JPEG = base64.b64encode(b"\xff\xd8\xffpicture").decode()
TYPES: dict[str, type[Any]] = {
    "started": Started,
    "progress": Progress,
    "triggered": Triggered,
    "summary": Summary,
    "status": StatusChanged,
    "gap": CoverageGap,
    "stopped": Stopped,
    "failed": Failed,
    "unknown": UnknownEvent,
}

# The names on the wire, in every delivery: (name, fields beside it, kind).
NAMES: list[tuple[str, dict[str, Any], str]] = [
    ("started", {}, "started"),
    ("job_started", {}, "started"),
    ("progress", {}, "progress"),
    ("live_monitor_result", {"triggered": False}, "progress"),
    ("live_monitor_result", {}, "progress"),
    ("live_monitor_result", {"triggered": True}, "triggered"),
    ("triggered", {}, "triggered"),
    ("watch_triggered", {}, "triggered"),
    ("live_monitor_triggered", {}, "triggered"),
    ("summary", {}, "summary"),
    ("summary_generated", {}, "summary"),
    ("live_digest_ready", {}, "summary"),
    ("job_status", {"status": "running"}, "status"),
    ("job_status", {"status": "paused"}, "status"),
    ("job_status", {}, "status"),
    ("job_status", {"status": "completed"}, "stopped"),
    ("job_status", {"status": "stopped"}, "stopped"),
    ("job_status", {"status": "failed"}, "failed"),
    ("stopped", {}, "stopped"),
    ("stopped", {"status": "failed"}, "failed"),
    ("job_stopped", {}, "stopped"),
    ("job_completed", {}, "stopped"),
    ("error", {}, "failed"),
    ("job_error", {}, "failed"),
    ("job_failed", {}, "failed"),
    ("heartbeat", {}, "unknown"),
    ("gap", {}, "unknown"),
    ("trigger", {}, "unknown"),
]


def spellings(name: str) -> set[str]:
    return {name, name.upper(), name.title(), f" {name} "}


@pytest.mark.parametrize(("name", "fields", "kind"), NAMES)
def test_a_name_decides_the_kind_in_any_case_and_place(name: str, fields: dict[str, Any], kind: str) -> None:
    for sent in spellings(name):
        found = [
            from_payload({"type": sent, **fields}),
            from_payload({"event": sent, **fields}),
            from_payload({"type": sent, "data": fields}),
            from_sse(ServerSentEvent(event=sent, data=json.dumps(fields))),
            from_sse(ServerSentEvent(event="message", data=json.dumps({"type": sent, **fields}))),
            from_sse(ServerSentEvent(event="", data=json.dumps({"event": sent, "data": fields}))),
        ]
        assert [(kind, sent)] * 6 == [(event.kind, event.name) for event in found]
        assert {TYPES[kind]} == {type(event) for event in found}


@pytest.mark.parametrize(("name", "fields", "kind"), NAMES)
def test_only_the_end_of_a_job_is_terminal(name: str, fields: dict[str, Any], kind: str) -> None:
    assert (kind in ("stopped", "failed")) is from_payload({"type": name, **fields}).terminal


def test_a_failure_the_payload_calls_recoverable_is_not_the_end() -> None:
    ends = [from_payload({"type": "error", "recoverable": value}).terminal for value in (True, False, None, "true")]
    assert ends == [False, True, True, False]


def test_a_name_that_is_known_comes_before_one_that_is_not() -> None:
    event = from_sse(ServerSentEvent(event="update", data='{"type": "live-monitor", "event": "Triggered"}'))
    assert ("triggered", "Triggered") == (event.kind, event.name)
    assert "update" == from_sse(ServerSentEvent(event="update", data='{"type": "live-monitor"}')).name


# Webhook bodies of every generation: (payload, kind, fields).
BODIES: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "trigger without a job id": (
        {
            "type": "live_monitor_triggered",
            "timestamp": STAMP,
            "source_url": "rtsp://cam/1",
            "data": {"condition": "a van", "triggered": True, "explanation": "A van.", "frame_b64": JPEG},
        },
        "triggered",
        {
            "job_id": None,
            "stream_url": "rtsp://cam/1",
            "occurred_at": NOON,
            "condition": "a van",
            "triggered": True,
            "explanation": "A van.",
            "frame": Frame(JPEG),
        },
    ),
    "status with details": (
        {
            "type": "job_status",
            "job_id": "a",
            "status": "stopped",
            "details": {
                "checks_performed": 60,
                "triggers_fired": 3,
                "frames_skipped": 10,
                "auto_stopped": True,
                "reason": "max_duration_reached",
                "elapsed_seconds": 600,
            },
        },
        "stopped",
        {
            "job_id": "a",
            "status": "stopped",
            "reason": "max_duration_reached",
            "occurred_at": None,
            "stats": {
                "checks_performed": 60,
                "triggers_fired": 3,
                "frames_skipped": 10,
                "auto_stopped": True,
                "reason": "max_duration_reached",
                "elapsed_seconds": 600,
            },
        },
    ),
    "trigger without a picture": (
        {
            "type": "watch_triggered",
            "timestamp": "2026-03-01T12:00:00+00:00",
            "source_url": "rtsp://cam/1",
            "data": {"condition": "a van", "triggered": True, "explanation": "A van."},
        },
        "triggered",
        {"occurred_at": NOON, "explanation": "A van.", "frame": None, "latency_ms": None},
    ),
    "job id inside of data": (
        {
            "type": "job_stopped",
            "timestamp": STAMP,
            "source_url": "rtsp://cam/1",
            "data": {
                "job_id": "a",
                "status": "stopped",
                "reason": "cancelled",
                "checks_performed": 4,
                "triggers_fired": 0,
            },
        },
        "stopped",
        {
            "job_id": "a",
            "status": "stopped",
            "reason": "cancelled",
            "stats": {"checks_performed": 4, "triggers_fired": 0, "reason": "cancelled"},
        },
    ),
    "error inside of data": (
        {"type": "error", "timestamp": STAMP, "data": {"job_id": "a", "message": "The stream dropped."}},
        "failed",
        {"job_id": "a", "message": "The stream dropped.", "code": None, "occurred_at": NOON},
    ),
    "counters at the top, facts in data": (
        {
            "event": "watch_triggered",
            "job_id": "a",
            "stream_url": "rtsp://cam/1",
            "timestamp": STAMP,
            "checks_performed": 4,
            "data": {"condition": "a van", "triggered": True, "explanation": "A van.", "prefilter_skipped": False},
        },
        "triggered",
        {"job_id": "a", "stream_url": "rtsp://cam/1", "explanation": "A van.", "condition": "a van"},
    ),
    "flat with unix time": (
        {
            "type": "watch_triggered",
            "job_id": "a",
            "triggered": True,
            "explanation": "A van.",
            "latency_ms": 812,
            "stream_url": "rtsp://cam/1",
            "ts": 1772366400,
        },
        "triggered",
        {"job_id": "a", "occurred_at": NOON, "explanation": "A van.", "latency_ms": 812, "triggered": True},
    ),
    "flat end with stats": (
        {
            "type": "job_stopped",
            "job_id": "a",
            "triggered": False,
            "ts": 1772366400,
            "stats": {"reason": "x", "checks_performed": 4},
        },
        "stopped",
        {"reason": "x", "stats": {"reason": "x", "checks_performed": 4}},
    ),
    "event-keyed trigger": (
        {
            "event": "triggered",
            "job_id": "a",
            "timestamp": STAMP,
            "explanation": "A van.",
            "frame_b64": JPEG,
            "check_number": 3,
        },
        "triggered",
        {"job_id": "a", "explanation": "A van.", "frame": Frame(JPEG), "triggered": None},
    ),
    "event-keyed summary": (
        {"event": "live_digest_ready", "job_id": "a", "timestamp": STAMP, "digest": "Quiet.", "frames_analyzed": 10},
        "summary",
        {"job_id": "a", "summary": "Quiet.", "frame_count": 10},
    ),
    "event-keyed end": (
        {"event": "job_completed", "job_id": "a", "status": "completed", "stop_reason": "condition_triggered"},
        "stopped",
        {"status": "completed", "reason": "condition_triggered"},
    ),
    "event-keyed error": (
        {"event": "job_error", "job_id": "a", "error": "The stream dropped.", "recoverable": True},
        "failed",
        {"message": "The stream dropped.", "recoverable": True, "terminal": False},
    ),
    "nearly nothing": (
        {"event": "watch_triggered", "triggered": True},
        "triggered",
        {"triggered": True, "job_id": None, "occurred_at": None, "explanation": None, "dedup_key": None},
    ),
    "digest window": (
        {"type": "summary", "summary": "Quiet.", "frame_count": 10, "window_minutes": 10, "grid_b64": JPEG},
        "summary",
        {"summary": "Quiet.", "frame_count": 10, "window_minutes": 10, "grid": Frame(JPEG)},
    ),
    "digest window, other words": ({"type": "summary", "narrative": "Quiet."}, "summary", {"summary": "Quiet."}),
    "digest window, as text": ({"type": "summary", "text": "Quiet."}, "summary", {"summary": "Quiet."}),
    "digest start": (
        {"type": "job_started", "job_id": "a", "youtube_url": "https://youtube.com/@x"},
        "started",
        {"job_id": "a", "stream_url": "https://youtube.com/@x"},
    ),
    "digest progress": (
        {"type": "progress", "frames_captured": 3, "frames_needed": 10},
        "progress",
        {"frames_captured": 3, "frames_needed": 10, "stats": None},
    ),
    "digest end": (
        {"type": "job_stopped", "job_id": "a", "reason": "max_duration_reached", "summaries_generated": 2},
        "stopped",
        {"reason": "max_duration_reached", "stats": {"reason": "max_duration_reached", "summaries_generated": 2}},
    ),
    "error in the envelope of replies": (
        {
            "type": "error",
            "job_id": "a",
            "error": {"code": "STREAM_OFFLINE", "message": "Dark.", "remediation": "Wait."},
        },
        "failed",
        {"job_id": "a", "code": "STREAM_OFFLINE", "message": "Dark.", "remediation": "Wait."},
    ),
    "flat error": (
        {"type": "error", "code": "STREAM_OFFLINE", "message": "Dark.", "remediation": "Wait."},
        "failed",
        {"code": "STREAM_OFFLINE", "message": "Dark.", "remediation": "Wait."},
    ),
    "failed status": (
        {"type": "job_status", "job_id": "a", "status": "failed", "details": {"reason": "stream_offline"}},
        "failed",
        {"message": "stream_offline", "stats": {"reason": "stream_offline"}},
    ),
    "nulls everywhere": (
        {
            "type": "stopped",
            "job_id": None,
            "timestamp": None,
            "data": None,
            "stats": None,
            "reason": None,
            "status": None,
        },
        "stopped",
        {"job_id": None, "occurred_at": None, "reason": None, "status": None},
    ),
    "empty above, full below": (
        {"type": "triggered", "job_id": "", "frame_b64": "", "data": {"job_id": "a", "frame_b64": JPEG}},
        "triggered",
        {"job_id": "a", "frame": Frame(JPEG)},
    ),
    "wrong types": (
        {"type": "triggered", "job_id": {}, "explanation": [], "triggered": "?", "latency_ms": True, "frame_b64": 7},
        "triggered",
        {"job_id": None, "explanation": None, "triggered": None, "latency_ms": None, "frame": None},
    ),
    "values slightly off": (
        {"type": "triggered", "job_id": 48213, "triggered": "true", "latency_ms": "812", "data": {"ts": "1772366400"}},
        "triggered",
        {"job_id": "48213", "triggered": True, "latency_ms": 812, "occurred_at": NOON},
    ),
    "the better place has what cannot be read": (
        {"type": "triggered", "job_id": [], "timestamp": "soon", "data": {"job_id": "a", "timestamp": STAMP}},
        "triggered",
        {"job_id": "a", "occurred_at": NOON},
    ),
    "no time spent": ({"type": "triggered", "latency_ms": 0}, "triggered", {"latency_ms": 0}),
    "fractions of a millisecond": ({"type": "triggered", "latency_ms": 81.5}, "triggered", {"latency_ms": 81.5}),
    "empty picture": ({"type": "triggered", "frame_b64": ""}, "triggered", {"frame": None}),
    "picture as a data URI": (
        {"type": "triggered", "frame_b64": f"data:image/jpeg;base64,{JPEG}"},
        "triggered",
        {"frame": Frame(JPEG)},
    ),
    "an unknown type is kept whole": (
        {"type": "camera_moved", "job_id": "a", "timestamp": STAMP, "data": {"angle": 3}},
        "unknown",
        {"name": "camera_moved", "job_id": "a", "occurred_at": NOON},
    ),
    "a type that is no text": ({"type": 5, "event": ["x"], "angle": 3}, "unknown", {"name": ""}),
}


@pytest.mark.parametrize("shape", BODIES)
@pytest.mark.parametrize("delivery", ["webhook", "sse", "poll"])
def test_a_payload_gives_the_same_fields_however_it_is_delivered(shape: str, delivery: Any) -> None:
    payload, kind, fields = BODIES[shape]
    event = from_payload(payload, delivery)
    assert (kind, delivery, payload) == (event.kind, event.delivery, event.raw)
    assert fields == {name: getattr(event, name) for name in fields}


@pytest.mark.parametrize("shape", BODIES)
def test_a_payload_without_a_usable_event_line_gives_the_same_fields(shape: str) -> None:
    payload, kind, fields = BODIES[shape]
    event = from_sse(ServerSentEvent(event="message", data=json.dumps(payload)))
    assert kind == event.kind
    assert fields == {name: getattr(event, name) for name in fields}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"summary": "Quiet.", "job_id": "a"}, "summary"),
        ({"data": {"summary": "Quiet."}}, "summary"),
        ({"triggered": True, "explanation": "A van."}, "triggered"),
        ({"triggered": False, "explanation": "Nothing."}, "progress"),
        ({"frames_captured": 1, "frames_needed": 10}, "progress"),
        ({"checks_performed": 4}, "progress"),
        ({"error": {"code": "X"}}, "failed"),
        ({"error": None, "job_id": "a"}, "started"),
        ({"status": "running", "job_id": "a"}, "status"),
        ({"status": "completed", "job_id": "a"}, "stopped"),
        ({"job_id": "a"}, "started"),
        ({"message": "hello"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_without_a_name_the_keys_decide_the_kind(data: dict[str, Any], kind: str) -> None:
    assert kind == from_sse(ServerSentEvent(data=json.dumps(data))).kind
    assert kind == from_payload(data).kind


@pytest.mark.parametrize(
    ("name", "data", "kind", "message"),
    [
        ("error", "The stream dropped.", "failed", "The stream dropped."),
        ("error", '"quoted"', "failed", "quoted"),
        ("error", "", "failed", None),
        ("triggered", "A van!", "triggered", None),
        ("started", "", "started", None),
        ("message", "hello", "unknown", None),
        ("progress", "[1, 2]", "progress", None),
        ("progress", "null", "progress", None),
        ("progress", "NaN", "progress", None),
        ("progress", '{"a": NaN}', "progress", None),
        ("progress", '{"job_id": "a', "progress", None),
    ],
)
def test_data_that_is_no_object_keeps_the_name_and_the_text(
    name: str, data: str, kind: str, message: str | None
) -> None:
    event = from_sse(ServerSentEvent(event=name, data=data))
    assert (kind, message) == (event.kind, getattr(event, "message", None))


def test_text_that_is_not_json_is_the_raw_of_the_event() -> None:
    for data in ("The stream was dropped.", "NaN", '{"job_id": "a', ""):
        assert from_sse(ServerSentEvent(event="progress", data=data)).raw == data


@given(
    st.sampled_from(["watch_triggered", "progress", "summary", "job_status", "job_stopped", "error"]),
    st.dictionaries(
        st.sampled_from(["job_id", "jobId", "timestamp", "ts", "source_url", "explanation", "condition", "triggered"])
        | st.sampled_from(["frame_b64", "latency_ms", "checks_performed", "reason", "status", "summary", "message"]),
        st.none() | st.booleans() | st.integers() | st.sampled_from(["", "a", "7", "true", STAMP]),
    ),
    st.sampled_from(["data", "details"]),
)
def test_a_field_means_the_same_wherever_it_is(name: str, fields: dict[str, Any], place: str) -> None:
    flat = from_payload({"type": name, **fields})
    nested = from_payload({"type": name, place: fields})
    nested.raw = flat.raw
    assert nested == flat


@pytest.mark.parametrize("shape", BODIES)
def test_an_event_is_as_its_constructor_would_make_it(shape: str) -> None:
    event = from_payload(BODIES[shape][0])
    values = {each.name: getattr(event, each.name) for each in dataclasses.fields(event)}
    for same in (
        type(event)(**values),
        dataclasses.replace(event),
        copy.copy(event),
        pickle.loads(pickle.dumps(event)),
    ):
        assert same == event


@pytest.mark.parametrize(
    "data",
    [b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000, b'"\\ud800"', b"\xef\xbb\xbf{}", b'{"a": 1e999}'],
)
def test_bytes_no_parser_likes_become_an_event_all_the_same(data: bytes) -> None:
    for name in ("message", "triggered", "error", "new"):
        event = from_wire(name, data)
        assert len(repr(event)) < 1000
        assert event.dedup_key is None


KEYS = [
    *("type", "event", "data", "details", "stats", "final_stats", "job_id", "timestamp", "ts", "error", "status"),
    *("triggered", "recoverable", "reason", "frame_b64", "summary", "message", "code", "checks_performed"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS) | st.text(), inner | st.sampled_from([name for name, _, _ in NAMES]), max_size=5
        )
    ),
    max_leaves=15,
)


def check_event(event: Event) -> None:
    assert type(event) is TYPES[event.kind]
    assert len(repr(event)) < 1000
    assert event.dedup_key is None or len(event.dedup_key) == 64
    assert event == pickle.loads(pickle.dumps(event)) or "nan" in repr(event.raw)


@given(JSON, st.sampled_from(["webhook", "sse", "poll"]))
def test_no_json_makes_it_raise(payload: Any, delivery: Any) -> None:
    check_event(from_payload(payload, delivery))


@given(st.text() | st.sampled_from([name for name, _, _ in NAMES]), st.binary())
def test_no_bytes_make_it_raise(name: str, data: bytes) -> None:
    check_event(from_wire(name, data))


@given(st.text(), st.text())
def test_no_text_makes_it_raise(name: str, data: str) -> None:
    check_event(from_sse(ServerSentEvent(event=name, data=data)))


def test_lone_surrogates_do_no_harm() -> None:
    event = from_payload({"type": "new \ud800", "job_id": "\udfff", "ts": 0, "data": {"a": "\ud800"}})
    check_event(event)
    assert event.dedup_key is not None


# a redelivery differs from a new event


TRIGGER = {"type": "triggered", "job_id": "a", "timestamp": STAMP, "data": {"explanation": "A van."}}


def test_a_redelivery_has_the_same_key_whatever_the_order_of_its_fields() -> None:
    turned = dict(reversed(TRIGGER.items()))
    assert list(turned) != list(TRIGGER)
    assert from_payload(TRIGGER).dedup_key == from_payload(turned).dedup_key is not None


@pytest.mark.parametrize(
    "other",
    [
        {**TRIGGER, "timestamp": "2026-03-01T12:00:01Z"},
        {**TRIGGER, "job_id": "b"},
        {**TRIGGER, "type": "summary"},
        {**TRIGGER, "data": {"explanation": "A car."}},
    ],
)
def test_another_event_has_another_key(other: dict[str, Any]) -> None:
    assert from_payload(TRIGGER).dedup_key != from_payload(other).dedup_key


def test_another_channel_has_another_key() -> None:
    assert 3 == len({from_payload(TRIGGER, delivery).dedup_key for delivery in ("webhook", "sse", "poll")})


@pytest.mark.parametrize(
    ("payload", "has_key"),
    [
        ({"type": "triggered", "triggered": True}, False),
        ({"type": "triggered", "timestamp": "soon"}, False),
        ({"type": "triggered", "timestamp": STAMP}, True),
        ({"type": "triggered", "ts": 0}, True),
        ({"type": "triggered", "job_id": "a"}, False),
        ({"type": "progress", "job_id": "a", "checks_performed": 2}, False),
        ({"type": "error", "job_id": "a", "recoverable": True}, False),
        ({"type": "started", "job_id": "a"}, True),
        ({"type": "stopped", "job_id": "a"}, True),
        ({"type": "error", "job_id": "a"}, True),
        ({"type": "started", "job_id": ""}, False),
    ],
)
def test_an_event_that_nothing_distinguishes_is_never_a_duplicate(payload: dict[str, Any], has_key: bool) -> None:
    assert has_key is (from_payload(payload).dedup_key is not None)


def test_polled_triggers_have_keys_by_their_numbers() -> None:
    def polled(number: int | None, job_id: str | None = "a") -> str | None:
        return Triggered(name="triggered", delivery="poll", job_id=job_id, number=number, raw={"job_id": "a"}).dedup_key

    assert len({polled(1), polled(2), polled(1, "b")}) == 3
    assert polled(1) == polled(1)
    assert (polled(None), polled(1, None)) == (None, None)


def gap(
    start: datetime = NOON,
    stream: str | None = "rtsp://cam/1",
    condition: str | None = "a van",
    key: str | None = None,
    ended: bool = True,
) -> CoverageGap:
    """A gap as a watch makes it."""
    moments = iter([start, start + timedelta(seconds=60)])
    coverage = Coverage(lambda: next(moments, start + timedelta(seconds=60)), Subject(stream, condition, key))
    coverage.lost("connection_lost")
    (found,) = coverage.regained("a") if ended else coverage.opened("a")
    return found


def test_gaps_have_keys_by_their_start_what_is_watched_and_whether_they_have_ended() -> None:
    others = [
        gap(NOON + timedelta(seconds=1)),
        gap(stream="rtsp://cam/2"),
        gap(condition="a car"),
        gap(condition=None),
        gap(key="gate"),
        gap(condition="gate", key="a van"),
        gap(ended=False),
    ]
    keys = [each.dedup_key for each in (gap(), *others)]
    assert None not in keys
    assert len(set(keys)) == len(keys)
    for same in (gap(), copy.copy(gap()), pickle.loads(pickle.dumps(gap())), copy.deepcopy(gap())):
        assert same.dedup_key == gap().dedup_key
    assert CoverageGap().dedup_key is None


def reported(what: dict[str, Any]) -> tuple[Any, str | None]:
    """One event by one delivery, in one shape: what makes it the event that it is, and its key."""
    job_id, number, delivery, name = what["job"], what["number"], what["delivery"], what["name"]
    moment = NOON + timedelta(seconds=number)
    if delivery == "gap":
        subject = (f"rtsp://cam/{job_id}", what["text"], what["key"])
        return (delivery, number, subject, what["ended"]), gap(moment, *subject, what["ended"]).dedup_key
    if delivery == "poll":
        history = JobHistory(job_id)
        detail = JobDetail.model_validate(
            {"job_id": job_id, "status": "running", "stats": {"triggers_fired": number + 1}}
        )
        return (delivery, job_id, number), history.poll(detail, NOON)[-1].dedup_key
    fields = {"explanation": what["text"], **({"timestamp": moment.isoformat()} if what["timed"] else {})}
    if what["named"]:
        fields["job_id"] = job_id
    payload = {"data": fields} if what["nested"] else fields
    if delivery == "sse":
        event = from_wire(name, json.dumps(payload).encode())
    else:
        event = from_payload({"type": name, **payload})
    JobHistory(job_id).note(event)
    named_after_all = event.job_id is not None
    identity = (
        delivery,
        name,
        job_id if named_after_all else None,
        what["text"],
        number,
        what["nested"],
        what["named"],
    )
    return identity, event.dedup_key


REPORTED = st.fixed_dictionaries(
    {
        "delivery": st.sampled_from(["sse", "webhook", "poll", "gap"]),
        "name": st.sampled_from(["triggered", "watch_triggered", "summary", "progress", "job_status", "camera_moved"]),
        "job": st.sampled_from(["a", "b"]),
        "number": st.integers(0, 2),
        "text": st.sampled_from(["A van.", "A car.", ""]),
        "key": st.sampled_from([None, "gate"]),
        "timed": st.booleans(),
        "named": st.booleans(),
        "nested": st.booleans(),
        "ended": st.booleans(),
    }
)


@given(REPORTED, REPORTED)
def test_two_events_that_are_no_redeliveries_never_share_a_key(one: dict[str, Any], other: dict[str, Any]) -> None:
    (first, key), (second, other_key) = reported(one), reported(other)
    if key is not None and other_key is not None:
        assert (first == second) is (key == other_key)


# as objects


FULL: list[Event] = [
    *(from_payload(payload) for payload, _, _ in BODIES.values()),
    CoverageGap(name="gap", started_at=NOON, ended_at=NOON, reason="MAX_JOBS_REACHED"),
]


@pytest.mark.parametrize("event", FULL, ids=lambda event: event.kind)
def test_an_event_can_be_pickled_copied_and_compared(event: Event) -> None:
    for copied in (pickle.loads(pickle.dumps(event)), copy.copy(event), copy.deepcopy(event)):
        assert event == copied
        assert type(event) is type(copied)
    assert event != from_payload({"type": "something else"})


def test_its_repr_is_masked_and_short_even_with_a_large_picture() -> None:
    url = "rtsp://user:hunter2@cam/1"
    picture = JPEG + "A" * 1_000_000
    facts = {"frame_b64": picture, "grid_b64": picture, "explanation": f"at {url} " + "x" * 999_999}
    payload = {"job_id": "a", "stream_url": url, "timestamp": STAMP, "message": url, "reason": url, "data": facts}
    payload["stats"] = {f"counter_{number}": url for number in range(1000)}
    for name, _, _ in NAMES:
        event = from_payload({"type": name, **payload})
        shown = repr(event)
        assert len(shown) < 1000
        assert "hunter2" not in shown
        assert "rtsp://***@cam/1" in shown
        assert "AAAA" not in shown
        assert url == event.stream_url  # the user's own value stays in the field


def test_a_repr_shows_what_is_known_and_nothing_else() -> None:
    event = from_payload({"type": "triggered", "explanation": "A van."})
    assert "Triggered(name='triggered', delivery='webhook', explanation='A van.')" == repr(event)


def described(event: Event) -> str:
    match event:
        case Triggered(explanation=str(why)):
            return f"saw {why}"
        case Stopped(reason=reason):
            return f"ended: {reason}"
        case Failed(code=code, message=message):
            return f"failed: {code} {message}"
        case _:
            return event.kind


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"type": "triggered", "explanation": "a van"}, "saw a van"),
        ({"type": "triggered"}, "triggered"),
        ({"type": "stopped", "reason": "cancelled"}, "ended: cancelled"),
        ({"type": "error", "code": "X", "message": "dark"}, "failed: X dark"),
        ({"type": "new"}, "unknown"),
    ],
)
def test_events_are_matched_by_type_and_field(payload: dict[str, Any], expected: str) -> None:
    assert expected == described(from_payload(payload))


def test_every_type_has_its_own_kind() -> None:
    assert TYPES == {cls.kind: cls for cls in TYPES.values()}
    assert {kind: kind == "stopped" or kind == "failed" for kind in TYPES} == {
        kind: cls().terminal for kind, cls in TYPES.items()
    }


def test_a_notebook_shows_a_card_with_the_picture() -> None:
    event = Triggered(explanation="A van & a <man>.", frame=Frame(JPEG), job_id="a1", occurred_at=NOON)
    shown = event._repr_html_()
    assert f'<img src="data:image/jpeg;base64,{JPEG}"' in shown
    for text in ("<b>triggered</b>", "2026-03-01 12:00:00 UTC", "A van &amp; a &lt;man&gt;.", "job_id: a1"):
        assert text in shown
    assert Frame("!!!")._repr_html_() == "<code>&lt;Frame application/octet-stream, about 2 bytes&gt;</code>"


def test_a_card_gives_nothing_away_and_lets_nothing_in() -> None:
    evil = "<script>alert(1)</script>\ud800"
    frame = Frame('data:image/jpeg;base64,/9j/" onerror="alert(1)')
    event = Failed(message=evil, code=evil, stream_url="rtsp://user:secret@cam/1", job_id=evil * 1000)
    for shown in (event._repr_html_(), Summary(summary=evil, grid=frame)._repr_html_()):
        assert "<script" not in shown
        assert 'onerror="' not in shown
        assert "secret" not in shown
        assert len(shown) < 4000
        shown.encode()


@pytest.mark.parametrize("kind", TYPES)
def test_every_event_has_a_card(kind: str) -> None:
    assert f"<b>{kind}</b>" in TYPES[kind]()._repr_html_()


class Tags(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[tuple[str, str]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {(tag, name) for name, _ in attrs} or {(tag, "")}


HOSTILE = st.text() | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "</div><img src=x onerror=alert(1)>",
        "'\"><svg onload=x>",
        "&lt;script&gt;",
        "]]><!--",
    ]
)


@given(st.sampled_from([name for name, _, _ in NAMES]), st.lists(HOSTILE, min_size=12, max_size=12))
def test_a_card_holds_no_tag_of_what_was_sent(name: str, texts: list[str]) -> None:
    fields = ("explanation", "condition", "summary", "message", "reason", "status", "job_id", "stream_url", "code")
    facts: dict[str, Any] = {"type": name, "timestamp": STAMP, **dict(zip(fields, texts, strict=False))}
    facts |= {"stats": {texts[9]: texts[10]}, "frame_b64": texts[11]}
    tags = Tags()
    tags.feed(from_payload(facts)._repr_html_())
    allowed = {
        ("div", ""),
        ("div", "style"),
        ("b", ""),
        ("code", ""),
        ("span", "style"),
        ("img", "src"),
        ("img", "style"),
        ("img", "alt"),
    }
    assert tags.found <= allowed
