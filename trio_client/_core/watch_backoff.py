"""Which failures a watch retries, and after which pause."""

from __future__ import annotations

import random
from collections.abc import Callable

from ..errors import (
    APIConnectionError,
    APIStatusError,
    CreateOutcomeUnknownError,
    RateLimitError,
    ServerError,
    StreamInterruptedError,
    StreamUnavailableError,
    TrioError,
)
from ..events import Failed, Stopped
from .polling import may_be_an_outage
from .retry.failure import is_worth_repeating

__all__ = ["WatchBackoff"]

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_STEADY_AFTER = 60.0  # a job that ran this long ends a series of failures
_USED_UP = frozenset({"max_duration_reached", "max_triggers_reached", "condition_triggered"})


class WatchBackoff:
    """Count the failures of one watch in a row, and return increasing pauses between attempts."""

    def __init__(self, *, rand: Callable[[], float] = random.random) -> None:
        self._rand = rand
        self._failures = 0

    def after_end(self, end: Stopped | Failed, ran: float) -> float:
        """Return the pause before the job after one that ended, in seconds."""
        if ran >= _STEADY_AFTER:
            self._failures = 0
        if isinstance(end, Stopped) and (end.reason in _USED_UP or end.status == "completed" or ran >= _STEADY_AFTER):
            self._failures = 0
            return 0.0
        return self.next_pause()

    def after_error(self, error: TrioError, ran: float) -> float | None:
        """Return the pause before the next attempt to start a job, in seconds; `None`: the error is to be raised.

        Args:
            error: why the job was abandoned, or could not be started.
            ran: how many seconds the job ran before.
        """
        if not _is_retried(error):
            return None
        if ran >= _STEADY_AFTER:
            self._failures = 0
        return self.next_pause()

    def while_unreachable(self, error: TrioError) -> float | None:
        """Return the pause before the running job is polled again, in seconds; `None`: it has to be stopped.

        A job that only cannot be polled goes on watching; a second one beside it would be billed as well.
        """
        cause = error.__cause__
        if not isinstance(error, StreamInterruptedError) or not isinstance(cause, TrioError):
            return None
        return self.next_pause() if _is_retried(cause) or may_be_an_outage(cause) else None

    def next_pause(self) -> float:
        """Return the next pause of a series, in seconds."""
        bound = min(_FIRST_PAUSE * 2.0 ** min(self._failures, 30), _LONGEST_PAUSE)
        self._failures += 1
        return bound * (0.5 + self._rand() / 2)


def _is_retried(error: TrioError) -> bool:
    if isinstance(error, APIConnectionError):
        return not error.permanent
    retried = CreateOutcomeUnknownError, RateLimitError, ServerError, StreamInterruptedError, StreamUnavailableError
    if isinstance(error, retried):
        return True
    return isinstance(error, APIStatusError) and is_worth_repeating(error)
