"""Where the events of a stream come from."""

from __future__ import annotations

from typing import Protocol

from ..events import Event

__all__ = ["AsyncFreeSeat", "AsyncSeat", "AsyncSource"]

SLOT_POLL_SECONDS = 3.0


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


class AsyncSeat(Protocol):
    """The permission to run a job, where several watches share the account's job slots."""

    @property
    def over(self) -> bool:
        """Whether the job was stopped because it is another watch's turn."""
        ...

    async def take(self) -> bool:
        """Wait until a job may be started; return whether that took waiting for a slot."""
        ...

    def started(self) -> None:
        """Note that a job runs."""
        ...

    def refused(self) -> float:
        """Note that the account has no free slot; return how long to pause, in seconds."""
        ...

    def leave(self) -> None:
        """Give the permission back, until `take` is called again."""
        ...


class AsyncFreeSeat:
    """The seat of a watch that shares with nobody: it may start a job whenever the account has a free slot."""

    over = False

    async def take(self) -> bool:
        """Return at once."""
        return False

    def started(self) -> None:
        """Do nothing."""

    def refused(self) -> float:
        """Return how long to wait before the next attempt."""
        return SLOT_POLL_SECONDS

    def leave(self) -> None:
        """Do nothing."""
