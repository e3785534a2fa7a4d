from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from trio_client.stub import Fault, FaultProxy, StubServer
from trio_client.stub.api.control_schema import CONTROL_SCHEMAS

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
def test_an_invalid_control_body_is_refused(control: httpx.Client, path: str, body: dict[str, Any]) -> None:
    reply = control.post(path, json=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, "VALIDATION_ERROR")


def test_no_control_path_is_recorded_or_has_faults_applied(stub: StubServer, control: httpx.Client) -> None:
    stub.fail_next(status=500)
    assert control.get("/requests").json() == {"requests": []}
    assert len(stub.faults) == 1


def test_settings_can_be_changed(stub: StubServer, control: httpx.Client) -> None:
    assert control.get("/settings").json() == {"speed": 0, "max_jobs": 10, "credits": None, "generation": "G4"}
    changed = {"speed": 2.5, "max_jobs": 1, "credits": 3, "generation": "G3"}
    assert control.post("/settings", json=changed).json() == changed
    assert (stub.clock.speed, stub.max_jobs, stub.credits, stub.generation) == (2.5, 1, 3, "G3")
    api = {"headers": {"authorization": "Bearer k"}}
    assert control.post(f"{stub.base_url}/check-once", json=MONITOR, **api).status_code == 200
    assert control.get("/settings").json()["credits"] == 2
    stub.webhooks.shape = "flat"
    assert control.post("/settings", json={"credits": None}).json()["credits"] is None
    assert stub.webhooks.shape == "flat"
    stub.credits, stub.max_jobs = 5, 0
    assert control.post(f"{stub.base_url}/live-monitor", json=MONITOR, **api).status_code == 429


@pytest.mark.parametrize(
    "wrong",
    [
        {"speed": -1},
        {"speed": "fast"},
        {"max_jobs": 1.5},
        {"max_jobs": -1},
        {"credits": True},
        {"credits": -1},
        {"x": 1},
    ],
)
def test_invalid_settings_change_nothing(stub: StubServer, control: httpx.Client, wrong: dict[str, Any]) -> None:
    before = control.get("/settings").json()
    assert control.post("/settings", json={"max_jobs": 3, "generation": "G1", **wrong}).status_code == 422
    assert control.get("/settings").json() == before


ODD: list[Any] = [
    *(None, True, -1, 0, 1.5, 10**400, 1e308, "x", "", "a\r\nb", "\ud800"),
    *([], [1], ["x"], {}, {"a": 1}, {"a": "b\r\nc"}, {"a\nb": "c"}),
]
FIELDS = [(name, field) for name, schema in CONTROL_SCHEMAS.items() if name != "wire" for field in schema["properties"]]
PATHS = {"advance": "/clock/advance"}


@pytest.mark.thorough
@pytest.mark.parametrize(("name", "field"), FIELDS, ids=lambda value: str(value))
def test_no_script_crashes_the_server(stub: StubServer, control: httpx.Client, name: str, field: str) -> None:
    """An invalid script is refused at once; no request fails later."""
    refused = 0
    for odd in ODD:
        stub.reset()
        stub._state.change(speed=0, max_jobs=1_000, credits=None)
        body = json.dumps({"stream_url": YARD, field: odd} if name == "scene" else {field: odd})
        status = control.post(PATHS.get(name, f"/{name}"), content=body).status_code
        assert status in (200, 422), odd
        refused += status == 422
        if status == 200 and field not in ("close", "drop_after_bytes", "store_away"):  # which answer 500, or nothing
            for method, path, value in AFTERWARDS:
                headers = {"authorization": "Bearer k"}
                after = control.request(method, f"{stub.url}{path}", json=value, headers=headers)
                assert after.status_code != 500, (odd, path)
    assert refused > 0 or field in ("body", "method", "path"), "is it checked at all?"


@pytest.mark.thorough
@pytest.mark.parametrize("field", CONTROL_SCHEMAS["wire"]["properties"])
def test_no_script_crashes_the_proxy(stub: StubServer, field: str) -> None:
    for odd in ODD:
        with FaultProxy(stub) as proxy, httpx.Client(base_url=proxy.base_url, trust_env=False) as client:
            body = json.dumps({"kind": "delay", "path": "/nowhere", field: odd})
            reply = client.post(f"{proxy.base_url.removesuffix('/api')}/_stub/wire", content=body)
            assert reply.status_code in (200, 422), odd
            if field != "path":
                assert client.get("/jobs").status_code == 401, odd


AFTERWARDS: list[tuple[str, str, Any]] = [
    ("GET", "/api/jobs", None),
    ("POST", "/api/check-once", MONITOR),
    ("POST", "/api/live-monitor", MONITOR),
    ("POST", "/api/streams/validate", {"stream_url": YARD}),
    ("GET", "/osapi/api/job", None),
    ("POST", "/_stub/clock/advance", {"seconds": 40}),
    ("GET", "/_stub/requests", None),
    ("GET", "/_stub/jobs", None),
    ("GET", "/", None),
]


@pytest.mark.parametrize("headers", [{"x": "a\r\nb: c"}, {"x\n": "a"}, {"x y": "a"}, {"x": "\ud800"}, {"": "a"}])
def test_a_header_cannot_forge_another(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="not a header that HTTP allows"):
        Fault(headers=headers)


def test_later_fields_of_an_osapi_job_can_be_scripted(stub: StubServer, control: httpx.Client) -> None:
    control.post("/osapi", json={"jobs": [{"status": "submitted", "then": {"5": {"status": "completed"}}}]})
    stub.clock.advance(6)
    assert stub.osapi.jobs[0]["status"] == "completed"
    assert control.post("/osapi", json={"jobs": [{"then": {"soon": {}}}]}).status_code == 422
