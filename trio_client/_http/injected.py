"""Manners with other libraries: their logs are masked, and an injected client sends back no cookies of replies."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from .._redaction import known_keys, mask, preview

__all__ = ["KeptCookies", "masked_logs"]

_LOGGERS = ("httpx", "httpx2")
_WIRE_LOGGERS = [
    f"{library}.{part}"
    for library in ("httpcore", "httpcore2")
    for part in ("connection", "http11", "http2", "proxy", "socks")
]
_ours: ContextVar[bool] = ContextVar("_ours", default=False)


class _MaskUrls(logging.Filter):
    """Mask what httpx logs of our calls: the URL, which may name a camera, and what the server wrote."""

    def filter(self, record: logging.LogRecord) -> bool:
        if _ours.get() and isinstance(record.args, tuple):
            record.args = tuple(_shown(each) for each in record.args)
        return True


def _shown(value: object) -> object:
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str):  # such as the reason phrase, in which a server may repeat the key
        return preview(value, known_keys())
    return mask(str(value), known_keys(), is_url=True)


class _HideKeys(logging.Filter):
    """Mask the keys of clients in what httpcore logs at DEBUG: replies, and why they are malformed."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = mask(record.getMessage(), known_keys()), ()
        return True


_filter = _MaskUrls()
for _name in _WIRE_LOGGERS:
    logging.getLogger(_name).addFilter(_HideKeys())


@contextmanager
def masked_logs() -> Generator[None, None, None]:
    """Mask what the HTTP library logs inside."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_filter)  # adding it again does nothing
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)


class KeptCookies:
    """The cookies that an injected client had when ours was made, and no others.

    A client of httpx keeps what replies set, and sends it back: also what another server of its owner's has set for
    the same host.
    """

    def __init__(self, client: Any) -> None:
        cookies = getattr(client, "cookies", None)
        self._cookies: Any = None if cookies is None else type(cookies)(cookies)
        self._has_any = bool(cookies)

    def apply(self, client: Any, request: Any) -> None:
        """Replace the cookies of a request that a client has built; a Cookie header of its owner's stays."""
        if self._cookies is None or "cookie" in client.headers:
            return
        if "cookie" in request.headers:
            del request.headers["cookie"]
        if self._has_any:
            self._cookies.set_cookie_header(request)
