"""Turn every payload the API is known to send into one vocabulary.

Event names, places and spellings differ between the API's deliveries and the generations of its
documentation. To teach this module a new name, add it to `_BUILDERS`; a new spelling of a field, to
the `find` call that reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic_core import from_json

from .._json import as_object
from .._stats import JobStats
from .._times import parse_time
from ..frames import Frame
from ._types import (
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
    from httpx_sse import ServerSentEvent

__all__ = ["build_event", "from_payload", "from_sse", "from_wire"]

_T = TypeVar("_T")
_TERMINAL = frozenset({"completed", "stopped", "failed"})
_COUNTERS = (
    "checks_performed",
    "triggers_fired",
    "frames_skipped",
    "summaries_generated",
    "auto_stopped",
    "reason",
    "elapsed_seconds",
)
# Where a field may sit, best place first.
_PLACES = ("data", "details", "stats", "final_stats")
_NOTHING: Mapping[str, Any] = {}
_ONLY_IN_A_USUAL_TRIGGER = frozenset(
    ("job_id", "source_url", "timestamp", "explanation", "condition", "frame_b64", "triggered", "type", "data")
)


def from_sse(event: ServerSentEvent) -> Event:
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
    return from_wire(event.event, event.data.encode("utf-8", "surrogatepass"))


def from_wire(name: str, data: bytes) -> Event:
    """Return the typed event of an SSE event's name and data bytes."""
    try:
        payload: Any = from_json(data, allow_inf_nan=False)
    except ValueError:
        payload = data.decode("utf-8", "replace")
    return build_event(payload, "sse", "" if name == "message" else name)


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


class _Fields:
    """Find fields in a payload, wherever its shape puts them."""

    __slots__ = ("delivery", "flat", "name", "places", "raw")

    def __init__(self, raw: Any, delivery: Delivery, name: str) -> None:
        self.raw = raw
        self.delivery: Delivery = delivery
        self.name = name
        self.places: list[Mapping[str, Any]] = []
        # What is not null, each from the best place that has it: one look tells nearly everything.
        self.flat: Mapping[str, Any] = _NOTHING
        if top := as_object(raw):
            self.places.append(top)
            self.flat = top if None not in top.values() else _without_nulls(top)
            for place in _PLACES:
                if place in top and (inner := as_object(top[place])):
                    self.places.append(inner)
                    self.flat = {**(_without_nulls(inner) if None in inner.values() else inner), **self.flat}

    def find(self, kind: type[_T] | tuple[type[_T], ...], *keys: str) -> _T | None:
        """Return the first value of the type asked for, key by key, place by place."""
        for key in keys:
            if key in self.flat:
                for place in self.places:
                    value = place.get(key)
                    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
                        return value  # pyright: ignore[reportReturnType]
        return None

    def text(self, key: str, *others: str) -> str | None:
        value = self.flat.get(key)
        if value.__class__ is str:  # as nearly always, and the quickest way to see it
            return value  # pyright: ignore[reportReturnType]
        return self.find(str, key, *others) if others or value is not None else None

    def flag(self, key: str) -> bool | None:
        value = self.flat.get(key)
        return value if value is True or value is False else self.find(bool, key) if value is not None else None

    def job_id(self) -> str | None:
        return self._not_empty("job_id") or self._not_empty("jobId")

    def time(self) -> datetime | None:
        for key in ("timestamp", "ts"):
            if key in self.flat:
                for place in self.places:
                    moment = parse_time(place.get(key))
                    if moment is not None:
                        return moment
        return None

    def frame(self, *keys: str) -> Frame | None:
        for key in keys:
            if key in self.flat:
                content = self._not_empty(key)
                if content:
                    return Frame(content)
        return None

    def _not_empty(self, key: str) -> str | None:
        if key not in self.flat:
            return None
        return next((value for place in self.places if (value := place.get(key)) and isinstance(value, str)), None)

    def reason(self) -> str | None:
        return self.find(str, "reason", "stop_reason")

    def stats(self) -> JobStats | None:
        found = JobStats()
        for place in self.places:
            found.update(as_object(place.get("stats")))
        for place in reversed(self.places):
            found.update({key: place[key] for key in _COUNTERS if key in place})
        return found or None

    def base(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "delivery": self.delivery,
            "job_id": self.job_id(),
            "stream_url": self.text("stream_url", "source_url", "youtube_url"),
            "occurred_at": self.time(),
            "raw": self.raw,
        }


def _without_nulls(place: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in place.items() if value is not None}


def _started(fields: _Fields) -> Event:
    return Started(**fields.base())


