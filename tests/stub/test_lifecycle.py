from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from trio_client.stub import Scene, StubServer

YARD = "rtsp://camera.example/yard"
Start = Callable[..., str]


def test_a_new_job_is_pending_then_running(stub: StubServer, monitor: Start) -> None:
    job_id = monitor()
    assert stub.job(job_id).status == "pending"
    stub.clock.advance(1)
    assert stub.job(job_id).status == "running"


def test_the_first_match_completes_a_monitor(stub: StubServer, monitor: Start) -> None:
    job_id = monitor()
    stub.clock.advance(29.9)
    assert (stub.job(job_id).status, stub.job(job_id).checks_performed) == ("running", 2)
    stub.clock.advance(0.2)
    assert stub.job(job_id).status == "completed"
    assert stub.job(job_id).stats == {
        "checks_performed": 3,
        "triggers_fired": 1,
        "frames_skipped": 4,
        "auto_stopped": True,
        "reason": "condition_triggered",
        "elapsed_seconds": 30,
    }


@pytest.mark.parametrize(
    ("fields", "scene", "status", "reason", "triggers", "elapsed"),
    [
        ({"max_triggers": 3}, Scene(), "stopped", "max_triggers_reached", 3, 90),
        ({"max_triggers": None}, Scene(), "stopped", "max_duration_reached", 20, 600),
        ({}, Scene(holds=False), "stopped", "max_duration_reached", 0, 600),
        ({"monitor_duration_seconds": 5}, Scene(holds=True), "stopped", "max_duration_reached", 0, 5),
        ({"monitor_duration_seconds": 30}, Scene(), "completed", "condition_triggered", 1, 30),
        ({}, Scene(offline_at=15), "failed", "stream_offline", 0, 20),
        ({"interval_seconds": 5}, Scene(at=[12]), "completed", "condition_triggered", 1, 15),
        ({"max_triggers": None}, Scene(at=[12, 95, 96]), "stopped", "max_duration_reached", 2, 600),
        ({"max_triggers": None}, Scene(every=None), "stopped", "max_duration_reached", 0, 600),
    ],
)
def test_how_a_monitor_ends(
    stub: StubServer,
    monitor: Start,
    fields: dict[str, object],
    scene: Scene,
    status: str,
    reason: str,
    triggers: int,
    elapsed: int,
) -> None:
    stub.scene(YARD, scene)
    job_id = monitor(**fields)
    stub.clock.advance(10_000)
    job = stub.job(job_id)
    assert (job.status, job.reason, job.triggers_fired, job.elapsed_seconds) == (
        status,
        reason,
        triggers,
        elapsed,
    )


def test_a_cooldown_keeps_alerts_apart(stub: StubServer, monitor: Start) -> None:
    stub.scene(YARD, Scene(holds=True))
    job_id = monitor(max_triggers=None, trigger_cooldown_seconds=25, monitor_duration_seconds=100)
    stub.clock.advance(200)
    assert (stub.job(job_id).checks_performed, stub.job(job_id).triggers_fired) == (10, 4)


def test_a_scene_that_changes_is_seen_at_the_next_check(stub: StubServer, monitor: Start) -> None:
    job_id = monitor()
    stub.clock.advance(11)
    stub.scene(YARD, Scene(live=False))
    stub.clock.advance(9)
    assert (stub.job(job_id).status, stub.job(job_id).reason) == ("failed", "stream_offline")


def test_a_cancelled_job_stops_counting(stub: StubServer, client: httpx.Client, monitor: Start) -> None:
    job_id = monitor(max_triggers=None)
    stub.clock.advance(42)
    reply = client.delete(f"/jobs/{job_id}")
    assert reply.status_code == 200
    assert reply.json() == {
        "job_id": job_id,
        "status": "stopped",
        "message": "Job cancelled.",
        "final_stats": {
            "checks_performed": 4,
            "triggers_fired": 1,
            "frames_skipped": 6,
            "auto_stopped": False,
            "reason": "cancelled",
            "elapsed_seconds": 42,
        },
    }
    stub.clock.advance(100)
    assert (stub.job(job_id).checks_performed, stub.job(job_id).elapsed_seconds) == (4, 42)


def test_cancelling_again_changes_nothing(stub: StubServer, client: httpx.Client, monitor: Start) -> None:
    job_id = monitor()
    stub.clock.advance(31)
    for _ in range(2):
        reply = client.delete(f"/jobs/{job_id}")
        assert (reply.status_code, reply.json()["status"]) == (200, "completed")
        assert "already ended" in reply.json()["message"]


@pytest.mark.parametrize(
    ("fields", "status", "reason", "summaries", "elapsed"),
    [
        ({}, "stopped", "max_duration_reached", 1, 600),
        ({"window_minutes": 60}, "stopped", "max_duration_reached", 1, 3600),
        ({"window_minutes": 1, "max_windows": 3}, "completed", "max_windows_reached", 3, 180),
        ({"max_windows": 2}, "completed", "max_windows_reached", 2, 1200),
    ],
)
def test_how_a_digest_ends(
    stub: StubServer,
    digest: Start,
    fields: dict[str, object],
    status: str,
    reason: str,
    summaries: int,
    elapsed: int,
) -> None:
    job_id = digest(**fields)
    stub.clock.advance(10_000)
    job = stub.job(job_id)
    assert (job.status, job.reason, job.summaries_generated) == (status, reason, summaries)
    assert job.elapsed_seconds == elapsed


def test_the_details_have_settings_and_statistics(stub: StubServer, client: httpx.Client, monitor: Start) -> None:
    job_id = monitor(interval_seconds=20)
    stub.clock.advance(25)
    detail = client.get(f"/jobs/{job_id}").json()
    assert detail["config"] == {
        "condition": "Is the gate open?",
        "webhook_url": None,
        "interval_seconds": 20,
        "input_mode": "clip",
        "clip_duration_seconds": 3,
        "monitor_duration_seconds": 600,
        "trigger_cooldown_seconds": 0,
        "max_triggers": 1,
    }
    assert (detail["stats"]["checks_performed"], detail["stats"]["reason"]) == (1, None)
    assert (detail["stats"]["elapsed_seconds"], detail["stats"]["auto_stopped"]) == (25, False)


def test_ended_jobs_free_their_slots(stub: StubServer, client: httpx.Client, monitor: Start) -> None:
    ids = [monitor(max_triggers=None) for _ in range(10)]
    assert stub.running_jobs == 10
    refused = client.post("/live-digest", json={"stream_url": YARD})
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "MAX_JOBS_REACHED")
    client.delete(f"/jobs/{ids[0]}")
    monitor()
    assert stub.running_jobs == 10
    stub.clock.advance(600)
    assert stub.running_jobs == 0


def test_time_runs_by_itself(connect: Callable[..., httpx.Client], eventually: Callable[..., None]) -> None:
    with StubServer(speed=3000) as server:
        reply = connect(server).post("/live-monitor", json={"stream_url": YARD, "condition": "A van?"})
        eventually(lambda: server.job(reply.json()["job_id"]).status == "completed")


def test_the_defaults_are_those_of_the_documentation(client: httpx.Client) -> None:
    from trio_client.stub.engine.digest import DigestJob
    from trio_client.stub.engine.monitor import MonitorJob

    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    for schema, job in (("LiveMonitorRequest", MonitorJob), ("LiveDigestRequest", DigestJob)):
        documented = {
            name: rule["default"] for name, rule in schemas[schema]["properties"].items() if "default" in rule
        }
        assert {**documented, "webhook_url": None} == job.defaults
