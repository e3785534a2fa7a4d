"""What is wrong with a tool's arguments or result, in words for the model that say nothing of their values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from ..._redaction import preview

__all__ = ["unknown_arguments", "wrong_arguments", "wrong_result"]

_LONGEST_NAME: Final = 40
_MOST_NAMES: Final = 5
_WANTED: Final = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}


def unknown_arguments(
    tool: str, schema: Mapping[str, Any], arguments: Iterable[str], secrets: Sequence[str]
) -> str | None:
    """Return a message that names the arguments which a tool does not have; `None`: it has them all.

    Args:
        tool: the tool's name.
        schema: the JSON Schema of its arguments.
        arguments: the names that were given.
        secrets: texts to mask in them.
    """
    known = schema.get("properties", {})
    unknown = [repr(preview(name, secrets, limit=_LONGEST_NAME)) for name in arguments if name not in known]
    if not unknown:
        return None
    if len(unknown) > _MOST_NAMES:
        unknown[_MOST_NAMES:] = ["…"]
    return f"{tool} has no argument {', '.join(unknown)}; it takes {', '.join(known)}. Nothing was sent."


def wrong_arguments(schema: Mapping[str, Any], error: ValidationError) -> str:
    """Return a message that names each argument which is missing or wrong, and what it must be."""
    known = schema.get("properties", {})
    found: dict[str, str] = {}
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        name = each["loc"][0] if each["loc"] else None
        if isinstance(name, str) and name in known:
            found[name] = "is missing" if each["type"] == "missing" else f"must be {_wanted(known[name])}"
    problems = "; ".join(f"{name} {reason}" for name, reason in found.items())
    return f"{problems or 'The arguments do not fit the schema of the tool'}. Nothing was sent."


def wrong_result(tool: str, error: ValidationError) -> str:
    """Return a message that names what does not fit in the result of a call, which was carried out."""
    places = (each["loc"] for each in error.errors(include_url=False, include_context=False, include_input=False))
    names = ", ".join(dict.fromkeys(str(place[0]) for place in places if place))
    return (
        f"{tool} was carried out, but its result does not fit the schema of the tool{f': {names}' if names else ''}. "
        "Do not call it again for that."
    )


def _wanted(schema: Mapping[str, Any]) -> str:
    """Return what a value must be, by its JSON Schema."""
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    kinds = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if kinds:
        return " or ".join(map(_wanted, kinds))
    return _WANTED.get(str(schema.get("type")), "what the schema of the tool says")
