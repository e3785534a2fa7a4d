"""Receive the webhooks of a probe: the first is answered with 500, the others with 200."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .._core.probe.exchange import Delivery
from ._exits import UsageError

__all__ = ["Listener"]

_MAX_BYTES = 16 * 2**20  # of one delivery
_MAX_HELD_BYTES = 64 * 2**20  # of all: the address is public


class Listener:
    """A server for webhooks on a port of this machine.

    Args:
        port: the port.

    Raises:
        UsageError: it cannot be listened on.
    """

    def __init__(self, port: int) -> None:
        self.deliveries: list[Delivery] = []
        self._held = 0
        listener = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_POST(self) -> None:
                length = self.headers.get("content-length", "0")
                size = int(length) if length.isascii() and length.isdigit() and len(length) < 18 else 0
                if not listener.may_hold(size):
                    status, self.close_connection = 503, True
                else:
                    content = b""
                    try:
                        content = self.rfile.read(size)
                    finally:
                        listener.give_back(size - len(content))
                    status = listener.receive(dict(self.headers.items()), content)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Log nothing: the terminal is for the probe."""

        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        except OSError as error:
            raise UsageError(f"Cannot listen on 127.0.0.1:{port}: {error.strerror}.") from None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    def may_hold(self, size: int) -> bool:
        """Count a delivery's bytes before they are read; return whether they may be."""
        with self._lock:
            fits = size <= _MAX_BYTES and self._held + size <= _MAX_HELD_BYTES
            self._held += size if fits else 0
            return fits

    def give_back(self, size: int) -> None:
        """Count bytes no more that were announced and did not come."""
        with self._lock:
            self._held -= size

    def receive(self, headers: dict[str, str], content: bytes) -> int:
        """Note a delivery, and return the status to answer with."""
        with self._lock:
            status = 200 if self.deliveries else 500
            self.deliveries.append(Delivery(headers, content, status))
            return status

    @property
    def seen_enough(self) -> bool:
        """Whether a trigger and an end were delivered."""
        names = [str(each.json.get("type") or each.json.get("event")) for each in self.deliveries]
        ends = any(each.json.get("status") in ("completed", "stopped", "failed") for each in self.deliveries)
        return any("triggered" in name for name in names) and (ends or any("stopped" in name for name in names))

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
