"""Turn replies that are no success into errors: by their code first, then by their status."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import errors
from .._json import as_array, as_object, as_text, parse_json
from .._redaction import preview
from .call import Call
from .config import Settings
from .reply import PREVIEW_LENGTH, SEARCHED_BYTES, Reply, body_preview
from .retry.backoff import retry_after
from .retry.failure import is_refusal

__all__ = ["error_from", "is_stream_unavailable"]

_SHOWN_ITEMS = 5

_BY_CODE: dict[str, type[errors.APIStatusError]] = {
    "NOT_LIVESTREAM": errors.StreamUnavailableError,
    "STREAM_OFFLINE": errors.StreamUnavailableError,
    "STREAM_FETCH_FAILED": errors.StreamUnavailableError,
    "FRAME_CAPTURE_FAILED": errors.StreamUnavailableError,
    "CLIP_CAPTURE_FAILED": errors.StreamUnavailableError,
    "JOB_NOT_FOUND": errors.JobNotFoundError,
    "MAX_JOBS_REACHED": errors.MaxJobsReachedError,
}
_BY_STATUS: dict[int, type[errors.APIStatusError]] = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    402: errors.InsufficientCreditsError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    422: errors.UnprocessableEntityError,
    429: errors.RateLimitError,
}


def is_stream_unavailable(code: str | None) -> bool:
    """Return whether an error's code says that the stream itself is not available."""
    return _BY_CODE.get((code or "").upper()) is errors.StreamUnavailableError


@dataclass(frozen=True, slots=True)
class _Problem:
    """What an error body says, whatever its shape."""

    code: str | None = None
    message: str | None = None
    remediation: str | None = None
    fields: Mapping[str, str] | None = None
    request_id: str | None = None
    worded: bool = False
    """Whether it is text in `error`."""


def error_from(reply: Reply, call: Call[Any], settings: Settings, *, wall_clock: float) -> errors.APIStatusError:
    """Return the error that a reply stands for: by its code first, then by its status.

    Args:
        reply: the reply, which is no success.
        call: what was asked for: of a request about one job, a text alone may say that the job is missing.
        settings: the client's: what the service says differently, and what must not appear in a text.
        wall_clock: seconds since 1970.
    """
    secrets, service, about_job = settings.secrets(call.arguments), settings.service, call.job_id is not None
    problem = _read_problem(reply, secrets)
    code = problem.code
    kind = _BY_CODE.get((code or "").upper())
    if kind is errors.JobNotFoundError and not is_refusal(reply.status):
        kind = None  # what fails may not have found out
    if kind is None and problem.worded and about_job:
        kind = service.worded.get(reply.status)
    kind = kind or _BY_STATUS.get(reply.status)
    if kind is None:
        kind = errors.ServerError if reply.status >= 500 else errors.APIStatusError
    details: dict[str, Any] = {
        "status_code": reply.status,
        "code": code,
        "remediation": problem.remediation,
        "request_id": preview(reply.request_id, secrets) if reply.request_id else problem.request_id,
        "body_preview": body_preview(reply, secrets),
        "retry_after": retry_after(reply.headers, wall_clock=wall_clock),
        "advice": service.advice.get(reply.status) or service.advice.get(kind),
    }
    if issubclass(kind, errors.UnprocessableEntityError):
        details["fields"] = problem.fields
    error = kind(problem.message or _describe(reply, secrets), **details)
    origin = reply.origin(secrets, doubtful=_may_be_no_reply_of_the_api(kind, reply, about_job=about_job))
    if origin:
        error.problem = f"{error.problem.removesuffix('.')}{origin}."
    return error


def _may_be_no_reply_of_the_api(kind: type[errors.APIStatusError], reply: Reply, *, about_job: bool) -> bool:
    """Return whether base_url may lead to something else: whether it is what the error's own advice is to check."""
    if kind is errors.JobNotFoundError:
        return not about_job
    return kind in (errors.APIStatusError, errors.NotFoundError) or reply.media_type == "text/html"


def _read_problem(reply: Reply, secrets: Sequence[str]) -> _Problem:
    content = reply.content.removeprefix(codecs.BOM_UTF8)
    try:
        body: Any = parse_json(content) if content else None
    except ValueError:
        return _Problem()
    top = as_object(body)
    detail = as_object(top.get("detail"))  # of FastAPI: what an application raises, whatever it is
    envelope = top.get("error", detail.get("error"))
    source = as_object(envelope) or detail or top
    fields = _fields(top.get("detail"), secrets)
    message = _text(source.get("message"), secrets)
    if message is None and isinstance(envelope, str):
        message = _text(envelope, secrets)
    if message is None and fields:
        message = "; ".join(f"{name}: {reason}" for name, reason in list(fields.items())[:_SHOWN_ITEMS])
    if message is None:
        message = _text(top.get("detail"), secrets) or _text(source.get("msg") or source.get("detail"), secrets)
    return _Problem(
        code=_text(source.get("code"), secrets),
        message=message,
        remediation=_text(source.get("remediation"), secrets),
        fields=fields,
        request_id=_request_id((source, detail, top), secrets),
        worded=isinstance(top.get("error"), str),
    )


def _request_id(places: Sequence[Mapping[str, Any]], secrets: Sequence[str]) -> str | None:
    found = [_text(as_text(place.get("request_id")), secrets) for place in places]
    return next(filter(None, found), None)


def _fields(detail: Any, secrets: Sequence[str]) -> dict[str, str]:
    """Return the refused fields of a FastAPI-like `detail` list."""
    found: dict[str, str] = {}
    for item in map(as_object, as_array(detail)):
        place = [str(part) for part in as_array(item.get("loc"))]
        if place and place[0] in ("body", "query", "path", "header"):
            place = place[1:] or place
        if not item:
            continue
        found[preview(".".join(place) or "body", secrets)] = _text(item.get("msg"), secrets) or "refused"
    return found


def _text(value: Any, secrets: Sequence[str]) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return None
    return preview(value.strip(), secrets, limit=PREVIEW_LENGTH)


def _describe(reply: Reply, secrets: Sequence[str]) -> str:
    if 300 <= reply.status < 400:
        target = preview(reply.headers.get("location", ""), secrets)
        if not target:
            return "the server redirects without saying where to"
        return f"the server redirects to {target}, which is not followed; correct base_url if it has moved"
    if reply.media_type == "text/html":
        return "the server (or a proxy before it) answered with an HTML page"
    if reply.media_type == "text/plain" and reply.content.strip():
        return preview(reply.content[:SEARCHED_BYTES].decode("utf-8", "replace").strip(), secrets)
    return "the server gave no reason" if not reply.content else "the server gave no reason that can be read"
