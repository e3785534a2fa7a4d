"""Create a job at most once, find it where the reply was lost, and never leave it running by accident."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from typing_extensions import Self

from .._core.call import Call
from .._core.hooks import CallInfo, JobReport, notify
from .._core.ownership import (
    Candidate,
    CreateRecord,
    CreateState,
    Intent,
    describe_failed_lookup,
    is_ambiguous,
    lookup_waits,
    may_have_made_a_job,
    outcome_unknown,
)
from .._core.stop_attempts import StopResult
from .._core.usage import JobMeter, Usage, known_price
from .._exit_cleanup import register, unregister
from .._http.concurrency.async_.run_to_completion import run_to_completion
from .._job_context import ContextLog, JobContext
from .._redaction import mask, shown
from .._response_info import ResponseInfo, remember
from .._stats import JobStats
from ..errors import AuthenticationError, CreateOutcomeUnknownError, PermissionDeniedError, TrioError
from ..models import Job
from .job_lookup import find_id, search
from .job_stop import StopAtExit, report_leak, stop_job
from .slot_probe import AsyncProbedSlot
from .transport import AsyncTransport

__all__ = ["AsyncOwnedJob"]

_T = TypeVar("_T")
_GRACE_SECONDS = 5.0  # for the reply to a create whose task is cancelled


class AsyncOwnedJob:
    """The job of one create: what is done on the network for one record of the ledger.

    Its owner starts the job, and then stops it or leaves it running.

    Args:
        transport: what carries out the calls.
        record: the create.
        keep: whether the job is left running when its create, or what follows it, is abandoned.
    """

    def __init__(self, transport: AsyncTransport, record: CreateRecord, *, keep: bool = False) -> None:
        self.record: CreateRecord = record
        self.began: datetime | None = None
        """When the job was made, as the job list has it; known only of a job that was found there."""
        self.stop_result: StopResult | None = None
        """What came of stopping it."""
        self.meter: JobMeter = JobMeter(transport.clock)
        """How long the job has run."""
        self._transport = transport
        intent, context = record.intent, transport.context
        price = context.price_per_minute_usd
        self._price = known_price(intent.path, intent.body) if price is None else price
        self._report: JobReport | None = None
        if (hook := transport.settings.hooks.on_job) is not None:
            self._report = JobReport(hook, intent.reference, context.stream_url, self._price, self.meter)
        self._keep = keep
        self._process = os.getpid()
        self._at_exit: StopAtExit | None = None

    @classmethod
    def planned(cls, transport: AsyncTransport, call: Call[Job], reference: str, *, keep: bool = False) -> Self:
        """Return the owned job of a create that is not sent yet, after calling the hook for it."""
        intent = Intent(call.path, call.body or {}, reference, planned_at=transport.state.server_now())
        settings = transport.settings
        if settings.hooks.on_intent is not None:
            url, stream_url = mask(settings.base_url + call.path), call.shown_stream_url
            info = CallInfo(call.method, url, reference=reference, operation=call.operation, stream_url=stream_url)
            notify(settings.hooks.on_intent, info)
        return cls(transport, transport.state.ledger.plan(intent), keep=keep)

    @classmethod
    def of(cls, transport: AsyncTransport, error: CreateOutcomeUnknownError) -> Self:
        """Return the owned job of a create whose outcome is unknown."""
        context = JobContext.of(error.request.get("stream_url"))
        context.target, context.price_per_minute_usd = transport.context.target, transport.context.price_per_minute_usd
        return cls(transport.about(context), transport.state.ledger.reopen(error))

    @property
    def job_id(self) -> str | None:
        """The job's id, once known."""
        return self.record.job_id

    @property
    def usage(self) -> Usage:
        """What the job has used so far."""
        return self.meter.usage(self._price)

    @property
    def log(self) -> ContextLog:
        """The logger, whose lines name the camera and the job."""
        return self._transport.log

    @property
    def has_ended(self) -> bool:
        """Whether the job has certainly ended."""
        return self.record.state in (CreateState.ENDED, CreateState.STOPPED)

    @property
    def is_of_this_process(self) -> bool:
        """Whether this process made it: a child leaves the jobs of its parent alone."""
        return self._process == os.getpid()

    async def start(
        self,
        send: Callable[[], Awaitable[_T]],
        *,
        wait_for_slot: float | None,
        abandon: Callable[[], Awaitable[None]],
    ) -> _T | Job:
        """Create the job; return what `send` returns, or the job that was found where its reply was lost.

        Args:
            send: makes one attempt, and calls `started` if there is a job.
            wait_for_slot: how long to wait for a free job slot, in seconds.
            abandon: cleans up a job that was started when the task was cancelled.

        Raises:
            CreateOutcomeUnknownError: it is not known whether there is a job.
        """
        ledger = self._transport.state.ledger
        try:
            attempt = partial(self._attempt, send, abandon)
            if not wait_for_slot:
                return await attempt()
            return await AsyncProbedSlot(self._transport).when_free(attempt, seconds=wait_for_slot)
        except TrioError as error:
            if not is_ambiguous(error):
                ledger.forget(self.record)
                raise
            cause = error
        except BaseException:
            if self.record.state in (CreateState.PLANNED, CreateState.SENT):  # nothing was sent, or it does not matter
                ledger.forget(self.record)
            raise
        try:
            return await self.resolve(cause)
        except Exception:
            raise
        except BaseException:  # cancelled meanwhile
            await (self._forget() if self._keep else self.stop())
            raise

    def started(self, job_id: str | None = None) -> None:
        """Note that there is a job; its stream may be about to name it."""
        self._transport.state.ledger.running(self.record, job_id)
        if not self.meter.jobs:
            self.meter.started()
        self._note_started()

    async def resolve(self, cause: TrioError) -> Job:
        """Return the one job in the list that can be this create's.

        The list may lag and the server may still be at work, so the lookup is repeated.

        Raises:
            CreateOutcomeUnknownError: there is none, or several, or it may be an identical request's.
        """
        transport, record, ledger = self._transport, self.record, self._transport.state.ledger
        seconds = transport.settings.retry.reconcile_for
        until = transport.clock() + seconds
        ledger.unresolved(record, within=seconds)
        found: list[Candidate] = []
        failed_lookup, was_read = None, False
        for wait in lookup_waits(seconds):
            if wait:
                await transport.sleep(wait)
            try:
                found = await search(transport, record, seconds=max(1.0, until - transport.clock()))
            except TrioError as error:
                failed_lookup = describe_failed_lookup(error, cause)
                if isinstance(error, (AuthenticationError, PermissionDeniedError)):
                    break  # no later lookup will succeed either
                continue  # the next one may; the create's own failure is what is reported
            was_read = True
            if ledger.is_contested(record):
                continue  # what was found may be the job of a stream that is about to name it
            job = self.adopt(found)
            if job is not None:
                remember(job, ResponseInfo(200, {}, None, cause.attempts, 0.0, recovered=True))
                return job
            if found:
                break
        raise self._outcome_unknown(cause, found, None if was_read else failed_lookup) from cause

    def adopt(self, found: Sequence[Candidate]) -> Job | None:
        """Take over the job of this create, which was looked up, or return `None` where that would be a guess."""
        job_id = self._transport.state.ledger.adopt(self.record, found)
        if job_id is None:
            return None
        (job,) = (each.job for each in found if each.job.job_id == job_id)
        self.began = job.created_time
        if not self.meter.jobs:
            now = self._transport.state.server_now()
            self.meter.started(0.0 if self.began is None else max(0.0, (now - self.began).total_seconds()))
        self._note_started()
        return job

    def stop_at_exit(self) -> None:
        """Have the job stopped at the end of the program, unless it is stopped or left running before."""
        self._at_exit = StopAtExit(self._transport.settings, self._transport.state, self.record, self._report)
        register(self._at_exit)

    async def find_id(self) -> str | None:
        """Return the job's id, so that it can be stopped; one that is not known is looked up in the list."""
        job_id = self.record.job_id or await find_id(self._transport, self.record)
        self._note_started()
        return job_id

    async def stop(self, error: BaseException | None = None) -> None:
        """Stop the job, if there is one, and report it if it may still run; `error` is what is under way, if any."""
        record, ledger = self.record, self._transport.state.ledger
        if record.state is CreateState.SENT:
            ledger.unresolved(record)
        made = not record.is_unresolved
        try:
            job_id = await self.find_id()
            if job_id is not None:
                self.stop_result = await stop_job(self._transport, job_id)
        except BaseException:  # a second cancellation
            if self._at_exit is not None:
                job = shown(self.job_id or "(id not known)")
                self.log.error("Stopping job %s was cut off: it may run until the program ends, which cancels it.", job)
            raise
        if job_id is None and not made:
            self.log.warning(
                "POST %s was abandoned under way (Idempotency-Key %s) and no job was found; one may appear.",
                record.intent.path,
                record.intent.reference,
            )
            await self._forget()
            return
        stopped = self.stop_result is not None and self.stop_result.confirmed
        self._end(CreateState.STOPPED if stopped else CreateState.LEAKED)
        if not stopped:
            problem = self.stop_result.problem if self.stop_result is not None else None
            report_leak(self._transport.context.with_job(job_id), error, problem)

    def _outcome_unknown(
        self, cause: TrioError, found: Sequence[Candidate], failed_lookup: str | None
    ) -> CreateOutcomeUnknownError:
        state, record = self._transport.state, self.record
        sent_at = None if record.sent is None else state.earliest_server_time(record.sent)
        made_before = None if record.made_by is None else state.latest_server_time(record.made_by)
        error = outcome_unknown(
            record.intent,
            cause,
            [each.job for each in found],
            sent_at=sent_at,
            made_before=made_before,
            failed_lookup=failed_lookup,
        )
        state.ledger.reported(record, error)
        return error

    def note_end(self, counters: JobStats | None = None) -> None:
        """Note that the job has ended; `counters` are those at its end."""
        self._end(CreateState.ENDED, counters)

    def leave_running(self) -> None:
        """Leave the job alone from now on: it is to run on."""
        self._end(CreateState.LEFT_RUNNING)

    def unregister(self) -> None:
        """Leave the job running at the end of the program."""
        if self._at_exit is not None:
            unregister(self._at_exit)

    def _note_started(self) -> None:
        """Note the id of the job, once it is known, and report that it runs."""
        transport, job_id = self._transport, self.record.job_id
        if job_id is not None:
            transport.context.job_id = job_id
            if self._report is not None:
                self._report.started(job_id)

    def _end(self, state: CreateState, counters: JobStats | None = None) -> None:
        if counters is None:
            counters = JobStats() if self.stop_result is None else self.stop_result.counters
        self.meter.ended(counters)
        self.unregister()
        self._transport.state.ledger.ended(self.record, state)
        if self._report is not None and self.has_ended and self.is_of_this_process:
            self._report.ended(counters)

    async def _forget(self) -> None:
        """Stop looking up the job."""
        self.unregister()
        self._transport.state.ledger.forget(self.record)

    async def _attempt(self, send: Callable[[], Awaitable[_T]], abandon: Callable[[], Awaitable[None]]) -> _T:
        transport = self._transport

        async def settle(_: object, error: Exception | None) -> None:
            if self.record.state is CreateState.RUNNING:
                await abandon()
            elif not self._keep and may_have_made_a_job(error):
                await self.stop()

        await transport.sender.prepare()  # async-only
        transport.state.ledger.sent(self.record)
        connected = await transport.sender.wait_to_connect()
        return await run_to_completion(send, grace=_GRACE_SECONDS, on_cancel=settle, when_sent=connected)
