"""Where the events of a stream come from."""

from __future__ import annotations

from typing import Protocol

from ..events import Event

__all__ = ["AsyncSource"]


class AsyncSource(Protocol):
    """What a stream of events draws from."""

    @property
    def job_id(self) -> str | None:
        """The current job's id, once known."""
        ...

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to come."""
        ...

    async def open(self) -> None:
        """Begin: for a stream that starts a job, create it."""
        ...

    async def advance(self) -> list[Event]:
        """Wait for what comes next and return it; an empty list means: call again."""
        ...

    async def close(self, error: BaseException | None) -> None:
        """Release everything and settle the job; `error` is what is under way, if anything."""
        ...
