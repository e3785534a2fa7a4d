"""Read times in every form the API sends, dates of HTTP headers, and durations as Go writes them."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from fractions import Fraction
from typing import Any

__all__ = [
    "CLOCK_SKEW",
    "DATE_LAG",
    "has_zone",
    "http_date",
    "parse_duration",
    "parse_time",
    "reply_time",
    "show_duration",
]

CLOCK_SKEW = timedelta(seconds=5)  # by which the clocks of a server and of its parts may differ
DATE_LAG = timedelta(seconds=2)  # a `Date` has whole seconds, cut off, and servers keep it for up to a second
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_UTC = timezone.utc
if sys.version_info >= (3, 11):
    _from_iso_format = datetime.fromisoformat
else:

    def _from_iso_format(text: str) -> datetime:
        """Python 3.10 reads no "Z", and only 3 or 6 digits of a fraction."""
        return datetime.fromisoformat(text.replace("Z", "+00:00"))


_ISO = re.compile(
    r"(\d{4})(-?)(\d\d)\2(\d\d)[Tt ](\d\d)(:?)(\d\d)(?:\6(\d\d)(?:[.,](\d{1,9})\d*)?)?"
    r"\s*([Zz]|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_UNIX = re.compile(r"-?\d{9,13}(\.\d{1,9})?", re.ASCII)
_SECONDS_UNTIL = 1e11  # larger numbers are milliseconds: as seconds they lie after the year 5000
_SENSIBLE_YEARS = range(1970, 9000)  # outside of them, a datetime may overflow when something is added to it
_LONGEST_DURATION = 100
_DURATION_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)", re.ASCII)
_MICROSECONDS = {
    "ns": Fraction(1, 1000),
    "us": Fraction(1),
    "\u00b5s": Fraction(1),  # the micro sign, which Go writes
    "\u03bcs": Fraction(1),  # the Greek letter, which Go reads too
    "ms": Fraction(1000),
    "s": Fraction(1_000_000),
    "m": Fraction(60_000_000),
    "h": Fraction(3_600_000_000),
}


def parse_time(value: Any) -> datetime | None:
    """Return a time as an aware `datetime` in UTC, or `None` where it cannot be read.

    Understands ISO 8601 in its extended and its basic form, with a space or a small `t` in place of the `T`, with `Z`,
    an offset of hours or of hours and minutes, or no zone (taken as UTC, see `has_zone`), with up to nine fraction
    digits (cut to microseconds), and unix seconds or milliseconds as a number or as text.

    Example:
        >>> parse_time("2024-01-26T10:30:00Z") == parse_time(1706265000)
        True
    """
    if value.__class__ is str and value[10:11] == "T":  # nearly always: the standard library is fast
        try:
            moment = _from_iso_format(value)
            if moment.tzinfo is _UTC:
                return moment
            return moment.replace(tzinfo=_UTC) if moment.tzinfo is None else moment.astimezone(_UTC)
        except (ValueError, OverflowError):
            pass  # in a form that only the rest reads
    try:
        if isinstance(value, str):
            text = value.strip()
            if not _UNIX.fullmatch(text):
                return _from_iso(text)
            value = float(text)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        seconds = value if abs(value) < _SECONDS_UNTIL else value / 1000
        return _EPOCH + timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return None


def has_zone(value: Any) -> bool:
    """Return whether a time says what zone it is in, so that it is certain which moment it means."""
    found = _ISO.fullmatch(value.strip()) if isinstance(value, str) else None
    return found is None or found[10] is not None


def _from_iso(text: str) -> datetime | None:
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    year, _, month, day, hour, _, minute, second, fraction, zone = found.groups()
    extra = timedelta(0)
    if hour == "24" and minute == "00" and second in (None, "00") and not (fraction or "").strip("0"):
        hour, extra = "00", timedelta(days=1)  # ISO 8601: the end of a day
    if second == "60":
        second, extra = "59", timedelta(seconds=1)  # a leap second
    date, clock = f"{year}-{month}-{day}", f"{hour}:{minute}:{second or '00'}.{(fraction or '0')[:6]:0<6}"
    moment = datetime.fromisoformat(f"{date}T{clock}{_offset(zone)}")
    return moment.astimezone(timezone.utc) + extra


def _offset(zone: str | None) -> str:
    if zone in (None, "Z", "z"):
        return "+00:00"
    return f"{zone[:3]}:{zone[3:].lstrip(':') or '00'}"


def http_date(text: str) -> float | None:
    """Return an HTTP date as seconds since the epoch, or `None` where it is not one."""
    if not text or len(text) > 64:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if moment.year not in _SENSIBLE_YEARS:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.timestamp()


def reply_time(headers: Mapping[str, str]) -> float | None:
    """Return when a reply was made by its `Date`, in seconds since the epoch; `None`: it has none, or is a cache's.

    A cache sends the Date of the time at which it got the reply, and its `Age`.
    """
    return http_date(headers.get("date", "")) if headers.get("age", "0") == "0" else None


def parse_duration(value: Any) -> timedelta | None:
    """Return a duration in Go's text form, or `None` where it cannot be read.

    Such a text is a sign and numbers with units (`h`, `m`, `s`, `ms`, `µs`, `ns`). What is below a microsecond is cut.

    Example:
        >>> parse_duration("1m2.045s")
        datetime.timedelta(seconds=62, microseconds=45000)

    Source: the Go standard library, `time.ParseDuration` and `Duration.String`.
    """
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_DURATION:
        return None
    sign = -1 if value[0] == "-" else 1
    text = value[1:] if value[0] in "+-" else value
    if text == "0":
        return timedelta(0)
    total, position = Fraction(0), 0
    while position < len(text):
        part = _DURATION_PART.match(text, position)
        if part is None:
            return None
        total += Fraction(part[1]) * _MICROSECONDS[part[2]]
        position = part.end()
    try:
        return timedelta(microseconds=sign * int(total)) if text else None
    except OverflowError:
        return None


def show_duration(seconds: float) -> str:
    """Return a duration as messages write it: to three digits, and to whole seconds where it is long.

    Example:
        >>> show_duration(9.99998), show_duration(0.25), show_duration(1e6)
        ('10 s', '0.25 s', '1,000,000 s')
    """
    if not math.isfinite(seconds):
        return f"{seconds} s"
    size = abs(seconds)
    digits = 0 if size >= 100 else 6 if size < 1e-4 else 2 - math.floor(math.log10(size))
    text = f"{seconds:,.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} s"
