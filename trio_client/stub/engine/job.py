"""The life of a job: pending, running, then one terminal status. Decisions only; time is an argument."""

from __future__ import annotations

import math
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from .job_events import JobEvent, JobEvents
from .scene import Scene

__all__ = ["TERMINAL", "Delivery", "Job", "JobStart", "JobStatus", "JobType", "Surroundings", "delivery_mode"]

JobStatus = Literal["pending", "running", "stopped", "completed", "failed"]
JobType = Literal["live-monitor", "live-digest"]
Delivery = Literal["polling", "sse", "webhook"]
TERMINAL: frozenset[str] = frozenset({"stopped", "completed", "failed"})


@dataclass(frozen=True)
class Surroundings:
    """What a job needs from outside: the scene at a stream URL, and the time as text."""

    scene_at: Callable[[str], Scene]
    timestamp: Callable[[], str]


@dataclass(frozen=True)
class JobStart:
    """How a job starts: at `created` on the stub's clock (`created_at` as text), pending for `delay` stub-seconds."""

    created: float
    created_at: str
    delay: float
    delivery: Delivery


def delivery_mode(request: dict[str, Any], accept: str) -> Delivery:
    """How a job's events are delivered: a webhook takes precedence over SSE, and the default is polling."""
    if request.get("webhook_url") is not None:
        return "webhook"
    types = (part.split(";", 1)[0].strip().lower() for part in accept.split(","))
    return "sse" if "text/event-stream" in types else "polling"


class Job(ABC):
    """A job that takes one step each time it is due. All times are stub-seconds."""

    job_type: ClassVar[JobType]
    defaults: ClassVar[dict[str, Any]]

    def __init__(self, request: dict[str, Any], start: JobStart) -> None:
        self.job_id: str = str(uuid.uuid4())
        self.request = request
        self.config: dict[str, Any] = {**self.defaults, **request}
        self.start = start
        self.status: JobStatus = "pending"
        self.reason: str | None = None
        self.frozen: bool = False
        self.removed = False
        self.events: JobEvents = JobEvents(streamed=start.delivery == "sse")
        self._ended: float | None = None

    @property
    def stream_url(self) -> str:
        """The stream that the job watches."""
        return str(self.request["stream_url"])

    @property
    def created_at(self) -> str:
        """The real time of the create, in ISO 8601."""
        return self.start.created_at

    @property
    def delivery(self) -> Delivery:
        """How the events are delivered."""
        return self.start.delivery

    @property
    def active(self) -> bool:
        """Whether the job takes one of the account's job slots."""
        return self.status not in TERMINAL

    def due(self) -> float | None:
        """When the next step is due, None if the job changes no more by itself."""
        if self.frozen or not self.active:
            return None
        return self.start.created + (self.start.delay if self.status == "pending" else self._next_step())

    def step(self, around: Surroundings) -> None:
        """Do what is due next."""
        if self.status == "pending":
            self.status = "running"
            self._emit("started", {"status": "running", "stream_url": self.stream_url, **self._started()}, around)
            return
        self._work(around)

    def freeze(self, status: JobStatus) -> None:
        """Put the job into a status that it does not leave by itself."""
        self.status, self.frozen = status, True
        if status in TERMINAL:
            self._ended = 0.0
            self.reason = {"completed": "condition_triggered", "stopped": "max_duration_reached"}.get(status, "error")

    def cancel(self, now: float, around: Surroundings) -> bool:
        """End the job because its owner asked for it; False if it had ended before."""
        if not self.active:
            return False
        self._finish("stopped", "cancelled", now - self.start.created, around)
        return True

    def fail(self, now: float, around: Surroundings) -> bool:
        """End the job as if its stream had gone offline; False if it had ended before."""
        if not self.active:
            return False
        self._fail_offline(now - self.start.created, around)
        return True

    def longest(self) -> float | None:
        """How many stub-seconds the job runs at most; None: without limit."""
        return None

    def elapsed(self, now: float) -> int:
        """Whole stub-seconds from creation to the end, or to now."""
        seconds = self._ended if self._ended is not None else now - self.start.created
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

    def _started(self) -> dict[str, Any]:
        """What the `started` event adds for this type of job."""
        return {}

    def _finish(self, status: JobStatus, reason: str, at: float, around: Surroundings) -> None:
        self.status, self.reason, self._ended = status, reason, at
        self._emit("stopped", {"status": status, **self.stats(self.start.created + at)}, around, terminal=True)

    def _fail_offline(self, at: float, around: Surroundings) -> None:
        self.status, self.reason, self._ended = "failed", "stream_offline", at
        error = {
            "code": "STREAM_OFFLINE",
            "message": "The stream went offline.",
            "remediation": "Wait until the stream is live again, then start a new job.",
        }
        self._emit("error", {"status": "failed", **error, **self.stats(self.start.created + at)}, around, terminal=True)

    def _emit(self, name: str, data: dict[str, Any], around: Surroundings, *, terminal: bool = False) -> None:
        timestamp = around.timestamp()
        self.events.append(
            JobEvent(name, timestamp, {"job_id": self.job_id, "timestamp": timestamp, **data}, terminal=terminal)
        )
