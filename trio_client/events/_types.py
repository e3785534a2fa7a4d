"""The types of the one event vocabulary."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, cast

from .._json import as_object
from .._later import Later
from .._loading import loading
from .._redaction import presentable
from .._stats import JobStats, counters_of
from ..frames import Frame
from ._delivery import Delivery

if TYPE_CHECKING:
    import pydantic.json_schema
    import pydantic_core
else:
    pydantic, pydantic_core = Later("pydantic"), Later("pydantic_core")

__all__ = [
    "EVENT_TYPES",
    "CoverageGap",
    "Event",
    "Failed",
    "Progress",
    "Started",
    "StatusChanged",
    "Stopped",
    "Summary",
    "Triggered",
    "UnknownEvent",
]

_LONGEST_REPR = 900


class _Restored:
    """Holds the `dedup_key` of an event that `from_dict` made; in other events it is not set.

    It is no field, so that reading a stream, comparing events and matching patterns know nothing of it.
    """

    __slots__ = ("_dedup_key",)
    _dedup_key: str | None


@dataclass(slots=True, kw_only=True, repr=False)
class _BaseEvent(_Restored):
    """What every event has."""

    name: str = ""
    """The event's name as it was sent."""
    delivery: Delivery = "sse"
    """How it arrived: `sse`, `webhook` or `poll`."""
    job_id: str | None = None
    """The job it belongs to, where the payload says so."""
    stream_url: str | None = None
    """The stream it is about, where the payload says so; of an event of an owned stream, the one that it watches."""
    occurred_at: datetime | None = None
    """When it happened (aware, UTC), where the payload says so; of a polled trigger, when it was counted: at the
    latest then."""
    raw: Any = field(default=None)
    """The JSON as it was sent; text where it was not JSON; for a poll event, the job reply it came from."""

    @property
    def terminal(self) -> bool:
        """Whether the job has ended with this event."""
        return False

    @property
    def counters(self) -> JobStats:
        """The job's counters, wherever the payload has them; empty where it has none.

        Example:
            >>> from trio_client import events
            >>> event = events.from_payload({"type": "job_status", "details": {"checks_performed": 3}})
            >>> event.counters.checks_performed
            3
        """
        return counters_of({**as_object(self.raw), **_sent(getattr(self, "stats", None))})

    @property
    def dedup_key(self) -> str | None:
        """A text that is equal for redeliveries of one event over one channel, and different for different events.

        It is made from the payload, which must have a time (a start or an end of a job: a time or a job); of a polled
        trigger from its job and number; of a gap from its start, what is watched, and whether it has ended. `None`
        where nothing distinguishes two events: never take such an event for a duplicate.
        """
        try:
            return self._dedup_key  # restored by from_dict
        except AttributeError:
            content = self._identity()
        if content is None:
            return None
        content = json.dumps(content, sort_keys=True, ensure_ascii=True, default=str)
        identity = "\n".join((self.delivery, self.name.lower(), self.job_id or "", content))
        return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()

    def to_dict(self, *, frames: bool = False, raw: bool = False) -> dict[str, Any]:
        """Return the event as a dict that `json.dumps` can write and `trio_client.events.from_dict` reads back.

        Every field is there, `null` where it is not known: `kind`, `name`, `delivery`, `job_id`, `stream_url` and
        `occurred_at`, then the type's own fields, then `dedup_key`. Times are ISO 8601 in UTC with a `Z`. NaN and
        infinities are `null`. Credentials of cameras are not masked: the command line masks what it prints.

        Args:
            frames: whether pictures are included, as `data_base64`. Without, a picture is its `media_type` and `size`
                in bytes, and `null` within `raw`.
            raw: whether the key `raw` is included: the JSON as it was sent.

        Returns:
            A new dict, whose form the JSON Schema in the reference describes.

        Example:
            >>> from trio_client.events import from_payload
            >>> event = from_payload({"type": "job_stopped", "job_id": "a1", "timestamp": "2026-03-01T12:00:00Z"})
            >>> data = event.to_dict()
            >>> data["kind"], data["occurred_at"], data["stats"]
            ('stopped', '2026-03-01T12:00:00Z', None)
        """
        with loading():
            from ._json_form import write

        return write(cast("Any", self), frames=frames, raw=raw)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: pydantic.GetCoreSchemaHandler
    ) -> pydantic_core.CoreSchema:
        from ._pydantic import any_event_schema, event_schema

        return any_event_schema(EVENT_TYPES, handler) if cls is _BaseEvent else event_schema(cls)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: pydantic_core.CoreSchema, handler: pydantic.GetJsonSchemaHandler
    ) -> pydantic.json_schema.JsonSchemaValue:
        from ._pydantic import json_schema

        return handler(schema) if cls is _BaseEvent else json_schema(cls)

    def _identity(self) -> Any:
        """Return what distinguishes this event from others of its name and job; `None` if nothing does."""
        return None if self.occurred_at is None else _content(self)

    def _shown(self) -> Iterator[tuple[str, Any]]:
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None and each.name != "raw":
                yield each.name, presentable(value, each.name)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._shown())
        if len(shown) > _LONGEST_REPR:
            shown = shown[:_LONGEST_REPR] + "…"
        return f"{type(self).__name__}({shown})"

    def _repr_html_(self) -> str:
        from ._card import card

        return card(getattr(self, "kind", ""), {each.name: getattr(self, each.name) for each in fields(self)})


