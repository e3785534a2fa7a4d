"""The proxy that plays faults below HTTP, seen from raw sockets."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from trio_client.stub import FaultProxy, StubServer, WireFault

MONITOR = json.dumps({"stream_url": "rtsp://camera.example/yard", "condition": "Is the gate open?"})
Eventually = Callable[[Callable[[], object]], None]


@pytest.fixture
def proxy(stub: StubServer) -> Iterator[FaultProxy]:
    with FaultProxy(stub) as each:
        yield each


def connect(proxy: FaultProxy) -> socket.socket:
    port = int(proxy.base_url.split(":")[2].partition("/")[0])
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def request(method: str = "GET", path: str = "/api/jobs", body: str = "", **fields: str) -> bytes:
    lines = {"host": "localhost", "authorization": "Bearer k", "content-length": str(len(body)), **fields}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n{body}".encode()


CREATE = request("POST", "/api/live-monitor", MONITOR)
LIST = request()


def read_to_end(sock: socket.socket) -> bytes:
    got = b""
    while piece := sock.recv(65536):
        got += piece
    return got


def read_reply(sock: socket.socket) -> tuple[bytes, bytes]:
    """Head and body of one reply of stated length."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += sock.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += sock.recv(65536)
    return head, body


def exchange(proxy: FaultProxy, sent: bytes = CREATE) -> bytes:
    """Everything that is received on a connection until the proxy ends it."""
    with connect(proxy) as sock:
        sock.sendall(sent)
        return read_to_end(sock)


class TestForwarding:
    def test_requests_and_replies_go_through_on_one_connection(self, stub: StubServer, proxy: FaultProxy) -> None:
        with connect(proxy) as sock:
            sock.sendall(CREATE)
            made = json.loads(read_reply(sock)[1])
            sock.sendall(LIST)
            listed = json.loads(read_reply(sock)[1])
        assert made["job_id"] == listed["jobs"][0]["job_id"] == stub.jobs[0].job_id
        assert proxy.connections == 1

    def test_what_arrived_is_recorded(self, proxy: FaultProxy) -> None:
        with connect(proxy) as sock:
            sock.sendall(CREATE)
            read_reply(sock)
        with connect(proxy) as sock:
            sock.sendall(LIST)
            read_reply(sock)
        first, second = proxy.requests
        assert (first.method, first.path, first.body) == ("POST", "/api/live-monitor", MONITOR.encode())
        assert first.headers["authorization"] == "Bearer k"
        assert [(each.connection, each.forwarded, each.fault) for each in (first, second)] == [
            (1, True, None),
            (2, True, None),
        ]

    def test_a_chunked_body_arrives_complete(self, stub: StubServer, proxy: FaultProxy) -> None:
        head = request("POST", "/api/live-monitor", **{"transfer-encoding": "chunked"})
        head = head.replace(b"content-length: 0\r\n", b"")
        half = len(MONITOR) // 2
        chunks = "".join(f"{len(part):x}\r\n{part}\r\n" for part in (MONITOR[:half], MONITOR[half:], ""))
        with connect(proxy) as sock:
            sock.sendall(head + chunks.encode())
            read_reply(sock)
        assert [job.request for job in stub.jobs] == [json.loads(MONITOR)]

    def test_events_of_a_stream_come_as_they_happen(self, stub: StubServer, proxy: FaultProxy) -> None:
        with connect(proxy) as sock:
            sock.sendall(request("POST", "/api/live-monitor", MONITOR, accept="text/event-stream"))
            got = sock.recv(65536)
            stub.clock.advance(1)
            while b"event: started" not in got:
                got += sock.recv(65536)
            assert b"event: stopped" not in got

    def test_a_reader_that_disconnects_disconnects_from_the_server(
        self, stub: StubServer, proxy: FaultProxy, eventually: Eventually
    ) -> None:
        with connect(proxy) as sock:
            sock.sendall(request("POST", "/api/live-monitor", MONITOR, accept="text/event-stream"))
            sock.recv(65536)
        proxy.wait_idle()
        eventually(lambda: not stub._state.engine._readers)

    def test_a_server_that_disconnects_disconnects_the_client(self, stub: StubServer, proxy: FaultProxy) -> None:
        stub.fail_next(close=True)
        assert exchange(proxy) == b""


