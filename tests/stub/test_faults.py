from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from trio_client.stub import Fault, Scene, StubServer

YARD = "rtsp://camera.example/yard"
MONITOR = {"stream_url": YARD, "condition": "Is the gate open?"}
SSE = {"accept": "text/event-stream"}


def test_a_status_with_headers_is_sent_once(stub: StubServer, client: httpx.Client) -> None:
    stub.fail_next(path="/jobs", status=503, headers={"Retry-After": "2"})
    reply = client.get("/jobs")
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "2")
    assert reply.json()["error"]["code"] == "SERVICE_UNAVAILABLE"
    assert client.get("/jobs").status_code == 200


def test_a_fault_waits_for_its_request(stub: StubServer, client: httpx.Client) -> None:
    fault = stub.fail_next(method="DELETE", path="/api/jobs", status=500, times=2)
    (job_id,) = stub.add_jobs(1)
    assert client.get(f"/jobs/{job_id}").status_code == 200
    assert stub.faults == [fault]
    assert [client.delete(f"{stub.url}/jobs/{job_id}").status_code for _ in range(3)] == [500, 500, 200]
    assert stub.faults == []


@pytest.mark.parametrize(
    ("body", "content_type", "content"),
    [
        ("<h1>Bad gateway</h1>", "text/html; charset=utf-8", b"<h1>Bad gateway</h1>"),
        ({"detail": "no"}, "application/json", b'{"detail": "no"}'),
        ([1], "application/json", b"[1]"),
        (b"\xff", "application/json", b"\xff"),
        ("", "text/html; charset=utf-8", b""),
    ],
)
def test_any_body_can_be_scripted(
    stub: StubServer, client: httpx.Client, body: Any, content_type: str, content: bytes
) -> None:
    stub.fail_next(status=502, body=body)
    reply = client.get("/jobs")
    assert (reply.status_code, reply.headers["content-type"], reply.content) == (502, content_type, content)


@pytest.mark.parametrize("status", [204, 304, 418, 599])
def test_any_status_can_be_scripted(stub: StubServer, client: httpx.Client, status: int) -> None:
    stub.fail_next(status=status)
    assert client.get("/jobs").status_code == status
    assert client.get("/jobs").status_code == 200


@pytest.mark.parametrize("processed", [True, False])
def test_a_failure_before_or_after_the_work(stub: StubServer, client: httpx.Client, processed: bool) -> None:
    stub.fail_next(path="/live-monitor", status=500, processed=processed)
    assert client.post("/live-monitor", json=MONITOR).status_code == 500
    assert len(stub.jobs) == processed


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("processed", [True, False])
@pytest.mark.parametrize(
    ("close", "error"),
    [(True, httpx.RemoteProtocolError), ("fin", httpx.RemoteProtocolError), ("reset", httpx.ReadError)],
)
def test_a_connection_that_ends_without_an_answer(
    stub: StubServer, client: httpx.Client, close: Any, error: type[Exception], processed: bool, stream: bool
) -> None:
    stub.fail_next(path="/live-monitor", close=close, processed=processed)
    with pytest.raises(error):
        client.post("/live-monitor", json=MONITOR, headers=SSE if stream else {})
    assert len(stub.jobs) == processed
    assert client.get("/jobs").status_code == 200


def begin(stub: StubServer, accept: str = "application/json") -> socket.socket:
    """A connection on which a monitor was created; no byte of the reply was read."""
    host, port = stub.url.removeprefix("http://").split(":")
    body = json.dumps(MONITOR)
    fields = {"host": host, "authorization": "Bearer k", "accept": accept, "content-length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    connection = socket.create_connection((host, int(port)), 10)
    connection.sendall(f"POST /api/live-monitor HTTP/1.1\r\n{head}\r\n{body}".encode())
    return connection


def test_a_delay_before_the_work(stub: StubServer, eventually: Callable[..., None]) -> None:
    stub.fail_next(path="/live-monitor", delay=0.2)
    begun = time.monotonic()
    with begin(stub):
        eventually(lambda: stub.requests)
    eventually(lambda: stub.jobs)
    assert time.monotonic() - begun > 0.19


def test_a_delay_after_the_work(stub: StubServer, client: httpx.Client, eventually: Callable[..., None]) -> None:
    stub.fail_next(path="/live-monitor", delay=30, processed=True)
    with pytest.raises(httpx.ReadTimeout):
        client.post("/live-monitor", json=MONITOR, timeout=0.05)
    eventually(lambda: stub.jobs)


def test_an_answer_that_is_cut_off(stub: StubServer, client: httpx.Client) -> None:
    stub.fail_next(path="/jobs", drop_after_bytes=10)
    with pytest.raises(httpx.RemoteProtocolError, match="10 bytes"):
        client.get("/jobs")
    stub.fail_next(path="/jobs", status=500, drop_after_bytes=0)
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/jobs")
    assert client.get("/jobs").status_code == 200


def read(stub: StubServer, client: httpx.Client) -> tuple[bytes, bool]:
    """What a stream sent, and whether it was complete."""
    got = b""
    with client.stream("POST", "/live-monitor", json=MONITOR, headers=SSE) as reply:
        stub.clock.advance(100)
        try:
            for part in reply.iter_raw():
                got += part
        except httpx.RemoteProtocolError:
            return got, False
    return got, True


@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_stream_can_be_dropped_after_some_events(stub: StubServer, client: httpx.Client, count: int) -> None:
    stub.fail_next(drop_after_events=count)
    got, whole = read(stub, client)
    assert (got.count(b"\n\n"), whole) == (count, False)
    assert stub.jobs[0].status == "completed"


@pytest.mark.parametrize("size", [0, 1, 200])
def test_a_stream_can_be_dropped_inside_an_event(stub: StubServer, client: httpx.Client, size: int) -> None:
    stub.fail_next(path="/live-monitor", drop_after_bytes=size)
    got, whole = read(stub, client)
    assert (len(got), whole) == (size, False)


def test_a_stream_without_its_terminal_event(stub: StubServer, client: httpx.Client) -> None:
    stub.fail_next(omit_terminal=True)
    got, whole = read(stub, client)
    assert whole
    assert b"event: triggered" in got
    assert b"event: stopped" not in got


def test_a_stream_can_fall_silent(stub: StubServer) -> None:
    stub.fail_next(silent_after_events=1)
    with begin(stub, accept="text/event-stream") as stream:
        got = stream.recv(65536)
        stub.clock.advance(100)
        while b"event: started" not in got:
            got += stream.recv(65536)
        stream.settimeout(0.2)
        with pytest.raises(TimeoutError):
            while piece := stream.recv(65536):
                got += piece
    assert (got.count(b"event: "), stub.jobs[0].status) == (1, "completed")


@pytest.mark.parametrize(("dialect", "start"), [("B", b'data: {"type": "started"'), ("C", b'data: {"job_id"')])
def test_a_stream_in_another_dialect(stub: StubServer, client: httpx.Client, dialect: Any, start: bytes) -> None:
    stub.fail_next(dialect=dialect)
    got, whole = read(stub, client)
    assert whole
    assert got.startswith(start)
    assert b"event:" not in got


def test_a_stream_fault_does_not_apply_to_other_requests(stub: StubServer, client: httpx.Client) -> None:
    stub.fail_next(drop_after_events=0)
    assert client.get("/jobs").status_code == 200
    assert client.post("/live-monitor", json=MONITOR).status_code == 200
    assert len(stub.faults) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"times": 0},
        {"status": 99},
        {"delay": -1},
        {"drop_after_bytes": -1},
        {"dialect": "Z"},
        {"close": "gently"},
    ],
)
def test_an_invalid_fault_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Fault(**wrong)


