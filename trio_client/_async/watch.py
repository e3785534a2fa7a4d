"""Watch a stream without end: perform what the policy of the watch commands."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Literal

from .._core import watch_commands as do
from .._core.address import Address
from .._core.call import Call
from .._core.ownership import References, without_key
from .._core.shared_limits import SharedLimits
from .._core.stream_options import StreamOptions
from .._core.usage import Usage
from .._core.validation import stream_options
from .._core.watch_coverage import Subject
from .._core.watch_limits import WatchLimits
from .._core.watch_policy import WatchPolicy
from .._core.watch_restart import RestartRule
from .._core.watch_state import WatchState
from .._http.concurrency.async_.shield import time_limit
from .._job_context import ContextLog, JobContext
from .._numbers import not_negative
from ..errors import TrioError
from ..events import Event, Failed, Stopped
from ..models import Job
from .owned_job import AsyncOwnedJob
from .owned_stream import AsyncOwnedStream
from .slot_probe import AsyncProbedSlot, AsyncSlotLease
from .transport import AsyncTransport
from .watch_jobs import AsyncWatchJobs

__all__ = ["AsyncWatch"]


class AsyncWatch:
    """A source of events that starts the next job when one ends.

    Args:
        transport: what carries out the calls.
        make_call: returns the call that starts a job of at most that many seconds (`None`: the caller's).
        limits: the limits of the watch.
        options: how the stream of each job is opened and left; its reference is numbered from the second job on.
        on_drop: whether the job of a dropped stream is replaced, followed by polling, or the error raised.
        restart_rule: what a restart must not cut off.
        wait_for_slot: seconds to wait for a free job slot; `None`: as long as it takes.
        wait_for_stream: seconds to wait before the first job for a stream that is unavailable.
        subject: what is watched.
        address: where the stream is, which `make_call` uses.
    """

    def __init__(
        self,
        transport: AsyncTransport,
        make_call: Callable[[float | None], Call[Job]],
        limits: WatchLimits,
        *,
        options: StreamOptions,
        on_drop: Literal["restart", "poll", "raise"],
        restart_rule: RestartRule,
        wait_for_slot: float | None,
        wait_for_stream: float,
        subject: Subject,
        address: Address | None = None,
    ) -> None:
        stream_options(options.on_exit, on_drop, wait_for_slot, drops=("restart", "poll", "raise"))
        not_negative("wait_for_stream", wait_for_stream, "seconds")
        self.lease: AsyncSlotLease = AsyncProbedSlot(transport)
        context = JobContext(price_per_minute_usd=limits.price_per_minute_usd)
        self._transport = transport = transport.about(context)
        self._is_alone = True  # no other watch shares its reader
        self._jobs = AsyncWatchJobs(
            transport,
            make_call,
            address=address,
            subject=subject,
            references=References(options.extra_headers, options.reference),
            options=replace(options, extra_headers=without_key(options.extra_headers)),
        )
        self._policy = WatchPolicy(
            limits,
            on_exit=options.on_exit,
            on_drop=on_drop,
            restart_rule=restart_rule,
            wait_for_slot=wait_for_slot,
            wait_for_stream=wait_for_stream,
            clock=transport.clock,
            server_now=transport.state.server_now,
            log=transport.log,
            subject=subject,
        )
        self._life = self._policy.life()
        self._command: do.Command = next(self._life)
        self._lock = threading.Lock()  # the watch may be closed while another thread performs a command
        self._job: AsyncOwnedStream | None = None
        self._emitted: list[Event] = []  # before the first call of `advance`
        self._closed_job: AsyncOwnedStream | None = None

    @property
    def job_id(self) -> str | None:
        """The id of the current job, or of the last one between two."""
        return self._policy.job_id

    @property
    def end(self) -> Stopped | Failed | None:
        """The end of the job that closing the watch has brought about, if that was confirmed."""
        return None if self._closed_job is None else self._closed_job.end

    @property
    def reference(self) -> str | None:
        """What the current job is known by; between two the next one, after the end the last one."""
        job = self._job or self._closed_job
        return self._jobs.next_reference if job is None else job.reference

    @property
    def can_bound_waits(self) -> bool:
        """Whether the next wait for the network ends when it is to."""
        return self._job is None or self._job.can_bound_waits

    @property
    def subject(self) -> Subject:
        """What is watched."""
        return self._policy.subject

    @property
    def state(self) -> WatchState:
        """What the watch is doing."""
        return self._policy.state

    @property
    def usage(self) -> Usage:
        """What the jobs of the watch have used so far."""
        return self._policy.usage

    @property
    def log(self) -> ContextLog:
        """The logger, whose lines name the camera and the job."""
        return self._transport.log

    def name(self, key: str | None) -> None:
        """Note the key of the target that is watched."""
        self.subject.key = self._transport.context.target = key
        self._is_alone = False

    def join(self, limits: SharedLimits) -> None:
        """Let the watch spend of what several watches have together; `leave` ends that."""
        self._policy.join(limits)

    def leave(self) -> None:
        """Spend no more of what several watches have together."""
        self._policy.leave()

    @property
    def running_job_id(self) -> str | None:
        """The id of the job that runs now, once known."""
        return self._job.job_id if self._job is not None else None

    @property
    def finished(self) -> bool:
        """Whether the watch has ended and that was emitted."""
        return isinstance(self._command, do.End) and not self._emitted

    async def open(self) -> None:
        """Make the first attempt to start a job; a failure that is retried is waited out by `advance`."""
        try:
            while self._job is None and not isinstance(self._command, (do.Wait, do.AwaitSlot, do.End)):
                self._emitted += await self._step()
        except BaseException as error:
            await self.close(error)
            raise

    async def advance(self, seconds: float | None = None) -> list[Event]:
        """Perform the pending command; return the events that come of it.

        A command whose task is cancelled stays pending, and is performed again by the next call. So does one that only
        waits, or reads, and takes longer than `seconds`.

        Raises:
            TimeoutError: the time is up.
        """
        if self._emitted:
            emitted, self._emitted = self._emitted, []
            return emitted
        return await self._step(None if seconds is None else self._transport.clock() + seconds)

    async def _step(self, until: float | None = None) -> list[Event]:
        command = self._command
        if isinstance(command, do.Raise):
            self._send(do.Done())
            raise command.error
        return self._send(await self._perform(command, until))

    async def close(self, error: BaseException | None) -> None:
        """Stop the running job, or leave it running, and stop those of unresolved creates."""
        self._send(do.Closed())
        command = self._command
        job = self._closed_job = self._job or self._closed_job  # who closes it again waits for it, too
        self._job = None
        try:
            if job is not None:
                try:
                    await job.close(error)
                finally:
                    self._policy.job_closed(job.end.stats if job.end is not None else None)
        finally:
            for create in command.unresolved if isinstance(command, do.End) else ():
                await AsyncOwnedJob.of(self._transport, create.error).stop(error)

    def _send(self, outcome: do.Outcome) -> list[Event]:
        """Send the outcome of the pending command to the policy; return what it emits before the next one."""
        emitted: list[Event] = []
        with self._lock:
            self._command = self._life.send(outcome)
            while isinstance(self._command, do.Emit):
                emitted += self._command.events
                self._command = self._life.send(do.Done())
        return emitted

    async def _perform(self, command: do.Command, until: float | None) -> do.Outcome:
        job = self._job
        match command:
            case do.Acquire():
                return do.Granted() if self.lease.acquire() else do.Queued(self.lease.refusal)
            case do.AwaitSlot():
                return await self._await_slot(command, until)
            case do.CheckSlot():
                return do.Granted() if await self.lease.confirm() else do.SlotLost()
            case do.Start(limit):
                return await self._start(limit)
            case do.Resolve(create):
                return self._started(await self._jobs.resolve(create))
            case do.StopLost(create):
                return await self._jobs.stop_lost(create)
            case do.Wait(moment):
                if job is None:
                    self.lease.release()
                await self._transport.sleep(max(0.0, _earlier(moment, until) - self._transport.clock()))
                if _is_first(until, moment):
                    raise TimeoutError
            case do.ReleaseSlot():
                self.lease.release()
            case do.KeepSlot():
                self.lease.keep()
            case _ if job is not None:
                return await self._perform_on(job, command, until)
            case _:
                pass
        return do.Done()

    async def _perform_on(self, job: AsyncOwnedStream, command: do.Command, until: float | None) -> do.Outcome:
        match command:
            case do.Read(moment):
                return await self._read(job, math.inf if moment is None else moment, until)
            case do.Stop():
                return do.StopTried(*await job.stop())
            case do.Poll():
                job.follow_by_polling()
            case do.Close(error):
                await job.close(error, on_exit="cancel")  # whatever `on_exit` says: the watch goes on, or has ended
                self._job = None
            case do.LeaveUnresolved():
                await job.leave_unresolved()
                self._job = None
            case _:
                pass
        return do.Done()

    async def _await_slot(self, command: do.AwaitSlot, until: float | None) -> do.Outcome:
        moment = _earlier(command.until, until)
        try:
            with self._limit(math.inf if moment == command.deadline else moment):  # which the lease keeps by itself
                return do.Granted(waited=await self.lease.wait(moment, command.deadline))
        except TimeoutError:
            if _is_first(until, min(command.until, command.deadline)):
                raise
            return do.TimeUp()

    async def _read(self, job: AsyncOwnedStream, moment: float, until: float | None) -> do.Outcome:
        try:
            with self._limit(_earlier(moment, until)), self.lease.time_slice():
                events = await job.advance()
                if job.finished and events and isinstance(end := events[-1], (Stopped, Failed)):
                    return do.JobEnded(events[:-1], end)
                return do.Events(events)
        except TrioError as error:
            lost = error.with_traceback(None)
            return do.Unreachable(lost) if job.is_polled else do.Dropped(lost, self.lease.restart_delay())
        except TimeoutError:
            if _is_first(until, moment):
                raise
            return do.TimeUp()
        return do.TimeSliceOver(self.lease.is_lost)

    def _limit(self, moment: float) -> AbstractContextManager[object]:
        return nullcontext() if math.isinf(moment) else time_limit(max(0.0, moment - self._transport.clock()))

    async def _start(self, limit: float | None) -> do.Outcome:
        lost = await self._jobs.ask(is_only_attempt=self._is_alone and self._policy.is_only_attempt)
        if lost is not None:
            return lost
        if not await self.lease.confirm():
            return do.SlotLost()
        outcome = await self._jobs.start(self.lease.job_limit(limit))
        if isinstance(outcome, do.SlotRefused):
            self.lease.refused(outcome.error)
        return self._started(outcome)

    def _started(self, outcome: AsyncOwnedStream | do.Outcome) -> do.Outcome:
        if not isinstance(outcome, AsyncOwnedStream):
            return outcome
        self._job = outcome
        self.lease.started()
        return do.JobStarted(outcome, self.lease.restart_delay())


def _earlier(moment: float, until: float | None) -> float:
    return moment if until is None else min(moment, until)


def _is_first(until: float | None, moment: float) -> bool:
    """Whether the reader stops waiting before a command's own time is up."""
    return until is not None and until < moment
