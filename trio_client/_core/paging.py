"""Walk through offset pages of a list that changes while it is read: one cursor, an advance rule for each service."""

from __future__ import annotations

from abc import ABC, abstractmethod
from operator import attrgetter
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from ..errors import ResponseValidationError
from ..models import Job, JobPage
from ..models._base import received_items

if TYPE_CHECKING:
    from ..models import OsapiJob, OsapiJobPage

__all__ = ["JobCursor", "OsapiJobCursor", "PageCursor", "is_too_large", "name_page_if_too_large"]

_MOST_BARREN_PAGES = 10  # in a row
_J = TypeVar("_J")
_P = TypeVar("_P")


class _Totals:
    """What the totals of the pages show: by how much the list grew or shrank, as long as they can be trusted."""

    __slots__ = ("_before", "_first", "_futile_steps", "_rose", "highest", "now", "outrun", "trusted")

    def __init__(self) -> None:
        self.trusted = True
        self.outrun = False  # by a list that shrank at every step back
        self.now: int | None = None
        self.highest = 0
        self._first: int | None = None
        self._before: int | None = None
        self._futile_steps = 0  # steps back since a page had a new job
        self._rose = False  # since the last step back

    def note(self, total: int | None) -> None:
        """Note the total of the next page; `None` where it has none that can be used."""
        self._before, self.now = self.now, total
        if total is not None:
            self.highest = max(self.highest, total)
            if self._first is None:
                self._first = total

    def step_back(self, *, found_new: bool) -> int:
        """Return by how many places to step back: by as many as the list has shrunk since the page before.

        A total that falls once more after it rose, with no new job between, cannot be trusted. One that only falls can
        be that of a list from which others delete all the time: for a while it is followed, in growing steps.
        """
        if found_new:
            self._futile_steps = 0
        if not self.trusted or self.now is None or self._before is None:
            return 0
        if self.now >= self._before:
            self._rose = self._rose or self.now > self._before
            return 0
        self.trusted = self._futile_steps < (1 if self._rose else _MOST_BARREN_PAGES)
        if not self.trusted:
            self.outrun = not self._rose
            return 0
        places = (self._before - self.now) << self._futile_steps
        self._futile_steps += 1
        self._rose = False
        return places

    def explain(self, moved: int, items: int) -> bool:
        """Return whether enough jobs were added to push a page of N items down the list by `moved` places."""
        if self.now is None or not self.trusted:
            return False
        since_first = self.now - (self.now if self._first is None else self._first)
        since_last = self.now - (self.now if self._before is None else self._before)
        return since_first >= moved or since_last >= items


