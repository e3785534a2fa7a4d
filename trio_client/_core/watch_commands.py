"""What a watch asks its shell to do, and what came of it: the vocabulary of `watch_policy`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from ..errors import CreateOutcomeUnknownError, MaxJobsReachedError, TrioError
from ..events import Event, Failed, Stopped
from .endpoints import DEFAULT_DURATION_SECONDS

__all__ = [
    "Acquire",
    "AwaitSlot",
    "CheckSlot",
    "Close",
    "Closed",
    "Command",
    "Done",
    "Dropped",
    "Emit",
    "End",
    "Events",
    "Failure",
    "Granted",
    "JobEnded",
    "JobStarted",
    "KeepSlot",
    "LeaveUnresolved",
    "NotFound",
    "Outcome",
    "Poll",
    "Queued",
    "Raise",
    "Read",
    "ReleaseSlot",
    "Resolve",
    "RunningJob",
    "SlotLost",
    "SlotRefused",
    "Start",
    "Stop",
    "StopLost",
    "StopTried",
    "TimeSliceOver",
    "TimeUp",
    "Unreachable",
    "UnresolvedCreate",
    "Wait",
]

_FIRST_LOOKUP = 15.0
_LOOKUP_INTERVAL = 60.0


class RunningJob(Protocol):
    """What the policy may know of the job that runs."""

    @property
    def job_id(self) -> str | None:
        """Its id, once known."""
        ...

    @property
    def has_started(self) -> bool:
        """Whether its stream has said that it runs."""
        ...

    @property
    def is_polled(self) -> bool:
        """Whether it is followed by polling: its stream was dropped, or there was none."""
        ...

    @property
    def poll_failure(self) -> TrioError | None:
        """Why its latest poll failed; `None`: it was answered, or there was none."""
        ...

    @property
    def seen_alive(self) -> datetime | None:
        """When it was last known to run, by the server's clock."""
        ...

    @property
    def began(self) -> datetime | None:
        """When it began, by the server's clock; known only of a job that was found in the list."""
        ...


class UnresolvedCreate:
    """A create of which it is not known whether its job runs, or which job it is.

    Args:
        error: what says so.
        sent: when it was sent, by the watch's clock.
    """

    __slots__ = ("error", "next_lookup", "sent", "until")

    def __init__(self, error: CreateOutcomeUnknownError, sent: float) -> None:
        self.error = error
        self.sent = sent
        self.until = sent + _longest_run(error.request)
        """When its job cannot run any more."""
        self.next_lookup = sent + _FIRST_LOOKUP
        """When it is looked up again while another job runs."""

    def looked_up(self, now: float) -> None:
        """Note a lookup: the next comes 15 s, then 60 s after the create, then a minute after the last."""
        moments = (self.sent + _FIRST_LOOKUP, self.sent + _LOOKUP_INTERVAL, now + _LOOKUP_INTERVAL)
        self.next_lookup = next(moment for moment in moments if moment > now)

    def minutes(self, now: float) -> int:
        """Return the begun minutes that its job may have run."""
        return max(1, math.ceil((min(now, self.until) - self.sent) / 60.0))


def _longest_run(body: Mapping[str, Any]) -> float:
    """Return how many seconds a job runs at most, as far as its settings say."""
    windows = body.get("max_windows")
    digest = 60.0 * (body.get("window_minutes") or 10) * windows if windows else 0.0
    return max(float(DEFAULT_DURATION_SECONDS), digest, float(body.get("monitor_duration_seconds") or 0))


# Commands


@dataclass(frozen=True, slots=True)
class Acquire:
    """Ask for the lease of a job slot. Outcome: `Granted`, or `Queued` where others are first."""


@dataclass(frozen=True, slots=True)
class AwaitSlot:
    """Wait for the lease, until a time at most; a last attempt may be made at the deadline.

    Outcome: `Granted` or `TimeUp`.
    """

    until: float
    deadline: float = math.inf


@dataclass(frozen=True, slots=True)
class CheckSlot:
    """Ask the pool whether the lease of the job slot is still held. Outcome: `Granted` or `SlotLost`."""


@dataclass(frozen=True, slots=True)
class Start:
    """Create a job that runs at most `limit` seconds. Outcome: `JobStarted`, `SlotRefused`, `SlotLost` or `Failure`."""

    limit: float | None


@dataclass(frozen=True, slots=True)
class Resolve:
    """Look up the job of an unresolved create, and take it over. Outcome: `JobStarted`, `NotFound` or `Failure`."""

    create: UnresolvedCreate


@dataclass(frozen=True, slots=True)
class StopLost:
    """Look up the job of an unresolved create beside the running job, and stop it.

    Outcome: `StopTried` or `NotFound`.
    """

    create: UnresolvedCreate


