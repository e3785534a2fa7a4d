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
from functools import partial
from http import HTTPStatus
from threading import Lock
from typing import Any, TypeAlias

from .._job_context import JobContext
from .._redaction import preview
from ..events import Event
from ._deduplicator import Claim, DuplicateStore
from ._receiver import (
    ACCEPTED,
    BUSY,
    DUPLICATE,
    FAILED,
    HANDLED,
    MAX_HELD_BYTES,
    OVERLOADED,
    TOO_SLOW,
    UNFINISHED,
    Answer,
    Held,
    Receiver,
    body_bytes,
    logger,
)
from ._request import WebhookRequest, request_of
from ._signature import MAX_BODY_BYTES, SIGNATURE_HEADER, Body, Headers, listed

__all__ = ["WebhookApp"]

_Arguments: TypeAlias = tuple[Event] | tuple[Event, WebhookRequest]
_PIECE = 64 * 1024
_THREADS = 8
_MAX_IN_BACKGROUND = 1_000
_NO_LENGTH = Answer(411, "send a Content-Length")


class WebhookApp:
    """A WSGI application that receives webhooks and hands their events to a function.

    It answers 200 to events it handled and to duplicates, 401 to a missing or wrong signature, 400 to what is no event,
    405 to anything but a POST, 413 to a body over the limit, 408 or 411 to one that is too slow or has no length, 500
    if the handler failed (so that the sender tries again), and 503 if the event is being handled already or too many
    deliveries are.

    Args:
        handler: called with each event, and with `with_request=True` with the `WebhookRequest` too; it may be async,
            and then runs in an event loop of its own.
        secret: the shared secret, or several while one replaces another.
        unsigned: whether deliveries come without a signature; then there must be no secret. Treat such an event as a
            hint, and check the job before you act on it.
        signature_header: the header that carries the signature; without it, no body is read.
        max_age: maximum age of an event in seconds, more than 0, by its own time; `None`: any.
        deduplicator: remembers the events that were handled: a `Deduplicator`, or a `DuplicateStore` of your own.
        background: whether to answer before the handler runs, in a thread. What it then raises is only logged.
        max_body_bytes: the largest body to read, 1 to 16 MiB.
        body_timeout: how long a body may take to arrive, in seconds, more than 0. A WSGI application cannot interrupt a
            read, so a silent sender is bounded by the server's own timeout.
        with_request: whether the handler gets the request as a second argument: triggers name no job, so the path or
            the query has to show which camera one is from.
        max_held_bytes: how many bytes of bodies to hold at once over all deliveries, from the first byte read until
            the event is handled, at least `max_body_bytes`; 64 MiB by default.
        clock: returns the time in seconds since 1970; for tests.

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
        handler: Callable[[Event], object] | Callable[[Event, WebhookRequest], object],
        *,
        secret: str | Iterable[str] | None = None,
        unsigned: bool = False,
        signature_header: str = SIGNATURE_HEADER,
        max_age: float | None = None,
        deduplicator: DuplicateStore | None = None,
        background: bool = False,
        max_body_bytes: int = MAX_BODY_BYTES,
        body_timeout: float = 10.0,
        with_request: bool = False,
        max_held_bytes: int = MAX_HELD_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._receiver = Receiver(
            secret=secret,
            unsigned=unsigned,
            signature_header=signature_header,
            max_age=max_age,
            max_body_bytes=max_body_bytes,
            body_timeout=body_timeout,
            max_held_bytes=max_held_bytes,
            clock=clock,
        )
        self._handler: Callable[..., object] = handler
        self._with_request = with_request
        self._store = deduplicator
        self._background = background
        self._lock = Lock()
        self._in_background = 0
        self._threads: ThreadPoolExecutor | None = None
        self._process = 0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request: what a WSGI server calls."""
        method = str(environ["REQUEST_METHOD"])
        answer = self._receiver.refusal(method, environ, environ.get("CONTENT_LENGTH"))
        if answer is None:
            with self._receiver.hold() as held:
                body = _read(environ, self._receiver, held)
                request = partial(request_of, environ)
                answer = body if isinstance(body, Answer) else self._handle(environ, body, held, request)
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", list(answer.headers.items()))
        return [] if method == "HEAD" else [answer.body]

    def receive(
        self,
        method: str,
        headers: Headers,
        body: Body | None,
        *,
        path: str | None = None,
        query: str | None = None,
    ) -> Answer:
        """Handle a request and return its answer; for a view function of any framework, or one of AWS Lambda.

        Args:
            method: the HTTP method.
            headers: the request's headers: any mapping, whose values may be lists, a WSGI environ, a list of pairs, or
                `None`.
            body: the raw body; text is taken as UTF-8, and `None` as empty. A base64 body must be decoded before.
            path: the path, percent-decoded, for `with_request=True`; by default a WSGI environ's, else empty.
            query: the query as it was sent, likewise.

        Returns:
            The status, the headers and the body to answer with. 400 is only for a body whose signature fits, or for
            any where none is asked for; otherwise it is 401. Why a body could not be read or verified is logged.

        Raises:
            TypeError: the body was already parsed.

        Example:
            >>> WebhookApp(print, unsigned=True).receive("GET", {}, b"").status
            405
        """
        headers = listed(headers)
        refused = self._receiver.refusal(method, headers, None)
        if refused is not None:
            return refused
        content = body_bytes(body, self._receiver.max_body_bytes)
        if content is None:
            return self._receiver.too_large()
        with self._receiver.hold() as held:
            if not held.add(len(content)):
                return OVERLOADED
            return self._handle(headers, content, held, partial(request_of, headers, path, query))

    def close(self) -> None:
        """Wait for the handlers that run in the background. Later events are still handled."""
        with self._lock:
            threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown()

    def _handle(self, headers: Headers, body: bytes, held: Held, request: Callable[[], WebhookRequest]) -> Answer:
        event = self._receiver.read(body, headers)
        if isinstance(event, Answer):
            return event
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
        arguments = (event, request()) if self._with_request else (event,)
        if not self._background:
            return HANDLED if self._work(arguments, key) else FAILED
        if self._later(arguments, key, held):
            return ACCEPTED
        self._record(key, handled=False)
        return OVERLOADED

    def _work(self, arguments: _Arguments, key: str | None) -> bool:
        """Call the handler; return whether it succeeded. If it did not, the next delivery counts as new."""
        handled = False
        try:
            result = self._handler(*arguments)
            if inspect.isawaitable(result):
                asyncio.run(_awaited(result))
            handled = True
        except Exception:
            event = arguments[0]
            job = preview(event.job_id or "(unknown)")
            camera = JobContext.of(event.stream_url, job_id=event.job_id)
            text = camera.named_in(f"The webhook handler failed on a {event.kind} event of job {job}")
            logger.exception("%s", text, extra=camera.fields)
        finally:
            self._record(key, handled=handled)
        return handled

    def _record(self, key: str | None, *, handled: bool) -> None:
        if self._store is None or key is None:
            return
        try:
            (self._store.confirm if handled else self._store.release)(key)
        except Exception:
            logger.exception("The store of handled webhooks failed; a redelivery may be handled again")

    def _later(self, arguments: _Arguments, key: str | None, held: Held) -> bool:
        """Hand the event to a thread; return whether there was capacity for it."""
        with self._lock:
            if self._process != os.getpid():  # after a fork: the threads are the parent's
                self._process, self._threads, self._in_background = os.getpid(), None, 0
            if self._in_background >= _MAX_IN_BACKGROUND:
                return False
            self._in_background += 1
            if self._threads is None:
                self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="trio-webhooks")
            self._threads.submit(self._work_and_release, arguments, key, held.moved())
        return True

    def _work_and_release(self, arguments: _Arguments, key: str | None, held: Held) -> None:
        try:
            self._work(arguments, key)
        finally:
            held.release()
            with self._lock:
                self._in_background -= 1

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__name__}, {self._receiver!r}>"


async def _awaited(result: Awaitable[object]) -> None:
    await result


def _read(environ: dict[str, Any], receiver: Receiver, held: Held) -> bytes | Answer:
    """Return the body, or the answer to one that is too large or too slow."""
    length = environ.get("CONTENT_LENGTH")
    if not length and not environ.get("wsgi.input_terminated"):
        return _NO_LENGTH if environ.get("HTTP_TRANSFER_ENCODING") else b""
    left = int(length) if length else receiver.max_body_bytes + 1
    until = time.monotonic() + receiver.body_timeout
    stream = environ["wsgi.input"]
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)  # read1 returns what is there
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
        if not held.add(len(piece)):
            return OVERLOADED
        pieces.append(piece)
        left -= len(piece)
        if time.monotonic() > until:
            return TOO_SLOW
    if length and left:
        return UNFINISHED
    return receiver.too_large() if not length and left <= 0 else b"".join(pieces)
