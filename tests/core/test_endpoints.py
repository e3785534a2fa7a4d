"""Each call becomes exactly the documented request: what was not given is not sent."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trio_client import Frame, models
from trio_client._core import endpoints
from trio_client._core.endpoints import raw_call
from trio_client._core.retry.failure import Effect
from trio_client._core.validation import NOT_GIVEN
from trio_client.errors import RequestValidationError

EXAMPLES = Path(__file__).resolve().parents[1] / "samples"
URL, CONDITION = "rtsp://user:pa@ss@cam/1", "a van is at the gate"
JOB_ID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
JPEG = b"\xff\xd8\xff\xe0picture"

CHECK = {"input_mode": "hybrid", "clip_duration_seconds": 4, "include_frame": True}
MONITOR = {
    "webhook_url": "https://hooks.example/trio?a=1",
    "interval_seconds": 30,
    "input_mode": "frames",
    "clip_duration_seconds": 5,
    "monitor_duration_seconds": 3600,
    "trigger_cooldown_seconds": 60,
    "max_triggers": 7,
}
DIGEST = {
    "window_minutes": 5,
    "capture_interval_seconds": 30,
    "webhook_url": "https://hooks.example/trio",
    "max_windows": 3,
    "include_frames": True,
}


def check_once(**options: Any) -> endpoints.Call[models.CheckResult]:
    return endpoints.check_once({"stream_url": URL, "condition": CONDITION, **options})


def monitor(**options: Any) -> endpoints.Call[models.Job]:
    return endpoints.create_live_monitor({"stream_url": URL, "condition": CONDITION, **options})


def digest(**options: Any) -> endpoints.Call[models.Job]:
    return endpoints.create_live_digest({"stream_url": URL, **options})


def body(call: endpoints.Call[Any]) -> Any:
    assert call.content is not None
    return json.loads(call.content)


def test_the_documented_monitor_request_is_made_of_its_arguments() -> None:
    example = json.loads((EXAMPLES / "live_monitor_request.json").read_text("utf-8"))
    arguments = {**example, "webhook_url": "https://hooks.example/trio"}  # the example's own is a placeholder
    assert body(endpoints.create_live_monitor({**arguments, "wait_for_slot": 5, "self": None})) == arguments


@pytest.mark.parametrize(
    ("make", "options", "required"),
    [
        (check_once, CHECK, {"stream_url": URL, "condition": CONDITION}),
        (monitor, MONITOR, {"stream_url": URL, "condition": CONDITION}),
        (digest, DIGEST, {"stream_url": URL}),
    ],
)
def test_every_argument_is_sent_under_its_own_name_and_alone(make: Any, options: Any, required: Any) -> None:
    assert required == body(make())
    assert {**required, **options} == body(make(**options))
    for name, value in options.items():
        assert {**required, name: value} == body(make(**{name: value}))


@pytest.mark.parametrize(("make", "options"), [(check_once, CHECK), (monitor, MONITOR), (digest, DIGEST)])
@pytest.mark.parametrize("absent", [None, NOT_GIVEN])
def test_what_was_not_given_is_not_sent(make: Any, options: Any, absent: object) -> None:
    for name in options.keys() - {"max_triggers", "max_windows"}:
        assert name not in body(make(**{name: absent}))


@pytest.mark.parametrize(("make", "name"), [(monitor, "max_triggers"), (digest, "max_windows")])
def test_none_is_sent_as_null_where_it_means_unlimited(make: Any, name: str) -> None:
    sent = body(make(**{name: None}))
    assert name in sent
    assert None is sent[name]
    assert name not in body(make(**{name: NOT_GIVEN}))


def test_a_value_that_is_false_is_sent() -> None:
    assert False is body(check_once(include_frame=False))["include_frame"]
    assert 0 == body(monitor(trigger_cooldown_seconds=0))["trigger_cooldown_seconds"]


CALLS: dict[str, tuple[endpoints.Call[Any], str, str, type[Any], Effect, bool]] = {
    "check_once": (check_once(), "POST", "/check-once", models.CheckResult, Effect.BILLED, False),
    "analyze_frame": (
        endpoints.analyze_frame(JPEG, "Is it day?"),
        "POST",
        "/analyze-frame",
        models.FrameAnswer,
        Effect.BILLED,
        False,
    ),
    "validate": (
        endpoints.validate_stream(URL),
        "POST",
        "/streams/validate",
        models.StreamValidation,
        Effect.SAFE,
        False,
    ),
    "prepare": (
        endpoints.prepare_stream("rtsp://cam/1"),
        "POST",
        "/prepare-stream?url=rtsp%3A%2F%2Fcam%2F1",
        models.PreparedStream,
        Effect.SAFE,
        False,
    ),
    "monitor": (monitor(), "POST", "/live-monitor", models.Job, Effect.ONCE, True),
    "digest": (digest(), "POST", "/live-digest", models.Job, Effect.ONCE, True),
    "list": (endpoints.list_jobs(), "GET", "/jobs", models.JobPage, Effect.SAFE, False),
    "get": (endpoints.get_job(JOB_ID), "GET", f"/jobs/{JOB_ID}", models.JobDetail, Effect.SAFE, False),
    "cancel": (endpoints.cancel_job(JOB_ID), "DELETE", f"/jobs/{JOB_ID}", models.CancelledJob, Effect.SAFE, True),
}


@pytest.mark.parametrize("name", CALLS)
def test_each_call_goes_where_it_is_documented_and_is_repeated_as_it_deserves(name: str) -> None:
    call, method, target, model, effect, fresh = CALLS[name]
    assert (method, target, model, effect, fresh) == (
        call.method,
        call.target,
        call.model,
        call.effect,
        call.fresh_connection,
    )


@pytest.mark.parametrize("name", ["prepare", "list", "get", "cancel"])
def test_calls_without_a_body_send_none(name: str) -> None:
    assert None is CALLS[name][0].content


@pytest.mark.parametrize(
    ("method", "accept"),
    [("create", "application/json"), ("stream", "text/event-stream"), ("watch", "text/event-stream")],
)
def test_a_stream_is_asked_for_by_the_accept_header_alone(method: Any, accept: str) -> None:
    for call, plain in (
        (endpoints.create_live_monitor({"stream_url": URL, "condition": CONDITION}, method), monitor()),
        (endpoints.create_live_digest({"stream_url": URL}, method), digest()),
    ):
        assert (accept, plain.content, plain.target) == (call.accept, call.content, call.target)


def test_the_url_to_prepare_travels_whole_in_the_query() -> None:
    call = endpoints.prepare_stream("https://cam.example/live?a=1&b=ä#x")
    assert {"url": ["https://cam.example/live?a=1&b=ä#x"]} == parse_qs(call.query)
    assert call.query.isascii()


@pytest.mark.parametrize("kind", ["bytes", "bytearray", "Path", "Frame", "Frame of text", "Frame of a data URI"])
def test_a_picture_is_sent_as_plain_base64_whatever_holds_it(kind: str, tmp_path: Path) -> None:
    text = base64.b64encode(JPEG).decode()
    (tmp_path / "a.jpg").write_bytes(JPEG)
    frames: dict[str, Any] = {
        "bytes": JPEG,
        "bytearray": bytearray(JPEG),
        "Path": tmp_path / "a.jpg",
        "Frame": Frame(JPEG),
        "Frame of text": Frame(text),
        "Frame of a data URI": Frame("data:image/jpeg;base64," + text),
    }
    assert {"frame_b64": text, "question": "Is it day?"} == body(endpoints.analyze_frame(frames[kind], "Is it day?"))


@pytest.mark.parametrize("frame", ["a.jpg", None, 5, b"", Frame("")])
def test_what_is_no_picture_is_refused_by_the_name_of_the_argument(frame: Any) -> None:
    with pytest.raises(RequestValidationError, match=r"^frame is ") as caught:
        endpoints.analyze_frame(frame, "Is it day?")
    assert "frame" == caught.value.field


@pytest.mark.parametrize(
    ("arguments", "target"),
    [
        ({}, "/jobs"),
        ({"status": "running"}, "/jobs?status=running"),
        ({"type": "live-digest"}, "/jobs?type=live-digest"),
        ({"limit": 1}, "/jobs?limit=1"),
        ({"offset": 0}, "/jobs?offset=0"),
        (
            {"status": "failed", "type": "live-monitor", "limit": 100, "offset": 200},
            "/jobs?status=failed&type=live-monitor&limit=100&offset=200",
        ),
    ],
)
def test_a_list_asks_for_what_was_given(arguments: dict[str, Any], target: str) -> None:
    assert target == endpoints.list_jobs(**arguments).target


@pytest.mark.parametrize("make", [endpoints.get_job, endpoints.cancel_job])
def test_an_id_never_leaves_its_path_segment(make: Any) -> None:
    assert "/jobs/a%3Ab" == make("a:b").path
    for bad in ("", "..", "../live-monitor", "a?x=1"):
        with pytest.raises(RequestValidationError, match="job_id"):
            make(bad)


def test_the_arguments_of_a_call_are_known_wherever_they_travel() -> None:
    assert {"url": "rtsp://u:p@cam/1"} == endpoints.prepare_stream("rtsp://u:p@cam/1").arguments
    assert {"stream_url": URL} == endpoints.validate_stream(URL).arguments
    assert {} == endpoints.get_job(JOB_ID).arguments


# endpoints that have no method of their own


def raw(method: str = "GET", path: str = "/x", **given: Any) -> endpoints.Call[Any]:
    values: dict[str, Any] = {"params": None, "json": None, "response_type": dict, "idempotent": None, **given}
    return raw_call(method, path, **values)


@pytest.mark.parametrize(
    ("method", "idempotent", "effect", "fresh"),
    [
        ("get", None, Effect.SAFE, False),
        ("DELETE", None, Effect.SAFE, False),
        ("PUT", None, Effect.SAFE, False),
        ("POST", None, Effect.ONCE, True),
        ("PATCH", None, Effect.ONCE, True),
        ("POST", True, Effect.SAFE, False),
        ("GET", False, Effect.ONCE, True),
    ],
)
def test_a_raw_request_is_repeated_only_if_its_method_or_the_caller_allows(
    method: str, idempotent: bool | None, effect: Effect, fresh: bool
) -> None:
    call = raw(method, idempotent=idempotent)
    assert (method.upper(), effect, fresh) == (call.method, call.effect, call.fresh_connection)


def test_raw_parameters_are_encoded_and_none_is_not_sent() -> None:
    call = raw(params={"a": "x y&z", "flag": True, "no": None, "many": [1, 2]})
    assert "/x?a=x+y%26z&flag=true&many=1&many=2" == call.target


@pytest.mark.parametrize("path", ["x", "", "/../x", "/a/%2e%2e/b", "/a?x", "/a#b", "/a\\b", "/ä", "/a b", "/a\n"])
def test_a_raw_path_that_would_lead_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(RequestValidationError, match="path is"):
        raw(path=path)


@pytest.mark.parametrize("method", ["", "GE T", "GET\r\nX: 1", "ÄÖÜ"])
def test_what_is_no_method_is_refused(method: str) -> None:
    with pytest.raises(RequestValidationError, match="method is"):
        raw(method)


@pytest.mark.parametrize("value", [object(), {"a": "\ud800"}, {"a": object()}])
def test_what_is_no_json_is_refused_before_it_is_sent(value: Any) -> None:
    with pytest.raises(RequestValidationError, match="json cannot be sent as JSON"):
        raw("POST", json=value)


@example("/.")
@given(st.text(st.sampled_from("/.%2eE5cC?#\\@:ab \r\n\u00e4")))
def test_a_raw_path_is_refused_or_stays_below_the_base_url(path: str) -> None:
    try:
        call = raw(path=path)
    except RequestValidationError:
        return
    sent = httpx.URL(f"https://trio.example/api{call.target}")
    assert (sent.host, sent.query, sent.fragment, sent.userinfo) == ("trio.example", b"", "", b"")
    assert sent.raw_path.startswith(b"/api/")
    assert ".." not in unquote(sent.path).split("/")


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"condition": "caf\udce9"}, "which cannot be sent."),
        ({"interval_seconds": 7.5}, "it must be an int from 5 to 300 seconds."),
    ],
)
def test_a_refused_argument_is_explained_in_the_clients_own_words(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(RequestValidationError) as caught:
        endpoints.create_live_monitor({"stream_url": URL, "condition": CONDITION, **values})
    assert problem in str(caught.value)
    assert [words for words in ("Input should", "unable to", "got a number") if words in str(caught.value)] == []
