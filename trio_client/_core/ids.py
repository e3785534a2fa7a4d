"""Put identifiers into paths, one segment each."""

from __future__ import annotations

import re
from urllib.parse import quote

from .._redaction import preview
from ..errors import RequestValidationError

__all__ = ["segment"]

_FORBIDDEN = re.compile(r"[/\\?#\x00-\x20\x7f-\x9f]")


def segment(value: str, field: str) -> str:
    """Return an identifier as one percent-encoded path segment.

    Raises:
        RequestValidationError: it is empty, a dot segment, or holds a character that would end the segment.
    """
    if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise RequestValidationError(
            f"{field} is {preview(repr(value))}, a {type(value).__name__}.",
            field=field,
            value=value,
            advice="Pass the id as a str.",
        )
    plain = re.sub(r"%2e", ".", value, flags=re.IGNORECASE)
    if not value or plain in (".", "..") or _FORBIDDEN.search(value) or re.search(r"%(?:2f|5c)", value, re.IGNORECASE):
        raise RequestValidationError(
            f"{field} is {preview(repr(value))}, which is not an id.",
            field=field,
            value=value,
            advice="Pass it as the API returned it, such as 'a1b2c3d4-e5f6-7890-abcd-ef1234567890'.",
        )
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise RequestValidationError(
            f"{field} is {preview(repr(value))}, which is not text that can be sent.", field=field, value=value
        ) from None
