"""The ASGI receiver, by itself and under uvicorn."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from trio_client import ConfigurationError, Event
from trio_client.webhooks import Claim, Deduplicator, sign
from trio_client.webhooks.asgi import WebhookApp

from .conftest import BODY, SECRET, Talk, request, status

SIGNED = [(b"x-trio-signature", sign(BODY, SECRET).encode())]


class Connection:
    """One request as a server passes it on, and the answer to it."""

    def __init__(self, *pieces: bytes, headers: Any = SIGNED, method: str = "POST", ends: bool = True) -> None:
        self.scope = {"type": "http", "method": method, "headers": headers}
        self._pieces = list(pieces or (BODY,))
        self._ends = ends
        self.status: int | None = None
        self.headers: dict[bytes, bytes] = {}
        self.body = b""
        self.answered = anyio.Event()

    async def receive(self) -> dict[str, Any]:
        await anyio.lowlevel.checkpoint()
        if self._pieces:
            piece = self._pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(self._pieces) or not self._ends}
        if self._ends:
            return {"type": "http.disconnect"}
        await anyio.sleep_forever()
        raise AssertionError

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.body += message["body"]
            self.answered.set()


async def call(app: WebhookApp, *pieces: bytes, **options: Any) -> Connection:
    connection = Connection(*pieces, **options)
    await app(connection.scope, connection.receive, connection.send)
    return connection


class Failing:
    """A handler that fails a given number of times, and keeps what it received."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.events: list[Event] = []
        self.threads: set[int] = set()

    async def __call__(self, event: Event) -> None:
        await anyio.lowlevel.checkpoint()
        self.handle(event)

    def handle(self, event: Event) -> None:
        self.threads.add(threading.get_ident())
        if self.failures:
            self.failures -= 1
            raise ValueError("the handler is broken")
        self.events.append(event)


@pytest.mark.anyio
async def test_a_signed_delivery_is_handled() -> None:
    handler = Failing()
    connection = await call(WebhookApp(handler, secret=SECRET), BODY[:10], b"", BODY[10:])
    assert (connection.status, connection.body) == (200, b"handled")
    assert connection.headers[b"content-length"] == b"7"
    assert [event.kind for event in handler.events] == ["started"]
    assert handler.threads == {threading.get_ident()}


@pytest.mark.anyio
async def test_a_handler_that_is_not_async_runs_in_a_thread() -> None:
    handler = Failing()
    assert (await call(WebhookApp(handler.handle, secret=SECRET))).status == 200
    assert threading.get_ident() not in handler.threads


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("expected", "pieces", "options"),
    [
        (401, [], {"headers": []}),
        (401, [], {"headers": SIGNED * 2}),
        (401, [BODY, b" "], {}),
        (400, [b"null"], {"headers": [(b"X-Trio-Signature", sign(b"null", SECRET).encode())]}),
        (400, [], {"headers": [*SIGNED, (b"content-length", b"\xff")]}),
        (413, [b"x" * 100] * 3, {}),
        (413, [], {"headers": [*SIGNED, (b"Content-Length", b"201")]}),
        (405, [], {"method": "GET"}),
        (408, [BODY], {"ends": False}),
    ],
)
async def test_what_is_wrong_is_refused(expected: int, pieces: list[bytes], options: dict[str, Any]) -> None:
    handler = Failing()
    app = WebhookApp(handler, secret=SECRET, max_body_bytes=200, body_timeout=0.05 if expected == 408 else 30)
    connection = await call(app, *pieces, **options)
    assert connection.status == expected
    assert handler.events == []
    assert SECRET.encode() not in connection.body


@pytest.mark.anyio
async def test_a_sender_that_hangs_up_is_not_answered() -> None:
    connection = Connection()
    connection._pieces = []
    await WebhookApp(Failing(), secret=SECRET)(connection.scope, connection.receive, connection.send)
    assert connection.status is None


@pytest.mark.anyio
async def test_a_failed_handler_is_answered_500_logged_and_given_the_retry(caplog: pytest.LogCaptureFixture) -> None:
    handler = Failing(failures=1)
    app = WebhookApp(handler, secret=SECRET, deduplicator=Deduplicator())
    assert [(await call(app)).status for _ in range(3)] == [500, 200, 200]
    assert len(handler.events) == 1
    assert "the handler is broken" in caplog.text


