"""What is particular to the OSAPI service: its address, its endpoints, and when one of its jobs has ended."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, get_args
from urllib.parse import urlencode, urlsplit

from .._redaction import preview, quoted, shown
from ..errors import (
    AuthenticationError,
    ConfigurationError,
    CreateOutcomeUnknownError,
    JobNotFoundError,
    NotFoundError,
    PermissionDeniedError,
    RequestValidationError,
    TrioError,
)
from ..models import OsapiJob, OsapiJobPage, OsapiRetriedJob, OsapiRetryRequest, OsapiStatusFilter
from .call import Call, Nothing
from .config import Service
from .retry.failure import Effect
from .validation import integer, one_of, validated

__all__ = [
    "DEFAULT_BASE_URL",
    "LARGEST_PAGE",
    "OSAPI",
    "Ending",
    "clean_prefix",
    "delete_job",
    "get_job",
    "list_jobs",
    "retries_of",
    "retry_job",
    "retry_outcome_unknown",
    "with_prefix",
]

DEFAULT_BASE_URL = "http://localhost:8080"
_PREFIX = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")
_WHICH_PREFIX = "servers since April 2026 want api_prefix='/api' (the default), older ones api_prefix=''"
_CHECK_PREFIX = f"Check base_url and api_prefix: {_WHICH_PREFIX}."
LARGEST_PAGE = 100
_STATUSES: tuple[str, ...] = get_args(OsapiStatusFilter)
_RETRIED_AS = re.compile(r"retried as ([0-9a-fA-F-]{36})", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MAY_RECOVER = frozenset({"failed", "partial_failure"})

OSAPI = Service(
    # A current server answers every GET outside /api, known or not, with the index page of its web UI.
    html_means="it is an HTML page, so api_prefix is probably wrong",
    html_advice=_CHECK_PREFIX,
    advice=MappingProxyType(
        {
            AuthenticationError: "Check the token (OSAPI_TOKEN, or token=), and that it has not expired.",
            PermissionDeniedError: "Use a token with the scope: job:read to list and get, job:write to change jobs.",
            NotFoundError: _CHECK_PREFIX,
            405: _CHECK_PREFIX,  # what a server with the web UI answers to a POST or DELETE of an unknown path
        }
    ),
    worded=MappingProxyType({404: JobNotFoundError}),  # the framework's own 404, for a path, says `message`
)


def clean_prefix(prefix: str) -> str:
    """Return the path before the endpoints, without a slash at its end; empty for none."""
    cleaned = prefix.rstrip("/") if isinstance(prefix, str) else None  # pyright: ignore[reportUnnecessaryIsInstance]
    if cleaned is None or not _PREFIX.fullmatch(cleaned):
        raise ConfigurationError(
            f"api_prefix is {quoted(prefix, 'url')}; it must be a path such as '/api', or '' for none.",
            field="api_prefix",
        )
    return cleaned


def with_prefix(base_url: str, prefix: str) -> str:
    """Return what the endpoints' paths are appended to."""
    if prefix and urlsplit(base_url).path.endswith(prefix):
        raise ConfigurationError(
            f"The address {base_url!r} ends with {prefix!r} already, the prefix before the endpoints.",
            advice="Leave it out of base_url (OSAPI_URL), or pass api_prefix=''.",
            field="api_prefix",
        )
    return base_url + prefix


def list_jobs(*, status: str | None = None, limit: int | None = None, offset: int | None = None) -> Call[OsapiJobPage]:
    """Describe `GET /job`."""
    query: dict[str, str | int] = {}
    if status is not None:
        query["status"] = one_of("status", status, _STATUSES)
    if limit is not None:
        query["limit"] = integer("limit", limit, 1, LARGEST_PAGE)
    if offset is not None:
        query["offset"] = integer("offset", offset, 0)
    return Call("GET", "/job", OsapiJobPage, Effect.SAFE, query=urlencode(query), operation="jobs.list", divisible=True)


def get_job(id: str) -> Call[OsapiJob]:
    """Describe `GET /job/{id}`."""
    return Call("GET", _path(id), OsapiJob, Effect.SAFE, operation="jobs.get", job_id=id)


def delete_job(id: str) -> Call[Nothing]:
    """Describe `DELETE /job/{id}`."""
    return Call("DELETE", _path(id), Nothing, Effect.SAFE, operation="jobs.delete", job_id=id)


def retry_job(id: str, target_hostname: str | None = None) -> Call[OsapiRetriedJob]:
    """Describe `POST /job/{id}/retry`."""
    values: dict[str, Any] = {} if target_hostname is None else {"target_hostname": target_hostname}
    body = validated(OsapiRetryRequest, values).model_dump(exclude_unset=True)
    return Call(
        "POST",
        f"{_path(id)}/retry",
        OsapiRetriedJob,
        Effect.ONCE,
        body=body,
        fresh_connection=True,
        operation="jobs.retry",
        job_id=id,
    )


def retry_outcome_unknown(
    call: Call[OsapiRetriedJob], cause: TrioError, sent_at: datetime, found: Sequence[str] = ()
) -> CreateOutcomeUnknownError:
    """Return the error for a retry that may or may not have made a job; `found` are several that it may have made."""
    several = f" Since then, retries made {', '.join(map(shown, found))}." if found else ""
    error = CreateOutcomeUnknownError(
        f"POST {call.path} failed, and whether it made a new job is unknown ({preview(cause.problem)}). It was not "
        f"sent again.{several}",
        advice="Before you retry once more, check client.jobs.get(id).timeline: the note 'Job retried as <new id>' "
        "names the new job.",
        request=call.body,
        path=call.path,
        sent_at=sent_at,
    )
    error.attempts = cause.attempts
    return error


def retries_of(job: OsapiJob) -> list[str]:
    """Return the ids of the jobs that retries of a job have made: the notes in its timeline name them.

    Source: seen on the server ("Job retried as <new id>").
    """
    notes = [each.message or "" for each in job.timeline or () if each.event == "retried"]
    return [found[1] for note in notes if (found := _RETRIED_AS.search(note))]


def _path(id: Any) -> str:
    if not isinstance(id, str) or not _UUID.fullmatch(id):
        raise RequestValidationError(
            f"id is {preview(repr(id))}, which is not a UUID.",
            advice="Pass the id as the API returned it, such as '550e8400-e29b-41d4-a716-446655440000'.",
            field="id",
            value=id,
        )
    return f"/job/{id}"


class Ending:
    """Distinguish the end of a job from a failure that the server may still retry.

    Args:
        settle: seconds for which a failure must have stayed as it is to count as the end.
        clock: monotonic seconds.
    """

    __slots__ = ("_clock", "_settle", "_since", "_status")

    def __init__(self, settle: float, clock: Callable[[], float]) -> None:
        self._settle = settle
        self._clock = clock
        self._status: str | None = None
        self._since = 0.0

    def reached(self, job: OsapiJob) -> bool:
        """Return whether the job has ended, as this poll shows it."""
        if job.status != self._status:
            self._status, self._since = job.status, self._clock()
        if job.status in _MAY_RECOVER:
            return self._clock() - self._since >= self._settle
        return job.is_terminal

    def next_poll(self, poll_interval: float) -> float:
        """Return how many seconds to wait before the next poll: no longer than until `settle` is over."""
        left = self._since + self._settle - self._clock()
        return min(poll_interval, left) if self._status in _MAY_RECOVER and left > 0 else poll_interval
