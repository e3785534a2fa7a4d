"""Turn replies into models, and refusals into errors."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from .. import errors
from .._json import as_array, as_object
from .._redaction import preview
from ..models import JobPage
from .retry import retry_after

__all__ = ["Reply", "check", "error_from", "parse"]

_M = TypeVar("_M", bound=BaseModel)
_PREVIEW_LENGTH = 500
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
_ADVICE: dict[int, str] = {
    401: "Check the API key (TRIO_API_KEY, or api_key=).",
    402: "Add credits to the account.",
    403: "Use a key that may do this.",
    404: "Check base_url, and that the server offers this endpoint.",
    429: "Send fewer requests, or wait.",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete reply: status, headers with names in lower case, body."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, where it sent one."""
        return self.headers.get("x-request-id")

    @property
    def media_type(self) -> str:
        """The essence of the content type, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class _Problem:
    """What an error body says, whatever its shape."""

    code: str | None = None
    message: str | None = None
    remediation: str | None = None
    fields: Mapping[str, str] | None = None


def check(reply: Reply, *, secrets: Sequence[str], wall_clock: float) -> None:
    """Return if the reply is a success; raise the error it stands for otherwise."""
    if not 200 <= reply.status < 300:
        raise error_from(reply, secrets=secrets, wall_clock=wall_clock)


def error_from(reply: Reply, *, secrets: Sequence[str], wall_clock: float) -> errors.APIStatusError:
    """Return the error that a reply stands for: by its code first, then by its status."""
    problem = _read_problem(reply, secrets)
    code = problem.code
    kind = _BY_CODE.get((code or "").upper()) or _BY_STATUS.get(reply.status)
    if kind is None:
        kind = errors.ServerError if reply.status >= 500 else errors.APIStatusError
    details: dict[str, Any] = {
        "status_code": reply.status,
        "code": code,
        "remediation": problem.remediation or _ADVICE.get(reply.status),
        "request_id": preview(reply.request_id) if reply.request_id else None,
        "body_preview": _body_preview(reply, secrets),
    }
    if issubclass(kind, errors.UnprocessableEntityError):
        details["fields"] = problem.fields
    if issubclass(kind, (errors.RateLimitError, errors.ServerError)):
        details["retry_after"] = retry_after(reply.headers, wall_clock=wall_clock)
    return kind(problem.message or _describe(reply, secrets), **details)


def parse(model: type[_M], reply: Reply, *, secrets: Callable[[], Sequence[str]]) -> _M:
    """Return the model of a successful reply.

    Raises:
        ResponseValidationError: the body is not JSON, or lacks what makes the model useful.
    """
    try:
        return model.model_validate_json(reply.content)
    except ValidationError as error:
        if model is JobPage:
            page = _salvage_page(reply.content)
            if page is not None:
                return page  # type: ignore[return-value]  # pyright: ignore[reportReturnType]
        raise unusable(model.__name__, reply, error, secrets=secrets()) from None


def unusable(
    wanted: str, reply: Reply, error: ValidationError | None, *, secrets: Sequence[str]
) -> errors.ResponseValidationError:
    """Return the error for a reply that cannot be used as what was wanted."""
    problem, field = "the body is empty" if not reply.content else "", None
    if error is not None and reply.content:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or None
        problem = f"{field}: {first['msg']}" if field else first["msg"]
    if reply.media_type == "text/html":
        problem = "it is an HTML page, so base_url probably leads to something other than the API"
    return errors.ResponseValidationError(
        f"The reply (status {reply.status}) is not a usable {wanted}: {preview(problem, secrets)}.",
        status_code=reply.status,
        body_preview=_body_preview(reply, secrets),
        field=field,
    )


def _salvage_page(content: bytes) -> JobPage | None:
    """Return the page without its malformed jobs, or `None` if the page itself is malformed."""
    try:
        data = as_object(from_json(content))
    except ValueError:
        return None
    items = data.get("jobs")
    if not isinstance(items, list):
        return None
    items = as_array(items)
    good: list[Any] = []
    bad: list[str] = []
    for index, item in enumerate(items):
        try:
            page = JobPage.model_validate_json(to_json({"jobs": [item]}))
        except (ValidationError, ValueError) as error:
            reason = error.errors(include_input=False)[0]["msg"] if isinstance(error, ValidationError) else str(error)
            bad.append(f"jobs[{index}]: {reason}")
        else:
            good.extend(page.jobs)
    try:
        whole = JobPage.model_validate_json(to_json({**data, "jobs": []}))
    except (ValidationError, ValueError):
        return None
    whole.jobs = good
    shown = "; ".join(bad[:_SHOWN_ITEMS])
    warnings.warn(
        f"{len(bad)} of {len(items)} jobs in the page could not be read and were left out: {shown}",
        errors.ResponseWarning,
        stacklevel=2,
    )
    return whole


def _read_problem(reply: Reply, secrets: Sequence[str]) -> _Problem:
    try:
        body: Any = from_json(reply.content) if reply.content else None
    except ValueError:
        return _Problem()
    content = as_object(body)
    envelope = content.get("error")
    source = as_object(envelope) or content
    fields = _fields(content.get("detail"), secrets)
    message = _text(source.get("message"), secrets)
    if message is None and isinstance(envelope, str):
        message = _text(envelope, secrets)
    if message is None and fields:
        message = "; ".join(f"{name}: {reason}" for name, reason in list(fields.items())[:_SHOWN_ITEMS])
    if message is None:
        message = _text(content.get("detail"), secrets)
    return _Problem(
        code=_text(source.get("code"), secrets),
        message=message,
        remediation=_text(source.get("remediation"), secrets),
        fields=fields,
    )


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
    return preview(value.strip(), secrets, limit=_PREVIEW_LENGTH)


def _describe(reply: Reply, secrets: Sequence[str]) -> str:
    if 300 <= reply.status < 400:
        target = preview(reply.headers.get("location", "nowhere"), secrets)
        return f"the server redirects to {target}, which is not followed; correct base_url if it has moved"
    if reply.media_type == "text/html":
        return "the server (or a proxy before it) answered with an HTML page"
    return "the server gave no reason" if not reply.content else "the server gave no reason that can be read"


def _body_preview(reply: Reply, secrets: Sequence[str]) -> str:
    text = reply.content[: 4 * _PREVIEW_LENGTH].decode("utf-8", "replace")
    return preview(text, secrets, limit=_PREVIEW_LENGTH)
