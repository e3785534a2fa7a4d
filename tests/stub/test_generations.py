"""Each generation of the documentation, as it shows on the wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from trio_client.stub import Generation, StubServer, create_app
from trio_client.stub.documented.generations import GENERATIONS, NEWEST

YARD = "rtsp://camera.example/yard"
CHECK = {"stream_url": YARD, "condition": "Is the gate open?"}
SSE = {"accept": "text/event-stream"}
HEAD = {"job_id", "status", "job_type", "created_at", "stream_url"}
OLDER: list[Generation] = ["G1", "G2", "G3"]
HOOK = "http://127.0.0.1:9/hook"


def names(reply: httpx.Response) -> list[str]:
    return [line[7:] for line in reply.text.splitlines() if line.startswith("event: ")]


@pytest.fixture(params=OLDER)
def generation(request: pytest.FixtureRequest, stub: StubServer) -> Generation:
    stub.generation = request.param
    return stub.generation


def test_the_newest_is_the_default_and_comes_back_with_a_reset(stub: StubServer) -> None:
    assert (stub.generation, NEWEST, list(GENERATIONS)[-1]) == ("G4", "G4", "G4")
    stub.generation = "G1"
    assert stub.webhooks.shape == "status"
    stub.reset()
    assert (stub.generation, stub.webhooks.shape) == ("G4", "envelope")


def test_a_generation_can_be_set_at_the_start_and_over_http(stub: StubServer, client: httpx.Client) -> None:
    assert StubServer(generation="G2").generation == "G2"
    assert client.post(f"{stub.url}/_stub/settings", json={"generation": "G3"}).json()["generation"] == "G3"
    assert stub.generation == "G3"
    for wrong in ({"generation": "G9"}, {"generation": ["G1"]}, {"generation": None}):
        assert client.post(f"{stub.url}/_stub/settings", json=wrong).status_code == 422
    for make in (StubServer, create_app):
        with pytest.raises(ValueError, match="generation must be one of G1, G2, G3, G4"):
            make(generation="G0")  # type: ignore[operator]


def test_creating(client: httpx.Client, generation: Generation) -> None:
    fields = {"G1": HEAD, "G2": {"job_id", "status"}, "G3": HEAD}[generation]
    made = client.post("/live-monitor", json={**CHECK, "webhook_url": HOOK}).json()
    assert made.keys() - {"details", "message"} == fields
    without = client.post("/live-monitor", json=CHECK)
    assert without.status_code == (422 if generation == "G2" else 200)


def test_listing_and_getting(stub: StubServer, client: httpx.Client, generation: Generation) -> None:
    job_id = client.post("/live-monitor", json={**CHECK, "webhook_url": HOOK}).json()["job_id"]
    (item,) = client.get("/jobs").json()["jobs"]
    assert item.keys() == (HEAD if generation == "G2" else HEAD | {"details"})
    job = client.get(f"/jobs/{job_id}").json()
    if generation != "G1":
        assert job.keys() == HEAD | {"config", "stats"}
        assert ("interval_seconds" in job["config"]) is (generation != "G2")
        assert "max_triggers" not in job["config"]
        return
    assert job.keys() == HEAD | {"details"}
    assert (job["details"]["condition"], job["details"]["checks_performed"]) == (CHECK["condition"], 0)
    assert (job["details"]["reason"], job["details"]["elapsed_seconds"]) == (None, None)
    client.delete(f"/jobs/{job_id}")
    assert client.get(f"/jobs/{job_id}").json()["details"]["reason"] == "cancelled"


def test_fields_of_later_generations_are_ignored(
    stub: StubServer, client: httpx.Client, generation: Generation
) -> None:
    late: dict[str, Any] = {"max_triggers": 2, "monitor_duration_seconds": "an hour", "webhook_url": HOOK}
    assert client.post("/live-monitor", json={**CHECK, **late}).status_code == 200
    stub.clock.advance(601)
    (job,) = stub.jobs
    triggers = {"G1": 20, "G2": 20, "G3": 1}[generation]
    reason = "condition_triggered" if generation == "G3" else "max_duration_reached"
    assert (job.triggers_fired, job.reason) == (triggers, reason)


def test_a_monitor_by_sse(stub: StubServer, client: httpx.Client, generation: Generation) -> None:
    if generation != "G3":
        reply = client.post("/live-monitor", json={**CHECK, "webhook_url": HOOK}, headers=SSE)
        assert reply.headers["content-type"] == "application/json"
        return
    with client.stream("POST", "/live-monitor", json=CHECK, headers=SSE) as reply:
        stub.clock.advance(60)
        reply.read()
    assert names(reply) == ["started", "progress", "progress", "triggered"]
    assert stub.jobs[0].status == "completed"


@pytest.mark.parametrize("headers", [SSE, {}], ids=["asked for", "not asked for"])
def test_a_digest_by_sse(
    stub: StubServer, client: httpx.Client, generation: Generation, headers: dict[str, str]
) -> None:
    if generation == "G3" and not headers:
        assert client.post("/live-digest", json={"stream_url": YARD}).headers["content-type"] == "application/json"
        return
    body = {"stream_url": YARD, "window_minutes": 10, "webhook_url": None if generation == "G3" else HOOK}
    with client.stream("POST", "/live-digest", json=body, headers=headers) as reply:
        stub.clock.advance(601)
        reply.read()
    assert names(reply) == ["job_started", *["progress"] * 10, "summary", "job_stopped"]
    datas = [json.loads(line[6:]) for line in reply.text.splitlines() if line.startswith("data: ")]
    assert {"job_id", "reason", "summaries_generated"} <= datas[-1].keys()
    if generation != "G3":
        assert datas[0].keys() == {"job_id", "stream_url"}
        assert datas[1].keys() == {"frames_captured", "frames_needed"}
        assert datas[-1].keys() == {"job_id", "reason", "summaries_generated"}


def test_single_checks(client: httpx.Client, generation: Generation) -> None:
    received = client.post("/check-once", json={**CHECK, "include_frame": True}).json().keys()
    assert (
        received
        == {
            "G1": {"triggered", "explanation", "model", "frame_b64"},
            "G2": {"triggered", "explanation", "latency_ms"},
            "G3": {"triggered", "explanation", "latency_ms", "frame_b64"},
        }[generation]
    )
    seen = client.post("/streams/validate", json={"stream_url": YARD}).json()
    assert ("valid" in seen, "parsed_url" in seen) == (generation == "G1", generation != "G1")
    legacy = client.get("/validate-url", params={"url": YARD})
    assert legacy.status_code == (200 if generation == "G1" else 404)
    assert legacy.json().get("is_live") is (True if generation == "G1" else None)
    assert client.post("/analyze-frame", json={"frame_b64": "AAAA", "question": "?"}).status_code == 404


def test_only_the_oldest_needs_no_key(connect: Callable[..., httpx.Client]) -> None:
    for name in GENERATIONS:
        with StubServer(generation=name) as stub:
            without = httpx.get(f"{stub.base_url}/jobs", trust_env=False)
            assert without.status_code == (200 if name == "G1" else 401)
    with StubServer(generation="G1", api_keys=["k"]) as stub:
        assert connect(stub, "wrong").get("/jobs").status_code == 401
