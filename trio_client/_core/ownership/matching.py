"""Whether a job can be the one that a create made."""

from __future__ import annotations

from datetime import datetime, timedelta

from ...models import Job, JobDetail
from .intent import Intent

__all__ = ["CLOCK_SKEW", "fits", "may_fit"]

CLOCK_SKEW = timedelta(seconds=5)


def may_fit(job: Job, intent: Intent, *, not_after: datetime) -> bool:
    """Return whether a list item can be the job of an intent, by what list items show.

    Args:
        job: the list item.
        intent: what was to be made, and when by the server's clock as far as it is known.
        not_after: the server's time when it made the list.
    """
    if job.stream_url != intent.body.get("stream_url"):
        return False
    if job.job_type is not None and job.job_type != intent.job_type:
        return False
    created, latest = job.created_time, min(not_after, intent.made_before or not_after)
    return created is None or intent.sent_at - CLOCK_SKEW <= created <= latest + CLOCK_SKEW


def fits(detail: JobDetail, intent: Intent) -> bool:
    """Return whether a job's settings are the ones that were sent; what the server leaves out does not count."""
    config = detail.config.model_dump(exclude_unset=True) if detail.config else dict(detail.details or {})
    sent = {name: value for name, value in intent.body.items() if name != "stream_url"}
    sent.setdefault("webhook_url", None)  # a job that delivers somewhere else was made by someone else
    known = {name: value for name, value in sent.items() if name in config}
    return all(config[name] == value for name, value in known.items())
