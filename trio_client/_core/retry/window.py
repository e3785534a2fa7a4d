"""How long a program that follows a job retries while nothing succeeds."""

from __future__ import annotations

from collections.abc import Callable

from ...errors import (
    APIStatusError,
    AuthenticationError,
    InsufficientCreditsError,
    JobNotFoundError,
    ResponseValidationError,
    TrioError,
    UnprocessableEntityError,
)
from .failure import FailureKind, classify

__all__ = ["RetryWindow", "may_be_an_outage"]

_FINAL = (AuthenticationError, InsufficientCreditsError, JobNotFoundError, UnprocessableEntityError)


class RetryWindow:
    """Bound the time for which failures are retried without a success between them.

    Args:
        seconds: how long, from the first failure after a success.
        clock: monotonic seconds.
        reached: whether the server is known to know the job. Then what something on the way replies in its place, a
            page or a refusal that names no code of the API, is an outage like any other.
    """

    __slots__ = ("_clock", "_reached", "_seconds", "_since")

    def __init__(self, seconds: float, clock: Callable[[], float], *, reached: bool = False) -> None:
        self._seconds = seconds
        self._clock = clock
        self._reached = reached
        self._since: float | None = None

    def reset(self) -> None:
        """Note a success."""
        self._since = None
        self._reached = True

    def allows(self, error: TrioError) -> bool:
        """Return whether to retry after this failure."""
        kind = classify(error)
        if kind is FailureKind.PERMANENT or isinstance(error, _FINAL):
            return False
        if kind is FailureKind.DEFINITE and not (self._reached and may_be_an_outage(error)):
            return False
        if isinstance(error, ResponseValidationError) and not self._reached:
            return False
        now = self._clock()
        if self._since is None:
            self._since = now
        return now - self._since < self._seconds


def may_be_an_outage(error: TrioError) -> bool:
    """Return whether a refusal may come from something on the way: it names no code of the API."""
    return isinstance(error, APIStatusError) and error.code is None and not isinstance(error, _FINAL)
