"""What a watch has seen so far. No I/O: the live view and the last line are made from it."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from .._stats import JobStats
from ..events import (
    CoverageGap,
    Event,
    Failed,
    Progress,
    Started,
    StatusChanged,
    Stopped,
    Summary,
    Triggered,
    UnknownEvent,
)
from ..frames import Frame
from ._text import iso

__all__ = ["Story", "event_data", "frame_of", "headline"]

_OWN_FIELDS: dict[type[Event], tuple[str, ...]] = {
    Progress: ("stats", "frames_captured", "frames_needed"),
    Triggered: ("explanation", "condition", "triggered", "latency_ms"),
    Summary: ("summary", "frame_count", "window_minutes"),
    StatusChanged: ("status", "reason", "stats"),
    CoverageGap: ("reason",),
    Stopped: ("reason", "status", "stats"),
    Failed: ("code", "message", "remediation", "stats"),
}
STYLES = {
    "triggered": "bold green",
    "summary": "bold cyan",
    "failed": "bold red",
    "gap": "magenta",
    "status": "magenta",
}


class Story:
    """Gather the events of one watch.

    Args:
        clock: what tells the seconds that pass.
        limit: seconds that one job may run; `None`: not known.
        price: US dollars for a begun minute; `None`: there is no published price.
        elapsed: seconds that the first job had run before it was followed.

    Attributes:
        status: the job's status, as far as it is known.
        job_id: the current job.
        checks: checks made, or frames captured, in all jobs.
        triggers: triggers, or summaries of a digest, in all jobs.
        last: what was said last, and when.
        jobs: how many jobs there were.
    """

    def __init__(
        self, *, clock: Callable[[], float], limit: float | None, price: float | None, elapsed: float = 0.0
    ) -> None:
        self._clock = clock
        self._head_start = elapsed
        self._price = price
        self.limit = limit
        self.status = "starting"
        self.job_id: str | None = None
        self.checks = 0
        self.triggers = 0
        self.last: tuple[datetime, str] | None = None
        self.jobs = 0
        self._checks_before = 0
        self._minutes_before = 0
        self._elapsed = 0.0  # as the server told it last
        self._since: float | None = None  # when it told it

    @property
    def elapsed(self) -> float:
        """Seconds that the current job has run."""
        return self._elapsed_at(self._clock())

    @property
    def cost_usd(self) -> float | None:
        """US dollars so far, by the published prices; `None`: no price is known."""
        if self._price is None:
            return None
        return round((self._minutes_before + self._minutes()) * self._price, 6)

    def take(self, event: Event) -> None:
        """Note an event."""
        job_id, now = event.job_id or self.job_id, self._clock()
        if isinstance(event, CoverageGap):
            return
        if self.jobs == 0 or job_id != self.job_id:
            self._begin(job_id, now)
        if isinstance(event, (Progress, StatusChanged, Stopped, Failed)):
            self._count(event.stats, now)
        if isinstance(event, Triggered):
            self.triggers += 1
            self.last = (event.occurred_at or datetime.now(timezone.utc), event.explanation or "")
        elif isinstance(event, Summary):
            self.triggers += 1
            self.last = (event.occurred_at or datetime.now(timezone.utc), event.summary or "")
            self._checks_before = self.checks = max(self.checks, self._checks_before + (event.frame_count or 0))
        elif isinstance(event, Progress) and event.frames_captured is not None:
            self.checks = max(self.checks, self._checks_before + event.frames_captured)
        self._note_status(event, now)

    def _elapsed_at(self, now: float) -> float:
        return self._elapsed + (0.0 if self._since is None else now - self._since)

    def _begin(self, job_id: str | None, now: float) -> None:
        self._minutes_before += self._minutes()
        self._checks_before = self.checks
        self.jobs += 1
        self.job_id = job_id
        self.status = "running"
        self._elapsed, self._since = (self._head_start if self.jobs == 1 else 0.0), now

    def _count(self, stats: JobStats | None, now: float) -> None:
        if stats is None:
            return
        if isinstance(stats.checks_performed, int):
            self.checks = max(self.checks, self._checks_before + stats.checks_performed)
        if isinstance(stats.elapsed_seconds, (int, float)) and math.isfinite(stats.elapsed_seconds):
            self._elapsed, self._since = float(stats.elapsed_seconds), now

    def _note_status(self, event: Event, now: float) -> None:
        if isinstance(event, Stopped):
            self.status = event.status or "stopped"
        elif isinstance(event, Failed):
            self.status = "failed"
        elif isinstance(event, StatusChanged) and event.status:
            self.status = event.status
        else:
            self.status = "running"
            return
        if self.status in ("stopped", "completed", "failed"):
            self._elapsed, self._since = self._elapsed_at(now), None

    def _minutes(self) -> int:
        return max(1, math.ceil(self.elapsed / 60.0)) if self.jobs else 0


def frame_of(event: Event) -> Frame | None:
    """Return the picture of an event, if it has one."""
    if isinstance(event, Triggered):
        return event.frame
    return event.grid if isinstance(event, Summary) else None


def headline(event: Event) -> str:
    """Return what an event says, in words."""
    match event:
        case Started(job_id=job_id, stream_url=url):
            return f"job {job_id or '(not named)'}" + (f" on {url}" if url else "")
        case Triggered(explanation=why, delivery=delivery):
            return why or ("it was counted; polling tells no explanation" if delivery == "poll" else "")
        case Summary(summary=text):
            return text or ""
        case Progress(stats=stats, frames_captured=captured, frames_needed=needed):
            if captured is not None:
                return f"{captured} of {needed} frames" if needed else f"{captured} frames"
            return f"{stats.checks_performed} checks" if stats and stats.checks_performed is not None else ""
        case StatusChanged(status=status, reason=reason) | Stopped(status=status, reason=reason):
            if status in (None, event.kind):
                return reason or ""
            return f"{status} ({reason})" if reason else str(status)
        case Failed(code=code, message=message, remediation=advice):
            return " ".join(part for part in (code and f"{code}:", message, advice) if part)
        case CoverageGap(started_at=since, ended_at=until, reason=reason):
            seconds = (until - since).total_seconds() if since and until else 0.0
            return f"nobody watched for {seconds:.{0 if seconds >= 10 else 1}f} s ({reason or 'not known why'})"
        case _:
            return event.name


def event_data(event: Event, *, frame: str | None = None) -> dict[str, Any]:
    """Return an event as JSON, without its picture.

    Args:
        event: the event.
        frame: where its picture was saved.
    """
    data: dict[str, Any] = {
        "kind": event.kind,
        "name": event.name,
        "delivery": event.delivery,
        "job_id": event.job_id,
        "stream_url": event.stream_url,
        "occurred_at": iso(event.occurred_at) or None,
    }
    for name in _OWN_FIELDS.get(type(event), ()):
        data[name] = getattr(event, name)
    if isinstance(event, CoverageGap):
        data |= {"started_at": iso(event.started_at) or None, "ended_at": iso(event.ended_at) or None}
    if isinstance(event, UnknownEvent):
        data["raw"] = event.raw
    if frame_of(event) is not None:
        data["frame_path"] = frame
    return data
