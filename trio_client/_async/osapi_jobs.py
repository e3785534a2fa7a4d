"""List, read, follow, delete and retry the jobs of an OSAPI server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from .._core.config import Timeout
from .._core.osapi import (
    LARGEST_PAGE,
    Ending,
    delete_job,
    get_job,
    list_jobs,
    retries_of,
    retry_job,
    retry_outcome_unknown,
)
from .._core.ownership import is_ambiguous, lookup_waits
from .._core.paging import OsapiJobCursor
from .._core.validation import integer
from .._numbers import not_negative
from .._response_info import ResponseInfo, remember
from ..errors import JobNotFoundError, TrioError
from ..models import OsapiJob, OsapiJobPage, OsapiRetriedJob, OsapiStatusFilter
from .base_client import AsyncResource
from .job_calls import AsyncPageIterator, fetch_page, wait_for_end

__all__ = ["AsyncOsapiJobIterator", "AsyncOsapiJobs"]

_Ids: TypeAlias = Sequence[str] | None


class AsyncOsapiJobIterator(AsyncPageIterator[OsapiJobPage, OsapiJob]):
    """Iterate over jobs, page by page; each page is fetched when its first job is asked for.

    After an error the same iterator can be asked again: it goes on with the page that failed.

    Attributes:
        offset: where in the list the next page begins.
    """


class AsyncOsapiJobs(AsyncResource):
    """The jobs of an OSAPI server. Reached as `client.jobs`.

    - `list` returns one page of jobs, `iterate` all of them, page after page.
    - `get` returns one job with what each agent did; `wait` returns it once it has ended.
    - `retry` does the work of a job again, as a new job; `delete` removes a job's record.

    Example:
        >>> from trio_client.osapi import AsyncOsapiClient
        >>> async with AsyncOsapiClient() as client:
        ...     [job.status async for job in client.jobs.iterate(status="partial_failure")]
        ['partial_failure']
    """

    async def list(
        self,
        *,
        status: OsapiStatusFilter | None = None,
        limit: int | None = None,
        offset: int | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> OsapiJobPage:
        """Return one page of jobs, ordered by id, with exactly one request (and its repetitions on failure).

        What is not given is not sent, so that the server's defaults hold. The jobs of a list are summaries: their
        `responses`, `agent_states` and `timeline` come with `get`.

        Args:
            status: only jobs with this status: `submitted`, `processing`, `completed`, `failed` or `partial_failure`.
            limit: how many jobs at most, 1 to 100 (server's default: 10).
            offset: how many jobs to skip, 0 or more (server's default: 0).
            timeout: seconds for connect, pool and response each, or a `Timeout`.
            extra_headers: headers to send with this request.

        Returns:
            The page: iterate over it or use `.items`; `.total_items` counts the jobs that match the filter,
            `.status_counts` all jobs by status, whatever the filter (empty where the server sends none).

        Raises:
            RequestValidationError: an argument is outside its range; nothing was sent.
            PermissionDeniedError: the token lacks the scope `job:read`.
            APIStatusError: the server refused otherwise.
            APIConnectionError: no reply came.
            ResponseValidationError: the reply is not a page of jobs; if it is an HTML page, `api_prefix` is wrong.

        Example:
            >>> from trio_client.osapi import AsyncOsapiClient
            >>> async with AsyncOsapiClient() as client:
            ...     page = await client.jobs.list(status="partial_failure", limit=10)
            >>> [(job.status, job.operation_type) for job in page], page.status_counts["completed"]
            ([('partial_failure', 'network.dns.update')], 2)

        Source: OSAPI reference, "List jobs".
        """
        call = list_jobs(status=status, limit=limit, offset=offset)
        return await fetch_page(
            self._transport, call, limit=limit, offset=offset, timeout=timeout, extra_headers=extra_headers
        )

    def iterate(
        self,
        *,
        status: OsapiStatusFilter | None = None,
        limit: int | None = None,
        page_size: int = 100,
        offset: int = 0,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> AsyncOsapiJobIterator:
        """Return an iterator over all jobs, ordered by id, which fetches page after page as needed.

        No job comes twice. Where jobs are deleted while the list is read, as in a loop that deletes what it gets,
        the places they left are read again. A job that is made meanwhile can hide a deletion, and a job be missed.

        Args:
            status: only jobs with this status.
            limit: how many jobs to yield in all; `None`: all there are.
            page_size: how many to ask for at a time, 1 to 100; large pages cost the server least.
            offset: how many jobs to skip, 0 or more.
            timeout: of each request: seconds for connect, pool and response each, or a `Timeout`.
            extra_headers: headers to send with each request.

        Returns:
            An iterator of `OsapiJob`. Its `offset` is where the next page begins.

        Raises:
            RequestValidationError: an argument is outside its range; nothing was sent.
            APIStatusError, APIConnectionError, ResponseValidationError: while iterating; iterate again to
                go on with the page that failed.

        Example:
            >>> from trio_client.osapi import AsyncOsapiClient
            >>> async with AsyncOsapiClient() as client:
            ...     [job.hostname async for job in client.jobs.iterate(status="completed")]
            ['web-02', 'web-01']

        Source: OSAPI reference, "List jobs" (limit and offset).
        """
        if limit is not None:
            integer("limit", limit, 0)
        integer("page_size", page_size, 1, LARGEST_PAGE)
        list_jobs(status=status, offset=offset)  # checks the filters before anything is sent
        cursor = OsapiJobCursor(limit=limit, page_size=page_size, offset=offset)

        def fetch(limit: int, offset: int) -> Awaitable[OsapiJobPage]:
            call = list_jobs(status=status, limit=limit, offset=offset)
            return fetch_page(
                self._transport, call, limit=limit, offset=offset, timeout=timeout, extra_headers=extra_headers
            )

        return AsyncOsapiJobIterator(cursor, fetch)

    async def get(
        self,
        id: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> OsapiJob:
        """Return one job with what each agent did, and its history.

        Args:
            id: the job's id, a UUID.
            timeout: seconds for connect, pool and response each, or a `Timeout`.
            extra_headers: headers to send with this request.

        Returns:
            The job as it is now; `.agents()` gives one view of each agent, `.timeline` the events as received.

        Raises:
            RequestValidationError: the id is not a UUID; nothing was sent.
            JobNotFoundError: the job is unknown, or the server cannot reach its store: `list` shows that, since it then
                fails with a `ServerError`.
            PermissionDeniedError: the token lacks the scope `job:read`.
            APIStatusError: the server refused otherwise.
            APIConnectionError: no reply came.
            ResponseValidationError: the reply is not a job.

        Example:
            >>> from trio_client.osapi import AsyncOsapiClient
            >>> async with AsyncOsapiClient() as client:
            ...     page = await client.jobs.list(status="partial_failure")
            ...     job = await client.jobs.get(page[0].id)
            >>> [(agent.hostname, agent.status, agent.error) for agent in job.agents()]
            [('web-01', 'completed', None), ('db-01.lab', 'failed', 'permission denied')]

        Source: OSAPI's OpenAPI file, `GET /job/{id}`.
        """
        return await self._transport.call(get_job(id), timeout=timeout, extra_headers=extra_headers)

    async def wait(
        self,
        id: str,
        *,
        timeout: float | None = None,
        poll_interval: float = 3.0,
        settle: float = 0.0,
        on_update: Callable[[OsapiJob], object] | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> OsapiJob:
        """Return a job once it has ended: completed, failed, partial_failure and skipped alike.

        The server tries failed work again, up to five times in its example configuration, with waits of 30 seconds to
        30 minutes; meanwhile the job reads `failed`. Use `settle` to wait for the end of these attempts.
        Failed polls, such as those of a restarting server, are retried for as long as the retry policy's deadline.

        A job that no agent takes, such as a retry to a host name, stays `submitted` and never ends: pass
        a `timeout`.

        Args:
            id: the job's id, a UUID.
            timeout: seconds to wait at most; `None`: until it ends, which a job that no agent takes never does.
            poll_interval: seconds between two polls.
            settle: seconds for which a job must have stayed `failed` (or `partial_failure`) before that is taken as
                its end; 0: at once.
            on_update: called with the job after each poll.
            extra_headers: headers to send with each request.

        Returns:
            The job as it ended. If the time is up before `settle` is over, the job as it was last seen.

        Raises:
            WaitTimeoutError: it did not end in time, and `.last` is its last state. It runs on, or, where the message
                says so, no agent has taken it.
            JobNotFoundError: the job is unknown or was deleted. This is raised only while the server can reach its
                store.
            RequestValidationError: an argument is outside its range; nothing was sent.
            APIStatusError, APIConnectionError: polling failed for good.

        Example:
            >>> from trio_client.osapi import AsyncOsapiClient
            >>> async with AsyncOsapiClient() as client:
            ...     page = await client.jobs.list(status="partial_failure")
            ...     again = await client.jobs.retry(page[0].id)
            ...     job = await client.jobs.wait(again.job_id, timeout=60, poll_interval=0.1)
            >>> job.status, job.is_terminal
            ('completed', True)

        Source: OSAPI's job life cycle; its example configuration (redelivery).
        """
        not_negative("settle", settle, "seconds")
        ending = Ending(settle, self._transport.clock)
        return await wait_for_end(
            self._transport,
            get_job(id),
            job_id=id,
            timeout=timeout,
            poll_interval=poll_interval,
            on_update=on_update,
            extra_headers=extra_headers,
            ended=ending.reached,
            next_poll=ending.next_poll,
            missing=partial(self._missing, id, extra_headers=extra_headers),
            advice="Wait again, or delete its record with client.jobs.delete(id).",
        )

    async def delete(
        self,
        id: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> None:
        """Delete a job's record, whatever its state. Work that is under way is not stopped by it.

        Args:
            id: the job's id, a UUID.
            timeout: seconds for connect, pool and response each, or a `Timeout`.
            extra_headers: headers to send with this request.

        Raises:
            JobNotFoundError: the job is unknown, unless an earlier attempt of this same call may have deleted it; or
                the server cannot reach its store.
            RequestValidationError: the id is not a UUID; nothing was sent.
            PermissionDeniedError: the token lacks the scope `job:write`.
            APIStatusError: the server refused otherwise.
            APIConnectionError: no reply came; the record may or may not be there.

        Example:
            >>> from trio_client.osapi import AsyncOsapiClient
            >>> async with AsyncOsapiClient() as client:
            ...     page = await client.jobs.list(status="partial_failure")
            ...     await client.jobs.delete(page[0].id)
            ...     (await client.jobs.list()).total_items
            2

        Source: OSAPI's OpenAPI file, `DELETE /job/{id}`.
        """
        try:
            await self._transport.call(delete_job(id), timeout=timeout, extra_headers=extra_headers)
        except JobNotFoundError as error:
            if not error.acted_before:
                raise
            missing = error.with_traceback(None)
        else:
            return
        problem = await self._missing(id, missing, timeout=timeout, extra_headers=extra_headers)
        if problem is None:
            await self._transport.call(delete_job(id), timeout=timeout, extra_headers=extra_headers)
        elif not isinstance(problem, JobNotFoundError):
            raise problem

    async def retry(
        self,
        id: str,
        target_hostname: str | None = None,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> OsapiRetriedJob:
        """Do the work of a job again, as a new job; the old one stays.

        Each request makes a job, so it is sent again only if the first one was surely not carried out. If its reply is
        lost, the note that the server leaves in the old job's `timeline` names the new one, which is then returned with
        the status `submitted`, and `response_info(job).recovered` true.

        Args:
            id: the old job's id, a UUID.
            target_hostname: who does it: `_any` (the server's default) and `_all` are every agent, `key:value` those
                with that label, a machine id one agent. A host name is accepted, and then no agent does it: the new
                job stays `submitted`.
            timeout: seconds for connect, pool and response each, or a `Timeout`.
            extra_headers: headers to send with this request.

        Returns:
            The new job's `.job_id`, with its first `.status`; `wait` takes the id.

        Raises:
            JobNotFoundError: the old job is unknown, or the server cannot reach its store.
            BadRequestError: there is no such target, or the old job's operation cannot be read.
            CreateOutcomeUnknownError: it failed in a way that leaves open whether there is a new job.
            RequestValidationError: the id is not a UUID, or the host name is empty; nothing was sent.
            PermissionDeniedError: the token lacks the scope `job:write`.
            APIStatusError: the server refused otherwise.
            APIConnectionError: the server was not reached.

        Example:
            >>> from trio_client.osapi import AsyncOsapiClient
            >>> async with AsyncOsapiClient() as client:
            ...     page = await client.jobs.list(status="partial_failure")
            ...     again = await client.jobs.retry(page[0].id, "_all")
            >>> again.status, again.job_id != page[0].id
            ('created', True)

        Source: OSAPI's OpenAPI file, `POST /job/{id}/retry`.
        """
        call = retry_job(id, target_hostname)
        notes = partial(self._retries, id, timeout=timeout, extra_headers=extra_headers)
        known = await notes()
        sent_at = self._transport.state.server_now()
        try:
            return await self._transport.call(call, timeout=timeout, extra_headers=extra_headers)
        except TrioError as error:
            if not is_ambiguous(error):
                raise
            cause = error
        new: Sequence[str] = () if known is None else await self._new_retries(notes, known)
        if len(new) != 1:
            raise retry_outcome_unknown(call, cause, sent_at, new) from cause
        job = OsapiRetriedJob(job_id=new[0], status="submitted")
        remember(job, ResponseInfo(200, {}, None, cause.attempts, 0.0, recovered=True))
        return job

    async def _retries(
        self, id: str, *, timeout: float | Timeout | None, extra_headers: Mapping[str, str] | None
    ) -> _Ids:
        """Return the ids of the jobs that retries of a job have made; `None` if it cannot be read."""
        try:
            return retries_of(await self._transport.call(get_job(id), timeout=timeout, extra_headers=extra_headers))
        except TrioError:
            return None

    async def _new_retries(self, notes: Callable[[], Awaitable[_Ids]], known: Sequence[str]) -> Sequence[str]:
        """Look up for `reconcile_for` seconds which retries were made besides the known ones."""
        for wait in lookup_waits(self._transport.settings.retry.reconcile_for):
            if wait:
                await self._transport.sleep(wait)
            new = [each for each in await notes() or () if each not in known]
            if new:
                return new
        return ()

    async def _missing(
        self,
        id: str,
        error: JobNotFoundError,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> TrioError | None:
        """Return what a 404 for a job means: without its store, the server says so of jobs that exist.

        Returns:
            The error if the job is gone, another if that is not known, `None` if the job is there.
        """
        try:
            await self._transport.call(list_jobs(limit=1), timeout=timeout, extra_headers=extra_headers)
            await self._transport.call(get_job(id), timeout=timeout, extra_headers=extra_headers)
        except JobNotFoundError:
            return error
        except TrioError as problem:
            return problem.with_traceback(None)
        return None
