"""Turn replies into models."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from .. import errors
from .._json import as_array, as_object, parse_json
from .._redaction import preview
from ..models._base import ListPageModel, note_received
from .call import EVENT_STREAM, Nothing
from .config import TRIO, Service
from .log import logger

__all__ = [
    "PREVIEW_LENGTH",
    "SEARCHED_BYTES",
    "Reply",
    "body_preview",
    "check_strictly",
    "media_type",
    "parse",
    "unusable",
]

_M = TypeVar("_M", bound=BaseModel)
_UNREADABLE = re.compile("[\x00\ufffd]")
_SHOWN_PLACES = 20  # no more than a warning has room for
PREVIEW_LENGTH = 500
SEARCHED_BYTES = (
    64 * 2**10
)  # bytes of a body in which secrets are looked for, so that none is cut in two in what is shown


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete reply: status, headers with names in lower case, body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, where it sent one."""
        return self.headers.get("x-request-id")

    @property
    def media_type(self) -> str:
        """The essence of the content type, in lower case."""
        return media_type(self.headers)


def media_type(headers: Mapping[str, str]) -> str:
    """Return the essence of the content type, in lower case."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def parse(model: type[_M], reply: Reply, *, secrets: Callable[[], Sequence[str]], service: Service = TRIO) -> _M:
    """Return the model of a successful reply.

    Raises:
        ResponseValidationError: the body is not JSON, or lacks what makes the model useful.
    """
    if issubclass(model, Nothing):
        if reply.media_type == "text/html":
            raise unusable("confirmation", reply, None, secrets=secrets(), service=service)
        return model()
    found: _M | None = None
    problem: ValidationError | None = None
    try:
        if not _may_hold_not_a_number(reply.content):
            found = model.model_validate_json(reply.content)
    except ValidationError as error:
        problem = error.with_traceback(None)  # its frames hold the body
    if found is None:
        found = _salvage(model, reply.content)
    if found is None:  # raised here, outside the handler, so that the problem does not become its context
        raise unusable(model.__name__, reply, problem, secrets=secrets(), service=service)
    job_id = found.__dict__.get("job_id")
    if job_id is not None and (not job_id or _UNREADABLE.search(job_id)):
        problem_of_id = "cannot be read" if job_id else "is empty"
        raise errors.ResponseValidationError(
            f"The reply (status {reply.status}) is not a usable {model.__name__}: its job_id {problem_of_id}.",
            status_code=reply.status,
            body_preview=body_preview(reply, secrets()),
            field="job_id",
        )
    return found


def check_strictly(
    model: type[BaseModel], reply: Reply, *, secrets: Callable[[], Sequence[str]], service: Service = TRIO
) -> None:
    """Raise ResponseValidationError if the reply deviates from the documented schema of the model."""
    from ..models import _osapi_strict, _strict  # large, and only for strict clients

    name = model.__name__
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
    raise unusable(f"{name} by the documented schema", reply, problem, secrets=secrets(), service=service)


def _may_hold_not_a_number(content: bytes) -> bool:
    """Return whether a body may hold NaN or Infinity, which pydantic takes for numbers, and no JSON has.

    A single byte is found thirty times faster than a word, and is often not there.
    """
    return (b"N" in content and b"NaN" in content) or (b"I" in content and b"Infinity" in content)


def unusable(
    wanted: str,
    reply: Reply,
    error: ValidationError | str | None,
    *,
    secrets: Sequence[str],
    service: Service = TRIO,
) -> errors.ResponseValidationError:
    """Return the error for a reply that cannot be used as what was wanted."""
    problem, field = "the body is empty" if not reply.content else "", None
    if isinstance(error, str):
        problem = error
    elif error is not None and reply.content:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or None
        problem = f"{field}: {first['msg']}" if field else first["msg"]
    advice = "Try again; if that does not help, check base_url and .body_preview."
    if reply.media_type == "text/html":
        problem, advice = service.html_means, service.html_advice
    elif reply.media_type == EVENT_STREAM:
        problem = "it is an event stream"
    return errors.ResponseValidationError(
        f"The reply (status {reply.status}) is not a usable {wanted}: {preview(problem, secrets)}.",
        advice=advice,
        status_code=reply.status,
        body_preview=body_preview(reply, secrets),
        field=field,
    )


def _salvage(model: type[_M], content: bytes) -> _M | None:
    """Return the model without what cannot be read, or `None` if too little is left of it."""
    try:
        data: Any = parse_json(content)
    except ValueError:
        return None
    if not issubclass(model, ListPageModel):
        found, places = _without_bad_fields(model, data)
        _warn_of_fields(model, places)
        return found
    name = model.items_name
    items = as_object(data).get(name)
    if not isinstance(items, list):
        return None
    items = as_array(items)
    item_model: type[BaseModel] = get_args(model.model_fields[name].annotation)[0]
    page, places = _without_bad_fields(model, {**data, name: []})
    jobs: list[BaseModel] = []
    unreadable: list[str] = []
    for index, item in enumerate(items):
        job, odd = _without_bad_fields(item_model, item)
        if job is None:
            unreadable.append(f"{name}[{index}]")
        else:
            jobs.append(job)
            places += [f"{name}[{index}].{place}" for place in odd]
    if page is not None:
        setattr(page, name, jobs)
        note_received(page, len(items))
    _warn_of_fields(model, places)
    if unreadable:
        warnings.warn(
            f"{len(unreadable)} of {len(items)} jobs in the page could not be read and were left out: "
            f"{preview(', '.join(unreadable[:_SHOWN_PLACES]))}",
            errors.ResponseWarning,
            stacklevel=2,
        )
    return page


def _warn_of_fields(model: type[BaseModel], places: Sequence[str]) -> None:
    """Log once for a reply which of its fields could not be read."""
    if places:
        shown = preview(", ".join(places[:_SHOWN_PLACES]))
        logger.warning("%d fields of a %s could not be read and were left out: %s", len(places), model.__name__, shown)


def _without_bad_fields(model: type[_M], data: Any) -> tuple[_M | None, list[str]]:
    """Return the model without the optional fields whose values cannot be read, and the places of those.

    Only what makes it useless counts: a job with an id can be polled and stopped, whatever else is wrong.
    """
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
    left_out = [each["loc"] for each in problems if not _repaired(data, each["loc"], each["type"])]
    try:
        found = model.model_validate(data)
    except ValidationError:
        return None, []
    return found, [".".join(map(str, place)) for place in left_out]


def _repaired(data: Any, place: Sequence[int | str], problem: str) -> bool:
    """Turn a number that should be text into text, and return `True`; else remove what is at that place.

    The place may end in names of types, which are no keys.
    """
    holder: dict[str, Any] = {}
    key = ""
    for step in map(str, place):
        inner = as_object(data)
        if step not in inner:
            break
        holder, key = inner, step
        data = inner[step]
    value = holder.pop(key, None)
    if problem == "string_type" and isinstance(value, (int, float)) and not isinstance(value, bool):
        holder[key] = str(value)
        return True
    return False


def body_preview(reply: Reply, secrets: Sequence[str]) -> str:
    """Return the start of a body as errors may show it."""
    text = reply.content[:SEARCHED_BYTES].decode("utf-8", "replace")
    return preview(text, secrets, limit=PREVIEW_LENGTH)
