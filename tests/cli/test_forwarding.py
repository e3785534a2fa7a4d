"""`webhooks listen --forward-to`, over real sockets."""

from __future__ import annotations

import json
import re
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Event, Thread

import pytest

from trio_client.cli import _forwarding
from trio_client.cli._out import Out
from trio_client.webhooks import sign

from .conftest import Done, Run

BODY = b'{"type": "job_started",  "data": {"job_id": "a1", "stream_url": "rtsp://u:hunter2@c/1"}}'
TIMEOUT = 30


class Application:
    """What deliveries are sent on to: it answers with the statuses given, then with 200."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.received: list[tuple[bytes, str | None, str]] = []
        application = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                application.received.append((body, self.headers["X-Trio-Signature"], self.path))
                self.send_response(application.statuses.pop(0) if application.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def application() -> Iterator[Application]:
    application = Application()
    yield application
    application.close()


def listen(run: Run, monkeypatch: pytest.MonkeyPatch, *args: str, secret: str = "s3cret") -> tuple[Done, int]:
    """Run the command for one delivery; return its outcome and the status of the answer."""
    monkeypatch.setattr(_forwarding, "_DELAYS", (0.01, 0.02, 0.03, 0.04))
    monkeypatch.setenv("TRIO_WEBHOOK_SECRET", secret)
    ports: Queue[int] = Queue()
    answers: Queue[int] = Queue()

    def send() -> None:
        url = f"http://127.0.0.1:{ports.get(timeout=TIMEOUT)}/?camera=3"
        request = urllib.request.Request(url, BODY, {"X-Trio-Signature": sign(BODY, "s3cret")})
        with urllib.request.urlopen(request, timeout=TIMEOUT) as reply:
            answers.put(reply.status)

    note = _forwarding.Out.note

    def noted(self: _forwarding.Out, text: str, **options: bool) -> None:
        found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", text)
        if found:
            ports.put(int(found[1]))
        note(self, text, **options)

    monkeypatch.setattr(_forwarding.Out, "note", noted)
    sender = Thread(target=send, daemon=True)
    sender.start()
    done = run("webhooks", "listen", "--port", "0", "--json", *args)
    return done, answers.get(timeout=TIMEOUT)


def test_the_same_bytes_and_signature_are_sent_on(
    run: Run, monkeypatch: pytest.MonkeyPatch, application: Application
) -> None:
    done, answer = listen(run, monkeypatch, "--forward-to", application.url, "--count", "1")
    assert application.received == [(BODY, sign(BODY, "s3cret"), "/hook?camera=3")]
    assert (done.code, answer, json.loads(done.out)["kind"]) == (0, 200, "started")
    assert re.search(r"forwarded started: 200 in \d+ ms \(attempt 1 of 5\)\n", done.err)


def test_a_delivery_is_sent_up_to_four_times_more(
    run: Run, monkeypatch: pytest.MonkeyPatch, application: Application
) -> None:
    application.statuses = [500, 302, 404]
    done, answer = listen(run, monkeypatch, "--forward-to", application.url, "--count", "1")
    assert (done.code, answer, len(application.received)) == (0, 200, 4)
    assert re.findall(r"forwarded started: (\d+) .*attempt (\d)", done.err) == [
        ("500", "1"),
        ("302", "2"),
        ("404", "3"),
        ("200", "4"),
    ]


def test_what_failed_five_times_is_printed_whole_and_ends_the_command(
    run: Run, monkeypatch: pytest.MonkeyPatch, application: Application
) -> None:
    application.statuses = [500] * 9
    done, answer = listen(run, monkeypatch, "--forward-to", application.url)
    assert (done.code, answer, len(application.received)) == (1, 200, 5)
    assert "started was not delivered: 5 attempts failed. It was:\n" in done.err
    assert '{"type": "job_started", "data": {"job_id": "a1", "stream_url": "rtsp://***@c/1"}}' in done.err


def test_an_address_that_refuses_connections_fails_too(
    run: Run, monkeypatch: pytest.MonkeyPatch, application: Application
) -> None:
    application.close()
    done, answer = listen(run, monkeypatch, "--forward-to", application.url)
    assert (done.code, answer, done.err.count("ConnectError")) == (1, 200, 5)


@pytest.mark.parametrize("url", ["nothing", "ftp://a/b", "http://", "http://a:99999/"])
def test_an_address_that_cannot_be_sent_to_is_refused(run: Run, url: str) -> None:
    done = run("webhooks", "listen", "--unsigned", "--forward-to", url)
    assert (done.code, "--forward-to" in done.err) == (2, True)


class Attempts:
    """A forwarder whose attempts, after the first, wait until they are released; then they are taken or not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, taken: bool = False, delays: tuple[float, ...]) -> None:
        monkeypatch.setattr(_forwarding, "_DELAYS", delays)
        self.begun, self.release = Event(), Event()
        self.numbers: list[int] = []
        self.ended: list[bool] = []
        self.forwarder = _forwarding.Forwarder("http://127.0.0.1:1/", Out(), lambda: self.ended.append(True))

        def attempt(_delivery: _forwarding.Delivery, number: int, _limit: float) -> bool:
            self.numbers.append(number)
            if number == 1:
                return False
            self.begun.set()
            assert self.release.wait(TIMEOUT)
            return taken

        monkeypatch.setattr(self.forwarder, "_attempt", attempt)

    def send(self) -> Thread:
        """Send a delivery once, and return the thread that goes on with it."""
        before = set(threading.enumerate())
        self.forwarder.send(_forwarding.Delivery(BODY, {}, "", "started"))
        (thread,) = set(threading.enumerate()) - before
        return thread


