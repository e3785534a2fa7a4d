"""`webhooks` and `stub`, over real sockets."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import urllib.error
import urllib.request
from pathlib import Path
from queue import Queue
from threading import Thread
from types import SimpleNamespace
from typing import Any
from wsgiref.simple_server import ServerHandler

import pytest

from trio_client.cli import _receiving
from trio_client.stub import StubServer
from trio_client.webhooks import sign

from .conftest import Run, Spawn

BODY = json.dumps(
    {"type": "job_started", "timestamp": "2026-02-01T10:00:00Z", "data": {"job_id": "a\x1b1", "stream_url": "rtsp://c"}}
).encode()
TIMEOUT = 30


def post(url: str, body: bytes, signature: str) -> int:
    request = urllib.request.Request(url, body, {"X-Trio-Signature": signature})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        with error:  # which holds the reply, and its connection
            return error.code


def test_deliveries_are_verified_printed_once_and_counted(spawn: Spawn, stub: StubServer, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    (tmp_path / "secret").chmod(0o600)
    args = ("webhooks", "listen", "--port", "0", "--secret-file", str(tmp_path / "secret"), "--json", "--count", "2")
    process = spawn(*args, server=stub)
    assert process.stderr is not None
    found = re.search(r"http://127\.0\.0\.1:\d+/", process.stderr.readline())
    assert found is not None
    url = found[0]
    second = BODY.replace(b"a\\u001b1", b"b2")
    answers = [
        post(url, BODY, "0" * 64),
        post(url, BODY, sign(BODY, "s3cret")),
        post(url, BODY, sign(BODY, "s3cret")),
        post(url, b"[]", sign(b"[]", "s3cret")),
        post(url, second, sign(second, "s3cret")),
    ]
    out, err = process.communicate(timeout=TIMEOUT)
    assert answers == [401, 200, 200, 400, 200]
    assert [json.loads(line)["job_id"] for line in out.splitlines()] == ["a\x1b1", "b2"]
    assert process.returncode == 0
    assert re.findall(r"answered (\d+)", err) == ["401", "200", "400"]
    assert "s3cret" not in out + err


def test_a_secret_before_an_unsigned_sender_is_explained_once(
    spawn: Spawn, stub: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIO_WEBHOOK_SECRET", "s3cret")
    process = spawn("webhooks", "listen", "--port", "0", "--count", "1", server=stub)
    assert process.stderr is not None
    found = re.search(r"http://127\.0\.0\.1:\d+/", process.stderr.readline())
    assert found is not None
    for _ in range(3):
        with pytest.raises(urllib.error.HTTPError, match="401") as refused:
            urllib.request.urlopen(urllib.request.Request(found[0], BODY), timeout=TIMEOUT)
        refused.value.close()
    assert post(found[0], BODY, sign(BODY, "s3cret")) == 200
    _, err = process.communicate(timeout=TIMEOUT)
    assert (err.count("\n"), err.count("--webhook-secret"), err.count("--unsigned")) == (1, 1, 1)


def test_the_last_delivery_is_answered_before_the_receiver_stops(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    ports: Queue[int] = Queue()

    def record(kind: type, name: str, word: str) -> None:
        method = getattr(kind, name)

        def recorded(self: Any, *arguments: Any, **named: Any) -> Any:
            order.append(word)
            return method(self, *arguments, **named)

        monkeypatch.setattr(kind, name, recorded)

    def send() -> None:
        order.append(f"got {post(f'http://127.0.0.1:{ports.get()}/', BODY, '')}")

    record(_receiving._Server, "shutdown", "stop")
    record(ServerHandler, "close", "answered")
    activate = _receiving._Server.server_activate
    monkeypatch.setattr(
        _receiving._Server, "server_activate", lambda self: (activate(self), ports.put(self.server_address[1]))
    )
    sender = Thread(target=send)
    sender.start()
    done = run("webhooks", "listen", "--unsigned", "--port", "0", "--count", "1")
    sender.join()
    assert done.code == 0
    assert sorted(order) == ["answered", "got 200", "stop"]
    assert order.index("answered") < order.index("stop")


def test_a_receiver_without_a_secret_needs_unsigned(run: Run) -> None:
    done = run("webhooks", "listen", "--port", "0")
    assert (done.code, "pass --unsigned on purpose" in done.err) == (2, True)
    done = run("webhooks", "listen", "--host", "0.0.0.0", "--unsigned")
    assert (done.code, "--allow-remote" in done.err) == (2, True)


@pytest.mark.parametrize(("secret", "code"), [("s3cret", 0), ("another", 1)])
def test_a_signature_is_verified(run: Run, monkeypatch: pytest.MonkeyPatch, secret: str, code: int) -> None:
    monkeypatch.setenv("TRIO_WEBHOOK_SECRET", secret)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(BODY)))
    done = run("webhooks", "verify", "--signature", sign(BODY, "s3cret"))
    assert done.code == code
    assert (code == 0) == (done.out == "fits  started  job a\\x1b1 on rtsp://c\n")


@pytest.mark.thorough
@pytest.mark.skipif(os.name == "nt", reason="needs SIGINT")
def test_the_stub_prints_its_address_and_ends_on_a_signal(spawn: Spawn, stub: StubServer) -> None:
    process = spawn("stub", "--speed", "600", "--accept-key", "one", server=stub)
    assert process.stdout is not None
    assert process.stderr is not None
    url = process.stdout.readline().partition(" on ")[2].split()[0]
    notes = process.stderr.readline() + process.stderr.readline()
    request = urllib.request.Request(f"{url}/api/jobs", headers={"Authorization": "Bearer two"})
    with pytest.raises(urllib.error.HTTPError, match="401") as refused:
        urllib.request.urlopen(request, timeout=TIMEOUT)
    refused.value.close()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130
    assert f"TRIO_BASE_URL={url}/api" in notes


def test_the_stub_refuses_other_machines(run: Run) -> None:
    done = run("stub", "--host", "0.0.0.0")
    assert (done.code, "not a loopback address" in done.err) == (2, True)
