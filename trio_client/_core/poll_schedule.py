"""Decide when a job is polled next."""

from __future__ import annotations

from math import inf

__all__ = ["PollSchedule"]


class PollSchedule:
    """Poll at once, then an interval after the caller asks for more.

    Args:
        interval: seconds between a poll and the next.
    """

    __slots__ = ("_due", "_interval")

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._due: float | None = -inf  # None: polled, and nothing waits for the next poll yet

    def pause(self, now: float) -> float:
        """Return how many seconds to wait before polling; at most 0: poll now.

        A wait that was cut off goes on where it is asked for again, and ends when it would have ended.
        """
        if self._due is None:
            self._due = now + self._interval
            return self._interval
        return self._due - now

    def polled(self) -> None:
        """Note that the job was polled, whatever the reply."""
        self._due = None
