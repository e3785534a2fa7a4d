"""What a create is meant to make, and what its failure says about it.

No idempotency key is documented, so a create that failed after it may have been sent is never sent again.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from ..._job_context import JobContext
from ..._redaction import preview, shown
from ..._time_source import current
from ..._times import reply_time
from ...errors import CreateOutcomeUnknownError, RequestValidationError, TrioError
from ...models import Job
from ..call import Call
from ..retry.failure import FailureKind, classify
from ..stream_url import same_stream

__all__ = [
    "KEY_HEADER",
    "Intent",
    "describe_failed_lookup",
    "is_ambiguous",
    "lookup_waits",
    "may_have_made_a_job",
    "outcome_unknown",
    "reference_of",
    "server_time",
    "with_reference",
    "with_tag",
]

_JOB_TYPES = {"/live-monitor": "live-monitor", "/live-digest": "live-digest"}
_TAG = "client_ref"
KEY_HEADER = "Idempotency-Key"
_REFERENCE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_LONGEST_REFERENCE = 255
_MAX_CAUSE = 300
_LONGEST_WEBHOOK_URL = 2083


def _now() -> datetime:
    return datetime.fromtimestamp(current().wall_clock(), timezone.utc)


@dataclass(frozen=True, slots=True)
class Intent:
    """One logical create, fixed before its first attempt and the same for all of them."""

    path: str
    body: Mapping[str, Any] = field(repr=False)  # which may name a camera with its password
    reference: str = field(default_factory=lambda: str(uuid.uuid4()))
    planned_at: datetime = field(default_factory=_now)
    """When it was planned, by the server's clock as far as that is known: what reports say, not what is compared."""

    @classmethod
    def of(cls, error: CreateOutcomeUnknownError) -> Intent:
        """Return the intent whose outcome is unknown."""
        if error.sent_at is None or error.reference is None:
            raise ValueError("This CreateOutcomeUnknownError was not raised by a client, so it names no request.")
        return cls(error.path, error.request, error.reference, error.sent_at)

    def equals(self, other: Intent) -> bool:
        """Whether two requests are identical, so that their jobs cannot be distinguished."""
        one, two = dict(self.body), dict(other.body)
        same = same_stream(one.pop("stream_url", ""), two.pop("stream_url", ""))
        return same and (self.path, one) == (other.path, two)

    @property
    def job_type(self) -> str:
        """The type of the job it makes."""
        return _JOB_TYPES[self.path]


def reference_of(
    extra_headers: Mapping[str, str] | None, reference: str | None = None, *, longest: int = _LONGEST_REFERENCE
) -> str:
    """Return what a create is known by: what the caller says, or a new one.

    Args:
        extra_headers: the caller's headers, which may have an `Idempotency-Key`.
        reference: the caller's reference; it cannot be given both ways.
        longest: how many characters that may have.
    """
    own = [value for name, value in (extra_headers or {}).items() if name.lower() == KEY_HEADER.lower()]
    if reference is None:
        return own[0] if own else str(uuid.uuid4())
    problem = "it cannot be given beside an Idempotency-Key in extra_headers" if own else None
    is_text = isinstance(reference, str)  # pyright: ignore[reportUnnecessaryIsInstance]
    if not is_text or len(reference) > longest or not _REFERENCE.fullmatch(reference):
        problem = f"it must be 1 to {longest} printable ASCII characters, with no blank at either end"
    if problem:
        raise RequestValidationError(
            f"reference is {preview(repr(reference))}; {problem}.", field="reference", value=reference
        )
    return reference


def with_reference(extra_headers: Mapping[str, str] | None, reference: str) -> dict[str, str]:
    """Return headers that send a create's reference with every attempt."""
    others = {name: value for name, value in (extra_headers or {}).items() if name.lower() != KEY_HEADER.lower()}
    return {KEY_HEADER: reference, **others}


