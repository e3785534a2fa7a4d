"""Decide when an OSAPI job has ended, given that a failed one may be tried again."""

from __future__ import annotations

from collections.abc import Callable

from ..models import OsapiJob

__all__ = ["Ending"]

_MAY_RECOVER = frozenset({"failed", "partial_failure"})


class Ending:
    """Tell the end of a job from a failure that the server may still mend.

    Args:
        settle: seconds for which a failure must have stayed as it is to count as the end.
        clock: monotonic seconds.
    """

    __slots__ = ("_clock", "_settle", "_since", "_status")

    def __init__(self, settle: float, clock: Callable[[], float]) -> None:
        self._settle = settle
        self._clock = clock
        self._status: str | None = None
        self._since = 0.0

    def reached(self, job: OsapiJob) -> bool:
        """Return whether this look at the job is the last that is needed."""
        if job.status != self._status:
            self._status, self._since = job.status, self._clock()
        if job.status in _MAY_RECOVER:
            return self._clock() - self._since >= self._settle
        return job.is_terminal

    def next_look(self, poll_interval: float) -> float:
        """Return how many seconds to wait before the next look: no longer than until the failure has settled."""
        left = self._since + self._settle - self._clock()
        return min(poll_interval, left) if self._status in _MAY_RECOVER and left > 0 else poll_interval
