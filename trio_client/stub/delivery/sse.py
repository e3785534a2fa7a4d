"""How an event is encoded in a stream. No I/O."""

from __future__ import annotations

import json
import re
from typing import Any

from .stream_script import Dialect

__all__ = ["encode_event", "event_text"]

_LINE_BREAK = re.compile(r"\r\n|\r|\n")


def encode_event(name: str, data: dict[str, Any], dialect: Dialect = "A") -> str:
    """The text of one event. A name with a line break is refused: it could forge further events."""
    if any(character in name for character in "\r\n\0"):
        raise ValueError("an event name must not contain line breaks or NUL")
    if dialect == "B":
        data = {"type": name, **data}
    line = f"event: {name}\n" if dialect in ("A", "D") else ""
    text = (event_text(data) or name) if dialect == "D" else json.dumps(data, ensure_ascii=False)
    return line + "".join(f"data: {part}\n" for part in _LINE_BREAK.split(text)) + "\n"


def event_text(data: dict[str, Any]) -> str:
    """The text of an event for people; "" if it has none."""
    texts = (data.get(field) for field in ("explanation", "summary", "message", "reason"))
    return next((str(text) for text in texts if text), "")
