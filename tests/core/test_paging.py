"""Walking through pages ends, repeats nothing and loses nothing that was there throughout."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from asked import asking_for, client_settings
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from trio_client import ResponseValidationError, ResponseWarning
from trio_client._core.paging import JobCursor, name_page_if_too_large
from trio_client._core.reply import Reply, parse
from trio_client.models import Job, JobPage

Serve = Callable[[int, int], list[str]]


def page(ids: list[str], total: int | None = None) -> JobPage:
    return JobPage(jobs=[Job(job_id=each) for each in ids], total=total)


def walk(serve: Serve, *, limit: int | None = None, page_size: int = 3, offset: int = 0, most: int = 1000) -> list[str]:
    """Return the ids a cursor yields; fail if it asks for more than `most` pages."""
    cursor = JobCursor(limit=limit, page_size=page_size, offset=offset)
    found: list[str] = []
    for _ in range(most):
        if cursor.finished:
            return found
        found += [job.job_id for job in cursor.take(page(serve(cursor.offset, cursor.page_limit)))]
    raise AssertionError(f"still asking after {most} pages")


def serving(ids: list[str]) -> Serve:
    return lambda offset, limit: ids[offset : offset + limit]


def names(count: int) -> list[str]:
    return [f"job-{number}" for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 6, 7, 100])
@pytest.mark.parametrize("page_size", [1, 3, 100])
def test_a_list_that_stands_still_is_read_whole_and_in_order(count: int, page_size: int) -> None:
    assert names(count) == walk(serving(names(count)), page_size=page_size)


@pytest.mark.parametrize("limit", [0, 1, 3, 4, 7, 20])
def test_a_limit_is_how_many_jobs_come_in_all(limit: int) -> None:
    assert names(7)[:limit] == walk(serving(names(7)), limit=limit)


def test_no_more_is_asked_for_than_is_needed() -> None:
    asked: list[tuple[int, int]] = []

    def serve(offset: int, limit: int) -> list[str]:
        asked.append((offset, limit))
        return names(100)[offset : offset + limit]

    walk(serve, limit=7, page_size=5)
    assert [(0, 5), (5, 2)] == asked


def test_a_limit_of_none_at_all_asks_for_nothing() -> None:
    assert JobCursor(limit=0, page_size=3, offset=0).finished


def test_reading_begins_at_the_offset() -> None:
    assert names(7)[4:] == walk(serving(names(7)), offset=4)


@pytest.mark.parametrize("total", [None, 0, -5, 1, 3, 10**9])
def test_the_total_has_no_say(total: int | None) -> None:
    cursor = JobCursor(limit=None, page_size=3, offset=0)
    assert 3 == len(cursor.take(page(names(3), total)))
    assert not cursor.finished
    assert [] == cursor.take(page([], total))
    assert cursor.finished


def test_an_empty_page_is_the_end() -> None:
    assert names(3) == walk(lambda offset, limit: names(3) if offset == 0 else [] if offset == 3 else names(9)[3:])


@pytest.mark.parametrize("given_at_most", [1, 2])
def test_a_server_that_gives_fewer_than_asked_loses_nothing(given_at_most: int) -> None:
    assert names(10) == walk(lambda offset, limit: names(10)[offset : offset + given_at_most], page_size=5)


def test_a_server_that_gives_more_than_asked_loses_and_repeats_nothing() -> None:
    assert names(10) == walk(lambda offset, limit: names(10)[offset : offset + 4], page_size=2)
    assert names(5) == walk(lambda offset, limit: names(10)[offset : offset + 4], page_size=2, limit=5)


@pytest.mark.parametrize("total", [None, 3, 12, 10**6])
@pytest.mark.parametrize("again", [3, 2])
def test_a_server_that_ignores_the_offset_is_left_with_a_complaint(total: int | None, again: int) -> None:
    cursor = JobCursor(limit=None, page_size=3, offset=0)
    assert len(cursor.take(page(names(3), total))) == 3
    assert cursor.take(page(names(again), total)) == []
    assert cursor.finished
    assert cursor.complaint == (
        "The server seems to ignore offset=3: it sent jobs of its first page once more, so the list ends here."
    )


def test_a_page_past_the_total_with_a_job_of_the_first_page_means_that_the_offset_is_ignored() -> None:
    cursor = JobCursor(limit=None, page_size=3, offset=0)
    cursor.take(page(["a", "b", "c"], 3))
    assert [job.job_id for job in cursor.take(page(["new", "a", "b"], 3))] == ["new"]
    assert cursor.finished
    assert "ignore offset=3" in (cursor.complaint or "")


@pytest.mark.parametrize("count", [5, 12])
def test_a_page_of_new_jobs_between_two_pages_is_not_taken_for_an_ignored_offset(count: int) -> None:
    changing = ChangingList(count, [("nothing", 0), *[("insert", 5)] * 4], 0)
    cursor = JobCursor(limit=None, page_size=5, offset=0)
    found: list[str] = []
    while not cursor.finished:
        found += [job.job_id for job in cursor.take(changing.page(cursor))]
    assert cursor.complaint is None
    assert changing.throughout <= set(found)


def test_a_list_that_grows_faster_than_it_is_read_ends_with_a_complaint() -> None:
    changing = ChangingList(9, [("insert", 3)] * 100, 0)
    cursor = JobCursor(limit=None, page_size=3, offset=0)
    requests = 0
    while not cursor.finished:
        cursor.take(changing.page(cursor))
        requests += 1
    assert requests == 11
    assert cursor.complaint == (
        "10 pages in a row had no job that was new, so the list ends here, at offset=33 of 42: it changes faster than "
        "it is read, or its jobs cannot be read."
    )


def test_an_ordinary_walk_has_nothing_to_complain_of() -> None:
    cursor = JobCursor(limit=None, page_size=3, offset=0)
    for ids in (["a", "b"], ["b", "c"], []):
        cursor.take(page(ids))
    assert (True, None) == (cursor.finished, cursor.complaint)


def test_an_id_twice_in_one_page_is_yielded_once() -> None:
    assert ["a", "b"] == [
        job.job_id for job in JobCursor(limit=None, page_size=9, offset=0).take(page(["a", "b", "a"]))
    ]


class ChangingList:
    """A list, newest first, that changes before each page is cut from it."""

    def __init__(self, count: int, changes: list[tuple[str, int]], fewer: int) -> None:
        self.ids = [f"old-{number}" for number in range(count)]
        self.throughout = set(self.ids)
        self._changes: Iterator[tuple[str, int]] = iter(changes)
        self._fewer = fewer
        self._made = 0

    def serve(self, offset: int, limit: int) -> list[str]:
        kind, number = next(self._changes, ("nothing", 0))
        self.insert(number if kind == "insert" else 0)
        for _ in range(number if kind == "delete" else 0):
            if self.ids:
                self.throughout.discard(self.ids.pop(number % len(self.ids)))
        return self.ids[offset : offset + max(1, limit - self._fewer)]

    def insert(self, count: int) -> None:
        for _ in range(count):
            self.ids.insert(0, f"new-{self._made}")
            self._made += 1

    def page(self, cursor: JobCursor) -> JobPage:
        """The page that a cursor asks for, with its total."""
        return page(self.serve(cursor.offset, cursor.page_limit), len(self.ids))


LISTS = {"count": st.integers(0, 25), "page_size": st.integers(1, 7), "fewer": st.integers(0, 3)}


@settings(max_examples=200)
@given(changes=st.lists(st.tuples(st.just("insert"), st.integers(0, 3)), max_size=15), **LISTS)
def test_while_jobs_are_made_nothing_is_lost_or_repeated(
    changes: list[tuple[str, int]], count: int, page_size: int, fewer: int
) -> None:
    changing = ChangingList(count, changes, fewer)
    found = walk(changing.serve, page_size=page_size)
    assert len(found) == len(set(found))
    # Without a total, a page that only repeats the first one, pushed down, looks like an offset that is ignored.
    if all(number < max(1, page_size - fewer) for _, number in changes):
        assert changing.throughout <= set(found)


@settings(max_examples=200)
@given(changes=st.lists(st.tuples(st.sampled_from(["insert", "delete"]), st.integers(0, 3)), max_size=15), **LISTS)
def test_while_jobs_come_and_go_it_ends_and_repeats_nothing(
    changes: list[tuple[str, int]], count: int, page_size: int, fewer: int
) -> None:
    found = walk(ChangingList(count, changes, fewer).serve, page_size=page_size)
    assert len(found) == len(set(found))


def test_items_that_cannot_be_read_count_for_the_next_page() -> None:
    with pytest.warns(ResponseWarning):
        page = parse_page([{"status": "running"}, {"job_id": None}, {"job_id": "a"}])
    cursor = JobCursor(limit=None, page_size=3, offset=0)
    assert ["a"] == [job.job_id for job in cursor.take(page)]
    assert (3, False) == (cursor.offset, cursor.finished)


def test_a_page_of_which_nothing_can_be_read_does_not_end_the_list() -> None:
    with pytest.warns(ResponseWarning):
        page = parse_page([{"status": "running"}])
    cursor = JobCursor(limit=None, page_size=1, offset=0)
    assert [] == cursor.take(page)
    assert (1, False, None) == (cursor.offset, cursor.finished, cursor.complaint)


def parse_page(items: list[dict[str, object]]) -> JobPage:
    return parse(Reply(200, {}, to_json({"jobs": items})), asking_for(JobPage), client_settings())


def test_a_list_of_which_nothing_can_ever_be_read_ends() -> None:
    with pytest.warns(ResponseWarning):
        page = parse_page([{"status": "running"}])
    cursor = JobCursor(limit=None, page_size=1, offset=0)
    for _ in range(20):
        cursor.take(page)
    assert cursor.finished


@pytest.mark.parametrize("page_size", [1, 7, 50, 100])
def test_jobs_that_are_cancelled_while_they_are_read_hide_none(page_size: int) -> None:
    running = names(250)
    cursor = JobCursor(limit=None, page_size=page_size, offset=0)
    while not cursor.finished:
        for job in cursor.take(page(running[cursor.offset :][: cursor.page_limit], len(running))):
            running.remove(job.job_id)
    assert (running, cursor.complaint) == ([], None)


def test_the_cursor_never_steps_back_before_where_reading_began() -> None:
    cursor = JobCursor(limit=None, page_size=3, offset=2)
    cursor.take(page(["a", "b", "c"], 9))
    cursor.take(page(["d"], 1))
    assert cursor.offset == 2


STEPS = st.lists(st.tuples(st.sets(st.integers(0, 8)), st.integers(0, 4)), max_size=40)


@settings(max_examples=300)
@given(steps=STEPS, count=st.integers(0, 60), page_size=st.integers(1, 9))
@pytest.mark.thorough
def test_what_is_there_throughout_is_found_while_the_reader_deletes_and_others_add(
    steps: list[tuple[set[int], int]], count: int, page_size: int
) -> None:
    changing = ChangingList(count, [], 0)
    cursor = JobCursor(limit=None, page_size=page_size, offset=0)
    found: list[str] = []
    for deleted, added in [*steps, *[(set[int](), 0)] * 500]:
        if cursor.finished:
            break
        fresh = [job.job_id for job in cursor.take(changing.page(cursor))]
        found += fresh
        for place, each in enumerate(fresh):
            if place in deleted:
                changing.ids.remove(each)
                changing.throughout.discard(each)
        changing.insert(added)
    assert cursor.finished
    assert len(found) == len(set(found))
    assert cursor.complaint is not None or changing.throughout <= set(found)


def test_a_total_that_goes_up_and_down_by_itself_is_ignored_after_a_while() -> None:
    cursor = JobCursor(limit=None, page_size=2, offset=0)
    found: list[str] = []
    for total in [12, 9] * 20:
        if cursor.finished:
            break
        found += [job.job_id for job in cursor.take(page(names(9)[cursor.offset :][:2], total))]
    assert (found, cursor.finished, cursor.complaint) == (names(9), True, None)


def named(limit: int | None, offset: int | None, field: str = "max_body_bytes") -> ResponseValidationError:
    error = ResponseValidationError("The body is over 900 bytes.", field=field, advice="As it was.")
    name_page_if_too_large(error, limit, offset)
    return error


@pytest.mark.parametrize(
    ("limit", "offset", "problem", "asked"),
    [
        (None, None, "the page from number 1 on.", "no limit and offset=0."),
        (1, 4, "a page of 1 job from number 5 on.", "limit=1 and offset=4."),
        (20, 40, "a page of 20 jobs from number 41 on.", "limit=20 and offset=40."),
    ],
)
def test_page_that_is_too_large_is_named(limit: int | None, offset: int | None, problem: str, asked: str) -> None:
    error = named(limit, offset)

    assert error.problem == f"The body is over 900 bytes: {problem}"
    assert asked in str(error.advice)


def test_single_job_that_is_too_large_can_be_passed_over() -> None:
    assert "go on after that job with offset=5" in str(named(1, 4).advice)
    assert "fewer jobs at once" in str(named(2, 4).advice)


def test_other_invalid_page_is_left_as_it_is() -> None:
    error = named(20, 40, field="jobs")

    assert error.problem == "The body is over 900 bytes."
    assert error.advice == "As it was."
