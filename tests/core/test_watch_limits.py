"""A watch stays within its limits in time and money."""

from __future__ import annotations

import math
from typing import Any

import pytest

from trio_client import errors
from trio_client._core.watch_commands import UnresolvedCreate
from trio_client._core.watch_limits import Budget, job_seconds, watch_limits
from trio_client._stats import JobStats
from trio_client.events import Stopped


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def budget(clock: Clock, duration: float | None = None, max_cost: float | None = None) -> Budget:
    return Budget(watch_limits("live-monitor", duration, max_cost, None), clock=clock)


def run(used: Budget, clock: Clock, seconds: float) -> None:
    if not used.has_run:
        used.begin()
    used.job_started()
    clock.now += seconds


def test_a_job_that_had_to_be_looked_up_is_paid_for_from_its_beginning() -> None:
    clock = Clock()
    used = budget(clock, max_cost=0.10)
    used.job_started(ran=130.0)
    assert 3 == used.minutes_billed
    clock.now += 5 * 60 - 130 - 3
    assert None is used.expired()
    clock.now += 1
    assert isinstance(used.expired(), Stopped)


@pytest.mark.parametrize(
    ("reported", "minutes"), [(None, 1), (130, 3), (130.5, 3), (10, 1), ("many", 1), (math.inf, 1), (-5, 1)]
)
def test_minutes_are_counted_by_the_server_where_it_counts_more(reported: Any, minutes: int) -> None:
    clock = Clock()
    used = budget(clock)
    run(used, clock, 20)
    used.job_ended(JobStats(elapsed_seconds=reported))
    assert minutes == used.minutes_billed


@pytest.mark.parametrize(
    ("wanted", "limit", "seconds"),
    [
        (None, None, None),
        (900, None, 900),
        (None, 10_000.0, 600),
        (900, 300.9, 300),
        (None, 1.0, 5),
    ],
)
def test_a_job_is_asked_to_run_no_longer_than_the_watch_has_left(
    wanted: int | None, limit: float | None, seconds: int | None
) -> None:
    assert seconds == job_seconds(wanted, limit)


def test_a_watch_ends_when_its_duration_is_over() -> None:
    clock = Clock()
    used = budget(clock, duration=700)
    assert None is used.over()
    run(used, clock, 600)
    assert (None, 1700.0) == (used.expired(), used.expires_at())
    used.job_ended()
    assert (None, 100.0) == (used.over(), used.job_limit())
    run(used, clock, 100)
    ends: list[Any] = [used.expired(), used.over()]
    assert ["duration_reached"] * 2 == [end.reason for end in ends]


def test_the_duration_counts_from_the_beginning_of_the_watch() -> None:
    clock = Clock()
    used = budget(clock, duration=60)
    clock.now += 1000
    assert (None, None, 60.0) == (used.over(), used.expired(), used.job_limit())
    used.begin()
    clock.now += 50
    assert (None, 10.0) == (used.over(), used.job_limit())
    clock.now += 7
    assert isinstance(used.over(), Stopped)
    assert 3.0 == used.seconds_left


def test_a_watch_ends_before_its_budget_is_exceeded() -> None:
    clock = Clock()
    used = budget(clock, max_cost=0.10)  # five minutes
    assert 300.0 == used.job_limit()
    run(used, clock, 61)
    used.job_ended()
    assert (2, 180.0) == (used.minutes_billed, used.job_limit())
    run(used, clock, 170)
    assert None is used.expired()
    clock.now += 8
    end = used.expired()
    assert end is not None
    assert "max_cost_reached" == end.reason
    used.job_ended()
    assert 5 == used.minutes_billed
    over = used.over()
    assert over is not None
    assert "max_cost_reached" == over.reason


def test_a_create_that_is_unresolved_counts_with_the_minutes_its_job_may_have_run() -> None:
    clock = Clock()
    unresolved: list[UnresolvedCreate] = []
    used = Budget(watch_limits("live-monitor", None, 0.20, None), clock=clock, unresolved=unresolved)  # ten minutes
    lost = UnresolvedCreate(errors.CreateOutcomeUnknownError("m", request={"monitor_duration_seconds": 240}), clock.now)
    unresolved.append(lost)
    assert (1, 4 * 60.0) == (used.minutes_billed, used.job_limit())  # both may go on
    clock.now += 130
    assert (3, 3 * 60.0) == (used.minutes_billed, used.job_limit())
    unresolved.remove(lost)
    used.lost_job_ended(lost)
    clock.now += 600
    assert (3, 7 * 60.0) == (used.minutes_billed, used.job_limit())


def test_without_limits_a_watch_never_ends_by_itself() -> None:
    clock = Clock()
    used = budget(clock)
    run(used, clock, 1e9)
    assert (None, None, None, None) == (used.over(), used.expired(), used.expires_at(), used.job_limit())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"duration": 0}, "duration is 0; it must be a positive number of seconds"),
        ({"max_cost_usd": -1}, "max_cost_usd is -1; it must be a positive number of US dollars"),
        ({"max_cost_usd": 0.01}, "at least 0.02, the price of the first minute"),
        ({"max_cost_usd": 1, "input_mode": "hybrid"}, "Pass price_per_minute_usd"),
    ],
)
def test_limits_that_make_no_sense_are_refused(arguments: dict[str, Any], message: str) -> None:
    given = {"duration": None, "max_cost_usd": None, "price_per_minute": None, "input_mode": None, **arguments}
    with pytest.raises(errors.RequestValidationError, match=message):
        watch_limits("live-monitor", **given)


def test_the_callers_own_price_wins() -> None:
    assert 0.05 == watch_limits("live-monitor", None, 1, 0.05, input_mode="hybrid").price_per_minute_usd
