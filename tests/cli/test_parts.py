"""Exit codes, advice, text, and the state of a watch, without a server."""

from __future__ import annotations

import copy
import io
from datetime import datetime, timedelta, timezone

import pytest
from rich.console import Console

from trio_client import errors
from trio_client._redaction import masked
from trio_client.cli._advice import Advice
from trio_client.cli._events import headline, is_short_gap
from trio_client.cli._exits import Interrupted, UsageError, exit_code
from trio_client.cli._items import ItemCursor
from trio_client.cli._live import LiveView
from trio_client.cli._options import seconds
from trio_client.cli._out import Out
from trio_client.cli._text import ago, clean, json_line, plural, span
from trio_client.cli._watch_state import WatchState
from trio_client.events import CoverageGap, Failed, Progress, Started, StatusChanged, Stopped, Summary, Triggered
from trio_client.models import JobStats

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
    assert exit_code(error) == code


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


def test_a_message_names_the_option_instead_of_the_argument() -> None:
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
def test_untrusted_text_cannot_move_the_cursor(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_line_breaks_are_kept_on_request() -> None:
    assert clean("a\nb\r", lines=True) == "a\nb\\r"


def test_nested_json_is_masked_and_printable() -> None:
    value = masked({"a": ["rtsp://u:p@cam/1", {"k3y": "my k3y\u202e"}]}, ["k3y!", "k3y"])
    assert json_line(value, unicode=True) == '{"a": ["rtsp://***@cam/1", {"k3y": "my k3y\\u202e"}]}'
    assert json_line("ü", unicode=False) == '"\\u00fc"'


@pytest.mark.parametrize(("text", "value"), [("90", 90), ("1.5", 1.5), ("10m", 600), ("1h30m", 5400), ("90s", 90)])
def test_durations_are_parsed(text: str, value: float) -> None:
    assert seconds(text, "--total") == value


@pytest.mark.parametrize("text", ["", "soon", "-5", "0", "inf", "nan", "5 parsecs", "1e400"])
def test_an_invalid_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--total is"):
        seconds(text, "--total")


def test_numbers_and_times_are_formatted() -> None:
    assert [
        plural(1, "check"),
        plural(1200, "check"),
        plural(2, "summary"),
    ] == ["1 check", "1,200 checks", "2 summaries"]
    assert [span(each) for each in (5, 3599, 3600, 90_000)] == ["00:05", "59:59", "1:00:00", "25:00:00"]
    waits = [timedelta(seconds=5), timedelta(minutes=5), timedelta(hours=5), timedelta(days=5), -timedelta(days=1)]
    assert [ago(NOW - each, NOW) for each in waits] == ["5s", "5m", "5h", "5d", "0s"]
    assert ago(None, NOW) == ""


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_state_counts_and_prefers_the_servers_clock() -> None:
    clock = Clock()
    state = WatchState(clock=clock, limit=600, price=0.02)
    assert (state.status, state.elapsed, state.cost_usd) == ("starting", 0.0, 0.0)
    state.add(Started(job_id="a"))
    clock.now += 10
    assert (state.status, state.elapsed, state.cost_usd) == ("running", 10.0, 0.02)
    state.add(Progress(job_id="a", stats=JobStats(checks_performed=7, elapsed_seconds=70)))
    clock.now += 5
    assert (state.checks, state.elapsed, state.cost_usd) == (7, 75.0, 0.04)
    state.add(Triggered(job_id="a", explanation="A van.", occurred_at=NOW))
    state.add(Stopped(job_id="a", status="completed", stats=JobStats(checks_performed=8, elapsed_seconds=120)))
    clock.now += 500
    assert (
        state.status,
        state.checks,
        state.triggers,
        state.elapsed,
        state.cost_usd,
    ) == ("completed", 8, 1, 120.0, 0.04)
    assert state.last == (NOW, "A van.")


def test_cost_adds_the_started_minutes_of_each_job() -> None:
    clock = Clock()
    state = WatchState(clock=clock, limit=600, price=0.02)
    state.add(Started(job_id="a"))
    state.add(Progress(job_id="a", stats=JobStats(checks_performed=3)))
    clock.now += 61
    state.add(StatusChanged(job_id="a", status="completed", reason="condition_triggered"))
    clock.now += 1000  # between two jobs nothing is billed
    state.add(CoverageGap(job_id="a", started_at=NOW, ended_at=NOW))
    state.add(Started(job_id="b"))
    state.add(Progress(job_id="b", stats=JobStats(checks_performed=2)))
    assert (state.jobs, state.checks, state.cost_usd) == (2, 5, 0.06)


def test_minutes_before_a_job_was_followed_are_in_its_cost() -> None:
    state = WatchState(clock=Clock(), limit=600, price=0.02, elapsed=130)
    state.add(Started(job_id="a"))
    assert (state.elapsed, state.cost_usd) == (130, 0.06)


def test_without_a_price_there_is_no_cost() -> None:
    assert WatchState(clock=Clock(), limit=None, price=None).cost_usd is None


def test_the_time_of_all_jobs_adds_up() -> None:
    clock = Clock()
    state = WatchState(clock=clock, limit=600, price=0.02, elapsed=10)
    for number in range(3):
        state.add(Started(job_id=f"job_{number}"))
        clock.now += 20
        state.add(StatusChanged(job_id=f"job_{number}", status="stopped"))
    assert (20, 70, 3) == (state.elapsed, state.total_elapsed, state.jobs)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (Started(job_id="a", stream_url="rtsp://c"), "job a on rtsp://c"),
        (Triggered(delivery="poll"), "no explanation: the stream was polled"),
        (Summary(summary="Quiet."), "Quiet."),
        (Stopped(status="stopped", reason="cancelled"), "cancelled"),
        (Stopped(status="completed", reason="condition_triggered"), "completed (condition_triggered)"),
        (Failed(code="STREAM_OFFLINE", message="It is off.", remediation="Wait."), "STREAM_OFFLINE: It is off. Wait."),
        (
            CoverageGap(started_at=NOW, ended_at=NOW + timedelta(seconds=3), reason="no slot"),
            "not watched for 3 s (no slot)",
        ),
        (
            CoverageGap(started_at=NOW, ended_at=NOW + timedelta(seconds=12), reason="server_error", detail="503."),
            "not watched for 12 s (server error: 503.)",
        ),
        (CoverageGap(started_at=NOW, reason="no_free_slot"), "not watched at the moment (no free slot)"),
        (Progress(frames_captured=2, frames_needed=5), "2 of 5 frames"),
        (Progress(stats=JobStats(checks_performed=4)), "4 checks"),
        (Progress(), ""),
    ],
)
def test_each_event_has_a_headline(event: object, text: str) -> None:
    assert headline(event) == text  # type: ignore[arg-type]


