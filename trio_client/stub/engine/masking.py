"""What HTTP and the page show of secrets: only that there is one. Linear time; no I/O.

If a text can be read with and without a secret, the secret is assumed: `rtsp://cam:554/a@b` may be the user `cam` with
the password `554/a`. A URL without a colon before its first `/`, `?` or `#` has no userinfo after that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote

__all__ = ["HIDDEN", "mask_headers", "mask_text", "mask_url"]

HIDDEN = "***"
_SECRET_WORDS = frozenset(
    [
        "token",
        "key",
        "apikey",
        "password",
        "passwd",
        "passphrase",
        "pass",
        "pwd",
        "auth",
        "authorization",
        "secret",
        "sig",
        "signature",
        "credential",
    ]
)
_CAMEL_CASE_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LOWER_CASE_WORD = re.compile(r"[a-z]+")
_SEPARATOR = re.compile(r"[^a-z0-9]")
# `://`, also with other numbers of slashes, and with JSON's `\/`.
_AFTER_SCHEME = re.compile(r":(?:\\?/)+")
_SCHEME_AT_START = re.compile(r"\s*[a-zA-Z][a-zA-Z0-9+.-]*:(?:\\?/)+|\s*(?:\\?/){2,}")
_NEXT_URL = re.compile(r":(?:\\?/)+|=(?:[a-zA-Z][a-zA-Z0-9+.-]{0,20}:(?:\\?/)+|(?:\\?/)*)")
_END_OF_AUTHORITY = re.compile(r"[\\/?#]")
_START_OF_NAME = re.compile(r"[?;#/]")
# URLs nested in URLs are percent-encoded once for each level.
_MAX_LEVELS = 8


def mask_url(url: str) -> str:
    """The value of a field that holds a URL, without its userinfo and without the parameters that are secrets.

    What is percent-encoded is decoded if there is a secret in it.

    Example:
        >>> mask_url("rtsp://admin:12/pw@cam.example/live?token=abc&channel=1")
        'rtsp://***@cam.example/live?token=***&channel=1'
    """
    start = _SCHEME_AT_START.match(url)
    if start is None and "@" not in url and "=" not in url and "%" not in url:
        return url
    return _mask_levels(url, _mask_field)


def mask_text(text: str) -> str:
    """Running text, with each URL in it masked; a blank ends a URL.

    Example:
        >>> mask_text("Is rtsp://admin:pw@cam.example/live at 10:35 a@b?")
        'Is rtsp://***@cam.example/live at 10:35 a@b?'
    """
    return re.sub(r"\S+", lambda found: _mask_levels(found[0], _mask_word), text)


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers without credentials and cookies; an Idempotency-Key is no credential."""
    return {
        name: HIDDEN if name != "idempotency-key" and (_is_secret(name) or "cookie" in name) else value
        for name, value in headers.items()
    }


def _mask_levels(text: str, mask: Callable[[str], str]) -> str:
    """Mask a text, then what is percent-encoded in it, level by level."""
    shown = text = mask(text)
    for _ in range(_MAX_LEVELS):
        decoded = unquote(text)
        if decoded == text:
            return shown
        text = mask(decoded)
        if text != decoded:
            shown = text
    return HIDDEN


def _mask_field(url: str) -> str:
    start = _SCHEME_AT_START.match(url)
    return _mask_parameters(_mask_userinfo(url, start.end() if start else 0))


def _mask_word(word: str) -> str:
    start = _AFTER_SCHEME.search(word)
    return word if start is None else _mask_parameters(_mask_userinfo(word, start.end()))


def _mask_userinfo(text: str, authority: int) -> str:
    """Mask what may be userinfo at this index, after each further scheme, and in values without a scheme."""
    parts: list[str] = []
    done, last_at, has_scheme = 0, text.rfind("@"), True
    while last_at >= authority:
        found = _END_OF_AUTHORITY.search(text, authority)
        end = len(text) if found is None else found.start()
        if ":" in text[authority:end]:
            return "".join([*parts, text[done:authority], HIDDEN, text[last_at:]])
        at = text.rfind("@", authority, end) if has_scheme else -1
        if at >= 0:
            parts += text[done:authority], HIDDEN
            done = at
        following = _NEXT_URL.search(text, max(authority, done))
        if following is None:
            break
        authority, has_scheme = following.end(), ":" in following[0]
    return "".join(parts) + text[done:]


def _mask_parameters(text: str) -> str:
    return "&".join(map(_mask_parameter, text.split("&")))


def _mask_parameter(text: str) -> str:
    """Mask the first secret in `a/b?name=value`, with all that follows it."""
    *names, _ = text.split("=")
    end = 0
    for name in names:
        end += len(name) + 1
        if _is_secret(_START_OF_NAME.split(name)[-1]):
            return text[:end] + HIDDEN
    return text


def _is_secret(name: str) -> bool:
    words = {*_SEPARATOR.split(name.lower()), *(word.lower() for word in _CAMEL_CASE_WORD.findall(name))}
    words.update(_LOWER_CASE_WORD.findall(name))  # `APItoken` is the token of an API
    return not words.isdisjoint(_SECRET_WORDS)
