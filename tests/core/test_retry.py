"""Retries are few, spread, bounded in time and in number over the whole client, and never below the server's hint."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_client import errors
from trio_client._core.config import RetryPolicy
from trio_client._core.retry.backoff import Attempts, RetryQuota, backoff, retry_after
from trio_client._core.retry.failure import Effect, FailureKind
from trio_client._times import http_date

RESET = errors.APIConnectionError("reset", request_sent=True)
REFUSED = errors.APIConnectionError("refused", request_sent=False)
DATE = "Wed, 21 Oct 2026 07:27:00 GMT"


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def attempts(
    policy: RetryPolicy | None = None,
    effect: Effect = Effect.SAFE,
    quota: RetryQuota | None = None,
    clock: Callable[[], float] | None = None,
    rand: Callable[[], float] = lambda: 1.0,
) -> Attempts:
    return Attempts(policy or RetryPolicy(), effect, quota or RetryQuota(), clock=clock or Clock(), rand=rand)


def rate_limited(seconds: float | None) -> errors.RateLimitError:
    return errors.RateLimitError("slow down", status_code=429, retry_after=seconds)


# backoff


@pytest.mark.parametrize(
    ("failures", "bound"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0), (6, 8.0), (1000, 8.0), (10**9, 8.0)]
)
def test_the_bound_of_a_wait_doubles_up_to_the_longest(failures: int, bound: float) -> None:
    policy = RetryPolicy()
    assert (0.0, bound / 4, bound) == tuple(
        backoff(policy, failures, lambda part=part: part) for part in (0.0, 0.25, 1.0)
    )


def test_the_policy_sets_the_first_and_the_longest_wait() -> None:
    policy = RetryPolicy(base_delay=2, max_delay=3)
    assert [2, 3, 3] == [backoff(policy, failures, lambda: 1.0) for failures in (1, 2, 3)]


@given(st.floats(0, 1), st.integers(1, 10**6), st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_wait_is_never_negative_nor_above_its_bound(part: float, failures: int, base: float, longest: float) -> None:
    assert 0 <= backoff(RetryPolicy(base_delay=base, max_delay=longest), failures, lambda: part) <= longest


def test_by_default_waits_are_spread_over_the_whole_range() -> None:
    waits: list[float] = []
    for _ in range(2000):
        call = Attempts(RetryPolicy(), Effect.SAFE, RetryQuota(), clock=Clock())
        call.made = 1
        assert call.should_retry(RESET)
        waits.append(call.wait)
    assert 0 <= min(waits) < 0.05
    assert 0.45 < max(waits) <= 0.5
    assert 0.2 < sum(waits) / len(waits) < 0.3


# Retry-After


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("1", 1.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("86400", 86400.0),
        ("1000000000000000000", 1e18),
        ("9" * 300, 1e300),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 60.0),
        ("Wednesday, 21-Oct-26 07:28:00 GMT", 60.0),
        ("Wed, 21 Oct 2026 07:28:00", 60.0),
        ("Wed, 21 Oct 2026 09:28:00 +0200", 60.0),
        ("Wed, 21 Oct 2026 07:26:00 GMT", 0.0),
        (DATE, 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("-1", None),
        ("+1", None),
        ("1e18", None),
        ("0x10", None),
        ("1_000", None),
        ("\u0661", None),
        ("nan", None),
        ("inf", None),
        ("5, 10", None),
        ("5 seconds", None),
        ("soon", None),
        ("", None),
        ("9" * 301, None),
        ("\x00", None),
    ],
)
def test_a_hint_is_seconds_or_a_date_and_anything_else_is_none(text: str, seconds: float | None) -> None:
    found = retry_after({"retry-after": text, "date": DATE}, wall_clock=0.0)
    assert seconds == found if seconds is None else found == pytest.approx(seconds)


def test_no_header_is_no_hint() -> None:
    assert None is retry_after({"date": DATE}, wall_clock=0.0)


def test_a_date_is_read_against_the_replys_own_clock_and_else_against_this_machines() -> None:
    until = "Wed, 21 Oct 2026 07:28:00 GMT"
    here = http_date(until)
    assert here is not None
    assert 60.0 == retry_after({"retry-after": until, "date": DATE}, wall_clock=here + 10_000)
    assert 30.0 == retry_after({"retry-after": until}, wall_clock=here - 30)
    assert 30.0 == retry_after({"retry-after": until, "date": "garbage"}, wall_clock=here - 30)


@given(
    st.text()
    | st.from_regex(r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,6} \d+:\d+:\d+ ([+-]\d{4}|GMT)", fullmatch=True)
)
def test_no_header_makes_it_raise_and_every_hint_is_finite(text: str) -> None:
    found = retry_after({"retry-after": text, "date": text}, wall_clock=0.0)
    assert found is None or (found >= 0 and math.isfinite(found))


# quota


def test_a_failure_costs_more_than_a_refusal_and_a_success_pays_back() -> None:
    quota = RetryQuota(capacity=20)
    assert [True, True, False] == [
        quota.take(kind) for kind in (FailureKind.AMBIGUOUS, FailureKind.REFUSED, FailureKind.REFUSED)
    ]
    quota.give_back(0)  # an ordinary success gives one token
    assert [False] == [quota.take(FailureKind.REFUSED)]
    quota.give_back(1)
    assert [True, False] == [quota.take(FailureKind.NOT_SENT), quota.take(FailureKind.REFUSED)]


def test_the_quota_is_never_more_than_full() -> None:
    quota = RetryQuota(capacity=14)
    quota.give_back(100)
    quota.give_back(0)
    assert [True, False] == [quota.take(FailureKind.AMBIGUOUS), quota.take(FailureKind.REFUSED)]


def test_a_full_quota_allows_35_failures_in_a_row() -> None:
    quota = RetryQuota()
    assert 35 == sum(quota.take(FailureKind.AMBIGUOUS) for _ in range(100))


def test_threads_never_take_more_than_there_is() -> None:
    quota = RetryQuota(capacity=14 * 100)
    taken: list[int] = []
    barrier = threading.Barrier(8)

    def run() -> None:
        barrier.wait()
        taken.append(sum(quota.take(FailureKind.AMBIGUOUS) for _ in range(200)))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 100 == sum(taken)


def test_in_an_outage_calls_share_the_quota_and_then_fail_at_once() -> None:
    quota, requests = RetryQuota(), 0
    for _ in range(100):
        call = attempts(quota=quota)
        while True:
            call.made += 1
            requests += 1
            if not call.should_retry(RESET):
                break
    assert 100 + 35 == requests


# the decisions of one call


def made(call: Attempts, count: int) -> Attempts:
    call.made = count
    return call


@pytest.mark.parametrize(("limit", "goes_on"), [(1, [False]), (3, [True, True, False]), (5, [True] * 4 + [False])])
def test_there_are_as_many_attempts_as_the_policy_says(limit: int, goes_on: list[bool]) -> None:
    call = attempts(RetryPolicy(max_attempts=limit))
    assert goes_on == [made(call, number).should_retry(RESET) for number in range(1, limit + 1)]


def test_the_waits_of_a_call_double() -> None:
    call, waits = attempts(RetryPolicy(max_attempts=5)), []
    for number in (1, 2, 3, 4):
        made(call, number).should_retry(RESET)
        waits.append(call.wait)
    assert [0.5, 1.0, 2.0, 4.0] == waits


@pytest.mark.parametrize(
    ("hint", "part", "wait"), [(None, 1.0, 0.5), (0.0, 1.0, 0.5), (0.2, 0.0, 0.2), (7.0, 1.0, 7.0), (60.0, 1.0, 60.0)]
)
def test_a_wait_is_never_below_the_servers_hint(hint: float | None, part: float, wait: float) -> None:
    call = made(attempts(rand=lambda: part), 1)
    assert call.should_retry(rate_limited(hint))
    assert wait == call.wait


@pytest.mark.parametrize("hint", [60.01, 86400.0, 1e18, 1e300])
def test_a_hint_above_the_longest_is_raised_and_not_waited_for(hint: float) -> None:
    assert not made(attempts(), 1).should_retry(rate_limited(hint))


@pytest.mark.parametrize("hint", [math.nan, math.inf])
def test_a_hint_that_is_no_number_is_ignored(hint: float) -> None:
    call = made(attempts(), 1)
    assert (True, 0.5) == (call.should_retry(rate_limited(hint)), call.wait)


def test_a_503_with_a_hint_is_waited_for_too() -> None:
    call = made(attempts(effect=Effect.ONCE), 1)
    assert call.should_retry(errors.ServerError("busy", status_code=503, retry_after=9.0))
    assert 9.0 == call.wait


def test_no_wait_reaches_beyond_the_deadline() -> None:
    clock = Clock()
    call = made(attempts(RetryPolicy(deadline=30), clock=clock), 1)
    assert [True, False] == [call.should_retry(rate_limited(29.0)), call.should_retry(rate_limited(30.0))]
    clock.now += 29.6
    assert not call.should_retry(RESET)  # would wait half a second, and 0.4 are left


def test_time_left_and_elapsed_follow_the_clock() -> None:
    clock = Clock()
    call = attempts(RetryPolicy(deadline=10), clock=clock)
    clock.now += 4
    assert (6.0, 4.0) == (call.time_left, call.elapsed)
    clock.now += 100
    assert 0.0 == call.time_left


def test_a_call_that_ran_into_its_deadline_is_over() -> None:
    late = errors.APITimeoutError("late", phase="deadline", request_sent=True)
    slow = errors.APITimeoutError("slow", phase="response", request_sent=True)
    assert [False, True] == [made(attempts(), 1).should_retry(error) for error in (late, slow)]


def test_an_unusable_reply_is_asked_for_once_more_and_no_oftener() -> None:
    useless = errors.ResponseValidationError("HTML")
    call = attempts(RetryPolicy(max_attempts=10))
    assert [True, False] == [made(call, number).should_retry(useless) for number in (1, 2)]


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), TimeoutError()])
def test_what_is_not_ours_is_never_retried(error: BaseException) -> None:
    assert not made(attempts(), 1).should_retry(error)


def test_a_create_that_may_have_been_carried_out_is_not_sent_again() -> None:
    assert [False, True] == [made(attempts(effect=Effect.ONCE), 1).should_retry(error) for error in (RESET, REFUSED)]


def test_an_error_knows_its_attempts_and_whether_an_earlier_one_may_have_acted() -> None:
    call = attempts()
    seen: list[tuple[int, bool]] = []
    for number, kind in enumerate(("refused", "reset", "missing"), 1):
        error: errors.TrioError = {
            "refused": errors.APIConnectionError("m", request_sent=False),
            "reset": errors.APIConnectionError("m", request_sent=True),
            "missing": errors.JobNotFoundError("m", status_code=404),
        }[kind]
        made(call, number).should_retry(error)
        seen.append((error.attempts, error.acted_before))
    assert [(1, False), (2, False), (3, True)] == seen


def test_a_refused_retry_costs_nothing() -> None:
    quota = RetryQuota(capacity=14)
    assert not made(attempts(quota=quota), 1).should_retry(rate_limited(3600.0))
    assert not made(attempts(quota=quota), 3).should_retry(RESET)
    assert made(attempts(quota=quota), 1).should_retry(RESET)


def test_a_success_after_retries_gives_their_tokens_back() -> None:
    quota = RetryQuota(capacity=28)
    call = attempts(quota=quota)
    for number in (1, 2):
        assert made(call, number).should_retry(RESET)
    assert not quota.take(FailureKind.REFUSED)
    made(call, 3).succeeded()
    assert [True, True] == [quota.take(FailureKind.AMBIGUOUS), quota.take(FailureKind.AMBIGUOUS)]
