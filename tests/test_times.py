"""The API's times are read in every form they come in, always to an aware UTC datetime, or not at all."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_client._times import has_zone, parse_duration, parse_time, show_duration

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-01T12:00:00Z", NOON),
        ("2026-03-01T12:00:00z", NOON),
        ("2026-03-01 12:00:00Z", NOON),
        ("2026-03-01T12:00:00", NOON),
        ("2026-03-01T12:00", NOON),
        ("2026-03-01T14:00:00+02:00", NOON),
        ("2026-03-01T14:00:00+0200", NOON),
        ("2026-03-01T05:30:00-06:30", NOON),
        ("2026-03-01 12:00:00 +00:00", NOON),
        (" 2026-03-01T12:00:00Z\n", NOON),
        ("2026-03-01T12:00:00.5Z", NOON + timedelta(milliseconds=500)),
        ("2026-03-01T12:00:00.123Z", NOON + timedelta(milliseconds=123)),
        ("2026-03-01 12:00:00,123", NOON + timedelta(milliseconds=123)),
        ("2026-03-01T12:00:00.123456789Z", NOON + timedelta(microseconds=123456)),
        ("2026-03-01 12:00:00+00", NOON),
        ("2026-03-01T20:00:00+08", NOON),
        ("2026-03-01T12:00:00.123456789+00:00", NOON + timedelta(microseconds=123456)),
        ("2026-03-01t12:00:00.25z", NOON + timedelta(milliseconds=250)),
        ("2026-03-01t12:00:00z", NOON),
        ("20260301T120000Z", NOON),
        ("20260301T1200Z", NOON),
        ("20260301T140000.5+0200", NOON + timedelta(milliseconds=500)),
        ("2026-02-28T24:00:00Z", NOON - timedelta(hours=12)),
        ("2026-03-01T11:59:60Z", NOON),
        ("2026-03-01T11:59:60.5Z", NOON + timedelta(milliseconds=500)),
        (str(int(NOON.timestamp())), NOON),
        (f" {NOON.timestamp() + 0.25} ", NOON + timedelta(milliseconds=250)),
        (str(int(NOON.timestamp()) * 1000 + 7), NOON + timedelta(milliseconds=7)),
        ("999999999", datetime(2001, 9, 9, 1, 46, 39, tzinfo=timezone.utc)),
        (int(NOON.timestamp()), NOON),
        (NOON.timestamp() + 0.25, NOON + timedelta(milliseconds=250)),
        (int(NOON.timestamp()) * 1000 + 7, NOON + timedelta(milliseconds=7)),
        (0, datetime(1970, 1, 1, tzinfo=timezone.utc)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=timezone.utc)),
    ],
)
def test_a_time_is_read_in_every_known_form(value: Any, expected: datetime) -> None:
    found = parse_time(value)
    assert expected == found
    assert found is not None
    assert timedelta(0) == found.utcoffset()


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "",
        "soon",
        "2026-03-01",
        "2026-13-01T12:00:00Z",
        "2026-03-01T12:00:61Z",
        "2026-03-01T24:00:01Z",
        "2026-03-0112:00:00Z",
        "2026-03-01T12:00:00+",
        "9" * 17,
        "1" * 5000,
        "2026-0301T12:00:00Z",
        "20260301",
        "2026",
        "20260301120000",
        "2026-03-01T12:00:00+99:99",
        "0001-01-01T00:00:00+10:00",
        "\u0662\u0660\u0662\u0666-03-01T12:00:00Z",
        [],
        {},
        float("nan"),
        float("inf"),
        -float("inf"),
        1e300,
        10**400,
        -(10**400),
    ],
)
def test_what_is_no_time_is_none(value: Any) -> None:
    assert None is parse_time(value)


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary())
def test_nothing_makes_it_raise(value: Any) -> None:
    found = parse_time(value)
    assert found is None or found.tzinfo is timezone.utc


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(3000, 1, 1), timezones=st.just(timezone.utc)))
def test_what_python_writes_is_read_back(moment: datetime) -> None:
    assert moment == parse_time(moment.isoformat())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-01T12:00:00Z", True),
        ("2026-03-01 12:00:00+00", True),
        ("1772366400", True),
        (1772366400, True),
        ("2026-03-01T12:00:00", False),
        (" 20260301T120000 ", False),
    ],
)
def test_a_time_without_a_zone_may_be_another_moment(value: Any, expected: bool) -> None:
    assert has_zone(value) is expected


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


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (10, "10 s"),
        (9.99998, "10 s"),
        (0.25, "0.25 s"),
        (0.1 + 0.2, "0.3 s"),
        (7.5, "7.5 s"),
        (99.96, "100 s"),
        (119.99998, "120 s"),
        (3600, "3,600 s"),
        (1e6, "1,000,000 s"),
        (1.5e-5, "0.000015 s"),
        (1e-9, "0 s"),
        (-3.14159, "-3.14 s"),
        (float("inf"), "inf s"),
    ],
)
def test_a_duration_is_shown_as_people_write_it(seconds: float, expected: str) -> None:
    assert show_duration(seconds) == expected


@given(st.floats(min_value=1e-4, max_value=1e12))
def test_a_shown_duration_is_the_duration_and_never_in_powers_of_ten(seconds: float) -> None:
    shown = show_duration(seconds)
    assert "e" not in shown
    assert float(shown.removesuffix(" s").replace(",", "")) == pytest.approx(seconds, rel=0.006)
