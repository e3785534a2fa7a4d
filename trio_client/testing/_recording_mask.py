"""Mask the secrets of a recording, string by string, so that what was JSON stays JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._json import as_array, as_object
from .._redaction import MASK, is_secret_name, is_url_name, mask, url_secrets
from ..frames import Frame, is_picture_name
from ._defaults import JPEG

__all__ = ["RecordingMask", "header_secrets", "secrets_in"]

_LITERAL = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-\s]+={0,2}\s*")
_LONG = 200  # longer base64 is no text, and no credential
_NO_SECRETS = frozenset({"idempotency-key", "idempotency_key", "dedup_key"})
_SECRET_HEADERS = frozenset({"cookie", "set-cookie", "authorization", "proxy-authorization"})
_TINY = {  # one pixel each
    "image/jpeg": JPEG,
    "image/png": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==",
    "image/gif": "R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==",
    "image/bmp": "Qk06AAAAAAAAADYAAAAoAAAAAQAAAAEAAAABABgAAAAAAAQAAAATCwAAEwsAAAAAAAAAAAAAgICAAA==",
    "image/webp": "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA",
}


class RecordingMask:
    """What must not be in a recording.

    Args:
        secrets: texts that are masked wherever they are.
        frames: whether pictures are kept; if not, a tiny one of the same type takes the place of each.
    """

    def __init__(self, secrets: Iterable[str], *, frames: bool) -> None:
        # A password within a longer secret would leave the rest of that.
        self._secrets = sorted({each for each in secrets if each}, key=len, reverse=True)
        self._frames = frames

    def text(self, text: str) -> str:
        """Return a text with its secrets masked: in the strings of its JSON one by one, elsewhere word by word."""
        parts: list[str] = []
        position, key = 0, ""
        for found in _LITERAL.finditer(text):
            between = text[position : found.start()]
            parts.append(mask(between, self._secrets))
            written = found[0]
            is_value = between.strip() == ":"
            masked = self._literal(written, key if is_value else "")
            parts.append(masked)
            key = "" if is_value else written[1:-1]
            position = found.end()
        parts.append(mask(text[position:], self._secrets))
        return "".join(parts)

    def value(self, value: Any, key: str = "") -> Any:
        """Return a copy of a JSON value with its secrets masked."""
        if isinstance(value, dict):
            return {name: self.value(item, name) for name, item in as_object(value).items()}
        if isinstance(value, list):
            return [self.value(item, key) for item in as_array(value)]
        return self._string(value, key) if isinstance(value, str) else value

    def headers(self, headers: Iterable[tuple[str, str]]) -> list[list[str]]:
        """Return headers as a list of pairs, without keys and cookies."""
        return [[name.lower(), self._header(name.lower(), value)] for name, value in headers]

    def url(self, url: str) -> str:
        """Return a URL without credentials."""
        return mask(url, self._secrets, is_url=True)

    def _header(self, name: str, value: str) -> str:
        if _is_secret(name):
            return MASK
        return mask(value, self._secrets, is_url=name in ("location", "content-location"))

    def _literal(self, written: str, key: str) -> str:
        try:
            value: Any = json.loads(written, strict=False)
        except ValueError:
            return mask(written, self._secrets)
        masked = self._string(value, key)
        return written if masked == value else json.dumps(masked, ensure_ascii=written.isascii())

    def _string(self, value: str, key: str) -> str:
        if not value:
            return value
        if not self._frames and (tiny := _tiny_picture(value, key)) is not None:
            return tiny
        if is_secret_name(key) and key.lower() not in _NO_SECRETS:
            return MASK
        if len(value) > _LONG and _BASE64.fullmatch(value) and not any(each in value for each in self._secrets):
            return value
        if value[0] in "{[":
            return self.text(value)
        return mask(value, self._secrets, is_url=is_url_name(key))


def _tiny_picture(text: str, key: str) -> str | None:
    """Return a tiny picture of the same type in place of a picture; `None`: the text is no picture."""
    prefix, comma, content = text.partition(",") if text[:5].lower() == "data:" else ("", "", text)
    if not _BASE64.fullmatch(content):
        return None
    media_type = Frame(content).media_type
    if media_type not in _TINY:
        return prefix + comma + JPEG if comma or (is_picture_name(key) and len(content) > len(JPEG)) else None
    return prefix + comma + _TINY[media_type] if comma or is_picture_name(key) or len(content) > _LONG else None


def secrets_in(body: Any) -> Sequence[str]:
    """Return the credentials in the URLs of a request's body, which a reply may echo."""
    if isinstance(body, dict):
        return [each for value in as_object(body).values() for each in secrets_in(value)]
    if isinstance(body, list):
        return [each for value in as_array(body) for each in secrets_in(value)]
    return url_secrets(body) if isinstance(body, str) and "://" in body else ()


def header_secrets(headers: Mapping[str, str]) -> list[str]:
    """Return the keys and cookies in a request's headers, which a reply may echo."""
    secret = [value for name, value in headers.items() if _is_secret(name.lower())]
    parts = [part.partition("=")[2].strip() for value in secret for part in value.split(";") if "=" in part]
    return [*secret, *(value.removeprefix("Bearer ") for value in secret), *parts]


def _is_secret(header: str) -> bool:
    return header in _SECRET_HEADERS or (is_secret_name(header) and header not in _NO_SECRETS)
