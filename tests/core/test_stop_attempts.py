"""Stopping a job: how often it is tried, and what proves that the job has ended."""

from __future__ import annotations

import pytest

from trio_client._core.stop_attempts import StopAttempts
from trio_client.errors import (
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    ConfigurationError,
    JobNotFoundError,
    NotFoundError,
    RateLimitError,
    ServerError,
    TrioError,
)
from trio_client.models import CancelledJob, JobDetail


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def new_attempts(seconds: float = 10.0, *, grace: float = 0.0) -> tuple[StopAttempts, Clock]:
    clock = Clock()
    return StopAttempts(seconds, grace=grace, clock=clock), clock


def not_found(*, acted_before: bool = False) -> JobNotFoundError:
    error = JobNotFoundError("There is no such job.", status_code=404, code="JOB_NOT_FOUND")
    error.acted_before = acted_before
    return error


def server_error(retry_after: float | None = None) -> ServerError:
    return ServerError("Down.", status_code=503, retry_after=retry_after)


def outcome(attempts: StopAttempts) -> tuple[bool, bool]:
    return attempts.result.confirmed, attempts.result.possible


@pytest.mark.parametrize("status", ["stopped", "completed", "failed"])
def test_a_terminal_status_proves_the_end(status: str) -> None:
    attempts, _ = new_attempts()
    attempts.cancelled(CancelledJob(job_id="a", status="stopped"))
    attempts.polled(JobDetail(job_id="a", status=status))
    assert outcome(attempts) == (True, True)
    assert attempts.pause() is None
    assert attempts.result.job is not None


@pytest.mark.parametrize(("status", "problem"), [("running", "running"), ("resting", "resting"), (None, "not known")])
def test_any_other_status_proves_nothing_though_the_cancel_was_accepted(status: str | None, problem: str) -> None:
    attempts, _ = new_attempts()
    attempts.cancelled(CancelledJob(job_id="a", status="stopped"))
    attempts.polled(JobDetail(job_id="a", status=status))
    assert outcome(attempts) == (False, True)
    assert attempts.result.problem == f"its status is {problem}"
    assert attempts.pause() == 0.5


def test_an_unknown_job_has_ended() -> None:
    attempts, _ = new_attempts()
    assert attempts.cancel_failed(not_found()) is False
    attempts.failed(not_found())
    assert outcome(attempts) == (True, True)


def test_a_new_job_that_is_unknown_may_not_be_readable_yet() -> None:
    attempts, clock = new_attempts(grace=8.0)
    attempts.failed(not_found())
    assert outcome(attempts) == (False, False)
    clock.now += 8.0
    attempts.failed(not_found())
    assert outcome(attempts) == (True, True)


@pytest.mark.parametrize("accepted", [True, False])
def test_a_new_job_that_an_attempt_may_have_cancelled_has_ended_once_it_is_unknown(accepted: bool) -> None:
    attempts, _ = new_attempts(grace=8.0)
    if accepted:
        attempts.cancelled(CancelledJob(job_id="a", status="stopped"))
    attempts.failed(not_found(acted_before=not accepted))
    assert outcome(attempts) == (True, True)


@pytest.mark.parametrize(
    ("seconds", "grace", "expected"), [(10.0, 0.0, 10.0), (10.0, 9.5, 10.5), (10.0, 10.0, 11.0), (3.0, 8.0, 3.0)]
)
def test_the_last_attempt_is_made_once_an_unknown_job_proves_its_end(
    seconds: float, grace: float, expected: float
) -> None:
    assert new_attempts(seconds, grace=grace)[0].seconds == expected


@pytest.mark.parametrize(
    ("error", "is_polled", "possible"),
    [
        (NotFoundError("No such page.", status_code=404), True, False),
        (APIStatusError("It has ended.", status_code=409), True, False),
        (APIStatusError("A proxy hung up.", status_code=499), True, True),
        (AuthenticationError("Who?", status_code=401), False, False),
        (RateLimitError("Later.", status_code=429), False, False),
        (server_error(), False, True),
        (APIConnectionError("Reset.", request_sent=True), False, True),
        (APIConnectionError("No route.", request_sent=False), False, False),
    ],
)
def test_a_job_is_polled_where_its_status_may_explain_why_the_cancel_failed(
    error: TrioError, is_polled: bool, possible: bool
) -> None:
    attempts, _ = new_attempts()
    assert attempts.cancel_failed(error) is is_polled
    assert outcome(attempts) == (False, possible)


def test_attempts_follow_after_growing_pauses_until_the_last_one_at_the_end_of_the_time() -> None:
    attempts, clock = new_attempts(10.0)
    pauses: list[float] = []
    attempts.failed(server_error())
    while (pause := attempts.pause()) is not None:
        pauses.append(pause)
        clock.now += pause
        attempts.failed(server_error())
    assert pauses == [0.5, 1.0, 2.0, 2.0, 2.0, 1.5]
    assert attempts.result.problem == server_error().problem.rstrip(".")


def test_a_pause_is_as_long_as_the_server_asks_for_within_the_time() -> None:
    attempts, clock = new_attempts(10.0)
    attempts.failed(server_error(retry_after=3.0))
    assert attempts.pause() == 3.0
    clock.now += 3.0
    attempts.failed(server_error())
    assert attempts.pause() == 1.0
    attempts.failed(server_error(retry_after=60.0))
    assert attempts.pause() == 6.0


@pytest.mark.parametrize(
    "error", [ConfigurationError("Closed."), AuthenticationError("Who?", status_code=401, code="INVALID_KEY")]
)
def test_what_no_later_attempt_changes_ends_the_attempts(error: TrioError) -> None:
    attempts, _ = new_attempts()
    attempts.failed(error)
    assert attempts.pause() is None


def test_a_refusal_that_names_no_code_may_come_from_something_on_the_way() -> None:
    attempts, _ = new_attempts()
    attempts.failed(AuthenticationError("Log in to this network.", status_code=401))
    assert attempts.pause() == 0.5


def test_no_attempt_follows_once_the_time_is_up() -> None:
    attempts, clock = new_attempts(10.0)
    clock.now += 10.0
    attempts.failed(server_error())
    assert attempts.pause() is None
