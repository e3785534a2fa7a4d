"""How the list of jobs is ordered, and when a new job appears in it. The documentation says neither."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from .clock import check_number
from .job import Job

__all__ = ["ListOrder", "Listing"]

ListOrder = Literal["newest", "oldest", "id"]


@dataclass(frozen=True)
class Listing:
    """How jobs are listed.

    Args:
        lag: stub-seconds until a new job appears in the list; it can be got by its id at once.
        order: "newest" first, "oldest" first, or by "id".
    """

    lag: float = 0.0
    order: ListOrder = "newest"

    def __post_init__(self) -> None:
        check_number("list_lag", self.lag)
        if self.order not in get_args(ListOrder):
            raise ValueError(f"list_order must be one of {', '.join(get_args(ListOrder))}, not {self.order!r}")

    @property
    def is_plain(self) -> bool:
        """Whether all jobs are listed as they were created."""
        return not self.lag and self.order != "id"

    def listed(self, jobs: Iterable[Job], now: float) -> Iterator[Job]:
        """Yield the jobs that are in the list by now, in its order, from jobs in the order of their creation."""
        seen = [job for job in jobs if job.start.created + self.lag <= now] if self.lag else list(jobs)
        if self.order == "id":
            return iter(sorted(seen, key=lambda job: job.job_id))
        return iter(seen) if self.order == "oldest" else reversed(seen)
