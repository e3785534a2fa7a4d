"""OSAPI's endpoints as pure functions: arguments in, a complete description of the request out."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, get_args
from urllib.parse import urlencode

from .._redaction import preview
from ..errors import CreateOutcomeUnknownError, RequestValidationError, TrioError
from ..models import OsapiJob, OsapiJobPage, OsapiRetriedJob, OsapiRetryRequest, OsapiStatusFilter
from .call import Call, Nothing
from .outcome import Effect
from .validation import integer, one_of, validated

__all__ = ["LARGEST_PAGE", "delete_job", "get_job", "list_jobs", "retry_job", "retry_outcome_unknown"]

LARGEST_PAGE = 100
_STATUSES: tuple[str, ...] = get_args(OsapiStatusFilter)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def list_jobs(*, status: str | None = None, limit: int | None = None, offset: int | None = None) -> Call[OsapiJobPage]:
    """Describe `GET /job`."""
    query: dict[str, str | int] = {}
    if status is not None:
        query["status"] = one_of("status", status, _STATUSES)
    if limit is not None:
        query["limit"] = integer("limit", limit, 1, LARGEST_PAGE)
    if offset is not None:
        query["offset"] = integer("offset", offset, 0)
    return Call("GET", "/job", OsapiJobPage, Effect.SAFE, query=urlencode(query))


def get_job(id: str) -> Call[OsapiJob]:
    """Describe `GET /job/{id}`."""
    return Call("GET", _path(id), OsapiJob, Effect.SAFE)


def delete_job(id: str) -> Call[Nothing]:
    """Describe `DELETE /job/{id}`."""
    return Call("DELETE", _path(id), Nothing, Effect.SAFE)


def retry_job(id: str, target_hostname: str | None = None) -> Call[OsapiRetriedJob]:
    """Describe `POST /job/{id}/retry`."""
    values: dict[str, Any] = {} if target_hostname is None else {"target_hostname": target_hostname}
    body = validated(OsapiRetryRequest, values).model_dump(exclude_unset=True)
    return Call("POST", f"{_path(id)}/retry", OsapiRetriedJob, Effect.ONCE, body=body, fresh_connection=True)


def retry_outcome_unknown(
    call: Call[OsapiRetriedJob], cause: TrioError, sent_at: datetime
) -> CreateOutcomeUnknownError:
    """Return the error for a retry that may or may not have made a job."""
    error = CreateOutcomeUnknownError(
        f"POST {call.path} failed, and whether it made a new job is unknown ({preview(cause.problem)}). It was not "
        "sent again.",
        advice="Check client.jobs.list(), which shows the newest jobs first, before you retry once more.",
        request=call.body,
        path=call.path,
        sent_at=sent_at,
    )
    error.attempts = cause.attempts
    return error


def _path(id: Any) -> str:
    if not isinstance(id, str) or not _UUID.fullmatch(id):
        raise RequestValidationError(
            f"id is {preview(repr(id))}, which is not a UUID.",
            advice="Pass the id as the API returned it, such as '550e8400-e29b-41d4-a716-446655440000'.",
            field="id",
            value=id,
        )
    return f"/job/{id}"
