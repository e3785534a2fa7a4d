from __future__ import annotations

import base64
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest

from trio_client.stub import Scene, StubServer
from trio_client.stub.delivery.sse import encode_event

YARD = "rtsp://camera.example/yard"
MONITOR = {"stream_url": YARD, "condition": "Is the gate open?"}
Open = Callable[..., Any]


@pytest.fixture
def open_stream(client: httpx.Client) -> Open:
    @contextmanager
    def start(path: str = "/live-monitor", **fields: Any) -> Iterator[Iterator[str]]:
        body = {**(MONITOR if path == "/live-monitor" else {"stream_url": YARD}), **fields}
        with client.stream("POST", path, json=body, headers={"accept": "text/event-stream"}) as reply:
            assert reply.status_code == 200
            yield blocks(reply)

    return start


def blocks(reply: httpx.Response) -> Iterator[str]:
    """The events as sent, without the blank line after each."""
    text = ""
    for part in reply.iter_raw():
        text += part.decode()
        while "\n\n" in text:
            block, _, text = text.partition("\n\n")
            yield block
    assert text == "", "the stream ended inside an event"


def parse(block: str) -> tuple[str, dict[str, Any]]:
    first, second = block.split("\n")
    assert first.startswith("event: ")
    assert second.startswith("data: ")
    return first[7:], json.loads(second[6:])


def test_the_bytes_of_an_event() -> None:
    data = {"job_id": "1", "explanation": "Tür\r\noffen\u2028"}
    expected = 'event: triggered\ndata: {"job_id": "1", "explanation": "Tür\\r\\noffen\u2028"}\n\n'
    assert encode_event("triggered", data) == expected
    assert encode_event("stopped", {"a": 1}, "B") == 'data: {"type": "stopped", "a": 1}\n\n'
    assert encode_event("stopped", {"a": 1}, "C") == 'data: {"a": 1}\n\n'
    assert encode_event("stopped", {"a": 1}, "D") == "event: stopped\ndata: stopped\n\n"


def test_a_text_cannot_forge_an_event() -> None:
    forged = {"explanation": "A van.\r\n\nevent: stopped\rdata: {}"}
    expected = "event: triggered\ndata: A van.\ndata: \ndata: event: stopped\ndata: data: {}\n\n"
    assert encode_event("triggered", forged, "D") == expected


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\0b"])
def test_a_name_cannot_forge_an_event(name: str) -> None:
    with pytest.raises(ValueError, match="line breaks"):
        encode_event(name, {})


def test_a_monitor_streams_all_of_its_events(stub: StubServer, open_stream: Open) -> None:
    with open_stream() as events:
        stub.clock.advance(40)
        received = [parse(block) for block in events]
    job = stub.jobs[0]
    assert [name for name, _ in received] == ["started", "progress", "progress", "triggered", "stopped"]
    times = [data.pop("timestamp") for _, data in received]
    assert times == sorted(set(times))
    assert {data["job_id"] for _, data in received} == {job.job_id}
    started, _, progress, triggered, stopped = (data for _, data in received)
    assert (started["status"], started["stream_url"]) == ("running", YARD)
    assert {name: progress[name] for name in ("checks_performed", "triggers_fired", "elapsed_seconds")} == {
        "checks_performed": 2,
        "triggers_fired": 0,
        "elapsed_seconds": 20,
    }
    assert base64.b64decode(triggered.pop("frame_b64")).startswith(b"\xff\xd8\xff")
    assert triggered == {
        "job_id": job.job_id,
        "condition": "Is the gate open?",
        "triggered": True,
        "explanation": "A white van stands at the open gate. The condition is met: Is the gate open?",
        "latency_ms": 850,
    }
    assert stopped == {"job_id": job.job_id, "status": "completed", **job.stats}


def test_triggered_does_not_end_a_stream(stub: StubServer, open_stream: Open) -> None:
    with open_stream(max_triggers=None, monitor_duration_seconds=65) as events:
        stub.clock.advance(100)
        names = [parse(block)[0] for block in events]
    assert names == ["started", *["progress", "progress", "triggered"] * 2, "stopped"]


