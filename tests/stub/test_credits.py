"""Calls that cost credits are refused when none are left."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from trio_client.stub import StubServer

YARD = "rtsp://camera.example/yard"
LOOK = {"stream_url": YARD, "condition": "Is the gate open?"}
Connect = Callable[..., httpx.Client]


def test_checks_cost_one_each_and_minutes_two(connect: Connect) -> None:
    with StubServer(speed=0, credits=10) as stub:
        client = connect(stub)
        assert client.post("/check-once", json=LOOK).status_code == 200
        assert stub.credits == 9
        job_id = client.post("/live-monitor", json={**LOOK, "max_triggers": None}).json()["job_id"]
        assert stub.credits == 7
        stub.clock.advance(60)
        assert stub.credits == 7
        stub.clock.advance(1)
        assert stub.credits == 5
        client.delete(f"/jobs/{job_id}")
        client.delete(f"/jobs/{job_id}")
        stub.clock.advance(600)
        assert stub.credits == 5


def test_without_credits_creates_are_refused_and_jobs_keep_running(connect: Connect) -> None:
    with StubServer(speed=0, credits=2) as stub:
        client = connect(stub)
        assert client.post("/live-digest", json={"stream_url": YARD}).status_code == 200
        for path, body in (("/live-monitor", LOOK), ("/live-digest", {"stream_url": YARD}), ("/check-once", LOOK)):
            refused = client.post(path, json=body)
            assert (refused.status_code, refused.json()["error"]["code"]) == (402, "INSUFFICIENT_CREDITS")
        assert client.post("/streams/validate", json={"stream_url": YARD}).status_code == 200
        stub.clock.advance(599)
        assert (stub.credits, stub.running_jobs, len(stub.jobs)) == (-18, 1, 1)
        stub.reset()
        assert (stub.credits, client.post("/check-once", json=LOOK).status_code) == (2, 200)


def test_jobs_added_by_a_test_are_free(connect: Connect) -> None:
    with StubServer(speed=0, credits=1) as stub:
        stub.add_jobs(5, status="running")
        stub.clock.advance(600)
        assert stub.credits == 1
    with StubServer(speed=0) as stub:
        connect(stub).post("/check-once", json=LOOK)
        assert stub.credits is None
