"""Ask the API for a new job: for a caller who then owns it, or for its event stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .._core.call import EVENT_STREAM, Call
from .._core.config import Timeout
from .._core.ownership import reference_of, with_reference, with_tag
from .._core.reply import media_type, parse, unusable
from .._core.validation import path_segment
from .._http._async.reply import AsyncOpenReply
from .._job_context import JobContext
from .._numbers import not_negative
from .._response_info import remember, response_info
from ..errors import RequestValidationError
from ..models import Job
from .owned_job import AsyncOwnedJob
from .transport import AsyncTransport

__all__ = ["create_job", "open_stream"]


async def create_job(
    transport: AsyncTransport,
    call: Call[Job],
    *,
    wait_for_slot: float | None = None,
    tag_webhook_url: bool = False,
    reference: str | None = None,
    timeout: float | Timeout | None = None,
    extra_headers: Mapping[str, str] | None = None,
) -> Job:
    """Return the new job; look it up where the create's outcome is unknown. It is owned until it is returned."""
    if wait_for_slot is not None:
        not_negative("wait_for_slot", wait_for_slot, "seconds")
    reference = reference_of(extra_headers, reference)
    if tag_webhook_url:
        call = with_tag(call, reference)
    transport = transport.about(JobContext.of(call.stream_url))
    owned = AsyncOwnedJob.planned(transport, call, reference)
    headers = with_reference(extra_headers, reference)

    async def send() -> Job:
        job = await transport.call(call, timeout=timeout, extra_headers=headers)
        owned.started(job.job_id)
        return job

    job = await owned.start(send, wait_for_slot=wait_for_slot, abandon=owned.stop)
    owned.leave_running()
    remember(job, replace(response_info(job), reference=reference))
    return job


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
    if kind == "text/html" or not whole.content:
        raise unusable("event stream", whole, None, call, transport.settings)
    job = parse(whole, call, transport.settings)
    try:
        path_segment(job.job_id, "job_id")
    except RequestValidationError as error:
        raise unusable("Job", whole, error.problem, call, transport.settings) from None
    return job
