"""A job's stream: what ends it, whose events they are, and where polling takes over."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trio_client._core.streaming import StreamReader, idle_limit
from trio_client.models import JobDetail
from trio_client.sse import EventTooLargeError


def sse(name: str, **data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def reader() -> StreamReader:
    return StreamReader(max_event_bytes=10_000)


def kinds(found: StreamReader, *pieces: bytes) -> list[str]:
    return [event.kind for piece in pieces for event in found.feed(piece)]


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
    found = reader()
    assert 1 == len(kinds(found, last + sse("triggered") + sse("stopped")))
    assert found.finished
    assert [] == kinds(found, sse("progress"))


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
def test_anything_else_does_not(event: bytes) -> None:
    found = reader()
    assert "stopped" == kinds(found, event, event, sse("stopped"))[-1]


def test_the_end_of_the_bytes_is_not_the_end_of_the_job() -> None:
    found = reader()
    kinds(found, sse("started", job_id="a"), sse("triggered"), b'event: stopped\ndata: {"reason":')
    assert not found.finished


def test_the_job_id_comes_from_the_start_and_goes_to_the_events_after_it() -> None:
    found = reader()
    events = [
        event
        for piece in (sse("progress"), sse("started", job_id="a"), sse("triggered"))
        for event in found.feed(piece)
    ]
    assert ([None, "a", "a"], "a") == ([event.job_id for event in events], found.job_id)


def test_an_event_that_names_a_job_itself_keeps_it_and_the_first_name_stays() -> None:
    found = reader()
    events = found.feed(
        sse("started", job_id="a") + sse("triggered", job_id="b") + sse("progress", data={"job_id": "c"})
    )
    assert (["a", "b", "c"], "a") == ([event.job_id for event in events], found.job_id)


def test_the_events_before_one_that_is_too_large_are_not_lost() -> None:
    found = reader()
    with pytest.raises(EventTooLargeError) as caught:
        found.feed(sse("started", job_id="a") + sse("triggered", frame_b64="x" * 20_000))
    assert ["started"] == [event.kind for event in found.accept(caught.value.events)]
    assert "a" == found.job_id


def story_of(*pieces: bytes) -> list[str]:
    """What polling has to tell of a job with five checks and two triggers, after a stream told so much."""
    found = reader()
    kinds(found, *pieces)
    seen = JobDetail.model_validate(
        {"job_id": "a", "status": "running", "stats": {"checks_performed": 5, "triggers_fired": 2}}
    )
    return [event.kind for event in found.story().look(seen)]


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
def test_polling_continues_the_story_where_the_stream_stopped(pieces: list[bytes], rest: list[str]) -> None:
    assert rest == story_of(*pieces)


def test_the_windows_of_a_digest_count_as_told() -> None:
    found = reader()
    kinds(found, sse("started"), sse("summary", summary="x"), sse("summary", summary="y"))
    looks = [
        JobDetail.model_validate({"job_id": "a", "status": "running", "stats": {"summaries_generated": number}})
        for number in (2, 3)
    ]
    story = found.story()
    assert [[], ["progress"]] == [[event.kind for event in story.look(each)] for each in looks]


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
def test_a_stream_may_be_silent_for_three_intervals_and_a_minute_at_the_least(
    path: str, body: dict[str, Any], seconds: float
) -> None:
    assert seconds == idle_limit(path, body)
