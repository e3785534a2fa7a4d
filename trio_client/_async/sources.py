"""Where the events of a stream come from."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from .._core.usage import Usage
from ..events import Event, Failed, Stopped

__all__ = ["AsyncFollower", "AsyncSource"]


@runtime_checkable
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

    @property
    def end(self) -> Stopped | Failed | None:
        """The end of the job that `close` has brought about, if that was confirmed."""
        ...

    @property
    def reference(self) -> str | None:
        """What the current job's create is known by; `None`: it was started elsewhere, or there is none."""
        ...

    @property
    def usage(self) -> Usage:
        """What the jobs that it started have used so far."""
        ...

    @property
    def can_bound_waits(self) -> bool:
        """Whether the next wait for the network ends when it is to."""
        ...

    async def open(self) -> None:
        """Begin: for a stream that starts a job, create it."""
        ...

    async def advance(self) -> list[Event]:
        """Wait for what comes next and return it; an empty list means: call again."""
        ...

    async def close(self, error: BaseException | None) -> None:
        """Release the connection, and stop the job or leave it running; `error` is what is under way, if anything."""
        ...


class AsyncFollower:
    """What the sources have in common that start no job and stop none."""

    @property
    def end(self) -> Stopped | Failed | None:
        """Always `None`."""
        return None

    @property
    def reference(self) -> str | None:
        """Always `None`."""
        return None

    @property
    def usage(self) -> Usage:
        """Nothing: what follows a job pays for none."""
        return Usage()

    @property
    def can_bound_waits(self) -> bool:
        """Whether the next wait for the network ends when it is to."""
        return True
