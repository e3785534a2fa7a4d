"""The ids of jobs, read as the server's language reads UUIDs."""

from __future__ import annotations

import re

__all__ = ["read_id"]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_URN = "urn:uuid:"


def read_id(text: str) -> str:
    """The id in its usual form, from that form, from braces, after `urn:uuid:`, or without dashes.

    Raises:
        ValueError: it is none of these; the message is the server's.
    """
    size = len(text.encode())
    if size == 36 + len(_URN):
        if text[: len(_URN)].lower() != _URN:
            raise ValueError(f'invalid urn prefix: "{text[: len(_URN)]}"')
        found = text[len(_URN) :]
    elif size == 36 + 2:
        found = text[1:-1]
    elif size == 32:
        found = "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
    elif size == 36:
        found = text
    else:
        raise ValueError(f"invalid UUID length: {size}")
    if _UUID.fullmatch(found.lower()) is None:
        raise ValueError("invalid UUID format")
    return found.lower()
