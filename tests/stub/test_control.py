from __future__ import annotations

from typing import Any

import httpx
import pytest

from trio_client.stub import StubServer

YARD = "rtsp://camera.example/yard"
MONITOR = {"stream_url": YARD, "condition": "Is the gate open?"}


@pytest.fixture
def control(stub: StubServer, client: httpx.Client) -> httpx.Client:
    """A client of the control paths; they need no key."""
    client.base_url = httpx.URL(f"{stub.url}/_stub")
    del client.headers["authorization"]
    return client


def test_everything_can_be_done_over_http(stub: StubServer, control: httpx.Client) -> None:
    api = {"headers": {"authorization": "Bearer k"}}
    assert control.post("/scene", json={"stream_url": YARD, "at": [12]}).status_code == 200
    assert control.post("/fail", json={"path": "/live-monitor", "status": 429}).json() == {"pending": 1}
    assert [control.post(f"{stub.base_url}/live-monitor", json=MONITOR, **api).status_code for _ in range(2)] == [
        429,
        200,
    ]
    assert control.post("/clock/advance", json={"seconds": 25}).json() == {"now": 25}
    (job,) = control.get("/jobs").json()["jobs"]
    assert (job["status"], job["stats"]["elapsed_seconds"]) == ("completed", 20)
    assert control.post("/jobs", json={"count": 2, "status": "running"}).json()["count"] == 2
    requests = control.get("/requests").json()["requests"]
    assert [(entry["method"], entry["path"]) for entry in requests] == [("POST", "/api/live-monitor")] * 2
    assert control.get("/deliveries").json() == {"deliveries": []}
    assert control.post("/reset", json={}).json() == {}
    assert (stub.jobs, stub.requests) == ([], [])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/fail", {"status": 99}),
        ("/fail", {"colour": "red"}),
        ("/fail", {"times": "x"}),
        ("/scene", {}),
        ("/scene", {"stream_url": YARD, "every": 0}),
        ("/scene", {"stream_url": YARD, "colour": "red"}),
        ("/scene", {"stream_url": YARD, "frame_b64": "*"}),
        ("/clock/advance", {}),
        ("/clock/advance", {"seconds": -1}),
        ("/clock/advance", {"seconds": True}),
        ("/jobs", {"count": "x"}),
        ("/jobs", {"count": -1}),
        ("/jobs", {"status": "done"}),
        ("/jobs", {"job_type": "monitor"}),
        ("/jobs", {"colour": "red"}),
    ],
)
def test_what_makes_no_sense_is_refused(control: httpx.Client, path: str, body: dict[str, Any]) -> None:
    reply = control.post(path, json=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, "VALIDATION_ERROR")


def test_control_paths_are_neither_recorded_nor_struck(stub: StubServer, control: httpx.Client) -> None:
    stub.fail_next(status=500)
    assert control.get("/requests").json() == {"requests": []}
    assert len(stub.faults) == 1
