"""Walk through OSAPI's offset pages, which may be short, empty or overlap."""

from __future__ import annotations

from ..models import OsapiJob, OsapiJobPage

__all__ = ["OsapiJobCursor"]

_MOST_FRUITLESS = 100  # pages in a row; a total that is wrong must not keep a program busy for ever


class OsapiJobCursor:
    """Decide which page comes next and which of its jobs are new.

    It advances by the limit asked, not by the jobs received, since records that cannot be read are counted and
    left out; it stops at `total_items`, not at an empty page; and it remembers the ids seen, since a job made meanwhile
    pushes all others down by one.
    """

    __slots__ = ("_before", "_fruitless", "_left", "_page_size", "_seen", "_short", "complaint", "finished", "offset")

    def __init__(self, *, limit: int | None, page_size: int, offset: int) -> None:
        self.offset: int = offset
        self._left = limit
        self._page_size = page_size
        self._seen: set[str] = set()
        self._before: list[OsapiJob] = []  # the last page, if its jobs have no ids to know them by
        self._short = False
        self._fruitless = 0
        self.finished: bool = limit == 0
        self.complaint: str | None = None

    @property
    def page_limit(self) -> int:
        """How many jobs to ask for next: after a short page never few, so that gaps are crossed in large steps."""
        return self._page_size if self._left is None or self._short else min(self._page_size, self._left)

    def take(self, page: OsapiJobPage) -> list[OsapiJob]:
        """Return the jobs of a page that are new, and move on."""
        asked = self.page_limit
        self._short = len(page) < asked
        self.offset += asked
        fresh = self._new(page)
        self.finished = self.offset >= page.total_items if page.total_items is not None else not page.items
        self._fruitless = 0 if fresh else self._fruitless + 1
        if self._fruitless >= _MOST_FRUITLESS and not self.finished:
            self.finished = True
            self.complaint = (
                f"{self._fruitless} pages in a row had no job that was new, so the list ends here, at offset="
                f"{self.offset} of {page.total_items}."
            )
        if self._left is not None:
            fresh = fresh[: self._left]
            self._left -= len(fresh)
            self.finished = self.finished or self._left == 0
        return fresh

    def _new(self, page: OsapiJobPage) -> list[OsapiJob]:
        before, self._before = self._before, [] if any(job.id is not None for job in page) else list(page)
        if before and before == self._before:
            return []
        fresh: list[OsapiJob] = []
        for job in page:
            if job.id is not None and job.id in self._seen:
                continue
            if job.id is not None:
                self._seen.add(job.id)
            fresh.append(job)
        return fresh