@pytest.mark.parametrize("taken", [True, False])
def test_an_attempt_that_an_interruption_meets_ends_quietly_and_is_the_last(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], taken: bool
) -> None:
    attempts = Attempts(monkeypatch, taken=taken, delays=(0.0, 0.0))
    thread = attempts.send()
    assert attempts.begun.wait(TIMEOUT)
    attempts.forwarder.abandon()
    assert "started may not have been delivered: the command was interrupted. It was:\n" in capsys.readouterr().err
    attempts.release.set()
    thread.join(TIMEOUT)  # what it raises fails the test
    assert (thread.is_alive(), attempts.numbers, attempts.ended, attempts.forwarder.failed) == (
        *(False, [1, 2], []),
        False,
    )
    assert (capsys.readouterr().err, attempts.forwarder.finish()) == ("", 0)


def test_what_was_reported_as_not_delivered_is_not_sent_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    attempts = Attempts(monkeypatch, delays=(0.0,))
    waiting, going = Event(), Event()

    class Stop(Event):
        """A wait that ends before the interruption, in a thread that goes on after it."""

        def wait(self, timeout: float | None = None) -> bool:
            waiting.set()
            return not going.wait(TIMEOUT)

    monkeypatch.setattr(attempts.forwarder, "_stop", Stop())
    thread = attempts.send()
    assert waiting.wait(TIMEOUT)
    attempts.forwarder.abandon()
    going.set()
    attempts.release.set()
    thread.join(TIMEOUT)
    assert (thread.is_alive(), attempts.numbers) == (False, [1])
    assert capsys.readouterr().err.count("started was not delivered: the command was interrupted. It was:\n") == 1


def test_a_delivery_that_comes_after_the_interruption_is_reported_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    attempts = Attempts(monkeypatch, delays=(0.0,))
    attempts.forwarder.abandon()
    attempts.forwarder.send(_forwarding.Delivery(BODY, {}, "", "started"))
    assert attempts.numbers == [1]
    assert capsys.readouterr().err.count("started was not delivered: the command was interrupted. It was:\n") == 1
