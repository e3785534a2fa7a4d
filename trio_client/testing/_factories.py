"""Make models and events for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields as dataclass_fields
from datetime import datetime, timezone
from difflib import get_close_matches
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from .._json import as_object
from .._stats import JobStats
from ..events import CoverageGap, Event, Progress
from ..events._normalise import build_event
from ..events._types import EVENT_TYPES
from ..frames import Frame
from ._defaults import COUNTERS, EVENTS, JPEG, MODELS, NOT_IN_WEBHOOKS, NULL_MEANS_UNLIMITED, TIME, WEBHOOK_NAMES

__all__ = ["as_sent", "make", "wire_of"]

_T = TypeVar("_T")
_EVENT_KINDS = frozenset(EVENT_TYPES)
_ON_THE_WIRE = {"occurred_at": "timestamp", "frame": "frame_b64", "grid": "grid_b64"}
_PAGES = {"JobPage": ("jobs", "total"), "OsapiJobPage": ("items", "total_items")}


def make(kind: type[_T], /, **fields: Any) -> _T:
    """Return a model or an event for tests, with realistic values for all fields that are not given.

    It equals what the client would make of a reply or stream with these values: an event has its `raw` payload and its
    name, and goes into `sse()`. The same call always returns an equal object.

    Args:
        kind: a model of `trio_client.models`, an event type, `JobStats` or `Frame`.
        fields: values by name; `None` leaves a field out, unless it means unlimited. Events also take `name`,
            `delivery` and `raw`, the payload that the other values are put into; pictures are taken as bytes too.

    Returns:
        The object.

    Raises:
        TypeError: there is no such field, or make() does not support this kind.
        ValueError: the values cannot occur in a reply or event of this kind.

    Example:
        >>> from trio_client import JobDetail, Triggered
        >>> make(JobDetail, status="completed").is_terminal
        True
        >>> event = make(Triggered, explanation="A van.", delivery="webhook")
        >>> event.raw["type"], event.raw["data"]["explanation"]
        ('watch_triggered', 'A van.')
    """
    if kind in _EVENT_KINDS:
        return cast("_T", _make_event(kind, fields))
    if issubclass(kind, Frame):
        _check_names(kind, fields, ())
        return cast("_T", Frame(JPEG))
    if issubclass(kind, JobStats):
        _check_names(kind, fields, [name for name, value in vars(JobStats).items() if isinstance(value, property)])
        return cast("_T", JobStats(_merged(MODELS["JobStats"], fields)))
    if not issubclass(kind, BaseModel) or kind.__name__ not in MODELS:
        raise TypeError(f"make() does not know {kind.__qualname__}; it makes the models and events of this package.")
    return kind.model_validate_json(_model_json(kind, fields))


def wire_of(event: Event) -> tuple[str, Any]:
    """Return an event's name and payload as they are sent, also for one that was built by hand."""
    if isinstance(event, CoverageGap):
        raise ValueError("a CoverageGap is made by the client and never sent")
    if event.raw is None:
        given = {each.name: getattr(event, each.name) for each in dataclass_fields(event)}
        fields = {name: value for name, value in given.items() if value is not None and value != ""}
        event = _make_event(type(event), {"raw": {}, **fields, "delivery": "sse"})
    return event.name, event.raw


def _model_json(kind: type[BaseModel], fields: dict[str, Any]) -> bytes:
    pictures = {"frame"} if "frame_b64" in kind.model_fields else set[str]()
    aliases = {name: field.alias for name, field in kind.model_fields.items() if field.alias}
    _check_names(kind, fields, [*kind.model_fields, *pictures, *aliases.values()])
    values = {aliases.get(name) or name: value for name, value in fields.items()}
    if "frame" in values and pictures:
        values["frame_b64"] = _base64(values.pop("frame"))
    payload = _merged(MODELS[kind.__name__], values)
    if kind.__name__ in _PAGES:
        items, total = _PAGES[kind.__name__]
        payload.setdefault(total, len(payload.get(items, ())))
    content = to_json(as_sent(payload))
    try:
        kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        problem = f"{kind.__name__}.{place}: {first['msg']}"
    else:
        return content
    raise ValueError(problem)


