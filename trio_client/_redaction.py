"""Keep secrets and pictures out of every text that people or logs may see."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ._json import as_array, as_object

__all__ = ["mask", "presentable", "preview"]

MASK = "***"
_SHORTEST_SECRET = 4  # masking shorter ones would spoil every other word, and protect nothing
_LONGEST_SHOWN = 200
_LONGEST_USERINFO = 4096  # of a long text, so much more than is shown is searched
# A quotation mark may be part of a password; where it ends a text around the URL, punctuation follows it.
_QUOTE = r"[\"'](?![\s,:;)}\]]|$)"
# Userinfo ends at the last "@" before the path. A password may hold a raw "/": then a colon before it tells it
# from a path such as https://youtube.com/@channel, and a port number tells the host from a user name.
_USERINFO = re.compile(
    rf"(?:[^\s/?#\"'<>]|{_QUOTE})*@"
    rf"|[^\s/?#@:\"'<>]*:(?!\d{{1,5}}(?:[/?#\s]|$))(?:[^\s\"'<>]|{_QUOTE})*@"
)


def mask(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` without URL credentials and without the given secrets."""
    text = _hide(text, secrets)
    if "@" not in text:
        return text
    # Matched at the start of each piece only: a search through the whole would take quadratic time.
    head, *rests = text.split("://")
    return "://".join([head, *(_without_userinfo(rest) for rest in rests)])


def _hide(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, MASK)
    return text


def _without_userinfo(rest: str) -> str:
    found = _USERINFO.match(rest)
    return f"{MASK}@{rest[found.end() :]}" if found else rest


def preview(text: str, secrets: Iterable[str] = (), *, limit: int = _LONGEST_SHOWN) -> str:
    """Return the start of a foreign text: masked, printable, at most `limit` characters long."""
    text = _hide(text, secrets)
    text = mask(text[: limit + _LONGEST_USERINFO])
    if not text.isprintable():  # terminal escapes and line breaks must not reach a log or a terminal as such
        text = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def presentable(value: Any) -> Any:
    """Return a copy of a JSON-like value for `repr`: credentials masked, long texts cut."""
    if isinstance(value, str):
        text = mask(value[: _LONGEST_SHOWN + _LONGEST_USERINFO])
        return text if len(text) <= _LONGEST_SHOWN else f"{text[:40]}… ({len(value):,} characters)"
    if isinstance(value, dict):
        return {key: presentable(item) for key, item in as_object(value).items()}
    if isinstance(value, list):
        return [presentable(item) for item in as_array(value)]
    return value
