"""Write an event as JSON, and read it back: one form for every field type."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, fields
from datetime import datetime, timezone
from types import NoneType
from typing import Any, ClassVar, Protocol, TypeVar, cast, get_args

from .._json import as_object
from .._redaction import quoted
from .._stats import JobStats
from .._times import parse_time
from ..errors import RequestValidationError
from ..frames import Frame, is_picture_name
from ._delivery import Delivery

__all__ = ["COMMON_FIELDS", "own_fields", "read", "write"]

COMMON_FIELDS = ("name", "delivery", "job_id", "stream_url", "occurred_at")
_MAX_BITS = 14_000  # Python refuses to write whole numbers of more than 4,300 digits
_DATA_URI = re.compile(r"\s*data:(?:image|video)/", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-\s]{60,}={0,2}\s*")
# Pictures within a text, such as JSON that was cut: after their key, or by how JPEG, PNG, GIF and WebP begin.
# JSON may have escaped the slashes, and the quotes of a text within a text.
_KEY_IN_TEXT = re.compile(r"""((?:_b64|base64)\\*"\s*:\s*\\*")[^"\\]*(?:\\/[^"\\]*)*""", re.IGNORECASE)
_PICTURE_IN_TEXT = re.compile(r"(?:\\?/9j\\?/|iVBORw0KGgo|R0lGOD|UklGR)[A-Za-z0-9+/\\_-]{40,}={0,2}")


class _AnyEvent(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    raw: Any

    @property
    def kind(self) -> str: ...

    @property
    def dedup_key(self) -> str | None: ...


_Event = TypeVar("_Event", bound=_AnyEvent)


def own_fields(kind: type[_AnyEvent]) -> list[tuple[str, str]]:
    """Return the name and the annotation of each field that an event type adds to what every event has."""
    return [(each.name, str(each.type)) for each in fields(kind) if each.name not in (*COMMON_FIELDS, "raw")]


def write(event: _AnyEvent, *, frames: bool, raw: bool) -> dict[str, Any]:
    """Return an event as a dict that `json.dumps` can write."""
    data: dict[str, Any] = {"kind": event.kind}
    for name in (*COMMON_FIELDS, *(name for name, _ in own_fields(type(event)))):
        value = getattr(event, name)
        data[name] = _exact(value) if isinstance(value, str) else _written(value, frames)
    data["dedup_key"] = event.dedup_key
    if raw:
        data["raw"] = _written(event.raw, frames)
    return data


def read(kind: type[_Event], data: Mapping[str, Any]) -> _Event:
    """Return the event of a type that a dict describes.

    Raises:
        RequestValidationError: a field has a value of another type.
    """
    values: dict[str, Any] = {"raw": data.get("raw")}
    for each in fields(kind):
        value = data.get(each.name)
        if value is None or each.name == "raw":
            continue
        expected, reader = _FORMS[str(each.type)]
        found = reader(value)
        if found is None:
            raise _unreadable(each.name, value, expected)
        values[each.name] = None if found is _NOT_SENT else found
    event = kind(**values)
    if "dedup_key" in data:
        key = data["dedup_key"]
        if not isinstance(key, (str, NoneType)):
            raise _unreadable("dedup_key", key, "a text")
        object.__setattr__(event, "_dedup_key", key)
    return event


def _unreadable(name: str, value: Any, expected: str) -> RequestValidationError:
    return RequestValidationError(
        f"The event's {name} must be {expected}, not {quoted(value, name)}.",
        field=name,
        value=value,
        advice="Pass what to_dict() returned.",
    )


def _written(value: Any, frames: bool, key: str = "") -> Any:
    """Return a value as JSON: without numbers that JSON lacks, and without pictures unless they are asked for."""
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return _exact(value) if frames else _without_picture(_exact(value), key)
    if isinstance(value, int):
        return int(value) if value.bit_length() <= _MAX_BITS else None
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, datetime):
        return _iso(value)
    if isinstance(value, Frame):
        return _picture(value, frames)
    if isinstance(value, dict):
        return {str(name): _written(item, frames, str(name)) for name, item in as_object(value).items()}
    if isinstance(value, (list, tuple)):
        return [_written(item, frames, key) for item in cast("list[Any]", value)]
    return str(value)


def _iso(moment: datetime) -> str:
    """Return a time in UTC, with its microseconds where it has any."""
    if moment.tzinfo is not None:
        try:
            moment = moment.astimezone(timezone.utc)
        except OverflowError:  # in the first or the last hours that Python counts
            moment = (datetime.min if moment.year == 1 else datetime.max).replace(tzinfo=timezone.utc)  # noqa: DTZ901
    return moment.replace(tzinfo=None).isoformat() + "Z"


def _picture(frame: Frame, frames: bool) -> dict[str, Any]:
    data = frame.base64
    size = len(data) - sum(data.count(each) for each in "= \t\r\n")
    described: dict[str, Any] = {"media_type": frame.media_type, "size": size * 3 // 4}
    return {**described, "data_base64": data} if frames else described


def _without_picture(text: str, key: str) -> str | None:
    if not text:
        return text
    if is_picture_name(key) or _DATA_URI.match(text):
        return None
    if _BASE64.fullmatch(text) and Frame(text).media_type.startswith("image/"):
        return None
    return _PICTURE_IN_TEXT.sub("…", _KEY_IN_TEXT.sub(r"\1…", text))


def _exact(text: str) -> str:
    """Return a text of the plain type; the `str` of an enum's member would be its name."""
    return text if text.__class__ is str else str.__str__(text)


_NOT_SENT = object()


def _read_picture(value: Any) -> Any:
    if isinstance(value, Frame):
        return value
    described = as_object(value)
    if "media_type" not in described:
        return None
    content = described.get("data_base64")
    return Frame(content) if isinstance(content, str) else _NOT_SENT


def _read_time(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else parse_time(value) if isinstance(value, str) else None


def _read_number(value: Any) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None


def _read_count(value: Any) -> int | None:
    number = _read_number(value)
    return None if number is None or number != int(number) else int(number)


def _read_text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


# By the annotation of a field: what it must be, and what reads it (`None`: it cannot be read).
_FORMS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "str": ("a text", _read_text),
    "str | None": ("a text", _read_text),
    "Delivery": ("sse, webhook or poll", lambda value: value if value in get_args(Delivery) else None),
    "bool | None": ("a bool", lambda value: value if isinstance(value, bool) else None),
    "int | None": ("a whole number", _read_count),
    "int | float | None": ("a number", _read_number),
    "datetime | None": ("a time as ISO 8601", _read_time),
    "Frame | None": ("an object with media_type", _read_picture),
    "JobStats | None": ("an object", lambda value: JobStats(as_object(value)) if isinstance(value, dict) else None),
}
