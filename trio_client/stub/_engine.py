"""The part of the stub that lives on the event loop: it moves jobs along and passes their events on."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Generator
from itertools import count, islice

from ._clock import Clock
from ._delivery import WebhookScript
from ._job import Job, JobEvent
from ._records import BoundedLog, WebhookDelivery
from ._store import JobStore
from ._webhooks import WebhookSender

__all__ = ["Engine", "happened"]


# Events of all jobs that are kept for the page.
HISTORY = 200
_EVERY_JOB = "*"


class Engine:
    """Wakes up when the next job is due, when the clock is moved and when a job is made."""

    def __init__(
        self,
        clock: Clock,
        jobs: JobStore,
        deliveries: BoundedLog[WebhookDelivery],
        *,
        webhook_script: WebhookScript,
        webhook_secret: str | None,
        webhook_timeout: float,
    ) -> None:
        self._clock = clock
        self._jobs = jobs
        self._deliveries = deliveries
        self._webhook_script = webhook_script
        self._webhook_secret = webhook_secret
        self._webhook_timeout = webhook_timeout
        self._readers: dict[str, set[asyncio.Event]] = {}
        self._history: deque[tuple[int, Job, JobEvent]] = deque(maxlen=HISTORY)
        self._events = count(1)
        self._untold: list[asyncio.Event] = []
        self._telling = False
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
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._untold, self._telling = [], False
        self._webhooks = WebhookSender(
            self._deliveries,
            script=self._webhook_script,
            secret=self._webhook_secret,
            timeout=self._webhook_timeout,
            pause=self.pause_stub,
        )
        self._task = loop.create_task(self._run())

    async def aclose(self) -> None:
        """End streams and delays, stop sending webhooks and moving jobs along."""
        if self._loop is not asyncio.get_running_loop():
            return
        self._closing.set()
        self._wake_readers()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self._webhooks.aclose()
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
        """Look at the jobs again; may be called from any thread."""
        if self._loop is None:
            return
        if threading.get_ident() == self._thread:
            self._look_again()
        else:
            self._call(self._look_again)

    def reading(self, job: Job) -> contextlib.AbstractContextManager[asyncio.Event]:
        """An event that is set whenever there is news of this job."""
        return self._told(job.job_id)

    def watching(self) -> contextlib.AbstractContextManager[asyncio.Event]:
        """An event that is set whenever there is news of any job."""
        return self._told(_EVERY_JOB)

    @property
    def watchers(self) -> int:
        """How many wait for news of any job."""
        return len(self._readers.get(_EVERY_JOB, ()))

    def readers(self, job: Job) -> int:
        """How many read this job's stream."""
        return len(self._readers.get(job.job_id, ()))

    def left(self, job: Job) -> None:
        """Note that the reader of this job's stream has left, or has got all of it."""
        with self._jobs.lock:
            job.forget_events()

    def latest(self, number: int) -> list[tuple[int, Job, JobEvent]]:
        """The latest events of all jobs with their numbers, newest first."""
        with self._jobs.lock:
            return list(islice(reversed(self._history), number))

    def drop(self, job: Job) -> None:
        """Break off the streams of a job; may be called from any thread."""
        with self._jobs.lock:
            job.drops += 1
        self._call(self._wake_readers)

    def forget(self, jobs: list[Job]) -> None:
        """Tell the readers of these jobs that they are gone; may be called from any thread."""
        with self._jobs.lock:
            self._history.clear()
        if jobs:
            self._call(self._wake_readers)

    @contextlib.contextmanager
    def _told(self, whose: str) -> Generator[asyncio.Event]:
        news = asyncio.Event()
        with self._jobs.lock:
            self._readers.setdefault(whose, set()).add(news)
        try:
            yield news
        finally:
            with self._jobs.lock:
                readers = self._readers[whose]
                readers.discard(news)
                if not readers:
                    del self._readers[whose]

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            due = self._jobs.settle()
            delay = None if due is None else self._clock.real_seconds_until(due)
            await happened(self._wake, within=delay)

    def _time_jumped(self) -> None:
        self._jobs.settle()
        self.wake()

    def _look_again(self) -> None:
        self._wake.set()
        for news in self._readers.get(_EVERY_JOB, ()):
            news.set()

    def _pass_on(self, job: Job, events: list[JobEvent]) -> None:
        here = threading.get_ident() == self._thread
        self._history.extend((next(self._events), job, event) for event in events)
        for news in (*self._readers.get(job.job_id, ()), *self._readers.get(_EVERY_JOB, ())):
            if here:
                news.set()
            else:
                self._untold.append(news)
        # One call into the loop tells all readers: each call costs a system call on either side.
        if self._untold and not self._telling:
            self._telling = True
            self._call(self._tell)
        if job.delivery == "webhook":
            self._call(self._send_webhooks, job, events)

    def _tell(self) -> None:
        with self._jobs.lock:
            untold, self._untold, self._telling = self._untold, [], False
        for news in untold:
            news.set()

    def _send_webhooks(self, job: Job, events: list[JobEvent]) -> None:
        if not self._closing.is_set():
            self._webhooks.enqueue(job, events)

    def _wake_readers(self) -> None:
        with self._jobs.lock:
            for readers in self._readers.values():
                for news in readers:
                    news.set()

    def _call(self, function: Callable[..., object], *arguments: object) -> None:
        # The loop may end between the check and the call: then nobody is left to be told.
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(function, *arguments)


async def happened(event: asyncio.Event, *, within: float | None) -> bool:
    """Wait for an event, at most so many real seconds.

    `asyncio.wait_for` loses a cancellation that comes together with the event, up to Python 3.11.
    """
    waiter = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({waiter}, timeout=within)
    finally:
        waiter.cancel()
    return event.is_set()
