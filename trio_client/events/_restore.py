"""Read an event back from the dict that `to_dict` made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from .._redaction import quoted
from ..errors import RequestValidationError
from ._json_form import read
from ._types import EVENT_TYPES, Event

__all__ = ["from_dict"]

_TYPES = {each.kind: each for each in EVENT_TYPES}


def from_dict(data: Mapping[str, Any]) -> Event:
    """Return the event that `event.to_dict()` describes.

    With `to_dict(frames=True, raw=True)` it equals the original. Without `raw` its `raw` is `None`, and without
    `frames` it has no picture. Its `dedup_key` is the original's either way.

    `from_payload(event.raw, event.delivery)` gives an event back only where `raw` itself names its type; the name of
    a server-sent event often stands in its `event:` line alone.

    Args:
        data: what `to_dict` returned, also after a round trip through JSON. Keys that are not known are ignored, and
            missing ones are `None`.

    Returns:
        An event of the type that `kind` names.

    Raises:
        RequestValidationError: `kind` is missing or not one of the nine, or a field has a value of another type.

    Example:
        >>> event = from_dict({"kind": "triggered", "name": "triggered", "explanation": "A van."})
        >>> event.kind, event.explanation
        ('triggered', 'A van.')
    """
    is_mapping = isinstance(cast("object", data), Mapping)
    kind = data.get("kind") if is_mapping else None
    if not isinstance(kind, str) or kind not in _TYPES:
        found = quoted(kind, "kind") if is_mapping else f"a {type(data).__name__}"
        raise RequestValidationError(
            f"The event's kind must be one of {', '.join(_TYPES)}, not {found}.",
            field="kind",
            value=kind,
            advice="Pass what to_dict() returned; payloads of the API go to from_payload().",
        )
    return cast("Event", read(cast("Any", _TYPES[kind]), data))
