"""The outermost layer: bounds bodies, records requests and lets scripted faults strike."""

from __future__ import annotations

import asyncio
import json
import time

from starlette.datastructures import Headers, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ._connection import hang_up
from ._errors import ApiError
from ._faults import Fault, api_path
from ._job import delivery_mode
from ._records import RecordedRequest
from ._state import StubState

__all__ = ["FAULT_KEY", "Gate"]

FAULT_KEY = "trio_stub.fault"


class Gate:
    """Wraps the application. The control paths and the page are neither recorded nor struck by faults."""

    def __init__(self, app: ASGIApp, state: StubState) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._state.engine.ensure_running()
        if scope["method"] == "POST" and _is_control(scope["path"]) and _from_elsewhere(Headers(scope=scope)):
            refusal = ApiError("FORBIDDEN", "A page of another site must not control the stub server.")
            await _answer(send, refusal.status, json.dumps(refusal.body()).encode(), {"connection": "close"})
            return
        try:
            body = await _read(receive, self._state.settings.max_body_bytes)
        except ApiError as error:
            await _answer(send, error.status, json.dumps(error.body()).encode(), {"connection": "close"})
            return
        if body is None:
            return
        replay = _replay(body, receive)
        fault = None if _is_control(scope["path"]) else self._admit(scope, body)
        if fault is None:
            await self._app(scope, replay, send)
        else:
            await self._strike(fault, scope, replay, send)

    def _admit(self, scope: Scope, body: bytes) -> Fault | None:
        headers = Headers(scope=scope)
        request = RecordedRequest(
            method=scope["method"],
            path=scope["path"],
            query=dict(QueryParams(scope["query_string"])),
            headers=dict(headers),
            body=body,
            time=time.time(),
        )
        self._state.requests.add(request)
        path, traits = api_path(request.path), self._state.traits
        asked = delivery_mode({}, headers.get("accept", "")) == "sse"
        stream = (path == "/live-monitor" and asked) or (path == "/live-digest" and (asked or traits.digest_streams))
        return self._state.faults.take(request.method, request.path, stream=stream)

    async def _strike(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if not fault.processed:
            await self._state.engine.pause(fault.delay)
        if not fault.replaces_answer:
            scope[FAULT_KEY] = fault
            await self._app(scope, receive, _DamagedSend(fault, scope, receive, send, self._state).send)
            return
        if fault.processed:
            await _work(self._app, scope, receive)
            await self._state.engine.pause(fault.delay)
        if fault.close:
            await hang_up(scope, receive, reset=fault.close == "reset")
            return
        status, content, headers = fault.answer(scope["path"])
        damaged = _DamagedSend(Fault(drop_after_bytes=fault.drop_after_bytes), scope, receive, send, self._state)
        await _answer(damaged.send, status, content, headers)


class _DamagedSend:
    """Passes an answer on as a fault wants it: late, with other headers, or cut off."""

    def __init__(self, fault: Fault, scope: Scope, receive: Receive, send: Send, state: StubState) -> None:
        self._fault = fault
        self._scope = scope
        self._receive = receive
        self._send = send
        self._state = state
        self._left = fault.drop_after_bytes
        self._ended = False

    async def send(self, message: Message) -> None:
        if self._ended:
            return
        if message["type"] == "http.response.start":
            if self._fault.processed:
                await self._state.engine.pause(self._fault.delay)
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


async def _work(app: ASGIApp, scope: Scope, receive: Receive) -> None:
    """Let the application do its work and throw its answer away."""
    begun = asyncio.Event()

    async def swallow(_: Message) -> None:
        begun.set()

    work = asyncio.ensure_future(app(scope, receive, swallow))
    waiter = asyncio.ensure_future(begun.wait())
    await asyncio.wait({work, waiter}, return_when=asyncio.FIRST_COMPLETED)
    for task in (work, waiter):
        task.cancel()
    await asyncio.gather(work, waiter, return_exceptions=True)


async def _read(receive: Receive, limit: int) -> bytes | None:
    """The whole body; None if the client left while sending it."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise ApiError("PAYLOAD_TOO_LARGE", f"The body is larger than {limit} bytes.")
        if not message.get("more_body", False):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    read = False

    async def again() -> Message:
        nonlocal read
        if read:
            return await receive()
        read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _is_control(path: str) -> bool:
    return path in ("", "/") or path == "/_stub" or path.startswith("/_stub/")


def _from_elsewhere(headers: Headers) -> bool:
    """Whether a browser sent this for a page of another site; programs send neither header."""
    origin = headers.get("origin")
    site = headers.get("sec-fetch-site", "same-origin")
    return site in ("cross-site", "same-site") or (
        origin is not None and origin.rpartition("//")[2] != headers.get("host", "")
    )


async def _answer(send: Send, status: int, content: bytes, headers: dict[str, str]) -> None:
    given = {"content-type": "application/json", **headers}
    if status not in (204, 304):
        given.setdefault("content-length", str(len(content)))
    await send({"type": "http.response.start", "status": status, "headers": _raw_headers(given)})
    await send({"type": "http.response.body", "body": b"" if status in (204, 304) else content, "more_body": False})


def _raw_headers(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
