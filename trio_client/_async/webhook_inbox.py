"""Follow a job by its webhooks, as by any other stream of events."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import trio_client

from .._core.delivery_router import DeliveryRouter
from .._core.endpoints import get_job
from .._core.job_inbox import DeliveryTimeouts, JobInbox
from .._core.polling import RetryWindow
from .._http.concurrency.async_.wakeup import Wakeup
from .._redaction import shown
from ..errors import JobNotFoundError, StreamInterruptedError, TrioError
from ..events import Event
from ..models import Job, JobDetail
from ..webhooks import Deduplicator
from .event_stream import AsyncEventStream
from .sources import AsyncFollower
from .transport import AsyncTransport

__all__ = ["AsyncWebhookInbox"]


class AsyncWebhookInbox:
    """Collect webhook deliveries, and follow each job by them as by any other stream of events.

    Give the inbox to a `WebhookApp` as its handler, or call `deliver` with each event, from any thread. When
    deliveries stay away, the job is polled instead, so that no end and no trigger is missed.

    An event that names no job, as triggers do, belongs to the one job of this inbox that watches the event's stream.
    With several jobs on one stream that is ambiguous: their triggers are found by polling, without an explanation or
    a picture. Redeliveries, which have the same `event.dedup_key`, are dropped.

    Args:
        client: the client to poll jobs with; closing it stays your business.
        late_after: seconds, more than 0, to wait for a delivery that is due.
        quiet_after: seconds, more than 0, without any delivery until the job is polled.
        poll_interval: seconds, more than 0, between two polls while deliveries stay away.

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
        client: trio_client.AsyncTrioClient,
        *,
        late_after: float = 5.0,
        quiet_after: float = 30.0,
        poll_interval: float = 3.0,
    ) -> None:
        self._transport: AsyncTransport = client._transport  # pyright: ignore[reportPrivateUsage]
        self._timeouts = DeliveryTimeouts(late_after, quiet_after, poll_interval)
        self._router = DeliveryRouter()
        self._seen = Deduplicator(max_entries=10_000, clock=self._transport.clock)

    def deliver(self, event: Event) -> None:
        """Take in an event and return at once; callable from any thread.

        Args:
            event: what a webhook delivered, from `webhooks.unwrap` or `webhooks.parse`.
        """
        if not self._seen.is_duplicate(event):
            self._router.deliver(event, self._transport.clock())

    __call__ = deliver

    def events(self, job: str | Job | JobDetail) -> AsyncEventStream:
        """Return the events of a job as webhooks deliver them; polling finds what they miss.

        It never cancels the job. `event.delivery` says which way an event came.

        Args:
            job: the job, or its id. With the job itself, its stream is known without a request.

        Returns:
            The stream; what was delivered before it is entered is kept, up to 256 events across all jobs.

        Raises:
            RequestValidationError: the id cannot be one.
            StreamInterruptedError: while iterating: deliveries stay away, and polling the job kept failing.

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
        open_streams = self._transport.state.open_streams
        if isinstance(job, str):
            return AsyncEventStream(_Deliveries(self._transport, self._router, self._timeouts, job), open_streams)
        known = (job.stream_url, job.created_time)
        return AsyncEventStream(
            _Deliveries(self._transport, self._router, self._timeouts, job.job_id, *known), open_streams
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._transport.settings.base_url}>"


class _Deliveries(AsyncFollower):
    """A source of events that webhooks deliver. It never stops the job."""

    def __init__(
        self,
        transport: AsyncTransport,
        router: DeliveryRouter,
        timeouts: DeliveryTimeouts,
        job_id: str,
        stream_url: str | None = None,
        created: datetime | None = None,
    ) -> None:
        self._transport = transport
        self._router = router
        self._timeouts = timeouts
        self._call = replace(get_job(job_id), decides=True)
        self._job_id = job_id
        self._stream_url, self._created = stream_url, created
        self._wakeup = Wakeup()
        self._inbox: JobInbox | None = None
        ledger = transport.state.ledger
        self._window = RetryWindow(transport.settings.retry.deadline, transport.clock, reached=ledger.is_known(job_id))
        self._grace_until = transport.clock() + ledger.not_found_grace(job_id)  # of "no such job"

    @property
    def job_id(self) -> str | None:
        """The job's id."""
        return self._job_id

    @property
    def finished(self) -> bool:
        """Whether the job's end was reported."""
        return self._inbox is not None and self._inbox.finished

    async def open(self) -> None:
        """Begin to collect: the job runs already."""
        now = self._transport.clock()
        unknown = self._stream_url is None
        self._inbox = JobInbox(self._job_id, self._timeouts, now, poll_first=unknown, wake=self._wakeup.set)
        self._router.register(self._job_id, self._inbox, now, self._stream_url, self._created)

    async def advance(self) -> list[Event]:
        """Return what was delivered; wait for it, or poll the job if that is due.

        Raises:
            StreamInterruptedError: nothing was delivered, and polling failed for longer than the retry policy's
                deadline.
        """
        inbox = self._inbox
        assert inbox is not None
        now = self._transport.clock()
        events = inbox.take(now)
        if events or inbox.finished:
            self._window.reset()
        elif inbox.poll_due_in(now) <= 0:
            await self._poll(inbox)
        else:
            await self._wakeup.wait(inbox.wait_seconds(now))
        return events

    async def close(self, error: BaseException | None) -> None:  # noqa: ARG002
        """Stop collecting. Following a job is not owning it."""
        if self._inbox is not None:
            self._router.unregister(self._job_id, self._inbox)

    async def _poll(self, inbox: JobInbox) -> None:
        try:
            job = await self._transport.call(self._call)
        except JobNotFoundError as error:
            if self._transport.clock() < self._grace_until:
                inbox.poll_failed(self._transport.clock())
            else:
                inbox.not_found(error)
        except TrioError as error:
            inbox.poll_failed(self._transport.clock())
            if not self._window.allows(error):
                raise StreamInterruptedError(
                    f"No webhook of job {shown(self._job_id)} arrives, and its status cannot be polled any more "
                    f"({error.problem}); it may still be running.",
                    job_id=self._job_id,
                ) from error
        else:
            self._window.reset()
            now = self._transport.clock()
            if job.stream_url is not None:
                self._router.learn_stream(self._job_id, job.stream_url, now, job.created_time)
            inbox.poll(job, now, self._transport.state.server_now())
