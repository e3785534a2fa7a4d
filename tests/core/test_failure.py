"""What is known of a failed attempt decides whether it may be made again."""

from __future__ import annotations

import pytest

from trio_client import errors
from trio_client._core.config import RetryPolicy
from trio_client._core.retry.failure import Effect, FailureKind, classify, may_repeat

N, P, R, D, A = (
    FailureKind.NOT_SENT,
    FailureKind.PERMANENT,
    FailureKind.REFUSED,
    FailureKind.DEFINITE,
    FailureKind.AMBIGUOUS,
)


def status_error(status: int, retry_after: float | None = None) -> errors.APIStatusError:
    if status == 429:
        return errors.RateLimitError("m", status_code=status, retry_after=retry_after)
    if status >= 500:
        return errors.ServerError("m", status_code=status, retry_after=retry_after)
    return errors.APIStatusError("m", status_code=status)


NOT_SENT = errors.APIConnectionError("refused", request_sent=False)
CONNECT_TIMEOUT = errors.APITimeoutError("slow", phase="connect", request_sent=False)
BAD_CERTIFICATE = errors.APIConnectionError("certificate", request_sent=False, permanent=True)
RESET = errors.APIConnectionError("reset", request_sent=True)
WHO_KNOWS = errors.APIConnectionError("?", request_sent=None)
READ_TIMEOUT = errors.APITimeoutError("slow", phase="response", request_sent=True)
USELESS = errors.ResponseValidationError("not JSON", status_code=200)


def max_jobs(status: int) -> errors.MaxJobsReachedError:
    return errors.MaxJobsReachedError("full", status_code=status, code="MAX_JOBS_REACHED")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NOT_SENT, N),
        (CONNECT_TIMEOUT, N),
        (BAD_CERTIFICATE, P),
        (RESET, A),
        (WHO_KNOWS, A),
        (READ_TIMEOUT, A),
        (errors.APIConnectionError("TLS was lost late", request_sent=True, permanent=True), A),
        (USELESS, A),
        (errors.StreamInterruptedError("m"), A),
        (errors.ConfigurationError("closed"), P),
        (errors.RequestValidationError("m"), P),
    ],
)
def test_the_kind_of_a_failure_without_a_status(error: errors.TrioError, kind: FailureKind) -> None:
    assert kind is classify(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, D) for status in (400, 401, 402, 403, 404, 405, 406, 409, 410, 411, 413, 414, 415, 422)),
        *((status, D) for status in (418, 421, 426, 428, 431, 451)),
        *((status, D) for status in (419, 420, 430, 440, 449, 450, 463, 464, 494, 495, 496, 497, 498)),  # not standard
        *((status, A) for status in (444, 460, 499)),  # someone hung up on a request that had been passed on
        *((status, A) for status in (520, 521, 522, 523, 524, 525, 526, 527, 529, 530, 561, 598, 599, 600, 999)),
        *((status, R) for status in (408, 425, 429)),
        *((status, A) for status in (100, 199, 301, 302, 303, 304, 307, 308, 500, 501, 502, 503, 504, 507, 529, 599)),
    ],
)
def test_the_kind_of_a_status(status: int, kind: FailureKind) -> None:
    assert kind is classify(status_error(status))


def test_a_503_is_a_refusal_only_if_it_says_when_to_come_back() -> None:
    assert (A, R, R) == (
        classify(status_error(503)),
        classify(status_error(503, retry_after=0.0)),
        classify(status_error(503, retry_after=5.0)),
    )
    assert A is classify(status_error(500, retry_after=5.0))


@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
def test_the_limit_of_jobs_is_a_definite_no_under_any_status(status: int) -> None:
    assert D is classify(max_jobs(status))


@pytest.mark.parametrize(
    ("error", "safe", "billed", "once"),
    [
        (NOT_SENT, True, True, True),
        (CONNECT_TIMEOUT, True, True, True),
        (BAD_CERTIFICATE, False, False, False),
        (status_error(429), True, True, True),
        (status_error(408), True, False, True),
        (status_error(425), True, False, True),
        (status_error(503, 1.0), True, False, True),
        (RESET, True, False, False),
        (WHO_KNOWS, True, False, False),
        (READ_TIMEOUT, True, False, False),
        (USELESS, True, False, False),
        (status_error(500), True, False, False),
        (status_error(502), True, False, False),
        (status_error(503), True, False, False),
        (status_error(504), True, False, False),
        (status_error(307), False, False, False),
        (status_error(400), False, False, False),
        (status_error(401), False, False, False),
        (status_error(404), False, False, False),
        (status_error(409), False, False, False),
        (max_jobs(429), False, False, False),
    ],
)
def test_what_a_request_does_decides_whether_it_may_be_repeated(
    error: errors.TrioError, safe: bool, billed: bool, once: bool
) -> None:
    policy = RetryPolicy()
    effects = (Effect.SAFE, Effect.BILLED, Effect.ONCE)
    assert (safe, billed, once) == tuple(may_repeat(error, effect, policy) for effect in effects)


@pytest.mark.parametrize("error", [RESET, READ_TIMEOUT, status_error(500), status_error(408), USELESS])
def test_the_policy_can_allow_to_pay_twice_but_never_to_create_twice(error: errors.TrioError) -> None:
    policy = RetryPolicy(retry_billed=True)
    assert may_repeat(error, Effect.BILLED, policy)
    assert not may_repeat(RESET, Effect.ONCE, policy)


def test_a_read_that_was_cut_off_is_worth_another() -> None:
    assert [True] * 3 == [may_repeat(status_error(each), Effect.SAFE, RetryPolicy()) for each in (444, 460, 499)]
    assert not may_repeat(status_error(499), Effect.ONCE, RetryPolicy())


def test_no_policy_repeats_a_definite_no() -> None:
    policy = RetryPolicy(retry_billed=True, max_attempts=100)
    assert [] == [
        effect for effect in Effect for status in (400, 402, 422) if may_repeat(status_error(status), effect, policy)
    ]
