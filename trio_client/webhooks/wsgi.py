"""Receive webhooks in any WSGI server or framework: Flask, Django, or nothing but `wsgiref`.

from trio_client.webhooks.wsgi import WebhookApp

app = WebhookApp(print, secret=os.environ["TRIO_WEBHOOK_SECRET"])
"""

from __future__ import annotations

import asyncio
import inspect
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from threading import Lock
from typing import Any

from .._redaction import preview
from ..events import Event
from ._deduplicator import Claim, DuplicateStore
from ._receiver import (
    ACCEPTED,
    BUSY,
    DUPLICATE,
    FAILED,
    HANDLED,
    OVERLOADED,
    TOO_SLOW,
    UNFINISHED,
    Answer,
    Receiver,
    logger,
)
from ._signature import MAX_BODY_BYTES, SIGNATURE_HEADER, Headers

__all__ = ["WebhookApp"]

_PIECE = 64 * 1024
_THREADS = 8
_MOST_IN_BACKGROUND = 1_000
_NO_LENGTH = Answer(411, "send a Content-Length")


class WebhookApp:
    """A WSGI application that receives webhooks and hands their events to a function.

    It answers 200 to what was handled and to duplicates, 401 to what is not signed as it should be, 400 to what is no
    event, 405 to anything but a POST, 413 to a body over the limit, 408 or 411 to a body that does not come, 500 if
    the handler failed (so that the sender tries again), and 503 if the event is being handled at this moment.

    Args:
        handler: what is called with each event; it may be async, and then runs in an event loop of its own.
        secret: the shared secret, or several while one replaces another.
        unsigned: whether deliveries come without a signature; then there must be no secret. Such an event is a
            hint: look at the job before you act on it.
        signature_header: the header that carries the signature.
        max_age: seconds, more than 0, that an event's own time may be away from now; `None`: any.
        deduplicator: what remembers the events that were handled: a `Deduplicator`, or a `DuplicateStore` of your own.
        background: whether to answer before the handler runs, in a thread. What it then raises is only logged.
        max_body_bytes: the largest body that is read, 1 to 16 MiB.
        body_timeout: seconds, more than 0, in which a body has to arrive. A WSGI application cannot break off a
            read, so a sender that falls silent is bounded by the server's own timeout.
        clock: what tells the time, in seconds since 1970; for tests.

    Raises:
        ConfigurationError: there is no secret and `unsigned` was not asked for, or an argument is outside its range.

    Example:
        >>> from trio_client.webhooks import sign
        >>> app = WebhookApp(lambda event: print(event.kind), secret="s3cret")
        >>> body = b'{"type": "job_started", "data": {"job_id": "a1"}}'
        >>> app.receive("POST", {"X-Trio-Signature": sign(body, "s3cret")}, body)
        started
        Answer(status=200, text='handled')

    Source: the API's "Webhooks" guide (answer 2xx within five seconds).
    """

    def __init__(
        self,
        handler: Callable[[Event], object],
        *,
        secret: str | Iterable[str] | None = None,
        unsigned: bool = False,
        signature_header: str = SIGNATURE_HEADER,
        max_age: float | None = None,
        deduplicator: DuplicateStore | None = None,
        background: bool = False,
        max_body_bytes: int = MAX_BODY_BYTES,
        body_timeout: float = 10.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._receiver = Receiver(
            secret=secret,
            unsigned=unsigned,
            signature_header=signature_header,
            max_age=max_age,
            max_body_bytes=max_body_bytes,
            body_timeout=body_timeout,
            clock=clock,
        )
        self._handler = handler
        self._store = deduplicator
        self._background = background
        self._lock = Lock()
        self._waiting = 0
        self._threads: ThreadPoolExecutor | None = None
        self._process = 0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request: what a WSGI server calls."""
        method = str(environ["REQUEST_METHOD"])
        body = self._receiver.refusal(method, environ.get("CONTENT_LENGTH")) or _read(environ, self._receiver)
        answer = body if isinstance(body, Answer) else self.receive(method, environ, body)
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", list(answer.headers.items()))
        return [] if method == "HEAD" else [answer.body]

    def receive(self, method: str, headers: Headers, body: bytes) -> Answer:
        """Return what to answer a request, once its event is handled; for a view function of any framework.

        Args:
            method: the HTTP method.
            headers: the request's headers: any mapping, a WSGI environ, or ASGI's list of byte pairs.
            body: the raw body.

        Returns:
            The status, the headers and the body to answer with.

        Example:
            >>> WebhookApp(print, unsigned=True).receive("GET", {}, b"").status
            405
        """
        refused = self._receiver.refusal(method, None)
        if refused is not None:
            return refused
        event = self._receiver.read(body, headers)
        return event if isinstance(event, Answer) else self._accept(event)

    def close(self) -> None:
        """Wait for the handlers that run in the background. Events that come later are handled all the same."""
        with self._lock:
            threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown()

    def _accept(self, event: Event) -> Answer:
        key = None if self._store is None else event.dedup_key
        try:
            claim: Claim = "new" if self._store is None or key is None else self._store.claim(key)
        except Exception:
            logger.exception("The store of handled webhooks failed")
            return FAILED
        if claim == "done" or (claim == "busy" and self._background):
            return DUPLICATE
        if claim == "busy":
            return BUSY
        if not self._background:
            return HANDLED if self._work(event, key) else FAILED
        if self._later(event, key):
            return ACCEPTED
        self._settle(key, handled=False)
        return OVERLOADED

    def _work(self, event: Event, key: str | None) -> bool:
        """Call the handler; return whether it succeeded. If it did not, the next delivery is a new one."""
        handled = False
        try:
            result = self._handler(event)
            if inspect.isawaitable(result):
                asyncio.run(_awaited(result))
            handled = True
        except Exception:
            job = preview(event.job_id or "(not named)")
            logger.exception("The webhook handler failed on a %s event of job %s", event.kind, job)
        finally:
            self._settle(key, handled=handled)
        return handled

    def _settle(self, key: str | None, *, handled: bool) -> None:
        if self._store is None or key is None:
            return
        try:
            (self._store.confirm if handled else self._store.release)(key)
        except Exception:
            logger.exception("The store of handled webhooks failed; a redelivery may be handled again")

    def _later(self, event: Event, key: str | None) -> bool:
        """Have the event handled by a thread; return whether there was room for it."""
        with self._lock:
            if self._process != os.getpid():  # a server forked: its threads and what they did are the parent's
                self._process, self._threads, self._waiting = os.getpid(), None, 0
            if self._waiting >= _MOST_IN_BACKGROUND:
                return False
            self._waiting += 1
            if self._threads is None:
                self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="trio-webhooks")
            self._threads.submit(self._in_background, event, key)
        return True

    def _in_background(self, event: Event, key: str | None) -> None:
        try:
            self._work(event, key)
        finally:
            with self._lock:
                self._waiting -= 1

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__name__}, {self._receiver!r}>"


async def _awaited(result: Awaitable[object]) -> None:
    await result


def _read(environ: dict[str, Any], receiver: Receiver) -> bytes | Answer:
    """Return the body, or the answer to one that is too large or does not come."""
    length = environ.get("CONTENT_LENGTH")
    if not length and not environ.get("wsgi.input_terminated"):
        return _NO_LENGTH if environ.get("HTTP_TRANSFER_ENCODING") else b""
    left = int(length) if length else receiver.max_body_bytes + 1
    until = time.monotonic() + receiver.body_timeout
    stream = environ["wsgi.input"]
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)  # read1 returns what there is
    pieces: list[bytes] = []
    while left > 0:
        try:
            piece = read(min(left, _PIECE))
        except TimeoutError:
            return TOO_SLOW
        except OSError:
            return UNFINISHED
        if not piece:
            break
        pieces.append(piece)
        left -= len(piece)
        if time.monotonic() > until:
            return TOO_SLOW
    if length and left:
        return UNFINISHED
    return receiver.too_large() if not length and left <= 0 else b"".join(pieces)
