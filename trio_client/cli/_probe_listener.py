"""Receive the webhooks of a probe: the first is answered with 500, the others with 200."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .._core.probe.exchange import Delivery
from ._exits import UsageError

__all__ = ["Listener"]

_MAX_BYTES = 16 * 2**20  # of one delivery
_MAX_HELD_BYTES = 64 * 2**20  # of all, with their headers: the address is public
_OBJECT_BYTES = 100  # of a header or a delivery, beside its text


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
                status = self.take()
                self.close_connection = self.close_connection or status in (400, 503)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def take(self) -> int:
                """Read a delivery, and return the status to answer with."""
                length = self.headers.get("content-length", "0").strip()
                if not (length.isascii() and length.isdigit() and len(length) < 18):
                    return 400
                headers = dict(self.headers.items())
                size, held = int(length), _held_bytes(headers)
                if not listener.may_hold(size, held):
                    return 503
                try:
                    content = self.rfile.read(size)
                except BaseException:
                    listener.give_back(size + held)
                    raise
                listener.give_back(size - len(content))
                return listener.receive(headers, content)

            def log_message(self, format: str, *args: object) -> None:
                """Log nothing: the terminal is for the probe."""

        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        except OSError as error:
            raise UsageError(f"Cannot listen on 127.0.0.1:{port}: {error.strerror}.") from None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    def may_hold(self, size: int, headers: int) -> bool:
        """Count the bytes of a delivery and of its headers before it is read; return whether it may be."""
        with self._lock:
            fits = size <= _MAX_BYTES and self._held + size + headers <= _MAX_HELD_BYTES
            self._held += size + headers if fits else 0
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


def _held_bytes(headers: dict[str, str]) -> int:
    """Return about how many bytes a delivery without a body takes."""
    return _OBJECT_BYTES + sum(len(name) + len(value) + _OBJECT_BYTES for name, value in headers.items())
