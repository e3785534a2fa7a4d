"""Decide when a stream has brought no event for too long."""

from __future__ import annotations

from collections.abc import Callable

from .._times import show_duration

__all__ = ["Silence"]

_MAX_COMMENT_BYTES = 2**20  # no server that works sends more than that between two events
_MAX_SECONDS_TO_CATCH_UP = 1.0
_MOMENT = 0.02  # seconds, for what has come already


class Silence:
    """Measure how long a stream brings no event, and how many bytes of comments it brings meanwhile.

    Time counts only inside `with silence:`, in which the next piece of the stream is awaited. While the reader does
    something else, events wait unread.

    A comment may have come long before it is read, and an event may wait behind it: so once the limit is reached, the
    reader has a moment to catch up, of which a single long wait (the process was frozen) takes nothing.

    Args:
        limit: how long an event, or the rest of one, may be awaited, in seconds.
        clock: the time, in seconds.
    """

    __slots__ = ("_began", "_bytes", "_clock", "_left", "_to_catch_up", "limit")

    def __init__(self, limit: float, clock: Callable[[], float]) -> None:
        self.limit: float = limit
        self._clock = clock
        self._to_catch_up = min(_MAX_SECONDS_TO_CATCH_UP, limit / 4)
        self._left = limit + self._to_catch_up
        self._began = 0.0
        self._bytes = 0

    def __enter__(self) -> float:
        """Begin a wait, and return how many seconds it may last."""
        self._began = self._clock()
        return max(self._left, _MOMENT)

    def __exit__(self, *_: object) -> None:
        left = self._left - (self._clock() - self._began)
        self._left = max(left, self._to_catch_up) if self._left > self._to_catch_up else left

    def event_came(self) -> None:
        """Note that the stream brought an event."""
        self._bytes = 0
        self.begin_anew()

    def no_event_came(self, size: int) -> None:
        """Note that the stream brought this many bytes of comments."""
        self._bytes += size

    def begin_anew(self) -> None:
        """Measure the time from now on: the job of the silent stream was found to go on."""
        self._left = self.limit + self._to_catch_up

    @property
    def is_flooded(self) -> bool:
        """Whether more comments have come than any server sends that works."""
        return self._bytes > _MAX_COMMENT_BYTES

    @property
    def reason(self) -> str | None:
        """Why no event is awaited any longer; `None`: one is."""
        if self.is_flooded:
            return "more than 1 MiB of comments arrived without an event"
        return self._text if self._left <= 0 else None

    @property
    def timeout_reason(self) -> str | None:
        """Why no event is awaited any longer where a wait timed out; `None`: it was cut off for another reason."""
        return self._text if self._left <= self._to_catch_up else None

    @property
    def _text(self) -> str:
        return f"no event arrived within {show_duration(self.limit)}"
