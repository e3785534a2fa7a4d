"""Requests validated against the OpenAPI file; problems are reported field by field."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal, NoReturn, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from .errors import ApiError
from .generations import Traits

__all__ = ["openapi_bytes", "parse_object", "read_body", "read_query", "validated"]

# The schema sets no limit on the digits of a number in a query; a longer one is not read as a number.
MAX_DIGITS = 1_000
# JSON Schema keyword -> the `type` that FastAPI services give in their `detail` lists.
_TYPES = {
    "required": "missing",
    "enum": "enum",
    "minimum": "greater_than_equal",
    "maximum": "less_than_equal",
    "minLength": "string_too_short",
    "maxLength": "string_too_long",
    "additionalProperties": "extra_forbidden",
}
_TYPE_NAMES = {"integer": "int_type", "boolean": "bool_type", "object": "dict_type", "array": "list_type"}


@cache
def openapi_bytes(api: Literal["trio", "osapi"] = "trio") -> bytes:
    """An OpenAPI file as shipped."""
    return (files("trio_client.stub.documented") / "openapi" / f"{api}.json").read_bytes()


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a request body; anything else is refused as FastAPI does, with status 422."""
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        detail = {
            "loc": ["body", getattr(error, "pos", 0)],
            "msg": "JSON decode error",
            "type": "json_invalid",
        }
        raise ApiError("VALIDATION_ERROR", "The body is not valid JSON.", detail=[detail]) from None
    if not isinstance(value, dict):
        detail = {"loc": ["body"], "msg": "Input should be a valid dictionary", "type": "dict_type"}
        raise ApiError("VALIDATION_ERROR", "The body is not a JSON object.", detail=[detail])
    return cast("dict[str, Any]", value)


def read_body(schema_name: str, body: bytes, traits: Traits) -> dict[str, Any]:
    """The request body, checked against a component schema, whole floats as integers; unknown fields pass."""
    value = traits.known(schema_name, parse_object(body))
    return validated(_validator(f"#/components/schemas/{schema_name}"), value)


def validated(validator: Draft202012Validator, value: dict[str, Any]) -> dict[str, Any]:
    """A body that fits its schema, with whole floats as integers; what does not fit is refused field by field."""
    problems = _problems(validator, value, ["body"])
    if problems:
        _refuse(problems)
    return {name: _whole(item) for name, item in value.items()}


def read_query(method: str, path: str, query: Mapping[str, str]) -> dict[str, Any]:
    """The documented query parameters of an operation, converted and checked, with their defaults."""
    values: dict[str, Any] = {}
    problems: list[dict[str, Any]] = []
    for parameter in _openapi()["paths"][path][method].get("parameters", []):
        name, schema = parameter["name"], parameter["schema"]
        if name in query:
            values[name] = _convert(query[name], schema)
            problems += _problems(_parameter_validator(json.dumps(schema)), values[name], ["query", name])
        elif "default" in schema:
            values[name] = schema["default"]
        elif parameter.get("required"):
            problems.append({"loc": ["query", name], "msg": "Field required", "type": "missing"})
    if problems:
        _refuse(problems)
    return values


@lru_cache(maxsize=1)
def _openapi() -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(openapi_bytes()))


@lru_cache(maxsize=64)
def _validator(reference: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": reference, "components": _openapi()["components"]})


@lru_cache(maxsize=64)
def _parameter_validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator({**json.loads(schema), "components": _openapi()["components"]})


def _problems(validator: Draft202012Validator, value: Any, where: list[str | int]) -> list[dict[str, Any]]:
    # The stubs of jsonschema leave the errors' type open.
    found = cast("Iterable[ValidationError]", validator.iter_errors(value))  # pyright: ignore[reportUnknownMemberType]
    errors = sorted(found, key=lambda error: [str(part) for part in error.absolute_path])
    return [_detail(error, where) for error in errors]


def _detail(error: ValidationError, where: list[str | int]) -> dict[str, Any]:
    keyword = str(error.validator)
    limit = cast("Any", error.validator_value)
    location = [*where, *error.absolute_path]
    if keyword == "required":
        missing = next(name for name in limit if name not in cast("dict[str, Any]", error.instance))
        return {"loc": [*location, missing], "msg": "Field required", "type": "missing"}
    kind = _TYPES.get(keyword, keyword)
    if keyword == "type":
        names = [limit] if isinstance(limit, str) else list(limit)
        kind = _TYPE_NAMES.get(names[0], f"{names[0]}_type")
    return {"loc": location, "msg": _message(keyword, limit), "type": kind}


def _message(keyword: str, limit: Any) -> str:
    match keyword:
        case "type":
            names = [limit] if isinstance(limit, str) else list(limit)
            return f"Input should be a valid {' or '.join(names)}"
        case "enum":
            return f"Input should be one of {', '.join(repr(item) for item in limit)}"
        case "minimum":
            return f"Input should be greater than or equal to {limit}"
        case "maximum":
            return f"Input should be less than or equal to {limit}"
        case "minLength":
            return f"String should have at least {limit} character{'' if limit == 1 else 's'}"
        case "maxLength":
            return f"String should have at most {limit} characters"
        case _:
            return f"Input does not fit the schema ({keyword})"


def _convert(text: str, schema: dict[str, Any]) -> Any:
    if schema.get("type") != "integer":
        return text
    try:
        return int(text) if len(text) <= MAX_DIGITS else text
    except ValueError:
        return text


def _whole(item: Any) -> Any:
    """JSON does not distinguish 10.0 from 10, and the schema accepts both as an integer."""
    return int(item) if isinstance(item, float) and item.is_integer() else item


def _refuse(problems: list[dict[str, Any]]) -> NoReturn:
    first = problems[0]
    field = ".".join(str(part) for part in first["loc"][1:])
    raise ApiError("VALIDATION_ERROR", f"{field}: {first['msg']}", detail=problems)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
