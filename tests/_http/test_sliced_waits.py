"""Where no signal ends a wait, as under Windows, the waits of a sync client come in slices, and lose nothing.

`_thread.interrupt_main` plays such a system: it is Ctrl-C that the main thread notices only once its wait has ended.
"""

from __future__ import annotations

import _thread
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpcore
import pytest
from raw_server import HOLD, RawServer

from trio_client import TrioClient
from trio_client._exit_cleanup import register, stop_all
from trio_client._http.concurrency.sync.limiter import Limiter
from trio_client._http.concurrency.sync.network import Backend
from trio_client._http.concurrency.sync.shield import do_together
from trio_client._http.concurrency.sync.wakeup import Wakeup
from trio_client._time_source import REAL, RealTime
from trio_client.stub import Scene, StubServer
from trio_client.testing import MockTrio

YARD = "rtsp://camera.example/yard"
SLICE = 0.02
LONG = 60.0


class Slices:
    """Counts the slices that ended without what they waited for."""

    def __init__(self) -> None:
        self.number = 0
        self._more = threading.Condition()

    def count(self) -> None:
        with self._more:
            self.number += 1
            self._more.notify_all()

    def wait_for_more(self, number: int = 2) -> None:
        with self._more:
            wanted = self.number + number
            assert self._more.wait_for(lambda: self.number >= wanted, LONG)


@pytest.fixture
def slices(monkeypatch: pytest.MonkeyPatch) -> Slices:
    monkeypatch.setattr(RealTime, "slice_seconds", SLICE)
    slices, in_slices = Slices(), REAL.in_slices

    def counting(wait: Callable[[float], Any], seconds: float) -> Any:
        def once(part: float) -> Any:
            assert part <= SLICE
            done = wait(part)
            if not done:
                slices.count()
            return done

        return in_slices(once, seconds)

    monkeypatch.setattr(REAL, "in_slices", counting, raising=False)
    return slices


@pytest.fixture
def ended() -> Iterator[threading.Event]:
    """What work in other threads waits for; the end of the test."""
    event = threading.Event()
    yield event
    event.set()


def interrupted(slices: Slices, work: Callable[[], object]) -> bool:
    """Whether Ctrl-C ends work that is waiting; also in a job of the background, whose shell has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def press() -> None:
        slices.wait_for_more()
        _thread.interrupt_main()

    thread = threading.Thread(target=press)
    thread.start()
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        thread.join()
        signal.signal(signal.SIGINT, before)
    return False


def test_ctrl_c_ends_the_wait_for_an_event_and_the_job_is_stopped(slices: Slices) -> None:
    with StubServer(speed=0, start_delay=0) as server:
        server.scene(YARD, Scene(holds=False))
        with TrioClient("key", base_url=server.base_url) as client:

            def watch() -> None:
                with client.live_monitor.stream(YARD, "the gate is open") as events:
                    for _ in events:
                        pass

            assert interrupted(slices, watch)
        assert [(job.status, job.reason) for job in server.jobs] == [("stopped", "cancelled")]


def test_ctrl_c_ends_the_wait_for_a_reply(slices: Slices) -> None:
    with RawServer([HOLD]) as server, TrioClient("key", base_url=server.base_url) as client:
        assert interrupted(slices, lambda: client.jobs.list())


def test_ctrl_c_ends_a_request_that_the_server_does_not_take(slices: Slices) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = Backend().connect_tcp(*server.getsockname(), timeout=LONG)
        connection, _ = server.accept()
        with connection:
            assert interrupted(slices, lambda: stream.write(bytes(2**26), LONG))
        stream.close()


def test_ctrl_c_ends_a_handshake(slices: Slices) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = Backend().connect_tcp(*server.getsockname(), timeout=LONG)
        connection, _ = server.accept()
        with connection:
            assert interrupted(slices, lambda: stream.start_tls(tls(server_side=False), None, LONG))


def test_ctrl_c_ends_the_lookup_of_a_name_and_its_connection_is_closed(
    slices: Slices, ended: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = threading.Event()

    class Stream(httpcore.NetworkStream):
        def close(self) -> None:
            closed.set()

    def connect(*_: object) -> httpcore.NetworkStream:
        ended.wait(LONG)
        return Stream()

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    assert interrupted(slices, lambda: Backend().connect_tcp("trio.example", 443))
    ended.set()
    assert closed.wait(LONG)


def test_where_no_thread_can_be_started_a_connection_is_made_without_one(
    slices: Slices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with socket.create_server(("127.0.0.1", 0)) as server:
        Backend().connect_tcp(*server.getsockname(), timeout=LONG).close()


def test_a_refused_connection_fails_as_it_does_elsewhere(slices: Slices) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
    with pytest.raises(httpcore.ConnectError, match="refused"):
        Backend().connect_tcp(*address, timeout=LONG)


@pytest.mark.parametrize("what", ["sleep", "wakeup", "limiter", "join", "exit"])
def test_ctrl_c_ends_waits_for_other_threads_and_retry_sleeps(
    slices: Slices, ended: threading.Event, what: str
) -> None:
    limiter = Limiter(1)
    assert limiter.acquire(0.0)
    waits: dict[str, Callable[[], object]] = {
        "sleep": partial(REAL.sleep, LONG),
        "wakeup": partial(Wakeup().wait, LONG),
        "limiter": partial(limiter.acquire, LONG),
        "join": partial(do_together, [lambda: [None, ended.wait(LONG)][0]], seconds=LONG),
        "exit": stop_all,
    }
    if what == "exit":
        register(lambda _: ended.wait(LONG))
    assert interrupted(slices, waits[what])


def test_ctrl_c_ends_a_call_to_a_mock(slices: Slices) -> None:
    with MockTrio() as mock:
        work = mock.client().jobs.list
        mock.stub.fail_next(delay=LONG)
        assert interrupted(slices, work)


def tls(*, server_side: bool) -> ssl.SSLContext:
    """A context that needs no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server_side else ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AECDH-AES256-SHA:@SECLEVEL=0")
    return context


