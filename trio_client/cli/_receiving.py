"""A webhook receiver that prints what arrives."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Lock, local
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from ..events import Event
from ..webhooks import Deduplicator
from ..webhooks.wsgi import WebhookApp
from ._events import STYLES, event_data, headline
from ._exits import NO, ReaderGoneError, cannot_listen
from ._forwarding import Delivery, Forwarder, RecordedInput
from ._frames import FrameFolder
from ._out import Out
from ._session import Session
from ._text import iso

__all__ = ["receive"]

_IDLE_SECONDS = 10


def receive(
    session: Session,
    *,
    address: tuple[str, int],
    secret: str | None,
    unsigned: bool,
    signature_header: str,
    folder: Path | None,
    json: bool,
    limit: int | None,
    forward_to: str | None = None,
) -> int:
    """Print deliveries until a signal or the limit, and return the exit code."""
    host, port = address
    out = session.out
    session.protect(forward_to)
    forwarder = None if forward_to is None else Forwarder(forward_to, out, lambda: server.shutdown())  # noqa: PLW0108 - made below
    printer = _Printer(session, folder, json=json, limit=limit, forwarder=forwarder)
    receiver = WebhookApp(
        printer.show,
        secret=secret,
        unsigned=unsigned,
        signature_header=signature_header,
        deduplicator=Deduplicator(),
    )
    unsigned_hint = _UnsignedHint(out, signature_header) if secret is not None else None

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: Any, *rest: Any) -> Any:
            answered.append(status)
            return start_response(status, headers, *rest)

        answered: list[str] = []
        if unsigned_hint is not None and unsigned_hint.applies(environ):
            start_response("401 Unauthorized", [("Content-Type", "text/plain"), ("Content-Length", "24")])
            return [b"the signature is missing"]
        if forwarder is not None:
            environ["wsgi.input"] = RecordedInput(environ["wsgi.input"])
            printer.request.environ = environ
        body = receiver(environ, start)
        if body != [b"handled"]:
            out.warn(f"a delivery was answered {answered[0]}: {b''.join(body).decode('ascii')}")
        return body

    try:
        server = make_server(host, port, application, server_class=_Server, handler_class=_Handler)
    except OSError as error:
        raise cannot_listen(host, port, error) from None
    server.printer = printer
    try:
        with server:
            out.note(f"listening on http://{host}:{server.server_port}/ (any path); Ctrl-C stops it")
            server.serve_forever(poll_interval=0.2)
        failures = 0 if forwarder is None else forwarder.finish()
    finally:
        if forwarder is not None:
            forwarder.abandon()
    if printer.failure is not None:
        raise printer.failure
    return NO if failures else 0


class _UnsignedHint:
    """Says once what to do about deliveries without any signature, which are refused."""

    def __init__(self, out: Out, signature_header: str) -> None:
        self._out = out
        self._header = signature_header
        self._said = False

    def applies(self, environ: Mapping[str, Any]) -> bool:
        """Return whether a delivery has no signature; the first one is reported."""
        if environ.get("REQUEST_METHOD") != "POST" or "HTTP_" + self._header.upper().replace("-", "_") in environ:
            return False
        if any("SIGNATURE" in name for name in environ):
            return False  # another header: the receiver's own message names it
        if not self._said:
            self._said = True
            self._out.warn(
                f"deliveries without a signature are refused (401), since a secret is set here and {self._header} is "
                "missing. Give the sender the same secret (the stub server: --webhook-secret), or accept unsigned "
                "deliveries with --unsigned."
            )
        return True


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128  # the default of 5 makes a burst of senders wait for retransmissions
    block_on_close = False
    printer: _Printer

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a request; stop the server after the last one to be printed."""
        super().process_request_thread(request, client_address)
        if self.printer.done:
            self.shutdown()


class _Handler(WSGIRequestHandler):
    timeout = _IDLE_SECONDS  # a silent sender is disconnected

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the terminal is for deliveries."""

    def get_stderr(self) -> Any:
        """Discard error output: the application's own replies say what went wrong."""
        return io.StringIO()


class _Printer:
    """Print events from any thread."""

    def __init__(
        self,
        session: Session,
        folder: Path | None,
        *,
        json: bool,
        limit: int | None,
        forwarder: Forwarder | None = None,
    ) -> None:
        self.done = False
        self.request = local()  # of the thread: its WSGI environment
        self._forwarder = forwarder
        self.failure: ReaderGoneError | None = None
        self._out = session.out
        self._frames = FrameFolder(folder, session.out)
        self._json = json
        self._left = limit
        self._lock = Lock()

    def show(self, event: Event) -> None:
        """Send an event's delivery on, print it, and set `done` after the last one."""
        if self._forwarder is not None:
            environ = self.request.environ
            self._forwarder.send(Delivery.of(environ, environ["wsgi.input"].content, event.kind))
        with self._lock:
            frame = self._frames.save(event)
            out = self._out
            try:
                if self._json:
                    out.data(event_data(event, frame=frame))
                else:
                    stamp = iso(event.occurred_at or datetime.now(timezone.utc))
                    label = f"{stamp}  {out.clean(event.kind):<9}  "
                    out.line(out.clean(headline(event)), label=label, style=STYLES.get(event.kind, ""))
            except ReaderGoneError as error:
                self.failure, self._left = error, 1
            if self._left is not None:
                self._left -= 1
                self.done = self._left <= 0