class TestScript:
    def test_a_fault_waits_for_its_request_and_applies_the_given_times(self, proxy: FaultProxy) -> None:
        fault = WireFault("close")
        proxy.strike(fault, method="POST", path="/live-monitor", times=2)
        with connect(proxy) as sock:
            sock.sendall(LIST)
            read_reply(sock)
        assert [exchange(proxy), exchange(proxy)] == [b"", b""]
        assert proxy.faults == []
        assert [each.fault for each in proxy.requests] == [None, fault, fault]

    def test_faults_apply_in_the_order_in_which_they_were_scripted(self, proxy: FaultProxy) -> None:
        proxy.strike(WireFault("garbage", content=b"one"))
        proxy.strike(WireFault("garbage", content=b"two"))
        assert [exchange(proxy), exchange(proxy)] == [b"one", b"two"]

    @pytest.mark.parametrize(
        ("wrong", "match"),
        [
            ({"kind": "explode"}, "kind"),
            ({"kind": "close", "at": "somewhere"}, "at must be"),
            ({"kind": "close", "work": "perhaps"}, "work"),
            ({"kind": "dribble", "at": "request"}, "at="),
            ({"kind": "close", "at": "connect", "work": "late"}, "late"),
            ({"kind": "answer"}, "content"),
            ({"kind": "close", "after": -1}, "after"),
            ({"kind": "dribble", "size": 0}, "size"),
            ({"kind": "dribble", "every": float("nan")}, "every"),
            ({"kind": "delay", "seconds": -1}, "seconds"),
        ],
    )
    def test_an_invalid_fault_is_refused(self, wrong: dict[str, Any], match: str) -> None:
        with pytest.raises(ValueError, match=match):
            WireFault(**wrong)

    def test_an_invalid_script_is_refused(self, proxy: FaultProxy) -> None:
        with pytest.raises(ValueError, match="times"):
            proxy.strike(WireFault("close"), times=0)
        with pytest.raises(ValueError, match="connect"):
            proxy.strike(WireFault("close", at="connect"), path="/jobs")

    def test_it_can_be_scripted_over_http(self, stub: StubServer, proxy: FaultProxy) -> None:
        fault = {"kind": "garbage", "content": "\xff!", "work": "skipped", "method": "POST", "path": "/live-monitor"}
        with connect(proxy) as sock:
            sock.sendall(request("POST", "/_stub/wire", json.dumps(fault)))
            assert b" 200 " in read_reply(sock)[0]
            sock.sendall(CREATE)
            assert read_to_end(sock) == b"\xff!"
        with connect(proxy) as sock:
            sock.sendall(request(path="/_stub/wire"))
            received = json.loads(read_reply(sock)[1])
        assert [(each["path"], each["forwarded"]) for each in received["requests"]] == [
            ("/_stub/wire", False),
            ("/api/live-monitor", False),
            ("/_stub/wire", False),
        ]
        assert stub.jobs == []

    @pytest.mark.parametrize("wrong", ["{", "[]", '{"kind": "explode"}', '{"kind": "close", "x": 1}', '{"times": 1}'])
    def test_an_invalid_script_over_http_is_refused(self, proxy: FaultProxy, wrong: str) -> None:
        with connect(proxy) as sock:
            sock.sendall(request("POST", "/_stub/wire", wrong))
            assert b" 422 " in read_reply(sock)[0]
        assert proxy.faults == []


