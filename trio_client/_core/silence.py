"""How long a stream of events may be silent."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import APITimeoutError

__all__ = ["Silence"]


class Silence:
    """Measure how long an event has been awaited, against how long a stream may be silent. Comments count for nothing.

    Args:
        limit: how long it may be, in seconds.
        clock: the time, in seconds.
    """

    __slots__ = ("_clock", "limit", "since")

    def __init__(self, limit: float, clock: Callable[[], float]) -> None:
        self.limit: float = limit
        self.since: float | None = None
        """Since when an event, or the rest of one, is awaited; `None`: one has just arrived."""
        self._clock = clock

    def is_too_long(self) -> bool:
        """Return whether the next event has been awaited for too long: from the first call after an event on."""
        now = self._clock()
        if self.since is None:
            self.since = now
        return now - self.since > self.limit

    def error(self) -> APITimeoutError:
        """Return the error of a stream that sent only comments."""
        text = f"No event arrived within {self.limit:g} s, only comments."
        return APITimeoutError(text, request_sent=True, phase="idle")
