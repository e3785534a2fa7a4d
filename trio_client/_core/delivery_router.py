"""Which job a delivery belongs to, when not every delivery says so. No I/O."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

from .._redaction import preview
from ..events import Event
from .job_inbox import Mailbox
from .log import logger

__all__ = ["Sorting"]

_STRAYS_KEPT = 256
_JOBS_KNOWN = 10_000
_SKEW = timedelta(seconds=5)


class Sorting:
    """The mailboxes of all followers, and what came for jobs that nobody follows yet.

    An event without a job id belongs to the job with its stream URL, if exactly one job is known to have it: one
    that is followed, or that has reported its id with a stream and not its end. All methods need the lock.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._boxes: dict[str, list[Mailbox]] = {}
        self._urls: OrderedDict[str, str] = OrderedDict()
        self._strays: deque[Event] = deque(maxlen=_STRAYS_KEPT)

    def deliver(self, event: Event, now: float) -> None:
        """Put an event into the mailboxes of its job, or keep it for a follower to come."""
        if event.job_id is not None and event.stream_url is not None:
            self.learn(event.job_id, event.stream_url, now)
        job_id = self._job_of(event)
        boxes = self._boxes.get(job_id or "")
        if job_id is None or not boxes:
            if event.terminal and job_id is not None:
                self._urls.pop(job_id, None)
            self._strays.append(event)
            logger.debug("A %s event belongs to no job that is followed; it is kept for a while.", event.kind)
            return
        event.job_id = job_id
        for box in boxes:
            box.deliver(event, now)

    def add(self, job_id: str, box: Mailbox) -> None:
        """Begin to fill a mailbox."""
        self._boxes.setdefault(job_id, []).append(box)

    def learn(self, job_id: str, stream_url: str, now: float, created: datetime | None = None) -> None:
        """Note which stream a job watches, and hand over what came for it before somebody followed it."""
        self._urls[job_id] = stream_url
        while len(self._urls) > _JOBS_KNOWN:
            self._urls.popitem(last=False)
        self.hand_over(job_id, now, created)

    def hand_over(self, job_id: str, now: float, created: datetime | None = None) -> None:
        """Put what came for a job into its mailboxes, but for what happened before the job was made."""
        boxes = self._boxes.get(job_id)
        if not boxes:
            return
        strays, self._strays = self._strays, deque(maxlen=_STRAYS_KEPT)
        for event in strays:
            before = created is not None and event.occurred_at is not None and event.occurred_at < created - _SKEW
            if before or self._job_of(event) != job_id:
                self._strays.append(event)
                continue
            event.job_id = job_id
            for box in boxes:
                box.deliver(event, now)

    def remove(self, job_id: str, box: Mailbox) -> None:
        """Fill a mailbox no longer."""
        boxes = self._boxes.get(job_id, [])
        if box in boxes:
            boxes.remove(box)
        if not boxes:
            self._boxes.pop(job_id, None)
            self._urls.pop(job_id, None)

    def _job_of(self, event: Event) -> str | None:
        if event.job_id is not None:
            return event.job_id
        if event.stream_url is None:
            return None
        jobs = [job_id for job_id, url in self._urls.items() if url == event.stream_url]
        if len(jobs) > 1:
            logger.info(
                "A %s event without a job id could belong to %d jobs on %s; it is left to polling.",
                event.kind,
                len(jobs),
                preview(event.stream_url),
            )
        return jobs[0] if len(jobs) == 1 else None
