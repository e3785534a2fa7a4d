"""Stop a job, now or at the end of the program, and confirm that it has ended."""

from __future__ import annotations

import warnings
from dataclasses import replace
from itertools import count
from typing import TypeVar

from pydantic import BaseModel

from .._core.call import Call
from .._core.config import RetryPolicy, Settings
from .._core.endpoints import cancel_job, get_job
from .._core.hooks import JobReport, notify_job
from .._core.ownership import CreateRecord, is_ambiguous
from .._core.retry.outcome import Outcome, classify
from .._core.state import ClientState
from .._core.stop_result import StopResult
from .._http.concurrency.async_.shield import shielded
from .._job_context import JobContext
from .._redaction import shown
from ..errors import (
    APIStatusError,
    AuthenticationError,
    JobLeakWarning,
    JobNotFoundError,
    RateLimitError,
    TrioError,
)
from .transport import AsyncTransport

__all__ = ["StopAtExit", "report_leak", "stop_job", "try_to_stop"]

_M = TypeVar("_M", bound=BaseModel)

CLEANUP_SECONDS = 10.0
_PAUSES = (0.5, 1.0)  # seconds before the next attempts
_PAUSE = 2.0  # before all later ones
_LAST_ATTEMPT = 1.0  # seconds before the end of the time


async def stop_job(transport: AsyncTransport, job_id: str, *, seconds: float = CLEANUP_SECONDS) -> bool:
    """Cancel a job and check its status; return whether it has certainly ended.

    It is shielded from the cancellation of its task, takes at most `seconds`, uses fresh connections and raises
    nothing of the API's. Only a terminal status, or "no such job" (JOB_NOT_FOUND), proves the end: any other 404, and
    any page, may come from a proxy, or from another server.
    """
    return (await try_to_stop(transport, job_id, seconds=seconds)).confirmed


async def try_to_stop(transport: AsyncTransport, job_id: str, *, seconds: float = CLEANUP_SECONDS) -> StopResult:
    """Do as `stop_job`; return what the replies say of the job, too."""
    stop = _Stop(transport, job_id, seconds)
    problem: object = None
    with shielded(stop.seconds):
        for number in count():
            hint = 0.0
            try:
                status = await stop.attempt()
                if status is None:
                    stop.result.confirmed = stop.result.possible = True
                    stop.result.at = transport.state.server_now()
                    return stop.result
                problem = f"its status is {shown(status)}"
            except TrioError as error:
                problem = error
                if classify(error) is Outcome.PERMANENT or (isinstance(error, AuthenticationError) and error.code):
                    break
                hint = (isinstance(error, APIStatusError) and error.retry_after) or 0.0
            if not await stop.pause(max(hint, _PAUSES[number] if number < len(_PAUSES) else _PAUSE)):
                break
    transport.context.with_job(job_id).log.error("Stopping job %s failed: %s", shown(job_id), problem)
    return stop.result


