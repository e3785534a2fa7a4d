"""What a scripted fault does to the reply of one request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..delivery.connection import hang_up
from ..delivery.stream_script import StreamScript
from .fault import Fault

__all__ = ["FAULT_KEY", "apply_fault", "send_reply", "stream_script"]

# Where a request's scope carries the fault that its reply, if it is an event stream, applies itself.
FAULT_KEY = "trio_stub.fault"
Pause = Callable[[float], Awaitable[None]]


async def apply_fault(fault: Fault, app: ASGIApp, scope: Scope, receive: Receive, send: Send, *, pause: Pause) -> None:
    """Answer one request as the fault says: in place of the application, or with its reply changed."""
    if not fault.processed:
        await pause(fault.delay)
    if not fault.replaces_answer:
        scope[FAULT_KEY] = fault
        await app(scope, receive, _ChangedReply(fault, scope, receive, send, pause).send)
        return
    if fault.processed:
        await _process_only(app, scope, receive)
        await pause(fault.delay)
    if fault.close:
        await hang_up(scope, receive, reset=fault.close == "reset")
        return
    status, content, headers = fault.answer(scope["path"])
    cut_off = Fault(drop_after_bytes=fault.drop_after_bytes)
    await send_reply(_ChangedReply(cut_off, scope, receive, send, pause).send, status, content, headers)


def stream_script(scope: Scope) -> StreamScript:
    """How the event stream that answers this request misbehaves."""
    fault: Fault | None = scope.get(FAULT_KEY)
    if fault is None:
        return StreamScript()
    return StreamScript(
        drop_after_events=fault.drop_after_events,
        silent_after_events=fault.silent_after_events,
        omit_terminal=fault.omit_terminal,
        dialect=fault.dialect or "A",
        line_end=fault.line_end or "lf",
        bom=fault.bom,
        split_at=fault.split_at,
    )


class _ChangedReply:
    """Sends a reply as a fault says: late, with other headers, or cut off."""

    def __init__(self, fault: Fault, scope: Scope, receive: Receive, send: Send, pause: Pause) -> None:
        self._fault = fault
        self._scope = scope
        self._receive = receive
        self._send = send
        self._pause = pause
        self._left = fault.drop_after_bytes
        self._ended = False

    async def send(self, message: Message) -> None:
        if self._ended:
            return
        if message["type"] == "http.response.start":
            if self._fault.processed:
                await self._pause(self._fault.delay)
            extra = _raw_headers(self._fault.headers or {})
            replaced = {name for name, _ in extra}
            kept = [header for header in message["headers"] if header[0] not in replaced]
            await self._send({**message, "headers": [*kept, *extra]})
        elif self._left is None or len(message.get("body", b"")) < self._left:
            self._left = None if self._left is None else self._left - len(message.get("body", b""))
            await self._send(message)
        else:
            self._ended = True
            await self._send({**message, "body": bytes(message["body"][: self._left]), "more_body": True})
            await hang_up(self._scope, self._receive)


async def _process_only(app: ASGIApp, scope: Scope, receive: Receive) -> None:
    """Have the application process the request, and discard its reply."""
    begun = asyncio.Event()

    async def discard(_: Message) -> None:
        begun.set()

    work = asyncio.ensure_future(app(scope, receive, discard))
    waiter = asyncio.ensure_future(begun.wait())
    await asyncio.wait({work, waiter}, return_when=asyncio.FIRST_COMPLETED)
    for task in (work, waiter):
        task.cancel()
    await asyncio.gather(work, waiter, return_exceptions=True)


async def send_reply(send: Send, status: int, content: bytes, headers: dict[str, str]) -> None:
    """Send a whole reply, JSON unless `headers` say otherwise."""
    given = {"content-type": "application/json", **headers}
    if status not in (204, 304):
        given.setdefault("content-length", str(len(content)))
    await send({"type": "http.response.start", "status": status, "headers": _raw_headers(given)})
    await send({"type": "http.response.body", "body": b"" if status in (204, 304) else content, "more_body": False})


def _raw_headers(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
