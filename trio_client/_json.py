"""Read JSON of unknown shape: one rule for each kind of value, the same as the models have."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

from pydantic_core import SchemaValidator, ValidationError, core_schema, from_json

__all__ = ["as_array", "as_count", "as_flag", "as_number", "as_object", "as_text", "parse_json", "read_items"]

_MAX_DEPTH = 200  # as pydantic's parser
_MAX_DIGITS = 4300  # as Python's int()
_SPACE = re.compile(r"[ \t\n\r]*")
_SURROGATE = re.compile("[\ud800-\udfff]")
_COUNT = SchemaValidator(core_schema.int_schema())
_NUMBER = SchemaValidator(core_schema.float_schema(allow_inf_nan=False))
_FLAG = SchemaValidator(core_schema.bool_schema())


def parse_json(content: bytes | str) -> Any:
    """Return the value of a JSON text. In one that is not quite JSON, only what is off is lost.

    Numbers that are not numbers, or too large, become `None`; what is no text in UTF-8 becomes U+FFFD. Control
    characters and a byte order mark are accepted.

    Raises:
        ValueError: the text is not JSON even so.
    """
    try:
        return from_json(content, allow_inf_nan=False)
    except (ValueError, TypeError) as error:  # TypeError: a str with lone surrogates
        problem = str(error)
    text = content if isinstance(content, str) else content.decode("utf-8", "replace")
    try:
        found = _repaired(_LENIENT.decode(text.removeprefix("\ufeff")), 0)
    except (ValueError, RecursionError):
        found = None
    if found is None:
        raise ValueError(problem)
    return found


def read_items(content: bytes, name: str, read: Callable[[Any], None]) -> dict[str, Any]:
    """Return a JSON object but for one of its arrays: `read` is called with each item of that, and none is kept.

    The text may be off as in `parse_json`.

    Raises:
        ValueError: it is no object of JSON even so.
    """
    text = content.decode("utf-8", "replace").removeprefix("\ufeff")
    found: dict[str, Any] = {}
    escapes = "\\u" in text  # such as lone surrogates
    try:
        at, more = _after(text, 0, "{"), True
        while more:
            key, at = _value(text, at, repair=escapes)
            at = _after(text, at, ":")
            if key == name and text.startswith("[", at):
                found[name], at = [], _after(text, at, "[")
                more = not text.startswith("]", at)
                while more:
                    item, at = _value(text, at, repair=escapes)
                    read(item)
                    more = not text.startswith("]", at)
                    at = _after(text, at, ",") if more else at
                at = _after(text, at, "]")
            else:
                found[str(key)], at = _value(text, at, repair=escapes)
            more = not text.startswith("}", at)
            at = _after(text, at, "," if more else "}")
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if at < len(text):
        raise ValueError("something follows the object")
    return found


def _value(text: str, at: int, *, repair: bool) -> tuple[Any, int]:
    """Return the value at a place, and the place of what follows it."""
    found, at = _LENIENT.raw_decode(text, at)
    return (_repaired(found, 0) if repair else found), _skip(text, at)


def _after(text: str, at: int, sign: str) -> int:
    """Return the place of what follows a sign."""
    if not text.startswith(sign, at):
        raise ValueError(f"{sign!r} is missing")
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def as_object(value: Any) -> dict[str, Any]:
    """Return a JSON object as it is, and an empty one for anything else."""
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def as_array(value: Any) -> list[Any]:
    """Return a JSON array as it is, and an empty one for anything else."""
    return value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]


def as_text(value: Any) -> str | None:
    """Return a text, also one that was sent as a number; `None` for anything else."""
    if value.__class__ is str or value is None:
        return value
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def as_count(value: Any) -> int | None:
    """Return a whole number, also one that was sent as a float or text; `None` for anything else."""
    if value.__class__ is int or value is None:
        return value
    return None if isinstance(value, bool) else _read(_COUNT, value)


def as_number(value: Any) -> int | float | None:
    """Return a finite number, also one that was sent as text; `None` for anything else."""
    if value.__class__ is int or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if not isinstance(value, str):
        return None
    whole = as_count(value)
    return _read(_NUMBER, value) if whole is None else whole


def as_flag(value: Any) -> bool | None:
    """Return a flag, also one that was sent as text (`"true"`) or as 0 or 1; `None` for anything else."""
    return value if value is True or value is False or value is None else _read(_FLAG, value)


def _read(validator: SchemaValidator, value: Any) -> Any:
    try:
        return validator.validate_python(value)
    except ValidationError:
        return None


def _whole(text: str) -> int | None:
    return int(text) if len(text) <= _MAX_DIGITS else None


def _fraction(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _nothing(_: str) -> None:
    """NaN, Infinity and -Infinity are no values."""


_LENIENT = json.JSONDecoder(strict=False, parse_int=_whole, parse_float=_fraction, parse_constant=_nothing)


def _repaired(value: Any, depth: int) -> Any:
    """Return a value whose texts can be encoded."""
    if depth > _MAX_DEPTH:
        raise ValueError
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_repaired(key, depth): _repaired(item, depth + 1) for key, item in as_object(value).items()}
    if isinstance(value, list):
        return [_repaired(item, depth + 1) for item in as_array(value)]
    return value
