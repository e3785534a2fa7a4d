"""Default payloads of models and events, valid by the documented schema."""

from __future__ import annotations

from typing import Any

from ..events import (
    Failed,
    Progress,
    Started,
    StatusChanged,
    Stopped,
    Summary,
    Triggered,
    UnknownEvent,
)

__all__ = [
    "COUNTERS",
    "EVENTS",
    "JOB_ID",
    "JPEG",
    "MODELS",
    "NOT_IN_WEBHOOKS",
    "NULL_MEANS_UNLIMITED",
    "STREAM_URL",
    "TIME",
    "WEBHOOK_NAMES",
]

JOB_ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
STREAM_URL = "rtsp://gate.example/live"
TIME = "2026-01-15T12:00:00Z"
_CONDITION = "a van is at the gate"
_SEEN = "A white van stands at the gate."

NULL_MEANS_UNLIMITED = frozenset({"max_triggers", "max_windows"})

# One grey pixel.
JPEG = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP////////////////////////////////////////////////////////////////////////"
    "//////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AX//Z"
)

_JOB: dict[str, Any] = {
    "job_id": JOB_ID,
    "status": "running",
    "job_type": "live-monitor",
    "created_at": TIME,
    "stream_url": STREAM_URL,
}
COUNTERS: dict[str, Any] = {"checks_performed": 3, "triggers_fired": 1}
_STATS: dict[str, Any] = {**COUNTERS, "frames_skipped": 4, "elapsed_seconds": 30}
_CONFIG: dict[str, Any] = {"condition": _CONDITION, "interval_seconds": 10, "monitor_duration_seconds": 600}
_ANSWER: dict[str, Any] = {
    "status": "completed",
    "data": {"hostname": "web-01"},
    "changed": False,
    "hostname": "web-01",
}
_AGENT: dict[str, Any] = {"status": "completed", "duration": "1.5s"}
_STEP: dict[str, Any] = {"timestamp": TIME, "event": "completed", "hostname": "web-01", "message": "Job completed"}
_OSAPI_JOB: dict[str, Any] = {
    "id": JOB_ID,
    "status": "completed",
    "created": TIME,
    "operation": {"type": "node.hostname.get", "data": {}},
    "result": {"hostname": "web-01"},
    "changed": False,
    "hostname": "web-01",
    "updated_at": TIME,
}
_STREAM: dict[str, Any] = {"stream_url": STREAM_URL}
_WATCH: dict[str, Any] = {**_STREAM, "condition": _CONDITION}

MODELS: dict[str, dict[str, Any]] = {
    "StreamValidation": {"is_live": True, "platform": "rtsp", "stream_id": "live", "title": "Gate"},
    "PreparedStream": {"success": True, "message": "The stream is ready.", "cached": False, "embed_type": "video"},
    "CheckResult": {"triggered": True, "explanation": _SEEN, "latency_ms": 850},
    "FrameAnswer": {"answer": _SEEN, "triggered": True, "latency_ms": 640},
    "Job": _JOB,
    "JobConfig": _CONFIG,
    "JobDetail": {**_JOB, "config": _CONFIG, "stats": _STATS},
    "JobPage": {"jobs": [_JOB], "limit": 20, "offset": 0},
    "CancelledJob": {"job_id": JOB_ID, "status": "stopped", "message": "Job cancelled.", "final_stats": _STATS},
    "JobStats": _STATS,
    "ValidateStreamRequest": _STREAM,
    "CheckOnceRequest": _WATCH,
    "AnalyzeFrameRequest": {"frame_b64": JPEG, "question": "What is in the picture?"},
    "LiveMonitorRequest": _WATCH,
    "LiveDigestRequest": _STREAM,
    "OsapiAgentResponse": _ANSWER,
    "OsapiAgentState": _AGENT,
    "OsapiTimelineEvent": _STEP,
    "OsapiJob": _OSAPI_JOB,
    "OsapiJobPage": {"items": [_OSAPI_JOB], "status_counts": {"completed": 1}},
    "OsapiRetriedJob": {"job_id": JOB_ID, "status": "created", "revision": 1, "timestamp": TIME},
    "OsapiRetryRequest": {"target_hostname": "web-01"},
}

_BASE: dict[str, Any] = {"job_id": JOB_ID, "stream_url": STREAM_URL, "timestamp": TIME}
EVENTS: dict[type[Any], tuple[str, dict[str, Any]]] = {
    Started: ("started", _BASE),
    Progress: ("progress", {**_BASE, "checks_performed": 1, "triggers_fired": 0}),
    Triggered: (
        "triggered",
        {**_BASE, "triggered": True, "condition": _CONDITION, "explanation": _SEEN, "latency_ms": 850},
    ),
    Summary: (
        "summary",
        {**_BASE, "summary": "A van came to the gate and left again.", "frame_count": 10, "window_minutes": 10},
    ),
    StatusChanged: ("job_status", {**_BASE, "status": "running"}),
    Stopped: ("stopped", {**_BASE, "status": "completed", "reason": "condition_triggered", **COUNTERS}),
    Failed: ("error", {**_BASE, "code": "STREAM_OFFLINE", "message": "The stream went offline."}),
    UnknownEvent: ("something_new", _BASE),
}

WEBHOOK_NAMES: dict[type[Any], str] = {
    Started: "job_started",
    Progress: "live_monitor_result",
    Triggered: "watch_triggered",
    Summary: "summary_generated",
    Stopped: "job_stopped",
}

NOT_IN_WEBHOOKS: dict[type[Any], tuple[str, ...]] = {Triggered: ("job_id", "latency_ms")}
