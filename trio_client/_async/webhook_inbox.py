"""Await what webhooks deliver, with the same stream of events as every other delivery."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from .._core.delivery_router import Sorting
from .._core.endpoints import get_job
from .._core.job_inbox import Mailbox, Patterns
from .._core.retry.window import RetryWindow
from .._http.async_runtime import Bell
from ..errors import JobNotFoundError, StreamInterruptedError, TrioError
from ..events import Event
from ..models import Job, JobDetail
from ..webhooks import Deduplicator
from .event_stream import AsyncEventStream

if TYPE_CHECKING:
    from .client import AsyncTrioClient
    from .transport import AsyncTransport

__all__ = ["AsyncWebhookInbox"]


class AsyncWebhookInbox:
    """Collect the deliveries of webhooks per job, and follow a job by them as by any other stream of events.

    Give the inbox to a `WebhookApp` as its handler, or call `deliver` with each event; any thread may do so. When
    deliveries stay away, the job is looked at instead, so that no end and no trigger is missed.

    An event that names no job, as triggers do, is taken for that of the one job of this inbox that watches the
    event's stream. With several jobs on one stream nobody can tell: their triggers are then found by polling, which
    brings no explanation and no picture. What `event.dedup_key` tells to be a redelivery is dropped.

    Args:
        client: the client to look at jobs with; it stays yours to close.
        late_after: seconds, more than 0, after which a delivery that should have come is not waited for.
        quiet_after: seconds, more than 0, without a delivery after which the job is looked at.
        poll_interval: seconds, more than 0, between two looks while deliveries stay away.

    Raises:
        RequestValidationError: an argument is outside its range.

    Example:
        >>> from trio_client import AsyncTrioClient, webhooks
        >>> async with AsyncTrioClient() as client:
        ...     inbox = AsyncWebhookInbox(client)
        ...     inbox.deliver(webhooks.parse(b'{"type": "job_started", "job_id": "a1", "source_url": "rtsp://cam/1"}'))
        ...     inbox.deliver(webhooks.parse(b'{"type": "watch_triggered", "source_url": "rtsp://cam/1"}'))
        ...     async with inbox.events("a1") as events:
        ...         print((await anext(events)).kind, (await anext(events)).kind)
        started triggered

    Source: the API's "Webhooks" guide (answer within five seconds; the FAQ says thirty; repeated deliveries).
    """

    def __init__(
        self,
        client: AsyncTrioClient,
        *,
        late_after: float = 5.0,
        quiet_after: float = 30.0,
        poll_interval: float = 3.0,
    ) -> None:
        self._transport: AsyncTransport = client._transport  # pyright: ignore[reportPrivateUsage]
        self._patterns = Patterns(late_after, quiet_after, poll_interval)
        self._sorting = Sorting()
        self._seen = Deduplicator(max_entries=10_000, clock=self._transport.clock)

    def deliver(self, event: Event) -> None:
        """Take in an event. It returns at once, and may be called from any thread.

        Args:
            event: what a webhook delivered, from `webhooks.unwrap` or `webhooks.parse`.
        """
        if self._seen.is_duplicate(event):
            return
        with self._sorting.lock:
            self._sorting.deliver(event, self._transport.clock())

    __call__ = deliver

    def events(self, job: str | Job | JobDetail) -> AsyncEventStream:
        """Return the events of a job, as webhooks deliver them; what they do not tell is found by polling.

        It never cancels the job. `event.delivery` says by which way an event came.

        Args:
            job: the job, or its id. With the job itself, its stream is known without asking for it.

        Returns:
            The stream; what was delivered before it is entered is kept, up to 256 events of all jobs.

        Raises:
            RequestValidationError: the id cannot be one.
            StreamInterruptedError: while iterating: deliveries stay away, and the job could not be looked at.

        Example:
            >>> async with AsyncTrioClient() as client:
            ...     inbox = AsyncWebhookInbox(client, late_after=0.2, poll_interval=0.1)
            ...     job = await client.live_monitor.create("rtsp://cam/1", "a van", webhook_url="http://127.0.0.1:9/")
            ...     async with inbox.events(job) as events:
            ...         ended = (await events.collect())[-1]
            >>> ended.kind, ended.delivery
            ('stopped', 'poll')

        Source: the API's "Webhooks" and "Poll jobs" guides.
        """
        if isinstance(job, str):
            return AsyncEventStream(_Deliveries(self._transport, self._sorting, self._patterns, job))
        about = (job.stream_url, job.created_time)
        return AsyncEventStream(_Deliveries(self._transport, self._sorting, self._patterns, job.job_id, about))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._transport.settings.base_url}>"


class _Deliveries:
    """A source of events that webhooks deliver. It never stops the job."""

    def __init__(
        self,
        transport: AsyncTransport,
        sorting: Sorting,
        patterns: Patterns,
        job_id: str,
        about: tuple[str | None, datetime | None] = (None, None),
    ) -> None:
        self._transport = transport
        self._sorting = sorting
        self._patterns = patterns
        self._call = get_job(job_id)
        self._job_id = job_id
        self._stream_url, self._created = about
        self._bell = Bell()
        self._box: Mailbox | None = None
        self._window = RetryWindow(transport.settings.retry.deadline, transport.clock)

    @property
    def job_id(self) -> str | None:
        """The job's id."""
        return self._job_id

    @property
    def finished(self) -> bool:
        """Whether the job's end has been told."""
        return self._box is not None and self._box.finished

    async def open(self) -> None:
        """Begin to collect: the job runs already."""
        now = self._transport.clock()
        box = self._box = Mailbox(self._patterns, now, look_at_once=self._stream_url is None, ring=self._bell.ring)
        with self._sorting.lock:
            self._sorting.add(self._job_id, box)
            if self._stream_url is None:
                self._sorting.hand_over(self._job_id, now)
            else:
                self._sorting.learn(self._job_id, self._stream_url, now, self._created)

    async def advance(self) -> list[Event]:
        """Return what was delivered; wait for it, or look at the job if it is time to.

        Raises:
            StreamInterruptedError: nothing was delivered, and the job could not be looked at for longer than the
                retry policy's deadline.
        """
        box = self._box
        assert box is not None
        with self._sorting.lock:
            now = self._transport.clock()
            events = box.take(now)
            wait, look = box.wake_in(now), box.look_in(now) <= 0
        if events or box.finished:
            self._window.reset()
        elif look:
            await self._look(box)
        else:
            await self._bell.wait(wait)
        return events

    async def close(self, error: BaseException | None) -> None:  # noqa: ARG002
        """Collect no longer. Whoever follows a job does not own it."""
        if self._box is not None:
            with self._sorting.lock:
                self._sorting.remove(self._job_id, self._box)

    async def _look(self, box: Mailbox) -> None:
        try:
            job = await self._transport.call(self._call)
        except JobNotFoundError as error:
            with self._sorting.lock:
                box.gone(self._job_id, error)
        except TrioError as error:
            with self._sorting.lock:
                box.look_failed(self._transport.clock())
            if not self._window.allows(error):
                raise StreamInterruptedError(
                    f"No webhook of job {self._job_id} arrives, and its status cannot be polled any more "
                    f"({error.problem}); it may still be running.",
                    job_id=self._job_id,
                ) from error
        else:
            self._window.reset()
            with self._sorting.lock:
                now = self._transport.clock()
                if job.stream_url is not None:
                    self._sorting.learn(self._job_id, job.stream_url, now, job.created_time)
                box.look(job, now)
