"""The stub server survives many, slow and malformed clients, and leaks nothing."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import socket
import sys
import tracemalloc
from collections.abc import Callable
from contextlib import ExitStack

import httpx
import pytest

from trio_client.stub import RecordedRequest, Scene, StubServer

YARD = "rtsp://camera.example/yard"
MONITOR = {"stream_url": YARD, "condition": "Is the gate open?", "max_triggers": None}
HEAD = "host: localhost\r\nauthorization: Bearer k\r\n"
Connect = Callable[..., httpx.Client]
Eventually = Callable[[Callable[[], object]], None]

MALFORMED = [
    b"\r\n\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: localhost\r\nbad name: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: localhost\r\nx: \x00\r\n\r\n",
    b"GET /%zz%00%ff HTTP/1.1\r\nhost: localhost\r\n\r\n",
    b"GET http://[::1/ HTTP/1.1\r\nhost: localhost\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nhost: localhost\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"POST /jobs HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
    b"POST /jobs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /jobs HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffffff\r\n",
    b"POST /jobs HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: gzip\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nhost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 20_000 + b"\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
]


def address(server: StubServer) -> tuple[str, int]:
    host, port = server.url.removeprefix("http://").split(":")
    return host, int(port)


def answer_to(server: StubServer, sent: bytes) -> bytes:
    """What is received until the server ends the connection, after the client has closed its side."""
    with socket.create_connection(address(server), 10) as connection:
        received = b""
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                received += part
        except ConnectionError:
            pass
        return received


@pytest.mark.parametrize("sent", MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_not_http_is_refused(stub: StubServer, client: httpx.Client, sent: bytes) -> None:
    received = answer_to(stub, sent)
    assert received == b"" or received.startswith(b"HTTP/1.1 ")
    assert not received.startswith(b"HTTP/1.1 5")
    assert client.get("/jobs").status_code == 200


@pytest.mark.parametrize("seed", range(5))
def test_noise_does_not_stop_the_server(stub: StubServer, client: httpx.Client, seed: int) -> None:
    noise = random.Random(seed)
    body = json.dumps(MONITOR).encode()
    whole = b"POST /api/live-monitor HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
    for _ in range(40):
        spoilt = bytearray(whole)
        for _ in range(noise.randrange(1, 6)):
            spoilt[noise.randrange(len(spoilt))] = noise.randrange(256)
        answer_to(stub, bytes(spoilt[: noise.randrange(1, len(spoilt))]))
    assert client.get("/jobs").status_code == 200


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET /api/jobs HTTP/1.1\r\nhost: localhost\r\n",
        b"POST /api/live-monitor HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{",
    ],
    ids=["nothing", "half a head", "half a body"],
)
def test_a_request_that_is_never_finished_is_closed(connect: Connect, begun: bytes) -> None:
    with StubServer(speed=0, request_timeout=0.5) as server:
        with socket.create_connection(address(server), 10) as slow:
            slow.sendall(begun)
            assert slow.recv(65536) == b""
        assert connect(server).get("/jobs").status_code == 200
        assert server.jobs == []


def test_the_request_timeout_does_not_apply_to_streams(connect: Connect) -> None:
    with StubServer(speed=0, keep_alive=0.06, request_timeout=0.5) as server:
        headers = {"accept": "text/event-stream"}
        with connect(server).stream("POST", "/live-monitor", json=MONITOR, headers=headers) as reply:
            parts, received = reply.iter_raw(), b""
            while received.count(b"\n\n") < 10:
                received += next(parts)
            assert received == b": keep-alive\n\n" * received.count(b"\n\n")


def test_slow_clients_do_not_delay_others(connect: Connect) -> None:
    with StubServer(speed=0) as server, ExitStack() as stack:
        for _ in range(300):
            slow = stack.enter_context(socket.create_connection(address(server), 10))
            slow.sendall(b"GET /api/jobs HTTP/1.1\r\nx")
        assert connect(server).get("/jobs").status_code == 200


def test_a_reader_that_stops_reading_does_not_delay_others(stub: StubServer, client: httpx.Client) -> None:
    stub.scene(YARD, Scene(holds=True, frame_size=2**20))
    body = json.dumps({**MONITOR, "interval_seconds": 5, "monitor_duration_seconds": 100_000})
    with socket.create_connection(address(stub), 10) as lazy:
        request = f"POST /api/live-monitor HTTP/1.1\r\n{HEAD}accept: text/event-stream\r\ncontent-length: {len(body)}"
        lazy.sendall(f"{request}\r\n\r\n{body}".encode())
        assert lazy.recv(15) == b"HTTP/1.1 200 OK"
        tracemalloc.start()
        stub.clock.advance(5_000)  # a thousand frames, a gibibyte in all
        assert client.get("/jobs").json()["total"] == 1
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 64 * 2**20
    assert client.get("/jobs").status_code == 200


class Wire:
    """One connection that sends requests and reads replies, without the memory of a client library."""

    def __init__(self, server: StubServer) -> None:
        self._socket = socket.create_connection(address(server), 10)
        self._file = self._socket.makefile("rb")

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        self._socket.sendall(f"{method} {path} HTTP/1.1\r\n{HEAD}content-length: {len(body)}\r\n\r\n".encode() + body)
        status = int(self._file.readline().split()[1])
        length = 0
        while (line := self._file.readline()) != b"\r\n":
            if line.lower().startswith(b"content-length:"):
                length = int(line[15:])
        return status, self._file.read(length)


@pytest.mark.thorough
def test_ten_thousand_requests_leak_nothing(stub: StubServer, eventually: Eventually) -> None:
    made = json.dumps(MONITOR).encode()

    def round_of_requests() -> None:
        wire = Wire(stub)
        for number in range(10):
            status, job = wire.ask("POST", "/api/live-monitor", made)
            assert status == 200
            job_id = json.loads(job)["job_id"]
            asked = [
                wire.ask("GET", f"/api/jobs/{job_id}"),
                wire.ask("GET", "/api/jobs?limit=5"),
                wire.ask("POST", "/api/check-once", made),
                wire.ask("DELETE", f"/api/jobs/{job_id}"),
                wire.ask("GET", "/osapi/api/job"),
                wire.ask("GET", "/api/jobs/unknown"),
                wire.ask("POST", "/api/live-monitor", b"{}"),
                wire.ask("GET", f"/nowhere/{number}"),
            ]
            assert [status for status, _ in asked] == [200, 200, 200, 200, 200, 404, 422, 404]
        wire.close()
        with socket.create_connection(address(stub), 10) as stream:
            head = f"POST /api/live-monitor HTTP/1.1\r\n{HEAD}accept: text/event-stream\r\ncontent-length: {len(made)}"
            stream.sendall(f"{head}\r\n\r\n".encode() + made)
            assert stream.recv(15) == b"HTTP/1.1 200 OK"
        for job in stub.jobs:
            if job.status in ("pending", "running"):
                stub.fail_job(job.job_id)

    def left() -> tuple[int, int, int, int]:
        stub.reset()
        server = stub._server
        assert server is not None
        eventually(lambda: not server.server_state.connections)
        eventually(lambda: not stub._state.engine._readers)
        gc.collect()
        assert server._loop is not None
        tasks = asyncio.run_coroutine_threadsafe(_tasks(), server._loop).result(10)
        files = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
        return sys.getallocatedblocks(), tasks, files, len(server.server_state.tasks)

    for _ in range(10):
        round_of_requests()
    blocks, *others = left()
    asked = 0
    for _ in range(100):
        round_of_requests()
        asked += len(stub.requests)
        stub._state.requests.clear()
    assert asked == 100 * 91
    more, *still = left()
    assert still == others
    assert more - blocks < asked / 5, "requests leak memory"


async def _tasks() -> int:
    return len(asyncio.all_tasks())


def test_events_that_no_reader_can_get_any_more_are_dropped(
    stub: StubServer, client: httpx.Client, eventually: Eventually
) -> None:
    body = {**MONITOR, "interval_seconds": 5}
    client.post("/live-monitor", json=body)
    with client.stream("POST", "/live-monitor", json=body, headers={"accept": "text/event-stream"}):
        stub.clock.advance(500)
        polled, streamed = stub._state.jobs.all()
        assert len(polled.events) == 16
        assert len(streamed.events) == 101
    eventually(lambda: len(streamed.events) == 16)
    stub.clock.advance(50)
    assert [len(job.events) for job in (polled, streamed)] == [16, 16]


def test_headers_count_toward_the_size_of_a_recorded_request() -> None:
    request = RecordedRequest("GET", "/api", {"a": "b"}, {"x-long": "y" * 1000}, b"12", 0.0)
    assert request.size == 4 + 2 + 6 + 1000 + 2
