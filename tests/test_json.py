"""A text that is not quite JSON costs only the value that is off, and every kind of value has one reading."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from asked import asking_for, client_settings
from httpx_sse import ServerSentEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic_core import from_json

from trio_client import webhooks
from trio_client._core.error_reply import error_from
from trio_client._core.event_reader import EventReader
from trio_client._core.history import JobHistory
from trio_client._core.reply import Reply, check_strictly, parse
from trio_client._core.silence import Silence
from trio_client._json import as_count, as_flag, as_number, as_text, parse_json
from trio_client.errors import ResponseValidationError
from trio_client.events import Started, Triggered, from_sse
from trio_client.models import Job, JobPage, JobStats

# What a value was written as in JSON, and what is left of it.
ODD: dict[str, tuple[bytes, Any]] = {
    "a lone surrogate": (rb'"a \ud800 b"', "a \ufffd b"),
    "the other half": (rb'"a \udfff"', "a \ufffd"),
    "NaN": (b"NaN", None),
    "Infinity": (b"Infinity", None),
    "-Infinity": (b"-Infinity", None),
    "a number of 5,000 digits": (b"1" * 5000, None),
    "a Latin-1 byte": (b'"caf\xe9"', "caf\ufffd"),
    "a raw tab": (b'"a\tb"', "a\tb"),
    "a raw line break": (b'"a\nb"', "a\nb"),
    "a NUL": (b'"a\0b"', "a\0b"),
}
BOM = b"\xef\xbb\xbf"


def parsed(model: type[BaseModel], content: bytes) -> Any:
    return parse(Reply(200, {}, content), asking_for(model), client_settings())


@pytest.mark.parametrize("name", ODD)
def test_only_the_value_that_is_off_is_lost(name: str) -> None:
    written, left = ODD[name]
    content = b'{"job_id": "a", "odd": %s, "list": [1, %s, "\\u00e9\\ud83d\\ude00"]}' % (written, written)
    assert parse_json(content) == {"job_id": "a", "odd": left, "list": [1, left, "é😀"]}
    assert parse_json(BOM + content) == parse_json(content)


def test_a_number_beyond_all_floats_is_no_value_where_anything_else_is_off() -> None:
    assert parse_json(b'{"a": 1e999, "b": NaN}') == {"a": None, "b": None}


def test_text_with_lone_surrogates_is_read_too() -> None:
    assert parse_json('\ufeff{"a\ud800": "\udfff"}') == {"a\ufffd": "\ufffd"}


@pytest.mark.parametrize(
    "content", [b"", b"NaN", b"{", b'{"a": 1} x', b"{'a': 1}", b"\xff\xfe{", b"[" * 100_000, b"9" * 5000]
)
def test_what_is_no_json_even_so_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):
        parse_json(content)


def test_a_lenient_reading_goes_no_deeper_than_the_strict_one() -> None:
    def nested(depth: int) -> bytes:
        return b"[" * depth + b"NaN" + b"]" * depth

    parse_json(nested(150))
    for depth in (250, 900, 5_000):
        with pytest.raises(ValueError):
            parse_json(nested(depth))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(JSON)
def test_what_is_json_is_read_the_same_by_both(value: Any) -> None:
    content = json.dumps([value]).encode("utf-8", "surrogatepass")
    try:
        assert parse_json(content) == from_json(content)
    except ValueError:
        assert parse_json(content) is not None
    assert parse_json(b"[NaN, " + content[1:])[1:] == parse_json(content)


@given(st.binary(max_size=50), st.sampled_from([b"{}", b'{"a": "%s"}', b"[%s]", b"%s"]))
def test_nothing_but_a_value_error_is_raised(content: bytes, around: bytes) -> None:
    try:
        found = parse_json(around.replace(b"%s", content))
    except ValueError:
        return
    json.dumps(found, allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("before", [b"", BOM])
def test_a_reply_a_page_a_stream_an_event_and_a_webhook_are_read_all_the_same(name: str, before: bytes) -> None:
    written = ODD[name][0]
    job = b'{"job_id": "a", "status": "running", "message": %s, "brand_new": %s}' % (written, written)
    reply = Reply(200, {"content-type": "application/json"}, before + job)
    assert parse(reply, asking_for(Job), client_settings()).job_id == "a"
    page = before + b'{"jobs": [%s, {"job_id": "b"}], "total": 2}' % job
    assert [each.job_id for each in parse(Reply(200, {}, page), asking_for(JobPage), client_settings()).jobs] == [
        "a",
        "b",
    ]
    refused = Reply(404, {}, before + b'{"error": {"code": "JOB_NOT_FOUND", "x": %s}}' % written)
    error = error_from(refused, asking_for(Job), client_settings(), wall_clock=0)
    assert error.code == "JOB_NOT_FOUND"
    trigger = before + b'{"type": "watch_triggered", "job_id": "a", "frame_b64": "AAAA", "odd": %s}' % written
    read = [webhooks.parse(trigger)]
    if not {b"\n"} & {bytes([each]) for each in written}:  # which ends a line of an event stream
        reader = EventReader(JobHistory(), Silence(60.0, lambda: 0.0), max_event_bytes=10_000)
        read += reader.feed(b"event: triggered\ndata: " + trigger + b"\n\n")
        read.append(from_sse(ServerSentEvent(event="triggered", data=trigger.decode("utf-8", "replace"))))
    for event in read:
        assert isinstance(event, Triggered)
        assert (event.job_id, event.frame is not None) == ("a", True)


@pytest.mark.parametrize("name", ["NaN", "a lone surrogate", "a Latin-1 byte"])
def test_a_strict_client_reads_nothing_leniently(name: str) -> None:
    job = b'{"job_id": "a", "status": "running", "brand_new": %s}' % ODD[name][0]
    with pytest.raises(ResponseValidationError):
        check_strictly(Reply(200, {}, job), asking_for(Job), client_settings())


@pytest.mark.parametrize(
    ("value", "expected"),
    [(2, 2), ("2", 2), (2.0, 2), ("2.0", 2), (" 2 ", 2), (-1, -1), (True, None), (2.5, None), ("many", None),
     ([], None), (None, None), (math.nan, None), (math.inf, None), ("NaN", None), ("9" * 5000, None)],
)  # fmt: skip
def test_a_count_has_one_reading(value: Any, expected: int | None) -> None:
    assert as_count(value) == expected
    assert JobStats(triggers_fired=value).triggers_fired == expected
    if value is not True:  # which pydantic takes for 1
        page = parse(
            Reply(200, {}, json.dumps({"jobs": [], "total": value}).encode()), asking_for(JobPage), client_settings()
        )
        assert page.total == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(2, 2), (2.5, 2.5), ("2", 2), ("2.5", 2.5), ("1e3", 1000.0), (True, None), ("x", None), ({}, None), (None, None),
     (math.nan, None), (math.inf, None), ("NaN", None), ("Infinity", None), ("1e999", None)],
)  # fmt: skip
def test_a_number_has_one_reading(value: Any, expected: float | None) -> None:
    assert as_number(value) == expected
    assert JobStats(elapsed_seconds=value).elapsed_seconds == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), (False, False), ("true", True), ("False", False), (1, True), (0, False), ("soon", None), (2, None),
     ([], None), (None, None)],
)  # fmt: skip
def test_a_flag_has_one_reading(value: Any, expected: bool | None) -> None:
    assert as_flag(value) is expected
    assert JobStats(auto_stopped=value).auto_stopped is expected


@pytest.mark.parametrize(
    ("value", "expected"), [("a", "a"), ("", ""), (48213, "48213"), (True, None), ([], None), (None, None)]
)
def test_a_text_has_one_reading(value: Any, expected: str | None) -> None:
    assert as_text(value) == expected
    assert JobStats(reason=value).reason == expected


def test_an_id_that_cannot_be_read_in_full_is_none() -> None:
    event = from_sse(ServerSentEvent(event="started", data='{"job_id": "a\\ud800"}'))
    assert event.job_id is None


def test_an_id_that_is_a_number_becomes_text() -> None:
    assert (
        parse(Reply(200, {}, b'{"job_id": 48213, "status": "running"}'), asking_for(Job), client_settings()).job_id
        == "48213"
    )
    event = from_sse(ServerSentEvent(event="started", data='{"job_id": 48213}'))
    assert isinstance(event, Started)
    assert event.job_id == "48213"
