"""List, read, follow and cancel jobs."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import trio_client

from .._core.config import Timeout
from .._core.endpoints import STATUSES, cancel_job, get_job, list_jobs
from .._core.paging import JobCursor
from .._core.validation import integer, one_of
from .._loading import loading
from .._numbers import positive_limit
from .._redaction import preview
from ..errors import (
    CreateOutcomeUnknownError,
    JobNotFoundError,
    RequestValidationError,
    TrioError,
)
from ..models import CancelledJob, Job, JobDetail, JobPage, JobStatus, JobType
from .base_client import AsyncResource
from .job_calls import AsyncPageIterator, fetch_page, wait_for_end
from .job_lookup import search
from .owned_job import AsyncOwnedJob

__all__ = ["AsyncJobIterator", "AsyncJobs"]

_DOUBT_PAUSE = 2.0  # seconds


class AsyncJobIterator(AsyncPageIterator[JobPage, Job]):
    """Iterate over jobs, page by page; each page is fetched when its first job is asked for.

    After an error the same iterator can be asked again: it goes on with the page that failed.

    Attributes:
        offset: where in the list the next page begins.
    """


class AsyncJobs(AsyncResource):
    """The jobs of the account, running or ended. Reached as `client.jobs`.

    - `list` returns one page of jobs, `iterate` all of them, page after page.
    - `get` returns one job as it is now; `wait` returns it once it has ended.
    - `events` follows a running job by polling, as events.
    - `cancel` stops one job, `cancel_all` those that match.
    - `reconcile` retries the lookup of the job of a create whose outcome is unknown.

    Example:
        >>> async with AsyncTrioClient() as client:
        ...     job = await client.live_monitor.create("rtsp://cam/1", "a van is there")
        ...     ended = await client.jobs.wait(job.job_id, poll_interval=0.1)
        >>> ended.status
        'completed'
    """

    async def list(
        self,
        *,
        status: JobStatus | None = None,
        type: JobType | None = None,
        limit: int = 20,
        offset: int = 0,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> JobPage:
        """Return one page of jobs, with exactly one request (and its repetitions on failure).

        Args:
            status: only jobs with this status: `pending`, `running`, `stopped`, `completed` or `failed`.
            type: only jobs of this type: `live-monitor` or `live-digest`.
            limit: how many jobs at most, 1 or more.
            offset: how many jobs to skip, 0 or more.
            timeout: seconds for connect, pool and response each, or a `Timeout`.
            extra_headers: headers to send with this request.

        Returns:
            The page: iterate over it or use `.jobs`; `.total`, `.limit` and `.offset` are the server's, and
            `.has_more` says whether another page may follow.

        Raises:
            RequestValidationError: an argument is outside its range; nothing was sent.
            APIStatusError: the server refused.
            APIConnectionError: no reply came.
            ResponseValidationError: the reply is not a page of jobs.

        Example:
            >>> async with AsyncTrioClient() as client:
            ...     page = await client.jobs.list(status="running", limit=10)
            >>> len(page), page.offset
            (0, 0)

        Source: API reference, "List Jobs".
        """
        call = list_jobs(status=status, type=type, limit=limit, offset=offset)
        return await fetch_page(
            self._transport, call, limit=limit, offset=offset, timeout=timeout, extra_headers=extra_headers
        )

    def iterate(
        self,
        *,
        status: JobStatus | None = None,
        type: JobType | None = None,
        limit: int | None = None,
        page_size: int = 100,
        offset: int = 0,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> AsyncJobIterator:
        """Return an iterator over all jobs, which fetches page after page as needed.

        No job comes twice, even if new ones push the list down meanwhile. Where jobs disappear from the list while
        it is read, as in a loop that cancels those with `status="running"`, the places they left are read again.

        Args:
            status: only jobs with this status.
            type: only jobs of this type.
            limit: how many jobs to yield in all; `None`: all there are.
            page_size: how many to ask for at a time, 1 or more.
            offset: how many jobs to skip, 0 or more.
            timeout: of each request: seconds for connect, pool and response each, or a `Timeout`.
            extra_headers: headers to send with each request.

        Returns:
            An iterator of `Job`. Its `offset` is where the next page begins.

        Raises:
            RequestValidationError: an argument is outside its range; nothing was sent.
            APIStatusError, APIConnectionError, ResponseValidationError: while iterating; iterate again to
                go on with the page that failed.

        Example:
            >>> async with AsyncTrioClient() as client:
            ...     ids = [job.job_id async for job in client.jobs.iterate(status="completed")]
            >>> len(ids) == len(set(ids))
            True

        Source: API reference, "List Jobs" (limit and offset).
        """
        if limit is not None:
            integer("limit", limit, 0)
        integer("page_size", page_size, 1)
        list_jobs(status=status, type=type, offset=offset)  # checks the filters before anything is sent
        cursor = JobCursor(limit=limit, page_size=page_size, offset=offset)

        def fetch(limit: int, offset: int) -> Awaitable[JobPage]:
            call = list_jobs(status=status, type=type, limit=limit, offset=offset)
            return fetch_page(
                self._transport, call, limit=limit, offset=offset, timeout=timeout, extra_headers=extra_headers
            )

        return AsyncJobIterator(cursor, fetch)

    async def get(
        self,
        job_id: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> JobDetail:
        """Return one job with its settings and counters.

        Args:
            job_id: the job's id, as the API returned it.
            timeout: seconds for connect, pool and response each, or a `Timeout`.
            extra_headers: headers to send with this request.

        Returns:
            The job as it is now.

        Raises:
            RequestValidationError: the id cannot be one; nothing was sent.
            JobNotFoundError: the job is unknown or has expired.
            APIStatusError: the server refused otherwise.
            APIConnectionError: no reply came.
            ResponseValidationError: the reply is not a job.

        Example:
            >>> async with AsyncTrioClient() as client:
            ...     job = await client.live_monitor.create("rtsp://cam/1", "a van is there")
            ...     detail = await client.jobs.get(job.job_id)
            ...     _ = await client.jobs.cancel(job.job_id)
            >>> detail.config.condition
            'a van is there'

        Source: API reference, "Get Job Details".
        """
        return await self._transport.call(get_job(job_id), timeout=timeout, extra_headers=extra_headers)

    async def wait(
        self,
        job_id: str,
        *,
        timeout: float | None = None,
        poll_interval: float = 3.0,
        on_update: Callable[[JobDetail], object] | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> JobDetail:
        """Return a job once it has ended, however it ended: completed, stopped and failed alike.

        Failed polls, such as those of a restarting server, are retried for as long as the retry policy's deadline.

        Args:
            job_id: the job's id.
            timeout: seconds to wait at most; `None`: until it ends.
            poll_interval: seconds between two polls; the API's advice is 3 to 5.
            on_update: called with the job after each poll.
            extra_headers: headers to send with each request.

        Returns:
            The job as it ended.

        Raises:
            WaitTimeoutError: it did not end in time; the job runs on, and `.last` is its last state.
            JobNotFoundError: the job is unknown or has expired.
            RequestValidationError: an argument is outside its range; nothing was sent.
            APIStatusError, APIConnectionError: polling failed for good.

        Example:
            >>> async with AsyncTrioClient() as client:
            ...     job = await client.live_monitor.create("rtsp://cam/1", "a van is there")
            ...     ended = await client.jobs.wait(job.job_id, timeout=60, poll_interval=0.1)
            >>> ended.status, ended.stats.reason
            ('completed', 'condition_triggered')

        Source: the API's "Poll jobs" guide.
        """
        return await wait_for_end(
            self._transport,
            get_job(job_id),
            job_id=job_id,
            timeout=timeout,
            poll_interval=poll_interval,
            on_update=on_update,
            extra_headers=extra_headers,
            ended=lambda job: job.is_terminal,
            advice="Wait again, or cancel it with client.jobs.cancel(job_id).",
        )

    def events(
        self,
        job_id: str,
        *,
        poll_interval: float = 3.0,
        from_start: bool = True,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> trio_client.AsyncEventStream:
        """Return the events of a job that runs already, found by polling.

        It never cancels the job. The events are `Started`, `Progress` when counters moved, a `Triggered` (with
        no explanation: the stream was polled) for each trigger counted, and `Stopped` or `Failed`.

        Args:
            job_id: the job's id.
            poll_interval: seconds between two polls; the API's advice is 3 to 5.
            from_start: whether to report what happened before the first poll: the start, and each trigger counted. A
                program that goes on with a job after a restart passes false.
            timeout: of each poll: seconds for connect, pool and response each, or a `Timeout`.
            extra_headers: headers to send with each poll.

        Returns:
            The stream; nothing is sent before it is entered or iterated over.

        Raises:
            RequestValidationError: an argument is outside its range.
            StreamInterruptedError: while iterating: polling the job kept failing.

        Example:
            >>> async with AsyncTrioClient() as client:
            ...     job = await client.live_monitor.create("rtsp://cam/1", "a van is there")
            ...     async with client.jobs.events(job.job_id, poll_interval=0.1) as events:
            ...         ended = (await events.collect())[-1]
            >>> ended.kind, ended.reason, ended.delivery
            ('stopped', 'condition_triggered', 'poll')

        Source: the API's "Poll jobs" guide.
        """
        positive_limit("poll_interval", poll_interval, "seconds", advice="For rare polls, pass 3600.")
        with loading():
            from .event_stream import AsyncEventStream
            from .job_poller import AsyncJobPoller

        options: dict[str, Any] = {"timeout": timeout, "extra_headers": extra_headers}
        return AsyncEventStream(
            AsyncJobPoller(
                self._transport, job_id, poll_interval=poll_interval, from_start=from_start, options=options
            ),
            self._transport.state.open_streams,
        )

    async def cancel(
        self,
        job_id: str,
        *,
        missing_ok: bool = False,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> CancelledJob:
        """Stop a job. A job that has already ended stays as it is.

        Args:
            job_id: the job's id.
            missing_ok: whether a job that the server does not know (JOB_NOT_FOUND) counts as cancelled. Of a job that
                this client has just created, that is believed only after ten seconds: the server's reads may lag.
            timeout: seconds for connect, pool and response each, or a `Timeout`.
            extra_headers: headers to send with this request.

        Returns:
            The job's last status and final counters.

        Raises:
            JobNotFoundError: the job is unknown or has expired, unless `missing_ok`, or unless an earlier
                attempt of this same call may have cancelled it.
            RequestValidationError: the id cannot be one; nothing was sent.
            APIStatusError: the server refused otherwise.
            APIConnectionError: no reply came; the job may or may not run on.

        Example:
            >>> async with AsyncTrioClient() as client:
            ...     job = await client.live_monitor.create("rtsp://cam/1", "a van is there")
            ...     (await client.jobs.cancel(job.job_id)).status
            'stopped'

        Source: API reference, "Cancel Job".
        """
        call = cancel_job(job_id)
        grace_until = self._transport.clock() + self._transport.state.ledger.not_found_grace(job_id)
        while True:
            try:
                return await self._transport.call(call, timeout=timeout, extra_headers=extra_headers)
            except JobNotFoundError as error:
                if not error.acted_before and not missing_ok:
                    raise
                left = grace_until - self._transport.clock()
                if error.acted_before or left <= 0:
                    break
            await self._transport.sleep(min(_DOUBT_PAUSE, left))  # the read may lag behind the create
        return CancelledJob(job_id=job_id, status="stopped", message="The server does not know the job any more.")

    async def cancel_all(
        self,
        *,
        status: Iterable[JobStatus] = ("pending", "running"),
        type: JobType | None = None,
        where: Callable[[Job], object] | None = None,
        dry_run: bool = False,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> trio_client.CancelReport:
        """Stop all jobs of the account with the given statuses, those of other programs too. Continues after a failure.

        Args:
            status: the statuses of the jobs to stop.
            type: only jobs of this type.
            where: called with each job of the list, before any is stopped; only those are stopped for which it returns
                something true. What it raises is raised, and nothing is stopped.
            dry_run: whether to stop nothing and only report what matches.
            timeout: seconds for connect, pool and response each, or a `Timeout`.
            extra_headers: headers to send with each request.

        Returns:
            The jobs that matched, what was cancelled, and what could not be, by job id.

        Raises:
            RequestValidationError: a status is not a documented one, or `where` is no plain function; nothing was
                stopped.
            APIStatusError, APIConnectionError: the list itself could not be read.

        Example:
            >>> async with AsyncTrioClient() as client:
            ...     report = await client.jobs.cancel_all(where=lambda job: job.stream_url == "rtsp://cam/1")
            >>> report.matched, report.failed
            ((), {})

        Source: API reference, "List Jobs" and "Cancel Job".
        """
        with loading():
            from .._core.reports import CancelReport, job_filter

        several = isinstance(status, Iterable) and not isinstance(status, str)  # pyright: ignore[reportUnnecessaryIsInstance]
        statuses = tuple(status) if several else (status,)
        for each in statuses:
            one_of("status", each, STATUSES)
        matches = job_filter(where)
        found: dict[str, Job] = {}
        for each in statuses:
            async for job in self.iterate(status=each, type=type, timeout=timeout, extra_headers=extra_headers):  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
                if (job.status is None or job.status in statuses) and matches(job):
                    found[job.job_id] = job
        matched = tuple(found.values())
        if dry_run:
            return CancelReport(matched, (), {})
        cancelled: deque[CancelledJob] = deque()
        failed: dict[str, TrioError] = {}
        for job_id in found:
            try:
                cancelled.append(
                    await self.cancel(job_id, missing_ok=True, timeout=timeout, extra_headers=extra_headers)
                )
            except TrioError as error:
                failed[job_id] = error
        return CancelReport(matched, tuple(cancelled), failed)

    async def reconcile(self, error: CreateOutcomeUnknownError) -> Job | None:
        """Retry the lookup of the job of a create whose outcome is unknown.

        Args:
            error: what the create raised.

        Returns:
            The job, if exactly one in the list fits what was sent. `None` if it is still not known: none does yet,
            which does not prove that there will be none, or several do, or one of which it is not known when it was
            made. `error.candidates` are then those that the list shows now.

        Raises:
            RequestValidationError: it is another error.
            APIStatusError, APIConnectionError: the list could not be read.

        Example:
            >>> from trio_client import CreateOutcomeUnknownError
            >>> async with AsyncTrioClient() as client:
            ...     try:
            ...         job = await client.live_monitor.create("rtsp://cam/1", "a van is there")
            ...     except CreateOutcomeUnknownError as error:
            ...         job = await client.jobs.reconcile(error)
        """
        if not isinstance(error, CreateOutcomeUnknownError):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise RequestValidationError(
                f"error is {preview(repr(error))}; it must be the CreateOutcomeUnknownError that a create raised.",
                field="error",
                value=error,
            )
        owned = AsyncOwnedJob.of(self._transport, error)
        found = await search(self._transport, owned.record, seconds=self._transport.settings.retry.deadline)
        if not self._transport.state.ledger.is_contested(owned.record):
            error.candidates = tuple(each.job for each in found)
        return owned.adopt(found)
