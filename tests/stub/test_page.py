"""The page at `/` and its requests, without a browser."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from trio_client.stub import Generation, Scene, StubServer
from trio_client.stub.engine.pictures import picture
from trio_client.stub.page.live import MAX_FEEDS

YARD = "rtsp://camera.example/yard"
MONITOR = {"stream_url": YARD, "condition": "Is the gate open?"}
SSE = {"accept": "text/event-stream"}


@pytest.fixture
def control(stub: StubServer, client: httpx.Client) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stub.url, trust_env=False) as control:
        yield control


def shown(control: httpx.Client) -> dict[str, Any]:
    with control.stream("GET", "/_stub/live") as reply:
        line = next(reply.iter_lines())
    assert line.startswith("data: ")
    return dict(json.loads(line[6:]))


def test_the_page_loads_only_its_own_files(control: httpx.Client) -> None:
    page = control.get("/")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
    for name, media_type in (("page.css", "text/css"), ("page.js", "text/javascript")):
        assert f'"/_stub/page/{name}"' in page.text
        reply = control.get(f"/_stub/page/{name}")
        assert reply.headers["content-type"] == f"{media_type}; charset=utf-8"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert "http" not in reply.text
    for name in ("index.html", "..%2F_page.py", "../../_page.py", "%2e%2e/_page.py", ""):
        assert control.get(f"/_stub/page/{name}").status_code == 404


def test_what_is_shown_is_short_and_masked(stub: StubServer, control: httpx.Client, client: httpx.Client) -> None:
    url = "rtsp://user:hunter2@camera.example/yard?access_token=hunter3&x=1"
    client.post("/live-monitor", json={"stream_url": url, "condition": "x" * 1000})
    stub.clock.advance(40)
    state = shown(control)
    (job,) = state["jobs"]
    assert job["stream_url"] == "rtsp://***@camera.example/yard?access_token=***&x=1"
    assert (job["status"], job["checks"], job["triggers"], len(job["condition"])) == ("completed", 3, 1, 300)
    assert [event["name"] for event in state["events"]] == ["stopped", "triggered", "progress", "started"]
    assert "hunter" not in json.dumps(state)
    stub.add_jobs(300)
    state = shown(control)
    assert (state["total"], len(state["jobs"])) == (301, 50)
    running = client.post("/live-monitor", json=MONITOR).json()["job_id"]
    stub.add_jobs(60)
    jobs = shown(control)["jobs"]
    assert (jobs[0]["job_id"], [job["active"] for job in jobs]) == (running, [True, *[False] * 49])
    client.post("/live-monitor", json={**MONITOR, "interval_seconds": 5, "max_triggers": None})
    stub.clock.advance(600)
    assert len(shown(control)["events"]) == 50
    stub.reset()
    assert shown(control)["events"] == []


def test_the_page_is_updated_as_events_happen(stub: StubServer, control: httpx.Client, client: httpx.Client) -> None:
    with control.stream("GET", "/_stub/live", timeout=10) as reply:
        lines = (line for line in reply.iter_lines() if line)
        assert json.loads(next(lines)[6:])["total"] == 0
        client.post("/live-monitor", json=MONITOR)
        assert json.loads(next(lines)[6:])["jobs"][0]["status"] == "pending"
        stub.clock.advance(2)
        assert json.loads(next(lines)[6:])["events"][0]["name"] == "started"


def test_a_page_that_stops_reading_does_not_delay_others(client: httpx.Client, eventually: Any) -> None:
    with StubServer(speed=0, max_jobs=100) as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), 10) as lazy:
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lazy.sendall(b"GET /_stub/live HTTP/1.1\r\nhost: localhost\r\n\r\n")
            eventually(lambda: server._state.engine.watchers == 1)
            for _ in range(20):
                server.add_jobs(50, status="running")
                assert httpx.get(f"{server.url}/healthz", trust_env=False).status_code == 200
            server.stop()
        assert server._state.engine.watchers == 0


def test_the_number_of_open_pages_is_limited(stub: StubServer, control: httpx.Client, eventually: Any) -> None:
    async def watch() -> int:
        async with httpx.AsyncClient(base_url=stub.url, trust_env=False, timeout=10) as client:
            requests = [client.build_request("GET", "/_stub/live") for _ in range(MAX_FEEDS)]
            replies = [await client.send(request, stream=True) for request in requests]
            refused = await client.get("/_stub/live")
            for reply in replies:
                await reply.aclose()
            return refused.status_code

    assert asyncio.run(watch()) == 503
    eventually(lambda: stub._state.engine.watchers == 0)
    assert shown(control)["total"] == 0


def test_the_picture_is_that_of_the_latest_check(stub: StubServer, control: httpx.Client, client: httpx.Client) -> None:
    def frame(job_id: str) -> bytes:
        reply = control.get(f"/_stub/jobs/{job_id}/frame")
        assert (reply.headers["content-type"], reply.headers["x-content-type-options"]) == ("image/jpeg", "nosniff")
        return reply.content

    made = client.post("/live-monitor", json={**MONITOR, "max_triggers": None}).json()["job_id"]
    assert frame(made) == picture("empty")
    stub.clock.advance(31)
    assert frame(made) == picture("van")
    stub.clock.advance(10)
    assert frame(made) == picture("empty")
    digest = client.post("/live-digest", json={"stream_url": YARD, "window_minutes": 1}).json()["job_id"]
    stub.clock.advance(61)
    assert frame(digest) == picture("grid")
    stub.scene(YARD, Scene(frame=b"mine"))
    assert frame(made) == frame(digest) == b"mine"
    assert control.get("/_stub/jobs/unknown/frame").status_code == 404


def test_a_trigger_by_hand(stub: StubServer, control: httpx.Client, client: httpx.Client) -> None:
    job_id = client.post("/live-monitor", json={**MONITOR, "max_triggers": 2}).json()["job_id"]
    assert control.post(f"/_stub/jobs/{job_id}/trigger").json() == {"job_id": job_id, "status": "running"}
    assert (stub.job(job_id).triggers_fired, stub.job(job_id).checks_performed) == (1, 0)
    stub.trigger(job_id)
    assert (stub.job(job_id).status, stub.job(job_id).reason) == ("stopped", "max_triggers_reached")
    assert control.post(f"/_stub/jobs/{job_id}/trigger").status_code == 409
    with pytest.raises(ValueError, match="is not a running monitor"):
        stub.trigger(job_id)
    digest = client.post("/live-digest", json={"stream_url": YARD}).json()["job_id"]
    with pytest.raises(ValueError, match="is not a running monitor"):
        stub.trigger(digest)


def test_progress_of_a_job_is_one_entry_until_something_else_happens(
    stub: StubServer, control: httpx.Client, client: httpx.Client
) -> None:
    stub.scene(YARD, Scene(holds=False))
    ids = [client.post("/live-monitor", json={**MONITOR, "interval_seconds": 5}).json()["job_id"] for _ in range(2)]
    stub.clock.advance(26)
    entries = [(event["job_id"], event["name"], event["count"]) for event in shown(control)["events"]]
    assert sorted(entries) == sorted(
        [(job_id, name, n) for job_id in ids for name, n in (("started", 1), ("progress", 5))]
    )
    assert shown(control)["events"][0]["text"] == "check 5: condition not met"
    stub.trigger(ids[0])
    stub.trigger(ids[1])
    client.post("/live-monitor", json={**MONITOR, "interval_seconds": 5, "max_triggers": None})
    stub.clock.advance(30)
    stub.trigger(stub.jobs[2].job_id)
    stub.clock.advance(5)
    names = [(event["name"], event["count"]) for event in shown(control)["events"][:4]]
    assert names == [("progress", 1), ("triggered", 1), ("progress", 6), ("started", 1)]


def test_progress_before_all_other_events_that_are_shown_is_counted(
    stub: StubServer, control: httpx.Client, client: httpx.Client
) -> None:
    stub.scene(YARD, Scene(holds=False))
    monitor = {**MONITOR, "interval_seconds": 5}
    quiet = client.post("/live-monitor", json=monitor).json()["job_id"]
    loud = client.post("/live-monitor", json={**monitor, "max_triggers": None}).json()["job_id"]
    stub.clock.advance(26)
    for _ in range(60):
        stub.trigger(loud)
    stub.clock.advance(5)
    events = shown(control)["events"]
    assert len(events) == 50
    assert [event["count"] for event in events if event["job_id"] == quiet] == [6]


@pytest.mark.parametrize(
    ("generation", "words"), [("G1", "early February 2026"), ("G3", "February to March 2026"), ("G4", "the newest")]
)
def test_the_documentation_is_named_in_words(generation: Generation, words: str) -> None:
    with (
        StubServer(speed=0, generation=generation) as stub,
        httpx.Client(base_url=stub.url, trust_env=False) as control,
    ):
        assert words in shown(control)["documentation"]


@pytest.mark.parametrize("generation", ["G1", "G2", "G3", "G4"])
def test_the_page_knows_whether_it_can_start_a_monitor(generation: Generation) -> None:
    with (
        StubServer(speed=0, generation=generation) as stub,
        httpx.Client(base_url=stub.url, trust_env=False) as control,
    ):
        webhook_required = shown(control)["webhook_required"]
        assert control.post("/_stub/start", json=MONITOR).status_code == (422 if webhook_required else 200)


def test_a_monitor_is_started_by_hand_without_a_key() -> None:
    with StubServer(speed=0, api_keys=["secret"], max_jobs=1, credits=5) as stub:
        with httpx.Client(base_url=stub.url, trust_env=False) as control:
            started = control.post("/_stub/start", json=MONITOR)
            assert started.json() == {"job_id": stub.jobs[0].job_id, "status": "pending"}
            stub.clock.advance(40)
            assert (stub.jobs[0].reason, stub.requests) == ("condition_triggered", [])
            control.post("/_stub/start", json=MONITOR)

            def refusal(**change: Any) -> tuple[int, str]:
                reply = control.post("/_stub/start", json={**MONITOR, **change})
                return reply.status_code, reply.json()["error"]["code"]

            assert refusal() == (429, "MAX_JOBS_REACHED")
            stub.credits = 0
            assert refusal() == (402, "INSUFFICIENT_CREDITS")
            for change in (
                {"condition": ""},
                {"condition": "x" * 5000},
                {"stream_url": 1},
                {"webhook_url": "http://a"},
            ):
                assert refusal(**change)[0] == 422
            stub.scene(YARD, Scene(live=False))
            assert refusal() == (400, "STREAM_OFFLINE")
            assert control.post("/_stub/start", content=b"{").status_code == 422
            assert len(stub.jobs) == 2


def test_a_failure_and_a_cancel_by_hand(stub: StubServer, control: httpx.Client, client: httpx.Client) -> None:
    ids = [client.post("/live-monitor", json=MONITOR).json()["job_id"] for _ in range(3)]
    assert control.post(f"/_stub/jobs/{ids[0]}/fail").json()["status"] == "failed"
    assert control.post(f"/_stub/jobs/{ids[1]}/cancel").json()["status"] == "stopped"
    stub.fail_job(ids[2])
    assert [job.reason for job in stub.jobs] == ["stream_offline", "cancelled", "stream_offline"]
    for job_id in ids:
        assert control.post(f"/_stub/jobs/{job_id}/fail").status_code == 409
        assert control.post(f"/_stub/jobs/{job_id}/cancel").status_code == 409
    with pytest.raises(ValueError, match="has ended"):
        stub.fail_job(ids[2])


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_dropped_stream(stub: StubServer, control: httpx.Client, client: httpx.Client, by_hand: bool) -> None:
    with client.stream("POST", "/live-monitor", json=MONITOR, headers=SSE) as reply:
        (job,) = stub.jobs
        if by_hand:
            stub.drop_stream(job.job_id)
        else:
            assert control.post(f"/_stub/jobs/{job.job_id}/drop").json()["status"] == "pending"
        with pytest.raises(httpx.RemoteProtocolError):
            reply.read()
    stub.clock.advance(40)
    assert stub.jobs[0].status == "completed"


@pytest.mark.parametrize("action", ["trigger", "fail", "cancel", "drop"])
def test_a_job_that_is_not_there(stub: StubServer, control: httpx.Client, action: str) -> None:
    reply = control.post(f"/_stub/jobs/unknown/{action}")
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "JOB_NOT_FOUND")
    for change in (stub.trigger, stub.fail_job, stub.drop_stream):
        with pytest.raises(KeyError):
            change("unknown")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_page_of_another_site_cannot_control_the_server(
    stub: StubServer, control: httpx.Client, client: httpx.Client, headers: dict[str, str]
) -> None:
    job_id = client.post("/live-monitor", json=MONITOR).json()["job_id"]
    for path in (f"/_stub/jobs/{job_id}/cancel", "/_stub/reset", "/_stub/fail", "/_stub/start"):
        assert control.post(path, json=MONITOR, headers=headers).status_code == 403
    assert control.post("/_stub/start", json=MONITOR, headers={"host": "evil.example"}).status_code == 403
    assert stub.running_jobs == 1
    own = {"origin": stub.url, "sec-fetch-site": "same-origin"}
    assert control.post(f"/_stub/jobs/{job_id}/cancel", headers=own).status_code == 200
