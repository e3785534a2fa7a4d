"""Which job a delivery belongs to, when not every delivery says so. No I/O."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from datetime import datetime

from .._job_context import logger
from .._redaction import preview
from .._times import CLOCK_SKEW
from ..events import Event
from .job_inbox import JobInbox
from .stream_url import same_stream

__all__ = ["DeliveryRouter"]

_MAX_UNMATCHED = 256
_MAX_JOBS = 10_000


class DeliveryRouter:
    """Hand deliveries to the inboxes of their job, and keep those of jobs that have none yet. Thread-safe.

    An event without a job id belongs to the job on its stream, whatever form the URL has, if exactly one job is known
    to be on it: one that has an inbox, or that has reported its id with a stream and not its end.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inboxes: dict[str, list[JobInbox]] = {}
        self._stream_urls: OrderedDict[str, str] = OrderedDict()
        self._unmatched: deque[Event] = deque(maxlen=_MAX_UNMATCHED)

    def deliver(self, event: Event, now: float) -> None:
        """Put an event into the inboxes of its job, or keep it for an inbox to come."""
        with self._lock:
            if event.job_id is not None and event.stream_url is not None:
                self._learn_stream(event.job_id, event.stream_url, now, None)
            job_id = self._job_of(event)
            inboxes = self._inboxes.get(job_id or "")
            if job_id is None or not inboxes:
                if event.terminal and job_id is not None:
                    self._stream_urls.pop(job_id, None)
                self._unmatched.append(event)
                logger.debug("No inbox for a %s event yet; keeping it.", event.kind)
                return
            event.job_id = job_id
            for inbox in inboxes:
                inbox.deliver(event, now)

    def register(
        self,
        job_id: str,
        inbox: JobInbox,
        now: float,
        stream_url: str | None = None,
        created: datetime | None = None,
    ) -> None:
        """Begin to fill an inbox, with what has arrived for its job too, unless it happened before the job was made."""
        with self._lock:
            self._inboxes.setdefault(job_id, []).append(inbox)
            if stream_url is None:
                self._match(job_id, now, None)  # only events that name the job
            else:
                self._learn_stream(job_id, stream_url, now, created)

    def learn_stream(self, job_id: str, stream_url: str, now: float, created: datetime | None = None) -> None:
        """Note which stream a job watches, and hand over what had arrived for it."""
        with self._lock:
            self._learn_stream(job_id, stream_url, now, created)

    def unregister(self, job_id: str, inbox: JobInbox) -> None:
        """Stop filling an inbox."""
        with self._lock:
            inboxes = self._inboxes.get(job_id, [])
            if inbox in inboxes:
                inboxes.remove(inbox)
            if not inboxes:
                self._inboxes.pop(job_id, None)
                self._stream_urls.pop(job_id, None)

    def _learn_stream(self, job_id: str, stream_url: str, now: float, created: datetime | None) -> None:
        self._stream_urls[job_id] = stream_url
        while len(self._stream_urls) > _MAX_JOBS:
            self._stream_urls.popitem(last=False)
        self._match(job_id, now, created)

    def _match(self, job_id: str, now: float, created: datetime | None) -> None:
        inboxes = self._inboxes.get(job_id)
        if not inboxes:
            return
        unmatched, self._unmatched = self._unmatched, deque(maxlen=_MAX_UNMATCHED)
        for event in unmatched:
            older = created is not None and event.occurred_at is not None and event.occurred_at < created - CLOCK_SKEW
            if older or self._job_of(event) != job_id:
                self._unmatched.append(event)
                continue
            event.job_id = job_id
            for inbox in inboxes:
                inbox.deliver(event, now)

    def _job_of(self, event: Event) -> str | None:
        if event.job_id is not None:
            return event.job_id
        if event.stream_url is None:
            return None
        jobs = [job_id for job_id, url in self._stream_urls.items() if same_stream(url, event.stream_url)]
        if len(jobs) > 1:
            logger.info(
                "A %s event without a job id could belong to any of %d jobs on %s; leaving it to polling.",
                event.kind,
                len(jobs),
                preview(event.stream_url, is_url=True),
            )
        return jobs[0] if len(jobs) == 1 else None
