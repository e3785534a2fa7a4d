"""What the Date of replies says about the server's clock."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_client._core.state import ClientState, ServerClock
from trio_client._time_source import REAL

NOON = datetime(2026, 11, 30, 12, tzinfo=timezone.utc).timestamp()
SECONDS = st.floats(0, 20)


def date(seconds: float) -> dict[str, str]:
    """Return the headers of a reply that was made at a time of the server's clock."""
    return {"date": format_datetime(datetime.fromtimestamp(int(seconds), timezone.utc), usegmt=True)}


def clock(*replies: tuple[float, float, float]) -> ServerClock:
    """Return what is known after replies: their Date in seconds after noon, when they were asked for and had come."""
    found = ServerClock()
    for moment, sent, received in replies:
        found.note(date(NOON + moment), sent=sent, received=received)
    return found


def known(found: ServerClock, moment: float) -> tuple[float, float]:
    """Return between what seconds after noon the server's clock is at a moment of ours."""
    return found.nearest(0.0, moment) - NOON, found.nearest(1e12, moment) - NOON


@pytest.mark.parametrize("text", ["Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 1900 00:00:00 GMT", "nonsense", ""])
def test_it_is_this_machines_where_no_reply_has_a_sensible_date(text: str) -> None:
    here, state = datetime.now(timezone.utc), ClientState()
    state.server_clock.note({"date": text}, sent=0.0, received=0.0)
    assert here <= state.server_now() <= here + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("behind", "offset"), [(0.0, 0.0), (0.9, 0.0), (1.9, 0.0), (-0.5, 0.5), (-600.0, 600.0), (600.0, -598.0)]
)
def test_it_is_this_machines_where_that_may_be_right(behind: float, offset: float) -> None:
    made, state = int(time.time()), ClientState()
    received = REAL.monotonic() - (time.time() - made) + behind
    state.server_clock.note(date(made), sent=received, received=received)
    difference = (state.server_now() - datetime.now(timezone.utc)).total_seconds()
    assert offset == pytest.approx(difference, abs=0.2)


def test_a_reply_that_arrives_late_does_not_set_the_clock_back() -> None:
    assert (10, 12) == known(clock((0, 100, 100), (1, 101, 111)), 110)


def test_the_first_reply_says_only_within_its_call() -> None:
    assert (0, 12) == known(clock((0, 100, 110)), 110)
    assert (5, 7) == known(clock((0, 100, 110), (5, 110, 110)), 110), "the next one says more"


@pytest.mark.parametrize("jump", [-86400, -3600, -60, 60, 3600, 86400])
def test_a_clock_that_was_set_is_believed_at_once(jump: float) -> None:
    assert (jump + 5, jump + 7) == known(clock((0, 100, 100), (5 + jump, 105, 105)), 105)


def test_the_latest_time_is_known_too() -> None:
    found = clock((0, 100, 110))
    assert (NOON, NOON + 12) == (found.least(110), found.most(110))


def test_a_cached_reply_does_not_set_the_clock_back() -> None:
    found = clock((600, 100, 100))
    found.note({**date(NOON), "age": "601"}, sent=101, received=101)
    found.note({**date(NOON + 602), "age": "0"}, sent=102, received=102)
    assert (602, 604) == known(found, 102)


@given(
    offset=st.floats(-1e6, 1e6),
    calls=st.lists(st.tuples(SECONDS, SECONDS, SECONDS, st.floats(0, 1)), min_size=1, max_size=20),
)
def test_what_is_known_is_true_however_slow_the_replies_are(
    offset: float, calls: list[tuple[float, float, float, float]]
) -> None:
    found, now = ServerClock(), 1000.0
    for pause, there, back, kept in calls:
        sent = now + pause
        made, now = sent + there, sent + there + back
        found.note(date(NOON + made + offset - kept), sent=sent, received=now)
    least, most = known(found, now)
    assert least - 1e-3 <= now + offset <= most + 1e-3
