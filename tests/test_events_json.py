"""An event becomes JSON and comes back from it as it was, alone and in pydantic models."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import pickle
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from typing import Any

import jsonschema
import pytest
from httpx_sse import ServerSentEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from trio_client import Frame, JobStats, RequestValidationError
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
    from_dict,
    from_payload,
    from_sse,
)

NOON = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=timezone.utc)
JPEG = Frame(b"\xff\xd8\xff\xe0" + bytes(200))
TYPES: list[type[Any]] = [
    Started,
    Progress,
    Triggered,
    Summary,
    StatusChanged,
    CoverageGap,
    Stopped,
    Failed,
    UnknownEvent,
]

texts = st.text(st.characters(codec="utf-8"), max_size=20)
numbers = st.integers(-(10**12), 10**12)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
values: dict[str, st.SearchStrategy[Any]] = {
    "str": texts,
    "str | None": st.none() | texts,
    "Delivery": st.sampled_from(["sse", "webhook", "poll"]),
    "bool | None": st.none() | st.booleans(),
    "int | None": st.none() | numbers,
    "int | float | None": st.none() | numbers | st.floats(allow_nan=False, allow_infinity=False),
    "datetime | None": st.none() | st.datetimes(timezones=st.just(timezone.utc)),
    "Frame | None": st.none() | st.binary(max_size=30).map(Frame),
    "JobStats | None": st.none() | st.dictionaries(texts, json_values, max_size=3).map(JobStats),
    "Any": json_values,
}


@st.composite
def events(draw: st.DrawFn) -> Any:
    kind = draw(st.sampled_from(TYPES))
    return kind(**{each.name: draw(values[str(each.type)]) for each in dataclasses.fields(kind)})


def through_json(data: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(data, allow_nan=False))


@given(events())
def test_every_event_comes_back_equal(event: Any) -> None:
    again = from_dict(through_json(event.to_dict(frames=True, raw=True)))
    assert again == event
    assert type(again) is type(event)
    assert again.dedup_key == event.dedup_key
    assert again.terminal is event.terminal


@given(events(), st.booleans(), st.booleans())
def test_every_event_fits_the_schema(event: Any, frames: bool, raw: bool) -> None:
    data = through_json(event.to_dict(frames=frames, raw=raw))
    VALIDATOR.validate(data)
    assert list(data)[:6] == ["kind", "name", "delivery", "job_id", "stream_url", "occurred_at"]
    assert ("raw" in data) is raw


VALIDATOR = jsonschema.Draft202012Validator(TypeAdapter(Event).json_schema(mode="serialization"))


@pytest.mark.parametrize("kind", TYPES)
def test_every_field_is_there_where_nothing_is_known(kind: type[Any]) -> None:
    data = kind().to_dict()
    names = {"kind", "dedup_key", *(each.name for each in dataclasses.fields(kind))} - {"raw"}
    assert names == set(data)
    assert {None} == {data[name] for name in names - {"kind", "name", "delivery"}}


def test_times_keep_their_microseconds_and_are_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    assert Started(occurred_at=NOON).to_dict()["occurred_at"] == "2026-03-01T12:00:00.250000Z"
    assert Started(occurred_at=NOON.astimezone(east)).to_dict()["occurred_at"] == "2026-03-01T12:00:00.250000Z"
    assert (
        Started(occurred_at=datetime.max.replace(tzinfo=east)).to_dict()["occurred_at"].startswith("9999-12-31T21:59")
    )
    early = datetime.min.replace(tzinfo=east)
    assert Started(occurred_at=early).to_dict()["occurred_at"] == "0001-01-01T00:00:00Z"


def test_numbers_that_json_lacks_are_null() -> None:
    stats = JobStats(elapsed_seconds=math.nan, more=[math.inf, 10**5000])
    data = Triggered(latency_ms=math.inf, raw={"a": -math.inf}).to_dict(raw=True)
    assert (data["latency_ms"], data["raw"]) == (None, {"a": None})
    assert Stopped(stats=stats).to_dict()["stats"] == {"elapsed_seconds": None, "more": [None, None]}


PICTURES: dict[str, tuple[Any, Any]] = {
    "under its key": ({"data": {"frame_b64": "not known"}}, {"data": {"frame_b64": None}}),
    "in a list": ({"frames_b64": [JPEG.base64]}, {"frames_b64": [None]}),
    "under another key": ({"image": JPEG.base64, "note": "/9j/"}, {"image": None, "note": "/9j/"}),
    "as a data URI": ({"image": f"data:image/png;base64,{JPEG.base64}"}, {"image": None}),
    "in a text that was cut": (f'{{"frame_b64": "{JPEG.base64}', '{"frame_b64": "…'),
    "with escaped slashes": (f'{{"x": "{JPEG.base64}"'.replace("/", "\\/"), '{"x": "…"'),
    "of an unknown kind, cut": ('{"frame_b64": "AAAA', '{"frame_b64": "…'),
    "in JSON within JSON": ({"body": json.dumps({"grid_b64": JPEG.base64})}, {"body": '{"grid_b64": "…"}'}),
}


@pytest.mark.parametrize("place", PICTURES)
def test_no_picture_is_in_raw_unless_it_is_asked_for(place: str) -> None:
    raw, left = PICTURES[place]
    event = Triggered(raw=raw)
    assert event.to_dict(raw=True)["raw"] == left
    assert event.to_dict(raw=True, frames=True)["raw"] == raw


def test_a_picture_is_described_and_included_only_if_asked_for() -> None:
    for frame in (JPEG, Frame(JPEG.base64), Frame("data:image/jpeg;base64," + JPEG.base64)):
        assert Triggered(frame=frame).to_dict()["frame"] == {"media_type": "image/jpeg", "size": 204}
        with_data = Summary(grid=frame).to_dict(frames=True)["grid"]
        assert with_data == {"media_type": "image/jpeg", "size": 204, "data_base64": JPEG.base64}
    assert from_dict(Triggered(frame=JPEG).to_dict()).to_dict()["frame"] is None


def test_long_texts_of_an_event_are_kept_whole() -> None:
    url = "rtsp://camera/" + "A" * 300
    assert Triggered(stream_url=url, explanation="/9j/" + "A" * 300).to_dict()["stream_url"] == url


def test_two_triggers_keep_their_own_keys_without_raw() -> None:
    sent = [
        from_payload({"type": "watch_triggered", "timestamp": "2026-03-01T12:00:00Z", "data": {"n": n}}) for n in "ab"
    ]
    kept = [from_dict(through_json(event.to_dict())) for event in sent]
    assert [event.dedup_key for event in kept] == [event.dedup_key for event in sent]
    assert len({event.dedup_key for event in kept}) == 2
    for event in kept:
        assert pickle.loads(pickle.dumps(event)).dedup_key == copy.copy(event).dedup_key == event.dedup_key
    assert from_dict(Triggered().to_dict()).dedup_key is None


def test_events_without_raw_that_say_different_things_have_different_keys() -> None:
    keys = {Triggered(occurred_at=NOON, explanation=each).dedup_key for each in ("a van", "a cat")}
    assert len(keys) == 2


def test_the_name_of_an_sse_event_survives_where_raw_does_not_have_it() -> None:
    event = from_sse(ServerSentEvent(event="triggered", data='{"explanation": "A van."}'))
    assert from_dict(event.to_dict(raw=True)) == event
    assert type(from_payload(event.raw, "sse")) is UnknownEvent


BAD: list[tuple[Any, str]] = [
    ({}, "kind must be one of started, progress"),
    ({"kind": "gone"}, "'gone'"),
    ({"kind": ["gap"]}, "kind must be"),
    ([], "a list"),
    (None, "not None"),
    (3, "not an int"),
    ({"kind": "started", "occurred_at": "yesterday"}, "occurred_at must be a time as ISO 8601, not 'yesterday'"),
    ({"kind": "started", "delivery": "mail"}, "delivery must be sse, webhook or poll"),
    ({"kind": "started", "job_id": 3}, "job_id must be a text"),
    ({"kind": "progress", "stats": [1]}, "stats must be an object"),
    ({"kind": "progress", "frames_captured": 1.5}, "frames_captured must be a whole number"),
    ({"kind": "progress", "frames_captured": math.inf}, "frames_captured must be a whole number"),
    ({"kind": "triggered", "frame": "/9j/"}, "frame must be an object with media_type"),
    ({"kind": "triggered", "dedup_key": 4}, "dedup_key must be a text"),
    ({"kind": "started", "stream_url": ["rtsp://me:secret@camera"]}, "stream_url must be a text"),
]


@pytest.mark.parametrize(("data", "problem"), BAD)
def test_what_is_no_event_is_refused_by_name(data: Any, problem: str) -> None:
    with pytest.raises(RequestValidationError) as caught:
        from_dict(data)
    assert problem in str(caught.value)
    assert "secret" not in str(caught.value)
    with pytest.raises(ValidationError):
        TypeAdapter(Event).validate_python(data)


def test_unknown_keys_are_ignored_and_missing_ones_are_none() -> None:
    assert from_dict({"kind": "stopped", "frame_path": "a.jpg", "later": 1}) == Stopped()


class Alert(BaseModel):
    event: Event
    last: Triggered | None = None
    history: list[Event] = []
    picture: Frame | None = None


@given(events())
def test_a_model_with_an_event_comes_back_from_json(event: Any) -> None:
    alert = Alert(event=event, history=[event, event])
    again = Alert.model_validate_json(alert.model_dump_json())
    assert [each.to_dict() for each in again.history] == [from_dict(event.to_dict()).to_dict()] * 2
    assert again.event.dedup_key == event.dedup_key
    assert alert.model_dump()["event"] == event.to_dict()
    assert alert.event is event


def test_the_schema_of_a_model_discriminates_events_by_kind() -> None:
    schema = Alert.model_json_schema()
    assert schema["properties"]["event"]["discriminator"]["propertyName"] == "kind"
    assert {each.__name__ for each in TYPES} == set(schema["$defs"])
    assert schema["$defs"] == Alert.model_json_schema(mode="serialization")["$defs"] == VALIDATOR.schema["$defs"]
    assert schema["properties"]["last"]["anyOf"][0] == {"$ref": "#/$defs/Triggered"}


def test_a_field_of_one_event_type_takes_no_other() -> None:
    for wrong in (Stopped(), Stopped().to_dict(), {}, "triggered", None, {"kind": ["triggered"]}):
        with pytest.raises(ValidationError):
            TypeAdapter(Triggered).validate_python(wrong)
    assert TypeAdapter(Triggered).validate_python(Triggered().to_dict()) == Triggered()


def test_a_picture_is_base64_text_in_a_model() -> None:
    alert = Alert(event=Started(), picture=JPEG)
    assert json.loads(alert.model_dump_json())["picture"] == JPEG.base64
    assert Alert.model_validate_json(alert.model_dump_json()).picture == JPEG
    assert TypeAdapter(Frame).validate_python(JPEG.data) == JPEG
    assert TypeAdapter(Frame).json_schema() == {"type": "string", "contentEncoding": "base64"}
    for wrong in ("not base64!", 3, None):
        with pytest.raises(ValidationError):
            TypeAdapter(Frame).validate_python(wrong)


def test_event_is_what_all_types_are_instances_of() -> None:
    assert all(isinstance(each(), Event) for each in TYPES)
    assert not isinstance(Frame(b""), Event)


def test_pydantic_is_imported_only_where_it_is_used() -> None:
    code = (
        "import sys; from trio_client.events import Started, from_dict; from_dict(Started().to_dict());"
        "sys.exit('pydantic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_whole_number_of_any_size_comes_back() -> None:
    event = Triggered(latency_ms=10**400)
    assert from_dict(event.to_dict()).latency_ms == 10**400  # type: ignore[union-attr]
