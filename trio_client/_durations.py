"""Read durations as Go writes them."""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction
from typing import Any

__all__ = ["parse_duration"]

_LONGEST = 100
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)", re.ASCII)
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


def parse_duration(value: Any) -> timedelta | None:
    """Return a duration in Go's text form, or `None` where it cannot be read.

    Such a text is a sign and numbers with units (`h`, `m`, `s`, `ms`, `µs`, `ns`). What is below a microsecond is cut.

    Example:
        >>> parse_duration("1m2.045s")
        datetime.timedelta(seconds=62, microseconds=45000)

    Source: the Go standard library, `time.ParseDuration` and `Duration.String`.
    """
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        return None
    sign = -1 if value[0] == "-" else 1
    text = value[1:] if value[0] in "+-" else value
    if text == "0":
        return timedelta(0)
    total, position = Fraction(0), 0
    while position < len(text):
        part = _PART.match(text, position)
        if part is None:
            return None
        total += Fraction(part[1]) * _MICROSECONDS[part[2]]
        position = part.end()
    try:
        return timedelta(microseconds=sign * int(total)) if text else None
    except OverflowError:
        return None