def test_a_sliced_read_of_tls_loses_no_byte(slices: Slices) -> None:
    """Each record arrives in two parts, and the reader's slice ends between them; so it is in the handshake."""
    content = bytes(range(256)) * 200
    problems: list[BaseException] = []

    def serve(listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
            with connection:
                _speak(connection, content, slices)
        except BaseException as error:
            problems.append(error)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        plain = Backend().connect_tcp(*listener.getsockname(), timeout=LONG)
        stream = plain.start_tls(tls(server_side=False), None, LONG)
        received = b""
        while len(received) < len(content):
            received += bytes(stream.read(2**16, LONG))
        stream.write(b"thanks", LONG)
        stream.write(b"", LONG)  # the end of a request
        thread.join(LONG)
        stream.close()
    assert (problems, received == content) == ([], True)
    assert slices.number >= 10


def _speak(connection: socket.socket, content: bytes, slices: Slices) -> None:
    coming, going = ssl.MemoryBIO(), ssl.MemoryBIO()
    peer = tls(server_side=True).wrap_bio(coming, going, server_side=True)

    def send() -> None:
        data = going.read()
        for part in (data[: len(data) // 2], data[len(data) // 2 :]):
            if part:
                slices.wait_for_more()
                connection.sendall(part)

    def until_done(work: Callable[[], Any]) -> Any:
        while True:
            try:
                return work()
            except ssl.SSLWantReadError:
                send()
                coming.write(connection.recv(2**16))

    until_done(peer.do_handshake)
    send()
    for begin in range(0, len(content), 2**14):
        peer.write(content[begin : begin + 2**14])
        send()
    assert until_done(lambda: peer.read(100)) == b"thanks"


def test_elsewhere_a_wait_is_one_wait() -> None:
    assert RealTime.slice_seconds is None
    waits: list[float] = []
    assert REAL.in_slices(lambda seconds: waits.append(seconds), 7.0) is None
    assert waits == [pytest.approx(7.0, abs=1.0)]


def test_a_sleep_longer_than_the_system_can_wait_at_once_is_made_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        REAL.sleep(1e300)
    assert waits == [86_400.0] * 3
