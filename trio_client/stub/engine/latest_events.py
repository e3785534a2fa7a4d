"""The latest events of all jobs, as the page shows them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import count, islice

from .job import Job
from .job_events import JobEvent

__all__ = ["LatestEvents"]


class LatestEvents:
    """Number the events of all jobs, and keep the latest.

    Args:
        kept: how many.
    """

    def __init__(self, kept: int) -> None:
        self._events: deque[tuple[int, Job, JobEvent]] = deque(maxlen=kept)
        self._numbers = count(1)

    def add(self, job: Job, events: Iterable[JobEvent]) -> None:
        """Add new events of a job."""
        self._events.extend((next(self._numbers), job, event) for event in events)

    def newest(self, number: int) -> list[tuple[int, Job, JobEvent]]:
        """Return at most that many with their numbers, newest first."""
        return list(islice(reversed(self._events), number))

    def clear(self) -> None:
        """Forget them; the numbers go on."""
        self._events.clear()
