"""Read the stream of a job that the client owns, and decide when it is silent and when it was dropped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from .._redaction import shown
from ..errors import APITimeoutError, TrioError
from ..events import Event
from ..sse import EventTooLargeError
from .event_reader import EventReader
from .history import JobHistory
from .silence import Silence

__all__ = ["Drop", "Silent", "StreamReader"]


@dataclass(frozen=True, slots=True)
class Drop:
    """Why a stream is read no further.

    Attributes:
        reason: in words.
        cause: the error behind it, if there is one.
    """

    reason: str
    cause: TrioError | None = None


class Silent(Enum):
    """What to do with a silent stream, once its job was polled."""

    LISTEN = auto()
    """Listen on: nothing has happened, so the stream may be right."""
    POLL = auto()
    """Go on with the events of that poll: the job went on while its stream was silent."""
    DROP = auto()
    """Treat it as dropped."""


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
        silence: how long the stream brings no event; each wait for its next piece is made inside.
        drop: why the stream is read no further; `None`: it goes on.
        idle_error: the error of a stream that was silent for too long, until its job is about to be polled.
    """

    __slots__ = ("_events", "_history", "drop", "idle_error", "silence")

    def __init__(
        self, history: JobHistory, *, idle_limit: float, max_event_bytes: int, clock: Callable[[], float]
    ) -> None:
        self.silence: Silence = Silence(idle_limit, clock)
        self.drop: Drop | None = None
        self.idle_error: APITimeoutError | None = None
        self._history = history
        self._events = EventReader(history, self.silence, max_event_bytes=max_event_bytes, is_of_one_job=True)

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
        if self._events.foreign_end is not None:
            self.drop = Drop(f"it reported the end of another job, {shown(self._events.foreign_end.job_id)}")
        elif not events:
            self._note_stall()
        return events

    def failed(self, error: TrioError) -> None:
        """Note how reading the next piece failed."""
        if isinstance(error, APITimeoutError) and error.phase == "idle" and self._history.job_id is not None:
            self._begin_anew(error)
        else:
            self.drop = Drop(str(error), error)

    def poll_begins(self) -> APITimeoutError:
        """Return why the job of a silent stream is polled; where that fails, or is cut off, the stream is read on."""
        error, self.idle_error = self.idle_error, None
        assert error is not None
        return error

    def poll_ended(self, why: APITimeoutError, *, has_news: bool, is_alive: bool, may_follow: bool) -> Silent:
        """Return what to do with a silent stream, by what a poll of its job has shown.

        Args:
            why: why it was polled.
            has_news: whether the poll brought events.
            is_alive: whether the job was found to run.
            may_follow: whether a job whose stream is of no use is followed by polling.
        """
        if is_alive and not has_news:
            return Silent.LISTEN
        if has_news and may_follow:
            return Silent.POLL
        self.drop = Drop(str(why), why)
        return Silent.DROP

    @property
    def is_done(self) -> bool:
        """Whether there is nothing more to read: the job's end was reported, or the stream dropped."""
        return self._history.finished or self.drop is not None

    def _note_stall(self) -> None:
        """Note what it means that a piece brought no event."""
        reason = self.silence.reason
        if reason is None:
            return
        if self.silence.is_flooded or self._events.unfinished or self._history.job_id is None:
            self.drop = Drop(reason)
            return
        text = f"{reason[0].upper()}{reason[1:]}, only comments."
        self._begin_anew(APITimeoutError(text, request_sent=True, phase="idle"))

    def _begin_anew(self, error: APITimeoutError) -> None:
        self.idle_error = error
        self.silence.begin_anew()
