"""A job is followed by polling: when it is polled, for how long failures are retried, and what is raised in the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from trio_client import errors
from trio_client._core.polling import PollSchedule, RetryWindow, not_ended_in_time
from trio_client.models import JobDetail

INTERVAL = 5.0
RESET = errors.APIConnectionError("reset", request_sent=True)


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


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


def failures(window: RetryWindow, clock: Clock, error: errors.TrioError, every: float) -> Iterator[bool]:
    while True:
        yield window.allows(error)
        clock.now += every


def test_failures_are_retried_for_a_bounded_time() -> None:
    clock = Clock()
    retried = failures(RetryWindow(120, clock), clock, RESET, every=50)
    assert [True, True, True, False] == [next(retried) for _ in range(4)]


def test_a_success_starts_the_time_anew() -> None:
    clock = Clock()
    window = RetryWindow(120, clock)
    retried = failures(window, clock, RESET, every=100)
    assert [True, True] == [next(retried), next(retried)]
    window.reset()
    assert [True, True, False] == [next(retried) for _ in range(3)]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404])
def test_a_definite_refusal_is_not_retried(status: int) -> None:
    assert not RetryWindow(120, Clock()).allows(errors.APIStatusError("m", status_code=status))


@pytest.mark.parametrize(
    ("last", "problem", "expected"),
    [
        (JobDetail(job_id="a", status="running"), None, "(its status is running); it runs on."),
        (JobDetail(job_id="a", status="running"), RESET, "(its status is running); it runs on."),
        (JobDetail(job_id="a", status="submitted"), None, "(its status is submitted); no agent has taken it."),
        (None, RESET, "(it was never seen: reset)."),
        (None, None, "(its status is not known)."),
    ],
)
def test_a_job_that_has_not_ended_in_time_is_described_as_it_was_seen(
    last: JobDetail | None, problem: errors.TrioError | None, expected: str
) -> None:
    error = not_ended_in_time("a1", 10.0, last, problem, advice="Wait again.")
    assert str(error) == f"Job a1 had not ended after 10 s {expected} Wait again."
    assert error.last is last
