"""Options that several commands share, and how their values are parsed."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from .._times import parse_duration
from ._exits import UsageError
from ._session import Session

__all__ = [
    "Cost",
    "InputMode",
    "JobStatus",
    "JobType",
    "Json",
    "SaveFrames",
    "StreamUrl",
    "TypeOfJobs",
    "count",
    "given",
    "port_number",
    "seconds",
    "session_of",
    "whole_seconds",
]

_LARGEST_PORT = 65535


class InputMode(str, Enum):
    """The input of a check."""

    frames = "frames"
    clip = "clip"
    hybrid = "hybrid"


class JobStatus(str, Enum):
    """The statuses to filter by."""

    pending = "pending"
    running = "running"
    stopped = "stopped"
    completed = "completed"
    failed = "failed"


class JobType(str, Enum):
    """The types of jobs."""

    monitor = "live-monitor"
    digest = "live-digest"


StreamUrl: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="STREAM_URL", help="Live stream: YouTube, Twitch, RTSP(S) or HLS (.m3u8).", show_default=False
    ),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")]
SaveFrames: TypeAlias = Annotated[
    Path | None,
    typer.Option("--save-frames", metavar="DIR", help="Save the pictures of events in this folder."),
]
TypeOfJobs: TypeAlias = Annotated[
    JobType | None,
    typer.Option("--type", metavar="TYPE", help="Only jobs of this type: live-monitor or live-digest."),
]
Cost: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--price-per-minute",
        metavar="USD",
        help="Your price per minute, if it differs from the published price.",
    ),
]


def session_of(context: typer.Context) -> Session:
    """Return the session that the commands of this run share."""
    session = context.obj
    assert isinstance(session, Session)
    return session


def given(**options: Any) -> dict[str, Any]:
    """Return the options that were given; the server has defaults for the others."""
    return {
        name: value.value if isinstance(value, Enum) else value for name, value in options.items() if value is not None
    }


def seconds(text: str | None, option: str) -> float | None:
    """Return a duration such as `90`, `90s`, `10m` or `1h30m` in seconds."""
    if text is None:
        return None
    text = str(text).strip()
    try:
        value = float(text)
    except ValueError:
        duration = parse_duration(text)
        value = -1.0 if duration is None else duration.total_seconds()
    if not 0 < value < float("inf"):
        raise UsageError(f"{option} is {text[:40]!r}; it must be a duration such as 90s, 10m or 1h30m.")
    return value


def whole_seconds(text: str | None, option: str) -> int | None:
    """Return a duration in seconds, which must be whole."""
    value = seconds(text, option)
    if value is not None and value != int(value):
        raise UsageError(f"{option} is {str(text)[:40]!r}; it must be a whole number of seconds.")
    return None if value is None else int(value)


def port_number(number: int, option: str) -> int:
    """Return a port that can be listened on; 0 takes a free one."""
    if not 0 <= number <= _LARGEST_PORT:
        raise UsageError(f"{option} is {number}; it must be from 0 to {_LARGEST_PORT}.")
    return number


def count(text: str | None, option: str) -> int | str | None:
    """Return a number; return `unlimited` and `None` as they are."""
    if text is None or text == "unlimited":
        return text
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"{option} is {str(text)[:40]!r}; it must be a whole number, or 'unlimited'.") from None
