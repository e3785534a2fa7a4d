"""Find the fields of a payload, wherever its shape puts them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from .._json import as_count, as_flag, as_number, as_object, as_text
from .._stats import COUNTERS, JobStats
from .._times import parse_time
from ..frames import Frame
from ._types import Delivery

__all__ = ["Fields"]

_T = TypeVar("_T")
# Where a field may sit, best place first, after the payload itself.
_PLACES = ("data", "details", "stats", "final_stats")


class Fields:
    """The fields of one payload.

    Most payloads are one flat object, and most values have their documented type: one lookup in `flat` then finds
    them. Only where a value cannot be read are the other places searched.
    """

    __slots__ = ("_nested", "delivery", "flat", "name", "raw")

    def __init__(self, raw: Any, delivery: Delivery, name: str) -> None:
        self.raw = raw
        self.delivery: Delivery = delivery
        self.name = name
        self._nested = False
        self.flat: Mapping[str, Any] = raw if raw.__class__ is dict else {}
        if "data" in self.flat or "details" in self.flat or "stats" in self.flat or "final_stats" in self.flat:
            self._flatten()

    def places(self) -> list[Mapping[str, Any]]:
        """Return the objects that a field may be in, best first."""
        top = as_object(self.raw)
        return [place for place in (top, *(as_object(top.get(name)) for name in _PLACES)) if place]

    def text(self, *keys: str) -> str | None:
        """Return the first of these fields that is a text, which may be empty."""
        flat = self.flat
        for key in keys:
            if key in flat:
                value = flat[key]
                if value.__class__ is str:
                    return value
                found = self._read(as_text, key)
                if found is not None:
                    return found
        return None

    def job_id(self) -> str | None:
        """Return the job's id."""
        value = self.flat.get("job_id")
        if value.__class__ is str and value and value.isascii():
            return value
        if value is None and "jobId" not in self.flat:
            return None
        return self._read(_id, "job_id") or self._read(_id, "jobId")

    def stream_url(self) -> str | None:
        """Return the stream's URL; most events of a stream have none."""
        flat = self.flat
        if "stream_url" in flat or "source_url" in flat or "youtube_url" in flat:
            return self.text("stream_url", "source_url", "youtube_url")
        return None

    def count(self, key: str) -> int | None:
        """Return a whole number."""
        value = self.flat.get(key)
        return value if value is None or value.__class__ is int else self._read(as_count, key)

    def number(self, key: str) -> int | float | None:
        """Return a number."""
        value = self.flat.get(key)
        return value if value is None or value.__class__ is int else self._read(as_number, key)

    def flag(self, key: str) -> bool | None:
        """Return a flag."""
        value = self.flat.get(key)
        return value if value is True or value is False or value is None else self._read(as_flag, key)

    def time(self) -> datetime | None:
        """Return when the event happened."""
        found = parse_time(self.flat["timestamp"]) if "timestamp" in self.flat else None
        return found or self._read(parse_time, "timestamp") or self._read(parse_time, "ts")

    def frame(self, *keys: str) -> Frame | None:
        """Return the first of these fields that holds a picture."""
        for key in keys:
            if key in self.flat:
                content = self._read(_filled, key)
                if content is not None:
                    return Frame(content)
        return None

    def reason(self) -> str | None:
        """Return why something happened."""
        return self.text("reason", "stop_reason")

    def stats(self) -> JobStats | None:
        """Return the counters, from wherever they are."""
        flat, found = self.flat, JobStats()
        if self._nested:
            places = self.places()
            for place in places:
                found.update(as_object(place.get("stats")))
            for place in reversed(places):
                found.update({key: value for key, value in place.items() if key in COUNTERS})
        else:
            for key in flat:
                if key in COUNTERS:
                    found[key] = flat[key]
        return found or None

    def _flatten(self) -> None:
        """Put what is not null in one object, each field from the best place that has it."""
        flat = top = self.flat
        if None in top.values():
            flat = _without_nulls(top)
        for name in _PLACES:
            if name in top and (place := as_object(top[name])):
                flat = {**place, **flat} if None not in place.values() else {**_without_nulls(place), **flat}
        self.flat, self._nested = flat, True

    def _read(self, read: Callable[[Any], _T | None], key: str) -> _T | None:
        """Return the value of a field from the best place where it can be read."""
        value = self.flat.get(key)
        if value is None:
            return None
        found = read(value)
        if found is not None or not self._nested:
            return found
        return next((found for place in self.places() if (found := read(place.get(key))) is not None), None)


def _filled(value: Any) -> str | None:
    return value if value and isinstance(value, str) else None


def _id(value: Any) -> str | None:
    """Return an id; one that could not be read in full is the id of nothing."""
    text = as_text(value)
    return text if text and "\ufffd" not in text else None


def _without_nulls(place: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in place.items() if value is not None}
