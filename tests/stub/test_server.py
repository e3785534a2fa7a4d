from __future__ import annotations

import gc
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from trio_client.stub import Clock, Scene, StubServer, create_app
from trio_client.stub.server.commands import command_server, first_line

YARD = "rtsp://camera.example/yard"
MONITOR = {"stream_url": YARD, "condition": "Is the gate open?"}
Connect = Callable[..., httpx.Client]
PACKAGE = Path(__file__).parents[2] / "trio_client" / "stub"


def open_files() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


def test_starting_and_stopping_is_quick_and_leaks_nothing(connect: Connect) -> None:
    with StubServer():
        pass
    threads, files = threading.active_count(), open_files()
    begun = time.monotonic()
    for _ in range(20):
        with StubServer() as server, socket.create_connection(server.url.removeprefix("http://").split(":")):
            pass
    assert time.monotonic() - begun < 15
    assert threading.active_count() <= threads
    assert open_files() <= files


def test_small_replies_are_not_delayed(client: httpx.Client) -> None:
    client.get("/jobs")
    took: list[float] = []
    for _ in range(50):
        begun = time.monotonic()
        client.get("/jobs")
        took.append(time.monotonic() - begun)
    assert statistics.median(took) < 0.03, "40 ms each: Nagle's algorithm is on"


def test_it_stops_with_streams_open(connect: Connect) -> None:
    server = StubServer(speed=0).start()
    client = connect(server)
    with client.stream("POST", "/live-monitor", json=MONITOR, headers={"accept": "text/event-stream"}) as reply:
        server.clock.advance(1)
        parts = reply.iter_raw()
        next(parts)
        begun = time.monotonic()
        server.stop()
        assert time.monotonic() - begun < 5
        with pytest.raises(httpx.TransportError):
            next(parts)
    with pytest.raises(httpx.ConnectError):
        client.get("/jobs")


def test_it_can_be_started_again_with_its_jobs_and_port(connect: Connect) -> None:
    server = StubServer(speed=0)
    with server:
        job_id = connect(server).post("/live-monitor", json=MONITOR).json()["job_id"]
        url = server.base_url
        with pytest.raises(RuntimeError, match="already running"):
            server.start()
    server.stop()
    with server:
        assert server.base_url == url
        server.clock.advance(40)
        assert connect(server).get(f"/jobs/{job_id}").json()["status"] == "completed"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com", "", "::"])
def test_it_refuses_addresses_that_others_can_reach(host: str) -> None:
    with pytest.raises(ValueError, match="allow_remote"):
        StubServer(host=host)


def test_it_speaks_ipv6(connect: Connect) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 loopback")
    with StubServer(host="::1") as server:
        assert connect(server).get("/jobs").status_code == 200


def test_requests_are_recorded(stub: StubServer, client: httpx.Client) -> None:
    client.get("/jobs?limit=3&type=live-monitor", headers={"X-Mine": "1"})
    client.post("/live-monitor", json=MONITOR)
    listed, created = stub.requests
    assert (listed.method, listed.path, listed.query) == (
        "GET",
        "/api/jobs",
        {"limit": "3", "type": "live-monitor"},
    )
    assert (listed.headers["x-mine"], listed.json) == ("1", None)
    assert (created.method, created.path, created.json) == ("POST", "/api/live-monitor", MONITOR)
    assert abs(created.time - time.time()) < 60


def test_the_log_of_requests_is_bounded(stub: StubServer, client: httpx.Client) -> None:
    from trio_client.stub.engine.records import BoundedLog, RecordedRequest

    log: BoundedLog[RecordedRequest] = BoundedLog(entries_kept=3, bytes_kept=100)
    for size in (10, 20, 30, 40, 90, 5):
        log.add(RecordedRequest("POST", "/", {}, {}, bytes(size), 0.0))
    assert [len(entry.body) for entry in log.all()] == [90, 5]


def test_reset_removes_everything_and_ends_streams(stub: StubServer, client: httpx.Client) -> None:
    stub.fail_next(status=500, path="/streams")
    stub.scene(YARD, Scene(holds=True))
    with client.stream("POST", "/live-monitor", json=MONITOR, headers={"accept": "text/event-stream"}) as reply:
        stub.reset()
        with pytest.raises(httpx.RemoteProtocolError):
            reply.read()
    assert (stub.jobs, stub.requests, stub.deliveries, stub.faults, stub.running_jobs) == ([], [], [], [], 0)
    assert client.post("/check-once", json=MONITOR).json()["triggered"] is False


def test_the_page_shows_the_jobs_and_hides_passwords(stub: StubServer, client: httpx.Client) -> None:
    client.post("/live-monitor", json={**MONITOR, "stream_url": "rtsp://user:hunter2@camera.example/<b>"})
    page = client.get(stub.url)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert stub.jobs[0].job_id in page.text
    assert "rtsp://***@camera.example/&lt;b&gt;" in page.text
    assert "hunter2" not in page.text


def test_health_and_description_need_no_key(stub: StubServer) -> None:
    assert httpx.get(f"{stub.url}/healthz", trust_env=False).json() == {"status": "ok"}
    described = httpx.get(f"{stub.url}/openapi.json", trust_env=False).json()
    assert "/live-monitor" in described["paths"]


@pytest.mark.parametrize("path", ["/openapi.json/../../x", "/_stub/../jobs/%2e%2e%2f", "/%2e%2e/%2e%2e/etc/passwd"])
def test_no_path_reads_a_file(stub: StubServer, path: str) -> None:
    host, port = stub.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 5) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode())
        assert connection.recv(65536).split(b" ")[1] in (b"401", b"404")


