"""What jobs have to do next, in the order of time."""

from __future__ import annotations

import heapq
from itertools import count

from .job import Job

__all__ = ["Agenda"]


class Agenda:
    """The next step of every job that has one."""

    def __init__(self) -> None:
        self._steps: list[tuple[float, int, Job]] = []
        self._numbers = count()  # of steps at the same time, the one that was added first is due first

    def add(self, job: Job) -> None:
        """Add the next step of a job, if it has one."""
        due = job.due()
        if due is not None:
            heapq.heappush(self._steps, (due, next(self._numbers), job))

    def take(self, now: float) -> Job | None:
        """Return the job whose step is due first, without that step; `None`: none is due by now."""
        if self._steps and self._steps[0][0] <= now:
            return heapq.heappop(self._steps)[2]
        return None

    def next_due(self) -> float | None:
        """Return when the next step is due, in stub time."""
        return self._steps[0][0] if self._steps else None

    def clear(self) -> None:
        """Remove all steps."""
        self._steps.clear()