class _Stop:
    """The attempts to stop one job within a time."""

    def __init__(self, transport: AsyncTransport, job_id: str, seconds: float) -> None:
        self._transport = transport
        self._job_id = job_id
        grace = transport.state.ledger.not_found_grace(job_id)
        if grace <= seconds:
            seconds = max(seconds, grace + _LAST_ATTEMPT)  # the last attempt is made once "no such job" is certain
        self.seconds = seconds
        self._until = transport.clock() + seconds
        self._grace_until = transport.clock() + grace
        self.result = StopResult()
        self._is_last = False

    async def attempt(self) -> str | None:
        """Cancel the job and return its status; `None` if it has ended."""
        transport = self._cleaning()
        try:
            try:
                self.result.cancelled = await self._call(transport, cancel_job(self._job_id))
                self.result.possible = True
            except JobNotFoundError:
                raise
            except APIStatusError as error:
                if not _only_the_status_explains(error):
                    self.result.possible = self.result.possible or is_ambiguous(error)
                    raise
            except TrioError as error:
                self.result.possible = self.result.possible or is_ambiguous(error)
                raise
            poll = replace(get_job(self._job_id), fresh_connection=True, decides=True)
            detail = await self._call(transport, poll)
        except JobNotFoundError as error:
            if error.acted_before or self.result.possible or transport.clock() >= self._grace_until:
                return None
            return "not known yet"
        if not detail.is_terminal:
            return detail.status or "not known"
        self.result.job = detail
        return None

    async def pause(self, seconds: float) -> bool:
        """Wait before another attempt, if there is one; the last is made at the end of the time."""
        left = self._until - self._transport.clock()
        if self._is_last or left <= 0:
            return False
        if seconds >= left - _LAST_ATTEMPT:
            self._is_last, seconds = True, max(0.0, left - _LAST_ATTEMPT)
        await self._transport.sleep(seconds)
        return True

    async def _call(self, transport: AsyncTransport, call: Call[_M]) -> _M:
        """Make a call with the last key, or with another where that one is refused: it may be an old one."""
        try:
            return await transport.call(call)
        except AuthenticationError:
            if not transport.settings.key.renew():
                raise
            return await transport.call(call)

    def _cleaning(self) -> AsyncTransport:
        left = max(0.1, self._until - self._transport.clock())
        policy = RetryPolicy(max_attempts=8, deadline=left, base_delay=0.2, max_delay=2.0)
        cleaning = self._transport.with_settings(replace(self._transport.settings, retry=policy))
        cleaning.state = self._transport.state.for_cleanup()
        return cleaning


def _only_the_status_explains(error: APIStatusError) -> bool:
    """Whether the job may have ended already, or something on the way to the server has replied."""
    return 400 <= error.status_code < 500 and not isinstance(error, (AuthenticationError, RateLimitError))


def report_leak(context: JobContext, error: BaseException | None) -> None:
    """Say loudly that a job may still be running; the error under way keeps its place and gets a note."""
    job_id, name, advice = context.job_id, "a job whose id is not known", "Find it with client.jobs.list()."
    if job_id:
        name, advice = f"job {shown(job_id)}", f"Cancel it with client.jobs.cancel({shown(job_id)!r})."
    leak = JobLeakWarning(
        context.named_in(f"Could not confirm that {name} was stopped: it may still be running and billed."),
        job_id=job_id,
        advice=advice,
    )
    context.log.error("%s", leak)
    if error is not None:
        notes = [*getattr(error, "__notes__", ()), str(leak)]
        error.__notes__ = notes  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    try:
        warnings.warn(leak, stacklevel=3)
    except JobLeakWarning:
        if error is None:
            raise
        # warnings are errors here, and the one under way must not be replaced: its note says it


class StopAtExit:
    """Stop a job when nothing else of its client is left: no stream, no event loop, perhaps no connection."""

    def __init__(self, settings: Settings, state: ClientState, record: CreateRecord, report: JobReport) -> None:
        self._settings = settings
        self._state = state
        self._record = record
        self._report = report

    def __call__(self, seconds: float) -> bool:
        """Stop it within a time; return whether that is certain."""
        if seconds <= 0:
            return False
        from .._http._sync.sender import Sender
        from .._sync.job_lookup import find_id
        from .._sync.job_stop import try_to_stop
        from .._sync.transport import Transport

        settings = self._settings
        sender = Sender(
            settings.base_url,
            settings.key,
            trust_env=settings.trust_env,
            max_body_bytes=settings.max_body_bytes,
            http_client=None,
        )
        try:
            transport = Transport(settings, sender, self._state)
            until = transport.clock() + seconds
            job_id = find_id(transport, self._record, seconds=seconds)
            if job_id is None:
                return False
            result = try_to_stop(transport, job_id, seconds=until - transport.clock())
            if result.confirmed:
                notify_job(settings.hooks.on_job, self._report.ended(result.counters))
            return result.confirmed
        finally:
            sender.close()

    def __str__(self) -> str:
        name = shown(self._record.job_id) if self._record.job_id else "one whose id is not known"
        return JobContext.of(self._record.intent.body.get("stream_url")).named_in(name)
