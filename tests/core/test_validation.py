"""A value outside its documented range is refused before anything is sent, in words that help."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_client._core import endpoints
from trio_client._core.validation import integer, one_of, path_segment
from trio_client._numbers import not_negative, positive, positive_limit
from trio_client.errors import RequestValidationError

Make = Callable[..., Any]
BASE = "https://hooks.example/"


def check(**values: Any) -> Any:
    given = {"stream_url": "rtsp://cam/1", "condition": "x", **values}
    return endpoints.check_once(given).body


def monitor(**values: Any) -> Any:
    given = {"stream_url": "rtsp://cam/1", "condition": "x", **values}
    return endpoints.create_live_monitor(given).body


def digest(**values: Any) -> Any:
    given = {"stream_url": "rtsp://cam/1", **values}
    return endpoints.create_live_digest(given).body


def frame(**values: Any) -> Any:
    return endpoints.analyze_frame(b"x", values["question"]).body


def validate(**values: Any) -> Any:
    return endpoints.validate_stream(values["stream_url"]).body


def prepare(**values: Any) -> Any:
    return endpoints.prepare_stream(values["url"]).arguments


def listed(**values: Any) -> Any:
    query = endpoints.list_jobs(**values).arguments
    return {name: int(value) for name, value in query.items()}


NUMBERS: list[tuple[Make, str, int, int | None, str]] = [
    (check, "clip_duration_seconds", 1, 10, " seconds"),
    (monitor, "interval_seconds", 5, 300, " seconds"),
    (monitor, "clip_duration_seconds", 1, 10, " seconds"),
    (monitor, "monitor_duration_seconds", 5, None, " seconds"),
    (monitor, "trigger_cooldown_seconds", 0, 3600, " seconds"),
    (monitor, "max_triggers", 1, None, ""),
    (digest, "window_minutes", 1, 60, " minutes"),
    (digest, "capture_interval_seconds", 10, 300, " seconds"),
    (digest, "max_windows", 1, None, ""),
    (listed, "limit", 1, None, ""),
    (listed, "offset", 0, None, ""),
]
LENGTHS: list[tuple[Make, str, int, str]] = [
    (check, "stream_url", 500, ""),
    (check, "condition", 1000, ""),
    (monitor, "stream_url", 500, ""),
    (monitor, "condition", 1000, ""),
    (monitor, "webhook_url", 2083, BASE),
    (digest, "stream_url", 500, ""),
    (digest, "webhook_url", 2083, BASE),
    (frame, "question", 1000, ""),
    (validate, "stream_url", 500, ""),
    (prepare, "url", 500, ""),
]


def refusal(make: Make, name: str, value: Any) -> str:
    with pytest.raises(RequestValidationError) as caught:
        make(**{name: value})
    assert name == caught.value.field
    return str(caught.value)


def words(minimum: int, maximum: int | None) -> str:
    return f"{minimum:,} or more" if maximum is None else f"from {minimum:,} to {maximum:,}"


@pytest.mark.parametrize(("make", "name", "minimum", "maximum", "unit"), NUMBERS)
def test_a_number_may_be_at_its_bounds(make: Make, name: str, minimum: int, maximum: int | None, unit: str) -> None:
    for value in (minimum, 10**9 if maximum is None else maximum):
        assert value == make(**{name: value})[name]


@pytest.mark.parametrize(("make", "name", "minimum", "maximum", "unit"), NUMBERS)
def test_one_beyond_is_refused_with_field_value_range_and_unit(
    make: Make, name: str, minimum: int, maximum: int | None, unit: str
) -> None:
    for value in (minimum - 1, *([] if maximum is None else [maximum + 1])):
        assert f"{name} is {value}; it must be {words(minimum, maximum)}{unit}." == refusal(make, name, value)


@pytest.mark.parametrize(("make", "name", "minimum", "maximum", "unit"), NUMBERS)
@pytest.mark.parametrize("value", ["10", 10.0, True, [10]])
def test_a_number_of_another_type_is_refused(
    make: Make, name: str, minimum: int, maximum: int | None, unit: str, value: Any
) -> None:
    expected = (
        f"{name} is {value!r}; it must be an int {'of ' if maximum is None else ''}{words(minimum, maximum)}{unit}."
    )
    assert expected == refusal(make, name, value)


@pytest.mark.parametrize(("make", "name", "longest", "start"), LENGTHS)
def test_a_text_may_be_as_long_as_documented(make: Make, name: str, longest: int, start: str) -> None:
    for value in (f"{start}a", start + "ä" * (longest - len(start))):
        assert value == make(**{name: value})[name]


@pytest.mark.parametrize(("make", "name", "longest", "start"), LENGTHS)
def test_one_character_more_is_refused_with_the_length(make: Make, name: str, longest: int, start: str) -> None:
    text = refusal(make, name, start + "a" * (longest + 1 - len(start)))
    assert text.startswith(f"{name} is '")
    assert text.endswith(f"({longest + 1:,} characters); it must have from 1 to {longest:,} characters.")
    assert len(text) < 250


@pytest.mark.parametrize(("make", "name", "longest", "start"), LENGTHS)
def test_an_empty_text_is_refused(make: Make, name: str, longest: int, start: str) -> None:
    if name == "webhook_url":
        assert "it must be a public URL" in refusal(make, name, "")
    else:
        assert f"{name} is empty; it must have from 1 to {longest:,} characters." == refusal(make, name, "")


@pytest.mark.parametrize(("make", "name", "longest", "start"), LENGTHS)
@pytest.mark.parametrize("value", [5, b"rtsp://cam/1", ["rtsp://cam/1"]])
def test_a_text_of_another_type_is_refused(make: Make, name: str, longest: int, start: str, value: Any) -> None:
    assert f"{name} is {value!r}; it must be a str." == refusal(make, name, value)


@pytest.mark.parametrize(("make", "name"), [(check, "stream_url"), (check, "condition"), (prepare, "url")])
def test_none_is_no_text(make: Make, name: str) -> None:
    assert f"{name} is None; it must be a str." == refusal(make, name, None)


@pytest.mark.parametrize("make", [check, monitor])
def test_an_input_mode_is_one_of_three_words(make: Make) -> None:
    for mode in ("frames", "clip", "hybrid"):
        assert mode == make(input_mode=mode)["input_mode"]
    assert "input_mode is 'video'; it must be 'frames', 'clip' or 'hybrid'." == refusal(make, "input_mode", "video")
    assert refusal(make, "input_mode", "Clip")


@pytest.mark.parametrize(("make", "name"), [(check, "include_frame"), (digest, "include_frames")])
@pytest.mark.parametrize("value", [1, "yes", "true"])
def test_a_switch_is_a_bool(make: Make, name: str, value: Any) -> None:
    assert f"{name} is {value!r}; it must be a bool." == refusal(make, name, value)


@pytest.mark.parametrize(
    "url",
    ["hooks.example/x", "ftp://hooks.example", "file:///x", "javascript:alert(1)", "https://", "http:///x", "//h/x"],
)
@pytest.mark.parametrize("make", [monitor, digest])
def test_a_webhook_url_is_a_public_http_address(make: Make, url: str) -> None:
    text = refusal(make, "webhook_url", url)
    assert f"webhook_url is {url!r}; it must be a public URL that begins with https:// (or http://)." == text


@pytest.mark.parametrize("bad", ["\n", "\r\n", "\x00", "\x1b", "\x7f", "\ud800"])
@pytest.mark.parametrize(("make", "name"), [(check, "stream_url"), (monitor, "webhook_url"), (prepare, "url")])
def test_a_url_with_a_control_character_is_refused(make: Make, name: str, bad: str) -> None:
    text = refusal(make, name, f"https://cam/1{bad}x")
    assert "contains a control character" in text
    assert text.isprintable()


def test_a_condition_may_have_several_lines_but_must_be_text_that_can_be_sent() -> None:
    assert "a van,\nor a car" == check(condition="a van,\nor a car")["condition"]
    assert refusal(check, "condition", "half \ud800").isprintable()


@pytest.mark.parametrize("password", ["secret", "sec@secret", "sec/secret", "sec:secret", "secret'", "sec?secret#"])
@pytest.mark.parametrize("ending", ["x" * 600, "\n", "\ud800"])
@pytest.mark.parametrize(("make", "name"), [(check, "stream_url"), (monitor, "webhook_url"), (prepare, "url")])
def test_a_camera_password_is_never_in_the_message(make: Make, name: str, password: str, ending: str) -> None:
    url = f"rtsp://user:{password}@cam/{ending}"
    text = refusal(make, name, url)
    assert "secret" not in text
    assert "user" not in text
    assert "rtsp://***@cam/" in text


def test_the_refused_value_is_kept_as_it_is() -> None:
    with pytest.raises(RequestValidationError) as caught:
        monitor(interval_seconds=4)
    assert 4 == caught.value.value
    assert None is caught.value.__cause__


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(RequestValidationError) as caught:
        monitor(interval_seconds=4, max_triggers=0, condition="")
    for name in ("interval_seconds is 4", "max_triggers is 0", "condition is empty"):
        assert name in str(caught.value)


@pytest.mark.parametrize(("name", "word"), [("status", "running"), ("type", "live-monitor")])
@pytest.mark.parametrize("value", ["Running", "live_monitor", "", 5, ["running"]])
def test_a_filter_is_one_of_the_documented_words(name: str, word: str, value: Any) -> None:
    with pytest.raises(
        RequestValidationError, match=f"^{name} is {re.escape(repr(value))}; it must be one of .*'{word}'"
    ):
        endpoints.list_jobs(**{name: value})


def test_the_helpers_say_what_they_want() -> None:
    assert (1, "a") == (integer("page_size", 1, 1, 100), one_of("x", "a", ("a", "b")))
    with pytest.raises(RequestValidationError, match=r"^page_size is 101; it must be from 1 to 100\.$"):
        integer("page_size", 101, 1, 100)
    for value in (0, -1, float("nan"), True, "3"):
        with pytest.raises(RequestValidationError, match="it must be a positive number of seconds"):
            positive("poll_interval", value, "seconds")
    positive("poll_interval", 0.1, "seconds")


def test_a_number_is_one_that_can_be_counted_with() -> None:
    for value in (True, "3", None, float("nan"), -1, 10**400):
        with pytest.raises(RequestValidationError, match="it must be 0 or more minutes"):
            not_negative("minutes", value, "minutes")
    for value in (float("inf"), 10**400):
        with pytest.raises(RequestValidationError, match=r"it must be a finite number of seconds\. Leave"):
            positive_limit("duration", value, "seconds")
        with pytest.raises(RequestValidationError, match="it must be 0 or more minutes, and finite"):
            not_negative("minutes", value, "minutes", finite=True)
    not_negative("minutes", 0, "minutes", finite=True)
    not_negative("timeout", float("inf"), "seconds")


@pytest.mark.parametrize(
    "value",
    [
        *("", ".", "..", "%2e", "%2E%2e", ".%2e", "a/b", "../live-monitor", "a\\b", "a?x", "a#b", "%2F", "a%5cb"),
        *(" ", "a b", "a\nb", "a\r\nHost: x", "\x00", "a\x7f", "a\x85", "\ud800"),
    ],
)
def test_what_would_leave_its_segment_is_refused(value: str) -> None:
    with pytest.raises(RequestValidationError, match=r"^job_id is ") as caught:
        path_segment(value, "job_id")
    assert ("job_id", value) == (caught.value.field, caught.value.value)


@pytest.mark.parametrize("value", [None, 5, b"a", ["a"]])
def test_what_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(RequestValidationError, match=f"^job_id is {re.escape(repr(value))}; it must be a str"):
        path_segment(value, "job_id")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("3c90c3cc-0d44-4b50-8888-8dd25736052a", "3c90c3cc-0d44-4b50-8888-8dd25736052a"),
        ("abc-123", "abc-123"),
        ("a.b", "a.b"),
        ("...", "..."),
        ("a:b@c", "a%3Ab%40c"),
        ("50%", "50%25"),
        ("Zürich", "Z%C3%BCrich"),
    ],
)
def test_any_other_id_is_percent_encoded(value: str, expected: str) -> None:
    assert expected == path_segment(value, "job_id")


@given(st.text())
def test_it_is_one_segment_that_decodes_to_the_id_or_an_error(value: str) -> None:
    try:
        found = path_segment(value, "job_id")
    except RequestValidationError:
        return
    assert value == unquote(found)
    assert not {*found} & {*"/\\?# \n"}
    assert found not in ("", ".", "..")


def test_a_number_that_is_too_large_is_refused_with_the_largest() -> None:
    with pytest.raises(RequestValidationError, match="it must be from 0 to 1,000,000,000,000,000,000"):
        endpoints.list_jobs(offset=10**30)
