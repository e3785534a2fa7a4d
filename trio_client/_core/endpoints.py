"""The API's endpoints as pure functions: arguments in, a complete description of the request out.

Methods with many arguments pass them all, as their `locals()`: what is a field of the request is sent.
"""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Hashable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, cast
from urllib.parse import unquote, urlencode

from pydantic import BaseModel, RootModel
from pydantic_core import PydanticSerializationError, from_json, to_json

from .. import models
from .._redaction import kind_of, preview
from ..errors import RequestValidationError
from ..frames import Frame
from ..models import (
    CancelledJob,
    CheckResult,
    FrameAnswer,
    Job,
    JobDetail,
    JobPage,
    PreparedStream,
    StreamValidation,
)
from .call import EVENT_STREAM, Call
from .retry.failure import Effect
from .validation import NOT_GIVEN, integer, one_of, path_segment, validated

__all__ = [
    "analyze_frame",
    "cancel_job",
    "check_once",
    "create_live_digest",
    "create_live_monitor",
    "event_call",
    "get_job",
    "list_jobs",
    "prepare_stream",
    "raw_call",
    "validate_stream",
]

STATUSES = ("pending", "running", "stopped", "completed", "failed")
DEFAULT_DURATION_SECONDS = 600  # of a monitor that asks for none
POLL_SECONDS = 3.0  # the API's advice for polling a job is 3 to 5
JOB_TYPES = ("live-monitor", "live-digest")
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_NULL_MEANS_UNLIMITED = frozenset({"max_triggers", "max_windows"})


def check_once(arguments: Mapping[str, Any]) -> Call[CheckResult]:
    """Describe `POST /check-once`."""
    body = _body(models.CheckOnceRequest, arguments)
    return Call("POST", "/check-once", CheckResult, Effect.BILLED, body=body, operation="check_once")


def analyze_frame(frame: bytes | Path | Frame, question: str) -> Call[FrameAnswer]:
    """Describe `POST /analyze-frame`."""
    values = {"frame_b64": _frame_text(frame), "question": question}
    body = _body(models.AnalyzeFrameRequest, values, called={"frame_b64": "frame"})
    return Call("POST", "/analyze-frame", FrameAnswer, Effect.BILLED, body=body, operation="analyze_frame")


def validate_stream(stream_url: str) -> Call[StreamValidation]:
    """Describe `POST /streams/validate`."""
    body = _body(models.ValidateStreamRequest, {"stream_url": stream_url})
    return Call("POST", "/streams/validate", StreamValidation, Effect.SAFE, body=body, operation="streams.validate")


def prepare_stream(url: str) -> Call[PreparedStream]:
    """Describe `POST /prepare-stream`."""
    _body(models.ValidateStreamRequest, {"stream_url": url}, called={"stream_url": "url"})
    return Call(
        "POST",
        "/prepare-stream",
        PreparedStream,
        Effect.SAFE,
        query=urlencode({"url": url}),
        operation="streams.prepare",
    )


def create_live_monitor(
    arguments: Mapping[str, Any], method: Literal["create", "stream", "watch"] = "create"
) -> Call[Job]:
    """Describe `POST /live-monitor` for a method of the client; but for `create`, as an event stream."""
    return _create("/live-monitor", _body(models.LiveMonitorRequest, arguments), f"live_monitor.{method}")


def create_live_digest(
    arguments: Mapping[str, Any], method: Literal["create", "stream", "watch"] = "create"
) -> Call[Job]:
    """Describe `POST /live-digest` for a method of the client; but for `create`, as an event stream."""
    return _create("/live-digest", _body(models.LiveDigestRequest, arguments), f"live_digest.{method}")


def list_jobs(
    *, status: str | None = None, type: str | None = None, limit: int | None = None, offset: int | None = None
) -> Call[JobPage]:
    """Describe `GET /jobs`."""
    query: dict[str, str | int] = {}
    if status is not None:
        query["status"] = one_of("status", status, STATUSES)
    if type is not None:
        query["type"] = one_of("type", type, JOB_TYPES)
    if limit is not None:
        query["limit"] = integer("limit", limit, 1)
    if offset is not None:
        query["offset"] = integer("offset", offset, 0)
    # Checked words and numbers need no encoding.
    text = "&".join([f"{name}={query[name]}" for name in query])
    return Call("GET", "/jobs", JobPage, Effect.SAFE, query=text, operation="jobs.list", divisible=True)