def with_tag(call: Call[Job], reference: str) -> Call[Job]:
    """Return a create with its reference in the webhook URL's query: the one text the API gives back."""
    body = dict(call.body or {})
    webhook_url: str | None = body.get("webhook_url")
    if webhook_url is None:
        raise RequestValidationError(
            "tag_webhook_url=True needs a webhook_url to put the tag in.", field="tag_webhook_url", value=True
        )
    parts = urlsplit(webhook_url)
    tag = f"{_TAG}={quote(reference, safe='')}"
    body["webhook_url"] = urlunsplit(parts._replace(query=f"{parts.query}&{tag}" if parts.query else tag))
    if len(body["webhook_url"]) > _LONGEST_WEBHOOK_URL:
        raise RequestValidationError(
            f"webhook_url has {len(webhook_url):,} characters; with the tag of tag_webhook_url=True it would have more "
            f"than {_LONGEST_WEBHOOK_URL:,}, which the API refuses.",
            advice=f"Shorten it by {len(tag) + 1} characters.",
            field="webhook_url",
            value=webhook_url,
        )
    return replace(call, body=body)


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """Return the time a reply says it was made."""
    seconds = reply_time(headers)
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)


def is_ambiguous(error: TrioError) -> bool:
    """Return whether a failed create may have made a job."""
    return classify(error) is FailureKind.AMBIGUOUS


def may_have_made_a_job(error: Exception | None) -> bool:
    """Return whether an abandoned create may have made a job; `error` is how it failed, if it did."""
    return not isinstance(error, TrioError) or is_ambiguous(error)


def lookup_waits(seconds: float) -> Iterable[float]:
    """Yield the seconds to wait before each lookup in the job list: 0, 0.5, 0.5, 1, 2, 4 … until the time is up."""
    passed, pause = 0.0, 0.5
    yield 0.0
    while passed < seconds:
        wait = min(pause, seconds - passed)
        passed += wait
        yield wait
        pause = max(0.5, passed)


def describe_failed_lookup(error: TrioError, cause: TrioError) -> str:
    """Return how a lookup failed after a create that failed by `cause`."""
    if (type(error), getattr(error, "status_code", None)) == (type(cause), getattr(cause, "status_code", None)):
        return "in the same way"
    return f"too ({_quoted(error)})"


def _quoted(error: TrioError) -> str:
    return preview(error.problem.removesuffix("."), limit=_MAX_CAUSE)


def outcome_unknown(
    intent: Intent,
    cause: TrioError,
    candidates: Sequence[Job],
    *,
    sent_at: datetime | None = None,
    made_before: datetime | None = None,
    failed_lookup: str | None = None,
) -> CreateOutcomeUnknownError:
    """Return the error that says a job may be running.

    Args:
        intent: what was to be made.
        cause: how the create failed.
        candidates: the jobs in the list that it may have made.
        sent_at: when it was sent, by the server's clock; `None`: not known.
        made_before: when its job was made at the latest, by the same clock; `None`: not known.
        failed_lookup: how the lookup of its job failed, if the job list was never read.
    """
    if candidates:
        ids = ", ".join(shown(job.job_id) for job in candidates[:5])
        found = f"{len(candidates)} jobs in the list match it ({ids}), and none was taken by guess"
    elif failed_lookup is not None:
        found = f"looking up its job failed {failed_lookup}"
    else:
        found = "no job in the list matches it, which does not prove that there is none"
    post = JobContext.of(intent.body.get("stream_url")).named_in(f"POST {intent.path}")
    error = CreateOutcomeUnknownError(
        f"{post} failed after it may have been sent ({_quoted(cause)}). It was not sent again; {found}. "
        "A job may be running and billed.",
        advice="Retry the lookup with client.jobs.reconcile(error), or cancel the job you recognize with "
        "client.jobs.cancel(job_id).",
        candidates=candidates,
        reference=intent.reference,
        request=intent.body,
        path=intent.path,
        sent_at=sent_at or intent.planned_at,
        made_before=made_before if sent_at else None,
    )
    error.attempts = cause.attempts
    return error
