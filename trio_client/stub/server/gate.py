"""The outermost layer: bounds bodies, records requests and applies scripted faults."""

from __future__ import annotations

import json
import time

from starlette.datastructures import Headers, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..documented.errors import ApiError
from ..documented.paths import api_path
from ..engine.job import delivery_mode
from ..engine.records import RecordedRequest
from ..faults.apply import apply_fault, send_reply
from ..faults.fault import Fault
from .state import StubState

__all__ = ["Gate"]


class Gate:
    """Wraps the application. No control path, nor the page, is recorded or has faults applied."""

    def __init__(self, app: ASGIApp, state: StubState) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or answer it instead."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        engine = self._state.engine
        engine.ensure_running()
        try:
            _check_origin(scope)
            body = await _read(receive, self._state.settings.max_body_bytes)
        except ApiError as error:
            await send_reply(send, error.status, json.dumps(error.body()).encode(), {"connection": "close"})
            return
        if body is None:
            return
        replay = _replay(body, receive)
        fault = None if _is_control(scope["path"]) else self._admit(scope, body)
        if fault is None:
            await self._app(scope, replay, send)
        else:
            await apply_fault(fault, self._app, scope, replay, send, pause=engine.pause)

    def _admit(self, scope: Scope, body: bytes) -> Fault | None:
        """Record a request of the API; returns the fault that applies to it."""
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


async def _read(receive: Receive, limit: int) -> bytes | None:
    """The whole body; None if the client disconnected while sending it."""
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
    """A `receive` that starts with the body that was read."""
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


def _check_origin(scope: Scope) -> None:
    """Refuse a control request that a browser sent for a page of another site; programs send neither header."""
    if scope["method"] != "POST" or not _is_control(scope["path"]):
        return
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    site = headers.get("sec-fetch-site", "same-origin")
    foreign = origin is not None and origin.rpartition("//")[2] != headers.get("host", "")
    if site in ("cross-site", "same-site") or foreign:
        raise ApiError("FORBIDDEN", "A page of another site must not control the stub server.")
