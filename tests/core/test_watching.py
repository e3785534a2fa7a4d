"""A watch goes on over the ends of its jobs, backs off when it fails, and stays within its limits."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import Any

import pytest

from trio_client import errors
from trio_client._core.watching import Doubt, WatchPlan, job_seconds, watch_guard
from trio_client._stats import JobStats
from trio_client.events import Failed, Stopped


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def plan(clock: Clock, duration: float | None = None, max_cost: float | None = None, rand: float = 1.0) -> WatchPlan:
    return WatchPlan(watch_guard("live-monitor", duration, max_cost, None), clock=clock, rand=lambda: rand)


def ran(found: WatchPlan, clock: Clock, seconds: float) -> None:
    found.job_started()
    clock.now += seconds


def test_a_job_that_had_to_be_looked_for_is_paid_for_from_its_beginning() -> None:
    clock = Clock()
    found = plan(clock, max_cost=0.10)
    found.job_started(ran=130.0)
    assert 3 == found.minutes_billed
    clock.now += 5 * 60 - 130 - 3
    assert None is found.expired()
    clock.now += 1
    assert isinstance(found.expired(), Stopped)


@pytest.mark.parametrize(
    ("told", "minutes"), [(None, 1), (130, 3), (130.5, 3), (10, 1), ("many", 1), (math.inf, 1), (-5, 1)]
)
def test_minutes_are_counted_by_the_server_where_it_counts_more(told: Any, minutes: int) -> None:
    clock = Clock()
    found = plan(clock)
    ran(found, clock, 20)
    found.pause_after_end(Stopped(reason="max_duration_reached", stats=JobStats(elapsed_seconds=told)))
    assert minutes == found.minutes_billed


@pytest.mark.parametrize("reason", ["max_duration_reached", "condition_triggered", "max_triggers_reached", None])
def test_the_next_job_begins_at_once_when_the_last_ran_out(reason: str | None) -> None:
    clock = Clock()
    found = plan(clock)
    ran(found, clock, 600)
    assert 0.0 == found.pause_after_end(Stopped(reason=reason))


@pytest.mark.parametrize("reason", ["error", "stream_offline", None])
def test_a_job_that_ended_early_for_no_limit_of_its_own_is_a_failure(reason: str | None) -> None:
    clock = Clock()
    found = plan(clock)
    for pause in (1.0, 2.0, 4.0):
        ran(found, clock, 10)
        assert pause == found.pause_after_end(Stopped(reason=reason, status="stopped"))
    ran(found, clock, 10)
    assert 0.0 == found.pause_after_end(Stopped(reason=reason, status="completed"))


def unknown(**body: Any) -> errors.CreateOutcomeUnknownError:
    now = datetime.now(timezone.utc)
    return errors.CreateOutcomeUnknownError("m", path="/live-monitor", reference="r", request=body, sent_at=now)


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({}, 600),
        ({"monitor_duration_seconds": 60}, 600),
        ({"monitor_duration_seconds": 7200}, 7200),
        ({"max_windows": 6, "window_minutes": 30}, 6 * 1800),
        ({"max_windows": 6}, 3600),
        ({"max_windows": None, "window_minutes": 30}, 600),
    ],
)
def test_a_doubt_lasts_as_long_as_its_job_may_run(body: dict[str, Any], seconds: float) -> None:
    assert 1000.0 + seconds == Doubt(unknown(**body), 1000.0).until


def test_a_job_somebody_cancelled_ends_the_watch() -> None:
    assert None is plan(Clock()).pause_after_end(Stopped(reason="cancelled"))


@pytest.mark.parametrize(
    ("rand", "pauses"), [(1.0, [1, 2, 4, 8, 16, 32, 60, 60]), (0.0, [0.5, 1, 2, 4, 8, 16, 30, 30])]
)
def test_failures_in_a_row_are_waited_for_ever_longer(rand: float, pauses: list[float]) -> None:
    clock = Clock()
    found = plan(clock, rand=rand)
    assert pauses == [found.pause_after_end(Failed(code="STREAM_OFFLINE")) for _ in pauses]


@pytest.mark.parametrize(("seconds", "pause"), [(59.0, 4.0), (60.0, 1.0)])
def test_a_job_that_ran_for_a_while_ends_a_series_of_failures(seconds: float, pause: float) -> None:
    clock = Clock()
    found = plan(clock)
    found.pause_after_end(Failed())
    found.pause_after_end(Failed())
    ran(found, clock, seconds)
    assert pause == found.pause_after_end(Failed())


def status(kind: type[errors.APIStatusError], code: int, name: str | None = None) -> errors.APIStatusError:
    return kind("m", status_code=code, code=name)


@pytest.mark.parametrize(
    ("error", "goes_on"),
    [
        (errors.APIConnectionError("refused", request_sent=False), True),
        (errors.APIConnectionError("certificate", request_sent=False, permanent=True), False),
        (errors.APITimeoutError("slow", phase="response", request_sent=True), True),
        (errors.CreateOutcomeUnknownError("m"), True),
        (errors.StreamInterruptedError("m"), True),
        (status(errors.RateLimitError, 429), True),
        (status(errors.ServerError, 503), True),
        (status(errors.StreamUnavailableError, 400, "NOT_LIVESTREAM"), True),
        (status(errors.StreamUnavailableError, 400, "STREAM_OFFLINE"), False),
        (status(errors.BadRequestError, 400), False),
        (status(errors.AuthenticationError, 401), False),
        (status(errors.InsufficientCreditsError, 402), False),
        (status(errors.PermissionDeniedError, 403), False),
        (status(errors.UnprocessableEntityError, 422), False),
        (errors.RequestValidationError("m"), False),
        (errors.ConfigurationError("m"), False),
    ],
)
def test_only_what_may_pass_is_tried_again(error: errors.TrioError, goes_on: bool) -> None:
    assert goes_on is (plan(Clock()).pause_after_error(error) is not None)


def test_a_stream_that_never_worked_is_tried_five_times_and_one_that_did_for_ever() -> None:
    clock = Clock()
    dark = status(errors.StreamUnavailableError, 400, "STREAM_FETCH_FAILED")
    never = plan(clock)
    assert [True] * 5 + [False] == [never.pause_after_error(dark) is not None for _ in range(6)]
    once = plan(clock)
    ran(once, clock, 1)
    offline = status(errors.StreamUnavailableError, 400, "STREAM_OFFLINE")
    assert all(once.pause_after_error(offline) is not None for _ in range(100))


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
    found = plan(clock, duration=700)
    assert None is found.over()
    ran(found, clock, 600)
    assert None is found.expired()
    found.pause_after_end(Stopped(reason="max_duration_reached"))
    assert (None, 100.0) == (found.over(), found.job_limit())
    ran(found, clock, 100)
    ends: list[Any] = [found.expired(), found.over()]
    assert ["duration_reached"] * 2 == [end.reason for end in ends]


def test_time_spent_before_the_first_job_does_not_count() -> None:
    clock = Clock()
    found = plan(clock, duration=60)
    clock.now += 1000
    assert (None, None, 60.0) == (found.over(), found.expired(), found.job_limit())


def test_a_watch_ends_before_its_budget_is_exceeded() -> None:
    clock = Clock()
    found = plan(clock, max_cost=0.10)  # five minutes
    assert 300.0 == found.job_limit()
    ran(found, clock, 61)
    found.pause_after_end(Stopped(reason="condition_triggered"))
    assert (2, 180.0) == (found.minutes_billed, found.job_limit())
    ran(found, clock, 170)
    assert None is found.expired()
    clock.now += 8
    end = found.expired()
    assert end is not None
    assert "max_cost_reached" == end.reason
    found.pause_after_end(Stopped(reason="max_duration_reached"))
    assert 5 == found.minutes_billed
    over = found.over()
    assert over is not None
    assert "max_cost_reached" == over.reason


def test_without_limits_a_watch_never_ends_by_itself() -> None:
    clock = Clock()
    found = plan(clock)
    ran(found, clock, 1e9)
    assert (None, None, None) == (found.over(), found.expired(), found.job_limit())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"duration": 0}, "duration is 0; it must be a positive number of seconds"),
        ({"max_cost_usd": -1}, "max_cost_usd is -1; it must be a positive number of US dollars"),
        ({"max_cost_usd": 0.01}, "at least 0.02, the price of the first minute"),
        ({"max_cost_usd": 1, "input_mode": "hybrid"}, "Pass price_per_minute_usd"),
    ],
)
def test_limits_that_make_no_sense_are_refused(arguments: dict[str, Any], words: str) -> None:
    given = {"duration": None, "max_cost_usd": None, "price_per_minute": None, "input_mode": None, **arguments}
    with pytest.raises(errors.RequestValidationError, match=words):
        watch_guard("live-monitor", **given)


def test_a_price_of_ones_own_wins() -> None:
    assert 0.05 == watch_guard("live-monitor", None, 1, 0.05, input_mode="hybrid").price_per_minute_usd
