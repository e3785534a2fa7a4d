"""Text that is safe to print, and readable times and numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from datetime import datetime, timezone, tzinfo
from typing import Any, TypeVar

from .._redaction import mask

__all__ = ["ago", "clean", "clock_time", "finite", "iso", "json_line", "plural", "span"]

_Number = TypeVar("_Number", bound=float)


def clean(text: str, secrets: Iterable[str] = (), *, lines: bool = False, is_url: bool = False) -> str:
    """Return untrusted text with secrets masked and everything that could move the cursor escaped.

    Args:
        text: from a server or a user.
        secrets: texts to mask.
        lines: whether to keep line breaks.
        is_url: whether the text is one URL.
    """
    text = mask(text, secrets, is_url=is_url)
    if text.isprintable():
        return text
    kept = "\n" if lines else ""
    return "".join(char if char.isprintable() or char in kept else ascii(char)[1:-1] for char in text)


def finite(value: _Number | None) -> _Number | None:
    """Return a number as it is, and `None` for infinity, NaN and anything that is not a number."""
    return value if isinstance(value, (int, float)) and math.isfinite(value) else None


def json_line(value: Any, *, unicode: bool) -> str:
    """Return a value as one line of JSON that cannot move the cursor."""
    text = json.dumps(value, ensure_ascii=not unicode, default=str)
    return text if text.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def iso(moment: datetime | None) -> str:
    """Return a time for programs: UTC, to the second."""
    if moment is None:
        return ""
    return _in_zone(moment, timezone.utc).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def clock_time(moment: datetime) -> str:
    """Return a time for people: local, without the day."""
    return _in_zone(moment, None).strftime("%H:%M:%S")


def _in_zone(moment: datetime, zone: tzinfo | None) -> datetime:
    """Return a time in a zone (`None`: the local one), within the years 1 to 9999."""
    try:
        return moment.astimezone(zone)
    except (OverflowError, ValueError):
        edge = datetime.min if moment.year == 1 else datetime.max  # noqa: DTZ901 - the zone follows
        return edge.replace(tzinfo=timezone.utc)


def ago(moment: datetime | None, now: datetime) -> str:
    """Return how long ago something happened, in two or three characters."""
    if moment is None:
        return ""
    seconds = max(0, int((now - moment).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def plural(number: int, noun: str) -> str:
    """Return a number with its noun, such as `1 check`, `2 checks` or `3 summaries`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun[:-1]}ies" if noun.endswith("y") else f"{number:,} {noun}s"


def span(seconds: float) -> str:
    """Return a duration as `1:02:03` or `02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"
