"""Every reply that a stub server makes in the tests is held against its own OpenAPI file.

It sits inside the layer that plays scripted faults, so it sees what the server itself has to say.
"""

from __future__ import annotations

import functools
import json
import re
import threading
from collections.abc import Callable
from typing import Any

from jsonschema import Draft202012Validator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trio_client.stub.documented.generations import NEWEST
from trio_client.stub.documented.validation import openapi_bytes
from trio_client.stub.faults.apply import FAULT_KEY
from trio_client.stub.faults.fault import Fault
from trio_client.stub.server.state import StubState

OSAPI_ROOT = "/osapi"
# A list of thousands is the same item again and again.
ITEMS_CHECKED = 20
BYTES_CHECKED = 8 * 2**20


class ReplyChecker:
    """An application that passes everything on, and reports what deviates."""

    def __init__(self, app: ASGIApp, state: StubState, report: Callable[[str], None]) -> None:
        self._app = app
        self._state = state
        self._report = report

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._documented(scope):
            await self._app(scope, receive, send)
            return
        reply = _Reply(scope, send, self._report)
        await self._app(scope, receive, reply.send)

    def _documented(self, scope: Scope) -> bool:
        """Whether the reply is one of the documented service in its present form, as it would be without a script."""
        path = scope["path"]
        if (
            self._state.generation != NEWEST
            or path in ("", "/")
            or path.startswith("/_stub")
            or path.endswith(("/openapi.json", "/healthz"))
        ):
            return False
        if path.startswith(OSAPI_ROOT):
            osapi = self._state.osapi
            usual = not osapi.web_ui and set(osapi.prefixes) == {"/api", ""}
            return usual and not any(entry.raw for entry in osapi._entries.values())
        return True


class _Reply:
    def __init__(self, scope: Scope, send: Send, report: Callable[[str], None]) -> None:
        self._scope = scope
        self._send = send
        self._report = report
        self._status = 0
        self._type = ""
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = {name.lower(): value for name, value in message["headers"]}
            self._status = message["status"]
            self._type = headers.get(b"content-type", b"").decode().partition(";")[0]
        else:
            self._collect(message)
        await self._send(message)

    def _collect(self, message: Message) -> None:
        self._body += message.get("body", b"")
        if self._type == "text/event-stream":
            *whole, self._body = self._body.split(b"\n\n")
            for block in whole:
                self._judge_event(block.decode())
        elif not message.get("more_body", False) and len(self._body) <= BYTES_CHECKED:
            self._judge()

    def _judge(self) -> None:
        operation = operation_of(self._scope["method"], self._scope["path"])
        if operation is None:
            if self._status not in (404, 405) and self._scope["method"] != "OPTIONS":
                self._deviates(f"status {self._status} at a path that is not documented")
            return
        api, responses = operation
        response = responses.get(str(self._status)) or responses.get(f"{self._status // 100}XX")
        if response is None:
            # The framework below answers these before any operation sees the request.
            if self._status not in (405, 413, 415):
                self._deviates(f"status {self._status} is not documented")
            return
        content = response.get("content", {})
        if not content:
            if self._body:
                self._deviates("a body where none is documented")
            return
        if self._type not in content:
            self._deviates(f"content type {self._type!r} is not documented")
            return
        if self._scope["method"] != "HEAD":
            self._judge_value(api, content[self._type]["schema"], json.loads(self._body))

    def _judge_event(self, block: str) -> None:
        fault = self._scope.get(FAULT_KEY)
        if block.startswith(":") or (isinstance(fault, Fault) and fault.only_streams):
            return
        operation = operation_of(self._scope["method"], self._scope["path"])
        assert operation is not None
        api, responses = operation
        events = responses[str(self._status)]["content"]["text/event-stream"]["x-event-data"]
        found = re.fullmatch(r"event: (\w+)\ndata: (.*)", block)
        if found is None or found[1] not in events:
            self._deviates(f"not a documented event: {block[:200]!r}")
            return
        self._judge_value(api, events[found[1]], json.loads(found[2]))

    def _judge_value(self, api: str, schema: dict[str, Any], value: Any) -> None:
        for name in ("jobs", "items"):
            if isinstance(value, dict) and isinstance(value.get(name), list):
                value = {**value, name: value[name][:ITEMS_CHECKED]}
        for error in validator(api, json.dumps(schema)).iter_errors(value):
            self._deviates(f"{error.json_path}: {error.message[:300]}")

    def _deviates(self, how: str) -> None:
        self._report(f"{self._scope['method']} {self._scope['path']} -> {self._status}: {how}")


def checked_payload(make: Callable[..., Any], report: Callable[[str], None]) -> Callable[..., Any]:
    """Let what is sent by webhook be held against the file too, in the layout that is documented."""

    def payload(event: Any, stream_url: str, shape: str = "envelope") -> Any:
        made = make(event, stream_url, shape)
        if made is not None and shape == "envelope":
            operation = document("trio")["webhooks"][made["type"]]["post"]
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            for error in validator("trio", json.dumps(schema)).iter_errors(made):
                report(f"webhook {made['type']}: {error.json_path}: {error.message[:300]}")
        return made

    return payload


class Deviations:
    """What was reported since it was last asked for; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: list[str] = []

    def report(self, deviation: str) -> None:
        with self._lock:
            self._found.append(deviation)

    def take(self) -> list[str]:
        with self._lock:
            found, self._found = self._found, []
            return found


@functools.cache
def document(api: str) -> dict[str, Any]:
    return json.loads(openapi_bytes("osapi" if api == "osapi" else "trio"))


@functools.lru_cache(maxsize=256)
def validator(api: str, schema: str) -> Draft202012Validator:
    return Draft202012Validator({**json.loads(schema), "components": document(api)["components"]})


@functools.lru_cache(maxsize=64)
def operation_of(method: str, path: str) -> tuple[str, dict[str, Any]] | None:
    """The API and the documented responses of an operation; None where none is documented."""
    api = "osapi" if path == OSAPI_ROOT or path.startswith(OSAPI_ROOT + "/") else "trio"
    rest = path.removeprefix(OSAPI_ROOT).removeprefix("/api") if api == "osapi" else path.removeprefix("/api")
    for template, operations in document(api)["paths"].items():
        operation = operations.get("get" if method == "HEAD" else method.lower())
        if operation is not None and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), rest):
            return api, {status: _resolved(api, response) for status, response in operation["responses"].items()}
    return None


def _resolved(api: str, value: dict[str, Any]) -> dict[str, Any]:
    reference = value.get("$ref")
    return document(api)["components"]["responses"][reference.rsplit("/", 1)[1]] if reference else value
