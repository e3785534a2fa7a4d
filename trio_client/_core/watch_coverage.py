"""Since when, and why, nothing watches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ..errors import (
    APIConnectionError,
    CreateOutcomeUnknownError,
    MaxJobsReachedError,
    StreamInterruptedError,
    StreamUnavailableError,
    TrioError,
)
from ..events import CoverageGap, Failed, Stopped
from .error_reply import is_stream_unavailable

__all__ = ["Coverage", "Subject", "reason_of", "reason_of_end"]

_OPEN_AFTER_SECONDS = 5.0


def reason_of(error: TrioError) -> str:
    """Return the code of a gap that an error causes."""
    if isinstance(error, MaxJobsReachedError):
        return "no_free_slot"
    if isinstance(error, StreamUnavailableError):
        return "stream_unavailable"
    if isinstance(error, CreateOutcomeUnknownError):
        return "create_unresolved"
    if isinstance(error, (APIConnectionError, StreamInterruptedError)):
        return "connection_lost"
    return "server_error"


def reason_of_end(end: Stopped | Failed) -> str:
    """Return the code of a gap after a job that ended."""
    unavailable = isinstance(end, Failed) and is_stream_unavailable(end.code)
    return "stream_unavailable" if unavailable else "job_ended"


@dataclass(slots=True)
class Subject:
    """What a watch is about; its events carry it.

    Attributes:
        stream_url: the stream of the current job.
        condition: what is watched for; `None`: a digest.
        key: distinguishes two targets with the same stream and condition.
    """

    stream_url: str | None = None
    condition: str | None = None
    key: str | None = None


class Coverage:
    """Account for the time between two jobs.

    Args:
        now: the time by the server's clock.
        subject: what is watched.
    """

    def __init__(self, now: Callable[[], datetime], subject: Subject) -> None:
        self._now = now
        self._subject = subject
        self._since: datetime | None = None
        self._reason: str | None = None
        self._detail: str | None = None
        self._is_open = False

    @property
    def reason(self) -> str | None:
        """The code of the gap; `None`: there is none."""
        return self._reason if self._since is not None else None

    def lost(self, reason: str, detail: str | None = None, *, since: datetime | None = None) -> None:
        """Note that nothing watches; of several reasons in one gap the first counts."""
        if self._since is None:
            self._since = since or self._now()
            self._reason, self._detail = reason, detail

    def opens_in(self) -> float | None:
        """Return in how many seconds the gap is to be emitted as an open one; `None`: there is none, or it was."""
        if self._since is None or self._is_open:
            return None
        return max(0.0, _OPEN_AFTER_SECONDS - (self._now() - self._since).total_seconds())

    def opened(self, job_id: str | None) -> list[CoverageGap]:
        """Return the gap that has lasted long enough to be emitted before its end, once."""
        if self.opens_in() != 0.0:
            return []
        self._is_open = True
        return [self._gap(job_id, None)]

    def regained(self, job_id: str | None, began: datetime | None = None) -> list[CoverageGap]:
        """Return the gap that has ended, if there was one: now, or when the job that was looked up had begun."""
        if self._since is None:
            return []
        now = self._now()
        gap = self._gap(job_id, max(min(began or now, now), self._since))
        self._since, self._is_open = None, False
        return [gap]

    def _gap(self, job_id: str | None, ended_at: datetime | None) -> CoverageGap:
        subject = self._subject
        gap = CoverageGap(
            name="gap",
            delivery="poll",
            job_id=job_id,
            stream_url=subject.stream_url,
            occurred_at=self._now(),
            started_at=self._since,
            ended_at=ended_at,
            reason=self._reason,
            detail=self._detail,
        )
        gap._watched_for(subject.condition, subject.key)  # pyright: ignore[reportPrivateUsage]
        return gap
