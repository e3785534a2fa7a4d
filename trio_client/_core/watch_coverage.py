"""Since when, and why, nothing watches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ..events import CoverageGap

__all__ = ["Coverage"]


class Coverage:
    """Account for the time between two jobs.

    Args:
        now: the time by the server's clock.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._since: datetime | None = None
        self._reason: str | None = None

    def lost(self, reason: str, since: datetime | None = None) -> None:
        """Note that nothing watches; of several reasons in one gap the first counts."""
        if self._since is None:
            self._since = since or self._now()
            self._reason = reason

    def regained(self, job_id: str | None, began: datetime | None) -> list[CoverageGap]:
        """Return the gap that has ended, if there was one: now, or when the job that was looked up had begun."""
        since, reason = self._since, self._reason
        self._since = self._reason = None
        if since is None:
            return []
        now = self._now()
        gap = CoverageGap(
            name="gap",
            delivery="poll",
            job_id=job_id,
            occurred_at=now,
            started_at=since,
            ended_at=max(min(began or now, now), since),
            reason=reason,
        )
        return [gap]
