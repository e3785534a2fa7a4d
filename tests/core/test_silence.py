"""How long a stream may bring no event: only the time in which its reader waits counts."""

from __future__ import annotations

import pytest

from trio_client._core.silence import Silence

LIMIT = 60.0
CATCH_UP = 1.0
OVER = "no event arrived within 60 s"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def silence(clock: Clock) -> Silence:
    return Silence(LIMIT, clock)


def wait(silence: Silence, clock: Clock, *waits: float) -> None:
    """Wait several times, each time for a piece that brings no event."""
    for seconds in waits:
        with silence:
            clock.now += seconds


def longest_wait(silence: Silence) -> float:
    with silence as seconds:
        return seconds


def test_comments_do_not_end_the_wait_for_an_event(silence: Silence, clock: Clock) -> None:
    wait(silence, clock, *[0.25] * 243)
    assert silence.reason is None
    wait(silence, clock, 0.25)
    assert silence.reason == OVER


def test_an_event_does(silence: Silence, clock: Clock) -> None:
    wait(silence, clock, *[0.25] * 243)
    silence.event_came()
    wait(silence, clock, *[0.25] * 243)
    assert silence.reason is None


def test_the_time_between_two_waits_does_not_count(silence: Silence, clock: Clock) -> None:
    for _ in range(50):
        wait(silence, clock, 1.0)
        clock.now += 3600.0
    assert (silence.reason, longest_wait(silence)) == (None, LIMIT + CATCH_UP - 50.0)


def test_a_wait_that_something_else_ended_says_nothing_of_silence(silence: Silence, clock: Clock) -> None:
    wait(silence, clock, 2.0)
    assert silence.timeout_reason is None
    wait(silence, clock, LIMIT + CATCH_UP - 2.0)
    assert silence.timeout_reason == OVER


def test_waits_that_are_cut_off_add_up(silence: Silence, clock: Clock) -> None:
    for _ in range(610):
        assert silence.reason is None
        with pytest.raises(TimeoutError), silence:
            clock.now += 0.1001
            raise TimeoutError
    assert silence.reason == OVER


@pytest.mark.parametrize("waits", [[60.0], [59.99, 0.02], [30.0, 30.0], [1.0, 600.0], [15.0] * 4])
def test_once_the_limit_is_reached_what_waits_is_read_first(silence: Silence, clock: Clock, waits: list[float]) -> None:
    wait(silence, clock, *waits)
    clock.now += 300.0  # the caller does something else
    wait(silence, clock, *[0.0001] * 100)
    assert silence.reason is None
    wait(silence, clock, CATCH_UP)
    assert silence.reason == OVER


def test_no_wait_is_longer_than_what_is_left(silence: Silence, clock: Clock) -> None:
    found = []
    for seconds in (0.0, 20.0, 40.0, 0.75, 0.5):
        wait(silence, clock, seconds)
        found.append(longest_wait(silence))
    assert found == [61.0, 41.0, 1.0, 0.25, 0.02]


def test_where_the_process_was_frozen_the_reader_catches_up(silence: Silence, clock: Clock) -> None:
    wait(silence, clock, 10.0, 7200.0)
    assert (silence.reason, longest_wait(silence)) == (None, CATCH_UP)


def test_the_time_can_begin_anew(silence: Silence, clock: Clock) -> None:
    wait(silence, clock, 60.0, 2.0)
    assert silence.reason == OVER
    silence.begin_anew()
    assert (silence.reason, longest_wait(silence)) == (None, LIMIT + CATCH_UP)


def test_the_time_to_catch_up_is_short_where_the_limit_is() -> None:
    assert longest_wait(Silence(0.2, Clock())) == pytest.approx(0.25)


def test_more_than_a_mebibyte_of_comments_is_a_flood(silence: Silence) -> None:
    silence.no_event_came(2**20)
    assert (silence.is_flooded, silence.reason) == (False, None)
    silence.no_event_came(1)
    assert (silence.is_flooded, silence.reason) == (True, "more than 1 MiB of comments arrived without an event")
    silence.begin_anew()
    assert silence.is_flooded
    silence.event_came()
    assert (silence.is_flooded, silence.reason) == (False, None)
