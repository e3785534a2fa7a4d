"""What a stream URL shows by itself: its platform, and whether it can be watched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, urlsplit

from ..documented.errors import ApiError
from ..engine.scene import Scene

__all__ = ["StreamAddress", "check_watchable", "check_webhook_url", "read_stream_url"]

_SCHEMES = ("http", "https", "rtsp", "rtsps")
_RECORDING = re.compile(r"(?:^|[/=._-])vods?(?:$|[/&._-])", re.IGNORECASE)


@dataclass(frozen=True)
class StreamAddress:
    """The parts of a stream URL that replies need."""

    url: str
    platform: str | None
    stream_id: str | None
    recording: bool


def read_stream_url(url: str) -> StreamAddress:
    """Read a stream URL; an impossible one is refused with INVALID_URL."""
    parts = _split(url)
    if parts is None or parts.scheme.lower() not in _SCHEMES or not parts.hostname:
        raise ApiError("INVALID_URL", "The stream URL is malformed or its scheme is not supported.")
    host = parts.hostname.lower()
    path = parts.path.strip("/")
    last = path.rsplit("/", 1)[-1] or None
    recording = _RECORDING.search(f"{parts.path}?{parts.query}") is not None
    if parts.scheme.lower() in ("rtsp", "rtsps"):
        return StreamAddress(url, "rtsp", last, recording)
    if _is_host(host, "youtube.com") or _is_host(host, "youtu.be"):
        stream_id = parse_qs(parts.query).get("v", [last])[0]
        return StreamAddress(url, "youtube", stream_id, recording)
    if _is_host(host, "twitch.tv"):
        return StreamAddress(url, "twitch", last, recording or path.startswith("videos/"))
    return StreamAddress(url, "hls" if path.endswith(".m3u8") else None, last, recording)


def check_watchable(address: StreamAddress, scene: Scene, *, age: float) -> None:
    """Refuse a stream that cannot be watched: a recording, or one that is offline."""
    if address.recording or scene.vod:
        raise ApiError("NOT_LIVESTREAM", "The URL does not point to a live stream.")
    if scene.offline(age):
        raise ApiError("STREAM_OFFLINE", "The stream is offline.")


def check_webhook_url(url: str | None) -> None:
    """Refuse a webhook URL that is missing, or cannot be used."""
    if url is None:
        missing = {"loc": ["body", "webhook_url"], "msg": "Field required", "type": "missing"}
        raise ApiError("VALIDATION_ERROR", "webhook_url: Field required", detail=[missing])
    parts = _split(url)
    if parts is None or parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        detail = {
            "loc": ["body", "webhook_url"],
            "msg": "Input should be a valid http or https URL",
            "type": "url_parsing",
        }
        raise ApiError("VALIDATION_ERROR", "webhook_url: not a valid http or https URL", detail=[detail])


def _split(url: str) -> SplitResult | None:
    if any(ord(character) <= 0x20 or ord(character) == 0x7F for character in url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port  # an invalid port is only found when it is read
    except ValueError:
        return None
    return parts


def _is_host(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")
