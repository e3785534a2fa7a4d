"""OSAPI's job endpoints: paths, methods, tokens, and the order in which the real server checks a request."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from typing import Any, TypeAlias
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from ..documented.paths import OSAPI_ROOT
from .agents import agents_of
from .identifiers import read_id
from .jobs import Osapi
from .requests import RefusedError, broken_rule, check_query, read_query, read_target

__all__ = ["METHODS", "OsapiApi"]

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_INDEX = '<!doctype html><title>OSAPI</title><div id="root"></div>\n'
_LETTERS = string.ascii_letters

Handler: TypeAlias = Callable[[Any, bytes, Request], Response]


class OsapiApi:
    """The job endpoints of an OSAPI server, below `/osapi`."""

    def __init__(self, osapi: Osapi) -> None:
        self._osapi = osapi

    async def answer(self, request: Request) -> Response:
        """Answer any request below `/osapi`."""
        try:
            response = self._route(request, await request.body())
        except RefusedError as refusal:
            response = JSONResponse(refusal.body, refusal.status, refusal.headers)
        if request.method == "HEAD":
            response = Response(status_code=response.status_code, headers=_allow_only(response))
        own_id = "".join(secrets.choice(_LETTERS) for _ in range(32))
        response.headers["x-request-id"] = request.headers.get("x-request-id") or own_id
        response.headers["vary"] = "Origin"
        return response

    def _route(self, request: Request, body: bytes) -> Response:
        path, method = _path(request), request.method
        found = self._endpoint(path)
        if found is None or (method == "GET" and "GET" not in found[0] and self._osapi.web_ui):
            return self._unknown(method, path)
        handlers, job_id = found
        allow = ", ".join(["OPTIONS", *sorted(handlers)])
        if method == "OPTIONS":
            return Response(status_code=204, headers={"allow": allow})
        if method not in handlers:
            raise RefusedError(405, "Method Not Allowed", "message", {"allow": allow})
        # What cannot be read comes before the token, the token before ranges, and those before the job.
        given: Any = read_query(request.query_params.multi_items()) if job_id is None else _checked_id(job_id)
        self._authorize(request, "job:read" if method == "GET" else "job:write")
        try:
            return handlers[method](given, body, request)
        except KeyError:
            raise RefusedError(404, f"job not found: {given}") from None

    def _endpoint(self, path: str) -> tuple[dict[str, Handler], str | None] | None:
        """The handlers at a path, by method, and the id in it; None if there is no endpoint."""
        for prefix in ("/api",) if self._osapi.web_ui else self._osapi.prefixes:
            parts = path.removeprefix(prefix).split("/")
            if not path.startswith(f"{prefix}/job") or parts[:2] != ["", "job"] or "" in parts[1:]:
                continue
            if len(parts) == 2:
                return {"GET": self._list}, None
            job_id = unquote(parts[2])
            if len(parts) == 3:
                return {"GET": self._get, "DELETE": self._delete}, job_id
            if len(parts) == 4 and parts[3] == "retry":
                return {"POST": self._retry}, job_id
        return None

    def _unknown(self, method: str, path: str) -> Response:
        """Answer a path that is no endpoint: the web page takes every GET that it gets."""
        if not self._osapi.web_ui:
            raise RefusedError(404, "Not Found", "message")
        allow = {"allow": "OPTIONS, GET"}
        if method == "OPTIONS":
            return Response(status_code=204, headers=allow)
        if method != "GET":
            raise RefusedError(405, "Method Not Allowed", "message", allow)
        if path.startswith("/api/"):
            return PlainTextResponse("404 page not found\n", 404)
        if path == "/index.html":
            return Response(status_code=301, headers={"location": "./"})
        return HTMLResponse(_INDEX)

    def _authorize(self, request: Request, scope: str) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token.strip():
            raise RefusedError(401, "Bearer token required")
        if self._osapi.tokens is None:
            return
        if token not in self._osapi.tokens:
            raise RefusedError(401, "Invalid token: signature is invalid")
        scopes = self._osapi.tokens[token]
        if scope not in scopes:
            resolved = " ".join(f"{each}:true" for each in sorted(scopes))
            raise RefusedError(403, f"Insufficient permissions. Required: [{scope}], resolved: map[{resolved}]")

    def _list(self, query: dict[str, Any], _body: bytes, _request: Request) -> Response:
        check_query(query)
        if self._osapi.store_away:
            raise RefusedError(500, "error fetching jobs: context deadline exceeded")
        page = self._osapi.page(status=query.get("status"), limit=query["limit"], offset=query["offset"])
        return JSONResponse(page)

    def _get(self, job_id: str, _body: bytes, _request: Request) -> Response:
        return JSONResponse(self._stored().detail(job_id))

    def _delete(self, job_id: str, _body: bytes, _request: Request) -> Response:
        self._stored().delete(job_id)
        return Response(status_code=204)

    def _retry(self, job_id: str, body: bytes, request: Request) -> Response:
        target = read_target(body, request.headers.get("content-type", ""))
        osapi = self._stored()
        try:
            agents_of(target, osapi.agents)
        except ValueError as error:
            field = "RetryJobRequest.TargetHostname"
            raise RefusedError(400, broken_rule(field, "valid_target", f": {error}")) from None
        try:
            return JSONResponse(osapi.retry(job_id, target), 201)
        except ValueError as error:
            raise RefusedError(400, str(error)) from None

    def _stored(self) -> Osapi:
        """The jobs; without its store the server knows none."""
        if self._osapi.store_away:
            raise KeyError
        return self._osapi


def _path(request: Request) -> str:
    """The path below `/osapi` as it was sent: an id may hold an encoded slash."""
    raw = request.scope.get("raw_path") or request.scope["path"].encode()
    return str(raw.decode("latin-1")).partition("?")[0].removeprefix(OSAPI_ROOT)


def _checked_id(text: str) -> str:
    try:
        return read_id(text)
    except ValueError as error:
        reason = f"error unmarshaling '{text}' text as *uuid.UUID: {error}"
        raise RefusedError(400, f"Invalid format for parameter id: {reason}", "message") from None


def _allow_only(response: Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name == "allow"}
