# async-only: file
"""One target of `watch_many`, and the task that watches it."""

from __future__ import annotations

import anyio

from .._core.targets import Target
from ..errors import APIStatusError, JobLeakWarning, TrioError
from ..events import Failed
from .event_stream import AsyncEventStream
from .shared_slot import AsyncSharedSlotLease
from .watch import AsyncWatch

__all__ = ["AsyncMember"]


class AsyncMember:
    """One target's watch, and the task that reads it."""

    def __init__(self, target: Target, events: AsyncEventStream, number: int, lease: AsyncSharedSlotLease) -> None:
        self.target = target
        self.events = events
        self.number = number
        self.lease = lease
        self.is_removed = False
        self.leak: JobLeakWarning | None = None

    def prepare(self) -> None:
        """Make what belongs to an event loop."""
        self.scope = anyio.CancelScope()
        self.done = anyio.Event()

    def is_wanted(self) -> bool:
        """Whether its events are to be emitted."""
        return not self.is_removed

    @property
    def watch(self) -> AsyncWatch:
        """Where its events come from."""
        source = self.events._source  # pyright: ignore[reportPrivateUsage]
        assert isinstance(source, AsyncWatch)
        return source

    def failed(self, error: TrioError) -> Failed:
        """Return the end of a watch that could not continue."""
        status = error if isinstance(error, APIStatusError) else None
        return Failed(
            name="failed",
            delivery="poll",
            job_id=self.events.job_id,
            stream_url=self.watch.subject.stream_url,
            code=status.code if status else type(error).__name__,
            message=status.message if status else str(error),
            remediation=status.remediation if status else None,
        )
