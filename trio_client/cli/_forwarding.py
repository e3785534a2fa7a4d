"""Send webhook deliveries on to another address, with the bytes and headers they came with."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event as Signal
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from .._redaction import masked
from .._times import show_duration
from ._exits import UsageError
from ._out import Out
from ._text import json_line

__all__ = ["Delivery", "Forwarder", "RecordedInput"]

_DELAYS = (1.0, 2.0, 4.0, 8.0)  # between attempts, in seconds
_FIRST_LIMIT = 4.0  # the API wants its answer within five seconds
_LIMIT = 10.0
_INTERRUPTED = "the command was interrupted"
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
        self._pending: dict[Thread, Delivery] = {}  # neither taken nor reported, by the thread that sends it on
        self._sending: set[Thread] = set()  # those of them that have an attempt under way
        self._threads: set[Thread] = set()

    def send(self, delivery: Delivery) -> None:
        """Send a delivery once; if that fails, go on in a thread."""
        if self._attempt(delivery, 1, _FIRST_LIMIT):
            return
        thread = Thread(target=self._go_on, args=[delivery], daemon=True)
        with self._lock:
            late = self._stop.is_set()
            if not late:
                self._pending[thread] = delivery
                self._threads.add(thread)
        if late:
            self._report_failure(delivery, _INTERRUPTED)
        else:
            thread.start()

    def finish(self) -> int:
        """Wait for the deliveries that are still being sent on; return how many failed for good."""
        while True:
            with self._lock:
                threads = list(self._threads)
            if not threads:
                return int(self.failed)
            for thread in threads:
                thread.join()

    def abandon(self) -> None:
        """Stop sending, and print what was not delivered. What is printed so is not sent on afterwards."""
        with self._lock:
            self._stop.set()
            pending, self._pending = self._pending, {}
            sending = set(self._sending)
        for thread, delivery in pending.items():
            self._report_failure(delivery, _INTERRUPTED, certain=thread not in sending)

    def _go_on(self, delivery: Delivery) -> None:
        thread = threading.current_thread()
        try:
            if self._is_taken(thread, delivery) or self._pending_no_more(thread):
                return
            self._report_failure(delivery, f"{len(_DELAYS) + 1} attempts failed")
            self._on_failure()
        finally:
            with self._lock:
                self._threads.discard(thread)

    def _is_taken(self, thread: Thread, delivery: Delivery) -> bool:
        """Send a delivery until it is taken, the attempts are used up, or it was reported."""
        for number, delay in enumerate(_DELAYS, start=2):
            self._stop.wait(delay)
            with self._lock:
                if thread not in self._pending:
                    return False
                self._sending.add(thread)
            taken = self._attempt(delivery, number, _LIMIT)
            with self._lock:
                self._sending.discard(thread)
                if taken:
                    self._pending.pop(thread, None)
                    return True
        return False

    def _pending_no_more(self, thread: Thread) -> bool:
        """Take a delivery that failed for good, to report it; return whether it was reported before."""
        with self._lock:
            reported = self._pending.pop(thread, None) is None
            self.failed = self.failed or not reported
            return reported

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
        later = "" if taken or last or self._stop.is_set() else f"; again in {show_duration(_DELAYS[number - 1])}"
        text = f"forwarded {delivery.name}: {result} in {took:.0f} ms (attempt {number} of {len(_DELAYS) + 1}){later}"
        self._out.note(self._out.clean(text)) if taken else self._out.warn(self._out.clean(text))
        return taken

    def _report_failure(self, delivery: Delivery, why: str, *, certain: bool = True) -> None:
        """Print a delivery that did not arrive, or perhaps not, whole."""
        try:
            text = json_line(masked(json.loads(delivery.body), self._out.secrets), unicode=True)
        except ValueError:
            text = self._out.clean(delivery.body.decode("utf-8", "replace"))
        outcome = "was not delivered" if certain else "may not have been delivered"
        self._out.error(f"{delivery.name} {outcome}: {why}. It was:\n{text}")