@pytest.mark.parametrize(("seconds", "is_short"), [(0.9, True), (1.0, False), (None, False)])
def test_a_gap_under_a_second_is_worth_no_line(seconds: float | None, is_short: bool) -> None:
    ended_at = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert is_short_gap(CoverageGap(started_at=NOW, ended_at=ended_at)) is is_short


def page(*ids: str, **others: object) -> dict[str, object]:
    return {"jobs": [{"job_id": each} for each in ids], **others}


def listed(*pages: dict[str, object]) -> list[str]:
    cursor, keys = ItemCursor(limit=None, page_size=2, offset=0), list[str]()
    for each in pages:
        assert not cursor.finished
        keys += [item.key for item in cursor.take(each)]
    assert cursor.finished
    return keys


def test_a_list_ends_with_an_empty_page_or_a_null_one() -> None:
    assert listed(page("a", "b"), page("c"), page()) == ["a", "b", "c"]
    assert listed(page("a"), {"jobs": None, "total": 1}) == ["a"]
    assert listed({"items": None}) == []


def test_items_that_move_up_in_a_list_that_shrinks_are_not_missed() -> None:
    cursor = ItemCursor(limit=None, page_size=2, offset=0)
    assert [item.key for item in cursor.take(page("a", "b", total=4))] == ["a", "b"]
    assert [item.key for item in cursor.take(page("d", total=3))] == ["d"]  # "a" is gone, and "c" has moved up
    assert cursor.offset == 1
    assert [item.key for item in cursor.take(page("c", "d", total=3))] == ["c"]


def test_items_without_an_id_are_compared_as_a_whole() -> None:
    assert listed({"items": [{"at": 1}, {"at": 2}]}, {"items": [{"at": 2}, 7]}, {"items": []}) == [
        '{"at": 1}',
        '{"at": 2}',
        "7",
    ]


@pytest.mark.parametrize("reply", [{}, {"detail": None}, {"jobs": [], "items": []}, {"jobs": {}}])
def test_what_is_no_page_of_a_list_is_named(reply: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="not a page of a list"):
        ItemCursor(limit=None, page_size=2, offset=0).take(reply)


@pytest.mark.parametrize(
    ("job_ids", "text"),
    [
        ([], None),
        ([""], "a job may still be running. Find it with `trio-client jobs list`."),
        (["a"], "job a may still be running. Cancel it with `trio-client jobs cancel a`."),
        (["a", "b"], "jobs a, b may still be running. Cancel them with `trio-client jobs cancel a b`."),
        (
            ["a", ""],
            "job a may still be running. Cancel it with `trio-client jobs cancel a`; "
            "`trio-client jobs list` shows the others.",
        ),
    ],
)
def test_a_second_signal_names_every_job_that_may_run_on(
    job_ids: list[str], text: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    out = Out()
    out.running = lambda: job_ids
    assert out.exit_now(15) == (143 if text is None else 5)
    assert capfd.readouterr().err == ("" if text is None else f"Interrupted again; {text}\n")


def test_the_live_view_says_what_a_watch_does_in_place_of_following() -> None:
    state = WatchState(clock=lambda: 0.0, limit=60, price=0.02)
    state.add(Triggered(name="triggered", delivery="sse", job_id="a"))
    written = io.StringIO()
    console = Console(file=written, width=80)
    view = LiveView(console, state, title="a van", counted=("checks", "triggers"), clean=clean)
    console.print(view.render())
    state.obstacle = lambda: "retrying"
    console.print(view.render())
    shown = written.getvalue()
    assert shown.count("● running  a van") == shown.count("● retrying  a van") == 1
    assert "checks 1  ·  triggers 1" in shown
