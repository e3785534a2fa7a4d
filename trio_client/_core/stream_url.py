"""Whether two URLs mean the same stream."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

__all__ = ["same_stream"]

_DEFAULT_PORTS = {"http": 80, "https": 443, "rtmp": 1935, "rtmps": 443, "rtsp": 554, "rtsps": 322}
_YOUTUBE = re.compile(r"(?:(?:www|m|music)\.)?youtube(?:-nocookie)?\.com")
_YOUTUBE_PATH = re.compile(r"/(?:live|embed|shorts|v)/([\w-]+)/?")
_MASKED = re.compile(r"[*•xX]+|<?\[?(?:redacted|masked|hidden)\]?>?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Form:
    """A URL in canonical form: where it leads, and as whom."""

    place: tuple[object, ...]
    user: str | None
    password: str | None


def same_stream(one: str | None, other: str | None) -> bool:
    """Return whether two stream URLs mean one stream.

    Host and scheme count without case, the scheme's own port as none, and surrounding blanks not at all. Forms of a
    YouTube URL count by the video's id. A user and a password count only where both URLs have them unmasked: a server
    may leave them out, but two channels of one recorder may differ by the user alone.
    """
    if one is None or other is None:
        return False
    if one == other:
        return True
    first, second = _form(one), _form(other)
    return first.place == second.place and _agree(first.user, second.user) and _agree(first.password, second.password)


def _agree(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other


@functools.lru_cache(maxsize=4096)
def _form(url: str) -> _Form:
    text = url.strip()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return _Form((text,), None, None)
    scheme, host = parts.scheme.lower(), (parts.hostname or "").rstrip(".")
    video = _youtube_id(host, parts.path, parts.query)
    if video is not None:
        return _Form(("youtube", video), None, None)
    if port == _DEFAULT_PORTS.get(scheme):
        port = None
    place = (scheme, host, port, parts.path or "/", parts.query, parts.fragment)
    return _Form(place, _known(parts.username), _known(parts.password))


def _youtube_id(host: str, path: str, query: str) -> str | None:
    """Return the id of the video that a URL shows, if it is one of YouTube's."""
    if host in ("youtu.be", "www.youtu.be"):
        return path.strip("/").partition("/")[0] or None
    if not _YOUTUBE.fullmatch(host):
        return None
    if path.rstrip("/") == "/watch":
        return dict(parse_qsl(query)).get("v")
    found = _YOUTUBE_PATH.fullmatch(path)
    return found[1] if found else None


def _known(credential: str | None) -> str | None:
    """Return a user or a password; `None` where there is none, or it is masked."""
    text = unquote(credential or "")
    return text if text and not _MASKED.fullmatch(text) else None
