"""Create a job at most once, and find it again where the answer was lost."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TypeVar

from .._core.call import Call
from .._core.config import Settings, Timeout
from .._core.creation import (
    MAX_PAGES,
    PAGE_SIZE,
    Intent,
    fits,
    is_ambiguous,
    may_fit,
    may_have_made_a_job,
    outcome_unknown,
    reconcile_waits,
    server_time,
    the_one,
    with_tag,
)
from .._core.endpoints import get_job, list_jobs
from .._core.hooks import CallInfo, notify
from .._core.log import logger
from .._core.paging import JobCursor
from .._core.state import ClientState
from .._core.validation import not_negative
from .._http.async_runtime import carry_through, shielded
from .._redaction import mask
from .._response_info import ResponseInfo, remember, response_info
from ..errors import AuthenticationError, MaxJobsReachedError, NotFoundError, PermissionDeniedError, TrioError
from ..models import Job
from .stopping import report_leak, stop_job
from .transport import AsyncTransport

__all__ = [
    "GRACE_SECONDS",
    "SETTLING_SECONDS",
    "announce",
    "create_job",
    "find_one",
    "finder",
    "look_again",
    "reconcile",
    "search",
    "settle_lost",
    "with_reference",
    "with_slot",
]

_T = TypeVar("_T")
SLOT_POLL_SECONDS = 3.0
GRACE_SECONDS = 5.0
SETTLING_SECONDS = 5.0
_SHORTEST_CALL = 0.1  # seconds: a call in a search whose time is up


async def create_job(
    transport: AsyncTransport,
    call: Call[Job],
    *,
    wait_for_slot: float | None = None,
    tag_webhook_url: bool = False,
    timeout: float | Timeout | None = None,
    extra_headers: Mapping[str, str] | None = None,
) -> Job:
    """Return the new job; look for it where the create's outcome is unknown."""
    if wait_for_slot is not None:
        not_negative("wait_for_slot", wait_for_slot, "seconds")
    reference = str(uuid.uuid4())
    if tag_webhook_url:
        call = with_tag(call, reference)
    intent = announce(transport, call, reference)
    headers = with_reference(intent, extra_headers)

    async def post() -> Job:
        return await transport.call(call, timeout=timeout, extra_headers=headers)

    async def settle(job: Job | None, error: Exception | None) -> None:
        if may_have_made_a_job(error):
            await settle_lost(transport, intent, job.job_id if job else None)

    async def attempt() -> Job:
        nonlocal intent
        intent = replace(intent, sent_at=transport.state.server_now())
        leave = await transport.sender.take_turn()
        return await carry_through(post, grace=GRACE_SECONDS, settle=settle, when_sent=leave)

    try:
        job = await with_slot(transport, attempt, wait_for_slot)
    except TrioError as error:
        if not is_ambiguous(error):
            raise
        cause = error
    else:
        transport.state.owned.add(job.job_id)
        return job
    return await reconcile(transport, intent, cause)


async def with_slot(transport: AsyncTransport, attempt: Callable[[], Awaitable[_T]], seconds: float | None) -> _T:
    """Return what an attempt returns; while the account's limit of jobs is reached, wait for one to end."""
    until = transport.clock() + (seconds or 0.0)
    while True:
        try:
            return await attempt()
        except MaxJobsReachedError:
            left = until - transport.clock()
            if left <= 0:
                raise
            await transport.sleep(min(SLOT_POLL_SECONDS, left))


def announce(transport: AsyncTransport, call: Call[Job], reference: str | None = None) -> Intent:
    """Return the intent of a create, after telling the hook of it."""
    intent = Intent(call.path, call.body or {}, reference or str(uuid.uuid4()), sent_at=transport.state.server_now())
    settings = transport.settings
    url = mask(settings.base_url + call.path)
    notify(settings.hooks.on_intent, CallInfo(call.method, url, reference=intent.reference))
    return intent


def with_reference(intent: Intent, extra_headers: Mapping[str, str] | None) -> dict[str, str]:
    """Return headers that send the intent's reference with every attempt."""
    return {"Idempotency-Key": intent.reference, **(extra_headers or {})}


async def reconcile(transport: AsyncTransport, intent: Intent, cause: TrioError) -> Job:
    """Do as `look_again`; if that is cancelled, stop the job."""
    try:
        return await look_again(transport, intent, cause)
    except Exception:
        raise
    except BaseException:  # cancelled while looking
        await settle_lost(transport, intent, None)
        raise


async def look_again(transport: AsyncTransport, intent: Intent, cause: TrioError) -> Job:
    """Return the one job in the list that fits an intent, or raise CreateOutcomeUnknownError.

    The list may lag and the server may still be at work, so it is looked at repeatedly. Nothing is taken while
    another stream of this client that asked for the same has not named its job.
    """
    window = transport.settings.retry.reconcile_for
    if intent.made_before is None:
        intent = replace(intent, made_before=transport.state.server_now() + timedelta(seconds=window))
    until = transport.clock() + window
    found: list[Job] = []
    for wait in reconcile_waits(window):
        if wait:
            await transport.sleep(wait)
        try:
            found = await search(transport, intent, seconds=max(1.0, until - transport.clock()))
        except (AuthenticationError, PermissionDeniedError):
            break  # no later look will succeed either
        except TrioError:
            continue  # the next look may succeed; the create's own failure is what is reported
        if _has_nameless_twin(transport, intent):
            continue  # what is found may be the job of a stream that is about to name it
        if len(found) == 1:
            return _adopted(found[0], transport, cause)
        if found:
            break
    raise outcome_unknown(intent, cause, found) from cause


