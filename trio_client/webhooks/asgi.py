"""Receive webhooks in any ASGI server or framework: Starlette, FastAPI, or nothing but uvicorn.

from trio_client.webhooks.asgi import WebhookApp

app = WebhookApp(print, secret=os.environ["TRIO_WEBHOOK_SECRET"])  # uvicorn module:app
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterable
from typing import Any

import anyio
import anyio.to_thread

from .._job_context import JobContext
from .._redaction import preview
from ..events import Event
from ._asgi import Receive, Scope, Send, answer, lifespan, read
from ._deduplicator import AsyncDuplicateStore, Claim, Deduplicator, DuplicateStore
from ._receiver import (
    ACCEPTED,
    BUSY,
    DUPLICATE,
    FAILED,
    HANDLED,
    MAX_HELD_BYTES,
    OVERLOADED,
    Answer,
    Receiver,
    body_bytes,
    logger,
)
from ._request import WebhookRequest, from_scope, request_of
from ._signature import MAX_BODY_BYTES, SIGNATURE_HEADER, Body, Headers, listed

__all__ = ["WebhookApp"]

_MAX_IN_BACKGROUND = 1_000
_STORE_SECONDS = 5.0


class WebhookApp:
    """An ASGI application that receives webhooks and hands their events to a function.

    It answers 200 to events it handled and to duplicates, 401 to a missing or wrong signature, 400 to what is no event,
    405 to anything but a POST, 413 to a body over the limit, 408 to one that is too slow, 500 if the handler failed (so
    that the sender tries again), and 503 if the event is being handled already or too many deliveries are.

    Args:
        handler: called with each event, and with `with_request=True` with the `WebhookRequest` too; a function that is
            not async runs in a thread.
        secret: the shared secret, or several while one replaces another.
        unsigned: whether deliveries come without a signature; then there must be no secret. Treat such an event as a
            hint, and check the job before you act on it.
        signature_header: the header that carries the signature; without it, no body is read.
        max_age: maximum age of an event in seconds, more than 0, by its own time; `None`: any.
        deduplicator: remembers the events that were handled: a `Deduplicator`, or a store of your own, a
            `DuplicateStore` (called in a thread) or an `AsyncDuplicateStore`.
        background: whether to answer before the handler runs. What it then raises is only logged.
        max_body_bytes: the largest body to read, 1 to 16 MiB.
        body_timeout: how long a body may take to arrive, in seconds, more than 0.
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
        >>> await app.receive("POST", {"X-Trio-Signature": sign(body, "s3cret")}, body)
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
        deduplicator: DuplicateStore | AsyncDuplicateStore | None = None,
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
        self._in_background = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request: what an ASGI server calls."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            raise RuntimeError(f"Webhooks arrive over HTTP, not {scope['type']!r}.")

    async def receive(
        self,
        method: str,
        headers: Headers,
        body: Body | None,
        *,
        path: str | None = None,
        query: str | None = None,
    ) -> Answer:
        """Handle a request and return its answer; for a view function of any framework, or one of AWS Lambda.

        The event is handled before this returns, even with `background=True`: only the application itself can answer
        first.

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
            >>> (await WebhookApp(print, unsigned=True).receive("GET", {}, b"")).status
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
            return await self._handle(headers, content, lambda: request_of(headers, path, query))

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: list[tuple[bytes, bytes]] = list(scope["headers"])
        length = next((value.decode("latin-1") for name, value in headers if name.lower() == b"content-length"), None)
        refused = self._receiver.refusal(str(scope["method"]), headers, length)
        if refused is not None:
            await answer(send, refused)
            return
        with self._receiver.hold() as held:
            body = await read(receive, self._receiver, held)
            if body is None:
                return
            if isinstance(body, Answer):
                await answer(send, body)
            elif self._background:
                await self._answer_first(scope, body, send)
            else:
                await answer(send, await self._handle(headers, body, lambda: from_scope(scope)))

    async def _handle(self, headers: Headers, body: bytes, request: Callable[[], WebhookRequest]) -> Answer:
        event = self._receiver.read(body, headers)
        if isinstance(event, Answer):
            return event
        key = None if self._store is None else event.dedup_key
        refused = await self._claim(key)
        if refused is not None:
            return refused
        return HANDLED if await self._work(event, key, request) else FAILED

    async def _answer_first(self, scope: Scope, body: bytes, send: Send) -> None:
        event = self._receiver.read(body, list(scope["headers"]))
        if isinstance(event, Answer):
            await answer(send, event)
            return
        if self._in_background >= _MAX_IN_BACKGROUND:
            await answer(send, OVERLOADED)
            return
        self._in_background += 1
        try:
            key = None if self._store is None else event.dedup_key
            refused = await self._claim(key)
            try:
                await answer(send, refused or ACCEPTED)
            except BaseException:
                if refused is None:
                    await self._record(key, handled=False)
                raise
            if refused is None:
                await self._work(event, key, lambda: from_scope(scope))
        finally:
            self._in_background -= 1

    async def _claim(self, key: str | None) -> Answer | None:
        """Claim an event; return `None` if it is ours to handle, else the answer to its delivery."""
        if self._store is None or key is None:
            return None
        try:
            claim: Claim = await self._stored(self._store.claim, key)
        except Exception:
            logger.exception("The store of handled webhooks failed")
            return FAILED
        if claim == "done" or (claim == "busy" and self._background):
            return DUPLICATE
        return BUSY if claim == "busy" else None

    async def _work(self, event: Event, key: str | None, request: Callable[[], WebhookRequest]) -> bool:
        """Call the handler; return whether it succeeded. If it did not, the next delivery counts as new."""
        handled = False
        try:
            await self._call(event, *([request()] if self._with_request else ()))
            handled = True
        except Exception:
            job = preview(event.job_id or "(unknown)")
            camera = JobContext.of(event.stream_url, job_id=event.job_id)
            text = camera.named_in(f"The webhook handler failed on a {event.kind} event of job {job}")
            logger.exception("%s", text, extra=camera.fields)
        finally:
            await self._record(key, handled=handled)
        return handled

    async def _call(self, *arguments: Event | WebhookRequest) -> None:
        handler = self._handler
        result = handler(*arguments) if _is_async(handler) else await _in_thread(handler, *arguments)
        if inspect.isawaitable(result):
            await result

    async def _record(self, key: str | None, *, handled: bool) -> None:
        if self._store is None or key is None:
            return
        with anyio.move_on_after(_STORE_SECONDS, shield=True):
            try:
                await self._stored(self._store.confirm if handled else self._store.release, key)
            except Exception:
                logger.exception("The store of handled webhooks failed; a redelivery may be handled again")

    async def _stored(self, method: Callable[[str], Any], key: str) -> Any:
        if isinstance(self._store, Deduplicator):
            return method(key)
        return await method(key) if _is_async(method) else await _in_thread(method, key)

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__name__}, {self._receiver!r}>"


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


async def _in_thread(function: Callable[..., object], *arguments: object) -> Any:
    return await anyio.to_thread.run_sync(function, *arguments)
