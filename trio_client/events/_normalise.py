"""Turn every payload the API is known to send into one vocabulary.

Event names, places and spellings differ between the API's deliveries and the generations of its
documentation. To teach this module a new name, add it to `_BUILDERS`; a new spelling of a field, to
the call that reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from pydantic_core import from_json

from .._json import as_object, as_text, parse_json
from .._later import Later
from .._loading import loading
from .._redaction import kind_of, quoted
from .._times import parse_time
from ..errors import RequestValidationError
from . import _fields as fields
from ._delivery import Delivery
from ._fields import Flat
from ._types import (
    EVENT_TYPES,
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


def _begin(kind: type[_Event], raw: Any, flat: Flat, name: str, delivery: Delivery) -> _Event:
    """Return an event with what every event has; the caller sets the rest, one by one.

    Streams bring events by the thousand, so what has its documented type is read here and by the callers without
    another call: the constructor, or a call for each field, took half of their time.
    """
    event = object.__new__(kind)
    event.name = name
    event.delivery = delivery
    value = flat.get("job_id")
    if value.__class__ is str and value and value.isascii():
        event.job_id = value
    else:  # no webhook has one
        event.job_id = fields.job_id(raw, flat) if "job_id" in flat or "jobId" in flat else None
    if "stream_url" in flat or "source_url" in flat or "youtube_url" in flat:  # most events of a stream have none
        value = flat["stream_url"] if "stream_url" in flat else flat.get("source_url")
        event.stream_url = value if value.__class__ is str else fields.stream_url(raw, flat)
    else:
        event.stream_url = None
    event.occurred_at = parse_time(flat.get("timestamp")) or fields.time(raw, flat)
    event.raw = raw
    return event


def _started(raw: Any, flat: Flat, name: str, delivery: Delivery) -> Event:
    return _begin(Started, raw, flat, name, delivery)


def _progress(raw: Any, flat: Flat, name: str, delivery: Delivery) -> Event:
    event = _begin(Progress, raw, flat, name, delivery)
    event.stats = fields.stats(raw, flat)
    event.frames_captured = fields.count(raw, flat, "frames_captured") if "frames_captured" in flat else None
    event.frames_needed = fields.count(raw, flat, "frames_needed") if "frames_needed" in flat else None
    return event


def _triggered(raw: Any, flat: Flat, name: str, delivery: Delivery) -> Event:
    event = _begin(Triggered, raw, flat, name, delivery)
    value = flat.get("explanation")
    event.explanation = value if value.__class__ is str else fields.text(raw, flat, "explanation")
    value = flat.get("condition")
    event.condition = value if value.__class__ is str else fields.text(raw, flat, "condition")
    value = flat.get("triggered")
    event.triggered = value if value is True or value is False else fields.flag(raw, flat, "triggered")
    event.frame = fields.frame(raw, flat, "frame_b64") if "frame_b64" in flat else None
    event.latency_ms = fields.number(raw, flat, "latency_ms") if "latency_ms" in flat else None
    event.number = None
    return event


def _result(raw: Any, flat: Flat, name: str, delivery: Delivery) -> Event:
    """A check's result: its flag says whether the condition held."""
    build = _triggered if fields.flag(raw, flat, "triggered") else _progress
    return build(raw, flat, name, delivery)


def _summary(raw: Any, flat: Flat, name: str, delivery: Delivery) -> Event:
    event = _begin(Summary, raw, flat, name, delivery)
    event.summary = fields.text(raw, flat, "summary", "digest", "narrative", "text")
    frames = fields.count(raw, flat, "frame_count")
    event.frame_count = fields.count(raw, flat, "frames_analyzed") if frames is None else frames
    event.window_minutes = fields.count(raw, flat, "window_minutes")
    event.grid = fields.frame(raw, flat, "grid_b64", "frame_b64")
    return event


def _stopped(raw: Any, flat: Flat, name: str, delivery: Delivery) -> Event:
    status = fields.text(raw, flat, "status")
    if status == "failed":
        return _failed(raw, flat, name, delivery)
    event = _begin(Stopped, raw, flat, name, delivery)
    event.reason = fields.reason(raw, flat)
    event.status = status
    event.stats = fields.stats(raw, flat)
    return event


def _status(raw: Any, flat: Flat, name: str, delivery: Delivery) -> Event:
    status = fields.text(raw, flat, "status")
    if status in _TERMINAL:
        return _stopped(raw, flat, name, delivery)
    event = _begin(StatusChanged, raw, flat, name, delivery)
    event.status = status
    event.reason = fields.reason(raw, flat)
    event.stats = fields.stats(raw, flat)
    return event


def _failed(raw: Any, flat: Flat, name: str, delivery: Delivery) -> Event:
    envelope = next((found for place in fields.places(raw) if (found := place.get("error"))), None)
    detail = as_object(envelope)
    message = as_text(detail.get("message")) or as_text(envelope)
    if isinstance(raw, str):
        message = raw
    event = _begin(Failed, raw, flat, name, delivery)
    event.code = as_text(detail.get("code")) or fields.text(raw, flat, "code", "error_code")
    event.message = message or fields.text(raw, flat, "message", "detail") or fields.reason(raw, flat)
    event.remediation = as_text(detail.get("remediation")) or fields.text(raw, flat, "remediation")
    event.stats = fields.stats(raw, flat)
    event.recoverable = fields.flag(raw, flat, "recoverable")
    return event


_Builder: TypeAlias = Callable[[Any, Flat, str, Delivery], Event]
_BUILDERS: dict[str, _Builder] = {
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
_IMPLIED: tuple[tuple[str, _Builder], ...] = (
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
    flat = top
    if "data" in top or "details" in top or "stats" in top or "final_stats" in top:
        flat = fields.flattened(top)
    first: Any = name or top.get("type")
    if first.__class__ is str and (builder := _BUILDERS.get(first)) is not None:  # nearly always
        return builder(payload, flat, first, delivery)
    names = [each for each in (name, top.get("type"), top.get("event")) if each and isinstance(each, str)]
    for sent in names:
        builder = _BUILDERS.get(sent) or _BUILDERS.get(sent.strip().lower())
        if builder is not None:
            return builder(payload, flat, sent, delivery)
    if not names:
        for key, builder in _IMPLIED:
            if fields.has(payload, flat, key):
                return builder(payload, flat, "", delivery)
    return _begin(UnknownEvent, payload, flat, names[0] if names else "", delivery)


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
