"""Events as text for people and as JSON for programs."""

from __future__ import annotations

from typing import Any

from .._redaction import mask
from .._times import show_duration
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
from ._text import finite, plural

__all__ = ["STYLES", "event_data", "frame_of", "headline"]

STYLES = {
    "triggered": "bold green",
    "summary": "bold cyan",
    "failed": "bold red",
    "gap": "magenta",
    "status": "magenta",
}


def frame_of(event: Event) -> Frame | None:
    """Return the picture of an event, if it has one."""
    if isinstance(event, Triggered):
        return event.frame
    return event.grid if isinstance(event, Summary) else None


def headline(event: Event) -> str:
    """Return what an event says, as one line for people."""
    match event:
        case Started(job_id=job_id, stream_url=url):
            return f"job {job_id or '(id not known)'}" + (f" on {mask(url, is_url=True)}" if url else "")
        case Triggered(explanation=why, delivery=delivery):
            return why or ("no explanation: the stream was polled" if delivery == "poll" else "")
        case Summary(summary=text):
            return text or ""
        case Progress(stats=stats, frames_captured=captured, frames_needed=needed):
            captured, needed, checks = (
                finite(captured),
                finite(needed),
                finite(stats.checks_performed if stats else None),
            )
            if captured is not None:
                return f"{captured} of {plural(needed, 'frame')}" if needed else plural(captured, "frame")
            return "" if checks is None else plural(checks, "check")
        case StatusChanged(status=status, reason=reason) | Stopped(status=status, reason=reason):
            if status in (None, event.kind):
                return reason or ""
            return f"{status} ({reason})" if reason else str(status)
        case Failed(code=code, message=message, remediation=advice):
            return " ".join(part for part in (code and f"{code}:", message, advice) if part)
        case CoverageGap():
            return _gap_line(event)
        case _:
            return event.name


def is_short_gap(event: Event) -> bool:
    """Return whether an event reports a gap of less than a second, which is not worth a line."""
    if not isinstance(event, CoverageGap) or event.started_at is None or event.ended_at is None:
        return False
    return (event.ended_at - event.started_at).total_seconds() < 1.0


def _gap_line(gap: CoverageGap) -> str:
    cause = ": ".join(part for part in ((gap.reason or "reason not known").replace("_", " "), gap.detail) if part)
    if gap.started_at is not None and gap.ended_at is None:
        return f"not watched at the moment ({cause})"
    seconds = (gap.ended_at - gap.started_at).total_seconds() if gap.started_at and gap.ended_at else 0.0
    return f"not watched for {show_duration(seconds)} ({cause})"


def event_data(event: Event, *, frame: str | None = None) -> dict[str, Any]:
    """Return an event as JSON, without its picture: `to_dict`, and of an unknown event `raw` too.

    Args:
        event: the event.
        frame: the file that its picture was saved in.
    """
    data = event.to_dict(raw=isinstance(event, UnknownEvent))
    if frame_of(event) is not None:
        data["frame_path"] = frame
    return data
