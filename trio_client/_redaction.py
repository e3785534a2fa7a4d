"""Keep secrets and pictures out of every text that people or logs may see."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ._json import as_array, as_object

__all__ = ["mask", "presentable", "preview"]

MASK = "***"
_LONGEST_SHOWN = 200
# Userinfo ends at the last "@" before the path. A password may hold a raw "/": then a colon before it tells it
# from a path such as https://youtube.com/@channel, and a port number tells the host from a user name.
_USERINFO = re.compile(r"(?<=://)(?:[^\s/?#\"'<>]*@|[^\s/?#@:]*:(?!\d{1,5}/)[^\s@\"'<>]*@)")
# Terminal escapes and line breaks from a server must not reach a log or a terminal as such.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def mask(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` without URL credentials and without the given secrets."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, MASK)
    return _USERINFO.sub(MASK + "@", text)


def preview(text: str, secrets: Iterable[str] = (), *, limit: int = _LONGEST_SHOWN) -> str:
    """Return the start of a foreign text: masked, printable, at most `limit` characters long."""
    text = mask(text, secrets)
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape", "backslashreplace").decode(), cut)


def presentable(value: Any) -> Any:
    """Return a copy of a JSON-like value for `repr`: credentials masked, long texts cut."""
    if isinstance(value, str):
        text = mask(value)
        return text if len(text) <= _LONGEST_SHOWN else f"{text[:40]}… ({len(text):,} characters)"
    if isinstance(value, dict):
        return {key: presentable(item) for key, item in as_object(value).items()}
    if isinstance(value, list):
        return [presentable(item) for item in as_array(value)]
    return value
