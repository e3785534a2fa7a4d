"""The part of the stub that lives on the event loop: it moves jobs along and passes their events on."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from typing import Protocol

from .clock import Clock
from .job import Job
from .job_events import JobEvent
from .job_store import JobStore
from .latest_events import LatestEvents
from .readers import EVERY_JOB, Readers

__all__ = ["Engine", "Outbox", "happened"]

# Events of all jobs that are kept for the page.
HISTORY = 200


class Outbox(Protocol):
    """Delivers the events of webhook jobs."""

    def enqueue(self, job: Job, events: list[JobEvent]) -> None:
        """Deliver these events, after those that are already waiting."""
        ...

    async def aclose(self) -> None:
        """Stop delivering."""
        ...


class Engine:
    """Wakes up when the next job is due, when the clock is moved and when a job is created.

    Args:
        clock: the stub's time.
        jobs: the jobs that it moves along.
        open_outbox: makes the outbox on an event loop, from a function that waits for stub-seconds.
        jobs_outlive_streams: whether a job goes on when the reader of its stream disconnects.
    """

    def __init__(
        self,
        clock: Clock,
        jobs: JobStore,
        open_outbox: Callable[[Callable[[float], Awaitable[None]]], Outbox],
        *,
        jobs_outlive_streams: bool = True,
    ) -> None:
        self._clock = clock
        self._jobs = jobs
        self._open_outbox = open_outbox
        self._jobs_outlive_streams = jobs_outlive_streams
        self._readers = Readers(jobs.lock, self._call)
        self._latest = LatestEvents(HISTORY)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        jobs.on_events = self._pass_on
        clock.on_change = self._time_jumped

    def ensure_running(self) -> None:
        """Start on the running event loop, if not done."""
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return
        self._loop, self._thread = loop, threading.get_ident()
        self._wakeup = asyncio.Event()
        self._closing = asyncio.Event()
        self._readers.forget_scheduled()
        self._outbox = self._open_outbox(self.pause_stub)
        self._task = loop.create_task(self._run())

    async def aclose(self) -> None:
        """End streams and delays, stop sending webhooks and moving jobs along."""
        if self._loop is not asyncio.get_running_loop():
            return
        self._closing.set()
        self._readers.wake_all()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self._outbox.aclose()
        self._loop = None

    @property
    def closing(self) -> bool:
        """Whether the server is about to end."""
        return self._closing.is_set()

    async def pause(self, seconds: float) -> None:
        """Wait for real seconds, or until the server ends."""
        await happened(self._closing, within=seconds)

    async def pause_stub(self, seconds: float) -> None:
        """Wait for stub-seconds at the present speed, at most as long as they would take in real time."""
        await self.pause(seconds / max(self._clock.speed, 1.0))

    def wake(self) -> None:
        """Check which jobs are due; may be called from any thread."""
        if self._loop is None:
            return
        if threading.get_ident() == self._thread:
            self._check_jobs()
        else:
            self._call(self._check_jobs)

    def reading(self, job: Job) -> contextlib.AbstractContextManager[asyncio.Event]:
        """An event that is set whenever there is news of this job."""
        return self._readers.waiting(job.job_id)

    def watching(self) -> contextlib.AbstractContextManager[asyncio.Event]:
        """An event that is set whenever there is news of any job."""
        return self._readers.waiting(EVERY_JOB)

    @property
    def watchers(self) -> int:
        """How many wait for news of any job."""
        return self._readers.count(EVERY_JOB)

    def readers(self, job: Job) -> int:
        """How many read this job's stream."""
        return self._readers.count(job.job_id)

    def stop_reading(self, job: Job, *, complete: bool) -> None:
        """Note that the reader of this job's stream has got all of it, or has disconnected."""
        with self._jobs.lock:
            if not (complete or self._jobs_outlive_streams or job.removed or self.closing):
                self._jobs.cancel(job.job_id)
            job.events.shorten()

    def latest(self, number: int) -> list[tuple[int, Job, JobEvent]]:
        """The latest events of all jobs with their numbers, newest first."""
        with self._jobs.lock:
            return self._latest.newest(number)

    def drop(self, job: Job) -> None:
        """Disconnect the streams of a job; may be called from any thread."""
        with self._jobs.lock:
            job.events.drops += 1
        self._call(self._readers.wake_all)

    def forget(self, jobs: list[Job]) -> None:
        """End the streams of these jobs, which were removed; may be called from any thread."""
        with self._jobs.lock:
            self._latest.clear()
        if jobs:
            self._call(self._readers.wake_all)

    async def _run(self) -> None:
        while True:
            self._wakeup.clear()
            due = self._jobs.run_due()
            delay = None if due is None else self._clock.real_seconds_until(due)
            await happened(self._wakeup, within=delay)

    def _time_jumped(self) -> None:
        self._jobs.run_due()
        self.wake()

    def _check_jobs(self) -> None:
        self._wakeup.set()
        self._readers.wake(EVERY_JOB, on_loop=True)

    def _pass_on(self, job: Job, events: list[JobEvent]) -> None:
        self._latest.add(job, events)
        self._readers.wake(job.job_id, EVERY_JOB, on_loop=threading.get_ident() == self._thread)
        if job.delivery == "webhook":
            self._call(self._enqueue, job, events)

    def _enqueue(self, job: Job, events: list[JobEvent]) -> None:
        if not self._closing.is_set():
            self._outbox.enqueue(job, events)

    def _call(self, function: Callable[..., object], *arguments: object) -> None:
        # The loop may end between the check and the call: then there is no reader left either.
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(function, *arguments)


async def happened(event: asyncio.Event, *, within: float | None) -> bool:
    """Wait for an event, at most this many real seconds.

    `asyncio.wait_for` loses a cancellation that arrives together with the event, up to Python 3.11.
    """
    waiter = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({waiter}, timeout=within)
    finally:
        waiter.cancel()
    return event.is_set()
