# Generated from openapi/trio.yaml by `make models`. Do not edit.
# ruff: noqa: E501, RUF012

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from trio_client.models._base import StrictModel

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


class StreamValidation(StrictModel):
    """What is known about a stream."""

    is_live: bool
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


class PreparedStream(StrictModel):
    """The outcome of preparing a stream."""

    success: bool
    """Whether the stream is ready."""

    message: str = ""
    """What happened and how long it took."""

    cached: bool = False
    """Whether it had been prepared before."""

    embed_url: str = ""
    """URL to show the stream in a page."""

    embed_type: str = ""
    """How to embed it: `iframe` or `video`; the list is open."""


class CheckResult(StrictModel):
    """The answer to one check."""

    triggered: bool
    """Whether the condition holds."""

    explanation: str
    """Why, in words."""

    latency_ms: int = 0
    """Time taken, in milliseconds."""

    frame_b64: str | None = None
    """The analyzed frame: base64 of a JPEG, only if asked for."""


class FrameAnswer(StrictModel):
    """The answer to a question about a picture."""

    answer: str
    """The answer, in words."""

    triggered: bool | None = None
    """Yes or no; null for an open-ended question."""

    latency_ms: int = 0
    """Time taken, in milliseconds."""

    frame_b64: str | None = None
    """The frame, only if asked for."""


