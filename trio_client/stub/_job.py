"""The life of a job: pending, running, then one terminal status. Decisions only; time is an argument."""

from __future__ import annotations

import math
import uuid
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, Literal

from ._scenes import Scene

__all__ = ["TERMINAL", "Delivery", "Job", "JobEvent", "JobStatus", "Surroundings", "delivery_mode"]

JobStatus = Literal["pending", "running", "stopped", "completed", "failed"]
Delivery = Literal["polling", "sse", "webhook"]
TERMINAL: frozenset[str] = frozenset({"stopped", "completed", "failed"})

# A stream must get every event even if its reader is slow; the others are only shown to a person.
_EVENTS_KEPT = 20_000
_EVENTS_SHOWN = 16


@dataclass(frozen=True)
class JobEvent:
    """One thing that happened to a job, under its SSE name."""

    name: str
    timestamp: str
    data: dict[str, Any]
    terminal: bool = False


@dataclass(frozen=True)
class Surroundings:
    """What a job needs from outside: the scene at a stream URL, and the time as text."""

    look: Callable[[str], Scene]
    timestamp: Callable[[], str]


def delivery_mode(request: dict[str, Any], accept: str) -> Delivery:
    """How a job's events are delivered: a webhook always beats SSE, and polling is what is left."""
    if request.get("webhook_url") is not None:
        return "webhook"
    types = (part.split(";", 1)[0].strip().lower() for part in accept.split(","))
    return "sse" if "text/event-stream" in types else "polling"


class Job(ABC):
    """A job that takes one step at each moment it is due. All times are stub-seconds."""

    job_type: ClassVar[Literal["live-monitor", "live-digest"]]
    defaults: ClassVar[dict[str, Any]]

    def __init__(
        self,
        request: dict[str, Any],
        *,
        created: float,
        created_at: str,
        delivery: Delivery,
        start_delay: float,
    ) -> None:
        self.job_id: str = str(uuid.uuid4())
        self.request = request
        self.config: dict[str, Any] = {**self.defaults, **request}
        self.stream_url: str = str(request["stream_url"])
        self.created = created
        self.created_at = created_at
        self.delivery: Delivery = delivery
        self.status: JobStatus = "pending"
        self.reason: str | None = None
        self.frozen: bool = False
        self.removed = False
        self.drops = 0
        self.events: deque[JobEvent] = deque(maxlen=_EVENTS_KEPT if delivery == "sse" else _EVENTS_SHOWN)
        self.events_made: int = 0
        self._start_delay = start_delay
        self._ended: float | None = None

    @property
    def active(self) -> bool:
        """Whether the job takes one of the account's job slots."""
        return self.status not in TERMINAL

    def due(self) -> float | None:
        """The moment of the next step, None when nothing more will happen by itself."""
        if self.frozen or not self.active:
            return None
        return self.created + (self._start_delay if self.status == "pending" else self._next_step())

    def step(self, around: Surroundings) -> None:
        """Do what is due next."""
        if self.status == "pending":
            self.status = "running"
            self._emit("started", {"status": "running", "stream_url": self.stream_url, **self._story()}, around)
            return
        self._work(around)

    def freeze(self, status: JobStatus) -> None:
        """Put the job into a status in which nothing more happens by itself."""
        self.status, self.frozen = status, True
        if status in TERMINAL:
            self._ended = 0.0
            self.reason = {"completed": "condition_triggered", "stopped": "max_duration_reached"}.get(status, "error")

    def cancel(self, now: float, around: Surroundings) -> bool:
        """End the job because its owner said so; False if it had ended before."""
        if not self.active:
            return False
        self._finish("stopped", "cancelled", now - self.created, around)
        return True

    def fail(self, now: float, around: Surroundings) -> bool:
        """End the job as if its stream had gone offline; False if it had ended before."""
        if not self.active:
            return False
        self._fail_offline(now - self.created, around)
        return True

    def longest(self) -> float | None:
        """How many stub-seconds the job runs at most; None: without limit."""
        return None

    def events_since(self, index: int) -> tuple[list[JobEvent], int]:
        """The events after the first `index` ones that are still kept, and the index to ask with next."""
        newest_first = list(islice(reversed(self.events), max(0, self.events_made - index)))
        return newest_first[::-1], self.events_made

    def forget_events(self) -> None:
        """Keep no more than the latest events: there is no way back into a stream that was left."""
        self.events = deque(self.events, maxlen=_EVENTS_SHOWN)

    def elapsed(self, now: float) -> int:
        """Whole stub-seconds from creation to the end, or to now."""
        seconds = self._ended if self._ended is not None else now - self.created
        return int(seconds + 1e-6)

    def minutes(self, now: float) -> int:
        """The begun minutes of stub time that the job ran, at least one."""
        return max(1, math.ceil(self.elapsed(now) / 60))

    def stats(self, now: float) -> dict[str, Any]:
        """The `stats` object of a job's details."""
        return {
            **self.counters(),
            "auto_stopped": self.status in ("stopped", "completed") and self.reason != "cancelled",
            "reason": self.reason,
            "elapsed_seconds": self.elapsed(now),
        }

    @abstractmethod
    def counters(self) -> dict[str, int]:
        """The counters of this type of job."""

    @abstractmethod
    def _next_step(self) -> float:
        """Job time of the next step while running."""

    @abstractmethod
    def _work(self, around: Surroundings) -> None:
        """Do the step that `_next_step` announced."""

    def _story(self) -> dict[str, Any]:
        """What the `started` event adds for this type of job."""
        return {}

    def _finish(self, status: JobStatus, reason: str, at: float, around: Surroundings) -> None:
        self.status, self.reason, self._ended = status, reason, at
        self._emit("stopped", {"status": status, **self.stats(self.created + at)}, around, terminal=True)

    def _fail_offline(self, at: float, around: Surroundings) -> None:
        self.status, self.reason, self._ended = "failed", "stream_offline", at
        trouble = {
            "code": "STREAM_OFFLINE",
            "message": "The stream went offline.",
            "remediation": "Wait until the stream is live again, then start a new job.",
        }
        self._emit("error", {"status": "failed", **trouble, **self.stats(self.created + at)}, around, terminal=True)

    def _emit(self, name: str, data: dict[str, Any], around: Surroundings, *, terminal: bool = False) -> None:
        timestamp = around.timestamp()
        self.events.append(
            JobEvent(name, timestamp, {"job_id": self.job_id, "timestamp": timestamp, **data}, terminal=terminal)
        )
        self.events_made += 1
