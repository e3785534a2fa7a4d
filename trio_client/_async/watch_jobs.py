"""The jobs of a watch: the next one, and those of creates whose outcome is unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from inspect import isawaitable  # async-only
from typing import Any

import anyio.to_thread  # async-only

from .._core import watch_commands as do
from .._core.address import Address, function_failed
from .._core.call import Call
from .._core.ownership import References
from .._core.stream_options import StreamOptions
from .._core.validation import is_async  # async-only
from .._core.watch_coverage import Subject
from .._redaction import shown
from ..errors import (
    AuthenticationError,
    CreateOutcomeUnknownError,
    MaxJobsReachedError,
    PermissionDeniedError,
    TrioError,
)
from ..models import Job
from .job_lookup import search
from .job_stop import stop_job
from .owned_job import AsyncOwnedJob
from .owned_stream import AsyncOwnedStream
from .transport import AsyncTransport

__all__ = ["AsyncWatchJobs"]

_LOOKUP_SECONDS = 5.0  # that a lookup may keep the events of the running job waiting


class AsyncWatchJobs:
    """Start the jobs of one watch, and find those whose create was left unresolved.

    Args:
        transport: what carries out the calls.
        make_call: returns the call that starts a job of at most that many seconds (`None`: the caller's).
        address: where the stream is, which `make_call` uses.
        subject: what is watched.
        references: what the jobs are known by.
        options: how every job's stream is opened and left.
    """

    def __init__(
        self,
        transport: AsyncTransport,
        make_call: Callable[[float | None], Call[Job]],
        *,
        address: Address | None,
        subject: Subject,
        references: References,
        options: StreamOptions,
    ) -> None:
        self._transport = transport
        self._make_call = make_call
        self._address = address
        self._subject = subject
        self._references = references
        self._options = options

    @property
    def next_reference(self) -> str | None:
        """What the next job is known by; after the end of the watch, what the last one was."""
        return self._references.next

    async def start(self, limit: float | None) -> AsyncOwnedStream | do.Outcome:
        """Start the next job, for at most that many seconds; return it, or what came of the attempt."""
        try:
            job = self._new_job(limit)
        except TrioError as error:  # the address is none that the API takes
            return do.Failure(error.with_traceback(None))
        self._references.used()
        try:
            await job.open()
        except MaxJobsReachedError as error:
            self._references.unused()
            return do.SlotRefused(error.with_traceback(None))
        except TrioError as error:
            if not isinstance(error, CreateOutcomeUnknownError):
                self._references.unused()
            return do.Failure(error.with_traceback(None))
        return job

    async def ask(self, *, is_only_attempt: bool) -> do.Failure | None:
        """Ask the function for the address of the next job, if there is one; return the failure of that.

        What the function raises is raised as it is, if there is no other attempt.
        """
        address = self._address
        if address is None or address.function is None:
            return None
        try:
            problem = address.answered(await _returned_by(address.function))
        except Exception as error:
            if is_only_attempt:
                raise
            return do.Failure(function_failed(error))
        return None if problem is None else do.Failure(problem)

    async def resolve(self, create: do.UnresolvedCreate) -> AsyncOwnedStream | do.Outcome:
        """Look up the job of an unresolved create; return it, or what came of the lookup."""
        owned = AsyncOwnedJob.of(self._transport, create.error)
        seconds = max(1.0, self._transport.settings.retry.reconcile_for)
        try:
            found = await search(self._transport, owned.record, seconds=seconds)
        except (AuthenticationError, PermissionDeniedError) as error:
            return do.Failure(error.with_traceback(None))
        except TrioError:
            return do.Failure(create.error)
        if len(found) > 1:
            found = [each for each in found if not each.job.is_terminal]
        if len(found) > 1:
            return do.Failure(create.error)
        if owned.adopt(found) is None:
            return do.NotFound()
        job = self._new_job(None)
        job.adopt(owned)
        return job

    async def stop_lost(self, create: do.UnresolvedCreate) -> do.Outcome:
        """Stop the job of an unresolved create, if it turns up beside the running one."""
        owned = AsyncOwnedJob.of(self._transport, create.error)
        try:
            found = await search(self._transport, owned.record, seconds=_LOOKUP_SECONDS)
        except TrioError:
            return do.NotFound()
        if owned.adopt([each for each in found if not each.job.is_terminal]) is None:
            return do.NotFound()
        owned.log.warning(
            "Job %s, of a create whose reply was lost, turned up beside another; stopping it.", shown(owned.job_id)
        )
        stop = None if owned.job_id is None else await stop_job(self._transport, owned.job_id)
        if stop is None or not stop.confirmed:
            owned.log.warning("Job %s could not be stopped (%s).", shown(owned.job_id), stop and stop.problem)
            return do.StopTried(confirmed=False)
        owned.note_end()
        return do.StopTried(confirmed=True)

    def _new_job(self, limit: float | None) -> AsyncOwnedStream:
        call = self._make_call(limit)
        self._subject.stream_url = call.stream_url
        self._transport.context.begin(call.stream_url)
        return AsyncOwnedStream(self._transport, call, replace(self._options, reference=self._references.next))


async def _returned_by(function: Callable[[], Any]) -> Any:
    """Return what a function of the caller returns."""
    # async-only: begin
    if not is_async(function):  # in a thread, since it may take its time
        # In a list: the trio library refuses a coroutine that a thread returns.
        (found,) = await anyio.to_thread.run_sync(lambda: [function()], abandon_on_cancel=True)
        return await found if isawaitable(found) else found
    # async-only: end
    return await function()
