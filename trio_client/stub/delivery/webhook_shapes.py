"""The JSON of a webhook, in each of the layouts that were observed or documented. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from ..documented.generations import WebhookShape
from ..engine.job_events import JobEvent

__all__ = ["SHAPES", "webhook_payload"]

_TYPES = {
    "started": "job_started",
    "triggered": "watch_triggered",
    "summary": "summary_generated",
    "stopped": "job_stopped",
    "error": "error",
}
_ALERT = ("condition", "triggered", "explanation", "frame_b64")
_COUNTERS = ("checks_performed", "triggers_fired", "frames_skipped", "auto_stopped", "reason", "elapsed_seconds")


def webhook_payload(event: JobEvent, stream_url: str, shape: WebhookShape = "envelope") -> dict[str, Any] | None:
    """The JSON that reports an event, None for events that webhooks do not report."""
    kind = _TYPES.get(event.name)
    data = {name: value for name, value in event.data.items() if name != "timestamp"}
    return None if kind is None else SHAPES[shape](kind, event.timestamp, stream_url, data)


def _envelope(kind: str, timestamp: str, url: str, data: dict[str, Any]) -> dict[str, Any]:
    """The trigger carries no job id, the others carry it inside `data`, as observed deliveries do."""
    inner = _pick(data, _ALERT) if kind == "watch_triggered" else data
    return {"type": kind, "timestamp": timestamp, "source_url": url, "data": inner}


def _status(kind: str, timestamp: str, url: str, data: dict[str, Any]) -> dict[str, Any]:
    if kind == "watch_triggered":
        return _envelope(kind, timestamp, url, data) | {"type": "live_monitor_triggered"}
    if kind == "summary_generated":
        return _envelope("live_digest_ready", timestamp, url, data)
    top = {"type": "job_status", "job_id": data["job_id"], "status": data.get("status", "running")}
    return {**top, "details": _pick(data, (*_COUNTERS, "summaries_generated", "code", "message"))}


def _mixed(kind: str, timestamp: str, url: str, data: dict[str, Any]) -> dict[str, Any]:
    alert = {**_pick(data, (*_ALERT, "summary", "code", "message")), "prefilter_skipped": False}
    top = {"type": kind, "job_id": data["job_id"], "stream_url": url, "timestamp": timestamp}
    return {**top, **_pick(data, ("status", *_COUNTERS)), "data": alert}


def _flat(kind: str, timestamp: str, url: str, data: dict[str, Any]) -> dict[str, Any]:
    seconds = int(datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp())
    top = {"type": kind, "job_id": data["job_id"], "stream_url": url, "ts": seconds}
    report = _pick(data, ("explanation", "latency_ms", "summary", "status", "code", "message"))
    stats = _pick(data, ("reason", "checks_performed"))
    return {**top, "triggered": kind == "watch_triggered", **report, "stats": stats}


def _keyed(kind: str, timestamp: str, url: str, data: dict[str, Any]) -> dict[str, Any]:
    top = {"event": kind, "job_id": data["job_id"], "timestamp": timestamp}
    if kind == "watch_triggered":
        return {**top, **_pick(data, ("explanation", "frame_b64", "condition"))}
    if kind == "summary_generated":
        return {**top, "digest": data.get("summary"), "frames_analyzed": data.get("frame_count")}
    if kind == "error":
        return {**top, "error": data.get("message"), "recoverable": False}
    return {**top, "stream_url": url, "status": data.get("status"), "stop_reason": data.get("reason")}


def _minimal(kind: str, timestamp: str, url: str, data: dict[str, Any]) -> dict[str, Any]:
    if kind != "watch_triggered":
        return _envelope(kind, timestamp, url, data)
    return {"event": kind, "triggered": True}


def _pick(data: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: data[name] for name in names if name in data}


SHAPES: dict[str, Callable[[str, str, str, dict[str, Any]], dict[str, Any]]] = {
    "envelope": _envelope,
    "status": _status,
    "mixed": _mixed,
    "flat": _flat,
    "keyed": _keyed,
    "minimal": _minimal,
}
