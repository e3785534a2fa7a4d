"""Read one job's event stream: bytes in, events out, noted in the job's history."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from .._job_context import JobContext
from .._redaction import shown
from ..errors import StreamInterruptedError
from ..events import Event
from ..events._normalise import from_wire
from ..sse import Decoder, RawEvent, held_bytes
from .call import same_job
from .history import JobHistory
from .silence import Silence

__all__ = ["EventReader", "idle_limit", "stream_dropped"]

_MIN_IDLE_LIMIT = 60.0
_MAX_IDS_KEPT = 1000
_DEFAULT_INTERVALS = {"/live-monitor": 10.0, "/live-digest": 60.0}
_INTERVALS = {"/live-monitor": "interval_seconds", "/live-digest": "capture_interval_seconds"}


def idle_limit(path: str, body: Mapping[str, Any]) -> float:
    """Return how long a stream may be silent, in seconds: three of its intervals, at least a minute."""
    interval = body.get(_INTERVALS[path]) or _DEFAULT_INTERVALS[path]
    return max(_MIN_IDLE_LIMIT, 3.0 * interval)


def stream_dropped(job_id: str | None, reason: str, context: JobContext) -> StreamInterruptedError:
    """Return the error for a stream that was dropped before its job ended."""
    named, advice = f"job {shown(job_id)}", f"Follow it with client.jobs.events({shown(job_id)!r})."
    if job_id is None:
        named, advice = "a job whose id had not arrived", "Find it with client.jobs.list()."
    text = context.named_in(f"The stream of {named} was dropped: {reason}. The job may still be running.")
    return StreamInterruptedError(text, job_id=job_id, advice=advice)


class EventReader:
    """Turn the bytes of one job's stream into events, and note them in the job's history.

    Nothing is read past a terminal event. An event that comes again, with its id and the same content, is left out.

    Args:
        history: what the job has reported.
        silence: how long the stream brings no event.
        max_event_bytes: how large an event may be.
        is_of_one_job: whether the stream is that of one job, so that the end of another is not its end.

    Attributes:
        foreign_end: the end of another job, which the stream of this one brought; nothing is read past it.
    """

    __slots__ = ("_decoder", "_history", "_is_of_one_job", "_seen", "_silence", "foreign_end")

    def __init__(
        self, history: JobHistory, silence: Silence, *, max_event_bytes: int, is_of_one_job: bool = False
    ) -> None:
        self.foreign_end: Event | None = None
        self._is_of_one_job = is_of_one_job
        self._decoder = Decoder(max_event_bytes=max_event_bytes)
        self._history = history
        self._silence = silence
        self._seen: OrderedDict[tuple[str, str, int], None] = OrderedDict()

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events that a piece of the stream completes.

        Raises:
            EventTooLargeError: an event is over the limit; those before it are in the error's `events`.
        """
        held = held_bytes(self._decoder)
        found = self._decoder.feed(chunk)
        if found:
            self._silence.event_came()
        else:
            self._silence.no_event_came(len(chunk) + held - held_bytes(self._decoder))
        return self.accept(found)

    def accept(self, raw_events: list[RawEvent]) -> list[Event]:
        """Return the typed events, up to a terminal one."""
        events: list[Event] = []
        history = self._history
        for raw in raw_events:
            if history.finished or self.foreign_end is not None:
                break
            if raw.has_id and raw.id and self._is_repeated(raw):  # an empty id is none
                continue
            event = from_wire(raw.name, raw.data)
            if event.terminal and self._is_of_one_job and self._is_of_another_job(event):
                self.foreign_end = event
                break
            history.note(event, in_order=True)
            events.append(event)
        return events

    @property
    def unfinished(self) -> bool:
        """Whether part of an event has arrived, and the rest is awaited."""
        return self._decoder.unfinished

    def _is_of_another_job(self, event: Event) -> bool:
        own = self._history.job_id
        return own is not None and event.job_id is not None and not same_job(event.job_id, own)

    def _is_repeated(self, raw: RawEvent) -> bool:
        key = (raw.id, raw.name, hash(raw.data))
        if key in self._seen:
            return True
        self._seen[key] = None
        if len(self._seen) > _MAX_IDS_KEPT:
            self._seen.popitem(last=False)
        return False
