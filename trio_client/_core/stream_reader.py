"""Read the stream of a job that the client owns, and decide when it is silent and when it was dropped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..errors import APITimeoutError, TrioError
from ..events import Event
from ..sse import EventTooLargeError
from .event_reader import EventReader
from .history import JobHistory

__all__ = ["Drop", "StreamReader"]


@dataclass(frozen=True, slots=True)
class Drop:
    """Why a stream is read no further.

    Attributes:
        reason: in words.
        cause: the error behind it, if there is one.
    """

    reason: str
    cause: TrioError | None = None


class StreamReader:
    """Turn the pieces of one job's stream into events, until it drops.

    A silent stream is no dropped one where its job's id is known: polling the job shows whether that goes on. Comments
    are no sign of life of the job.

    Args:
        history: what the job has reported.
        idle_limit: how long an event, or the rest of one, may be awaited, in seconds.
        max_event_bytes: how large an event may be.
        clock: the time, in seconds.

    Attributes:
        drop: why the stream is read no further; `None`: it goes on.
        silence: the error of a stream that was silent for too long; who polls its job sets it to `None`.
    """

    __slots__ = ("_awaited_since", "_clock", "_events", "_history", "drop", "idle_limit", "silence")

    def __init__(
        self, history: JobHistory, *, idle_limit: float, max_event_bytes: int, clock: Callable[[], float]
    ) -> None:
        self.idle_limit: float = idle_limit
        self.drop: Drop | None = None
        self.silence: APITimeoutError | None = None
        self._history = history
        self._events = EventReader(history, max_event_bytes=max_event_bytes)
        self._clock = clock
        self._awaited_since: float | None = None  # `None`: an event has just arrived

    def read(self, chunk: bytes | None) -> list[Event]:
        """Return the events that a piece of the stream completes; `None` is the end of its bytes."""
        if chunk is None:
            self.drop = Drop("it ended before the job did")
            return []
        try:
            events = self._events.feed(chunk)
        except EventTooLargeError as error:
            self.drop = Drop(str(error))
            return self._events.accept(error.events)
        if events:
            self._awaited_since = None
        else:
            self._note_stall()
        return events

    def failed(self, error: TrioError) -> None:
        """Note how reading the next piece failed."""
        if isinstance(error, APITimeoutError) and error.phase == "idle" and self._history.job_id is not None:
            self.silence = error
        else:
            self.drop = Drop(str(error), error)

    @property
    def is_done(self) -> bool:
        """Whether there is nothing more to read: the job's end was reported, or the stream dropped."""
        return self._history.finished or self.drop is not None

    def _note_stall(self) -> None:
        """Note what it means that a piece brought no event."""
        if self._events.flooded:
            self.drop = Drop("more than 1 MiB of comments arrived without an event")
            return
        now = self._clock()
        if self._awaited_since is None:
            self._awaited_since = now
        if now - self._awaited_since <= self.idle_limit:
            return
        if self._events.unfinished or self._history.job_id is None:
            self.drop = Drop(f"an event did not arrive within {self.idle_limit:g} s")
            return
        self._awaited_since = None
        text = f"No event arrived within {self.idle_limit:g} s, only comments."
        self.silence = APITimeoutError(text, request_sent=True, phase="idle")
