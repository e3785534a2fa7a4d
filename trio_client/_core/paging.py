"""Walk through offset pages of a list that changes while it is read."""

from __future__ import annotations

from ..models import Job, JobPage
from ..models._base import received_items

__all__ = ["JobCursor"]


_BARREN_PAGES = 10  # so many pages in a row of which nothing can be read end the list


class JobCursor:
    """Decide which page comes next and which of its jobs are new.

    It advances by the number of jobs received, not by the limit asked, since a server may give fewer;
    it stops on an empty page, not on arithmetic, since `total` is a hint; and it remembers the ids seen,
    since a job made meanwhile pushes all others down by one.
    """

    __slots__ = ("_barren", "_left", "_page_size", "_seen", "complaint", "finished", "offset")

    def __init__(self, *, limit: int | None, page_size: int, offset: int) -> None:
        self.offset: int = offset
        self._left = limit
        self._barren = 0
        self._page_size = page_size
        self._seen: set[str] = set()
        self.finished: bool = limit == 0
        self.complaint: str | None = None

    @property
    def page_limit(self) -> int:
        """How many jobs to ask for next."""
        return self._page_size if self._left is None else min(self._page_size, self._left)

    def take(self, page: JobPage) -> list[Job]:
        """Return the jobs of a page that are new, and move on."""
        received = received_items(page)
        if not received:
            self.finished = True
            return []
        self.offset += received
        fresh = self._new(page.jobs)
        self._barren = 0 if fresh else self._barren + 1
        if not fresh and (page.jobs or self._barren >= _BARREN_PAGES):
            self.finished = True
            self.complaint = (
                f"A page of {received} jobs had none that was new, so the list ends here; the server seems to "
                f"ignore offset={self.offset - received}."
            )
        if self._left is not None:
            fresh = fresh[: self._left]
            self._left -= len(fresh)
            self.finished = self.finished or self._left == 0
        return fresh

    def _new(self, jobs: list[Job]) -> list[Job]:
        seen, ids = self._seen, {job.job_id for job in jobs}
        if len(ids) == len(jobs) and seen.isdisjoint(ids):  # as nearly always
            seen |= ids
            return jobs
        new = ids - seen
        seen |= new
        fresh: list[Job] = []
        for job in jobs:
            if job.job_id in new:
                new.remove(job.job_id)
                fresh.append(job)
        return fresh