def test_the_server_stops_while_a_response_is_delayed(connect: Callable[..., httpx.Client]) -> None:
    with StubServer(speed=0) as server:
        server.fail_next(delay=60)
        client = connect(server)
        with pytest.raises(httpx.ReadTimeout):
            client.get("/jobs", timeout=0.05)
        begun = time.monotonic()
    assert time.monotonic() - begun < 5


def whole(stub: StubServer, client: httpx.Client, **faults: Any) -> list[bytes]:
    """The pieces of a monitor's stream, as they were written."""
    stub.fail_next(path="/live-monitor", **faults)
    with client.stream("POST", "/live-monitor", json=MONITOR, headers=SSE) as reply:
        stub.clock.advance(40)
        return list(reply.iter_raw())


@pytest.mark.parametrize(("name", "end"), [("lf", b"\n"), ("cr", b"\r"), ("crlf", b"\r\n")])
def test_lines_can_end_in_other_ways(stub: StubServer, client: httpx.Client, name: Any, end: bytes) -> None:
    received = b"".join(whole(stub, client, line_end=name))
    assert received.startswith(b"event: started" + end + b"data: {")
    assert received.endswith(b"}" + end + end)
    assert received.count(end) == received.count(b"\r\n" if name == "crlf" else end) == 5 * 3
    assert (b"\r" in received, b"\n" in received) == (name != "lf", name != "cr")


def test_a_stream_can_begin_with_a_byte_order_mark(stub: StubServer, client: httpx.Client) -> None:
    received = b"".join(whole(stub, client, bom=True))
    assert received.startswith("\ufeffevent: started\n".encode())
    assert received.count(b"\xef\xbb\xbf") == 1


@pytest.mark.parametrize("at", [0, 1, 9, 15, 10**9])
def test_events_can_come_in_two_pieces(stub: StubServer, client: httpx.Client, at: int) -> None:
    pieces = whole(stub, client, split_at=at)
    assert b"".join(pieces).count(b"event: ") == 5
    if 0 < at < 100:
        assert len(pieces) == 10
        assert {len(piece) for piece in pieces[::2]} == {at}


def test_event_data_can_be_plain_text(stub: StubServer, client: httpx.Client) -> None:
    events = b"".join(whole(stub, client, dialect="D")).decode().split("\n\n")
    assert events[3] == (
        "event: triggered\ndata: A white van stands at the open gate. The condition is met: Is the gate open?"
    )
    assert events[4:] == ["event: stopped\ndata: condition_triggered", ""]


def test_a_frame_can_be_large(stub: StubServer, client: httpx.Client) -> None:
    stub.scene(YARD, Scene(holds=True, frame_size=2**20))
    frame = client.post("/check-once", json={**MONITOR, "include_frame": True}).json()["frame_b64"]
    data = base64.b64decode(frame)
    assert (len(data), data[:3]) == (2**20, b"\xff\xd8\xff")
    assert len(b"".join(whole(stub, client, split_at=70_000))) > len(frame)
    with pytest.raises(ValueError, match="frame_size"):
        Scene(frame_size=2**30)


@pytest.mark.parametrize("fault", [{"dialect": "E"}, {"line_end": "\n"}, {"split_at": -1}])
def test_faults_of_streams_are_checked(stub: StubServer, client: httpx.Client, fault: dict[str, Any]) -> None:
    (name,) = fault
    with pytest.raises(ValueError, match=name):
        stub.fail_next(**fault)
    assert client.post(f"{stub.url}/_stub/fail", json=fault).status_code == 422
    assert client.post(f"{stub.url}/_stub/fail", json={"dialect": "D", "bom": True}).status_code == 200
