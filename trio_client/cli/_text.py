"""Foreign texts, made fit for a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from .._json import as_array, as_object
from .._redaction import mask

__all__ = ["ago", "clean", "clock_time", "in_options", "iso", "json_line", "masked", "plural", "shell_words", "span"]

_IN_SHELL = (
    (re.compile(r"client\.jobs\.list\(status='(\w+)'\)"), r"`trio-client jobs list --status \1`"),
    (re.compile(r"client\.jobs\.list\(\)"), "`trio-client jobs list`"),
    (re.compile(r"client\.jobs\.(get|cancel|delete)\(job_id\)"), r"`trio-client jobs \1 JOB_ID`"),
    (re.compile(r"client\.jobs\.(cancel)\('([\w-]+)'\)"), r"`trio-client jobs \1 \2`"),
    (re.compile(r"client\.jobs\.events\(job_id\)"), "`trio-client jobs watch JOB_ID`"),
    (re.compile(r"client\.jobs\.reconcile\(\w+\)"), "`trio-client jobs list`"),
    (re.compile(r"\(wait_for_slot=\)"), "(--wait-for-slot)"),
    (re.compile(r"\((\w+), or \w+=\)"), r"(\1)"),
    (re.compile(r"pass \w+=, or set"), "set"),
    (re.compile(r"allow_plain_http=True"), "--allow-plain-http"),
    (re.compile(r"pass price_per_minute_usd"), "pass --price-per-minute"),
)

_OPTIONS = {
    "stream_url": "STREAM_URL",
    "condition": "CONDITION",
    "job_id": "JOB_ID",
    "id": "JOB_ID",
    "interval_seconds": "--interval",
    "input_mode": "--input-mode",
    "clip_duration_seconds": "--clip-duration",
    "monitor_duration_seconds": "--duration",
    "trigger_cooldown_seconds": "--cooldown",
    "max_triggers": "--max-triggers",
    "window_minutes": "--window",
    "capture_interval_seconds": "--capture-interval",
    "max_windows": "--max-windows",
    "duration": "--total",
    "max_cost_usd": "--max-cost",
    "price_per_minute_usd": "--price-per-minute",
    "limit": "--limit",
    "offset": "--offset",
    "target_hostname": "--target",
}


def clean(text: str, secrets: Iterable[str] = (), *, lines: bool = False) -> str:
    """Return a foreign text with secrets masked and everything that could move a cursor escaped.

    Args:
        text: what a server or a person sent.
        secrets: what must not appear.
        lines: whether line breaks stay.
    """
    text = mask(text, secrets)
    if text.isprintable():
        return text
    kept = "\n" if lines else ""
    return "".join(char if char.isprintable() or char in kept else ascii(char)[1:-1] for char in text)


def masked(value: Any, secrets: Iterable[str]) -> Any:
    """Return a copy of a JSON-like value with the secrets in its texts masked."""
    if isinstance(value, str):
        return mask(value, secrets)
    if isinstance(value, dict):
        return {mask(str(key), secrets): masked(item, secrets) for key, item in as_object(value).items()}
    if isinstance(value, list):
        return [masked(item, secrets) for item in as_array(value)]
    return value


def json_line(value: Any, *, unicode: bool) -> str:
    """Return a value as JSON on one line, in which nothing can move a cursor."""
    text = json.dumps(value, ensure_ascii=not unicode, default=str)
    return text if text.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def shell_words(text: str) -> str:
    """Return an error's text with its Python advice told as commands."""
    for pattern, replacement in _IN_SHELL:
        text = pattern.sub(replacement, text)
    return text


def in_options(error: Exception) -> str:
    """Return an error's text with the name of the argument it is about told as the command line calls it."""
    text, field = str(error), getattr(error, "field", None)
    option = _OPTIONS.get(str(field))
    return text.replace(str(field), option, 1) if option is not None and text.startswith(str(field)) else text


def iso(moment: datetime | None) -> str:
    """Return a time for programs: UTC, to the second."""
    return "" if moment is None else moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock_time(moment: datetime) -> str:
    """Return a time for people: local, without the day."""
    return moment.astimezone().strftime("%H:%M:%S")


def ago(moment: datetime | None, now: datetime) -> str:
    """Return how long ago something was, in two or three characters."""
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
