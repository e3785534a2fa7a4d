"""The WSGI receiver, by itself and under the standard library's server."""

from __future__ import annotations

import asyncio
import io
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.validate import validator

import pytest

from trio_client import ConfigurationError, Event
from trio_client.webhooks import Deduplicator, sign
from trio_client.webhooks.wsgi import WebhookApp

from .conftest import BODY, SECRET, Talk, request, status

SIGNED = {"HTTP_X_TRIO_SIGNATURE": sign(BODY, SECRET)}


def environ(body: bytes = BODY, method: str = "POST", **more: Any) -> dict[str, Any]:
    return {"REQUEST_METHOD": method, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body), **more}


def call(app: WebhookApp, environ: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    started: list[Any] = []
    body = b"".join(app(environ, lambda *given: started.append(given)))
    ((line, headers),) = started
    return int(line.split()[0]), dict(headers), body


class Failing:
    """A handler that fails a given number of times, and keeps what it received."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        if self.failures:
            self.failures -= 1
            raise ValueError("the handler is broken")
        self.events.append(event)


def test_a_signed_delivery_is_handled() -> None:
    handler = Failing()
    answered = call(WebhookApp(handler, secret=SECRET), environ(**SIGNED))
    assert answered == (200, {"Content-Type": "text/plain; charset=us-ascii", "Content-Length": "7"}, b"handled")
    assert [event.kind for event in handler.events] == ["started"]


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        (401, environ()),
        (401, environ(HTTP_X_TRIO_SIGNATURE="0" * 64)),
        (401, environ(BODY + b" ", **SIGNED)),
        (400, environ(b"[]", HTTP_X_TRIO_SIGNATURE=sign(b"[]", SECRET))),
        (400, environ(b"", HTTP_X_TRIO_SIGNATURE=sign(b"", SECRET))),
        (400, environ(**SIGNED) | {"CONTENT_LENGTH": "-1"}),
        (400, environ(**SIGNED) | {"CONTENT_LENGTH": "1e3"}),
        (400, environ(**SIGNED) | {"CONTENT_LENGTH": str(len(BODY) + 1)}),
        (413, environ(b"x" * 201)),
        (413, environ() | {"CONTENT_LENGTH": "9" * 5000}),
        (413, environ(b"x" * 201, **SIGNED, **{"wsgi.input_terminated": True}) | {"CONTENT_LENGTH": ""}),
        (411, environ(HTTP_TRANSFER_ENCODING="chunked", **SIGNED) | {"CONTENT_LENGTH": ""}),
        (405, environ(method="GET")),
        (405, environ(method="PUT", **SIGNED)),
    ],
)
def test_what_is_wrong_is_refused_without_details(expected: int, given: dict[str, Any]) -> None:
    handler = Failing()
    answered, headers, body = call(WebhookApp(handler, secret=SECRET, max_body_bytes=200), given)
    assert answered == expected
    assert handler.events == []
    assert SECRET.encode() not in body
    assert sign(BODY, SECRET).encode() not in body
    assert headers.get("Allow") == ("POST" if expected == 405 else None)


def test_a_body_whose_end_the_server_knows_needs_no_length() -> None:
    given = environ(**SIGNED, **{"wsgi.input_terminated": True}) | {"CONTENT_LENGTH": ""}
    assert call(WebhookApp(Failing(), secret=SECRET), given)[0] == 200


@pytest.mark.parametrize(("error", "expected"), [(TimeoutError(), 408), (ConnectionResetError(), 400)])
def test_a_sender_that_falls_silent_or_goes_away_ends_the_request(error: OSError, expected: int) -> None:
    class Broken(io.BytesIO):
        def read1(self, size: int | None = -1) -> bytes:
            raise error

    assert call(WebhookApp(Failing(), secret=SECRET), environ(**SIGNED) | {"wsgi.input": Broken()})[0] == expected


def test_a_sender_that_dribbles_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dribbling(io.BytesIO):
        def read1(self, size: int | None = -1) -> bytes:
            moments[0] += 1
            return super().read1(1)

    moments = [0.0]
    monkeypatch.setattr("trio_client.webhooks.wsgi.time.monotonic", lambda: moments[0])
    app = WebhookApp(Failing(), secret=SECRET, body_timeout=5)
    assert call(app, environ(**SIGNED) | {"wsgi.input": Dribbling(BODY)})[0] == 408
    assert moments == [6]


def test_a_failed_handler_is_answered_500_logged_and_given_the_retry(caplog: pytest.LogCaptureFixture) -> None:
    handler = Failing(failures=1)
    app = WebhookApp(handler, secret=SECRET, deduplicator=Deduplicator())
    assert [call(app, environ(**SIGNED))[0] for _ in range(3)] == [500, 200, 200]
    assert len(handler.events) == 1
    assert "the handler is broken" in caplog.text
    assert SECRET not in caplog.text


def test_a_handler_that_is_interrupted_is_given_the_retry() -> None:
    def handler(event: Event) -> None:
        raise KeyboardInterrupt

    store = Deduplicator()
    app = WebhookApp(handler, secret=SECRET, deduplicator=store)
    with pytest.raises(KeyboardInterrupt):
        call(app, environ(**SIGNED))
    assert len(store) == 0


def test_a_delivery_of_what_is_being_handled_is_sent_back_for_later() -> None:
    app = WebhookApp(lambda _: inner.append(call(app, environ(**SIGNED))), secret=SECRET, deduplicator=Deduplicator())
    inner: list[Any] = []
    assert call(app, environ(**SIGNED))[0] == 200
    ((answered, headers, _),) = inner
    assert (answered, headers["Retry-After"]) == (503, "5")


def test_a_store_that_fails_is_answered_500(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Deduplicator):
        def claim(self, key: str) -> Any:
            raise ConnectionError("the store is away")

    handler = Failing()
    assert call(WebhookApp(handler, secret=SECRET, deduplicator=Broken()), environ(**SIGNED))[0] == 500
    assert handler.events == []
    assert "the store is away" in caplog.text


def test_an_async_handler_is_run() -> None:
    handled: list[str] = []

    async def handler(event: Event) -> None:
        await asyncio.sleep(0)
        handled.append(event.kind)

    assert call(WebhookApp(handler, secret=SECRET), environ(**SIGNED))[0] == 200
    assert handled == ["started"]


def test_in_the_background_the_answer_does_not_wait_and_the_end_does() -> None:
    go, handled = threading.Event(), Failing()

    def handler(event: Event) -> None:
        assert go.wait(10)
        handled(event)

    app = WebhookApp(handler, secret=SECRET, background=True, deduplicator=Deduplicator())
    assert [call(app, environ(**SIGNED))[2] for _ in range(2)] == [b"accepted", b"duplicate"]
    assert handled.events == []
    go.set()
    app.close()
    assert len(handled.events) == 1


def test_a_failure_in_the_background_is_logged_and_a_redelivery_is_handled(caplog: pytest.LogCaptureFixture) -> None:
    handler = Failing(failures=1)
    app = WebhookApp(handler, secret=SECRET, background=True, deduplicator=Deduplicator())
    for _ in range(2):
        assert call(app, environ(**SIGNED))[2] == b"accepted"
        app.close()
    assert len(handler.events) == 1
    assert "the handler is broken" in caplog.text


def test_the_background_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trio_client.webhooks.wsgi._MAX_IN_BACKGROUND", 0)
    store = Deduplicator()
    app = WebhookApp(Failing(), secret=SECRET, background=True, deduplicator=store)
    assert call(app, environ(**SIGNED))[0] == 503
    assert len(store) == 0


class Unread:
    """A body that must not be read."""

    def read(self, size: int) -> bytes:
        raise AssertionError(size)


@pytest.mark.parametrize("signature", [None, "", "0" * 63, "sha256=", "x" * 64])
def test_without_a_signature_that_can_match_no_body_is_read(signature: str | None) -> None:
    headers = {} if signature is None else {"HTTP_X_TRIO_SIGNATURE": signature}
    given = environ(**headers) | {"CONTENT_LENGTH": str(16 * 2**20), "wsgi.input": Unread()}
    assert call(WebhookApp(Failing(), secret=SECRET), given)[0] == 401


def test_bodies_are_bounded_together_until_their_events_are_handled() -> None:
    inside, go_on = threading.Event(), threading.Event()

    def handler(_: Event) -> None:
        inside.set()
        assert go_on.wait(10)

    app = WebhookApp(handler, secret=SECRET, max_body_bytes=100, max_held_bytes=100, background=True)
    assert call(app, environ(**SIGNED))[0] == 200
    assert inside.wait(10)
    for _ in range(3):
        answered, headers, _body = call(app, environ(**SIGNED))
        assert (answered, headers["Retry-After"]) == (503, "5")
        assert app.receive("POST", SIGNED, BODY).status == 503
    go_on.set()
    app.close()
    assert [call(app, environ(**SIGNED))[0], call(app, environ(**SIGNED, CONTENT_LENGTH="5"))[0]] == [200, 401]
    app.close()
    assert app.receive("POST", SIGNED, BODY).status == 200


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"secret": None},
        {"secret": ""},
        {"secret": " "},
        {"secret": []},
        {"secret": ["good", ""]},
        {"secret": SECRET, "unsigned": True},
        {"secret": SECRET, "max_body_bytes": 0},
        {"secret": SECRET, "max_body_bytes": 2**30},
        {"secret": SECRET, "max_held_bytes": 2**20},
        {"secret": SECRET, "max_age": 0},
        {"secret": SECRET, "max_age": "300"},
        {"secret": SECRET, "body_timeout": float("nan")},
        {"secret": SECRET, "body_timeout": "10"},
        {"secret": SECRET, "max_body_bytes": "1000"},
        {"secret": SECRET, "max_held_bytes": None},
    ],
)
def test_what_cannot_be_meant_is_refused_when_the_application_is_made(bad: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        WebhookApp(Failing(), **bad)


def test_unsigned_is_a_choice() -> None:
    assert call(WebhookApp(Failing(), unsigned=True), environ())[0] == 200


def test_the_age_is_held() -> None:
    app = WebhookApp(Failing(), secret=iter([SECRET]), max_age=60, clock=lambda: 1_769_940_061)
    assert call(app, environ(**SIGNED))[0] == 401


def test_the_secret_is_in_no_text() -> None:
    assert repr(WebhookApp(Failing(), secret=SECRET)) == "<trio_client.webhooks.wsgi.WebhookApp, signed>"


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    """Serves applications with wsgiref, checked for conformity, and returns their ports."""
    running: list[Any] = []

    class Quiet(WSGIRequestHandler):
        timeout = 0.3

        def log_message(self, *_: object) -> None:
            pass

    def start(app: Any) -> int:
        server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((server, thread))
        return server.server_port

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_server_accepts_good_deliveries_and_refuses_bad_ones(serve: Callable[..., int], talk: Talk) -> None:
    handler = Failing()
    port = serve(validator(WebhookApp(handler, secret=SECRET, deduplicator=Deduplicator())))
    signature = f"X-Trio-Signature: sha256={sign(BODY, SECRET).upper()}"
    assert [status(talk(port, request(BODY, signature))) for _ in range(2)] == [200, 200]
    assert status(talk(port, request(BODY))) == 401
    assert status(talk(port, request(BODY, signature, signature))) == 401
    assert status(talk(port, request(BODY.replace(b"a1", b"a2"), signature))) == 401
    assert status(talk(port, request(b"", method="GET"))) == 405
    assert len(handler.events) == 1


def test_under_a_server_the_slow_and_the_large_are_bounded(serve: Callable[..., int], talk: Talk) -> None:
    logging.getLogger("trio_client").setLevel(logging.WARNING)
    port = serve(WebhookApp(Failing(), secret=SECRET, max_body_bytes=1000))
    assert status(talk(port, request(b"", length=10**12))) == 413
    signature = f"X-Trio-Signature: {sign(BODY, SECRET)}"
    assert status(talk(port, request(b"{", signature, length=50))) == 408
    assert status(talk(port, request(b"{", signature, length=50), hang_up=True)) == 400
    assert (
        status(talk(port, request(b"1\r\n{\r\n0\r\n\r\n", signature, "Transfer-Encoding: chunked", length=-1))) == 411
    )
