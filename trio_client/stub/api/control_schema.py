"""What the bodies of the control paths may contain, as JSON Schema: a script with a typo is refused at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from jsonschema import Draft202012Validator

from ..documented.errors import ApiError
from ..documented.validation import parse_object, validated

__all__ = ["CONTROL_SCHEMAS", "built", "read_control"]

T = TypeVar("T")

_TEXT: dict[str, Any] = {"type": "string"}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}
_FLAG: dict[str, Any] = {"type": "boolean"}
_SECONDS: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 1e9}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 10**9}


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _object(required: tuple[str, ...] = (), **properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_LABELS: dict[str, Any] = {"type": "object", "additionalProperties": _TEXT}
_JOB = {
    "type": "object",
    "properties": {"then": {"type": "object", "additionalProperties": {"type": "object"}}},
}

CONTROL_SCHEMAS: dict[str, dict[str, Any]] = {
    "fail": _object(
        method=_nullable(_TEXT),
        path=_TEXT,
        times={**_COUNT, "minimum": 1},
        status=_nullable({"type": "integer"}),
        body={},
        headers=_nullable({"type": "object", "additionalProperties": _TEXT}),
        delay=_SECONDS,
        close={"enum": [True, False, "fin", "reset"]},
        processed=_FLAG,
        drop_after_bytes=_nullable(_COUNT),
        drop_after_events=_nullable(_COUNT),
        silent_after_events=_nullable(_COUNT),
        omit_terminal=_FLAG,
        dialect=_nullable(_TEXT),
        line_end=_nullable(_TEXT),
        bom=_FLAG,
        split_at=_nullable(_COUNT),
    ),
    "scene": _object(
        ("stream_url",),
        stream_url=_TEXT,
        every=_nullable(_COUNT),
        first=_nullable(_COUNT),
        at={"type": "array", "items": _SECONDS},
        holds=_nullable(_FLAG),
        live=_FLAG,
        offline_at=_nullable(_SECONDS),
        vod=_FLAG,
        title=_TEXT,
        channel=_TEXT,
        viewer_count=_COUNT,
        seen=_nullable(_TEXT),
        unseen=_TEXT,
        frame_b64=_TEXT,
        frame_size=_COUNT,
        latency_ms=_COUNT,
    ),
    "wire": _object(
        ("kind",),
        method=_nullable(_TEXT),
        path=_TEXT,
        times={**_COUNT, "minimum": 1},
        kind=_TEXT,
        at=_TEXT,
        after=_COUNT,
        work=_TEXT,
        content=_nullable(_TEXT),
        size=_nullable({**_COUNT, "minimum": 1}),
        every=_SECONDS,
        seconds=_SECONDS,
    ),
    "advance": _object(("seconds",), seconds=_SECONDS),
    "settings": _object(speed=_SECONDS, max_jobs=_COUNT, credits=_nullable(_SECONDS), generation=_TEXT),
    "start": _object(("stream_url", "condition"), stream_url=_TEXT, condition=_TEXT),
    "jobs": _object(count=_COUNT, status=_TEXT, job_type=_TEXT, stream_url=_TEXT),
    "webhooks": _object(shape=_TEXT, copies=_COUNT, reverse=_FLAG, delay=_SECONDS, unsigned=_FLAG, tampered=_FLAG),
    "osapi": _object(
        jobs={"type": "array", "items": _JOB},
        web_ui=_FLAG,
        prefixes=_TEXTS,
        tokens=_nullable({"type": "object", "additionalProperties": _TEXTS}),
        agents={"type": "object", "additionalProperties": _object(machine_id=_TEXT, labels=_LABELS)},
        store_away=_FLAG,
        run={
            "type": "array",
            "items": _object(operation=_nullable({"type": "object"}), target=_nullable(_TEXT), outcomes=_LABELS),
        },
    ),
}


def read_control(name: str, body: bytes) -> dict[str, Any]:
    """The body of a request to a control path, checked against its schema, whole floats as integers."""
    return validated(Draft202012Validator(CONTROL_SCHEMAS[name]), parse_object(body))


def built(build: Callable[[], T]) -> T:
    """The result of `build`; what it rejects is refused with status 422."""
    try:
        return build()
    except (TypeError, ValueError) as error:
        detail = [{"loc": ["body"], "msg": str(error), "type": "value_error"}]
        raise ApiError("VALIDATION_ERROR", str(error), detail=detail) from None
