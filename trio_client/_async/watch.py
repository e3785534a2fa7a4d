"""Watch a stream without end: one job after another, never two at once, none left behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from .._core.call import Call
from .._core.log import logger
from .._core.validation import stream_options
from .._core.watching import Doubt, WatchGuard, WatchPlan
from .._http.concurrency.async_.shield import time_limit
from ..errors import (
    AuthenticationError,
    CreateOutcomeUnknownError,
    MaxJobsReachedError,
    PermissionDeniedError,
    StreamInterruptedError,
    TrioError,
)
from ..events import CoverageGap, Event, Failed, StatusChanged, Stopped
from ..models import Job
from .job_lookup import search
from .job_stop import stop_job
from .owned_job import AsyncOwnedJob
from .owned_stream import AsyncOwnedStream
from .sources import AsyncFreeSeat, AsyncSeat
from .transport import AsyncTransport

__all__ = ["AsyncWatch"]

_LAST_WORDS_SECONDS = 5.0  # that a job which was stopped has to tell what it had told before


class AsyncWatch:
    """A source of events that starts the next job when one ends.

    Args:
        transport: what carries out the calls.
        make_call: returns the call that starts a job which may run for so many seconds (`None`: as it likes).
        guard: the limits of the watch.
        on_exit: whether leaving the watch cancels the running job.
        on_drop: whether a broken stream is followed by polling, or raised.
        wait_for_slot: seconds to wait for a free job slot; `None`: as long as it takes.
        options: what every job's stream is opened with.
    """

    def __init__(
        self,
        transport: AsyncTransport,
        make_call: Callable[[float | None], Call[Job]],
        guard: WatchGuard,
        *,
        on_exit: Literal["cancel", "leave"],
        on_drop: Literal["poll", "raise"],
        wait_for_slot: float | None,
        options: dict[str, Any],
    ) -> None:
        stream_options(on_exit, on_drop, wait_for_slot)
        self._transport = transport
        self._make_call = make_call
        self._plan = WatchPlan(guard, clock=transport.clock)
        self._on_exit: Literal["cancel", "leave"] = on_exit
        self._on_drop: Literal["poll", "raise"] = on_drop
        self._wait_for_slot = wait_for_slot
        self._options = options
        self.seat: AsyncSeat = AsyncFreeSeat()
        self._job: AsyncOwnedStream | None = None
        self._pause = 0.0
        self._blind_since: datetime | None = None
        self._blind_reason: str | None = None
        self._full_since: float | None = None
        self._doubts: list[Doubt] = []
        self._last_job_id: str | None = None
        self._told: list[Event] = []  # what the start had to tell before anybody asked
        self._ending: Stopped | None = None  # the end that is told once the job, which was stopped, has told its own
        self._ending_until = 0.0
        self._ended = False
        self._closed = False

    @property
    def job_id(self) -> str | None:
        """The id of the current job, or of the last one between two."""
        return self.running_job_id or self._last_job_id

    @property
    def running_job_id(self) -> str | None:
        """The id of the job that runs now, once known."""
        return self._job.job_id if self._job is not None else None

    async def name_job(self) -> str | None:
        """Return the id of the running job; one that its stream began without naming it is looked for."""
        job = self._job
        if job is None or not (job.job_id or job.has_started):
            return None
        return await job.find_id()

    @property
    def finished(self) -> bool:
        """Whether the watch has ended and that was told."""
        return self._ended and not self._told

    async def open(self) -> None:
        """Start the first job; waits for a slot, and outlasts failures that pass."""
        try:
            while self._job is None and not self._told and not self._closed:
                self._told = await self._start_next()
        except BaseException as error:
            await self.close(error)
            raise

    async def advance(self) -> list[Event]:
        """Return what comes next: events of the running job, or what happens between two jobs."""
        if self._told:
            told, self._told = self._told, []
            return told
        job = self._job
        if job is None:
            over = self._plan.over()
            return await self._start_next() if over is None else await self._end(over)
        if self._ending is None and (over := self._plan.expired()) is not None:
            self._ending, self._ending_until = over, self._transport.clock() + _LAST_WORDS_SECONDS
            job_id = await job.find_id()
            if job_id is None or not await stop_job(self._transport, job_id):
                return await self._end(over)
        if self._ending is not None:
            return await self._finish(job, self._ending)
        try:
            events = await job.advance()
        except TrioError as error:
            self._last_job_id = job.job_id
            await self._outlast(job, error)
            return []
        self._last_job_id = job.job_id
        if events and isinstance(events[-1], (Stopped, Failed)) and job.finished:
            return [*events[:-1], *await self._after(events[-1], job.seen_alive)]
        return events

    async def close(self, error: BaseException | None) -> None:
        """Settle the running job, also one of which it is not known whether there is one."""
        self._closed = True
        job, self._job = self._job, None
        doubts, self._doubts = self._doubts, []
        if job is not None:
            await job.close(error)
        for doubt in doubts if self._on_exit == "cancel" else ():
            await AsyncOwnedJob.of(self._transport, doubt.error).stop(error)

    async def _finish(self, job: AsyncOwnedStream, over: Stopped) -> list[Event]:
        """Tell what a job that was stopped had told before, then the end of the watch."""
        try:
            with time_limit(max(0.0, self._ending_until - self._transport.clock())):
                events = await job.advance()
        except (TrioError, TimeoutError):
            return await self._end(over)
        if not job.finished:
            return events
        if events and isinstance(events[-1], (Stopped, Failed)):
            del events[-1]
        return [*events, *await self._end(over)]

    async def _outlast(self, job: AsyncOwnedStream, error: TrioError) -> None:
        """Keep the job if only the way to it is broken; otherwise give it up, and pause before the next.

        A job that could not be found after its stream had broken off, before it was named, is looked for again then.
        """
        pause = self._plan.pause_unreachable(error) if self._on_drop == "poll" and job.job_id is not None else None
        if pause is not None:
            logger.warning("A watched job cannot be looked at (%s); trying again in %.1f s.", error, pause)
            await self._transport.sleep(pause)
            return
        unknown = error.__cause__
        if self._on_drop == "poll" and isinstance(unknown, CreateOutcomeUnknownError):
            self._doubts.append(Doubt(unknown, self._transport.clock()))
            self._job = None
            await job.release()
        else:
            await self._drop(error)
        self._rest_after_error(error, blind_since=job.seen_alive)

    async def _start_next(self) -> list[Event]:
        """Start a job, after the pause that the last one left; return what is to be told of it."""
        if self._pause:
            self.seat.leave()
            await self._transport.sleep(self._pause)
            self._pause = 0.0
        before = self._transport.state.server_now()
        if await self.seat.take():
            self._blind("no free job slot", since=before)
        over = self._plan.over()
        if over is not None:
            return await self._end(over)
        if self._closed:
            return []
        try:
            job = await self._open_job()
        except MaxJobsReachedError as error:
            self._note_no_slot(error)
            return []
        except TrioError as error:
            self._rest_after_error(error)
            return []
        self._job = job
        self._full_since = None
        self.seat.started()
        self._plan.job_started(self._ran_already(job))
        return self._gap(until=job.began)

    def _ran_already(self, job: AsyncOwnedStream) -> float:
        """Return for how many seconds a job that had to be looked for has run, by the server's clock."""
        now = self._transport.state.server_now()
        return 0.0 if job.began is None else max(0.0, (now - job.began).total_seconds())

    async def _open_job(self) -> AsyncOwnedStream:
        """Return a job that runs: a new one, or that of an earlier attempt whose outcome was unknown."""
        job = AsyncOwnedStream(
            self._transport,
            self._make_call(self._plan.job_limit()),
            on_exit=self._on_exit,
            on_drop=self._on_drop,
            wait_for_slot=None,
            **self._options,
        )
        now = self._transport.clock()
        for doubt in list(self._doubts):
            found = await self._find(doubt)
            if found is not None or now >= doubt.until:
                self._doubts.remove(doubt)
            if found is not None:
                job.adopt(found)
                return job
        try:
            await job.open()
        except CreateOutcomeUnknownError as error:
            self._doubts.append(Doubt(error, now))
            raise
        return job

    async def _find(self, doubt: Doubt) -> AsyncOwnedJob | None:
        """Return the job of a create whose outcome is unknown, if there turns out to be one.

        Raises:
            CreateOutcomeUnknownError: several jobs that still run may be it, or the list could not be read.
            AuthenticationError, PermissionDeniedError: the list may not be read.
        """
        seconds = max(1.0, self._transport.settings.retry.reconcile_for)
        owned = AsyncOwnedJob.of(self._transport, doubt.error)
        try:
            found = await search(self._transport, owned.record, seconds=seconds)
        except (AuthenticationError, PermissionDeniedError):
            raise
        except TrioError as error:
            raise doubt.error.with_traceback(None) from error  # it is raised again and again
        if len(found) > 1:
            found = [job for job in found if not job.is_terminal]
        if len(found) > 1:
            raise doubt.error.with_traceback(None)
        return owned if owned.adopt(found) is not None else None

    def _note_no_slot(self, error: MaxJobsReachedError) -> None:
        """Pause before the next attempt to get a job slot, or raise."""
        self._blind("no free job slot")
        now = self._transport.clock()
        if self._full_since is None:
            self._full_since = now
        pause = self.seat.refused()
        if self._wait_for_slot is not None:
            left = self._full_since + self._wait_for_slot - now
            if left <= 0:
                raise error
            pause = min(pause, left)
        self._pause = pause

    async def _after(self, end: Stopped | Failed, seen_alive: datetime | None) -> list[Event]:
        """Return how a job's end is told within the watch."""
        await self._drop(None)
        turn_over = self.seat.over and isinstance(end, Stopped)
        pause = self._plan.pause_after_end(end)
        if pause is None and not turn_over:
            self._ended = True
            return [end]
        self._pause = 0.0 if turn_over else pause or 0.0
        status = end.status if isinstance(end, Stopped) else "failed"
        reason = end.reason if isinstance(end, Stopped) else end.code or end.message
        if turn_over:
            reason = "turn_over"
        self._blind(reason or "the job ended", since=end.occurred_at or seen_alive)
        told = StatusChanged(
            name=end.name,
            delivery=end.delivery,
            job_id=end.job_id,
            stream_url=end.stream_url,
            occurred_at=end.occurred_at,
            raw=end.raw,
            status=status,
            reason=reason,
            stats=end.stats,
        )
        return [told]

    async def _end(self, over: Stopped) -> list[Event]:
        """End the watch by its own limits."""
        over.job_id = self.job_id
        over.delivery = "poll"
        over.occurred_at = self._transport.state.server_now()
        await self._drop(None)
        self._ended = True
        return [over]

    async def _drop(self, error: TrioError | None) -> None:
        """Settle the running job; it is stopped whatever `on_exit` says, since the watch goes on or has ended."""
        job, self._job = self._job, None
        if job is not None:
            await job.close(error, on_exit="cancel")

    def _rest_after_error(self, error: TrioError, blind_since: datetime | None = None) -> None:
        """Wait before the next attempt, or raise."""
        pause = self._plan.pause_after_error(error)
        if pause is None or (self._on_drop == "raise" and isinstance(error, StreamInterruptedError)):
            raise error
        logger.warning("A watched stream could not be followed (%s); trying again in %.1f s.", error, pause)
        self._blind(str(error), since=blind_since)
        self._pause = pause

    def _blind(self, reason: str, since: datetime | None = None) -> None:
        """Note since when, and why, nothing watches."""
        if self._blind_since is None:
            self._blind_since = since or self._transport.state.server_now()
            self._blind_reason = reason

    def _gap(self, until: datetime | None) -> list[Event]:
        """Return the blind time that has ended, if there was one: now, or when the job that was found had begun."""
        since, reason = self._blind_since, self._blind_reason
        self._blind_since = self._blind_reason = None
        if since is None:
            return []
        now = self._transport.state.server_now()
        gap = CoverageGap(
            name="gap",
            delivery="poll",
            job_id=self.job_id,
            occurred_at=now,
            started_at=since,
            ended_at=max(min(until or now, now), since),
            reason=reason,
        )
        return [gap]
