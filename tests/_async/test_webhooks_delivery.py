"""From a create with a webhook URL to typed events in the hands of the receiver."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from trio_client import AsyncTrioClient, Started, Stopped, Summary, Triggered, WebhookSignatureError, webhooks
from trio_client.stub import StubServer

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
YARD = "rtsp://camera.example/yard"
OPEN = "the gate is open"
SECRET = "s3cret"


class Receiver:
    """Keeps what it is sent, and answers with the statuses it was given, then with 200."""

    def __init__(self) -> None:
        self.url = ""
        self.statuses: list[int] = []
        self.got: list[tuple[bytes, Mapping[str, str]]] = []


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            inbox.got.append((self.rfile.read(int(self.headers["content-length"])), dict(self.headers.items())))
            self.send_response(inbox.statuses.pop(0) if inbox.statuses else 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        inbox = Receiver()
        inbox.url = f"http://127.0.0.1:{server.server_port}/hook"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield inbox
        server.shutdown()
        thread.join()


@pytest.fixture
def signing() -> Iterator[StubServer]:
    with StubServer(speed=0, webhook_secret=SECRET) as server:
        yield server


async def test_a_receiver_gets_all_events_of_a_monitor(
    signing: StubServer, connect: Connect, receiver: Receiver, eventually: Any
) -> None:
    job = await connect(base_url=signing.base_url).live_monitor.create(YARD, OPEN, webhook_url=receiver.url)
    signing.clock.advance(100)
    eventually(lambda: len(receiver.got) == 3)
    started, triggered, stopped = [webhooks.unwrap(body, headers, SECRET) for body, headers in receiver.got]
    assert isinstance(started, Started)
    assert isinstance(triggered, Triggered)
    assert isinstance(stopped, Stopped)
    assert {("webhook", YARD)} == {(event.delivery, event.stream_url) for event in (started, triggered, stopped)}
    assert {job.job_id} == {started.job_id, stopped.job_id}
    assert (OPEN, True) == (triggered.condition, triggered.triggered)
    assert triggered.frame is not None
    assert "image/jpeg" == triggered.frame.media_type
    assert ("condition_triggered", "completed") == (stopped.reason, stopped.status)


async def test_a_digest_delivers_its_summaries(
    signing: StubServer, connect: Connect, receiver: Receiver, eventually: Any
) -> None:
    await connect(base_url=signing.base_url).live_digest.create(
        YARD, webhook_url=receiver.url, window_minutes=1, max_windows=1, include_frames=True
    )
    signing.clock.advance(100)
    eventually(lambda: len(receiver.got) == 3)
    summary = webhooks.unwrap(*receiver.got[1], SECRET)
    assert isinstance(summary, Summary)
    assert (1, True) == (summary.window_minutes, summary.grid is not None)


async def test_a_redelivery_has_the_key_of_the_first(
    signing: StubServer, connect: Connect, receiver: Receiver, eventually: Any
) -> None:
    signing.clock.speed = 1000
    receiver.statuses = [500, 503]
    await connect(base_url=signing.base_url).live_monitor.create(YARD, OPEN, webhook_url=receiver.url)
    eventually(lambda: len(receiver.got) == 5)
    keys = [webhooks.unwrap(body, headers, SECRET).dedup_key for body, headers in receiver.got]
    assert (1, 3) == (len(set(keys[:3])), len(set(keys)))


async def test_a_body_that_was_changed_on_the_way_is_refused(
    signing: StubServer, connect: Connect, receiver: Receiver, eventually: Any
) -> None:
    await connect(base_url=signing.base_url).live_monitor.create(YARD, OPEN, webhook_url=receiver.url)
    signing.clock.advance(5)
    eventually(lambda: receiver.got)
    body, headers = receiver.got[0]
    for changed, secret in [(body + b" ", SECRET), (body, "other")]:
        with pytest.raises(WebhookSignatureError):
            webhooks.unwrap(changed, headers, secret)


async def test_the_tag_comes_back_in_the_address_of_the_delivery(
    stub: StubServer, client: AsyncTrioClient, receiver: Receiver, eventually: Any
) -> None:
    job = await client.live_monitor.create(YARD, OPEN, webhook_url=receiver.url, tag_webhook_url=True)
    stub.clock.advance(5)
    eventually(lambda: receiver.got and stub.deliveries)
    detail = await client.jobs.get(job.job_id)
    assert detail.config is not None
    reference = stub.requests[0].headers["idempotency-key"]
    assert f"{receiver.url}?client_ref={reference}" == detail.config.webhook_url == stub.deliveries[0].url