@pytest.mark.anyio
async def test_a_handler_that_is_cancelled_is_given_the_retry() -> None:
    async def handler(event: Event) -> None:
        await anyio.sleep_forever()

    store = Deduplicator()
    with anyio.move_on_after(0.05) as scope:
        await call(WebhookApp(handler, secret=SECRET, deduplicator=store))
    assert scope.cancelled_caught
    assert len(store) == 0


@pytest.mark.anyio
async def test_tasks_that_deliver_one_event_have_it_handled_once() -> None:
    handler = Failing()
    app = WebhookApp(handler, secret=SECRET, deduplicator=Deduplicator())
    connections = [Connection() for _ in range(20)]
    async with anyio.create_task_group() as tasks:
        for connection in connections:
            tasks.start_soon(app, connection.scope, connection.receive, connection.send)
    assert len(handler.events) == 1
    assert {connection.status for connection in connections} <= {200, 503}


@pytest.mark.anyio
async def test_in_the_background_the_answer_does_not_wait() -> None:
    go, handled = anyio.Event(), Failing()

    async def handler(event: Event) -> None:
        await go.wait()
        handled.handle(event)

    app = WebhookApp(handler, secret=SECRET, background=True, deduplicator=Deduplicator())
    first = Connection()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(app, first.scope, first.receive, first.send)
        with anyio.fail_after(5):
            await first.answered.wait()
        assert (first.body, (await call(app)).body, handled.events) == (b"accepted", b"duplicate", [])
        go.set()
    assert len(handled.events) == 1


@pytest.mark.anyio
async def test_in_the_background_what_is_wrong_is_refused_and_the_rest_bounded(monkeypatch: Any) -> None:
    app = WebhookApp(Failing(), secret=SECRET, background=True)
    assert (await call(app, headers=[])).status == 401
    monkeypatch.setattr("trio_client.webhooks.asgi._MAX_IN_BACKGROUND", 0)
    assert (await call(app)).status == 503


@pytest.mark.anyio
@pytest.mark.parametrize("signature", [None, b"", b"0" * 63, b"sha256=", b"x" * 64])
async def test_without_a_signature_that_can_match_no_body_is_read(signature: bytes | None) -> None:
    connection = Connection(headers=[] if signature is None else [(b"x-trio-signature", signature)])

    async def unread() -> dict[str, Any]:
        raise AssertionError

    await WebhookApp(Failing(), secret=SECRET)(connection.scope, unread, connection.send)
    assert connection.status == 401


@pytest.mark.anyio
@pytest.mark.parametrize("background", [False, True])
async def test_bodies_are_bounded_together_until_their_events_are_handled(background: bool) -> None:
    inside, go_on = anyio.Event(), anyio.Event()

    async def handler(_: Event) -> None:
        inside.set()
        await go_on.wait()

    app = WebhookApp(handler, secret=SECRET, max_body_bytes=100, max_held_bytes=100, background=background)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call, app)
        await inside.wait()
        for _ in range(3):
            refused = await call(app)
            assert (refused.status, refused.headers[b"retry-after"]) == (503, b"5")
            assert (await app.receive("POST", SIGNED, BODY)).status == 503
        go_on.set()
    assert (await call(app)).status == 200
    assert (await app.receive("POST", SIGNED, BODY)).status == 200


@pytest.mark.anyio
async def test_an_answer_that_cannot_be_sent_gives_the_event_back() -> None:
    async def send(message: Any) -> None:
        raise OSError("the connection is gone")

    store, connection = Deduplicator(), Connection()
    app = WebhookApp(Failing(), secret=SECRET, background=True, deduplicator=store)
    with pytest.raises(OSError, match="gone"):
        await app(connection.scope, connection.receive, send)
    assert len(store) == 0


class AwaitedStore:
    """A store of one's own, whose methods are awaited."""

    def __init__(self) -> None:
        self.inner = Deduplicator()

    async def claim(self, key: str) -> Claim:
        return self.inner.claim(key)

    async def confirm(self, key: str) -> None:
        self.inner.confirm(key)

    async def release(self, key: str) -> None:
        self.inner.release(key)


