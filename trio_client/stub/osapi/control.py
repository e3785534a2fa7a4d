"""The path under `/_stub` that scripts the OSAPI side."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..api.control_schema import built, read_control
from ..documented.validation import openapi_bytes
from .jobs import Osapi

__all__ = ["OsapiControl"]


class OsapiControl:
    """The control operations on one stub's OSAPI side."""

    def __init__(self, osapi: Osapi) -> None:
        self._osapi = osapi

    async def change(self, request: Request) -> Response:
        """POST /_stub/osapi: add `jobs` (their fields), `run` jobs (the arguments of `Osapi.run`), change settings."""
        body = read_control("osapi", await request.body())
        added, run = body.pop("jobs", []), body.pop("run", [])
        for name, value in body.items():
            setattr(self._osapi, name, value)
        ids = built(lambda: [self._add(**fields) for fields in added] + [self._osapi.run(**job) for job in run])
        return JSONResponse({"ids": ids})

    async def openapi(self, _: Request) -> Response:
        """GET /_stub/osapi/openapi.json: the schema of the OSAPI side."""
        return Response(openapi_bytes("osapi"), media_type="application/json")

    def _add(self, then: dict[str, dict[str, Any]] | None = None, **fields: Any) -> str:
        later = {float(seconds): change for seconds, change in (then or {}).items()}
        return self._osapi.add(then=later, **fields)
