"""Read the times of the API, in every form they come in."""

from __future__ import annotations

import re
import sys
from datetime import datetime, timedelta, timezone
from typing import Any

__all__ = ["parse_time"]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# Python before 3.11 reads neither "Z" nor any number of fraction digits but 3 and 6.
_READS_Z = sys.version_info >= (3, 11)
_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,9})\d*)?\s*(Z|z|[+-]\d{2}:?\d{2})?", re.ASCII
)
_SECONDS_UNTIL = 1e11  # larger numbers are milliseconds: as seconds they lie after the year 5000


def parse_time(value: Any) -> datetime | None:
    """Return a time as an aware `datetime` in UTC, or `None` where it cannot be read.

    Understands ISO 8601 with `Z`, with an offset or without a zone (taken as UTC), with up to
    nine fraction digits (cut to microseconds), and unix seconds or milliseconds.

    Example:
        >>> parse_time("2024-01-26T10:30:00Z") == parse_time(1706265000)
        True
    """
    try:
        if isinstance(value, str):
            if len(value) == 27 and value[10:20:3] == "T::." and value[26] == "Z":
                # The usual form, which the standard library reads in every version, and fast.
                return datetime.fromisoformat(value if _READS_Z else value[:26] + "+00:00")
            return _from_iso(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        seconds = value if abs(value) < _SECONDS_UNTIL else value / 1000
        return _EPOCH + timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return None


def _from_iso(text: str) -> datetime | None:
    found = _ISO.fullmatch(text.strip())
    if found is None:
        return None
    date, clock, fraction, zone = found.groups()
    if len(clock) == len("10:30"):
        clock += ":00"
    if zone in (None, "Z", "z"):
        zone = "+00:00"
    elif ":" not in zone:
        zone = f"{zone[:3]}:{zone[3:]}"
    moment = datetime.fromisoformat(f"{date}T{clock}.{(fraction or '0')[:6]:0<6}{zone}")
    return moment.astimezone(timezone.utc)
