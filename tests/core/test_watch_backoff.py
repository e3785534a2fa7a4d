"""A watch retries the failures that may pass, with increasing pauses."""

from __future__ import annotations

import pytest

from trio_client import errors
from trio_client._core.watch_backoff import WatchBackoff
from trio_client.events import Failed, Stopped


def backoff(rand: float = 1.0) -> WatchBackoff:
    return WatchBackoff(rand=lambda: rand)


def status(kind: type[errors.APIStatusError], code: int, name: str | None = None) -> errors.APIStatusError:
    return kind("m", status_code=code, code=name)


@pytest.mark.parametrize("reason", ["max_duration_reached", "condition_triggered", "max_triggers_reached", None])
def test_the_next_job_begins_at_once_when_the_last_has_used_its_limits(reason: str | None) -> None:
    assert 0.0 == backoff().after_end(Stopped(reason=reason), ran=600)


@pytest.mark.parametrize("reason", ["error", "stream_offline", None])
def test_a_job_that_ended_early_for_no_limit_of_its_own_is_a_failure(reason: str | None) -> None:
    pauses = backoff()
    early = Stopped(reason=reason, status="stopped")
    assert [1.0, 2.0, 4.0] == [pauses.after_end(early, ran=10) for _ in range(3)]
    assert 0.0 == pauses.after_end(Stopped(reason=reason, status="completed"), ran=10)


@pytest.mark.parametrize(
    ("rand", "pauses"), [(1.0, [1, 2, 4, 8, 16, 32, 60, 60]), (0.0, [0.5, 1, 2, 4, 8, 16, 30, 30])]
)
def test_pauses_increase_with_each_failure_in_a_row(rand: float, pauses: list[float]) -> None:
    found = backoff(rand)
    assert pauses == [found.after_end(Failed(code="STREAM_OFFLINE"), ran=0) for _ in pauses]


@pytest.mark.parametrize(("seconds", "pause"), [(59.0, 4.0), (60.0, 1.0)])
def test_a_job_that_ran_for_a_while_ends_a_series_of_failures(seconds: float, pause: float) -> None:
    found = backoff()
    for _ in range(2):
        found.after_end(Failed(), ran=0)
    assert pause == found.after_end(Failed(), ran=seconds)


@pytest.mark.parametrize(
    ("error", "is_retried"),
    [
        (errors.APIConnectionError("refused", request_sent=False), True),
        (errors.APIConnectionError("certificate", request_sent=False, permanent=True), False),
        (errors.APITimeoutError("slow", phase="response", request_sent=True), True),
        (errors.CreateOutcomeUnknownError("m"), True),
        (errors.StreamInterruptedError("m"), True),
        (status(errors.RateLimitError, 429), True),
        (status(errors.ServerError, 503), True),
        (status(errors.StreamUnavailableError, 400, "NOT_LIVESTREAM"), True),
        (status(errors.StreamUnavailableError, 400, "STREAM_OFFLINE"), True),
        (status(errors.BadRequestError, 400), False),
        (status(errors.AuthenticationError, 401), False),
        (status(errors.InsufficientCreditsError, 402), False),
        (status(errors.PermissionDeniedError, 403), False),
        (status(errors.UnprocessableEntityError, 422), False),
        (errors.RequestValidationError("m"), False),
        (errors.ConfigurationError("m"), False),
    ],
)
def test_only_failures_that_may_pass_are_retried(error: errors.TrioError, is_retried: bool) -> None:
    assert is_retried is (backoff().after_error(error, ran=0) is not None)


@pytest.mark.parametrize(("status", "is_retried"), [(499, True), (444, True), (500, True), (409, False), (302, False)])
def test_a_poll_that_was_cut_off_is_retried_as_one_that_failed(status: int, is_retried: bool) -> None:
    kind = errors.ServerError if status >= 500 else errors.APIStatusError
    interrupted = errors.StreamInterruptedError("dropped", job_id="j-1")
    interrupted.__cause__ = kind("m", status_code=status, code="CANCELLED")
    assert (WatchBackoff().while_unreachable(interrupted) is not None) is is_retried
    assert (WatchBackoff().after_error(interrupted.__cause__, 0.0) is not None) is is_retried
