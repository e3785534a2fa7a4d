"""Start a job, read its stream, and never leave it running without a consumer."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Literal

from .._core.call import Call
from .._core.endpoints import POLL_SECONDS
from .._core.event_reader import idle_limit, stream_dropped
from .._core.history import JobHistory
from .._core.ownership import reference_of, with_reference
from .._core.stream_options import StreamOptions
from .._core.stream_reader import Drop, Silent, StreamReader
from .._core.usage import Usage
from .._http._async.reply import AsyncOpenReply
from .._http.concurrency.async_.shield import limit_is_over, shielded
from .._job_context import JobContext
from .._redaction import shown
from ..errors import (
    CreateOutcomeUnknownError,
    StreamInterruptedError,
    TrioError,
)
from ..events import Event, Failed, Stopped
from ..models import Job
from .create import open_stream
from .job_poller import AsyncJobPoller
from .job_stop import stop_job
from .owned_job import AsyncOwnedJob
from .transport import AsyncTransport

__all__ = ["AsyncOwnedStream"]

_START_SECONDS = 2.0


class AsyncOwnedStream:
    """A source of events: an owned job with its stream.

    A dropped stream is never asked for again, since that would start, and bill, another job: the same job is followed
    by polling.
    """

    def __init__(self, transport: AsyncTransport, call: Call[Job], options: StreamOptions) -> None:
        if transport.context.stream_url is None:  # a watch has said what its jobs are about
            transport = transport.about(JobContext.of(call.stream_url))
        self._transport = transport
        self._call = call
        self._options = options
        self._reference = reference_of(options.extra_headers, options.reference)
        self._owned: AsyncOwnedJob | None = None
        self._reply: AsyncOpenReply | None = None
        self._history = JobHistory(stream_url=call.stream_url)
        self._reader = StreamReader(
            self._history,
            idle_limit=idle_limit(call.path, call.body or {}),
            max_event_bytes=transport.settings.max_body_bytes,
            clock=transport.clock,
        )
        self._poller: AsyncJobPoller | None = None
        self._seen_alive: datetime | None = None

    @property
    def job_id(self) -> str | None:
        """The job's id, once known."""
        return self._history.job_id

    @property
    def has_started(self) -> bool:
        """Whether the stream has said that the job runs."""
        return self._history.started

    @property
    def finished(self) -> bool:
        """Whether the job's end was reported."""
        return self._history.finished

    @property
    def end(self) -> Stopped | Failed | None:
        """The end of the job that closing this stream has brought about, if that was confirmed."""
        result = None if self._owned is None else self._owned.stop_result
        return self._history.stopped(result) if result is not None and result.confirmed else None

    @property
    def reference(self) -> str:
        """What the job is known by in the caller's records: the `Idempotency-Key` of its create."""
        return self._reference if self._owned is None else self._owned.record.intent.reference

    @property
    def is_polled(self) -> bool:
        """Whether the job is followed by polling."""
        return self._poller is not None

    @property
    def poll_failure(self) -> TrioError | None:
        """Why the job's latest poll failed; `None`: it was answered, or there was none."""
        return None if self._poller is None else self._poller.failure

    @property
    def seen_alive(self) -> datetime | None:
        """When the job was last known to run."""
        return (self._poller and self._poller.seen_alive) or self._seen_alive

    @property
    def began(self) -> datetime | None:
        """When the job was made, as the job list has it; known only of a job that was found there."""
        return self._owned.began if self._owned is not None else None

    @property
    def can_bound_waits(self) -> bool:
        """Whether the next wait for the network ends when it is to."""
        return self._reply is None or self._reply.can_bound_waits

    @property
    def usage(self) -> Usage:
        """What the job has used so far."""
        return Usage() if self._owned is None else self._owned.usage

    async def open(self) -> None:
        """Start the job.

        Raises:
            CreateOutcomeUnknownError: it is not known whether there is a job.
        """
        options = self._options
        keep = options.on_exit == "leave"
        self._owned = owned = AsyncOwnedJob.planned(self._transport, self._call, self._reference, keep=keep)
        self._seen_alive = owned.record.intent.planned_at
        abandon = partial(self.close, None)
        found = await owned.start(self._send, wait_for_slot=options.wait_for_slot, abandon=abandon)
        if found is not None:
            self._follow(found.job_id)
        if not keep:
            owned.stop_at_exit()

    def adopt(self, owned: AsyncOwnedJob) -> None:
        """Take over the job of an earlier create, which was found in the list, in place of starting one."""
        assert owned.job_id is not None
        self._owned, self._seen_alive = owned, owned.record.intent.planned_at
        self._transport.context.job_id = owned.job_id
        self._follow(owned.job_id)
        if self._options.on_exit == "cancel":
            owned.stop_at_exit()

    async def advance(self) -> list[Event]:
        """Return the events of the next piece of the stream, or of the next poll of the job.

        Raises:
            StreamInterruptedError: the stream was dropped and is not to be followed by polling, or the job's id was
                not known and could not be found.
            TimeoutError: the time limit in force is over; nothing was lost.
        """
        events = await self._advance()
        if self._owned is not None:
            for event in events:
                self._owned.meter.note(getattr(event, "stats", None))
            if self._history.finished:
                self._owned.meter.ended()
        return events

    async def _advance(self) -> list[Event]:
        if self._poller is not None:
            return await self._poller.advance()
        if self._reply is None or self._reader.drop is not None:
            return await self._fall_back()
        try:
            with self._reader.silence as seconds:
                chunk = await self._reply.next_chunk(seconds)
            events = self._reader.read(chunk)
        except TrioError as error:
            if limit_is_over():
                raise TimeoutError from None
            self._reader.failed(error)
            return await self._go_on_without_events()
        self._note_job_id()
        if self._history.finished:
            await self._disconnect()
        elif events:
            self._seen_alive = events[-1].occurred_at or self._transport.state.server_now()
        else:
            return await self._go_on_without_events()
        return events

    async def close(self, error: BaseException | None, *, on_exit: Literal["cancel", "leave"] | None = None) -> None:
        """Release the connection, and stop the job unless it has ended or is to be left running.

        A child process leaves the jobs of its parent alone.

        Args:
            error: what is under way, if anything.
            on_exit: what to do with the job, in place of what the stream was made with.
        """
        owned = self._owned
        if owned is None:
            return
        stop = (on_exit or self._options.on_exit) == "cancel" and owned.is_of_this_process
        unnamed = self._reply is not None and self.job_id is None
        if unnamed and owned.is_of_this_process:
            await self._read_start()
        await self._disconnect()
        self._note_job_id()
        if self.finished or owned.has_ended:
            owned.note_end(self._history.final)
            return
        if stop:
            await owned.stop(error)
            return
        owned.leave_running()
        if unnamed and self.job_id is None and owned.is_of_this_process:
            self._transport.log.warning(
                "The stream was left before it named its job, which runs on; find it with client.jobs.list()."
            )

    async def stop(self) -> tuple[bool, bool]:
        """Cancel the job, and keep its stream for the final messages.

        Returns:
            Whether it has certainly ended, and whether it may have been cancelled.
        """
        job_id = await self.find_id()
        if self._owned is None or job_id is None:
            return False, False
        self._owned.stop_result = result = await stop_job(self._transport, job_id)
        if result.confirmed:
            self._owned.note_end()
        elif self._poller is not None or self._reader.drop is None:  # otherwise what falls back to polling says it
            self._transport.log.warning("Job %s could not be stopped (%s).", shown(job_id), result.problem)
        return result.confirmed, result.possible

    def follow_by_polling(self) -> None:
        """Go on after a drop that was raised: the next call of `advance` polls the job."""
        self._options = replace(self._options, on_drop="poll")

    async def find_id(self) -> str | None:
        """Return the job's id, so that it can be stopped; one that the stream has not named is looked up."""
        if self.job_id is None and self._owned is not None:
            self._history.job_id = await self._owned.find_id()
        return self.job_id

    async def leave_unresolved(self) -> None:
        """Release the connection, and leave the job to what looks it up later."""
        await self._disconnect()
        if self._owned is not None:
            self._owned.unregister()

    async def _send(self) -> None:
        """Ask for the stream; if the server makes a job without one, follow that."""
        assert self._owned is not None
        headers = with_reference(self._options.extra_headers, self._owned.record.intent.reference)
        found = await open_stream(self._transport, self._call, timeout=self._options.timeout, extra_headers=headers)
        if isinstance(found, Job):
            self._follow(found.job_id)
            self._owned.started(found.job_id)
        else:
            self._reply = found
            self._owned.started()

    def _follow(self, job_id: str) -> None:
        self._poller = self._poller_of(job_id, self._history)

    def _poller_of(self, job_id: str, history: JobHistory) -> AsyncJobPoller:
        return AsyncJobPoller(self._transport, job_id, poll_interval=POLL_SECONDS, history=history, reached=True)

    async def _go_on_without_events(self) -> list[Event]:
        """Read on, unless the stream was dropped, or was silent beyond its limit: then its job is polled."""
        if self._reader.drop is not None:
            return await self._fall_back()
        return [] if self._reader.idle_error is None else await self._poll_silent()

    async def _fall_back(self) -> list[Event]:
        """Go on by polling, or raise; called again where that was cancelled, or raised."""
        await self._disconnect()
        drop = self._reader.drop or Drop("it was closed")
        job_id, reason = self._history.job_id, drop.reason.rstrip(".")
        if self._history.finished:
            return []
        if self._options.on_drop == "raise":
            raise stream_dropped(job_id, reason, self._transport.context) from drop.cause
        if job_id is None:
            job_id = await self._find_dropped(reason, drop.cause)
        self._follow(job_id)
        stop = self._owned.stop_result if self._owned is not None else None
        if stop is not None and not stop.confirmed:
            reason += f"; the job could not be stopped: {stop.problem}"
        self._transport.log.warning(
            "The stream of job %s was dropped (%s); following it by polling.", shown(self.job_id), reason
        )
        return []

    async def _poll_silent(self) -> list[Event]:
        """Poll the job of a silent stream: listen on if that brings nothing either, else fall back to polling."""
        history, job_id = self._history.copy(), self._history.job_id
        assert job_id is not None
        poller = self._poller_of(job_id, history)
        why = self._reader.poll_begins()
        events = await poller.advance()
        is_alive, may_follow = poller.seen_alive is not None, self._options.on_drop == "poll"
        found = self._reader.poll_ended(why, has_news=bool(events), is_alive=is_alive, may_follow=may_follow)
        if found is Silent.LISTEN:
            self._seen_alive = poller.seen_alive
            return []
        if found is Silent.DROP:
            return await self._fall_back()
        self._transport.log.warning(
            "The stream of job %s was silent while the job went on; following it by polling.", shown(job_id)
        )
        await self._disconnect()
        self._history, self._poller = history, poller
        return events

    async def _find_dropped(self, reason: str, cause: TrioError | None) -> str:
        """Return the id of the job whose stream was dropped before it named the job."""
        assert self._owned is not None
        try:
            return (await self._owned.resolve(cause or StreamInterruptedError(reason))).job_id
        except CreateOutcomeUnknownError as error:
            raise stream_dropped(None, reason, self._transport.context) from error

    async def _read_start(self) -> None:
        """Read on for a moment: the start event that is on its way names the job to stop."""
        reply = self._reply
        if reply is None or not self.can_bound_waits:
            return
        with shielded(_START_SECONDS), suppress(TrioError):
            while self._reply is reply and self.job_id is None and not (self._reader.is_done or limit_is_over()):
                self._reader.read(await reply.next_chunk(_START_SECONDS))

    async def _disconnect(self) -> None:
        reply, self._reply = self._reply, None
        if reply is not None:
            await reply.aclose()

    def _note_job_id(self) -> None:
        job_id, owned = self._history.job_id, self._owned
        if owned is not None and job_id is not None and owned.record.job_id is None:
            owned.started(job_id)
