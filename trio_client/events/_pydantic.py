"""Events as field types of pydantic models, in the form of `to_dict`, and the JSON Schema of that form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from ._delivery import Delivery
from ._json_form import COMMON_FIELDS, own_fields, read

__all__ = ["any_event_schema", "event_schema", "json_schema"]


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


_TEXT: dict[str, Any] = {"type": "string"}
_TIME = {"type": "string", "format": "date-time", "description": "ISO 8601 in UTC, with a Z."}
_PICTURE = {
    "type": "object",
    "properties": {
        "media_type": {"type": "string", "description": "Such as image/jpeg."},
        "size": {"type": "integer", "minimum": 0, "description": "In bytes."},
        "data_base64": {"type": "string", "contentEncoding": "base64", "description": "Only where it is asked for."},
    },
    "required": ["media_type", "size"],
}
# By the annotation of a field, as in _json_form.
_JSON_TYPES: dict[str, dict[str, Any]] = {
    "str": _TEXT,
    "str | None": _or_null(_TEXT),
    "Delivery": {"type": "string", "enum": list(get_args(Delivery))},
    "bool | None": _or_null({"type": "boolean"}),
    "int | None": _or_null({"type": "integer"}),
    "int | float | None": _or_null({"type": "number"}),
    "datetime | None": _or_null(_TIME),
    "Frame | None": _or_null(_PICTURE),
    "JobStats | None": _or_null({"type": "object", "description": "The job's counters, as they were sent."}),
}
_DEDUP_KEY = _or_null({**_TEXT, "description": "Equal for redeliveries of one event, different for different events."})
_RAW = {"description": "The JSON as it was sent. Only where it is asked for."}
_COMMON = dict.fromkeys(COMMON_FIELDS, "str | None") | {
    "name": "str",
    "delivery": "Delivery",
    "occurred_at": "datetime | None",
}


def event_schema(kind: type[Any]) -> CoreSchema:
    """Return the schema of one event type: an event as it is, or what `to_dict` made of one."""

    def validate(value: Any) -> Any:
        if isinstance(value, kind):
            return value
        if not isinstance(value, Mapping) or value.get("kind") != kind.kind:  # pyright: ignore[reportUnknownMemberType]
            raise ValueError(f"an event of kind {kind.kind} is expected, or what its to_dict() returned")
        return read(kind, value)  # pyright: ignore[reportUnknownArgumentType]

    return core_schema.no_info_plain_validator_function(
        validate,
        ref=f"{kind.__module__}.{kind.__qualname__}:{id(kind)}",
        serialization=core_schema.plain_serializer_function_ser_schema(_to_dict),
    )


def any_event_schema(kinds: Iterable[type[Any]], handler: GetCoreSchemaHandler) -> CoreSchema:
    """Return the schema of an event of any type, discriminated by `kind`."""
    return core_schema.tagged_union_schema(
        {kind.kind: handler.generate_schema(kind) for kind in kinds}, "kind", from_attributes=True
    )


def json_schema(kind: type[Any]) -> dict[str, Any]:
    """Return the JSON Schema of an event type, as `to_dict` writes it."""
    properties: dict[str, Any] = {"kind": {"type": "string", "const": kind.kind}}
    for name, annotation in (*_COMMON.items(), *own_fields(kind)):
        properties[name] = _JSON_TYPES[annotation]
    properties["dedup_key"] = _DEDUP_KEY
    required = list(properties)
    properties["raw"] = _RAW
    summary = (kind.__doc__ or "").partition("\n")[0]
    return {
        "title": kind.__name__,
        "description": summary,
        "type": "object",
        "properties": properties,
        "required": required,
    }


def _to_dict(event: Any) -> Any:
    return event.to_dict()
