"""Ask for the event stream of a new job."""

from __future__ import annotations

from collections.abc import Mapping

from .._core.call import EVENT_STREAM, Call
from .._core.config import Timeout
from .._core.reply import media_type, parse, unusable
from .._core.validation import path_segment
from .._http._async.reply import AsyncOpenReply
from ..errors import RequestValidationError
from ..models import Job
from .transport import AsyncTransport

__all__ = ["open_stream"]


async def open_stream(
    transport: AsyncTransport,
    call: Call[Job],
    *,
    timeout: float | Timeout | None,
    extra_headers: Mapping[str, str] | None,
) -> AsyncOpenReply | Job:
    """Return the stream of the new job, or the job that the server made without one.

    Raises:
        ResponseValidationError: the reply is neither, or names a job by an id that no request can carry.
    """
    reply = await transport.open(call, timeout=timeout, extra_headers=extra_headers)
    kind = media_type(reply.headers)
    if kind == EVENT_STREAM:
        return reply
    try:
        whole = await reply.read()
    finally:
        await reply.aclose()
    settings, arguments = transport.settings, call.arguments
    if kind == "text/html" or not whole.content:
        raise unusable("event stream", whole, None, secrets=settings.secrets(arguments))
    job = parse(Job, whole, secrets=lambda: settings.secrets(arguments))
    try:
        path_segment(job.job_id, "job_id")
    except RequestValidationError as error:
        raise unusable("Job", whole, error.problem, secrets=settings.secrets(arguments)) from None
    return job