def get_job(job_id: str) -> Call[JobDetail]:
    """Describe `GET /jobs/{job_id}`."""
    path = f"/jobs/{path_segment(job_id, 'job_id')}"
    return Call("GET", path, JobDetail, Effect.SAFE, operation="jobs.get", job_id=job_id)


def cancel_job(job_id: str) -> Call[CancelledJob]:
    """Describe `DELETE /jobs/{job_id}`."""
    path = f"/jobs/{path_segment(job_id, 'job_id')}"
    return Call(
        "DELETE", path, CancelledJob, Effect.SAFE, fresh_connection=True, operation="jobs.cancel", job_id=job_id
    )


def _create(path: str, body: dict[str, Any], operation: str) -> Call[Job]:
    accept = "application/json" if operation.endswith(".create") else EVENT_STREAM
    return Call("POST", path, Job, Effect.ONCE, body=body, accept=accept, fresh_connection=True, operation=operation)


def _body(
    model: type[BaseModel], values: Mapping[str, Any], called: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Any]:
    """Return the JSON body: what was given, and `None` only where null has a meaning of its own.

    Args:
        model: the documented request.
        values: a method's arguments; those that are no fields of the request are left out.
        called: the names of the arguments, where they differ from the schema's.
    """
    given: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        value = values.get(name, NOT_GIVEN)
        null_is_sent = name in _NULL_MEANS_UNLIMITED or field.is_required()
        if value is not NOT_GIVEN and (value is not None or null_is_sent):
            given[name] = value
    return validated(model, given, called).model_dump(exclude_unset=True)


def _frame_text(frame: bytes | Path | Frame) -> str:
    if isinstance(frame, Path):
        frame = frame.read_bytes()
    if isinstance(frame, (bytes, bytearray, memoryview)):
        return base64.b64encode(frame).decode("ascii")
    if isinstance(frame, Frame):  # pyright: ignore[reportUnnecessaryIsInstance]
        return frame.base64
    raise RequestValidationError(
        f"frame is {kind_of(frame)}.",
        field="frame",
        value=frame,
        advice="Pass the picture's bytes, a pathlib.Path to it, or a Frame.",
    )


def raw_call(
    method: str,
    path: str,
    *,
    params: Mapping[str, Any] | None,
    json: Any,
    response_type: type[Any],
    idempotent: bool | None,
) -> Call[RootModel[Any]]:
    """Describe a request to any endpoint below the base URL."""
    method = method.upper()
    if not re.fullmatch(r"[A-Z]{3,20}", method):
        raise RequestValidationError(f"method is {preview(repr(method))}; it must be an HTTP method.", field="method")
    _check_path(path)
    try:
        from_json(to_json(json), allow_inf_nan=False)  # NaN is written, and is no JSON
    except (PydanticSerializationError, ValueError) as error:
        raise RequestValidationError(f"json cannot be sent as JSON: {preview(str(error))}.", field="json") from None
    repeatable = method in _IDEMPOTENT if idempotent is None else idempotent
    query = {name: _query_value(value) for name, value in (params or {}).items() if value is not None}
    return Call(
        method,
        path,
        _root_model(cast("Hashable", response_type)),
        Effect.SAFE if repeatable else Effect.ONCE,
        query=urlencode(query, doseq=True),
        body=json,
        fresh_connection=not repeatable,
        operation="request",
    )


def event_call(method: str, path: str, *, params: Mapping[str, Any] | None, json: Any) -> Call[RootModel[Any]]:
    """Describe a request to any endpoint for its event stream, which is not sent again once it may have gone out."""
    call = raw_call(method, path, params=params, json=json, response_type=dict, idempotent=False)
    return replace(call, accept=EVENT_STREAM, operation="request_events")


def _check_path(path: str) -> None:
    segments = unquote(path).split("/")
    if (
        not path.startswith("/")
        or {".", ".."} & {*segments}
        or not re.fullmatch(r"[\x21-\x7e]+", path)
        or {"?", "#", "\\"} & {*path}
    ):
        raise RequestValidationError(
            f"path is {preview(repr(path))}; it must begin with '/', be percent-encoded ASCII and have neither "
            "'.' or '..' as a segment nor a query (use params=).",
            field="path",
            value=path,
        )


def _query_value(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


@functools.lru_cache(maxsize=64)
def _root_model(response_type: Hashable) -> type[RootModel[Any]]:
    wanted: Any = dict[str, Any] if response_type is dict else response_type
    return RootModel[wanted]
