"""Why a delivery could not be trusted or read, for the log alone: the sender learns nothing of it."""

from __future__ import annotations

import binascii
import re
from typing import Any

from ._signature import Headers, spelled

__all__ = ["cause_of"]

_BASE64 = re.compile(rb"[A-Za-z0-9+/\r\n]{8,}={0,2}\s*")
_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"x\x9c": "deflate",
    b"x\x01": "deflate",
    b"x\xda": "deflate",
}


def cause_of(body: bytes, headers: Headers) -> str | None:
    """Return what is wrong with a body's bytes, as far as they show it."""
    coding = _coding(headers) or next((name for start, name in _MAGIC.items() if body.startswith(start)), None)
    if coding is not None and not body.lstrip().startswith(b"{"):
        return f"The body is compressed ({coding}): pass the bytes as they were before the compression."
    if not body:
        return "The body is empty: something may have read it before."
    if _BASE64.fullmatch(body) and _is_json(body):
        return "The body is base64 text (AWS Lambda: isBase64Encoded): decode it first."
    return None


def _is_json(body: bytes) -> bool:
    try:
        return binascii.a2b_base64(body).lstrip().startswith((b"{", b"\x1f\x8b"))
    except binascii.Error:
        return False


def _coding(headers: Headers) -> str | None:
    """Return the content coding that the headers name."""
    found: list[Any] = spelled(headers, "Content-Encoding")
    text = str(found[0].decode("latin-1") if isinstance(found[0], bytes) else found[0]).strip().lower() if found else ""
    return text[:20] if text.isalnum() and text != "identity" else None