def _has_nameless_twin(transport: AsyncTransport, intent: Intent) -> bool:
    nameless = list(transport.state.nameless.values())  # other threads change it meanwhile
    return any(other.reference != intent.reference and other.equals(intent) for other in nameless)


async def settle_lost(
    transport: AsyncTransport,
    intent: Intent,
    job_id: str | None,
    *,
    made: bool = False,
    error: BaseException | None = None,
) -> None:
    """Stop the job of a create that was given up; report it if that is not certain.

    Args:
        transport: what carries out the calls.
        intent: the create.
        job_id: its job's id, if it is known.
        made: whether it is certain that there is a job.
        error: what is under way, if anything.
    """
    if job_id is None:
        job_id = await find_one(transport, intent, made=made)
    if job_id is None and not made:
        logger.warning(
            "POST %s was given up while it was under way (Idempotency-Key %s) and no job was found; one may appear.",
            intent.path,
            intent.reference,
        )
        return
    if job_id is None or not await stop_job(transport, job_id):
        report_leak(job_id, error)


async def find_one(transport: AsyncTransport, intent: Intent, *, made: bool) -> str | None:
    """Return the id of the job of an intent that is given up, so that it can be stopped; raises nothing of the API's.

    It is the only one in the list that fits. Where it is certain that there is a job (`made`), it is looked for until
    the list tells; and if this client gives up several equal ones at once, each gets one of as many that fit.
    """
    cleaning = transport.with_settings(transport.settings)
    cleaning.state = transport.state.for_cleanup()
    given_up, owned = transport.state.given_up, transport.state.owned
    if made:
        given_up[intent.reference] = intent
    try:
        with shielded(SETTLING_SECONDS):
            for wait in reconcile_waits(SETTLING_SECONDS):
                if wait:
                    await cleaning.sleep(wait)
                twin = False
                with suppress(TrioError):
                    found = await search(cleaning, intent, seconds=SETTLING_SECONDS)
                    twin = not made and _has_nameless_twin(transport, intent)
                    fitting = [job.job_id for job in found if job.job_id not in owned]
                    job_id = None if twin else the_one(fitting, intent, list(given_up.values()))
                    if job_id is not None:
                        owned.add(job_id)
                        return job_id
                if not (made or twin):
                    return None
        return None
    finally:
        given_up.pop(intent.reference, None)


def finder(settings: Settings, state: ClientState, intent: Intent) -> Callable[[], str | None]:
    """Return a function that does as `find_one` at the end of the program, without an event loop."""

    def find() -> str | None:
        from .._http._sync.sender import Sender
        from .._sync.creation import find_one
        from .._sync.transport import Transport

        sender = Sender(
            settings.base_url,
            settings.key,
            trust_env=settings.trust_env,
            max_body_bytes=settings.max_body_bytes,
            http_client=None,
        )
        try:
            return find_one(Transport(settings, sender, state), intent, made=True)
        finally:
            sender.close()

    return find


async def search(transport: AsyncTransport, intent: Intent, *, seconds: float) -> list[Job]:
    """Return the jobs in the list that fit an intent, or raise after so many seconds."""
    bounded = _Bounded(transport, seconds)
    cursor = JobCursor(limit=None, page_size=PAGE_SIZE, offset=0)
    candidates: list[Job] = []
    for _ in range(MAX_PAGES):
        page = await bounded.transport().call(
            list_jobs(type=intent.job_type, limit=cursor.page_limit, offset=cursor.offset)
        )
        listed_at = server_time(response_info(page).headers) or datetime.now(timezone.utc)
        candidates += [
            job for job in cursor.take(page) if may_fit(job, intent, not_after=listed_at, owned=transport.state.owned)
        ]
        if cursor.finished:
            break
    return [job for job in candidates if await _confirmed(bounded, job, intent)]


class _Bounded:
    """A time limit over several calls."""

    def __init__(self, transport: AsyncTransport, seconds: float) -> None:
        self._transport = transport
        self._until = transport.clock() + seconds

    def transport(self) -> AsyncTransport:
        """Return what carries out the next call in the time that is left."""
        settings = self._transport.settings
        left = max(_SHORTEST_CALL, self._until - self._transport.clock())
        return self._transport.with_settings(replace(settings, retry=replace(settings.retry, deadline=left)))


async def _confirmed(bounded: _Bounded, job: Job, intent: Intent) -> bool:
    """Return whether a candidate's settings, which list items do not carry, are those that were sent."""
    try:
        return fits(await bounded.transport().call(get_job(job.job_id)), intent)
    except NotFoundError:
        return False


def _adopted(job: Job, transport: AsyncTransport, cause: TrioError) -> Job:
    transport.state.owned.add(job.job_id)
    remember(job, ResponseInfo(200, {}, None, cause.attempts, 0.0, recovered=True))
    return job
