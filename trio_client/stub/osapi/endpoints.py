"""OSAPI's job endpoints, with both of its error shapes."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal, TypeAlias, cast

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from ..documented.paths import OSAPI_ROOT
from ..documented.validation import openapi_bytes
from .jobs import Osapi

__all__ = ["METHODS", "OsapiApi"]

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_PATH = re.compile(r"(?P<prefix>.*?)/job(?:/(?P<id>[^/]+)(?P<retry>/retry)?)?")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_INDEX = "<!doctype html><html><head><title>OSAPI</title></head><body><div id=root></div></body></html>"


Handler: TypeAlias = Callable[[Mapping[str, str], str, bytes, Request], Response]


class _RefusedError(Exception):
    """A refusal: by the handlers, whose errors say `error`, or by the framework below them (`message`)."""

    def __init__(
        self,
        status: int,
        text: str,
        shape: Literal["error", "message"] = "error",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(text)
        self.status = status
        self.headers = headers
        self.body = {shape: text}


class OsapiApi:
    """The job endpoints of an OSAPI server, below `/osapi`."""

    def __init__(self, osapi: Osapi) -> None:
        self._osapi = osapi

    async def answer(self, request: Request) -> Response:
        """Answer any request below `/osapi`."""
        try:
            response = await self._route(request)
        except _RefusedError as refusal:
            response = JSONResponse(refusal.body, refusal.status, refusal.headers)
        response.headers["x-request-id"] = str(uuid.uuid4())
        return response

    async def _route(self, request: Request) -> Response:
        path = request.url.path.removeprefix(OSAPI_ROOT)
        method = "GET" if request.method == "HEAD" else request.method
        found = _PATH.fullmatch(path)
        served = ("/api",) if self._osapi.web_ui else self._osapi.prefixes
        if found is None or found["prefix"] not in served:
            return self._nowhere(method, path)
        job_id, retried = found["id"], found["retry"] is not None
        operations: dict[tuple[bool, bool], dict[str, Handler]] = {
            (False, False): {"GET": self._list},
            (True, False): {"GET": self._get, "DELETE": self._delete},
            (True, True): {"POST": self._retry},
        }
        handlers = operations[job_id is not None, retried]
        if method not in handlers:
            raise _RefusedError(405, "Method Not Allowed", "message", {"allow": ", ".join(["OPTIONS", *handlers])})
        if job_id is not None and not _UUID.fullmatch(job_id):
            raise _RefusedError(400, f"Invalid format for parameter id: invalid UUID: {job_id!r}", "message")
        self._authorize(request, "job:read" if method == "GET" else "job:write")
        try:
            return handlers[method](request.query_params, job_id or "", await request.body(), request)
        except KeyError:
            raise _RefusedError(404, f"job not found: {job_id}") from None

    def _nowhere(self, method: str, path: str) -> Response:
        if method != "GET" or not self._osapi.web_ui:
            raise _RefusedError(404, "Not Found", "message")
        if path == "/api" or path.startswith("/api/"):
            return PlainTextResponse("404 page not found", 404)
        return HTMLResponse(_INDEX)

    def _authorize(self, request: Request, scope: str) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token.strip():
            raise _RefusedError(401, "Bearer token required")
        if self._osapi.tokens is None:
            return
        if token not in self._osapi.tokens:
            raise _RefusedError(401, "Invalid token: signature is invalid")
        if scope not in self._osapi.tokens[token]:
            raise _RefusedError(403, f"Insufficient permissions: {scope} is required")

    def _list(self, query: Mapping[str, str], _id: str, _body: bytes, _request: Request) -> Response:
        values = _read_query(query)
        page = self._osapi.page(status=values.get("status"), limit=values["limit"], offset=values["offset"])
        return JSONResponse(page)

    def _get(self, _query: Mapping[str, str], job_id: str, _body: bytes, _request: Request) -> Response:
        return JSONResponse(self._osapi.detail(job_id))

    def _delete(self, _query: Mapping[str, str], job_id: str, _body: bytes, _request: Request) -> Response:
        self._osapi.delete(job_id)
        return Response(status_code=204)

    def _retry(self, _query: Mapping[str, str], job_id: str, body: bytes, request: Request) -> Response:
        target = _read_target(body, request.headers.get("content-type", ""))
        try:
            return JSONResponse(self._osapi.retry(job_id, target), 201)
        except ValueError as error:
            raise _RefusedError(400, str(error)) from None


@lru_cache(maxsize=1)
def _parameters() -> list[dict[str, Any]]:
    """The documented query parameters of the list."""
    document = json.loads(openapi_bytes("osapi"))
    found: list[dict[str, Any]] = document["paths"]["/job"]["get"]["parameters"]
    for parameter in found:
        reference: str | None = parameter["schema"].get("$ref")
        if reference is not None:
            parameter["schema"] = document["components"]["schemas"][reference.rsplit("/", 1)[1]]
    return found


def _read_query(query: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    problems: list[str] = []
    for parameter in _parameters():
        name, schema = parameter["name"], parameter["schema"]
        value: Any = query.get(name, schema.get("default"))
        if value is None:
            continue
        if schema["type"] == "integer":
            value = _integer(name, str(value))
        values[name] = value
        tag = _broken_rule(value, schema)
        if tag is not None:
            problems.append(_broken(name.capitalize(), tag, of="GetJobParams."))
    if problems:
        raise _RefusedError(400, "; ".join(problems))
    return values


def _broken(field: str, tag: str, *, of: str) -> str:
    return f"Key: '{of}{field}' Error:Field validation for '{field}' failed on the '{tag}' tag"


def _integer(name: str, text: str) -> int:
    if re.fullmatch(r"[+-]?[0-9]{1,18}", text) is None:
        raise _RefusedError(400, f"Invalid format for parameter {name}: error binding string parameter", "message")
    return int(text)


def _broken_rule(value: Any, schema: Mapping[str, Any]) -> str | None:
    if "enum" in schema and value not in schema["enum"]:
        return "oneof"
    if "minimum" in schema and value < schema["minimum"]:
        return "min"
    if "maximum" in schema and value > schema["maximum"]:
        return "max"
    return None


def _read_target(body: bytes, content_type: str) -> str | None:
    """The `target_hostname` of a retry; the body may be missing."""
    if not body:
        return None
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise _RefusedError(415, "Unsupported Media Type", "message")
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise _RefusedError(400, "Syntax error: the body is not JSON", "message") from None
    if isinstance(value, dict) and "target_hostname" not in value:
        return None
    target: Any = cast("dict[str, Any]", value)["target_hostname"] if isinstance(value, dict) else None
    if not isinstance(target, str):
        raise _RefusedError(400, "Unmarshal type error: expected=string, field=target_hostname", "message")
    if target == "":
        raise _RefusedError(400, _broken("TargetHostname", "min", of=""))
    return target
