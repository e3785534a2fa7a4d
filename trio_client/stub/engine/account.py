"""The credits of the account: what checks and minutes cost, and when none are left."""

from __future__ import annotations

import threading

from ..documented.errors import ApiError
from .job_store import JobStore

__all__ = ["Account"]

PER_CHECK = 1
PER_MINUTE = 2


class Account:
    """Credits that are used by checks, and by jobs for each begun minute of stub time."""

    def __init__(self, jobs: JobStore, credits: float | None) -> None:
        self._lock = threading.Lock()
        self._jobs = jobs
        self._checks = 0
        self.granted = credits

    @property
    def left(self) -> float | None:
        """What is left, below zero if a job kept running; None: without limit."""
        if self.granted is None:
            return None
        return self.granted - PER_CHECK * self._checks - PER_MINUTE * self._jobs.minutes()

    def require(self) -> None:
        """Refuse what costs credits once none are left."""
        left = self.left
        if left is not None and left <= 0:
            raise ApiError("INSUFFICIENT_CREDITS", "The account has no credit left.")

    def bill_check(self) -> None:
        """Charge what one check costs."""
        with self._lock:
            self._checks += 1

    def fill(self, credits: float | None) -> None:
        """Set what is left from now on; None: without limit."""
        with self._lock:
            used = PER_CHECK * self._checks + PER_MINUTE * self._jobs.minutes()
            self.granted = None if credits is None else credits + used

    def clear(self) -> None:
        """Reset what was used."""
        with self._lock:
            self._checks = 0
