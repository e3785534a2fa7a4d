"""Create a job for a caller who then owns it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .._core.call import Call
from .._core.config import Timeout
from .._core.hooks import CallInfo, notify
from .._core.ownership import CreateRecord, Intent, reference_of, with_reference, with_tag
from .._job_context import JobContext
from .._numbers import not_negative
from .._redaction import mask
from .._response_info import remember, response_info
from ..models import Job
from .owned_job import AsyncOwnedJob
from .transport import AsyncTransport

__all__ = ["announce", "create_job"]


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
    owned = AsyncOwnedJob(transport, announce(transport, call, reference))
    headers = with_reference(extra_headers, reference)

    async def send() -> Job:
        job = await transport.call(call, timeout=timeout, extra_headers=headers)
        owned.started(job.job_id)
        return job

    job = await owned.start(send, wait_for_slot=wait_for_slot, abandon=owned.stop)
    owned.release()
    remember(job, replace(response_info(job), reference=reference))
    return job


def announce(transport: AsyncTransport, call: Call[Job], reference: str) -> CreateRecord:
    """Return the record of a create that was not sent yet, after calling the hook for it."""
    intent = Intent(call.path, call.body or {}, reference, sent_at=transport.state.server_now())
    settings = transport.settings
    url = mask(settings.base_url + call.path)
    info = CallInfo(call.method, url, reference=reference, operation=call.operation, stream_url=call.shown_stream_url)
    notify(settings.hooks.on_intent, info)
    return transport.state.ledger.plan(intent)
