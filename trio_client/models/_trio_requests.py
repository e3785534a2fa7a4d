# Generated from openapi/trio.yaml by `make models`. Do not edit.
# ruff: noqa: E501, RUF012

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from trio_client.models._base import RequestModel

JobStatus: TypeAlias = Literal["pending", "running", "stopped", "completed", "failed"]
"""
Job status. `pending`: created but not yet started; `running`: active checks in progress; `completed`:
condition matched and job completed, or all windows of a digest done; `stopped`: ended without failure
(cancelled or auto-stop); `failed`: ended due to runtime or stream failure.
"""


JobType: TypeAlias = Literal["live-monitor", "live-digest"]
"""What kind of job it is."""


InputMode: TypeAlias = Literal["frames", "clip", "hybrid"]
"""What each check analyzes: `frames` a single frame, `clip` a short video clip, `hybrid` frame and clip combined."""


StopReason: TypeAlias = Literal["condition_triggered", "max_triggers_reached", "max_duration_reached", "cancelled"]
"""Why a job ended. The documentation calls these the common ones; the list is open."""


class ValidateStreamRequest(RequestModel):
    """Request to check a stream."""

    stream_url: Annotated[str, Field(max_length=500, min_length=1)]
    """URL of the stream."""


class CheckOnceRequest(RequestModel):
    """Request to check a condition once."""

    stream_url: Annotated[str, Field(max_length=500, min_length=1)]
    """YouTube Live URL or RTSP stream."""

    condition: Annotated[str, Field(max_length=1000, min_length=1)]
    """Natural language condition to check."""

    include_frame: bool = False
    """Whether to return the analyzed frame."""

    input_mode: InputMode = "frames"
    """What each check analyzes."""

    clip_duration_seconds: Annotated[int, Field(ge=1, le=10)] = 3
    """Duration of the video clip in seconds (used when input_mode is `clip` or `hybrid`)."""


class AnalyzeFrameRequest(RequestModel):
    """Request to ask a question about one picture."""

    frame_b64: Annotated[str, Field(min_length=1)]
    """The picture: raw base64 of a JPEG, without a data-URI prefix."""

    question: Annotated[str, Field(max_length=1000, min_length=1)]
    """A yes/no or an open-ended question."""

    include_frame: bool = False
    """Whether to return the frame."""


class LiveMonitorRequest(RequestModel):
    """Request to start a live monitor job."""

    stream_url: Annotated[str, Field(max_length=500, min_length=1)]
    """YouTube Live URL or RTSP stream to monitor."""

    condition: Annotated[str, Field(max_length=1000, min_length=1)]
    """Natural language condition to watch for."""

    webhook_url: Annotated[str | None, Field(max_length=2083, min_length=1)] = None
    """Webhook URL for notifications."""

    interval_seconds: Annotated[int, Field(ge=5, le=300)] = 10
    """Polling interval in seconds."""

    input_mode: InputMode = "clip"
    """What each check analyzes."""

    clip_duration_seconds: Annotated[int, Field(ge=1, le=10)] = 3
    """Duration of the video clip in seconds (used when input_mode is `clip` or `hybrid`)."""

    monitor_duration_seconds: Annotated[int, Field(ge=5)] = 600
    """Maximum monitoring duration in seconds."""

    trigger_cooldown_seconds: Annotated[int, Field(ge=0, le=3600)] = 0
    """Minimum time in seconds between trigger alerts."""

    max_triggers: Annotated[int | None, Field(ge=1)] = 1
    """Maximum trigger alerts before auto-stop. Null means unlimited."""


class LiveDigestRequest(RequestModel):
    """Request to start a live digest job."""

    stream_url: Annotated[str, Field(max_length=500, min_length=1)]
    """YouTube Live URL or RTSP stream to summarize."""

    window_minutes: Annotated[int, Field(ge=1, le=60)] = 10
    """Length of one window in minutes."""

    capture_interval_seconds: Annotated[int, Field(ge=10, le=300)] = 60
    """Seconds between two captured frames."""

    webhook_url: Annotated[str | None, Field(max_length=2083, min_length=1)] = None
    """Webhook URL for notifications."""

    max_windows: Annotated[int | None, Field(ge=1)] = None
    """How many windows to summarize. Null means until the maximum duration."""

    include_frames: bool = False
    """Whether summary events carry a grid of the frames."""
