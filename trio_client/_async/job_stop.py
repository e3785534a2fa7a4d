"""Stop a job, now or at the end of the program, and confirm that it has ended."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TypeVar

from pydantic import BaseModel

from .._core.call import Call
from .._core.config import RetryPolicy, Settings
from .._core.endpoints import cancel_job, get_job
from .._core.hooks import JobReport
from .._core.ownership import CreateRecord
from .._core.state import ClientState
from .._core.stop_attempts import StopAttempts, StopResult
from .._http.concurrency.async_.shield import shielded
from .._job_context import JobContext
from .._redaction import shown
from ..errors import AuthenticationError, JobLeakWarning, TrioError
from .transport import AsyncTransport

__all__ = ["StopAtExit", "report_leak", "stop_job"]

_M = TypeVar("_M", bound=BaseModel)

_CLEANUP_SECONDS = 10.0


async def stop_job(transport: AsyncTransport, job_id: str, *, seconds: float | None = None) -> StopResult:
    """Cancel a job and check its status, again and again until it has certainly ended; return what the replies say.

    It is shielded from the cancellation of its task, uses fresh connections and raises nothing of the API's. It takes
    at most `seconds`: unless given, ten, or what closing the client leaves of them.
    """
    if seconds is None:
        seconds = transport.state.stop_seconds(_CLEANUP_SECONDS)
    grace = transport.state.ledger.not_found_grace(job_id)
    attempts = StopAttempts(seconds, grace=grace, clock=transport.clock)
    with shielded(attempts.seconds):
        await _attempt(transport, job_id, attempts)
        while (pause := attempts.pause()) is not None:
            await transport.sleep(pause)
            await _attempt(transport, job_id, attempts)
    if attempts.result.confirmed:
        attempts.result.at = transport.state.server_now()
    return attempts.result


async def _attempt(transport: AsyncTransport, job_id: str, attempts: StopAttempts) -> None:
    """Cancel the job, and poll it."""
    policy = RetryPolicy(max_attempts=8, deadline=max(0.1, attempts.time_left), base_delay=0.2, max_delay=2.0)
    cleaning = transport.with_settings(replace(transport.settings, retry=policy))
    cleaning.state = transport.state.for_cleanup()
    try:
        try:
            attempts.cancelled(await _call(cleaning, cancel_job(job_id)))
        except TrioError as error:
            if not attempts.cancel_failed(error):
                raise
        attempts.polled(await _call(cleaning, replace(get_job(job_id), fresh_connection=True, decides=True)))
    except TrioError as error:
        attempts.failed(error)


async def _call(transport: AsyncTransport, call: Call[_M]) -> _M:
    """Make a call with the last key, or with another where that one is refused: it may be an old one."""
    try:
        return await transport.call(call)
    except AuthenticationError:
        if not transport.settings.key.renew():
            raise
        return await transport.call(call)


def report_leak(context: JobContext, error: BaseException | None, problem: str | None) -> None:
    """Say loudly, and once, that a job may still be running; the error under way keeps its place and gets a note.

    Args:
        context: names the job.
        error: what is under way, if anything.
        problem: why stopping it could not be confirmed, if that is known.
    """
    job_id, name, advice = context.job_id, "a job whose id is not known", "Find it with client.jobs.list()."
    if job_id:
        name, advice = f"job {shown(job_id)}", f"Cancel it with client.jobs.cancel({shown(job_id)!r})."
    leak = JobLeakWarning(
        context.named_in(f"Could not confirm that {name} was stopped: it may still be running and billed.")
        + (f" The last attempt failed: {problem}." if problem else ""),
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

    def __init__(self, settings: Settings, state: ClientState, record: CreateRecord, report: JobReport | None) -> None:
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
        from .._sync.job_stop import stop_job
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
            job_id = self._record.job_id or find_id(transport, self._record, seconds=seconds)
            if job_id is None:
                return False
            result = stop_job(transport, job_id, seconds=until - transport.clock())
            if result.confirmed and self._report is not None:
                self._report.ended(result.counters)
            return result.confirmed
        finally:
            sender.close()

    def __str__(self) -> str:
        name = shown(self._record.job_id) if self._record.job_id else "one whose id is not known"
        return JobContext.of(self._record.intent.body.get("stream_url")).named_in(name)
