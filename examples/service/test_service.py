"""The service against the stub server: `pytest examples/service`, with the fixtures of trio_client's pytest plugin."""

import importlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from fastapi.testclient import TestClient

from trio_client import JobInfo, TrioClient
from trio_client.stub import StubServer

SECRET = "known to both sides"
GATE = {"stream_url": "rtsp://gate.example/live", "condition": "a van is at the gate"}


def eventually(condition: Callable[[], object], what: str) -> None:
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until, what
        time.sleep(0.02)


@pytest.fixture
def load(trio_stub: StubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], ModuleType]]:
    """Start the program, with the database of the previous start."""
    assert trio_stub.running_jobs == 0
    monkeypatch.setenv("SERVICE_DB", str(tmp_path / "service.db"))
    monkeypatch.setenv("TRIO_WEBHOOK_SECRET", SECRET)
    monkeypatch.syspath_prepend(str(Path(__file__).parent))

    def start() -> ModuleType:
        sys.modules.pop("app", None)
        return importlib.import_module("app")

    yield start
    sys.modules.pop("app", None)


def kinds(program: ModuleType) -> list[str]:
    return [event["kind"] for event in program.store.events(limit=1000)]


def test_cameras_come_and_go_and_triggers_are_stored_with_their_pictures(
    load: Callable[[], ModuleType], trio_stub: StubServer
) -> None:
    program = load()
    with TestClient(program.app) as browser:
        eventually(lambda: program.service.watched, "it starts without a camera")
        assert browser.put("/cameras/gate", json=GATE).status_code == 200
        eventually(lambda: "triggered" in kinds(program), "a trigger is stored")
        (found,) = [event for event in program.store.events(limit=1000) if event["kind"] == "triggered"][:1]
        assert (found["camera"], found["picture"]) == ("gate", True)
        assert browser.get(f"/events/{found['id']}/picture").content.startswith(b"\xff\xd8")
        assert "gate" in browser.get("/health").json()["cameras"]
        assert browser.put("/cameras/yard", json={**GATE, "stream_url": "rtsp://yard.example/live"}).status_code == 200
        assert browser.delete("/cameras/gate").status_code == 200
        assert browser.delete("/cameras/gate").status_code == 404
        assert [*browser.get("/health").json()["cameras"]] == ["yard"]
        assert browser.put("/cameras/long", json={**GATE, "condition": "x" * 2000}).status_code == 422
        assert [*program.store.cameras()] == ["yard"]
    assert trio_stub.running_jobs == 0
    assert program.store.running_jobs() == []


def test_a_camera_is_replaced_only_by_one_that_can_be_watched(
    load: Callable[[], ModuleType], trio_stub: StubServer
) -> None:
    program = load()
    yard = {**GATE, "stream_url": "rtsp://yard.example/live"}

    def running() -> list[str]:
        return [job.stream_url for job in trio_stub.jobs if job.status == "running"]

    with TestClient(program.app) as browser:
        eventually(lambda: program.service.watched, "it starts without a camera")
        assert browser.put("/cameras/gate", json=GATE).status_code == 200
        eventually(lambda: running() == [GATE["stream_url"]], "the camera is watched")
        assert browser.put("/cameras/gate", json={**GATE, "condition": "x" * 2000}).status_code == 422
        assert browser.put("/cameras/gate", json=GATE).status_code == 200
        assert (program.store.cameras(), running()) == ({"gate": GATE}, [GATE["stream_url"]])
        assert [*browser.get("/health").json()["cameras"]] == ["gate"]
        assert len(trio_stub.jobs) == 1
        assert browser.put("/cameras/gate", json=yard).status_code == 200
        eventually(lambda: running() == [yard["stream_url"]], "the new one is watched, and the old one is not")
        assert program.store.cameras() == {"gate": yard}
        assert browser.delete("/cameras/gate").status_code == 200
        eventually(lambda: running() == [], "none is watched")
    assert trio_stub.running_jobs == 0


def test_a_service_that_is_starting_changes_no_camera(load: Callable[[], ModuleType]) -> None:
    program = load()
    program.store.add_camera("gate", GATE)
    browser = TestClient(program.app)  # without its block, nothing is started
    assert browser.put("/cameras/gate", json={**GATE, "condition": "a cat"}).status_code == 503
    assert browser.delete("/cameras/gate").status_code == 503
    assert program.store.cameras() == {"gate": GATE}


def test_cameras_are_watched_again_after_a_restart_and_no_orphan_is_left(
    load: Callable[[], ModuleType], trio_stub: StubServer
) -> None:
    with TrioClient() as client:
        orphan = client.live_monitor.create(
            GATE["stream_url"], GATE["condition"], max_triggers=None
        )  # of a process that was killed
    before = load()
    before.store.add_camera("gate", GATE)
    before.store.note_job(JobInfo("started", orphan.job_id, "reference"))
    program = load()
    with TestClient(program.app):
        eventually(lambda: "started" in kinds(program), "the camera is watched")
        (job,) = [job for job in trio_stub.jobs if job.job_id == orphan.job_id]
        assert job.status == "stopped"
        assert trio_stub.running_jobs == 1
    assert trio_stub.running_jobs == 0


@pytest.mark.trio_stub(webhook_secret=SECRET)
def test_a_webhook_is_stored_once_and_only_if_it_is_signed(load: Callable[[], ModuleType]) -> None:
    from trio_client.webhooks import sign

    program = load()
    body = b'{"type": "watch_triggered", "timestamp": "2026-01-01T12:00:00Z", "data": {"explanation": "A van."}}'
    with TestClient(program.app) as browser:
        for signature, status in ((sign(body, SECRET), 200), (sign(body, SECRET), 200), ("0" * 64, 401)):
            reply = browser.post("/hooks/yard", content=body, headers={"X-Trio-Signature": signature})
            assert status == reply.status_code
    assert [(event["camera"], event["kind"]) for event in program.store.events(limit=9)] == [("yard", "triggered")]
