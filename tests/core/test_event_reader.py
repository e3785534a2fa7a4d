"""A job's stream: what ends it, whose events they are, and where polling takes over."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trio_client._core.event_reader import EventReader, idle_limit
from trio_client._core.history import JobHistory
from trio_client._core.silence import Silence
from trio_client.models import JobDetail
from trio_client.sse import EventTooLargeError


def sse(name: str, **data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def new_reader() -> tuple[EventReader, JobHistory]:
    history = JobHistory()
    return EventReader(history, Silence(60.0, lambda: 0.0), max_event_bytes=10_000), history


def kinds(reader: EventReader, *pieces: bytes) -> list[str]:
    return [event.kind for piece in pieces for event in reader.feed(piece)]


@pytest.mark.parametrize(
    "last",
    [
        sse("stopped"),
        sse("Stopped"),
        sse("job_stopped"),
        sse("job_completed"),
        sse("error", message="x"),
        sse("error", error={"code": "STREAM_OFFLINE"}),
        sse("job_error"),
        sse("job_failed"),
        sse("job_status", status="completed"),
        sse("job_status", status="failed"),
        sse("message", type="stopped"),
        b"data: {'not JSON\nevent: error\n\n",
    ],
)
def test_a_terminal_event_ends_the_stream_and_nothing_after_it_is_read(last: bytes) -> None:
    reader, history = new_reader()
    assert len(kinds(reader, last + sse("triggered") + sse("stopped"))) == 1
    assert history.finished
    assert kinds(reader, sse("progress")) == []


@pytest.mark.parametrize(
    "event",
    [
        sse("triggered", triggered=True),
        sse("watch_triggered"),
        sse("summary"),
        sse("progress"),
        sse("started"),
        sse("job_status", status="running"),
        sse("error", message="a hiccup", recoverable=True),
        sse("something_new", status="stopped"),
        b": comment\n\n",
    ],
)
def test_any_other_event_does_not_end_the_stream(event: bytes) -> None:
    reader, _ = new_reader()
    assert kinds(reader, event, event, sse("stopped"))[-1] == "stopped"


def test_the_end_of_the_bytes_is_not_the_end_of_the_job() -> None:
    reader, history = new_reader()
    kinds(reader, sse("started", job_id="a"), sse("triggered"), b'event: stopped\ndata: {"reason":')
    assert (history.finished, reader.unfinished) == (False, True)


def test_the_job_id_comes_from_the_start_and_goes_to_the_events_after_it() -> None:
    reader, history = new_reader()
    pieces = (sse("progress"), sse("started", job_id="a"), sse("triggered"))
    events = [event for piece in pieces for event in reader.feed(piece)]
    assert ([event.job_id for event in events], history.job_id) == ([None, "a", "a"], "a")


def test_an_event_that_names_a_job_itself_keeps_it_and_the_first_name_stays() -> None:
    reader, history = new_reader()
    events = reader.feed(
        sse("started", job_id="a") + sse("triggered", job_id="b") + sse("progress", data={"job_id": "c"})
    )
    assert ([event.job_id for event in events], history.job_id) == (["a", "b", "c"], "a")


def test_the_events_before_one_that_is_too_large_are_not_lost() -> None:
    reader, history = new_reader()
    with pytest.raises(EventTooLargeError) as caught:
        reader.feed(sse("started", job_id="a") + sse("triggered", frame_b64="x" * 20_000))
    assert [event.kind for event in reader.accept(caught.value.events)] == ["started"]
    assert history.job_id == "a"


def polled_after(*pieces: bytes) -> list[str]:
    """What a poll adds for a job with five checks and two triggers, once its stream has reported these events."""
    reader, history = new_reader()
    kinds(reader, *pieces)
    seen = JobDetail.model_validate(
        {"job_id": "a", "status": "running", "stats": {"checks_performed": 5, "triggers_fired": 2}}
    )
    return [event.kind for event in history.poll(seen)]


CHECKED = sse("progress", checks_performed=5)


@pytest.mark.parametrize(
    ("pieces", "rest"),
    [
        ([], ["started", "triggered", "triggered"]),
        ([sse("something_new")], ["started", "triggered", "triggered"]),
        ([sse("job_status", status="pending")], ["started", "triggered", "triggered"]),
        ([sse("job_status", status="running")], ["triggered", "triggered"]),
        ([sse("started", job_id="a")], ["triggered", "triggered"]),
        ([sse("triggered")], ["triggered"]),
        ([sse("started"), sse("triggered"), sse("triggered"), CHECKED], []),
        ([sse("started"), sse("triggered"), sse("triggered")], ["progress"]),
        ([sse("triggered"), sse("triggered"), sse("triggered"), CHECKED], []),
        ([sse("live_monitor_result", triggered=True), sse("live_monitor_result", triggered=False)], ["triggered"]),
        ([CHECKED], ["triggered", "triggered"]),
    ],
)
def test_polling_continues_where_the_stream_disconnected(pieces: list[bytes], rest: list[str]) -> None:
    assert polled_after(*pieces) == rest


@pytest.mark.parametrize(
    ("path", "body", "seconds"),
    [
        ("/live-monitor", {}, 60.0),
        ("/live-monitor", {"interval_seconds": 5}, 60.0),
        ("/live-monitor", {"interval_seconds": 20}, 60.0),
        ("/live-monitor", {"interval_seconds": 21}, 63.0),
        ("/live-monitor", {"interval_seconds": 300}, 900.0),
        ("/live-digest", {}, 180.0),
        ("/live-digest", {"capture_interval_seconds": 10}, 60.0),
        ("/live-digest", {"capture_interval_seconds": 300, "window_minutes": 60}, 900.0),
    ],
)
def test_a_stream_may_be_silent_for_three_intervals_and_at_least_a_minute(
    path: str, body: dict[str, Any], seconds: float
) -> None:
    assert idle_limit(path, body) == seconds


@pytest.mark.parametrize("ending", [b"\n", b"", b"\ndata: x\n"])
def test_comments_of_more_than_a_mebibyte_without_an_event_are_a_flood(ending: bytes) -> None:
    silence = Silence(60.0, lambda: 0.0)
    reader = EventReader(JobHistory(), silence, max_event_bytes=10_000)
    kinds(reader, sse("started"))
    for number in range(20):
        reader.feed(b": " + b"x" * 60_000 + ending)
        assert silence.is_flooded == (number >= 17)
    kinds(reader, b"\n\n" + sse("progress"))
    assert not silence.is_flooded


def test_a_large_event_is_no_flood() -> None:
    silence = Silence(60.0, lambda: 0.0)
    reader = EventReader(JobHistory(), silence, max_event_bytes=10**7)
    reader.feed(sse("started") + b"data: " + b"x" * 60_000)
    for _ in range(50):
        reader.feed(b"x" * 60_000)
        assert not silence.is_flooded


def test_an_empty_id_is_none_and_makes_no_event_a_repetition() -> None:
    reader, _ = new_reader()
    assert kinds(reader, *[b"id:\n" + sse("triggered", explanation="a van")] * 2) == ["triggered", "triggered"]