@dataclass(frozen=True, slots=True)
class Read:
    """Read the job's next events, until a time at most.

    Outcome: `Events`, `JobEnded`, `Dropped`, `Unreachable`, `TimeUp` or `TimeSliceOver`.
    """

    until: float | None


@dataclass(frozen=True, slots=True)
class Poll:
    """Follow the job of a dropped stream by polling. Outcome: `Done`."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Cancel the job and confirm that; its stream stays open for the final messages. Outcome: `StopTried`."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close the job's stream; stop the job if it may still run, and report a leak. Outcome: `Done`."""

    error: TrioError | None = None


@dataclass(frozen=True, slots=True)
class LeaveUnresolved:
    """Close the stream of a job whose create is unresolved, and leave the job alone for now. Outcome: `Done`."""


@dataclass(frozen=True, slots=True)
class ReleaseSlot:
    """Return the lease of the job slot before its time. Outcome: `Done`."""


@dataclass(frozen=True, slots=True)
class KeepSlot:
    """Keep the lease although its time slice is over, since the job could not be stopped. Outcome: `Done`."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until a time; the lease is returned meanwhile unless a job runs. Outcome: `Done`."""

    until: float


@dataclass(frozen=True, slots=True)
class Emit:
    """Hand events to the reader. Outcome: `Done`."""

    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Raise:
    """Raise an error to the reader, who may go on. Outcome: `Done`."""

    error: TrioError


@dataclass(frozen=True, slots=True)
class End:
    """Nothing more is to come; the jobs of these creates are to be stopped. Outcome: `Closed`, or a late one."""

    unresolved: Sequence[UnresolvedCreate] = ()


Command: TypeAlias = (
    Acquire
    | AwaitSlot
    | CheckSlot
    | Start
    | Resolve
    | StopLost
    | Read
    | Poll
    | Stop
    | Close
    | LeaveUnresolved
    | ReleaseSlot
    | KeepSlot
    | Wait
    | Emit
    | Raise
    | End
)

# Outcomes


@dataclass(frozen=True, slots=True)
class Done:
    """The command was carried out."""


@dataclass(frozen=True, slots=True)
class Granted:
    """There is a lease; `waited`: that took waiting for a job slot, not only for other watches to start."""

    waited: bool = False


@dataclass(frozen=True, slots=True)
class Queued:
    """Others are first; `refusal`: what the account said last, if that matters."""

    refusal: MaxJobsReachedError | None = None


@dataclass(frozen=True, slots=True)
class JobStarted:
    """A job runs; `slot_delay`: seconds to keep it, as in `Dropped`, if it was found without its stream."""

    job: RunningJob
    slot_delay: float = 0.0


@dataclass(frozen=True, slots=True)
class SlotRefused:
    """The account has no free job slot; `AwaitSlot` is over when the next attempt makes sense."""

    error: MaxJobsReachedError


@dataclass(frozen=True, slots=True)
class SlotLost:
    """Another process has got the slot meanwhile."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A job could not be started or looked up; a `CreateOutcomeUnknownError` leaves that open."""

    error: TrioError


@dataclass(frozen=True, slots=True)
class NotFound:
    """The list has no job that fits the unresolved create."""


@dataclass(frozen=True, slots=True)
class Events:
    """The job goes on."""

    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class JobEnded:
    """The job ended, after these events."""

    events: Sequence[Event]
    end: Stopped | Failed


@dataclass(frozen=True, slots=True)
class Dropped:
    """The stream was disconnected; the job may still run.

    `slot_delay`: seconds to keep the job, since its slot could be lost by starting another; infinite: to its end.
    """

    error: TrioError
    slot_delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The job cannot be polled; it may still run."""

    error: TrioError


@dataclass(frozen=True, slots=True)
class StopTried:
    """The job was to be stopped; `confirmed`: it has certainly ended; `possible`: it may have been cancelled."""

    confirmed: bool
    possible: bool = True


@dataclass(frozen=True, slots=True)
class TimeUp:
    """The time given to `Read` or `AwaitSlot` is up."""


@dataclass(frozen=True, slots=True)
class TimeSliceOver:
    """The time slice is over, and other watches wait for the job slot; `lost`: another process has it already."""

    lost: bool = False


@dataclass(frozen=True, slots=True)
class Closed:
    """The watch was closed, possibly while a command is under way."""


Outcome: TypeAlias = (
    Done
    | Granted
    | Queued
    | JobStarted
    | SlotRefused
    | SlotLost
    | Failure
    | NotFound
    | Events
    | JobEnded
    | Dropped
    | Unreachable
    | StopTried
    | TimeUp
    | TimeSliceOver
    | Closed
)
