"""Where the events of a stream come from."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from .._core.usage import Usage
from ..errors import MaxJobsReachedError
from ..events import Event, Failed, Stopped

__all__ = ["AsyncFollower", "AsyncSlotLease", "AsyncSource"]


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


class AsyncSlotLease(Protocol):
    """The permission to run a job, where several watches share the account's job slots."""

    def acquire(self) -> bool:
        """Ask to start a job; return whether that may be done at once."""
        ...

    @property
    def refusal(self) -> MaxJobsReachedError | None:
        """What the account's last refusal said, for a watch that waits for a limited time."""
        ...

    async def wait(self, until: float, deadline: float) -> bool:
        """Wait until a job may be started; return whether the account is full, or others only had to start first.

        At the deadline a last attempt may be made.

        Raises:
            TimeoutError: that has not come by then.
        """
        ...

    @property
    def is_lost(self) -> bool:
        """Whether another process has got the slot."""
        ...

    async def confirm(self) -> bool:
        """Return whether the slot is still held, as far as is known: right before a job starts."""
        ...

    def started(self) -> None:
        """Note that a job runs."""
        ...

    def refused(self, error: MaxJobsReachedError) -> None:
        """Note that the account has no free slot; `wait` is over when the next attempt makes sense."""
        ...

    def job_limit(self, limit: float | None) -> float | None:
        """Return how many seconds the next job may run, of what the watch allows; `None`: there is no limit."""
        ...

    def restart_delay(self) -> float:
        """Return for how many seconds a job is kept that is to be replaced, since its slot could be lost meanwhile."""
        ...

    def time_slice(self) -> AbstractContextManager[object]:
        """End what runs inside when the time slice is over."""
        ...

    def keep(self) -> None:
        """Note that the job could not be stopped when its time slice was over."""
        ...

    def release(self) -> None:
        """Return the permission, until `acquire` is called again."""
        ...
