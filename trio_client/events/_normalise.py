"""Turn every payload the API is known to send into one vocabulary.

Event names, places and spellings differ between the API's deliveries and the generations of its
documentation. To teach this module a new name, add it to `_BUILDERS`; a new spelling of a field, to
the call that reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic_core import from_json

from .._json import as_object, as_text, parse_json
from .._later import Later
from .._loading import loading
from .._redaction import kind_of, quoted
from ..errors import RequestValidationError
from ._fields import Fields
from ._types import (
    EVENT_TYPES,
    Delivery,
    Event,
    Failed,
    Progress,
    Started,
    StatusChanged,
    Stopped,
    Summary,
    Triggered,
    UnknownEvent,
)

if TYPE_CHECKING:
    import httpx_sse
else:
    httpx_sse = Later("httpx_sse")

__all__ = ["build_event", "from_dict", "from_payload", "from_sse", "from_wire"]

_Event = TypeVar("_Event", Started, Progress, Triggered, Summary, StatusChanged, Stopped, Failed, UnknownEvent)
_TYPES = {each.kind: each for each in EVENT_TYPES}
_TERMINAL = frozenset({"completed", "stopped", "failed"})


def from_sse(event: httpx_sse.ServerSentEvent) -> Event:
    """Return the typed event of one server-sent event.

    Args:
        event: as `trio_client.sse.decode` or httpx-sse yield it.

    Returns:
        One of the event types; `UnknownEvent` for whatever is not known. Nothing is raised for content.

    Example:
        >>> from httpx_sse import ServerSentEvent
        >>> event = from_sse(ServerSentEvent(event="triggered", data='{"explanation": "A van."}'))
        >>> event.kind, event.explanation
        ('triggered', 'A van.')

    Source: the API's "SSE streaming" guide and "Live Monitor" page (event names).
    """
    name, data = event.event, event.data
    payload: Any
    try:
        payload = from_json(data, allow_inf_nan=False)
    except (ValueError, TypeError):
        payload = _lenient(data)
    return build_event(payload, "sse", "" if name == "message" else name)


def from_wire(name: str, data: bytes) -> Event:
    """Return the typed event of an SSE event's name and data bytes."""
    payload: Any
    try:
        payload = from_json(data, allow_inf_nan=False)
    except ValueError:
        payload = _lenient(data)
    return build_event(payload, "sse", "" if name == "message" else name)


def _lenient(data: bytes | str) -> Any:
    try:
        return parse_json(data)
    except ValueError:
        return data if isinstance(data, str) else data.decode("utf-8", "replace")


def from_payload(payload: Any, delivery: Delivery = "webhook") -> Event:
    """Return the typed event of a JSON payload.

    Args:
        payload: the parsed JSON, normally a `dict`.
        delivery: how it arrived: `webhook`, `sse` or `poll`.

    Returns:
        One of the event types; `UnknownEvent` for whatever is not known. Nothing is raised for content.

    Example:
        >>> event = from_payload({"type": "job_stopped", "data": {"job_id": "a1", "reason": "cancelled"}})
        >>> event.kind, event.job_id, event.reason
        ('stopped', 'a1', 'cancelled')

    Source: the API's "Webhooks" guide (type names; bodies are open).
    """
    return build_event(payload, delivery, "")


def _begin(kind: type[_Event], fields: Fields) -> _Event:
    """Return an event with what every event has; the caller sets the rest, one by one.

    Streams bring events by the thousand, and passing each field to the constructor took a third of their time.
    """
    event = object.__new__(kind)
    event.name = fields.name
    event.delivery = fields.delivery
    event.job_id = fields.job_id()
    event.stream_url = fields.stream_url()
    event.occurred_at = fields.time()
    event.raw = fields.raw
    return event


def _started(fields: Fields) -> Event:
    return _begin(Started, fields)


def _progress(fields: Fields) -> Event:
    event = _begin(Progress, fields)
    event.stats = fields.stats()
    event.frames_captured = fields.count("frames_captured")
    event.frames_needed = fields.count("frames_needed")
    return event


def _triggered(fields: Fields) -> Event:
    event = _begin(Triggered, fields)
    event.explanation = fields.text("explanation")
    event.condition = fields.text("condition")
    event.triggered = fields.flag("triggered")
    event.frame = fields.frame("frame_b64")
    event.latency_ms = fields.number("latency_ms")
    event.number = None
    return event


