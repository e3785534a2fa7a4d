"""The JSON of replies about jobs."""

from __future__ import annotations

from typing import Any

from ..documented.generations import Traits
from ..engine.job import Job

__all__ = ["cancelled", "created", "detail", "list_item"]


def created(job: Job, traits: Traits) -> dict[str, Any]:
    """The reply to a create in polling and in webhook mode."""
    if traits.short_replies:
        return {"job_id": job.job_id, "status": job.status}
    message = f"Job created. Use GET /jobs/{job.job_id} to follow it."
    if job.delivery == "webhook":
        message = "Job created. Events will be sent to the webhook URL."
    return {**_head(job), "details": {}, "message": message}


def list_item(job: Job, traits: Traits) -> dict[str, Any]:
    """A job in a list, with its counters as `details`."""
    return _head(job) if traits.short_replies else {**_head(job), "details": job.counters()}


def detail(job: Job, now: float, traits: Traits) -> dict[str, Any]:
    """One job with its settings and its statistics."""
    schema = "LiveMonitorRequest" if job.job_type == "live-monitor" else "LiveDigestRequest"
    config = {name: value for name, value in traits.known(schema, job.config).items() if name != "stream_url"}
    stats = job.stats(now)
    if not traits.details:
        return {**_head(job), "config": config, "stats": stats}
    if job.active:
        stats["elapsed_seconds"] = None
    return {**_head(job), "details": {**config, **stats}}


def cancelled(job: Job, now: float, *, ended: bool) -> dict[str, Any]:
    """The reply to a cancel, of a job that had ended before too."""
    message = "Job cancelled." if ended else f"The job had already ended with status {job.status}."
    return {"job_id": job.job_id, "status": job.status, "message": message, "final_stats": job.stats(now)}


def _head(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "status": job.status,
        "job_type": job.job_type,
        "created_at": job.created_at,
        "stream_url": job.stream_url,
    }
