"""The parts of the command line that decide without asking anybody."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta, timezone

import pytest

from trio_client import errors
from trio_client._stats import JobStats
from trio_client.cli._advice import Advice
from trio_client.cli._exits import Interrupted, UsageError, exit_code
from trio_client.cli._options import seconds
from trio_client.cli._story import Story, headline
from trio_client.cli._text import ago, clean, json_line, masked, plural, span
from trio_client.events import CoverageGap, Failed, Progress, Started, StatusChanged, Stopped, Summary, Triggered

NOW = datetime(2026, 2, 1, 10, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("no"), 2),
        (errors.ConfigurationError("no"), 2),
        (errors.RequestValidationError("no"), 2),
        (errors.AuthenticationError("no", status_code=401), 3),
        (errors.APIConnectionError("no"), 4),
        (errors.ResponseValidationError("no"), 4),
        (errors.CreateOutcomeUnknownError("no"), 5),
        (errors.StreamInterruptedError("no"), 5),
        (errors.WaitTimeoutError("no"), 6),
        (errors.WebhookSignatureError("no"), 1),
        (Interrupted(15), 143),
    ],
)
def test_every_kind_of_error_has_an_exit_code(error: BaseException, code: int) -> None:
    assert code == exit_code(error)


def status_error(kind: type[errors.APIStatusError]) -> errors.APIStatusError:
    return kind("it failed", status_code=418)


LIBRARY_ERRORS: list[errors.TrioError | errors.JobLeakWarning] = [
    *(
        status_error(kind)
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.APIStatusError)
    ),
    errors.CreateOutcomeUnknownError("it failed", advice="Call client.jobs.reconcile(error)."),
    errors.StreamInterruptedError("it was dropped", advice="Call client.jobs.list()."),
    errors.StreamInterruptedError("it was dropped", job_id="a-1", advice="Call client.jobs.events('a-1')."),
    errors.WaitTimeoutError("it runs on", advice="Call client.jobs.cancel(job_id)."),
    errors.APITimeoutError("no reply", phase="response", advice="Raise Timeout.response."),
    errors.APITimeoutError("no reply", phase="deadline", advice="Raise RetryPolicy.deadline."),
    errors.ResponseValidationError("not JSON", advice="Check base_url and .body_preview."),
    errors.ConfigurationError("unencrypted", field="allow_plain_http", advice="Use allow_plain_http=True."),
    errors.RequestValidationError("no price", field="price_per_minute_usd", advice="Pass price_per_minute_usd."),
    errors.JobLeakWarning("it may run", advice="Call client.jobs.list()."),
    errors.JobLeakWarning("it may run", job_id="a-1", advice="Call client.jobs.cancel('a-1')."),
]


PYTHON = ("client.", "=)", "_url ", "Timeout.", "RetryPolicy", ".body", "_usd")
NOT_IN_OSAPI = (
    errors.JobLeakWarning,
    errors.MaxJobsReachedError,
    errors.StreamInterruptedError,
    errors.WaitTimeoutError,
)


@pytest.mark.parametrize("error", LIBRARY_ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("osapi", [False, True])
def test_advice_names_commands_and_options_instead_of_python(error: Exception, osapi: bool) -> None:
    if osapi and isinstance(error, NOT_IN_OSAPI):
        return  # the commands for OSAPI start and follow no jobs
    advice = Advice()
    advice.osapi = osapi
    text = str(advice.apply(copy.copy(error)))
    assert [word for word in PYTHON if word in text] == []


def test_advice_names_the_job_that_it_is_about() -> None:
    dropped = errors.StreamInterruptedError("It was dropped.", job_id="a-1", advice="…")
    leak = errors.JobLeakWarning("It may run.", job_id="a-1", advice="…")
    assert str(Advice().apply(dropped)) == "It was dropped. Follow it with `trio-client jobs watch a-1`."
    assert str(Advice().apply(leak)) == "It may run. Cancel it with `trio-client jobs cancel a-1`."


def test_the_servers_own_advice_stays() -> None:
    error = errors.JobNotFoundError("gone", status_code=404, remediation="Use another id.")
    assert str(Advice().apply(error)) == "404: gone. Use another id."


def test_an_argument_is_called_by_the_name_of_its_option() -> None:
    error = errors.RequestValidationError("interval_seconds is 1; it must be 5 or more.", field="interval_seconds")
    assert str(Advice().apply(error)) == "--interval is 1; it must be 5 or more."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\r\nb", "a\\r\\nb"),
        ("a\x9b1mb", "a\\x9b1mb"),
        ("a\u202eb", "a\\u202eb"),
        ("rtsp://u:p@cam/1", "rtsp://***@cam/1"),
        ("über 東京 🚚", "über 東京 🚚"),
    ],
)
def test_foreign_text_cannot_move_the_cursor(text: str, shown: str) -> None:
    assert shown == clean(text)


def test_line_breaks_stay_where_they_are_wanted() -> None:
    assert "a\nb\\r" == clean("a\nb\r", lines=True)


def test_json_is_masked_in_depth_and_holds_nothing_unprintable() -> None:
    value = masked({"a": ["rtsp://u:p@cam/1", {"k3y": "my k3y\u202e"}]}, ["k3y!", "k3y"])
    assert '{"a": ["rtsp://***@cam/1", {"k3y": "my k3y\\u202e"}]}' == json_line(value, unicode=True)
    assert '"\\u00fc"' == json_line("ü", unicode=False)


@pytest.mark.parametrize(("text", "value"), [("90", 90), ("1.5", 1.5), ("10m", 600), ("1h30m", 5400), ("90s", 90)])
def test_durations_are_read_as_people_write_them(text: str, value: float) -> None:
    assert value == seconds(text, "--total")


@pytest.mark.parametrize("text", ["", "soon", "-5", "0", "inf", "nan", "5 parsecs", "1e400"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--total is"):
        seconds(text, "--total")


def test_numbers_and_times_read_well() -> None:
    assert ["1 check", "1,200 checks", "2 summaries"] == [
        plural(1, "check"),
        plural(1200, "check"),
        plural(2, "summary"),
    ]
    assert ["00:05", "59:59", "1:00:00", "25:00:00"] == [span(each) for each in (5, 3599, 3600, 90_000)]
    waits = [timedelta(seconds=5), timedelta(minutes=5), timedelta(hours=5), timedelta(days=5), -timedelta(days=1)]
    assert ["5s", "5m", "5h", "5d", "0s"] == [ago(NOW - each, NOW) for each in waits]
    assert "" == ago(None, NOW)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_story_counts_and_its_clock_is_the_servers_where_it_tells() -> None:
    clock = Clock()
    story = Story(clock=clock, limit=600, price=0.02)
    assert ("starting", 0.0, 0.0) == (story.status, story.elapsed, story.cost_usd)
    story.take(Started(job_id="a"))
    clock.now += 10
    assert ("running", 10.0, 0.02) == (story.status, story.elapsed, story.cost_usd)
    story.take(Progress(job_id="a", stats=JobStats(checks_performed=7, elapsed_seconds=70)))
    clock.now += 5
    assert (7, 75.0, 0.04) == (story.checks, story.elapsed, story.cost_usd)
    story.take(Triggered(job_id="a", explanation="A van.", occurred_at=NOW))
    story.take(Stopped(job_id="a", status="completed", stats=JobStats(checks_performed=8, elapsed_seconds=120)))
    clock.now += 500
    assert ("completed", 8, 1, 120.0, 0.04) == (
        story.status,
        story.checks,
        story.triggers,
        story.elapsed,
        story.cost_usd,
    )
    assert (NOW, "A van.") == story.last


def test_a_story_of_several_jobs_adds_their_begun_minutes() -> None:
    clock = Clock()
    story = Story(clock=clock, limit=600, price=0.02)
    story.take(Started(job_id="a"))
    story.take(Progress(job_id="a", stats=JobStats(checks_performed=3)))
    clock.now += 61
    story.take(StatusChanged(job_id="a", status="completed", reason="condition_triggered"))
    clock.now += 1000  # between two jobs nothing is billed
    story.take(CoverageGap(job_id="a", started_at=NOW, ended_at=NOW))
    story.take(Started(job_id="b"))
    story.take(Progress(job_id="b", stats=JobStats(checks_performed=2)))
    assert (2, 5, 0.06) == (story.jobs, story.checks, story.cost_usd)


def test_a_job_that_ran_before_it_was_followed_has_cost_already() -> None:
    story = Story(clock=Clock(), limit=600, price=0.02, elapsed=130)
    story.take(Started(job_id="a"))
    assert (130, 0.06) == (story.elapsed, story.cost_usd)


def test_a_story_without_a_price_has_no_cost() -> None:
    assert Story(clock=Clock(), limit=None, price=None).cost_usd is None


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Started(job_id="a", stream_url="rtsp://c"), "job a on rtsp://c"),
        (Triggered(delivery="poll"), "it was counted; polling tells no explanation"),
        (Summary(summary="Quiet."), "Quiet."),
        (Stopped(status="stopped", reason="cancelled"), "cancelled"),
        (Stopped(status="completed", reason="condition_triggered"), "completed (condition_triggered)"),
        (Failed(code="STREAM_OFFLINE", message="It is off.", remediation="Wait."), "STREAM_OFFLINE: It is off. Wait."),
        (
            CoverageGap(started_at=NOW, ended_at=NOW + timedelta(seconds=3), reason="no slot"),
            "nobody watched for 3.0 s (no slot)",
        ),
        (Progress(frames_captured=2, frames_needed=5), "2 of 5 frames"),
        (Progress(stats=JobStats(checks_performed=4)), "4 checks"),
        (Progress(), ""),
    ],
)
def test_events_are_told_in_words(event: object, said: str) -> None:
    assert said == headline(event)  # type: ignore[arg-type]
