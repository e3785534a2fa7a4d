from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from trio_client.stub import Scene, StubServer

YARD = "rtsp://camera.example/yard"
MONITOR = {"stream_url": YARD, "condition": "Is the gate open?"}


def code_of(reply: httpx.Response) -> tuple[int, str]:
    error = reply.json()["error"]
    assert set(error) == {"code", "message", "remediation"}
    assert all(error.values())
    return reply.status_code, error["code"]


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic abc", "test-key", "Bearer wrong", "bearer é"])
def test_a_request_without_a_valid_key_is_refused(connect: Callable[..., httpx.Client], header: str | None) -> None:
    with StubServer(speed=0, api_keys=["test-key"]) as server:
        client = connect(server)
        assert client.get("/jobs").status_code == 200
        del client.headers["authorization"]
        headers = {} if header is None else {"authorization": header.encode("latin-1")}
        reply = client.post("/live-monitor", json=MONITOR, headers=headers)
        assert code_of(reply) == (401, "UNAUTHORIZED")
        assert reply.headers["www-authenticate"] == "Bearer"
        assert server.jobs == []


def test_any_key_is_accepted_unless_keys_are_given(stub: StubServer, connect: Callable[..., httpx.Client]) -> None:
    assert connect(stub, "anything").get("/jobs").status_code == 200


def test_an_unknown_path_is_404(client: httpx.Client) -> None:
    assert code_of(client.get("/nowhere")) == (404, "NOT_FOUND")
    assert code_of(client.get("/jobs/")) == (404, "NOT_FOUND")


def test_an_unknown_method_is_405(client: httpx.Client) -> None:
    reply = client.put("/jobs/abc")
    assert code_of(reply) == (405, "METHOD_NOT_ALLOWED")
    assert {"GET", "DELETE"} <= set(reply.headers["allow"].split(", "))


@pytest.mark.parametrize("job_id", ["abc-123", "3c90c3cc-0d44-4b50-8888-8dd25736052a", "%2e%2e"])
def test_a_job_that_is_not_there(client: httpx.Client, job_id: str) -> None:
    assert code_of(client.get(f"/jobs/{job_id}")) == (404, "JOB_NOT_FOUND")
    assert code_of(client.delete(f"/jobs/{job_id}")) == (404, "JOB_NOT_FOUND")


@pytest.mark.parametrize(
    ("path", "body", "where", "kind"),
    [
        ("/live-monitor", {"stream_url": YARD}, ["body", "condition"], "missing"),
        (
            "/live-monitor",
            {**MONITOR, "interval_seconds": 4},
            ["body", "interval_seconds"],
            "greater_than_equal",
        ),
        (
            "/live-monitor",
            {**MONITOR, "interval_seconds": 301},
            ["body", "interval_seconds"],
            "less_than_equal",
        ),
        ("/live-monitor", {**MONITOR, "interval_seconds": "ten"}, ["body", "interval_seconds"], "int_type"),
        ("/live-monitor", {**MONITOR, "interval_seconds": True}, ["body", "interval_seconds"], "int_type"),
        ("/live-monitor", {**MONITOR, "input_mode": "sound"}, ["body", "input_mode"], "enum"),
        ("/live-monitor", {**MONITOR, "max_triggers": 0}, ["body", "max_triggers"], "greater_than_equal"),
        ("/live-monitor", {**MONITOR, "condition": ""}, ["body", "condition"], "string_too_short"),
        ("/live-monitor", {**MONITOR, "condition": "x" * 1001}, ["body", "condition"], "string_too_long"),
        ("/live-monitor", {**MONITOR, "webhook_url": "ftp://host/x"}, ["body", "webhook_url"], "url_parsing"),
        (
            "/live-digest",
            {"stream_url": YARD, "window_minutes": 61},
            ["body", "window_minutes"],
            "less_than_equal",
        ),
        ("/check-once", {"stream_url": None, "condition": "x"}, ["body", "stream_url"], "string_type"),
        ("/analyze-frame", {"frame_b64": "", "question": "x"}, ["body", "frame_b64"], "string_too_short"),
        ("/streams/validate", {}, ["body", "stream_url"], "missing"),
    ],
)
def test_a_field_out_of_range_is_named(
    stub: StubServer, client: httpx.Client, path: str, body: dict[str, Any], where: list[str], kind: str
) -> None:
    reply = client.post(path, json=body)
    assert code_of(reply) == (422, "VALIDATION_ERROR")
    (detail,) = reply.json()["detail"]
    assert (detail["loc"], detail["type"], bool(detail["msg"])) == (where, kind, True)
    assert stub.jobs == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff\xfe{",
        b'{"a": NaN}',
        b"[" * 100_000,
        b'{"a": "\\ud800"}',
        b"1" * 5000,
    ],
)
def test_a_body_that_is_not_a_json_object_is_refused(client: httpx.Client, body: bytes) -> None:
    reply = client.post("/live-monitor", content=body)
    assert code_of(reply) == (422, "VALIDATION_ERROR")
    assert reply.json()["detail"][0]["loc"][0] == "body"