@pytest.mark.parametrize("include", [True, False])
def test_a_digest_streams_all_of_its_events(stub: StubServer, open_stream: Open, include: bool) -> None:
    with open_stream("/live-digest", window_minutes=1, capture_interval_seconds=30, max_windows=1,
                     include_frames=include) as events:  # fmt: skip
        stub.clock.advance(100)
        received = [parse(block) for block in events]
    assert [name for name, _ in received] == ["started", "progress", "progress", "summary", "stopped"]
    assert (received[1][1]["frames_captured"], received[1][1]["frames_needed"]) == (1, 2)
    summary = received[3][1]
    assert (summary["frame_count"], summary["window_minutes"], bool(summary["summary"])) == (2, 1, True)
    assert ("grid_b64" in summary) is include
    assert (received[4][1]["status"], received[4][1]["summaries_generated"]) == ("completed", 1)


def test_a_failure_ends_with_an_error_event(stub: StubServer, open_stream: Open) -> None:
    stub.scene(YARD, Scene(offline_at=15))
    with open_stream() as events:
        stub.clock.advance(40)
        name, data = [parse(block) for block in events][-1]
    assert (name, data["status"], data["code"], data["reason"]) == (
        "error",
        "failed",
        "STREAM_OFFLINE",
        "stream_offline",
    )
    assert data["message"]
    assert data["remediation"]


def test_a_cancel_ends_the_stream(stub: StubServer, client: httpx.Client, open_stream: Open) -> None:
    with open_stream() as events:
        job_id = stub.jobs[0].job_id
        client.delete(f"/jobs/{job_id}")
        name, data = [parse(block) for block in events][-1]
    assert (name, data["status"], data["reason"]) == ("stopped", "stopped", "cancelled")


def test_an_event_is_sent_when_it_happens(stub: StubServer, open_stream: Open) -> None:
    with open_stream() as events:
        for seconds, name in ((1, "started"), (9, "progress"), (10, "progress"), (10, "triggered")):
            stub.clock.advance(seconds)
            assert parse(next(events))[0] == name


def test_a_job_outlives_its_reader(stub: StubServer, open_stream: Open) -> None:
    with open_stream() as events:
        stub.clock.advance(5)
        next(events)
    stub.clock.advance(20)
    assert (stub.jobs[0].status, stub.jobs[0].checks_performed) == ("running", 2)


def test_a_quiet_stream_sends_keep_alive_comments(connect: Callable[..., httpx.Client]) -> None:
    with StubServer(speed=0, keep_alive=0.01) as server:
        headers = {"accept": "text/event-stream"}
        with connect(server).stream("POST", "/live-monitor", json=MONITOR, headers=headers) as reply:
            parts = reply.iter_raw()
            assert next(parts) == next(parts) == b": keep-alive\n\n"


def test_a_hundred_streams_at_once(connect: Callable[..., httpx.Client]) -> None:
    request = (
        "POST /api/live-monitor HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\n"
        "accept: text/event-stream\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{}"
    )
    body = json.dumps(MONITOR)
    with StubServer(speed=0, max_jobs=100) as server, ExitStack() as stack:
        host, port = server.url.removeprefix("http://").split(":")
        streams = [stack.enter_context(socket.create_connection((host, int(port)), 5)) for _ in range(100)]
        for stream in streams:
            stream.sendall(request.format(len(body), body).encode())
        for stream in streams:
            assert stream.recv(15) == b"HTTP/1.1 200 OK"
        assert server.running_jobs == 100
        server.clock.advance(40)
        for stream in streams:
            received = b""
            while not received.endswith(b"0\r\n\r\n"):
                received += stream.recv(65536)
            assert [received.count(name) for name in (b"event: started", b"event: triggered", b"event: stopped")] == [
                1,
                1,
                1,
            ]
        assert {job.status for job in server.jobs} == {"completed"}