def _progress(fields: _Fields) -> Event:
    return Progress(
        **fields.base(),
        stats=fields.stats(),
        frames_captured=fields.find(int, "frames_captured"),
        frames_needed=fields.find(int, "frames_needed"),
    )


def _triggered(fields: _Fields) -> Event:
    return Triggered(
        **fields.base(),
        explanation=fields.text("explanation"),
        condition=fields.text("condition"),
        triggered=fields.flag("triggered"),
        frame=fields.frame("frame_b64"),
        latency_ms=fields.find((int, float), "latency_ms"),
    )


def _usual_trigger(top: dict[str, Any], delivery: Delivery, name: str) -> Event | None:
    """Return the trigger of a payload in one of the usual shapes, quickly; `None` if anything is unusual.

    Triggers are what comes in numbers: this says what `_triggered` says, in a third of the time.
    """
    places = top
    if "data" in top and (data := as_object(top["data"])):
        places = {**data, **top}
        if len(places) != len(data) + len(top):  # a field in two places: one may hide the other
            return None
    if not _ONLY_IN_A_USUAL_TRIGGER.issuperset(places):
        return None
    get = places.get
    job_id, url, when = get("job_id"), get("source_url"), get("timestamp")
    explanation, condition, frame = get("explanation"), get("condition"), get("frame_b64")
    if get("triggered") is not True or not (
        (job_id is None or job_id.__class__ is str)
        and (url is None or url.__class__ is str)
        and (when is None or when.__class__ is str)
        and (explanation is None or explanation.__class__ is str)
        and (condition is None or condition.__class__ is str)
        and (frame is None or frame.__class__ is str)
    ):
        return None
    return Triggered(
        name=name,
        delivery=delivery,
        job_id=job_id or None,
        stream_url=url,
        occurred_at=parse_time(when),
        raw=top,
        explanation=explanation,
        condition=condition,
        triggered=True,
        frame=Frame(frame) if frame else None,
    )


def _result(fields: _Fields) -> Event:
    """A check's result: the flag tells whether the condition held."""
    return _triggered(fields) if fields.flag("triggered") else _progress(fields)


def _summary(fields: _Fields) -> Event:
    return Summary(
        **fields.base(),
        summary=fields.text("summary", "digest", "narrative", "text"),
        frame_count=fields.find(int, "frame_count", "frames_analyzed"),
        window_minutes=fields.find(int, "window_minutes"),
        grid=fields.frame("grid_b64", "frame_b64"),
    )


def _stopped(fields: _Fields) -> Event:
    status = fields.text("status")
    if status == "failed":
        return _failed(fields)
    return Stopped(**fields.base(), reason=fields.reason(), status=status, stats=fields.stats())


def _status(fields: _Fields) -> Event:
    status = fields.text("status")
    if status in _TERMINAL:
        return _stopped(fields)
    return StatusChanged(**fields.base(), status=status, reason=fields.reason(), stats=fields.stats())


def _failed(fields: _Fields) -> Event:
    envelope = next((found for place in fields.places if (found := place.get("error"))), None)
    detail = as_object(envelope)
    message = _text(detail.get("message")) or (envelope if isinstance(envelope, str) else None)
    if not fields.places and isinstance(fields.raw, str):
        message = fields.raw
    return Failed(
        **fields.base(),
        code=_text(detail.get("code")) or fields.text("code", "error_code"),
        message=message or fields.text("message", "detail") or fields.reason(),
        remediation=_text(detail.get("remediation")) or fields.text("remediation"),
        stats=fields.stats(),
        recoverable=fields.find(bool, "recoverable"),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


_BUILDERS: dict[str, Callable[[_Fields], Event]] = {
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

_TRIGGERS = frozenset(name for name, builder in _BUILDERS.items() if builder is _triggered)

# For payloads without any name: the first key that is present tells the kind.
_IMPLIED: tuple[tuple[str, Callable[[_Fields], Event]], ...] = (
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
    if isinstance(first, str) and first in _TRIGGERS:
        usual = _usual_trigger(top, delivery, first)
        if usual is not None:
            return usual
    names = [each for each in (name, top.get("type"), top.get("event")) if each and isinstance(each, str)]
    for sent in names:
        builder = _BUILDERS.get(sent) or _BUILDERS.get(sent.strip().lower())
        if builder is not None:
            return builder(_Fields(payload, delivery, sent))
    fields = _Fields(payload, delivery, names[0] if names else "")
    if not names and fields.places:
        for key, builder in _IMPLIED:
            if any(place.get(key) is not None for place in fields.places):
                return builder(fields)
    return UnknownEvent(**fields.base())