def test_the_clock() -> None:
    now = [100.0]
    clock = Clock(speed=10, monotonic=lambda: now[0], wall=lambda: 1_700_000_000.5)
    now[0] += 2
    assert clock.now() == 20
    clock.speed = 1
    now[0] += 2
    clock.advance(100)
    assert (clock.now(), clock.real_seconds_until(clock.now() + 5)) == (122, 5)
    clock.speed = 0
    assert (clock.real_seconds_until(1000), clock.real_seconds_until(5)) == (None, 0)
    assert [clock.timestamp(), clock.timestamp()] == [
        "2023-11-14T22:13:20.500000Z",
        "2023-11-14T22:13:20.500001Z",
    ]
    for wrong in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="finite"):
            clock.advance(wrong)


def test_the_application_runs_without_its_server() -> None:
    import asyncio

    async def use() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(speed=600))
        async with httpx.AsyncClient(transport=transport, base_url="http://stub") as client:
            return await client.post("/api/live-monitor", json=MONITOR, headers={"authorization": "Bearer k"})

    assert asyncio.run(use()).status_code == 200


@pytest.mark.thorough
def test_it_imports_nothing_of_the_client() -> None:
    own = ("trio_client", "trio_client.stub")  # the package around it, which annotations that are evaluated name
    for module in PACKAGE.rglob("*.py"):
        imported = re.findall(r"^\s*(?:from|import)\s+(\S+)", module.read_text(), re.MULTILINE)
        outside = "." * (len(module.relative_to(PACKAGE).parts) + 1)
        foreign = [name for name in imported if name.startswith(("trio_client", outside)) and name not in own]
        assert foreign == [], module
    script = (
        "import sys, trio_client; before = set(sys.modules); import trio_client.stub; "
        "print(*(m for m in set(sys.modules) - before if m.startswith('trio_client')))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert [name for name in loaded.split() if not name.startswith("trio_client.stub")] == []


def test_the_examples_in_the_documentation_work() -> None:
    import doctest
    import importlib

    tried = 0
    for module in PACKAGE.rglob("*.py"):
        if module.stem not in ("__init__", "__main__"):
            path = module.relative_to(PACKAGE.parents[1]).with_suffix("")
            result = doctest.testmod(importlib.import_module(".".join(path.parts)))
            assert result.failed == 0
            tried += result.attempted
    assert tried > 5


def test_the_pictures_are_small() -> None:
    pictures = list((PACKAGE / "engine" / "frames").glob("*.jpg"))
    assert len(pictures) == 5
    assert sum(picture.stat().st_size for picture in pictures) < 100_000
    assert all(picture.read_bytes().startswith(b"\xff\xd8\xff") for picture in pictures)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.thorough
def test_the_process_prints_its_address_and_ends_quietly(connect: Connect, number: signal.Signals) -> None:
    command = [
        sys.executable,
        "-W",
        "error",
        "-X",
        "dev",
        "-m",
        "trio_client.stub",
        "--port",
        "0",
        "--api-key",
        "k",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.fullmatch(r"trio stub listening on (http://127\.0\.0\.1:\d+) \(real time; .*\)\n", line)
        assert match, line
        headers = {"authorization": "Bearer k", "accept": "text/event-stream"}
        with httpx.stream(
            "POST", f"{match[1]}/api/live-monitor", json=MONITOR, headers=headers, trust_env=False
        ) as reply:
            assert reply.status_code == 200
            begun = time.monotonic()
            process.send_signal(number)
            out, err = process.communicate(timeout=10)
            assert time.monotonic() - begun < 8
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize(
    ("speed", "pace"),
    [
        (1, "real time; --speed 60: an hour a minute"),
        (60, "an hour a minute"),
        (0, "time stands still"),
        (600, "600 times real time"),
    ],
)
def test_the_first_line_says_how_time_passes(speed: float, pace: str) -> None:
    assert f"trio stub listening on http://127.0.0.1:8123 ({pace})" == first_line(
        command_server(speed=speed, port=8123)
    )


def test_the_commands_show_what_is_watched_for_at_the_first_check() -> None:
    with command_server(speed=0) as stub, httpx.Client(base_url=stub.base_url, trust_env=False) as client:
        body = {**MONITOR, "interval_seconds": 10, "max_triggers": None}
        client.post("/live-monitor", json=body, headers={"authorization": "Bearer k"})
        stub.clock.advance(12)
        assert 1 == stub.jobs[0].stats["triggers_fired"]
        stub.clock.advance(20)
        assert 1 == stub.jobs[0].stats["triggers_fired"]
        stub.clock.advance(10)
        assert 2 == stub.jobs[0].stats["triggers_fired"]


@pytest.mark.thorough
def test_the_process_refuses_invalid_options(stub: StubServer) -> None:
    port = stub.url.rpartition(":")[2]
    for arguments, code, said in (
        (["--host", "0.0.0.0"], 2, "not a loopback address"),
        (["--speed", "-1"], 2, "speed must be"),
        (["--port", "99999"], 2, "error: --port is 99999; it must be from 0 to 65535.\n"),
        (["--port", "-5"], 2, "error: --port is -5; it must be from 0 to 65535.\n"),
        (["--port", port], 1, "cannot listen on"),
    ):
        run = subprocess.run([sys.executable, "-m", "trio_client.stub", *arguments], capture_output=True, text=True)
        assert (run.returncode, said in run.stderr, run.stdout) == (code, True, "")
