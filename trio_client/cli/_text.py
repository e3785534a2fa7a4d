"""Text that is safe to print, and readable times and numbers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from .._json import as_array, as_object
from .._redaction import mask

__all__ = ["ago", "clean", "clock_time", "iso", "json_line", "masked", "plural", "span"]


def clean(text: str, secrets: Iterable[str] = (), *, lines: bool = False) -> str:
    """Return untrusted text with secrets masked and everything that could move the cursor escaped.

    Args:
        text: from a server or a user.
        secrets: texts to mask.
        lines: whether to keep line breaks.
    """
    text = mask(text, secrets)
    if text.isprintable():
        return text
    kept = "\n" if lines else ""
    return "".join(char if char.isprintable() or char in kept else ascii(char)[1:-1] for char in text)


def masked(value: Any, secrets: Iterable[str]) -> Any:
    """Return a copy of a JSON-like value with the secrets in its strings masked."""
    if isinstance(value, str):
        return mask(value, secrets)
    if isinstance(value, dict):
        return {mask(str(key), secrets): masked(item, secrets) for key, item in as_object(value).items()}
    if isinstance(value, list):
        return [masked(item, secrets) for item in as_array(value)]
    return value


def json_line(value: Any, *, unicode: bool) -> str:
    """Return a value as one line of JSON that cannot move the cursor."""
    text = json.dumps(value, ensure_ascii=not unicode, default=str)
    return text if text.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def iso(moment: datetime | None) -> str:
    """Return a time for programs: UTC, to the second."""
    return "" if moment is None else moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock_time(moment: datetime) -> str:
    """Return a time for people: local, without the day."""
    return moment.astimezone().strftime("%H:%M:%S")


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
