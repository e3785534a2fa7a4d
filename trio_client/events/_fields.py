"""Find the fields of a payload, wherever its shape puts them.

Each function takes the payload as it was sent (`raw`) and its fields in one object (`flat`). Most values have their
documented type: one lookup in `flat` then finds them, and the normalizer makes it itself. Only where a value cannot be
read are the other places searched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from .._json import as_count, as_flag, as_number, as_object, as_text
from .._stats import COUNTERS, JobStats
from .._times import parse_time
from ..frames import Frame

__all__ = [
    "Flat",
    "count",
    "flag",
    "flattened",
    "frame",
    "has",
    "job_id",
    "number",
    "places",
    "reason",
    "stats",
    "stream_url",
    "text",
    "time",
]

_T = TypeVar("_T")
Flat: TypeAlias = dict[str, Any]

# Where a field may sit, best place first, after the payload itself.
_PLACES = ("data", "details", "stats", "final_stats")


def flattened(raw: dict[str, Any]) -> Flat:
    """Return the fields of a payload in one object, each from the best place that has it, even if it is null there."""
    flat = raw
    for name in _PLACES:
        if name in raw and isinstance(raw[name], dict):
            flat = {**raw[name], **flat}
    return flat


def places(raw: Any) -> list[Mapping[str, Any]]:
    """Return the objects that a field may be in, best first."""
    top = as_object(raw)
    return [place for place in (top, *(as_object(top.get(name)) for name in _PLACES)) if place]


def has(raw: Any, flat: Flat, key: str) -> bool:
    """Return whether a field is there, and not null."""
    return _read(raw, flat, lambda value: None if value is None else True, key) is True


def text(raw: Any, flat: Flat, *keys: str) -> str | None:
    """Return the first of these fields that is a text, which may be empty."""
    for key in keys:
        found = _read(raw, flat, as_text, key)
        if found is not None:
            return found
    return None


def job_id(raw: Any, flat: Flat) -> str | None:
    """Return the job's id."""
    return _read(raw, flat, _id, "job_id") or _read(raw, flat, _id, "jobId")


def stream_url(raw: Any, flat: Flat) -> str | None:
    """Return the stream's URL."""
    return text(raw, flat, "stream_url", "source_url", "youtube_url")


def count(raw: Any, flat: Flat, key: str) -> int | None:
    """Return a whole number."""
    return _read(raw, flat, as_count, key)


def number(raw: Any, flat: Flat, key: str) -> int | float | None:
    """Return a number."""
    return _read(raw, flat, as_number, key)


def flag(raw: Any, flat: Flat, key: str) -> bool | None:
    """Return a flag."""
    return _read(raw, flat, as_flag, key)


def time(raw: Any, flat: Flat) -> datetime | None:
    """Return when the event happened."""
    return _read(raw, flat, parse_time, "timestamp") or _read(raw, flat, parse_time, "ts")


def frame(raw: Any, flat: Flat, *keys: str) -> Frame | None:
    """Return the first of these fields that holds a picture."""
    for key in keys:
        content = _read(raw, flat, _filled, key)
        if content is not None:
            return Frame(content)
    return None


def reason(raw: Any, flat: Flat) -> str | None:
    """Return why something happened."""
    return text(raw, flat, "reason", "stop_reason")


def stats(raw: Any, flat: Flat) -> JobStats | None:
    """Return the counters, from wherever they are."""
    found = JobStats()
    if flat is raw:
        for key in flat:
            if key in COUNTERS:
                found[key] = flat[key]
    else:
        objects = places(raw)
        for place in objects:
            found.update(as_object(place.get("stats")))
        for place in reversed(objects):
            found.update({key: value for key, value in place.items() if key in COUNTERS})
    return found or None


def _read(raw: Any, flat: Flat, read: Callable[[Any], _T | None], key: str) -> _T | None:
    """Return the value of a field from the best place where it can be read."""
    if key not in flat:
        return None
    found = read(flat[key])
    if found is not None or flat is raw:
        return found
    return next((found for place in places(raw) if (found := read(place.get(key))) is not None), None)


def _filled(value: Any) -> str | None:
    return value if value and isinstance(value, str) else None


def _id(value: Any) -> str | None:
    """Return an id; one that could not be read in full is the id of nothing."""
    found = as_text(value)
    return found if found and "\ufffd" not in found else None
