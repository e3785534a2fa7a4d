# Generated from openapi/trio.yaml and trio.overlay.yaml by `make models`. Do not edit.
# ruff: noqa: E501, RUF012

from __future__ import annotations

from typing import Any

from trio_client._stats import JobStats
from trio_client.models._base import (
    FrameModel,
    InputMode,
    JobModel,
    JobStatus,
    JobType,
    Model,
    PageModel,
    StreamValidationModel,
)


class StreamValidation(StreamValidationModel):
    """What is known about a stream."""

    is_live: bool | None = None
    """Whether the stream is live now."""

    platform: str | None = None
    """Where it is hosted: `youtube`, `twitch`, `rtsp`; the list is open."""

    stream_id: str | None = None
    """The platform's own id of the stream."""

    title: str | None = None
    """Title of the stream."""

    channel: str | None = None
    """Who sends it."""

    thumbnail_url: str | None = None
    """URL of a preview picture."""

    viewer_count: int | None = None
    """How many watch it now."""

    parsed_url: str | None = None
    """URL for playback."""

    error_hint: str | None = None
    """Why it is not live."""

    valid: bool | None = None
    """The older name of `is_live`."""


class PreparedStream(Model):
    """The outcome of preparing a stream."""

    success: bool | None = None
    """Whether the stream is ready."""

    message: str | None = None
    """What happened and how long it took."""

    cached: bool | None = None
    """Whether it had been prepared before."""

    embed_url: str | None = None
    """URL to show the stream in a page."""

    embed_type: str | None = None
    """How to embed it: `iframe` or `video`; the list is open."""


class CheckResult(FrameModel):
    """The answer to one check."""

    triggered: bool
    """Whether the condition holds."""

    explanation: str | None = None
    """Why, in words."""

    latency_ms: int | float | None = None
    """Time taken, in milliseconds."""

    frame_b64: str | None = None
    """The analyzed frame: base64 of a JPEG, only if asked for."""


class FrameAnswer(FrameModel):
    """The answer to a question about a picture."""

    answer: str | None = None
    """The answer, in words."""

    triggered: bool | None = None
    """Yes or no; null for an open-ended question."""

    latency_ms: int | float | None = None
    """Time taken, in milliseconds."""

    frame_b64: str | None = None
    """The frame, only if asked for."""


class JobConfig(Model):
    """The settings a job was started with. Which keys there are depends on the job type."""

    condition: str | None = None
    """The condition of a monitor."""

    interval_seconds: int | None = None
    """Seconds between two checks."""

    webhook_url: str | None = None
    """Where events are delivered."""

    input_mode: InputMode | str | None = None
    """What each check analyzes: `frames`, `clip`, `hybrid`; others pass."""

    clip_duration_seconds: int | None = None
    """Duration of a clip in seconds."""

    monitor_duration_seconds: int | None = None
    """Maximum monitoring duration in seconds."""

    trigger_cooldown_seconds: int | None = None
    """Minimum time in seconds between trigger alerts."""

    max_triggers: int | None = None
    """Trigger alerts before auto-stop; null means unlimited."""

    window_minutes: int | None = None
    """Length of one window of a digest in minutes."""

    capture_interval_seconds: int | None = None
    """Seconds between two captured frames."""

    max_windows: int | None = None
    """How many windows to summarize."""

    include_frames: bool | None = None
    """Whether summary events carry a grid of the frames."""

    model: str | None = None
    """The model that analyzes the stream."""


class JobDetail(JobModel):
    """One job, with its settings and counters."""

    job_id: str
    """Unique identifier of the job."""

    status: JobStatus | str | None = None
    """Status: `pending`, `running`, `stopped`, `completed`, `failed`; others pass."""

    job_type: JobType | str | None = None
    """Type of job: `live-monitor` or `live-digest`. Documented as plain text."""

    created_at: str | None = None
    """ISO 8601 timestamp when the job was created."""

    stream_url: str | None = None
    """The stream URL being monitored."""

    config: JobConfig | None = None
    """The settings the job was started with."""

    stats: JobStats | None = None
    """Counters of the job; they change while it runs."""

    details: dict[str, Any] | None = None
    """Settings and counters in one object (job statistics guide)."""


class CancelledJob(JobModel):
    """The outcome of a cancel."""

    job_id: str
    """Unique identifier of the job."""

    status: JobStatus | str | None = None
    """Status: `pending`, `running`, `stopped`, `completed`, `failed`; others pass."""

    message: str | None = None
    """What happened."""

    final_stats: JobStats | None = None
    """Counters of the job; they change while it runs."""


class Job(JobModel):
    """Response containing job information."""

    job_id: str
    """Unique identifier of the job."""

    status: JobStatus | str | None = None
    """Status: `pending`, `running`, `stopped`, `completed`, `failed`; others pass."""

    created_at: str | None = None
    """ISO 8601 timestamp when the job was created."""

    stream_url: str | None = None
    """The stream URL being monitored."""

    job_type: JobType | str | None = None
    """Type of job: `live-monitor` or `live-digest`. Documented as plain text."""

    details: dict[str, Any] | None = None
    """Job statistics and metadata."""

    message: str | None = None
    """A note of the service."""

    config: JobConfig | None = None
    """The settings the job was started with."""

    stats: JobStats | None = None
    """Counters of the job; they change while it runs."""


class JobPage(PageModel):
    """One page of jobs."""

    jobs: list[Job]
    """The jobs of this page."""

    total: int | None = None
    """Total number of jobs matching the filters."""

    limit: int | None = None
    """Limit used for pagination."""

    offset: int | None = None
    """Offset used for pagination."""
