"""Read one job's event stream: bytes in, events out, and what to do when it breaks off."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from ..errors import StreamInterruptedError
from ..events import Event, Failed, Progress, StatusChanged, Stopped, Summary, Triggered, UnknownEvent
from ..events._normalise import from_wire
from ..sse import Decoder, RawEvent
from .polling import JobStory, work_done

__all__ = ["StreamReader", "idle_limit", "interrupted"]

_SHORTEST_IDLE = 60.0
_IDS_KEPT = 1000
_DEFAULT_INTERVALS = {"/live-monitor": 10.0, "/live-digest": 60.0}
_INTERVALS = {"/live-monitor": "interval_seconds", "/live-digest": "capture_interval_seconds"}


def idle_limit(path: str, body: Mapping[str, Any]) -> float:
    """Return how long a stream may be silent, in seconds: three of its intervals, a minute at the least."""
    interval = body.get(_INTERVALS[path]) or _DEFAULT_INTERVALS[path]
    return max(_SHORTEST_IDLE, 3.0 * interval)


def interrupted(job_id: str | None, reason: str) -> StreamInterruptedError:
    """Return the error that says that a stream broke off."""
    named, advice = f"job {job_id}", f"Follow it with client.jobs.events({job_id!r})."
    if job_id is None:
        named, advice = "a job whose id had not arrived", "Find it with client.jobs.list()."
    return StreamInterruptedError(
        f"The stream of {named} was dropped: {reason}. The job may still be running.", job_id=job_id, advice=advice
    )


class StreamReader:
    """Turn the bytes of one job's stream into events, and remember what they told.

    Nothing is read past a terminal event. An event that comes again, with its id and the same content, is left out.
    """

    __slots__ = ("_checks", "_decoder", "_seen", "_summaries", "_triggers", "finished", "job_id", "started")

    def __init__(self, *, max_event_bytes: int) -> None:
        self._decoder = Decoder(max_event_bytes=max_event_bytes)
        self._seen: OrderedDict[tuple[str, str, int], None] = OrderedDict()
        self.started = False
        self._triggers = 0
        self._checks = 0
        self._summaries = 0
        self.job_id: str | None = None
        self.finished = False

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events that a piece of the stream completes.

        Raises:
            EventTooLargeError: an event is over the limit; those before it are in the error's `events`.
        """
        return self.accept(self._decoder.feed(chunk))

    def accept(self, raw_events: list[RawEvent]) -> list[Event]:
        """Return the typed events, up to a terminal one."""
        events: list[Event] = []
        if self.finished:
            return events
        for raw in raw_events:
            if raw.has_id and self._is_repeated(raw):
                continue
            event = from_wire(raw.name, raw.data)
            self._note(event)
            events.append(event)
            if self.finished:
                break
        return events

    @property
    def unfinished(self) -> bool:
        """Whether a part of an event is there, and the rest is awaited."""
        return self._decoder.unfinished

    def story(self) -> JobStory:
        """Return the rest of the job's story, to be told by polling from where the stream broke off."""
        return JobStory(started=self.started, triggers_told=self._triggers, work_told=self._checks + self._summaries)

    def _is_repeated(self, raw: RawEvent) -> bool:
        key = (raw.id, raw.name, hash(raw.data))
        if key in self._seen:
            return True
        self._seen[key] = None
        if len(self._seen) > _IDS_KEPT:
            self._seen.popitem(last=False)
        return False

    def _note(self, event: Event) -> None:
        if event.job_id is None:
            event.job_id = self.job_id
        elif self.job_id is None:
            self.job_id = event.job_id
        if isinstance(event, Triggered):  # what comes in numbers, and never ends a stream
            self.started = True
            self._triggers += 1
            self._checks += 1
            return
        self.finished = event.terminal
        self.started = self.started or _tells_the_start(event)
        if isinstance(event, Summary):
            self._summaries += 1
        elif isinstance(event, (Progress, StatusChanged, Stopped, Failed)) and event.stats is not None:
            self._checks = max(self._checks, work_done(event.stats) - self._summaries)


def _tells_the_start(event: Event) -> bool:
    """Whether whoever saw this event knows that the job runs, or ran."""
    if isinstance(event, StatusChanged):
        return event.status != "pending"
    return not isinstance(event, UnknownEvent)
