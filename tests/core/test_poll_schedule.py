"""A job is polled at once, then after a pause that a cut-off wait does not lengthen."""

from __future__ import annotations

from trio_client._core.poll_schedule import PollSchedule

INTERVAL = 5.0


def polled_once() -> PollSchedule:
    schedule = PollSchedule(INTERVAL)
    schedule.polled()
    return schedule


def test_first_poll_is_at_once() -> None:
    assert PollSchedule(INTERVAL).pause(1000.0) <= 0


def test_first_poll_that_was_cut_off_is_repeated_at_once() -> None:
    schedule = PollSchedule(INTERVAL)
    schedule.pause(1000.0)

    assert schedule.pause(1001.0) <= 0


def test_pause_begins_when_the_next_event_is_asked_for() -> None:
    assert polled_once().pause(1060.0) == INTERVAL


def test_wait_that_was_cut_off_ends_when_it_would_have_ended() -> None:
    schedule = polled_once()
    schedule.pause(1000.0)

    assert schedule.pause(1002.0) == 3.0
    assert schedule.pause(1004.0) == 1.0


def test_later_poll_that_was_cut_off_is_repeated_at_once() -> None:
    schedule = polled_once()
    schedule.pause(1000.0)

    assert schedule.pause(1007.0) <= 0


def test_each_poll_is_followed_by_a_whole_pause() -> None:
    schedule = polled_once()
    schedule.pause(1000.0)
    schedule.polled()

    assert schedule.pause(1005.0) == INTERVAL
