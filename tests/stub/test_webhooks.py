from __future__ import annotations

import hashlib
import hmac
import json
import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from trio_client.stub import Scene, StubServer

YARD = "rtsp://camera.example/yard"
Connect = Callable[..., httpx.Client]
Eventually = Callable[[Callable[[], object]], None]


def start(client: httpx.Client, url: str, **fields: Any) -> str:
    body = {"stream_url": YARD, "condition": "Is the gate open?", "webhook_url": url, **fields}
    reply = client.post("/live-monitor", json=body)
    assert reply.status_code == 200, reply.text
    return str(reply.json()["job_id"])


def test_the_webhooks_of_a_monitor_arrive_in_order(
    stub: StubServer, client: httpx.Client, receiver: Any, eventually: Eventually
) -> None:
    job_id = start(client, receiver.url)
    stub.clock.advance(40)
    eventually(lambda: len(receiver.got) == 3)
    started, triggered, stopped = (json.loads(body) for body, _ in receiver.got)
    assert (started["type"], started["data"]["job_id"]) == ("job_started", job_id)
    assert {name: triggered[name] for name in ("type", "source_url")} == {
        "type": "watch_triggered",
        "source_url": YARD,
    }
    assert set(triggered) == {"type", "timestamp", "source_url", "data"}
    assert set(triggered["data"]) == {"condition", "triggered", "explanation", "frame_b64"}
    assert triggered["data"]["triggered"] is True
    assert (stopped["type"], stopped["data"]["job_id"], stopped["data"]["status"]) == (
        "job_stopped",
        job_id,
        "completed",
    )
    assert (stopped["data"]["reason"], stopped["data"]["checks_performed"]) == ("condition_triggered", 3)
    assert started["timestamp"] < triggered["timestamp"] < stopped["timestamp"]


def test_a_failure_is_sent_as_a_webhook(
    stub: StubServer, client: httpx.Client, receiver: Any, eventually: Eventually
) -> None:
    stub.scene(YARD, Scene(offline_at=5))
    job_id = start(client, receiver.url)
    stub.clock.advance(40)
    eventually(lambda: len(receiver.got) == 2)
    error = json.loads(receiver.got[1][0])
    assert (error["type"], error["data"]["job_id"], error["data"]["code"]) == (
        "error",
        job_id,
        "STREAM_OFFLINE",
    )


def test_a_digest_is_sent_by_webhooks(
    stub: StubServer, client: httpx.Client, receiver: Any, eventually: Eventually
) -> None:
    body = {"stream_url": YARD, "webhook_url": receiver.url, "window_minutes": 1, "max_windows": 1}
    client.post("/live-digest", json=body)
    stub.clock.advance(100)
    eventually(lambda: len(receiver.got) == 3)
    assert [json.loads(body)["type"] for body, _ in receiver.got] == [
        "job_started",
        "summary_generated",
        "job_stopped",
    ]


def test_a_cancel_is_sent_as_a_webhook(
    stub: StubServer, client: httpx.Client, receiver: Any, eventually: Eventually
) -> None:
    job_id = start(client, receiver.url)
    client.delete(f"/jobs/{job_id}")
    eventually(lambda: receiver.got)
    assert json.loads(receiver.got[0][0])["data"]["reason"] == "cancelled"


def test_bodies_are_signed_as_they_are_sent(connect: Connect, receiver: Any, eventually: Eventually) -> None:
    with StubServer(speed=0, webhook_secret="s3cret") as server:
        start(connect(server), receiver.url, condition="Tür offen?")
        server.clock.advance(40)
        eventually(lambda: len(receiver.got) == 3)
    for body, headers in receiver.got:
        assert headers["x-trio-signature"] == hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
        assert headers["content-type"] == "application/json"


def test_without_a_secret_nothing_is_signed(
    stub: StubServer, client: httpx.Client, receiver: Any, eventually: Eventually
) -> None:
    start(client, receiver.url)
    stub.clock.advance(1)
    eventually(lambda: receiver.got)
    assert "x-trio-signature" not in receiver.got[0][1]


def test_a_webhook_that_is_not_accepted_is_sent_again(connect: Connect, receiver: Any, eventually: Eventually) -> None:
    receiver.statuses = [500, 302]
    with StubServer(speed=1000) as server:
        start(connect(server), receiver.url, condition="A van?")
        eventually(lambda: len(receiver.got) == 5)
        eventually(lambda: len(server.deliveries) == 5)
        assert [(entry.attempt, entry.status) for entry in server.deliveries] == [
            (1, 500), (2, 302), (3, 200), (1, 200), (1, 200),
        ]  # fmt: skip
    assert receiver.got[0][0] == receiver.got[1][0] == receiver.got[2][0]


def test_attempts_end(connect: Connect, receiver: Any, eventually: Eventually) -> None:
    receiver.statuses = [500] * 3
    with StubServer(speed=1000) as server:
        start(connect(server), receiver.url)
        eventually(lambda: len(receiver.got) == 5)
    bodies = [json.loads(body)["type"] for body, _ in receiver.got]
    assert bodies == ["job_started"] * 3 + ["watch_triggered", "job_stopped"]


def test_a_receiver_that_never_responds_does_not_delay_others(
    connect: Connect, receiver: Any, eventually: Eventually
) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as deaf,
        StubServer(speed=1000, webhook_timeout=0.5) as server,
    ):
        client = connect(server)
        deaf_url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        for _ in range(5):
            start(client, deaf_url)
        start(client, receiver.url)
        # A webhook whose response came too late is sent again.
        eventually(lambda: len({json.loads(body)["type"] for body, _ in receiver.got}) == 3)
        assert client.get("/jobs").status_code == 200
        eventually(lambda: any(entry.url == deaf_url for entry in server.deliveries))
        failed = next(entry for entry in server.deliveries if entry.url == deaf_url)
        assert (failed.status, failed.error) == (None, "no response within 0.5 s")


@pytest.mark.parametrize("reply", [b"SSH-2.0-x\r\n", b"", b"HTTP/1.1 abc\r\n\r\n"])
def test_a_receiver_that_speaks_no_http_is_reported(connect: Connect, eventually: Eventually, reply: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as odd, StubServer(speed=0) as server:
        odd.settimeout(5)
        start(connect(server), f"http://127.0.0.1:{odd.getsockname()[1]}/")
        server.clock.advance(1)
        connection, _ = odd.accept()
        with connection:
            while b"\r\n\r\n" not in connection.recv(65536):
                pass
            connection.sendall(reply)
            connection.shutdown(socket.SHUT_WR)
            eventually(lambda: server.deliveries)
        assert (server.deliveries[0].status, server.deliveries[0].error) == (None, "the response is not HTTP")
