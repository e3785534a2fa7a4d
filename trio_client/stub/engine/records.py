"""What the stub server remembers for assertions: requests, webhook deliveries and jobs."""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from .job import Delivery, Job
from .masking import mask_url

__all__ = ["BoundedLog", "JobRecord", "RecordedRequest", "WebhookDelivery"]

ENTRIES_KEPT = 10_000
BYTES_KEPT = 64 * 2**20


@dataclass(frozen=True)
class RecordedRequest:
    """A request as it arrived. Header names are lower case; `time` is Unix time in seconds."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    time: float

    def __repr__(self) -> str:
        query = {name: mask_url(value) for name, value in self.query.items()}
        return f"RecordedRequest({self.method} {mask_url(self.path)!r}, query={query!r})"

    @property
    def size(self) -> int:
        """About the memory that it takes, in bytes."""
        texts = (self.path, *self.query, *self.query.values(), *self.headers, *self.headers.values())
        return len(self.body) + sum(map(len, texts))

    @property
    def json(self) -> Any:
        """The body as JSON, None if it is empty or not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True)
class WebhookDelivery:
    """One attempt to deliver a webhook. `status` is None if there was no response, and `error` is then the reason."""

    url: str
    body: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    status: int | None
    error: str | None
    attempt: int
    job_id: str
    time: float

    def __repr__(self) -> str:
        outcome = self.status if self.error is None else self.error
        return f"WebhookDelivery({mask_url(self.url)!r}, job_id={self.job_id!r}, attempt={self.attempt}, {outcome!r})"

    @property
    def size(self) -> int:
        """About the memory that it takes, in bytes."""
        return len(self.body) + len(self.url)

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class JobRecord:
    """A job at the moment of asking; `request` is the body it was created with."""

    job_id: str
    status: str
    job_type: str
    stream_url: str
    delivery: Delivery
    created_at: str
    reason: str | None
    request: dict[str, Any] = field(repr=False)
    config: dict[str, Any] = field(repr=False)
    stats: dict[str, Any]

    def __repr__(self) -> str:
        ended = f", reason={self.reason!r}" if self.reason else ""
        return f"JobRecord({self.job_id!r}, {self.job_type!r}, {mask_url(self.stream_url)!r}, {self.status!r}{ended})"

    @classmethod
    def of(cls, job: Job, now: float) -> JobRecord:
        """A record of this job."""
        return cls(
            job_id=job.job_id,
            status=job.status,
            job_type=job.job_type,
            stream_url=job.stream_url,
            delivery=job.delivery,
            created_at=job.created_at,
            reason=job.reason,
            request=dict(job.request),
            config=dict(job.config),
            stats=job.stats(now),
        )

    @property
    def checks_performed(self) -> int:
        """Checks made; 0 for a digest."""
        return int(self.stats.get("checks_performed", 0))

    @property
    def triggers_fired(self) -> int:
        """Alerts given; 0 for a digest."""
        return int(self.stats.get("triggers_fired", 0))

    @property
    def summaries_generated(self) -> int:
        """Summaries made; 0 for a monitor."""
        return int(self.stats.get("summaries_generated", 0))

    @property
    def elapsed_seconds(self) -> int:
        """Stub-seconds from creation to the end, or to now."""
        return int(self.stats["elapsed_seconds"])


class _Sized(Protocol):
    @property
    def size(self) -> int: ...


Entry = TypeVar("Entry", bound=_Sized)


class BoundedLog(Generic[Entry]):
    """The latest entries, bounded in number and in bytes. Safe to use from any thread."""

    def __init__(self, *, entries_kept: int = ENTRIES_KEPT, bytes_kept: int = BYTES_KEPT) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque()
        self._entries_kept = entries_kept
        self._bytes_kept = bytes_kept
        self._bytes = 0

    def add(self, entry: Entry) -> None:
        """Add an entry; the oldest are dropped if there are too many."""
        with self._lock:
            self._entries.append(entry)
            self._bytes += entry.size
            while len(self._entries) > self._entries_kept or (
                self._bytes > self._bytes_kept and len(self._entries) > 1
            ):
                self._bytes -= self._entries.popleft().size

    def all(self) -> list[Entry]:
        """The entries that are kept, oldest first."""
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        """Remove all entries."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0
