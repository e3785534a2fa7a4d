"""Show an event as a small card in a notebook."""

from __future__ import annotations

import html
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .._redaction import is_url_name, known_keys, mask, presentable
from ..frames import Frame

__all__ = ["card"]

_LONGEST = 500
_LEFT_OUT = ("raw", "name", "delivery")
_HEADLINES = ("explanation", "summary", "message", "reason", "status")
_CARD = (
    "border:1px solid rgba(128,128,128,.4);border-left:4px solid {colour};border-radius:6px;"
    "padding:.5em .8em;margin:.2em 0;max-width:40em;font-family:system-ui,sans-serif"
)
_COLOURS = {"triggered": "#d97706", "summary": "#2563eb", "failed": "#dc2626", "gap": "#dc2626", "stopped": "#6b7280"}
_QUIET = "#16a34a"
_SMALL = "opacity:.7;font-size:.85em"


def card(kind: str, fields: Mapping[str, Any]) -> str:
    """Return HTML that shows an event. What came from outside is escaped, and credentials in it are masked.

    Args:
        kind: the event's kind.
        fields: its fields, by name.
    """
    values = {name: value for name, value in fields.items() if value is not None and name not in _LEFT_OUT}
    when = values.pop("occurred_at", None)
    heading = f"<b>{html.escape(kind)}</b>"
    if isinstance(when, datetime):
        heading += f' <span style="{_SMALL}">{when:%Y-%m-%d %H:%M:%S} UTC</span>'
    parts = [f"<div>{heading}</div>"]
    headline = next((values.pop(name) for name in _HEADLINES if name in values), None)
    if headline is not None:
        parts.append(f"<div>{_text(headline)}</div>")
    frames = [name for name, value in values.items() if isinstance(value, Frame)]
    parts += [values.pop(name)._repr_html_() for name in frames]
    if values:
        rows = " · ".join(f"{html.escape(name)}: {_text(value, name)}" for name, value in values.items())
        parts.append(f'<div style="{_SMALL}">{rows}</div>')
    return f'<div style="{_CARD.format(colour=_COLOURS.get(kind, _QUIET))}">{"".join(parts)}</div>'


def _text(value: Any, name: str = "") -> str:
    if isinstance(value, datetime):
        return f"{value:%H:%M:%S}"
    text = (
        mask(value, known_keys(), is_url=is_url_name(name)) if isinstance(value, str) else str(presentable(value, name))
    )
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return html.escape(shown.encode("utf-8", "replace").decode())
