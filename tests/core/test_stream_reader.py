"""The stream of a job: when it is silent, when it was dropped, and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trio_client._core.history import JobHistory
from trio_client._core.stream_reader import Drop, Silent, StreamReader
from trio_client.errors import APIConnectionError, APITimeoutError, TrioError

COMMENT = b": still here\n\n"
HALF_AN_EVENT = b"event: triggered\ndata: {"


def sse(name: str, **data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


STARTED = sse("started", job_id="a")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def new_reader(*, max_event_bytes: int = 10_000) -> tuple[StreamReader, Clock]:
    clock = Clock()
    return StreamReader(JobHistory(), idle_limit=60.0, max_event_bytes=max_event_bytes, clock=clock), clock


def reader_after(*pieces: bytes, waits: float = 0.0, pauses: float = 0.0) -> StreamReader:
    """Return a reader that has waited `waits` seconds for each piece, and done something else for `pauses` after it."""
    reader, clock = new_reader()
    for piece in pieces:
        with reader.silence:
            clock.now += waits
        reader.read(piece)
        clock.now += pauses
    return reader


def idle_timeout() -> APITimeoutError:
    return APITimeoutError("Nothing came.", request_sent=True, phase="idle")


def test_events_are_returned_and_nothing_is_wrong() -> None:
    reader, _ = new_reader()
    assert [event.kind for event in reader.read(STARTED + sse("triggered"))] == ["started", "triggered"]
    assert (reader.drop, reader.idle_error, reader.is_done) == (None, None, False)


def test_the_jobs_end_is_no_drop() -> None:
    reader = reader_after(STARTED, sse("stopped"))
    assert (reader.drop, reader.is_done) == (None, True)


def test_the_end_of_the_bytes_is_a_drop() -> None:
    reader = reader_after(STARTED)
    assert reader.read(None) == []
    assert (reader.drop, reader.is_done) == (Drop("it ended before the job did"), True)


@pytest.mark.parametrize("pieces", [[], [STARTED]])
def test_a_lost_connection_is_a_drop(pieces: list[bytes]) -> None:
    reader, error = reader_after(*pieces), APIConnectionError("Reset.", request_sent=True)
    reader.failed(error)
    assert (reader.drop, reader.idle_error) == (Drop("Reset.", error), None)


@pytest.mark.parametrize(
    "error",
    [APITimeoutError("Late.", request_sent=True, phase="deadline"), APIConnectionError("Reset.", request_sent=True)],
)
def test_only_a_wait_for_the_next_piece_is_a_silence(error: TrioError) -> None:
    reader = reader_after(STARTED)
    reader.failed(error)
    assert (reader.idle_error, reader.drop) == (None, Drop(str(error), error))


def test_a_silent_stream_whose_job_is_known_is_no_drop() -> None:
    reader, error = reader_after(STARTED), idle_timeout()
    reader.failed(error)
    assert (reader.idle_error, reader.drop) == (error, None)


@pytest.mark.parametrize(
    ("has_news", "is_alive", "may_follow", "expected"),
    [
        (False, True, True, Silent.LISTEN),
        (False, True, False, Silent.LISTEN),
        (False, False, True, Silent.DROP),
        (False, False, False, Silent.DROP),
        (True, True, True, Silent.POLL),
        (True, False, True, Silent.POLL),
        (True, True, False, Silent.DROP),
        (True, False, False, Silent.DROP),
    ],
)
def test_a_silent_stream_is_listened_to_as_long_as_its_job_runs_and_has_nothing_new(
    has_news: bool, is_alive: bool, may_follow: bool, expected: Silent
) -> None:
    reader, error = reader_after(STARTED), idle_timeout()
    reader.failed(error)
    why = reader.poll_begins()
    assert (why, reader.idle_error) == (error, None)
    found = reader.poll_ended(why, has_news=has_news, is_alive=is_alive, may_follow=may_follow)
    assert found is expected
    assert reader.drop == (Drop("Nothing came.", error) if expected is Silent.DROP else None)


def test_a_silent_stream_that_has_not_named_its_job_is_a_drop() -> None:
    reader, error = reader_after(COMMENT), idle_timeout()
    reader.failed(error)
    assert (reader.idle_error, reader.drop) == (None, Drop("Nothing came.", error))


def test_the_events_before_one_that_is_too_large_are_returned() -> None:
    reader, _ = new_reader()
    events = reader.read(STARTED + sse("triggered", frame_b64="x" * 20_000))
    assert [event.kind for event in events] == ["started"]
    assert reader.drop is not None
    assert (reader.drop.reason.partition(";")[0], reader.drop.cause) == (
        "A server-sent event is larger than 10,000 bytes",
        None,
    )


def test_more_than_a_mebibyte_of_comments_is_a_drop() -> None:
    reader = reader_after(STARTED, *[b": " + b"x" * 60_000 + b"\n"] * 18)
    assert reader.drop == Drop("more than 1 MiB of comments arrived without an event")


def test_a_large_event_that_arrives_slowly_is_none() -> None:
    reader, _ = new_reader(max_event_bytes=10**7)
    for piece in (STARTED, b"data: ", *[b"x" * 60_000] * 50):
        reader.read(piece)
    assert (reader.drop, reader.idle_error) == (None, None)


def test_comments_are_no_sign_of_life_of_the_job() -> None:
    assert reader_after(STARTED, *[COMMENT] * 3, waits=20.0).idle_error is None
    reader = reader_after(STARTED, *[COMMENT] * 4, waits=20.0)
    assert reader.drop is None
    assert reader.idle_error is not None
    assert (reader.idle_error.phase, str(reader.idle_error)) == ("idle", "No event arrived within 60 s, only comments.")


def test_the_pauses_of_the_caller_are_no_silence_of_the_stream() -> None:
    reader = reader_after(STARTED, *[COMMENT] * 20, waits=1.0, pauses=300.0)
    assert (reader.idle_error, reader.drop) == (None, None)


@pytest.mark.parametrize("way", ["comments", "a timeout"])
def test_after_a_silence_the_next_minute_counts_anew(way: str) -> None:
    reader = reader_after(STARTED, *[COMMENT] * (4 if way == "comments" else 3), waits=20.0)
    if way == "a timeout":
        reader.failed(idle_timeout())
    assert reader.idle_error is not None
    reader.idle_error = None
    with reader.silence as seconds:
        reader.read(COMMENT)
    assert (reader.idle_error, reader.drop, seconds) == (None, None, 61.0)


def test_an_event_ends_the_wait_for_one() -> None:
    reader = reader_after(STARTED, *[COMMENT] * 3, sse("progress"), *[COMMENT] * 3, waits=20.0)
    assert (reader.idle_error, reader.drop) == (None, None)


@pytest.mark.parametrize("pieces", [[STARTED, HALF_AN_EVENT, b" ", b" ", b" "], [COMMENT] * 4])
def test_an_event_that_is_never_finished_or_a_job_that_is_never_named_is_a_drop(pieces: list[bytes]) -> None:
    reader = reader_after(*pieces, waits=20.0)
    assert (reader.idle_error, reader.drop) == (None, Drop("no event arrived within 60 s"))


@pytest.mark.parametrize("end", [sse("stopped", job_id="b"), sse("error", job_id="b", message="x")])
def test_the_end_of_another_job_is_a_drop(end: bytes) -> None:
    reader, _ = new_reader()
    events = reader.read(STARTED + sse("triggered") + end + sse("progress"))
    assert [event.kind for event in events] == ["started", "triggered"]
    assert reader.drop == Drop("it reported the end of another job, b")


@pytest.mark.parametrize(
    "spelling",
    [
        "7C9E6679-7425-40DE-944B-E07FC1F90AE7",
        "7c9e6679742540de944be07fc1f90ae7",
        "{7c9e6679-7425-40de-944b-e07fc1f90ae7}",
        "urn:uuid:7c9e6679-7425-40de-944b-e07fc1f90ae7",
    ],
)
def test_the_end_of_the_job_in_another_spelling_is_its_end(spelling: str) -> None:
    reader = reader_after(
        sse("started", job_id="7c9e6679-7425-40de-944b-e07fc1f90ae7"), sse("stopped", job_id=spelling)
    )
    assert (reader.drop, reader.is_done) == (None, True)


def test_an_event_of_another_job_that_is_no_end_is_returned() -> None:
    reader, _ = new_reader()
    events = reader.read(STARTED + sse("triggered", job_id="b"))
    assert [(event.kind, event.job_id) for event in events] == [("started", "a"), ("triggered", "b")]