class PageCursor(ABC, Generic[_P, _J]):
    """Decide which page to ask for next, and which of its jobs are new.

    It advances by the jobs received, since a server may send fewer than asked, and an empty page is the last; the total
    is a hint, no end.

    Jobs that are added push others down the list, so the ids seen are remembered. Jobs that are deleted let others move
    up, past the cursor: the total shows it, and the cursor steps back by as many places and reads them again.

    Attributes:
        offset: where in the list the next page begins.
        finished: whether there is no next page.
        complaint: why the list ends here although there may be more of it.
    """

    _id: ClassVar[attrgetter[str | None]]

    def __init__(self, *, limit: int | None, page_size: int, offset: int) -> None:
        self.offset: int = offset
        self.finished: bool = limit == 0
        self.complaint: str | None = None
        self._start = offset
        self._left = limit
        self._page_size = page_size
        self._seen: set[str | None] = set()
        self._first: list[_J] | None = None
        self._totals = _Totals()
        self._barren = 0
        self._stepped_back = False

    @property
    def page_limit(self) -> int:
        """How many jobs to ask for next: after a page without a new one never few, so that gaps are crossed fast."""
        return self._page_size if self._left is None or self._barren else min(self._page_size, self._left)

    def ask_for_less(self) -> bool:
        """Ask for half as many jobs from now on, since a page was too large; return whether that is possible."""
        half = self.page_limit // 2
        self._page_size = half or 1
        return half > 0

    def take(self, page: _P) -> list[_J]:
        """Return the jobs of a page that are new, and move on."""
        jobs, total, received = self._read(page)
        fresh, totals, began = self._new(jobs), self._totals, self.offset
        totals.note(total if total is not None and total >= received else None)
        shrunk = totals.step_back(found_new=bool(fresh))
        if shrunk:
            self.offset = max(self._start, began - shrunk)
        else:  # only such a page can end the list
            self.offset += self._step(received)
            self.finished = self._is_last(received)
            if fresh:
                self._barren = 0
            elif not self._stepped_back:
                self._barren += 1
            if not fresh or (totals.now is not None and began >= totals.now):
                self._end_if_futile(jobs, began)
            if self.finished and self.complaint is None and totals.outrun:
                self.complaint = "The list shrinks faster than it can be read; it ends here, and jobs may be missing."
        self._stepped_back = shrunk > 0
        if self._first is None:
            self._first = jobs
        return fresh if self._left is None else self._within_limit(fresh, self._left)

    @abstractmethod
    def _read(self, page: _P) -> tuple[list[_J], int | None, int]:
        """Return a page's jobs, its total, and how many items it has, those that cannot be read included."""
        ...

    def _step(self, received: int) -> int:
        """Return how many places of the list a page of N items covers."""
        return received

    def _is_last(self, received: int) -> bool:
        """Return whether a page of N items is the last."""
        return received == 0

    def _new(self, jobs: list[_J]) -> list[_J]:
        seen, ids = self._seen, set(map(self._id, jobs))
        if len(ids) == len(jobs) and None not in ids and seen.isdisjoint(ids):  # as nearly always
            seen |= ids
            return jobs
        if ids == {None} and jobs == self._first:  # there is nothing else to know them by
            return []
        new = ids - seen - {None}
        seen |= new
        fresh: list[_J] = []
        for job in jobs:
            each = self._id(job)
            if each is None or each in new:
                new.discard(each)
                fresh.append(job)
        return fresh

    def _end_if_futile(self, jobs: list[_J], began: int) -> None:
        first, totals = self._first, self._totals
        if first and jobs and self._offset_is_ignored(first, jobs, began):
            self.finished = True
            self.complaint = (
                f"The server seems to ignore offset={began}: it sent jobs of its first page once more, so the list "
                "ends here."
            )
        elif self._barren >= _MOST_BARREN_PAGES and not self.finished:
            self.finished = True
            shown = "" if totals.now is None else f" of {totals.now}"
            self.complaint = (
                f"{self._barren} pages in a row had no job that was new, so the list ends here, at offset={self.offset}"
                f"{shown}: it changes faster than it is read, or its jobs cannot be read."
            )

    def _offset_is_ignored(self, first: list[_J], jobs: list[_J], began: int) -> bool:
        known, ids = set(map(self._id, first)), set(map(self._id, jobs))
        totals = self._totals
        if totals.trusted and totals.now is not None and began >= totals.now and not known.isdisjoint(ids):
            return True
        if self._stepped_back or not ids <= known:
            return False
        return not totals.explain(began - self._start - len(first) + len(jobs), len(jobs))

    def _within_limit(self, fresh: list[_J], left: int) -> list[_J]:
        fresh = fresh[:left]
        self._left = left - len(fresh)
        self.finished = self.finished or self._left == 0
        return fresh


class JobCursor(PageCursor[JobPage, Job]):
    """Walk through the jobs of the Trio API."""

    _id: ClassVar[attrgetter[str | None]] = attrgetter("job_id")

    def _read(self, page: JobPage) -> tuple[list[Job], int | None, int]:
        return page.jobs, page.total, received_items(page)


class OsapiJobCursor(PageCursor["OsapiJobPage", "OsapiJob"]):
    """Advance by the limit asked, since the server counts records that it leaves out; the total is the end."""

    _id: ClassVar[attrgetter[str | None]] = attrgetter("id")

    def _read(self, page: OsapiJobPage) -> tuple[list[OsapiJob], int | None, int]:
        return page.items, page.total_items, received_items(page)

    def _step(self, received: int) -> int:  # noqa: ARG002 - see above
        return self.page_limit

    def _is_last(self, received: int) -> bool:
        totals = self._totals
        end = totals.now if totals.trusted else totals.highest
        return received == 0 if end is None else self.offset >= end


def is_too_large(error: ResponseValidationError) -> bool:
    """Return whether fewer jobs at once may do: the page is larger than `max_body_bytes`."""
    return error.field == "max_body_bytes"


def name_page_if_too_large(error: ResponseValidationError, limit: int | None, offset: int | None) -> None:
    """Say in the error which page was too large, and how to get its jobs; leave any other error as it is."""
    if not is_too_large(error):
        return
    asked, begin = "no limit" if limit is None else f"limit={limit}", offset or 0
    jobs = "the page" if limit is None else "a page of 1 job" if limit == 1 else f"a page of {limit} jobs"
    error.problem = f"{error.problem.rstrip('.')}: {jobs} from number {begin + 1} on."
    way_out = (
        f"No page_size is smaller: raise max_body_bytes, or go on after that job with offset={begin + 1}."
        if limit == 1
        else "Ask for fewer jobs at once (limit=, or page_size= of iterate), or raise max_body_bytes."
    )
    error.advice = f"The page was asked for with {asked} and offset={begin}. {way_out}"
