"""What OSAPI's job endpoints read of a request, and the texts with which they refuse the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, cast

from ..documented.validation import openapi_bytes

__all__ = ["RefusedError", "broken_rule", "check_query", "read_query", "read_target"]

_TYPE_NAMES: dict[type, str] = {bool: "bool", int: "number", float: "number", str: "string", list: "array"}
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_INT64 = 2**63


class RefusedError(Exception):
    """A refusal: by an endpoint, whose errors say `error`, or by the framework below it (`message`)."""

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
        self.body: dict[str, str] = {shape: text}


def read_query(query: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The parameters of the list, in their types; one that cannot be read, or comes twice, is refused."""
    values: dict[str, Any] = {}
    for parameter in _parameters():
        name, schema = parameter["name"], parameter["schema"]
        given = [value for key, value in query if key == name]
        where = f"Invalid format for parameter {name}"
        if len(given) > 1:
            raise RefusedError(400, f"{where}: multiple values for single value parameter '{name}'", "message")
        if given and schema["type"] == "integer":
            values[name] = _integer(given[0], where)
        elif given:
            values[name] = given[0]
        elif "default" in schema:
            values[name] = schema["default"]
    return values


def check_query(values: Mapping[str, Any]) -> None:
    """Refuse parameters that are out of their ranges, all of them together."""
    problems: list[str] = []
    for parameter in _parameters():
        name, schema = parameter["name"], parameter["schema"]
        tag = _broken_tag(values[name], schema) if name in values else None
        if tag is not None:
            problems.append(broken_rule(f"GetJobsParams.{name.capitalize()}", tag))
    if problems:
        raise RefusedError(400, "; ".join(problems))


def broken_rule(field: str, tag: str, more: str = "") -> str:
    """The text about a field that breaks a rule."""
    name = field.rpartition(".")[2]
    return f"Key: '{field}' Error:Field validation for '{name}' failed on the '{tag}' tag{more}"


def read_target(body: bytes, content_type: str) -> str | None:
    """The `target_hostname` of a retry; the body may be missing, or a form, of which nothing is read."""
    kind = content_type.partition(";")[0].strip().lower()
    if not body or kind in _FORMS:
        return None
    if kind != "application/json":
        raise RefusedError(415, "Unsupported Media Type", "message")
    value = _first_value(body.decode("utf-8", "replace"))
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _wrong_type("gen.RetryJobRequest", value, "", 1)
    found = [item for key, item in cast("dict[str, Any]", value).items() if key.lower() == "target_hostname"]
    target: Any = found[-1] if found else None
    if target is not None and not isinstance(target, str):
        raise _wrong_type("string", target, "target_hostname", len(body) - 1)
    if target == "":
        raise RefusedError(400, broken_rule("RetryJobRequest.TargetHostname", "min"))
    return target


def _first_value(text: str) -> Any:
    """The first JSON value of a text, as the server's decoder reads it; what follows is ignored."""
    stripped = text.lstrip(" \t\r\n")
    try:
        return json.JSONDecoder(parse_constant=_refuse_constant).raw_decode(stripped)[0]
    except json.JSONDecodeError as error:
        ended = error.pos >= len(stripped)
        problem = "unexpected EOF" if ended else f"Syntax error: offset={error.pos + 1}, error=invalid character"
        raise RefusedError(400, problem if stripped else "EOF", "message") from None
    except (ValueError, RecursionError):
        raise RefusedError(400, "Syntax error: offset=1, error=invalid character", "message") from None


def _wrong_type(expected: str, value: Any, field: str, offset: int) -> RefusedError:
    got = next((name for kind, name in _TYPE_NAMES.items() if isinstance(value, kind)), "object")
    text = f"Unmarshal type error: expected={expected}, got={got}, field={field}, offset={offset}"
    return RefusedError(400, text, "message")


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


def _integer(text: str, where: str) -> int:
    problem = "invalid syntax"
    if re.fullmatch(r"[+-]?[0-9]{1,1000}", text) is not None:
        value = int(text)
        if -_INT64 <= value < _INT64:
            return value
        problem = "value out of range"
    quoted = json.dumps(text, ensure_ascii=False)
    reason = f"error binding string parameter: strconv.ParseInt: parsing {quoted}: {problem}"
    raise RefusedError(400, f"{where}: {reason}", "message")


def _broken_tag(value: Any, schema: Mapping[str, Any]) -> str | None:
    if "enum" in schema and value not in schema["enum"]:
        return "oneof"
    if "minimum" in schema and value < schema["minimum"]:
        return "min"
    if "maximum" in schema and value > schema["maximum"]:
        return "max"
    return None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