@pytest.mark.parametrize(
    "query", ["status=done", "type=monitor", "limit=0", "limit=x", "offset=-1", f"limit={'9' * 5000}"]
)
def test_a_query_out_of_range_is_named(client: httpx.Client, query: str) -> None:
    reply = client.get(f"/jobs?{query}")
    assert code_of(reply) == (422, "VALIDATION_ERROR")
    assert reply.json()["detail"][0]["loc"] == ["query", query.partition("=")[0]]


def test_a_missing_query_is_named(client: httpx.Client) -> None:
    reply = client.post("/prepare-stream")
    assert reply.json()["detail"] == [{"loc": ["query", "url"], "msg": "Field required", "type": "missing"}]


@pytest.mark.parametrize("path", ["/live-monitor", "/check-once", "/live-digest"])
@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://host/stream", "INVALID_URL"),
        ("file:///etc/passwd", "INVALID_URL"),
        ("camera", "INVALID_URL"),
        ("rtsp://", "INVALID_URL"),
        ("http://host:port/x", "INVALID_URL"),
        ("rtsp://host/a b", "INVALID_URL"),
        ("https://example.com/vod/123", "NOT_LIVESTREAM"),
        ("https://www.twitch.tv/videos/123", "NOT_LIVESTREAM"),
        ("rtsp://camera.example/recording", "NOT_LIVESTREAM"),
        ("rtsp://camera.example/dark", "STREAM_OFFLINE"),
    ],
)
def test_streams_that_cannot_be_watched_are_refused(
    stub: StubServer, client: httpx.Client, path: str, url: str, code: str
) -> None:
    stub.scene("rtsp://camera.example/dark", Scene(live=False))
    stub.scene("rtsp://camera.example/recording", Scene(vod=True))
    body = {"stream_url": url} if path == "/live-digest" else {"stream_url": url, "condition": "A van?"}
    assert code_of(client.post(path, json=body)) == (400, code)


@pytest.mark.parametrize(
    "frame", ["data:image/jpeg;base64,AAAA", "***", "A", base64.b64encode(bytes(11 * 2**20)).decode()]
)
def test_a_frame_that_is_not_base64_is_refused(client: httpx.Client, frame: str) -> None:
    reply = client.post("/analyze-frame", json={"frame_b64": frame, "question": "What is it?"})
    assert code_of(reply) == (400, "BAD_REQUEST")


def test_a_body_over_the_limit_is_not_read(connect: Callable[..., httpx.Client]) -> None:
    with StubServer(speed=0, max_body_bytes=1000) as server:
        client = connect(server)
        reply = client.post("/live-monitor", content=b"x" * 1001)
        assert code_of(reply) == (413, "PAYLOAD_TOO_LARGE")
        assert client.get("/jobs").status_code == 200