class Job(StrictModel):
    """Response containing job information."""

    job_id: Annotated[str, Field(pattern="^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
    """Unique identifier of the job."""

    status: JobStatus
    created_at: str
    """ISO 8601 timestamp when the job was created."""

    stream_url: str
    """The stream URL being monitored."""

    job_type: str
    """Type of job: `live-monitor` or `live-digest`. Documented as plain text."""

    details: dict[str, Any] = {}
    """Job statistics and metadata."""

    message: str | None = None
    """A note of the service."""


class JobConfig(StrictModel):
    """The settings a job was started with. Which keys there are depends on the job type."""

    condition: str = ""
    """The condition of a monitor."""

    interval_seconds: int = 0
    """Seconds between two checks."""

    webhook_url: str | None = None
    """Where events are delivered."""

    input_mode: InputMode = "frames"
    clip_duration_seconds: int = 0
    """Duration of a clip in seconds."""

    monitor_duration_seconds: int = 0
    """Maximum monitoring duration in seconds."""

    trigger_cooldown_seconds: int = 0
    """Minimum time in seconds between trigger alerts."""

    max_triggers: int | None = None
    """Trigger alerts before auto-stop; null means unlimited."""

    window_minutes: int = 0
    """Length of one window of a digest in minutes."""

    capture_interval_seconds: int = 0
    """Seconds between two captured frames."""

    max_windows: int | None = None
    """How many windows to summarize."""

    include_frames: bool = False
    """Whether summary events carry a grid of the frames."""

    model: str = ""
    """The model that analyzes the stream."""


class JobStats(StrictModel):
    """Counters of a job; they change while it runs. Any may be missing, and others may come."""

    checks_performed: int = 0
    """Checks done."""

    triggers_fired: int = 0
    """Triggers sent."""

    frames_skipped: int = 0
    """Frames not analyzed."""

    summaries_generated: int = 0
    """Windows summarized."""

    auto_stopped: bool = False
    """Whether a limit ended the job."""

    reason: StopReason | str | None = None
    """Why the job ended; null while it runs."""

    elapsed_seconds: float | None = None
    """Seconds the job ran; null while it runs."""


class JobDetail(StrictModel):
    """One job, with its settings and counters."""

    job_id: Annotated[str, Field(pattern="^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
    """Unique identifier of the job."""

    status: JobStatus
    job_type: str
    """Type of job: `live-monitor` or `live-digest`. Documented as plain text."""

    created_at: str
    """ISO 8601 timestamp when the job was created."""

    stream_url: str
    """The stream URL being monitored."""

    config: JobConfig = JobConfig.model_construct()
    stats: JobStats = JobStats.model_construct()
    details: dict[str, Any] = {}
    """Settings and counters in one object (job statistics guide)."""


class JobPage(StrictModel):
    """One page of jobs."""

    jobs: list[Job]
    """The jobs of this page."""

    total: int = 0
    """Total number of jobs matching the filters."""

    limit: int = 0
    """Limit used for pagination."""

    offset: int = 0
    """Offset used for pagination."""


class CancelledJob(StrictModel):
    """The outcome of a cancel."""

    job_id: Annotated[str, Field(pattern="^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
    """Unique identifier of the job."""

    status: JobStatus
    message: str
    """What happened."""

    final_stats: JobStats = JobStats.model_construct()


class ErrorDetail(StrictModel):
    """What went wrong and what to do."""

    code: str
    """Name of the error, such as `NOT_LIVESTREAM`; the list is open."""

    message: str
    """What went wrong."""

    remediation: str | None = None
    """What to do about it."""


class ErrorEnvelope(StrictModel):
    """The body of an error reply (errors page)."""

    error: ErrorDetail


class ValidationErrorDetail(StrictModel):
    """One broken rule, in the manner of FastAPI."""

    loc: list[str | int]
    """Path to the value, such as `["body", "interval_seconds"]`."""

    msg: str
    """What is wrong with the value."""

    type: str
    """Name of the broken rule."""


class StartedEvent(StrictModel):
    """
    Data of the SSE event `started`: the job runs. Only its name is documented; `job_id` is there "when provided"
    (SSE streaming guide).
    """

    job_id: str = ""
    """Identifier of the job; may be missing."""

    stream_url: str = ""
    """URL of the stream."""


class ProgressEvent(StrictModel):
    """
    Data of the SSE event `progress`: a check or a capture. The fields of a digest are documented on an early
    Live Digest page, those of a monitor nowhere.
    """

    job_id: str = ""
    """Identifier of the job; may be missing."""

    frames_captured: int = 0
    """Frames captured in this window of a digest."""

    frames_needed: int = 0
    """Frames a window of the digest needs."""

    checks_performed: int = 0
    """Checks of a monitor so far."""

    triggers_fired: int = 0
    """Triggers of a monitor so far."""


class TriggeredEvent(StrictModel):
    """
    Data of the SSE event `triggered`: the condition held. Not terminal. Only its name is documented; the fields
    are those of a check.
    """

    job_id: str = ""
    """Identifier of the job; may be missing."""

    triggered: bool = False
    """Always true; may be missing."""

    condition: str = ""
    """The condition that held."""

    explanation: str = ""
    """Why, in words."""

    latency_ms: int = 0
    """Time taken, in milliseconds."""

    frame_b64: str | None = None
    """The analyzed frame: base64 of a JPEG."""


class SummaryEvent(StrictModel):
    """Data of the SSE event `summary`: one window of a digest (early Live Digest page, digest guide)."""

    job_id: str = ""
    """Identifier of the job; may be missing."""

    summary: str = ""
    """What happened in the window."""

    frame_count: int = 0
    """Frames the summary is made from."""

    window_minutes: int = 0
    """Length of the window in minutes."""

    grid_b64: str | None = None
    """The frames in a grid: base64, only with include_frames."""


class StoppedEvent(StrictModel):
    """
    Data of the SSE event `stopped`: the end, without failure. Terminal. The fields are those of an early Live
    Digest page and the counters of a job.
    """

    job_id: str = ""
    """Identifier of the job; may be missing."""

    reason: StopReason | str | None = None
    """Why the job ended."""

    checks_performed: int = 0
    """Checks done."""

    triggers_fired: int = 0
    """Triggers sent."""

    summaries_generated: int = 0
    """Windows summarized."""


class ErrorEvent(StrictModel):
    """
    Data of the SSE event `error`: the end, with failure. Terminal. Only its name is documented; the fields are
    either flat or in the envelope of an error reply.
    """

    job_id: str = ""
    """Identifier of the job; may be missing."""

    code: str = ""
    """Name of the error."""

    message: str = ""
    """What went wrong."""

    error: ErrorDetail = ErrorDetail.model_construct()


class JobStartedWebhookData(StrictModel):
    job_id: str | None = None
    """Identifier of the job."""

    status: str | None = None
    """Status of the job."""


class JobStartedWebhook(StrictModel):
    """
    A job began. Only the type name is documented, with the advice to log `type`, `timestamp` and `job_id` if
    present; the shape is that of the other lifecycle webhooks.
    """

    type: Literal["job_started"]
    """Name of the event."""

    timestamp: str = ""
    """ISO 8601 timestamp of the event."""

    job_id: str = ""
    """Identifier of the job; may be here, in `data` or missing."""

    source_url: str = ""
    """URL of the stream."""

    data: JobStartedWebhookData = JobStartedWebhookData.model_construct()


class WatchTriggeredWebhookData(StrictModel):
    job_id: str | None = None
    """Identifier of the job."""

    condition: str | None = None
    """The condition that held."""

    triggered: bool | None = None
    """Always true."""

    explanation: str | None = None
    """Why, in words."""

    frame_b64: str | None = None
    """The analyzed frame: base64 of a JPEG."""


class WatchTriggeredWebhook(StrictModel):
    """
    The condition of a monitor held. The shape is that of an early webhooks guide, which users of the service
    report unchanged under the present type name. There is often no job_id.
    """

    type: Literal["watch_triggered"]
    """Name of the event."""

    timestamp: str = ""
    """ISO 8601 timestamp of the event."""

    job_id: str = ""
    """Identifier of the job; may be here, in `data` or missing."""

    source_url: str = ""
    """URL of the stream."""

    data: WatchTriggeredWebhookData = WatchTriggeredWebhookData.model_construct()


class SummaryGeneratedWebhook(StrictModel):
    """
    One window of a digest is summarized. Only the type name is documented; the fields in `data` are those of the
    SSE event `summary`.
    """

    type: Literal["summary_generated"]
    """Name of the event."""

    timestamp: str = ""
    """ISO 8601 timestamp of the event."""

    job_id: str = ""
    """Identifier of the job; may be here, in `data` or missing."""

    source_url: str = ""
    """URL of the stream."""

    data: SummaryEvent = SummaryEvent.model_construct()


class JobStoppedWebhookData(StrictModel):
    job_id: str | None = None
    """Identifier of the job."""

    status: str | None = None
    """Status of the job."""

    reason: str | None = None
    """Why the job ended."""

    checks_performed: int | None = None
    """Checks done."""

    triggers_fired: int | None = None
    """Triggers sent."""


class JobStoppedWebhook(StrictModel):
    """A job ended. Only the type name is documented; the shape is what users of the service report."""

    type: Literal["job_stopped"]
    """Name of the event."""

    timestamp: str = ""
    """ISO 8601 timestamp of the event."""

    job_id: str = ""
    """Identifier of the job; may be here, in `data` or missing."""

    source_url: str = ""
    """URL of the stream."""

    data: JobStoppedWebhookData = JobStoppedWebhookData.model_construct()


class ErrorWebhook(StrictModel):
    """
    The stream or the provider failed. Only the type name is documented; users of the service report `job_id` in
    `data`.
    """

    type: Literal["error"]
    """Name of the event."""

    timestamp: str = ""
    """ISO 8601 timestamp of the event."""

    job_id: str = ""
    """Identifier of the job; may be here, in `data` or missing."""

    source_url: str = ""
    """URL of the stream."""

    data: ErrorEvent = ErrorEvent.model_construct()