def _result(fields: Fields) -> Event:
    """A check's result: its flag says whether the condition held."""
    return _triggered(fields) if fields.flag("triggered") else _progress(fields)


def _summary(fields: Fields) -> Event:
    event = _begin(Summary, fields)
    event.summary = fields.text("summary", "digest", "narrative", "text")
    frames = fields.count("frame_count")
    event.frame_count = fields.count("frames_analyzed") if frames is None else frames
    event.window_minutes = fields.count("window_minutes")
    event.grid = fields.frame("grid_b64", "frame_b64")
    return event


def _stopped(fields: Fields) -> Event:
    status = fields.text("status")
    if status == "failed":
        return _failed(fields)
    event = _begin(Stopped, fields)
    event.reason = fields.reason()
    event.status = status
    event.stats = fields.stats()
    return event


def _status(fields: Fields) -> Event:
    status = fields.text("status")
    if status in _TERMINAL:
        return _stopped(fields)
    event = _begin(StatusChanged, fields)
    event.status = status
    event.reason = fields.reason()
    event.stats = fields.stats()
    return event


def _failed(fields: Fields) -> Event:
    envelope = next((found for place in fields.places() if (found := place.get("error"))), None)
    detail = as_object(envelope)
    message = as_text(detail.get("message")) or as_text(envelope)
    if isinstance(fields.raw, str):
        message = fields.raw
    event = _begin(Failed, fields)
    event.code = as_text(detail.get("code")) or fields.text("code", "error_code")
    event.message = message or fields.text("message", "detail") or fields.reason()
    event.remediation = as_text(detail.get("remediation")) or fields.text("remediation")
    event.stats = fields.stats()
    event.recoverable = fields.flag("recoverable")
    return event


_BUILDERS: dict[str, Callable[[Fields], Event]] = {
    "started": _started,
    "job_started": _started,
    "progress": _progress,
    "live_monitor_result": _result,
    "triggered": _triggered,
    "watch_triggered": _triggered,
    "live_monitor_triggered": _triggered,
    "summary": _summary,
    "summary_generated": _summary,
    "live_digest_ready": _summary,
    "job_status": _status,
    "stopped": _stopped,
    "job_stopped": _stopped,
    "job_completed": _stopped,
    "error": _failed,
    "job_error": _failed,
    "job_failed": _failed,
}

# For payloads without any name: the first key that is present implies the kind.
_IMPLIED: tuple[tuple[str, Callable[[Fields], Event]], ...] = (
    ("summary", _summary),
    ("triggered", _result),
    ("frames_captured", _progress),
    ("error", _failed),
    ("status", _status),
    ("checks_performed", _progress),
    ("job_id", _started),
)


def build_event(payload: Any, delivery: Delivery, name: str) -> Event:
    """Return the typed event of a payload, and of the name that came beside it, if any."""
    top: dict[str, Any] = payload if payload.__class__ is dict else {}
    first: Any = name or top.get("type")
    if first.__class__ is str and (builder := _BUILDERS.get(first)) is not None:  # nearly always
        return builder(Fields(payload, delivery, first))
    names = [each for each in (name, top.get("type"), top.get("event")) if each and isinstance(each, str)]
    for sent in names:
        builder = _BUILDERS.get(sent) or _BUILDERS.get(sent.strip().lower())
        if builder is not None:
            return builder(Fields(payload, delivery, sent))
    fields = Fields(payload, delivery, names[0] if names else "")
    if not names:
        for key, builder in _IMPLIED:
            if fields.flat.get(key) is not None:
                return builder(fields)
    return _begin(UnknownEvent, fields)


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
    with loading():
        from ._json_form import read  # few programs need it

    is_mapping = isinstance(cast("object", data), Mapping)
    kind = data.get("kind") if is_mapping else None
    if not isinstance(kind, str) or kind not in _TYPES:
        found = quoted(kind, "kind") if is_mapping else kind_of(data)
        raise RequestValidationError(
            f"The event's kind must be one of {', '.join(_TYPES)}, not {found}.",
            field="kind",
            value=kind,
            advice="Pass what to_dict() returned; payloads of the API go to from_payload().",
        )
    return cast("Event", read(cast("Any", _TYPES[kind]), data))