def _sent(stats: JobStats | None) -> dict[str, Any]:
    return {} if stats is None else {"stats": stats}


def _content(event: _BaseEvent) -> Any:
    """Return what an event says: the JSON it came from, in a list, since null is JSON too; without any, its fields."""
    if event.raw is not None:
        return [event.raw]
    return [None, {each.name: getattr(event, each.name) for each in fields(event)}]


def _once_a_job(event: _BaseEvent) -> Any:
    """Return the identity of an event that a job has once, so that its job distinguishes it from others."""
    return None if event.occurred_at is None and event.job_id is None else _content(event)


@dataclass(slots=True, kw_only=True, repr=False)
class Started(_BaseEvent):
    """The job runs."""

    kind: ClassVar[Literal["started"]] = "started"

    def _identity(self) -> Any:
        return _once_a_job(self)


@dataclass(slots=True, kw_only=True, repr=False)
class Progress(_BaseEvent):
    """A check or a capture was made and nothing was found."""

    kind: ClassVar[Literal["progress"]] = "progress"
    stats: JobStats | None = None
    """The job's counters so far."""
    frames_captured: int | None = None
    """Of a digest: frames captured of the current window."""
    frames_needed: int | None = None
    """Of a digest: frames that the window needs."""


@dataclass(slots=True, kw_only=True, repr=False)
class Triggered(_BaseEvent):
    """The condition held. It never ends a stream."""

    kind: ClassVar[Literal["triggered"]] = "triggered"
    explanation: str | None = None
    """What was seen, in words."""
    condition: str | None = None
    """The condition that held."""
    triggered: bool | None = None
    """The flag as sent."""
    frame: Frame | None = None
    """The picture, where one was sent."""
    latency_ms: int | float | None = None
    """How long the check took, in milliseconds."""
    number: int | None = None
    """Its place among the job's triggers, from 1, if a poll counted it; `None` for other deliveries."""

    def _identity(self) -> Any:
        if self.delivery == "poll":
            return None if self.job_id is None or self.number is None else [self.number]
        return None if self.occurred_at is None else _content(self)


@dataclass(slots=True, kw_only=True, repr=False)
class Summary(_BaseEvent):
    """One window of a digest."""

    kind: ClassVar[Literal["summary"]] = "summary"
    summary: str | None = None
    """What happened, in words."""
    frame_count: int | None = None
    """How many frames the window had."""
    window_minutes: int | None = None
    """How long the window was, in minutes."""
    grid: Frame | None = None
    """The window's frames in one picture, where they were asked for."""


