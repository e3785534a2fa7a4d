"""Check arguments before anything is sent, and say what is wrong with them."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from functools import partial
from inspect import iscoroutinefunction
from types import MappingProxyType, UnionType
from typing import Any, Final, Literal, TypeAlias, TypeVar
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ValidationError

from .._numbers import not_negative
from .._redaction import preview, quoted
from ..errors import RequestValidationError

__all__ = [
    "NOT_GIVEN",
    "NotGiven",
    "event_types",
    "integer",
    "is_async",
    "one_of",
    "path_segment",
    "stream_options",
    "validated",
]

_R = TypeVar("_R", bound=BaseModel)
_LARGEST = 10**18
_NO_SEGMENT = re.compile(r"[/\\?#\x00-\x20\x7f-\x9f]")
_UNITS = {
    "interval_seconds": " seconds",
    "clip_duration_seconds": " seconds",
    "monitor_duration_seconds": " seconds",
    "trigger_cooldown_seconds": " seconds",
    "capture_interval_seconds": " seconds",
    "window_minutes": " minutes",
}
_TYPES = {
    "string": "a str",
    "int": "an int",
    "bool": "a bool",
    "float": "a number",
}


class _NotGiven(enum.Enum):
    """An argument that was left out, where `None` means something."""

    NOT_GIVEN = "not given"

    def __repr__(self) -> str:
        return "NOT_GIVEN"


NotGiven: TypeAlias = Literal[_NotGiven.NOT_GIVEN]
NOT_GIVEN: Final = _NotGiven.NOT_GIVEN


def validated(model: type[_R], values: Mapping[str, Any], called: Mapping[str, str] = MappingProxyType({})) -> _R:
    """Return the request model of the values.

    Args:
        model: the documented request.
        values: what is to be sent.
        called: the names of the arguments, where they differ from the schema's.

    Raises:
        RequestValidationError: a value is outside its documented range; names field, value and range.
    """
    for name in ("stream_url", "webhook_url"):
        _check_text(called.get(name, name), values.get(name))
    if (webhook_url := values.get("webhook_url")) is not None:
        _check_webhook_url(webhook_url)
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        problems = error.errors(include_url=False)
        texts = [_explain(model, problem, values, called) for problem in problems]
        field = str(problems[0]["loc"][0])
        raise RequestValidationError(" ".join(texts), field=called.get(field, field), value=values.get(field)) from None


def integer(field: str, value: Any, minimum: int, maximum: int | None = None) -> int:
    """Return a query parameter that must be an integer in a range."""
    wanted = _range(minimum, maximum)
    if isinstance(value, bool) or not isinstance(value, int):
        kind = f"an int {_kind_range(minimum, maximum)}"
        raise RequestValidationError(f"{field} is {quoted(value, field)}; it must be {kind}.", field=field, value=value)
    if value < minimum or value > (_LARGEST if maximum is None else maximum):
        shown = str(value) if abs(value) <= _LARGEST else "a number of more than 18 digits"
        if maximum is None and value > _LARGEST:
            wanted = _range(minimum, _LARGEST)
        raise RequestValidationError(f"{field} is {shown}; it must be {wanted}.", field=field, value=value)
    return value


def one_of(field: str, value: Any, allowed: Sequence[str]) -> str:
    """Return an argument that must be one of the documented words."""
    if value not in allowed:
        words = ", ".join(repr(word) for word in allowed)
        raise RequestValidationError(
            f"{field} is {quoted(value, field)}; it must be one of {words}.", field=field, value=value
        )
    return str(value)


def path_segment(value: str, field: str) -> str:
    """Return an identifier as one percent-encoded path segment.

    Raises:
        RequestValidationError: it is empty, a dot segment, or holds a character that would end the segment.
    """
    if value.__class__ is str and value.isascii() and value.replace("-", "").isalnum():
        return value  # nearly always
    if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise RequestValidationError(f"{field} is {quoted(value, field)}; it must be a str.", field=field, value=value)
    plain = re.sub(r"%2e", ".", value, flags=re.IGNORECASE)
    if not value or plain in (".", "..") or _NO_SEGMENT.search(value) or re.search(r"%(?:2f|5c)", value, re.IGNORECASE):
        raise RequestValidationError(
            f"{field} is {quoted(value, field)}, which is not an id.",
            advice="Pass it as the API returned it, such as 'a1b2c3d4-e5f6-7890-abcd-ef1234567890'.",
            field=field,
            value=value,
        )
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise RequestValidationError(
            f"{field} is {quoted(value, field)}, which is not text that can be sent.", field=field, value=value
        ) from None


def event_types(kinds: tuple[Any, ...]) -> None:
    """Check what `until` is to wait for, before it starts a job."""
    if not kinds:
        raise RequestValidationError(
            "until was given no event type, so no event would end it.",
            advice="Pass what to wait for, such as until(Triggered); collect() reads to the end.",
            field="kinds",
            value=kinds,
        )
    for kind in kinds:
        if not isinstance(kind, (type, UnionType)):
            raise RequestValidationError(
                f"kinds is {preview(repr(kind))}; it must be event types, such as `trio_client.Triggered`.",
                field="kinds",
                value=kind,
            )


def stream_options(
    on_exit: Any, on_drop: Any, wait_for_slot: Any, *, drops: tuple[str, ...] = ("poll", "raise")
) -> None:
    """Check how a stream is to end, to break and to begin: a word that is not known would let its job run on."""
    one_of("on_exit", on_exit, ("cancel", "leave"))
    one_of("on_drop", on_drop, drops)
    if wait_for_slot is not None:
        not_negative("wait_for_slot", wait_for_slot, "seconds")


def _check_text(field: str, value: Any) -> None:
    if isinstance(value, str) and re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", value):
        raise RequestValidationError(
            f"{field} is {quoted(value, field)}; it contains a control character.",
            field=field,
            value=value,
            advice="Remove it.",
        )


def _check_webhook_url(value: Any) -> None:
    if not isinstance(value, str):
        return  # the schema's own check says what is wrong
    try:
        parts = urlsplit(value)
        usable = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise RequestValidationError(
            f"webhook_url is {quoted(value, 'webhook_url')}; it must be a public URL that begins with https:// (or http://).",
            field="webhook_url",
            value=value,
        )


def _explain(model: type[BaseModel], problem: Any, values: Mapping[str, Any], called: Mapping[str, str]) -> str:
    name = str(problem["loc"][0])
    field = called.get(name, name)
    if problem["type"] == "missing":
        return f"{field} is missing; it is required."
    shown = quoted(values.get(name), name, limit=80)
    minimum, maximum, shortest, longest = _bounds(model, name)
    kind: str = problem["type"]
    if kind in ("greater_than_equal", "less_than_equal") and minimum is not None:
        return f"{field} is {shown}; it must be {_range(minimum, maximum)}{_UNITS.get(field, '')}."
    if kind in ("string_too_short", "string_too_long"):
        length = len(str(values.get(name)))
        if not length:
            return f"{field} is empty; it must have {_range(shortest, longest)} characters."
        return f"{field} is {shown} ({length:,} characters); it must have {_range(shortest, longest)} characters."
    if kind == "literal_error":
        return f"{field} is {shown}; it must be {problem['ctx']['expected']}."
    if kind.endswith("_type"):
        wanted = _TYPES.get(kind.removesuffix("_type"), kind.removesuffix("_type"))
        limits = f" {_kind_range(minimum, maximum)}{_UNITS.get(field, '')}" if minimum is not None else ""
        return f"{field} is {shown}; it must be {wanted}{limits}."
    return f"{field} is {shown}, which cannot be sent."


def _bounds(model: type[BaseModel], field: str) -> tuple[int | None, int | None, int | None, int | None]:
    schema = model.model_json_schema()["properties"].get(field, {})
    for candidate in (schema, *schema.get("anyOf", ())):
        if any(key in candidate for key in ("minimum", "minLength")):
            return (
                candidate.get("minimum"),
                candidate.get("maximum"),
                candidate.get("minLength"),
                candidate.get("maxLength"),
            )
    return None, None, None, None


def _range(minimum: int | None, maximum: int | None) -> str:
    if maximum is None:
        return f"{minimum:,} or more"
    return f"from {minimum:,} to {maximum:,}"


def _kind_range(minimum: int, maximum: int | None) -> str:
    """Return a range as it stands behind a kind: an int *of 5 or more*, an int *from 5 to 300*."""
    return f"{'of ' if maximum is None else ''}{_range(minimum, maximum)}"


def is_async(function: object) -> bool:
    """Return whether what calling this returns has to be awaited: of a function, or of an object that is callable."""
    while isinstance(function, partial):
        function = function.func
    return iscoroutinefunction(function) or iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004