class BlockingStore:
    """A store of one's own, whose methods take their time."""

    def __init__(self) -> None:
        self.inner = Deduplicator()
        self.threads: set[int] = set()

    def claim(self, key: str) -> Claim:
        self.threads.add(threading.get_ident())
        return self.inner.claim(key)

    def confirm(self, key: str) -> None:
        self.inner.confirm(key)

    def release(self, key: str) -> None:
        self.inner.release(key)


@pytest.mark.anyio
@pytest.mark.parametrize("kind", [AwaitedStore, BlockingStore])
async def test_a_store_of_ones_own_is_asked(kind: Any) -> None:
    handler, store = Failing(failures=1), kind()
    app = WebhookApp(handler, secret=SECRET, deduplicator=store)
    assert [(await call(app)).status for _ in range(3)] == [500, 200, 200]
    assert len(handler.events) == 1
    assert threading.get_ident() not in getattr(store, "threads", ())


@pytest.mark.anyio
async def test_startup_and_shutdown_are_confirmed_to_the_server() -> None:
    steps = iter(["lifespan.startup", "lifespan.shutdown"])
    sent: list[str] = []

    async def receive() -> dict[str, str]:
        return {"type": next(steps)}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await WebhookApp(Failing(), secret=SECRET)({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.mark.anyio
async def test_a_websocket_is_closed() -> None:
    connection = Connection()
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await WebhookApp(Failing(), secret=SECRET)({"type": "websocket"}, connection.receive, send)
    assert sent == ["websocket.close"]


def test_no_secret_is_refused_unless_unsigned_is_a_choice() -> None:
    with pytest.raises(ConfigurationError, match="unsigned=True"):
        WebhookApp(Failing(), secret=None)
    assert repr(WebhookApp(Failing(), unsigned=True)) == "<trio_client.webhooks.asgi.WebhookApp, unsigned>"


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    """Serves applications with uvicorn and returns their ports."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: Any) -> int:
        config = uvicorn.Config(app, port=0, log_level="error", lifespan="on", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        running.append((server, thread))
        while not server.started:
            assert thread.is_alive()
            threading.Event().wait(0.01)
        return int(server.servers[0].sockets[0].getsockname()[1])

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join()


def test_a_server_accepts_good_deliveries_and_refuses_bad_ones(serve: Callable[..., int], talk: Talk) -> None:
    handler = Failing()
    port = serve(WebhookApp(handler, secret=SECRET, deduplicator=Deduplicator()))
    signature = f"X-Trio-Signature: sha256={sign(BODY, SECRET).upper()}"
    assert [status(talk(port, request(BODY, signature))) for _ in range(2)] == [200, 200]
    assert status(talk(port, request(BODY))) == 401
    assert status(talk(port, request(BODY, signature, signature))) == 401
    assert status(talk(port, request(BODY.replace(b"a1", b"a2"), signature))) == 401
    assert status(talk(port, request(b"", method="GET"))) == 405
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
    assert status(talk(port, request(chunked, signature, "Transfer-Encoding: chunked", length=-1))) == 200
    assert len(handler.events) == 1


def test_under_a_server_the_slow_and_the_large_are_bounded(serve: Callable[..., int], talk: Talk) -> None:
    port = serve(WebhookApp(Failing(), secret=SECRET, max_body_bytes=1000, body_timeout=1))
    assert status(talk(port, request(b"", length=10**12))) == 413
    signature = f"X-Trio-Signature: {sign(BODY, SECRET)}"
    assert status(talk(port, request(b"{", signature, length=50))) == 408
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    assert status(talk(port, request(chunk, signature, "Transfer-Encoding: chunked", length=-1))) == 413
    assert status(talk(port, request(b"{", length=50))) == 401  # before the rest of the body arrives


def test_mounted_in_starlette_it_works_as_a_route_and_below_a_path(serve: Callable[..., int], talk: Talk) -> None:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield

    hooks = WebhookApp(Failing(), secret=SECRET)
    port = serve(Starlette(routes=[Route("/hooks/trio", hooks), Mount("/other", hooks)], lifespan=lifespan))
    good = request(BODY, f"X-Trio-Signature: {sign(BODY, SECRET)}")
    assert status(talk(port, good)) == 200
    assert status(talk(port, good.replace(b"/hooks/trio", b"/other/"))) == 200
