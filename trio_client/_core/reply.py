"""Turn replies into models."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from .. import errors
from .._loading import loading
from .._redaction import mask, preview, shown
from .call import EVENT_STREAM, Call, Nothing, same_job
from .config import Settings
from .salvage import TooManyUnreadableError, name_of, salvage

__all__ = [
    "PREVIEW_LENGTH",
    "SEARCHED_BYTES",
    "Reply",
    "body_preview",
    "check_strictly",
    "is_success",
    "media_type",
    "other_job",
    "parse",
    "unusable",
]

_M = TypeVar("_M", bound=BaseModel)
_UNREADABLE = re.compile("[\x00\ufffd]")
PREVIEW_LENGTH = 500
SEARCHED_BYTES = 64 * 2**10  # of a body, for secrets: so much more than is shown that none is cut in two


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete reply: status, headers with names in lower case, body.

    Attributes:
        proxy: the proxy that may have replied in the server's place, as texts name it.
        base_url: the client's base URL, as texts name it.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    proxy: str | None = None
    base_url: str = ""

    def origin(self, secrets: Sequence[str], *, doubtful: bool) -> str:
        """Return where the reply came from, for the end of a text; empty if that goes without saying.

        Args:
            secrets: what must not appear in a text.
            doubtful: whether it may come from something other than the API, since `base_url` may be wrong.
        """
        named = [f"base URL: {preview(self.base_url, secrets)}"] if doubtful and self.base_url else []
        if self.proxy:
            named.append(f"through the proxy {self.proxy}")
        return f" ({', '.join(named)})" if named else ""

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, where it sent one."""
        return self.headers.get("x-request-id")

    @property
    def media_type(self) -> str:
        """The essence of the content type, in lower case."""
        return media_type(self.headers)


def is_success(status: int) -> bool:
    """Return whether a status says that the request was carried out."""
    return 200 <= status < 300


def media_type(headers: Mapping[str, str]) -> str:
    """Return the essence of the content type, in lower case."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def parse(reply: Reply, call: Call[_M], settings: Settings) -> _M:
    """Return the model of a successful reply.

    Raises:
        ResponseValidationError: the body is not JSON, lacks what makes the model useful, or is about another job.
    """
    model = call.model
    if issubclass(model, Nothing):
        if reply.media_type == "text/html":
            raise unusable("confirmation", reply, None, call, settings)
        return model()
    found: _M | None = None
    problem: ValidationError | str | None = None
    try:
        if not _may_hold_not_a_number(reply.content):
            found = model.model_validate_json(reply.content)
    except ValidationError as error:
        problem = error.with_traceback(None)  # its frames hold the body
    if found is None:
        try:
            found = salvage(model, reply.content)
        except TooManyUnreadableError:
            problem = "more than 1,000 of its jobs cannot be read"
    if found is None:  # raised here, outside the handler, so that the problem does not become its context
        raise unusable(name_of(model), reply, problem, call, settings)
    problem_of_id = _problem_of_id(found, call.job_id if call.decides else None)
    if problem_of_id:
        raise errors.ResponseValidationError(
            f"The reply (status {reply.status}) is not a usable {name_of(model)}: {problem_of_id}"
            f"{reply.origin((), doubtful=False)}.",
            status_code=reply.status,
            body_preview=body_preview(reply, settings.secrets(call.arguments)),
            field="job_id",
        )
    return found


def _problem_of_id(found: BaseModel, asked: str | None) -> str | None:
    """Return what is wrong with the id of a job that was read, if anything is.

    A cache, or a connection that a forged or late reply has put out of step, may return the reply about another job.
    """
    job_id = found.__dict__.get("job_id")
    if job_id is not None and (not job_id or _UNREADABLE.search(job_id)):
        return f"its job_id {'cannot be read' if job_id else 'is empty'}"
    if (other := other_job(found, asked)) is not None:
        return f"it is about another job, {shown(other)}"
    return None


def other_job(found: BaseModel, asked: str | None) -> str | None:
    """Return the id in a reply about one job, if that is another job than the one that was asked for."""
    job_id = found.__dict__.get("job_id", found.__dict__.get("id"))
    return job_id if asked is not None and job_id is not None and not same_job(job_id, asked) else None


def check_strictly(reply: Reply, call: Call[Any], settings: Settings) -> None:
    """Raise ResponseValidationError if the reply deviates from the documented schema of the model."""
    with loading():
        from ..models import _osapi_strict, _strict  # large, and only for strict clients

    name = call.model.__name__
    documented: type[BaseModel] | None = getattr(_strict, name, None) or getattr(_osapi_strict, name, None)
    if documented is None:
        return
    problem: ValidationError | str
    try:
        if _may_hold_not_a_number(reply.content):
            from_json(reply.content, allow_inf_nan=False)
        documented.model_validate_json(reply.content)
    except ValidationError as error:
        problem = error.with_traceback(None)  # its frames hold the body
    except ValueError as error:
        problem = str(error)
    else:
        return
    raise unusable(f"{name} by the documented schema", reply, problem, call, settings)


def _may_hold_not_a_number(content: bytes) -> bool:
    """Return whether a body may hold NaN or Infinity, which pydantic takes for numbers, and no JSON has.

    A single byte is found thirty times faster than a word, and is often not there.
    """
    return (b"N" in content and b"NaN" in content) or (b"I" in content and b"Infinity" in content)


def unusable(
    wanted: str,
    reply: Reply,
    error: ValidationError | str | None,
    call: Call[Any],
    settings: Settings,
) -> errors.ResponseValidationError:
    """Return the error for a reply that cannot be used as what was wanted."""
    secrets = settings.secrets(call.arguments)
    problem, field = "the body is empty" if not reply.content else "", None
    if isinstance(error, str):
        problem = error
    elif error is not None and reply.content:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or None
        problem = f"{field}: {first['msg']}" if field else first["msg"]
    advice = "Try again; if that does not help, check base_url and .body_preview."
    if reply.media_type == "text/html":
        problem, advice = settings.service.html_means, settings.service.html_advice
    elif reply.media_type == EVENT_STREAM:
        problem, advice = f"it is an event stream ({EVENT_STREAM})", "Read it with client.request_events(method, path)."
    elif wanted == "event stream":
        problem = f"its content type is {reply.media_type or 'not given'}"
    origin = reply.origin(secrets, doubtful=reply.media_type != EVENT_STREAM)
    return errors.ResponseValidationError(
        f"The reply (status {reply.status}) is not a usable {wanted}: {preview(problem, secrets)}{origin}.",
        advice=advice,
        status_code=reply.status,
        body_preview=body_preview(reply, secrets),
        field=field,
        headers={mask(name, secrets): mask(value, secrets) for name, value in reply.headers.items()},
    )


def body_preview(reply: Reply, secrets: Sequence[str]) -> str:
    """Return the start of a body as errors may show it."""
    text = reply.content[:SEARCHED_BYTES].decode("utf-8", "replace")
    return preview(text, secrets, limit=PREVIEW_LENGTH)
