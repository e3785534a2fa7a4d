"""Durations as Go writes them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_client._times import parse_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0s", timedelta(0)),
        ("0", timedelta(0)),
        ("850\u00b5s", timedelta(microseconds=850)),  # the micro sign
        ("850\u03bcs", timedelta(microseconds=850)),  # the Greek letter
        ("850us", timedelta(microseconds=850)),
        ("45ms", timedelta(milliseconds=45)),
        ("1.5s", timedelta(seconds=1.5)),
        (".5s", timedelta(seconds=0.5)),
        ("1.s", timedelta(seconds=1)),
        ("1m2.045s", timedelta(minutes=1, seconds=2, milliseconds=45)),
        ("1h0m3s", timedelta(hours=1, seconds=3)),
        ("-1s", timedelta(seconds=-1)),
        ("+1s", timedelta(seconds=1)),
        ("1.234567891s", timedelta(seconds=1, microseconds=234567)),
        ("-1.9999999s", -timedelta(seconds=1, microseconds=999999)),
        ("999ns", timedelta(0)),
        ("2562047h47m16.854775807s", timedelta(hours=2562047, minutes=47, seconds=16, microseconds=854775)),
    ],
)
def test_a_duration_is_read(text: str, expected: timedelta) -> None:
    assert expected == parse_duration(text)


@pytest.mark.parametrize(
    "value",
    [
        *("", "-", "+", "1", "s", ".s", "1x", "1s2", "1 s", " 1s", "1s ", "--1s", "1e3s", "PT1S", "five"),
        *("1\u0663s", "\u0661s", "99999999999999999h", "9" * 99 + "h", "1s" * 60, None, 1, 1.5, b"1s", ["1s"]),
    ],
)
def test_what_is_no_duration_is_none(value: Any) -> None:
    assert parse_duration(value) is None


def as_go_writes(microseconds: int) -> str:
    """What Go's `Duration.String` gives for a whole number of microseconds."""
    if microseconds == 0:
        return "0s"
    sign, total = ("-", -microseconds) if microseconds < 0 else ("", microseconds)
    if total < 1000:
        return f"{sign}{total}\u00b5s"
    if total < 1_000_000:
        return f"{sign}{f'{total / 1000:.3f}'.rstrip('0').rstrip('.')}ms"
    whole, rest = divmod(total, 1_000_000)
    hours, minutes, seconds = whole // 3600, whole // 60 % 60, whole % 60
    fraction = f".{rest:06d}".rstrip("0").rstrip(".")
    if hours:
        return f"{sign}{hours}h{minutes}m{seconds}{fraction}s"
    return f"{sign}{minutes}m{seconds}{fraction}s" if minutes else f"{sign}{seconds}{fraction}s"


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_every_duration_that_go_writes_comes_back_as_it_was(microseconds: int) -> None:
    assert timedelta(microseconds=microseconds) == parse_duration(as_go_writes(microseconds))


@given(st.text(alphabet="0123456789.hmsnu\u00b5+- ", max_size=120))
def test_any_text_is_read_or_is_none(text: str) -> None:
    assert isinstance(parse_duration(text), (timedelta, type(None)))