@dataclass(slots=True, kw_only=True, repr=False)
class StatusChanged(_BaseEvent):
    """The job's status changed and the job goes on."""

    kind: ClassVar[Literal["status"]] = "status"
    status: str | None = None
    """The new status."""
    reason: str | None = None
    """Why, where that is known."""
    stats: JobStats | None = None
    """The job's counters so far."""


class _OfWatch(_BaseEvent):
    """Holds what a watch waits for, beside its stream: no field, since the target has it too."""

    __slots__ = ("_subject",)
    _subject: tuple[str | None, ...]


@dataclass(slots=True, kw_only=True, repr=False)
class CoverageGap(_OfWatch):
    """Nothing watched the stream for a while. Made by the client, never sent.

    A gap that has lasted five seconds is emitted while it is open, with `ended_at` None, and again when it ends.
    """

    kind: ClassVar[Literal["gap"]] = "gap"
    started_at: datetime | None = None
    """When the gap began (UTC)."""
    ended_at: datetime | None = None
    """When it ended (UTC); `None`: it has not ended yet."""
    reason: str | None = None
    """What caused it: `job_ended`, `time_slice`, `no_free_slot`, `stream_unavailable`, `connection_lost`,
    `create_unresolved` or `server_error`."""
    detail: str | None = None
    """The cause in words, such as the message of an error."""

    def _identity(self) -> Any:
        if self.started_at is None:
            return None
        subject: tuple[str | None, ...] = getattr(self, "_subject", ())
        return [self.started_at, self.stream_url, self.ended_at is not None, *subject]

    def _watched_for(self, *subject: str | None) -> None:
        """Note what the watch waits for, which distinguishes the gaps of two watches of one stream."""
        self._subject = subject


@dataclass(slots=True, kw_only=True, repr=False)
class Stopped(_BaseEvent):
    """The job ended without failure."""

    kind: ClassVar[Literal["stopped"]] = "stopped"
    reason: str | None = None
    """Why: `condition_triggered`, `max_triggers_reached`, `max_duration_reached`, `cancelled` or another."""
    status: str | None = None
    """The job's last status: `completed` or `stopped`."""
    stats: JobStats | None = None
    """The job's final counters."""

    def _identity(self) -> Any:
        return _once_a_job(self)

    @property
    def terminal(self) -> bool:
        """Always true."""
        return True


@dataclass(slots=True, kw_only=True, repr=False)
class Failed(_BaseEvent):
    """The job ended with a failure. It is yielded, not raised."""

    kind: ClassVar[Literal["failed"]] = "failed"
    code: str | None = None
    """The API's error code, such as `STREAM_OFFLINE`."""
    message: str | None = None
    """What went wrong, in words."""
    remediation: str | None = None
    """The server's advice."""
    stats: JobStats | None = None
    """The job's final counters, where they were sent."""
    recoverable: bool | None = None
    """What the payload says of it: true if the job goes on all the same."""

    def _identity(self) -> Any:
        return _once_a_job(self) if self.terminal else None if self.occurred_at is None else _content(self)

    @property
    def terminal(self) -> bool:
        """Whether the job has ended; false only where the payload says that it goes on."""
        return self.recoverable is not True


@dataclass(slots=True, kw_only=True, repr=False)
class UnknownEvent(_BaseEvent):
    """An event of a kind this version does not know; all of it is in `raw`."""

    kind: ClassVar[Literal["unknown"]] = "unknown"


EVENT_TYPES = (Started, Progress, Triggered, Summary, StatusChanged, CoverageGap, Stopped, Failed, UnknownEvent)

if TYPE_CHECKING:
    Event: TypeAlias = (
        Started | Progress | Triggered | Summary | StatusChanged | CoverageGap | Stopped | Failed | UnknownEvent
    )
else:
    Event = _BaseEvent  # a class, so that pydantic asks it for the schema of all nine, discriminated by `kind`
