"""How long a program that follows a job retries while nothing succeeds."""

from __future__ import annotations

from collections.abc import Callable

from ...errors import TrioError
from .outcome import Outcome, classify

__all__ = ["RetryWindow"]


class RetryWindow:
    """Bound the time for which failures are retried without a success between them.

    Args:
        seconds: how long, from the first failure after a success.
        clock: monotonic seconds.
    """

    __slots__ = ("_clock", "_seconds", "_since")

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._since: float | None = None

    def reset(self) -> None:
        """Note a success."""
        self._since = None

    def allows(self, error: TrioError) -> bool:
        """Return whether to retry after this failure."""
        if classify(error) in (Outcome.DEFINITE, Outcome.PERMANENT):
            return False
        now = self._clock()
        if self._since is None:
            self._since = now
        return now - self._since < self._seconds
