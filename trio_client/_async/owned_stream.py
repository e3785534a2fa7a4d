"""Start a job, read its stream, and never leave it running unwatched."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Literal

from .._core.attached import AttachedJob, attach, detach
from .._core.call import EVENT_STREAM, Call
from .._core.config import Timeout
from .._core.creation import Intent, is_ambiguous, may_have_made_a_job
from .._core.event_reader import EventReader, idle_limit, stream_dropped
from .._core.history import JobHistory
from .._core.log import logger
from .._core.reply import media_type, parse, unusable
from .._core.validation import stream_options
from .._http._async.sender import AsyncOpenReply
from .._http.async_runtime import carry_through, shielded
from .._http.at_exit import stopper
from ..errors import APITimeoutError, CreateOutcomeUnknownError, StreamInterruptedError, TrioError
from ..events import Event
from ..models import Job
from ..sse import EventTooLargeError
from .creation import (
    GRACE_SECONDS,
    announce,
    find_one,
    finder,
    look_again,
    reconcile,
    settle_lost,
    with_reference,
    with_slot,
)
from .job_events import AsyncPolling
from .stopping import report_leak, stop_job
from .transport import AsyncTransport

__all__ = ["AsyncOwnedStream"]

POLL_SECONDS = 3.0
_START_SECONDS = 2.0


class AsyncOwnedStream:
    """A source of events that starts its job and owns it.

    A stream that breaks off is never asked for again, since that would start, and bill, another job: the same
    job is followed by polling.
    """

    def __init__(
        self,
        transport: AsyncTransport,
        call: Call[Job],
        *,
        on_exit: Literal["cancel", "leave"],
        on_drop: Literal["poll", "raise"],
        wait_for_slot: float | None,
        timeout: float | Timeout | None,
        extra_headers: Mapping[str, str] | None,
    ) -> None:
        stream_options(on_exit, on_drop, wait_for_slot)
        self._transport = transport
        self._call = call
        self._on_exit = on_exit
        self._on_drop = on_drop
        self._wait_for_slot = wait_for_slot
        self._timeout = timeout
        self._extra_headers = extra_headers
        self._intent: Intent | None = None
        self._reply: AsyncOpenReply | None = None
        self._history = JobHistory()
        self._reader = EventReader(self._history, max_event_bytes=transport.settings.max_body_bytes)
        self._polling: AsyncPolling | None = None
        self._attached: AttachedJob | None = None
        self._owner = 0
        self._named = False
        self._seen_alive: datetime | None = None
        self.began: datetime | None = None  # as the job list has it; known only of a job that was found there
        self._idle = idle_limit(call.path, call.body or {})
        self._waiting_since: float | None = None  # for the rest of an event
        self._broken: tuple[str, TrioError | None] | None = None  # why, and the error behind it

    @property
    def job_id(self) -> str | None:
        """The job's id, once known."""
        return self._history.job_id

    @property
    def has_started(self) -> bool:
        """Whether the stream has told that the job runs."""
        return self._history.started

    @property
    def finished(self) -> bool:
        """Whether the job's end has been told."""
        return self._history.finished

    @property
    def seen_alive(self) -> datetime | None:
        """When the job was last known to run."""
        return (self._polling and self._polling.seen_alive) or self._seen_alive

    async def open(self) -> None:
        """Start the job.

        Raises:
            CreateOutcomeUnknownError: it is not known whether a job was made.
        """
        self._owner = os.getpid()
        self._intent = announce(self._transport, self._call)
        self._seen_alive = self._intent.sent_at
        try:
            await with_slot(self._transport, self._attempt, self._wait_for_slot)
        except TrioError as error:
            if not is_ambiguous(error):
                raise
            look = reconcile if self._on_exit == "cancel" else look_again
            self._take_over(await look(self._transport, self._intent, error))
        self._attach()

    def adopt(self, job: Job, sent_at: datetime | None) -> None:
        """Take over the job of an earlier create, in place of starting one."""
        self._owner = os.getpid()
        self._seen_alive = sent_at
        self._take_over(job)
        self._attach()

    async def advance(self) -> list[Event]:
        """Return the events of the next piece of the stream, or of the next look at the job.

        Raises:
            StreamInterruptedError: the stream broke off, and it was asked not to be followed by polling, or
                the job's id was not known and could not be found.
        """
        if self._polling is not None:
            return await self._polling.advance()
        if self._broken is not None or self._reply is None:
            return await self._fall_back()
        try:
            chunk = await self._reply.next_chunk()
            if chunk is None:
                self._broken = "it ended before the job did", None
                return await self._fall_back()
            events = self._reader.feed(chunk)
        except EventTooLargeError as error:
            self._broken = str(error), None
            events = self._reader.accept(error.events)
            if not events:
                return await self._fall_back()
        except TrioError as error:
            if isinstance(error, APITimeoutError) and error.phase == "idle" and self.job_id is not None:
                return await self._poll_silent(self.job_id, error)
            self._broken = str(error), error
            return await self._fall_back()
        self._note_job_id()
        if self._history.finished:
            await self._release()
        elif events:
            self._waiting_since = None
            self._seen_alive = events[-1].occurred_at or self._transport.state.server_now()
        elif self._is_dribbling():
            self._broken = f"an event did not arrive within {self._idle:g} s", None
            return await self._fall_back()
        return events

    async def close(self, error: BaseException | None, *, on_exit: Literal["cancel", "leave"] | None = None) -> None:
        """Release the connection, and stop the job unless it has ended or is to be left running.

        A child process leaves the jobs of its parent alone.

        Args:
            error: what is under way, if anything.
            on_exit: what to do with the job, in place of what the stream was made with.
        """
        wanted = not self.finished and (on_exit or self._on_exit) == "cancel" and self._owner == os.getpid()
        if wanted and self.job_id is None:
            await self._read_start()
        await self._release()
        stopped = not wanted or self.finished or await self._stop()
        self._detach()
        self._forget_nameless()
        if not stopped:
            report_leak(self.job_id, error)

    async def find_id(self) -> str | None:
        """Return the job's id, so that it can be stopped; one that the stream has not named is looked for."""
        if self.job_id is None and self._intent is not None:
            self._history.job_id = await find_one(self._transport, self._intent, made=True)
            self._note_job_id()
        return self.job_id

    async def _stop(self) -> bool:
        """Stop the job; return whether it has certainly ended."""
        try:
            job_id = await self.find_id()
            return job_id is not None and await stop_job(self._transport, job_id)
        except BaseException:  # a second cancellation
            job = self.job_id or "(id not known)"
            logger.error("Stopping job %s was cut off: it may run on until the program ends, which cancels it.", job)
            raise

    async def let_go(self) -> None:
        """Release the connection, and leave the job to whoever looks for it."""
        await self._release()
        self._detach()
        self._forget_nameless()

    async def _attempt(self) -> None:
        assert self._intent is not None
        self._intent = replace(self._intent, sent_at=self._transport.state.server_now())
        leave = await self._transport.sender.take_turn()
        await carry_through(self._post, grace=GRACE_SECONDS, settle=self._settle, when_sent=leave)

    async def _post(self) -> None:
        assert self._intent is not None
        headers = with_reference(self._intent, self._extra_headers)
        reply = await self._transport.open(self._call, idle=self._idle, timeout=self._timeout, extra_headers=headers)
        await self._begin(reply)

    async def _settle(self, _: None, error: Exception | None) -> None:
        """Stop the job of a create that was given up while it was under way."""
        assert self._intent is not None
        if self._reply is not None or self._polling is not None:
            await self.close(None)
        elif self._on_exit == "cancel" and may_have_made_a_job(error):
            await settle_lost(self._transport, self._intent, None)

    async def _begin(self, reply: AsyncOpenReply) -> None:
        """Read the stream, or adopt the job that the server made without one."""
        kind = media_type(reply.headers)
        if kind == EVENT_STREAM:
            self._reply = reply
            self._note_nameless()
            return
        try:
            whole = await reply.read()
        finally:
            await reply.aclose()
        settings, arguments = self._transport.settings, self._call.arguments
        if kind == "text/html" or not whole.content:
            raise unusable("event stream", whole, None, secrets=settings.secrets(arguments))
        job = parse(Job, whole, secrets=lambda: settings.secrets(arguments))
        self._follow(job.job_id)

    def _take_over(self, job: Job) -> None:
        self.began = job.created_time
        self._follow(job.job_id)

    def _follow(self, job_id: str) -> None:
        self._transport.state.owned.add(job_id)
        self._forget_nameless()
        self._polling = AsyncPolling(self._transport, job_id, poll_interval=POLL_SECONDS, history=self._history)
        if self._attached is not None:
            self._attached.named(job_id)

    async def _fall_back(self) -> list[Event]:
        """Go on by polling, or raise; called again where that was cancelled, or raised."""
        await self._release()
        reason, cause = self._broken or ("it was closed", None)
        job_id, reason = self._history.job_id, reason.rstrip(".")
        if self._history.finished:
            return []
        if self._on_drop == "raise":
            raise stream_dropped(job_id, reason) from cause
        if job_id is None:
            self._take_over(await self._find_nameless(reason, cause))
        else:
            self._follow(job_id)
        logger.warning("The stream of job %s was dropped (%s); following it by polling.", self.job_id, reason)
        return []

    async def _poll_silent(self, job_id: str, silence: APITimeoutError) -> list[Event]:
        """Poll the job of a silent stream: listen on if that brings nothing either, else fall back to polling."""
        history = self._history.copy()
        polling = AsyncPolling(self._transport, job_id, poll_interval=POLL_SECONDS, history=history)
        events = await polling.advance()
        if not events and polling.seen_alive is not None:
            self._seen_alive = polling.seen_alive
            return []
        if self._on_drop == "raise" or not events:
            self._broken = str(silence), silence
            return await self._fall_back()
        logger.warning("The stream of job %s was silent while the job went on; following it by polling.", job_id)
        await self._release()
        self._history, self._polling = history, polling
        return events

    async def _find_nameless(self, reason: str, cause: TrioError | None) -> Job:
        """Return the job of a stream that broke off before it named its job."""
        assert self._intent is not None
        try:
            return await look_again(self._transport, self._intent, cause or StreamInterruptedError(reason))
        except CreateOutcomeUnknownError as error:
            raise stream_dropped(None, reason) from error

    async def _read_start(self) -> None:
        """Read on for a moment: the start event that is on its way names the job to stop."""
        with shielded(_START_SECONDS):
            try:
                while self._reply is not None and self._history.job_id is None and not self._history.finished:
                    chunk = await self._reply.next_chunk()
                    if chunk is None:
                        return
                    self._reader.feed(chunk)
            except TrioError:
                return

    def _is_dribbling(self) -> bool:
        """Return whether the rest of an event has been awaited for longer than the stream may be silent."""
        now = self._transport.clock()
        if not self._reader.unfinished:
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = now
        return self._waiting_since is not None and now - self._waiting_since > self._idle

    async def _release(self) -> None:
        reply, self._reply = self._reply, None
        if reply is not None:
            await reply.aclose()

    def _note_job_id(self) -> None:
        job_id = self._history.job_id
        if job_id is not None and not self._named:
            self._named = True
            self._transport.state.owned.add(job_id)
            self._forget_nameless()
            if self._attached is not None:
                self._attached.named(job_id)

    def _note_nameless(self) -> None:
        """Note that there is a job, which its stream will name."""
        assert self._intent is not None
        state = self._transport.state
        self._intent = replace(self._intent, made_before=state.server_now())
        state.nameless[self._intent.reference] = self._intent

    def _forget_nameless(self) -> None:
        if self._intent is not None:
            self._transport.state.nameless.pop(self._intent.reference, None)

    def _detach(self) -> None:
        if self._attached is not None:
            detach(self._attached)

    def _attach(self) -> None:
        if self._on_exit == "cancel":
            find = None
            if self.job_id is None and self._intent is not None:
                find = finder(self._transport.settings, self._transport.state, self._intent)
            self._attached = AttachedJob(stopper(self._transport.settings), self.job_id, find)
            attach(self._attached)