def _make_event(kind: type[Any], fields: Mapping[str, Any]) -> Any:
    given = dict(fields)
    _check_names(kind, given, [each.name for each in dataclass_fields(kind)])
    if kind is CoverageGap:
        moment = datetime.fromisoformat(TIME.replace("Z", "+00:00"))
        usual: dict[str, Any] = {
            "name": "gap",
            "started_at": moment,
            "ended_at": moment,
            "reason": "no free job slot",
            "delivery": "poll",
        }
        return CoverageGap(**{**usual, **given})
    usual_name, defaults = EVENTS[kind]
    delivery = given.pop("delivery", "sse")
    name = given.pop("name", WEBHOOK_NAMES.get(kind, usual_name) if delivery == "webhook" else usual_name)
    if delivery == "webhook":  # a real one names neither, unless that is asked for
        defaults = {each: value for each, value in defaults.items() if each not in NOT_IN_WEBHOOKS.get(kind, ())}
    payload: Any = given.pop("raw", defaults)
    if isinstance(payload, Mapping):
        values = {_ON_THE_WIRE.get(each, each): _in_payload(each, value) for each, value in given.items()}
        payload = _merged(cast("Mapping[str, Any]", payload), values)
        if delivery == "webhook":
            payload = _envelope(kind, name, payload)
    event = build_event(payload, delivery, "" if delivery == "webhook" else name)
    if type(event) is not kind:
        raise ValueError(f"with these values it would be read as {type(event).__name__}, not as {kind.__name__}")
    for each, value in given.items():
        if each != "stats" and getattr(event, each) != _as_read(each, value):
            raise ValueError(
                f"{kind.__name__}.{each} cannot be {value!r}: it would be read as {getattr(event, each)!r}"
            )
    return event


def _envelope(kind: type[Any], name: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Return the payload of a webhook: the event's own fields in `data`."""
    if "type" in payload or "event" in payload:
        return payload
    top: dict[str, Any] = {key: payload.pop(key) for key in ("job_id", "timestamp") if key in payload}
    if "stream_url" in payload:
        top["source_url"] = payload.pop("stream_url")
    if kind is Progress:
        payload.setdefault("triggered", False)
    return {"type": name, **top, "data": payload}


def _merged(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**defaults, **given}
    if "stats" in given:  # the counters stand in one place
        merged = {name: value for name, value in merged.items() if name in given or name not in COUNTERS}
    return {name: value for name, value in merged.items() if value is not None or name in NULL_MEANS_UNLIMITED}


def _in_payload(name: str, value: Any) -> Any:
    if name in ("frame", "grid"):
        return _base64(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return dict(value) if isinstance(value, JobStats) else value


def _as_read(name: str, value: Any) -> Any:
    if name in ("frame", "grid") and value is not None and not isinstance(value, Frame):
        return Frame(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=timezone.utc)
    return value


def _base64(picture: Any) -> str | None:
    return None if picture is None else (picture if isinstance(picture, Frame) else Frame(picture)).base64


def as_sent(value: Any) -> Any:
    """Return a value with the models in it as they are sent."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if isinstance(value, Mapping):
        return {name: as_sent(inner) for name, inner in as_object(cast("Any", value)).items()}
    if isinstance(value, (list, tuple)):
        return [as_sent(inner) for inner in cast("list[Any]", value)]
    return value


def _check_names(kind: type[Any], given: Mapping[str, Any], known: Iterable[str]) -> None:
    names = sorted(set(known))
    for name in given:
        if name not in names:
            close = get_close_matches(name, names, 1)
            advice = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(names) or 'none'}."
            raise TypeError(f"{kind.__name__} has no field {name!r}; {advice}")
