"""Send webhook deliveries on to another address, with the bytes and headers they came with."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event as Signal
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from .._redaction import masked
from ._exits import UsageError
from ._out import Out
from ._text import json_line

__all__ = ["Delivery", "Forwarder", "RecordedInput"]

_DELAYS = (1.0, 2.0, 4.0, 8.0)  # between attempts, in seconds
_FIRST_LIMIT = 4.0  # the API wants its answer within five seconds
_LIMIT = 10.0
_NOT_SENT_ON = ("HTTP_HOST", "HTTP_CONNECTION", "HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_EXPECT")


class RecordedInput:
    """The body of a WSGI request, which keeps what is read of it."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._pieces: list[bytes] = []

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        piece: bytes = self._source.read(size)
        self._pieces.append(piece)
        return piece

    @property
    def content(self) -> bytes:
        """What was read so far."""
        return b"".join(self._pieces)


@dataclass(frozen=True)
class Delivery:
    """One delivery, as it came.

    Attributes:
        body: the raw body.
        headers: the headers to send on.
        query: the query of its URL.
        name: what it is called in messages.
    """

    body: bytes
    headers: Mapping[str, str]
    query: str
    name: str

    @classmethod
    def of(cls, environ: Mapping[str, Any], body: bytes, name: str) -> Delivery:
        """Return the delivery of a WSGI request."""
        headers = {
            key.removeprefix("HTTP_").replace("_", "-").title(): str(value)
            for key, value in environ.items()
            if (key.startswith("HTTP_") and key not in _NOT_SENT_ON) or (key == "CONTENT_TYPE" and value)
        }
        return cls(body, headers, str(environ.get("QUERY_STRING") or ""), name)


class Forwarder:
    """Sends deliveries on, up to five times each.

    Args:
        url: where to.
        out: prints a line for each attempt.
        on_failure: called in a thread after a delivery has failed for good.

    Attributes:
        failed: whether a delivery has failed for good.

    Raises:
        UsageError: the URL cannot be sent to.
    """

    def __init__(self, url: str, out: Out, on_failure: Callable[[], None]) -> None:
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise UsageError(f"--forward-to is {out.clean(url, is_url=True)!r}; it must be an http or https URL.")
        self.failed = False
        self._url = url
        self._out = out
        self._on_failure = on_failure
        self._stop = Signal()
        self._lock = Lock()
        self._pending: dict[Thread, Delivery] = {}

    def send(self, delivery: Delivery) -> None:
        """Send a delivery once; if that fails, go on in a thread."""
        if self._attempt(delivery, 1, _FIRST_LIMIT):
            return
        thread = Thread(target=self._go_on, args=[delivery], daemon=True)
        with self._lock:
            self._pending[thread] = delivery
        thread.start()

    def finish(self) -> int:
        """Wait for the deliveries that are still being sent on; return how many failed for good."""
        while True:
            with self._lock:
                threads = list(self._pending)
            if not threads:
                return int(self.failed)
            for thread in threads:
                thread.join()

    def abandon(self) -> None:
        """Stop sending, and print what was not delivered."""
        self._stop.set()
        with self._lock:
            pending, self._pending = self._pending, {}
        for delivery in pending.values():
            self._report_failure(delivery, "the command was interrupted")

    def _go_on(self, delivery: Delivery) -> None:
        for number, delay in enumerate(_DELAYS, start=2):
            if self._stop.wait(delay):
                return
            if self._attempt(delivery, number, _LIMIT):
                break
        else:
            self.failed = True
            self._report_failure(delivery, f"{len(_DELAYS) + 1} attempts failed")
            self._on_failure()
        with self._lock:
            self._pending.pop(next(thread for thread, each in self._pending.items() if each is delivery), None)

    def _attempt(self, delivery: Delivery, number: int, limit: float) -> bool:
        """Send a delivery, print a line, and return whether it was taken."""
        import httpx

        url = self._url
        if delivery.query and not urlsplit(url).query:
            url = f"{url}?{delivery.query}"
        started = time.monotonic()
        try:
            reply = httpx.post(
                url,
                content=delivery.body,
                headers=delivery.headers,
                timeout=limit,
                follow_redirects=False,
                trust_env=False,
            )
            taken, result = reply.is_success, str(reply.status_code)
        except httpx.HTTPError as error:
            taken, result = False, f"{type(error).__name__}: {error}"
        took = (time.monotonic() - started) * 1000
        last = number > len(_DELAYS)
        later = "" if taken or last else f"; again in {_DELAYS[number - 1]:g} s"
        text = f"forwarded {delivery.name}: {result} in {took:.0f} ms (attempt {number} of {len(_DELAYS) + 1}){later}"
        self._out.note(self._out.clean(text)) if taken else self._out.warn(self._out.clean(text))
        return taken

    def _report_failure(self, delivery: Delivery, why: str) -> None:
        """Print a delivery that did not arrive, whole."""
        try:
            text = json_line(masked(json.loads(delivery.body), self._out.secrets), unicode=True)
        except ValueError:
            text = self._out.clean(delivery.body.decode("utf-8", "replace"))
        self._out.error(f"{delivery.name} was not delivered: {why}. It was:\n{text}")