class TestWork:
    @pytest.mark.parametrize(("work", "jobs"), [("done", 1), ("skipped", 0)])
    def test_the_request_is_worked_on_or_not(self, stub: StubServer, proxy: FaultProxy, work: Any, jobs: int) -> None:
        proxy.strike(WireFault("close", work=work))
        assert exchange(proxy) == b""
        assert (len(stub.jobs), [each.forwarded for each in proxy.requests]) == (jobs, [bool(jobs)])

    def test_late_work_is_done_after_the_client_disconnects(
        self, stub: StubServer, proxy: FaultProxy, eventually: Eventually
    ) -> None:
        proxy.strike(WireFault("hang", work="late"))
        with connect(proxy) as sock:
            sock.sendall(CREATE)
            eventually(lambda: proxy.requests)
            with pytest.raises(TimeoutError):
                proxy.wait_idle(0.05)
            assert stub.jobs == []
        proxy.wait_idle()
        assert (len(stub.jobs), proxy.requests[0].forwarded) == (1, True)

    def test_late_work_is_done_after_the_reply(self, stub: StubServer, proxy: FaultProxy) -> None:
        proxy.strike(WireFault("answer", content=b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n", work="late"))
        with connect(proxy) as sock:
            sock.sendall(CREATE)
            assert read_reply(sock) == (b"HTTP/1.1 500 Oops\r\ncontent-length: 0", b"")
            sock.sendall(LIST)
            assert b" 200 " in read_reply(sock)[0]
        proxy.wait_idle()
        assert len(stub.jobs) == 1


class TestAtAByte:
    @pytest.mark.parametrize("after", [0, 1, 40])
    def test_the_reply_is_cut_at_the_byte(self, proxy: FaultProxy, after: int) -> None:
        proxy.strike(WireFault("close", after=after))
        got = exchange(proxy)
        assert (len(got), b"HTTP/1.1 200 OK"[:after]) == (after, got[:15])

    @pytest.mark.parametrize("after", [0, 1, 40])
    def test_the_body_is_cut_at_the_byte(self, proxy: FaultProxy, after: int) -> None:
        proxy.strike(WireFault("close", at="body", after=after))
        assert len(exchange(proxy).partition(b"\r\n\r\n")[2]) == after

    def test_the_fault_applies_at_the_end_of_a_short_reply(self, proxy: FaultProxy) -> None:
        proxy.strike(WireFault("close", after=10**6))
        assert b'"job_id"' in exchange(proxy)

    @pytest.mark.parametrize("at", ["connect", "request", "reply"])
    def test_a_reset_arrives_as_a_reset(self, stub: StubServer, proxy: FaultProxy, at: Any) -> None:
        proxy.strike(WireFault("reset", at=at, work="skipped"))
        with pytest.raises(ConnectionResetError):
            exchange(proxy)
        assert stub.jobs == []
        assert [(each.path, each.forwarded) for each in proxy.requests] == (
            [] if at == "connect" else [("/api/live-monitor", False)]
        )

    def test_a_large_request_is_cut_off_before_its_end(self, stub: StubServer, proxy: FaultProxy) -> None:
        proxy.strike(WireFault("reset", at="request", after=1000))
        with connect(proxy) as sock, pytest.raises(OSError, match=r"reset|pipe"):
            sock.sendall(request("POST", "/api/analyze-frame", "x" * 20_000_000))
            read_to_end(sock)
        assert 1000 <= len(proxy.requests[0].body) < 1_000_000
        assert stub.requests == []

    def test_after_a_half_close_the_client_can_still_send(self, proxy: FaultProxy) -> None:
        proxy.strike(WireFault("half-close", after=5))
        with connect(proxy) as sock:
            sock.sendall(CREATE)
            assert read_to_end(sock) == b"HTTP/"
            sock.sendall(b"more")

    @pytest.mark.parametrize(("at", "after"), [("reply", 0), ("reply", 7), ("body", 3)])
    def test_a_hang_is_silence_on_an_open_connection(self, proxy: FaultProxy, at: Any, after: int) -> None:
        proxy.strike(WireFault("hang", at=at, after=after))
        with connect(proxy) as sock:
            sock.sendall(CREATE)
            got = b""
            while len(got if at == "reply" else got.partition(b"\r\n\r\n")[2]) < after:
                piece = sock.recv(65536)
                assert piece
                got += piece
            sock.settimeout(0.1)
            with pytest.raises(TimeoutError):
                sock.recv(65536)
        assert len(got if at == "reply" else got.partition(b"\r\n\r\n")[2]) == after

    @pytest.mark.parametrize(("at", "after"), [("connect", 0), ("request", 10), ("reply", 0), ("body", 5)])
    def test_after_a_delay_everything_follows(self, stub: StubServer, proxy: FaultProxy, at: Any, after: int) -> None:
        proxy.strike(WireFault("delay", at=at, after=after, seconds=0.1))
        begun = time.monotonic()
        with connect(proxy) as sock:
            sock.sendall(CREATE)
            assert json.loads(read_reply(sock)[1])["job_id"] == stub.jobs[0].job_id
        assert time.monotonic() - begun > 0.09

    def test_a_dribbled_reply_arrives_in_small_pieces(self, stub: StubServer, proxy: FaultProxy) -> None:
        proxy.strike(WireFault("dribble", at="body", after=2, size=40, every=0.02))
        begun = time.monotonic()
        with connect(proxy) as sock:
            sock.sendall(CREATE)
            body = read_reply(sock)[1]
        assert json.loads(body)["job_id"] == stub.jobs[0].job_id
        assert time.monotonic() - begun > 0.019 * ((len(body) - 2) // 40)


class TestCorruptedReplies:
    def body_of(self, proxy: FaultProxy, fault: WireFault, sent: bytes = CREATE) -> tuple[bytes, bytes]:
        proxy.strike(fault)
        head, _, body = exchange(proxy, sent).partition(b"\r\n\r\n")
        return head, body

    def test_garbage(self, proxy: FaultProxy) -> None:
        proxy.strike(WireFault("garbage"))
        assert not exchange(proxy).startswith(b"HTTP/")

    @pytest.mark.parametrize("work", ["done", "skipped"])
    def test_less_than_its_content_length(self, proxy: FaultProxy, work: Any) -> None:
        head, body = self.body_of(proxy, WireFault("truncated", after=9, work=work))
        assert (b"content-length: 109" in head, len(body)) == (True, 9)

    def test_chunks_without_their_end(self, proxy: FaultProxy) -> None:
        head, body = self.body_of(proxy, WireFault("truncated-chunked", after=9))
        assert (b"transfer-encoding: chunked" in head, body[:3], len(body)) == (True, b"9\r\n", 14)

    def test_a_chunk_whose_size_is_not_a_number(self, proxy: FaultProxy) -> None:
        assert self.body_of(proxy, WireFault("bad-chunk", after=9))[1].endswith(b"\r\nnot a number\r\n")

    def test_both_a_length_and_chunks(self, proxy: FaultProxy) -> None:
        head, body = self.body_of(
            proxy, WireFault("both-lengths"), request("POST", "/api/live-monitor", MONITOR, connection="close")
        )
        assert (b"content-length: 5\r\n" in head, b"transfer-encoding: chunked" in head) == (True, True)
        assert body.endswith(b"\r\n0\r\n\r\n")

    def test_bytes_after_the_reply(self, proxy: FaultProxy) -> None:
        proxy.strike(WireFault("surplus"))
        with connect(proxy) as sock:
            sock.sendall(CREATE)
            got = b""
            while b'{"job_id": "surplus"}' not in got:
                got += sock.recv(65536)
        assert got.count(b"HTTP/1.1 200 OK") == 2

    def test_huge_headers(self, proxy: FaultProxy) -> None:
        closing = request(connection="close")
        head, body = self.body_of(proxy, WireFault("huge-headers", size=200_000), closing)
        assert (len(head) > 200_000, json.loads(body)["jobs"]) == (True, [])

    def test_an_announcement_of_ten_gigabytes(self, proxy: FaultProxy) -> None:
        proxy.strike(WireFault("huge-length"))
        with connect(proxy) as sock:
            sock.sendall(LIST)
            got = b""
            while b"\r\n\r\n" not in got:
                got += sock.recv(65536)
            sock.settimeout(0.1)
            with pytest.raises(TimeoutError):
                while sock.recv(65536):
                    pass
        assert b"content-length: 10000000000\r\n" in got

    def test_interim_replies_without_end(self, proxy: FaultProxy) -> None:
        proxy.strike(WireFault("endless-1xx", every=0))
        with connect(proxy) as sock:
            sock.sendall(LIST)
            got = b""
            while got.count(b"HTTP/1.1 103 ") < 100:
                got += sock.recv(65536)
        proxy.wait_idle()

    def test_a_body_that_inflates(self, proxy: FaultProxy) -> None:
        head, body = self.body_of(proxy, WireFault("gzip-bomb", size=3 * 2**20), request(connection="close"))
        assert (b"content-encoding: gzip" in head, len(body) < 10_000) == (True, True)
        assert gzip.decompress(body) == bytes(3 * 2**20)


class TestLife:
    def test_connections_can_be_refused_for_a_while(self, stub: StubServer, proxy: FaultProxy) -> None:
        base_url = proxy.base_url
        proxy.refuse()
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            connect(proxy)
        proxy.accept()
        proxy.accept()
        with connect(proxy) as sock:
            sock.sendall(LIST)
            assert b" 200 " in read_reply(sock)[0]
        assert (proxy.base_url, proxy.connections) == (base_url, 1)

    def test_it_stops_at_once_during_any_fault(self, stub: StubServer) -> None:
        with FaultProxy(stub) as proxy:
            proxy.strike(WireFault("hang", work="late", seconds=60), times=2)
            late = connect(proxy)
            late.sendall(CREATE)
            late.close()
            hanging, streaming = connect(proxy), connect(proxy)
            hanging.sendall(CREATE)
            while len(proxy.requests) < 2:
                time.sleep(0.001)
            streaming.sendall(request("POST", "/api/live-monitor", MONITOR, accept="text/event-stream"))
            streaming.recv(100)
            begun = time.monotonic()
        assert time.monotonic() - begun < 5
        with hanging, streaming:
            assert hanging.recv(1) == b""
        assert "trio-stub-proxy" not in [thread.name for thread in threading.enumerate()]

    def test_it_can_be_stopped_while_it_refuses(self, stub: StubServer) -> None:
        with FaultProxy(stub) as proxy:
            proxy.refuse()
        proxy.stop()
        with pytest.raises(RuntimeError, match="is not running"):
            proxy.accept()

    def test_it_starts_once_and_needs_a_server(self, proxy: FaultProxy) -> None:
        with pytest.raises(RuntimeError, match="already"):
            proxy.start()
        for nothing in (StubServer(), "https://x.example:1", "http://x.example"):
            with pytest.raises(ValueError, match="server"):
                FaultProxy(nothing)

    def test_a_base_url_is_enough(self, stub: StubServer) -> None:
        with FaultProxy(stub.base_url) as proxy, connect(proxy) as sock:
            sock.sendall(LIST)
            assert b" 200 " in read_reply(sock)[0]
            assert proxy.base_url.endswith("/api")

    @pytest.mark.thorough
    def test_it_leaks_nothing(self) -> None:
        program = """
import gc, logging, socket
logging.getLogger("asyncio").setLevel("ERROR")  # a slow machine logs warnings of slow callbacks
from trio_client.stub import FaultProxy, StubServer, WireFault
with StubServer() as stub, FaultProxy(stub) as proxy:
    for kind in ("reset", "close", "hang", "garbage", "truncated", "bad-chunk", "endless-1xx"):
        proxy.strike(WireFault(kind, work="late"))
        port = int(proxy.base_url.split(":")[2].partition("/")[0])
        with socket.create_connection(("127.0.0.1", port), timeout=0.05) as sock:
            sock.sendall(b"GET /api/jobs HTTP/1.1\\r\\nhost: localhost\\r\\n\\r\\n")
            try:
                while sock.recv(65536) and kind != "endless-1xx":
                    pass
            except OSError:
                pass
gc.collect()
"""
        command = [sys.executable, "-W", "error", "-X", "dev", "-c", program]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, "")
