"""Webhooks misbehave as scripted, in every layout."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, get_args

import httpx
import pytest

from trio_client.events import from_payload
from trio_client.stub import Scene, StubServer, WebhookScript
from trio_client.stub.documented.generations import WebhookShape

YARD = "rtsp://camera.example/yard"
Eventually = Callable[[Callable[[], object]], None]


def run_monitor(stub: StubServer, client: httpx.Client, receiver: Any, eventually: Eventually, count: int) -> list[Any]:
    """Run a monitor, and return the webhooks that were received."""
    body = {"stream_url": YARD, "condition": "Is the gate open?", "webhook_url": receiver.url}
    assert client.post("/live-monitor", json=body).status_code == 200
    stub.clock.advance(40)
    eventually(lambda: len(receiver.got) >= count)
    return [json.loads(body) for body, _ in receiver.got]


def kind(payload: dict[str, Any]) -> str:
    return str(payload.get("type") or payload.get("event"))


def test_copies_are_the_same_to_the_byte(
    stub: StubServer, client: httpx.Client, receiver: Any, eventually: Eventually
) -> None:
    stub.webhooks.copies = 2
    run_monitor(stub, client, receiver, eventually, 9)
    bodies = [body for body, _ in receiver.got]
    assert [bodies.count(body) for body in bodies] == [3] * 9


def test_reversed_the_newest_comes_first(
    stub: StubServer, client: httpx.Client, receiver: Any, eventually: Eventually
) -> None:
    stub.webhooks.reverse = True
    got = run_monitor(stub, client, receiver, eventually, 3)
    assert [kind(each) for each in got] == ["job_stopped", "watch_triggered", "job_started"]


def test_a_delay_is_waited_for(connect: Any, receiver: Any, eventually: Eventually) -> None:
    with StubServer(speed=1000) as stub:
        stub.webhooks.delay = 50
        run_monitor(stub, connect(stub), receiver, eventually, 3)
        eventually(lambda: len(stub.deliveries) == 3)
        first, *_, last = (delivery.time for delivery in stub.deliveries)
    assert last - first >= 0.1


def test_the_signature_can_be_missing_or_wrong(connect: Any, receiver: Any, eventually: Eventually) -> None:
    with StubServer(speed=0, webhook_secret="s3cret") as stub:
        stub.webhooks.update(unsigned=True, tampered=False)
        run_monitor(stub, connect(stub), receiver, eventually, 3)
        assert all("x-trio-signature" not in headers for _, headers in receiver.got)
        receiver.got.clear()
        stub.webhooks.update(unsigned=False, tampered=True)
        got = run_monitor(stub, connect(stub), receiver, eventually, 3)
        assert all(each["tampered"] is True for each in got)
        assert all("x-trio-signature" in headers for _, headers in receiver.got)


@pytest.mark.parametrize("shape", get_args(WebhookShape))
def test_every_layout_reports_the_same_events(
    shape: WebhookShape, stub: StubServer, client: httpx.Client, receiver: Any, eventually: Eventually
) -> None:
    stub.webhooks.shape = shape
    events = [from_payload(each) for each in run_monitor(stub, client, receiver, eventually, 3)]
    kinds = ["status" if shape == "status" else "started", "triggered", "stopped"]
    assert [event.kind for event in events] == kinds
    job_id = stub.jobs[0].job_id
    assert (events[0].job_id, events[2].job_id) == (job_id, job_id)
    assert events[1].job_id == (job_id if shape in ("mixed", "flat", "keyed") else None)
    assert (events[1].dedup_key is None) == (shape == "minimal")
    assert events[2].reason == "condition_triggered"


@pytest.mark.parametrize("shape", get_args(WebhookShape))
def test_every_layout_reports_failures_and_summaries(
    shape: WebhookShape, stub: StubServer, client: httpx.Client, receiver: Any, eventually: Eventually
) -> None:
    stub.webhooks.shape = shape
    body = {"stream_url": YARD, "webhook_url": receiver.url, "window_minutes": 1, "max_windows": None}
    assert client.post("/live-digest", json=body).status_code == 200
    stub.clock.advance(65)
    stub.scene(YARD, Scene(offline_at=66))
    stub.clock.advance(100)
    eventually(lambda: len(receiver.got) == 3)
    _, summary, failed = (from_payload(json.loads(each)) for each, _ in receiver.got)
    assert summary.kind == "summary"
    assert "Window 1" in summary.summary
    assert failed.kind == "failed"
    assert failed.terminal


def test_the_script_is_checked_and_can_be_set_over_http(stub: StubServer, client: httpx.Client) -> None:
    url = f"{stub.url}/_stub/webhooks"
    assert client.post(url, json={"copies": 2, "shape": "flat"}).json()["copies"] == 2
    assert (stub.webhooks.copies, stub.webhooks.shape) == (2, "flat")
    for wrong in ({"shape": "odd"}, {"copies": -1}, {"copies": True}, {"delay": "1"}, {"nothing": 1}):
        assert client.post(url, json=wrong).status_code == 422
    stub.reset()
    assert stub.webhooks == WebhookScript()
