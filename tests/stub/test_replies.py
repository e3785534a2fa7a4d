"""The check that all tests run under accepts what is documented, and nothing else."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from reply_checker import Deviations, ReplyChecker, checked_payload
from starlette.types import Message, Receive, Scope, Send

from trio_client.stub.server.settings import Settings
from trio_client.stub.server.state import StubState

JOB = {
    "job_id": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
    "status": "pending",
    "created_at": "2026-03-26T10:30:00Z",
    "stream_url": "rtsp://camera.example/yard",
    "job_type": "live-monitor",
}


def deviations(method: str, path: str, status: int, content_type: str, *parts: bytes) -> list[str]:
    """What the checker reports about a reply that arrives in these parts."""
    found, passed = Deviations(), bytearray()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", content_type.encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for part in parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        passed.extend(message.get("body", b""))

    scope: dict[str, Any] = {"type": "http", "method": method, "path": path}
    asyncio.run(ReplyChecker(app, StubState(Settings()), found.report)(scope, receive, send))
    assert bytes(passed) == b"".join(parts)
    return found.take()


@pytest.mark.parametrize(
    ("method", "path", "status", "value"),
    [
        ("POST", "/api/live-monitor", 200, JOB),
        ("GET", f"/api/jobs/{JOB['job_id']}", 200, JOB),
        ("GET", "/jobs", 200, {"jobs": [JOB], "total": 1}),
        ("GET", "/api/jobs", 503, {"error": {"code": "X", "message": "y"}}),
        ("GET", "/osapi/job", 200, {"status_counts": None, "items": []}),
        ("GET", "/_stub/jobs", 200, "anything"),
    ],
)
def test_a_documented_reply_passes(method: str, path: str, status: int, value: Any) -> None:
    whole = json.dumps(value).encode()
    assert deviations(method, path, status, "application/json", whole[:5], whole[5:]) == []


@pytest.mark.parametrize(
    ("method", "path", "status", "value", "said"),
    [
        ("POST", "/api/live-monitor", 200, {**JOB, "status": "done"}, "'done' is not one of"),
        ("POST", "/api/live-monitor", 200, {"job_id": JOB["job_id"]}, "'status' is a required property"),
        ("POST", "/api/live-monitor", 201, JOB, "status 201 is not documented"),
        ("GET", "/api/jobs", 200, {"jobs": [{}]}, "$.jobs[0]: 'job_id' is a required property"),
        ("GET", "/api/jobs", 401, {"error": "no"}, "'no' is not of type 'object'"),
        ("GET", "/api/nowhere", 200, {}, "at a path that is not documented"),
        ("GET", "/osapi/api/job", 200, {"items": [{"id": 1}]}, "1 is not of type 'string'"),
    ],
)
def test_an_undocumented_reply_is_reported(method: str, path: str, status: int, value: Any, said: str) -> None:
    found = deviations(method, path, status, "application/json", json.dumps(value).encode())
    assert found
    assert said in found[0]


def test_webhooks_are_checked_too() -> None:
    found = Deviations()
    make = checked_payload(lambda event, *_: event, found.report)
    good = {"type": "job_stopped", "data": {"job_id": "1", "reason": None}}
    assert make(good, "rtsp://camera.example/yard") == good
    assert found.take() == []
    make({"type": "job_stopped", "data": {"job_id": 1}}, "rtsp://camera.example/yard")
    assert found.take() == ["webhook job_stopped: $.data.job_id: 1 is not of type 'string'"]
    assert make(None, "rtsp://camera.example/yard") is None


def test_content_types_and_events_are_checked_too() -> None:
    assert "text/html" in deviations("GET", "/api/jobs", 200, "text/html", b"<p>")[0]
    assert "a body where none" in deviations("DELETE", f"/osapi/job/{JOB['job_id']}", 204, "", b"x")[0]
    good, bad = b'event: progress\ndata: {"checks_performed": 1}\n\n', b'event: progress\ndata: {"job_id": 1}\n\n'
    stream = ("POST", "/api/live-monitor", 200, "text/event-stream; charset=utf-8")
    assert deviations(*stream, good[:9], good[9:] + b": quiet\n\n") == []
    assert "1 is not of type 'string'" in deviations(*stream, good + bad)[0]
    assert "not a documented event" in deviations(*stream, b"event: summary\ndata: {}\n\n")[0]
