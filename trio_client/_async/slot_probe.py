"""What a watch asks for a job slot; and how a single stream waits for one, together with its client's others."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, TypeVar

from .._core.retry.backoff import lengthened
from .._core.slot_queue import PROBE_SECONDS
from ..errors import MaxJobsReachedError
from .transport import AsyncTransport

__all__ = ["AsyncProbedSlot", "AsyncSlotLease"]

_T = TypeVar("_T")
_RESTART_DELAY = 600.0


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


class AsyncProbedSlot:
    """The lease of a job slot by a single stream. While it waits, it probes together with its client's other streams.

    Args:
        transport: of the client whose streams wait together.
    """

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport
        self._queue = transport.state.slots
        self._number: int | None = None
        self._has_run = False
        self._refused_at = -math.inf

    @property
    def refusal(self) -> MaxJobsReachedError:
        """What the account's last refusal said."""
        return self._queue.refusal()

    def acquire(self) -> bool:
        """Return whether to make an attempt at once: the first one, unless others wait already."""
        if self._number is None and (self._has_run or self._queue.is_alone(None, self._transport.clock())):
            return True
        if self._number is None:
            self._number = self._queue.number()
        return False

    async def wait(self, until: float = math.inf, deadline: float = math.inf) -> bool:
        """Wait for the time of the next attempt, and return `True`: the account is full.

        The last attempt is made at the deadline, unless others wait as well.

        Raises:
            TimeoutError: the deadline, or the time given, is over.
        """
        number, queue, clock = self._number, self._queue, self._transport.clock
        assert number is not None
        queue.enter(number)
        try:
            while (pause := queue.pause(number, clock())) > 0:
                left = min(until, deadline) - clock()
                if left <= 0:
                    if clock() < deadline or not queue.is_alone(number, clock()):
                        raise TimeoutError
                    break
                await self._transport.sleep(min(pause, left))
        finally:
            queue.leave(number)
        return True

    async def when_free(self, attempt: Callable[[], Awaitable[_T]], *, seconds: float) -> _T:
        """Make attempts to start a job until there is a free slot, for at most that many seconds.

        Raises:
            MaxJobsReachedError: there was none in that time.
        """
        deadline = self._transport.clock() + seconds
        refusal = None if self.acquire() else self.refusal
        try:
            while True:
                if refusal is not None:
                    try:
                        await self.wait(deadline=deadline)
                    except TimeoutError:
                        raise refusal from None
                try:
                    made = await attempt()
                except MaxJobsReachedError as error:
                    if self._transport.clock() >= deadline:
                        raise
                    self.refused(error)
                    refusal = error.with_traceback(None)
                else:
                    self.started()
                    return made
        finally:
            self.release()

    @property
    def is_lost(self) -> bool:
        """Always `False`: only the account gives slots."""
        return False

    async def confirm(self) -> bool:
        """Always `True`: only the account gives slots."""
        return True

    def started(self) -> None:
        """Note that a job runs."""
        self._has_run = True
        if self._number is not None:
            self._queue.replied(self._number, self._transport.clock())
        self._number = None

    def refused(self, error: MaxJobsReachedError) -> None:
        """Note that the account has no free slot; the next attempt is made after `wait`."""
        self._refused_at = self._transport.clock()
        if self._number is None:
            self._number = self._queue.number()
        pause = lengthened(PROBE_SECONDS, error, self._transport.settings.retry)
        self._queue.refused(self._number, error, self._transport.clock(), pause)

    def job_limit(self, limit: float | None) -> float | None:
        """Return the limit as it is."""
        return limit

    def restart_delay(self) -> float:
        """Keep a job until ten minutes after the account has refused one."""
        return max(0.0, self._refused_at + _RESTART_DELAY - self._transport.clock())

    def time_slice(self) -> AbstractContextManager[object]:
        """End nothing."""
        return nullcontext()

    def keep(self) -> None:
        """Do nothing."""

    def release(self) -> None:
        """Wait no longer."""
        if self._number is not None:
            self._queue.abandoned(self._number)
        self._number = None
