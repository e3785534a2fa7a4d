"""A webhook receiver that prints what arrives."""

from __future__ import annotations

import io
from datetime import datetime, timezone
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Lock
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from ..events import Event
from ..webhooks import Deduplicator
from ..webhooks.wsgi import WebhookApp
from ._events import STYLES, event_data, headline
from ._exits import ReaderGoneError, UsageError
from ._frames import FrameFolder
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
) -> int:
    """Print deliveries until a signal or the limit, and return the exit code."""
    host, port = address
    printer = _Printer(session, folder, json=json, limit=limit)
    receiver = WebhookApp(
        printer.show,
        secret=secret,
        unsigned=unsigned,
        signature_header=signature_header,
        deduplicator=Deduplicator(),
    )

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        def start(status: str, headers: Any, *rest: Any) -> Any:
            answered.append(status)
            return start_response(status, headers, *rest)

        answered: list[str] = []
        body = receiver(environ, start)
        if body != [b"handled"]:
            session.out.warn(f"a delivery was answered {answered[0]}: {b''.join(body).decode('ascii')}")
        return body

    try:
        server = make_server(host, port, application, server_class=_Server, handler_class=_Handler)
    except OSError as error:
        raise UsageError(f"Cannot listen on {host}:{port}: {error.strerror}.") from None
    server.printer = printer
    with server:
        session.out.note(f"listening on http://{host}:{server.server_port}/ (any path); Ctrl-C stops it")
        server.serve_forever(poll_interval=0.2)
    if printer.failure is not None:
        raise printer.failure
    return 0


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

    def __init__(self, session: Session, folder: Path | None, *, json: bool, limit: int | None) -> None:
        self.done = False
        self.failure: ReaderGoneError | None = None
        self._out = session.out
        self._frames = FrameFolder(folder, session.out)
        self._json = json
        self._left = limit
        self._lock = Lock()

    def show(self, event: Event) -> None:
        """Print an event, and set `done` after the last one."""
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
