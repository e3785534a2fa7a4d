"""The walk through pages that may be short, empty or overlap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trio_client._core.paging import OsapiJobCursor
from trio_client.osapi import OsapiJob, OsapiJobPage

Serve = Callable[[int, int], OsapiJobPage]


def page(ids: list[str | None], total: int | None) -> OsapiJobPage:
    return OsapiJobPage(items=[OsapiJob(id=each) for each in ids], total_items=total)


def walk(cursor: OsapiJobCursor, serve: Serve) -> tuple[list[str | None], list[tuple[int, int]]]:
    """The ids that come out, and the (limit, offset) of the requests."""
    got: list[str | None] = []
    asked: list[tuple[int, int]] = []
    while not cursor.finished:
        asked.append((cursor.page_limit, cursor.offset))
        got += [job.id for job in cursor.take(serve(*asked[-1]))]
        assert len(asked) < 10_000
    return got, asked


def listing(ids: list[str | None], unreadable: set[int] = frozenset()) -> Serve:  # type: ignore[assignment]
    def serve(limit: int, offset: int) -> OsapiJobPage:
        shown = [each for place, each in enumerate(ids) if offset <= place < offset + limit and place not in unreadable]
        return page(shown, len(ids))

    return serve


def names(count: int) -> list[str | None]:
    return [f"job-{number}" for number in range(count)]


def cursor(**options: Any) -> OsapiJobCursor:
    return OsapiJobCursor(**{"limit": None, "page_size": 10, "offset": 0, **options})


def test_it_steps_by_the_limit_and_stops_at_the_total() -> None:
    got, asked = walk(cursor(), listing(names(25)))
    assert (names(25), [(10, 0), (10, 10), (10, 20)]) == (got, asked)


def test_a_list_that_ends_with_a_full_page_costs_no_further_request() -> None:
    assert [(10, 0), (10, 10)] == walk(cursor(), listing(names(20)))[1]


@pytest.mark.parametrize("total", [0, -1, None])
def test_an_empty_list_is_one_request(total: int | None) -> None:
    assert ([], [(10, 0)]) == walk(cursor(), lambda limit, offset: page([], total))


def test_short_and_empty_pages_before_the_end_do_not_end_it() -> None:
    unreadable = {3, *range(10, 20), 21}
    got, asked = walk(cursor(), listing(names(25), unreadable))
    assert [name for place, name in enumerate(names(25)) if place not in unreadable] == got
    assert 3 == len(asked)


def test_a_job_that_new_ones_push_onto_the_next_page_comes_once() -> None:
    ids = names(20)

    def serve(limit: int, offset: int) -> OsapiJobPage:
        shown = listing(ids)(limit, offset)
        ids[:0] = [f"new-{len(ids)}", f"newer-{len(ids)}"]
        return shown

    got, _ = walk(cursor(), serve)
    assert names(20) == got


def test_jobs_without_an_id_all_come_through() -> None:
    assert [None] * 3 == walk(cursor(), listing([None, None, None]))[0]


def test_jobs_deleted_meanwhile_hide_no_others() -> None:
    ids = names(30)

    def serve(limit: int, offset: int) -> OsapiJobPage:
        shown = listing(ids)(limit, offset)
        if len(ids) > 10:
            del ids[0]
        return shown

    got, asked = walk(cursor(), serve)
    assert len(got) == len(set(got))
    assert set(ids) <= set(got)
    assert len(asked) < 40


@pytest.mark.parametrize(
    ("limit", "asked"), [(0, []), (3, [(3, 0)]), (10, [(10, 0)]), (12, [(10, 0), (2, 10)]), (99, [(10, 0), (10, 10)])]
)
def test_the_limit_bounds_what_comes_out_and_what_is_asked_for(limit: int, asked: list[tuple[int, int]]) -> None:
    got, requests = walk(cursor(limit=limit), listing(names(20)))
    assert (names(20)[:limit], asked) == (got, requests)


def test_after_a_short_page_a_gap_is_crossed_in_large_steps() -> None:
    got, asked = walk(cursor(limit=1), listing(names(1000), set(range(90))))
    assert (["job-90"], 10) == (got, len(asked))


def test_a_total_that_is_never_reached_ends_it_with_a_complaint() -> None:
    endless = cursor()
    got, asked = walk(endless, lambda limit, offset: page(names(3), 10**9))
    assert (names(3), 2) == (got, len(asked))
    assert "ignore offset=10" in (endless.complaint or "")


def test_a_total_that_is_too_large_ends_it_with_a_complaint() -> None:
    endless = cursor()
    got, asked = walk(endless, lambda limit, offset: page(names(25)[offset : offset + limit], 10**9))
    assert (names(25), 13) == (got, len(asked))
    assert "10 pages in a row had no job that was new" in (endless.complaint or "")


def test_without_a_total_an_empty_page_is_the_end() -> None:
    def serve(limit: int, offset: int) -> OsapiJobPage:
        return page(names(25)[offset : offset + limit], None)

    assert names(25) == walk(cursor(), serve)[0]


def test_more_jobs_than_asked_for_are_taken_all_the_same() -> None:
    assert names(15) == walk(cursor(), lambda limit, offset: page(names(15), 15))[0]


@given(
    count=st.integers(0, 60),
    size=st.integers(1, 12),
    offset=st.integers(0, 70),
    limit=st.none() | st.integers(0, 70),
    unreadable=st.sets(st.integers(0, 59)),
)
def test_every_readable_job_comes_once_and_in_order(
    count: int, size: int, offset: int, limit: int | None, unreadable: set[int]
) -> None:
    ids = names(count)
    expected = [each for place, each in enumerate(ids) if place >= offset and place not in unreadable][:limit]
    got, _ = walk(cursor(page_size=size, offset=offset, limit=limit), listing(ids, unreadable))
    assert expected == got


def test_jobs_without_ids_that_come_again_and_again_end_the_list() -> None:
    cursor = OsapiJobCursor(limit=None, page_size=2, offset=0)
    got, asked = walk(cursor, lambda *_: page([None, None], None))
    assert [None, None] == got
    assert len(asked) < 200
    assert cursor.complaint is not None


@pytest.mark.parametrize("page_size", [1, 7, 50, 100])
def test_a_loop_that_deletes_what_it_reads_leaves_none(page_size: int) -> None:
    there = sorted(names(249), key=str, reverse=True)  # by id, as the server orders them
    reading = cursor(page_size=page_size)
    while not reading.finished:
        for job in reading.take(listing(there)(reading.page_limit, reading.offset)):
            there.remove(job.id)
    assert (there, reading.complaint) == ([], None)


_OUTRUN = [[], [97], [], [2], [86], [0], [43], [15], [1, 2], [1], [], [2], [0, 1, 1], [14], [0], [0, 81], [95]]


@example(steps=_OUTRUN, count=30, size=5)
@settings(max_examples=300)
@given(
    steps=st.lists(st.lists(st.integers(0, 100), max_size=6), max_size=40),
    count=st.integers(0, 60),
    size=st.integers(1, 9),
)
def test_what_is_there_throughout_is_found_while_jobs_are_deleted(
    steps: list[list[int]], count: int, size: int
) -> None:
    there = names(count)
    throughout = set(there)
    reading = cursor(page_size=size)
    got: list[str | None] = []
    for deleted in [*steps, *[list[int]()] * 500]:
        if reading.finished:
            break
        got += [job.id for job in reading.take(listing(there)(reading.page_limit, reading.offset))]
        for place in deleted:
            if there:
                throughout.discard(there.pop(place % len(there)))
    assert reading.finished
    assert len(got) == len(set(got))
    assert reading.complaint is not None or throughout <= set(got)
