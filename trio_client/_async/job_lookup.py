"""Look up in the job list the job of a create whose reply was lost."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from .._core.endpoints import get_job, list_jobs
from .._core.ownership import Candidate, CreateRecord, PageTimes, fits, lookup_waits, server_time
from .._core.paging import JobCursor
from .._http.concurrency.async_.shield import shielded
from .._response_info import response_info
from ..errors import JobNotFoundError, TrioError
from ..models import Job
from .transport import AsyncTransport

__all__ = ["find_id", "search"]

_MAX_PAGES = 10
_PAGE_SIZE = 100
_MAX_CANDIDATES = 50  # where no job has a readable time, all that ever watched the stream are candidates
_SECONDS = 5.0  # to find a job that is to be stopped
_SHORTEST_CALL = 0.1  # seconds: a call in a search whose time is up


async def search(transport: AsyncTransport, record: CreateRecord, *, seconds: float) -> list[Candidate]:
    """Return the jobs in the list that a create may have made, or raise when the time is over."""
    bounded, ledger = _Bounded(transport, seconds), transport.state.ledger
    cursor = JobCursor(limit=None, page_size=_PAGE_SIZE, offset=0)
    found: list[Candidate] = []
    for _ in range(_MAX_PAGES):
        asked = ledger.clock()
        page = await bounded.transport().call(
            list_jobs(type=record.intent.job_type, limit=cursor.page_limit, offset=cursor.offset)
        )
        times = PageTimes(server_time(response_info(page).headers), asked, ledger.clock())
        found += ledger.candidates(record, cursor.take(page), times)
        if cursor.finished:
            break
    found.sort(key=lambda each: (not each.timed, each.job.is_terminal))
    return [each for each in found[:_MAX_CANDIDATES] if await _confirmed(bounded, each.job, record)]


async def find_id(transport: AsyncTransport, record: CreateRecord, *, seconds: float = _SECONDS) -> str | None:
    """Look up in the list the job of a create whose id is not known, and return its id, so that it can be stopped.

    Where it is certain that there is a job, the lookup is repeated. It raises nothing of the API's.
    """
    ledger = transport.state.ledger
    cleaning = transport.with_settings(transport.settings)
    cleaning.state = transport.state.for_cleanup()
    ledger.stopping(record, True)
    try:
        with shielded(seconds):
            for wait in lookup_waits(seconds):
                if wait:
                    await cleaning.sleep(wait)
                repeat = record.has_unknown_id
                with suppress(TrioError):
                    found = await search(cleaning, record, seconds=seconds)
                    repeat = repeat or ledger.is_contested(record)
                    job_id = ledger.claim(record, found)
                    if job_id is not None:
                        return job_id
                if not repeat:
                    return None
        return None
    finally:
        ledger.stopping(record, False)


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


async def _confirmed(bounded: _Bounded, job: Job, record: CreateRecord) -> bool:
    """Return whether a candidate's settings, which list items do not carry, are those that were sent."""
    try:
        return fits(await bounded.transport().call(get_job(job.job_id)), record.intent)
    except JobNotFoundError:
        return False
