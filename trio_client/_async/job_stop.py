"""Stop a job, now or at the end of the program, and confirm that it has ended."""

from __future__ import annotations

import warnings
from dataclasses import replace

from .._core.config import RetryPolicy, Settings
from .._core.endpoints import cancel_job, get_job
from .._core.log import logger
from .._core.ownership import CreateRecord
from .._core.state import ClientState
from .._http.concurrency.async_.shield import shielded
from ..errors import ConflictError, JobLeakWarning, JobNotFoundError, NotFoundError, TrioError
from .transport import AsyncTransport

__all__ = ["StopAtExit", "report_leak", "stop_job"]

CLEANUP_SECONDS = 10.0
_PAUSES = (0.5, 1.0, 2.0)  # seconds before a refused DELETE is sent again


async def stop_job(transport: AsyncTransport, job_id: str, *, seconds: float = CLEANUP_SECONDS) -> bool:
    """Cancel a job and check its status; return whether it has certainly ended.

    It is shielded from the cancellation of its task, takes at most `seconds`, uses fresh connections and raises
    nothing of the API's.
    """
    policy = RetryPolicy(max_attempts=8, deadline=seconds, base_delay=0.2, max_delay=2.0)
    cleaning = transport.with_settings(replace(transport.settings, retry=policy))
    cleaning.state = transport.state.for_cleanup()
    with shielded(seconds):
        try:
            for pause in _PAUSES:
                refused = await _is_refused(cleaning, job_id)
                detail = await cleaning.call(replace(get_job(job_id), fresh_connection=True))
                if detail.is_terminal or not refused:
                    return detail.is_terminal
                await cleaning.sleep(pause)
        except NotFoundError:
            return True
        except TrioError as error:
            logger.error("Stopping job %s failed: %s", job_id, error)
    return False


async def _is_refused(transport: AsyncTransport, job_id: str) -> bool:
    """Cancel a job; return whether only its status can explain the reply.

    It has ended already, or something on the way to the server has replied.
    """
    try:
        await transport.call(cancel_job(job_id))
    except JobNotFoundError:
        raise
    except (ConflictError, NotFoundError):
        return True
    return False


def report_leak(job_id: str | None, error: BaseException | None) -> None:
    """Say loudly that a job may still be running; the error under way keeps its place and gets a note."""
    name = f"job {job_id}" if job_id else "a job whose id is not known"
    leak = JobLeakWarning(
        f"Could not confirm that {name} was stopped: it may still be running and billed.",
        job_id=job_id,
        advice=f"Cancel it with client.jobs.cancel({job_id!r})." if job_id else "Find it with client.jobs.list().",
    )
    logger.error("%s", leak)
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

    def __init__(self, settings: Settings, state: ClientState, record: CreateRecord) -> None:
        self._settings = settings
        self._state = state
        self._record = record

    def __call__(self, seconds: float) -> bool:
        """Stop it within so many seconds; return whether that is certain."""
        if seconds <= 0:
            return False
        from .._http._sync.sender import Sender
        from .._sync.job_stop import stop_job
        from .._sync.owned_job import OwnedJob
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
            job_id = OwnedJob(transport, self._record).find_id(seconds=seconds)
            return job_id is not None and stop_job(transport, job_id, seconds=until - transport.clock())
        finally:
            sender.close()

    def __str__(self) -> str:
        return self._record.job_id or "one whose id is not known"
