"""A watch stays within its limits in time and money."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from trio_client import errors
from trio_client._core.shared_limits import SharedLimits
from trio_client._core.usage import Usage
from trio_client._core.watch_commands import UnresolvedCreate
from trio_client._core.watch_limits import Allowance, job_seconds, watch_limits
from trio_client._stats import JobStats
from trio_client.events import Stopped


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def allowance(clock: Clock, duration: float | None = None, max_cost: float | None = None) -> Allowance:
    return Allowance(watch_limits("live-monitor", duration, max_cost, None), clock=clock)


def run(used: Allowance, clock: Clock, seconds: float) -> None:
    if not used.has_run:
        used.begin()
    used.job_started()
    clock.now += seconds


def test_a_job_that_had_to_be_looked_up_is_paid_for_from_its_beginning() -> None:
    clock = Clock()
    used = allowance(clock, max_cost=0.10)
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
    used = allowance(clock)
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
    used = allowance(clock, duration=700)
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
    used = allowance(clock, duration=60)
    clock.now += 1000
    assert (None, None, 60.0) == (used.over(), used.expired(), used.job_limit())
    used.begin()
    clock.now += 50
    assert (None, 10.0) == (used.over(), used.job_limit())
    clock.now += 7
    assert isinstance(used.over(), Stopped)
    assert 3.0 == used.seconds_left


def test_a_watch_ends_before_its_limit_of_costs_is_exceeded() -> None:
    clock = Clock()
    used = allowance(clock, max_cost=0.10)  # five minutes
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
    used = Allowance(watch_limits("live-monitor", None, 0.20, None), clock=clock, unresolved=unresolved)  # ten minutes
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
    used = allowance(clock)
    run(used, clock, 1e9)
    assert (None, None, None, None) == (used.over(), used.expired(), used.expires_at(), used.job_limit())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"duration": 0}, "duration is 0; it must be a positive number of seconds"),
        ({"max_cost_usd": -1}, "max_cost_usd is -1; it must be a positive number of US dollars"),
        ({"max_cost_usd": 0.01}, "at least 0.02, the price of the first minute"),
        ({"max_cost_usd": math.inf}, "max_cost_usd is inf; it must be a finite number of US dollars. Leave"),
        ({"max_cost_usd": 10**400}, "it must be a finite number of US dollars"),
        ({"max_cost_usd": math.nan}, "max_cost_usd is nan; it must be a positive number of US dollars"),
        ({"duration": math.inf}, "duration is inf; it must be a finite number of seconds. Leave duration out for no"),
        ({"duration": math.nan}, "duration is nan; it must be a positive number of seconds"),
        ({"price_per_minute": math.inf}, "price_per_minute_usd is inf; it must be a finite number of US dollars"),
        ({"price_per_minute": math.nan}, "price_per_minute_usd is nan; it must be a positive number of US dollars"),
        ({"max_cost_usd": 1, "input_mode": "hybrid"}, "Pass price_per_minute_usd"),
    ],
)
def test_limits_that_make_no_sense_are_refused(arguments: dict[str, Any], message: str) -> None:
    given = {"duration": None, "max_cost_usd": None, "price_per_minute": None, "input_mode": None, **arguments}
    with pytest.raises(errors.RequestValidationError, match=message):
        watch_limits("live-monitor", **given)


def test_the_callers_own_price_wins() -> None:
    assert 0.05 == watch_limits("live-monitor", None, 1, 0.05, input_mode="hybrid").price_per_minute_usd


def test_money_may_be_decimal() -> None:
    usd: Any = Decimal("0.20")
    limits = SharedLimits(None, usd, clock=Clock())
    used = Allowance(watch_limits("live-monitor", None, usd, Decimal("0.05")), clock=Clock())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    used.join(limits)
    assert 240.0 == used.job_limit()


@pytest.mark.parametrize("usd", [math.inf, math.nan, 10**400])
def test_a_common_limit_of_costs_is_finite(usd: float) -> None:
    with pytest.raises(errors.RequestValidationError, match="max_cost_usd"):
        SharedLimits(None, usd, clock=Clock())


@pytest.mark.parametrize("duration", [0.1, 4.99, 0, -1, "60", math.inf, math.nan])
def test_no_watch_is_shorter_than_the_shortest_job(duration: Any) -> None:
    with pytest.raises(errors.RequestValidationError, match="duration"):
        watch_limits("live-monitor", duration, None, None)
    with pytest.raises(errors.RequestValidationError, match="duration"):
        SharedLimits(duration, None, clock=Clock())


def test_a_rest_too_short_for_a_job_starts_none_also_of_the_first() -> None:
    clock = Clock()
    used = allowance(clock, duration=5)
    used.begin()
    clock.now += 0.5
    assert None is used.over(), "it takes a moment from entering to the first create"
    late = allowance(clock, duration=60)
    late.begin()
    clock.now += 55.5
    end = late.over()
    assert end is not None
    assert "duration_reached" == end.reason


def test_a_pause_after_which_no_job_could_start_lasts_to_the_end() -> None:
    clock = Clock()
    used = allowance(clock, duration=60)
    used.begin()
    clock.now += 30
    assert (10, 30) == (used.waits_to_the_end(10), used.waits_to_the_end(26))
    used.job_started()
    clock.now += 10
    assert (5, 20) == (used.within_job(5), used.within_job(40))
    assert 1e6 == allowance(clock).waits_to_the_end(1e6) == allowance(clock).within_job(1e6)


def test_usage_counts_begun_minutes_and_jobs() -> None:
    clock = Clock()
    used = allowance(clock)
    assert Usage(0, 0, 0.0) == used.usage
    run(used, clock, 61)
    assert Usage(1, 2, 0.04) == used.usage
    used.note(JobStats(elapsed_seconds=130))
    assert Usage(1, 3, 0.06) == used.usage
    used.job_ended(JobStats(elapsed_seconds=190))
    run(used, clock, 1)
    assert Usage(2, 5, 0.10) == used.usage
    used.job_ended()
    used.job_ended()
    assert Usage(2, 5, 0.10) == used.usage


def test_a_job_left_unresolved_is_no_job_of_the_usage_until_it_is_found_again() -> None:
    clock = Clock()
    used = allowance(clock)
    run(used, clock, 61)
    used.job_ended()
    run(used, clock, 61)
    assert (61, Usage(1, 2, 0.04)) == (used.job_left_unresolved(), used.usage)
    used.job_started(61)
    assert Usage(2, 4, 0.08) == used.usage


def test_usage_without_a_known_price_has_no_cost() -> None:
    clock = Clock()
    used = Allowance(watch_limits("live-monitor", None, None, None, input_mode="hybrid"), clock=clock)
    assert Usage(0, 0, 0.0) == used.usage
    run(used, clock, 1)
    assert Usage(1, 1, None) == used.usage
    assert Usage(2, 2, None) == used.usage + Usage(1, 1, 0.02)


def shared(clock: Clock, count: int, *, duration: float | None = None, usd: float | None = None) -> list[Allowance]:
    limits = SharedLimits(duration, usd, clock=clock)
    limits.begin()
    allowances = [allowance(clock) for _ in range(count)]
    for each in allowances:
        each.join(limits)
        each.begin()
    return allowances


def test_several_watches_spend_no_more_than_their_common_money() -> None:
    clock = Clock()
    watches = shared(clock, 3, usd=0.10)  # five minutes
    started: list[Allowance] = []
    for each in watches:
        assert None is each.over()
        each.reserve()  # while its create is under way, no other watch has this minute
        started.append(each)
    for each in started:
        each.job_started()
    ends: dict[int, float] = {}
    for _ in range(300):
        clock.now += 1
        for number, each in enumerate(watches):
            if number not in ends and (end := each.expired()) is not None:
                assert "max_cost_reached" == end.reason
                each.job_ended()
                ends[number] = clock.now - 1000
    assert 5 == sum(each.minutes_billed for each in watches)
    assert [58, 118, 118] == sorted(ends.values())
    over = watches[0].over()
    assert over is not None
    assert "max_cost_reached" == over.reason


def test_a_minute_that_was_set_aside_for_a_job_that_never_ran_is_free_again() -> None:
    clock = Clock()
    first, second = shared(clock, 2, usd=0.02)
    assert None is first.over()
    first.reserve()
    assert None is not second.over()
    assert None is first.over()  # its create was refused
    assert None is second.over()


def test_what_a_watch_has_spent_stays_spent_when_it_leaves() -> None:
    clock = Clock()
    first, second = shared(clock, 2, usd=0.04)
    first.reserve()
    first.job_started()
    clock.now += 50
    assert None is second.over()
    assert second.pays_another_job()
    clock.now += 30
    assert None is first.expired()
    assert not second.pays_another_job()
    first.job_ended()
    first.leave()
    first.leave()
    assert None is not second.over()


def test_several_watches_end_when_their_common_time_is_over() -> None:
    clock = Clock()
    first, second = shared(clock, 2, duration=60)
    clock.now += 20
    first.job_started()
    assert (1060.0, 40.0) == (first.expires_at(), first.job_limit())
    clock.now += 36
    assert None is not second.over()
    assert None is first.expired()
    clock.now += 4
    assert None is not first.expired()


def test_a_watch_whose_price_is_not_known_cannot_share_money() -> None:
    limits = SharedLimits(None, 1.0, clock=Clock())
    unknown = Allowance(watch_limits("live-monitor", None, None, None, input_mode="hybrid"), clock=Clock())
    with pytest.raises(errors.RequestValidationError, match="Pass price_per_minute_usd"):
        unknown.join(limits)
    dear = Allowance(watch_limits("live-monitor", None, None, 2.0), clock=Clock())
    with pytest.raises(errors.RequestValidationError, match=r"max_cost_usd is 1\.0; it must be at least 2"):
        dear.join(limits)
