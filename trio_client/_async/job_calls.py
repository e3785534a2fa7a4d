"""What the jobs of all services share: iterating over them, and waiting for the end of one."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeAlias, TypeVar
from warnings import warn

from typing_extensions import Self

import trio_client

from .._core.call import Call
from .._core.config import Timeout
from .._core.paging import PageCursor, is_too_large, name_page_if_too_large
from .._core.polling import RetryWindow, not_ended_in_time
from .._core.retry.backoff import lengthened
from .._numbers import positive, positive_limit
from ..errors import JobNotFoundError, ResponseValidationError, ResponseWarning, TrioError
from .transport import AsyncTransport

__all__ = ["AsyncPageIterator", "fetch_page", "wait_for_end"]

Finding: TypeAlias = TrioError | None
_P = TypeVar("_P")
_J = TypeVar("_J")
_M = TypeVar("_M", "trio_client.JobPage", "trio_client.models.OsapiJobPage")
_D = TypeVar("_D", "trio_client.JobDetail", "trio_client.models.OsapiJob")


class AsyncPageIterator(Generic[_P, _J]):
    """Iterate over jobs, page by page; each page is fetched when its first job is asked for.

    After an error the same iterator can be asked again: it goes on with the page that failed.

    Attributes:
        offset: where in the list the next page begins.
    """

    def __init__(self, cursor: PageCursor[_P, _J], fetch: Callable[[int, int], Awaitable[_P]]) -> None:
        self._cursor = cursor
        self._fetch = fetch  # of a limit and an offset
        self._pending: deque[_J] = deque()

    @property
    def offset(self) -> int:
        """Where in the list the next page begins."""
        return self._cursor.offset

    def __repr__(self) -> str:
        ended = ", ended" if self._cursor.finished and not self._pending else ""
        return f"<{type(self).__name__}, next page at offset {self.offset}{ended}>"

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _J:
        while not self._pending:
            cursor = self._cursor
            if cursor.finished:
                raise StopAsyncIteration
            try:
                page = await self._fetch(cursor.page_limit, cursor.offset)
            except ResponseValidationError as error:
                if not is_too_large(error) or not cursor.ask_for_less():
                    raise
                continue
            self._pending.extend(cursor.take(page))
            if cursor.complaint is not None:
                warn(cursor.complaint, ResponseWarning, stacklevel=2)
        return self._pending.popleft()


async def fetch_page(
    transport: AsyncTransport,
    call: Call[_M],
    *,
    limit: int | None,
    offset: int | None,
    timeout: float | Timeout | None,
    extra_headers: Mapping[str, str] | None,
) -> _M:
    """Return one page of jobs; if it is too large, say which one it was."""
    try:
        return await transport.call(call, timeout=timeout, extra_headers=extra_headers)
    except ResponseValidationError as error:
        name_page_if_too_large(error, limit, offset)
        raise


async def wait_for_end(
    transport: AsyncTransport,
    call: Call[_D],
    *,
    job_id: str,
    timeout: float | None,
    poll_interval: float,
    on_update: Callable[[_D], object] | None,
    extra_headers: Mapping[str, str] | None,
    ended: Callable[[_D], bool],
    next_poll: Callable[[float], float] = lambda seconds: seconds,
    missing: Callable[[JobNotFoundError], Awaitable[Finding]] | None = None,
    advice: str,
) -> _D:
    """Poll a job until it has ended, and return it.

    Args:
        transport: what carries out the calls.
        call: the call that returns the job.
        job_id: its id.
        timeout: seconds to wait at most; `None`: until it ends.
        poll_interval: seconds between two polls.
        on_update: called with the job after each poll.
        extra_headers: headers to send with each request.
        ended: whether the job has ended.
        next_poll: how many seconds to wait before the next poll, given `poll_interval`.
        missing: what it means that the job is not found: the error to raise or to retry after; `None`: the job is
            there.
        advice: what to do about a job that did not end in time.
    """
    positive_limit("poll_interval", poll_interval, "seconds", advice="For rare polls, pass 3600.")
    if timeout is not None:
        positive("timeout", timeout, "seconds")
    ledger = transport.state.ledger
    retry_window = RetryWindow(transport.settings.retry.deadline, transport.clock, reached=ledger.is_known(job_id))
    grace_until = transport.clock() + ledger.not_found_grace(job_id)  # of "no such job"
    until = None if timeout is None else transport.clock() + timeout
    last: _D | None = None
    problem: TrioError | None = None
    while True:
        pause = poll_interval
        try:
            last = await transport.call(call, extra_headers=extra_headers)
        except TrioError as error:
            problem = error.with_traceback(None)
            if isinstance(error, JobNotFoundError) and missing is not None:
                problem = await missing(error)
            in_grace = isinstance(problem, JobNotFoundError) and transport.clock() < grace_until
            if problem is not None:
                if not in_grace and not retry_window.allows(problem):
                    raise problem from problem.__cause__
                pause = lengthened(poll_interval, problem, transport.settings.retry)
        else:
            problem = None
            retry_window.reset()
            if on_update is not None:
                on_update(last)
            if ended(last):
                return last
        pause = next_poll(pause)
        if until is not None and (left := until - transport.clock()) < pause:
            if left <= 0:
                break
            pause = left
        await transport.sleep(pause)
    if last is not None and last.is_terminal:  # a failure that the server may still mend
        return last
    assert timeout is not None  # or the polling would not have ended
    raise not_ended_in_time(job_id, timeout, last, problem, advice=advice) from problem
