# async-only: file
"""Hold, renew and give back the leases of a pool of job slots."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
from anyio.abc import TaskGroup

from .._core.pooled_slices import PooledTimeSlices
from .._core.slot_pool import (
    ContentionHealth,
    PoolHealth,
    SlotLease,
    SlotPool,
    answer_limit,
    checked_lease,
    renewal_interval,
    unreachable_pool,
)
from .transport import AsyncTransport

__all__ = ["AsyncPooledSlot", "AsyncPooledSlots"]


class AsyncPooledSlots:
    """The slots of a pool that the watches of one group hold.

    Args:
        pool: where the leases come from.
        slices: which watches may run a job.
        transport: waits, and takes log lines.
        turn_seconds: how long a time slice is.
        grant: lets a watch start its job in a slot.
        share: has the time slices checked.
        fail: ends the group.
    """

    def __init__(
        self,
        pool: SlotPool,
        slices: PooledTimeSlices,
        transport: AsyncTransport,
        turn_seconds: float,
        *,
        grant: Callable[[int, AsyncPooledSlot], None],
        share: Callable[[], None],
        fail: Callable[[Exception], None],
    ) -> None:
        self.health = PoolHealth()
        self.tasks: TaskGroup | None = None
        self.slices = slices
        self.transport = transport
        self.turn_seconds = turn_seconds
        self.share = share
        self._pool = pool
        self._grant = grant
        self._fail = fail
        self._lease_seconds: float | None = None
        self._polls_contention = False

    async def check(self) -> None:
        """Have the pool say whether it can be reached, if it offers that.

        Raises:
            ConfigurationError: it cannot.
        """
        check = getattr(self._pool, "check", None)
        if check is None:
            return
        try:
            await check()
        except Exception as error:  # noqa: BLE001 - whatever a pool raises
            raise unreachable_pool(error) from error.with_traceback(None)
        self.health.has_answered = True

    def ask(self) -> None:
        """Ask for a lease, if a watch waits for one."""
        if self.tasks is not None and self.slices.wants_lease:
            self.slices.asked()
            self.start(self._acquire)

    def start(self, work: Callable[..., Awaitable[None]], *arguments: object) -> None:
        """Do something beside the watches; a fault there ends the group, and is raised to its reader."""
        assert self.tasks is not None
        self.tasks.start_soon(self._guarded, work, arguments)

    async def _guarded(self, work: Callable[..., Awaitable[None]], arguments: tuple[object, ...]) -> None:
        try:
            await work(*arguments)
        except Exception as error:  # noqa: BLE001 - it is raised to the reader
            self._fail(error)

    async def _acquire(self) -> None:
        try:
            lease = await self._pool.acquire()
        except Exception as error:  # noqa: BLE001 - whatever a pool raises
            self.slices.unreachable()
            if self.health.has_answered:
                self.note(self.health.failed(error))
            else:
                unreachable = unreachable_pool(error)
                unreachable.__cause__ = error.with_traceback(None)
                self._fail(unreachable)
        else:
            self.note(self.health.answered())
            slot = AsyncPooledSlot(checked_lease(lease), self)
            self._lease_seconds = lease.lease_seconds
            self._begin_to_poll_contention()
            number = self.slices.leased()
            if number is None:
                slot.give_back()
            else:
                slot.keep(number)
                self._grant(number, slot)
        self.share()

    def _begin_to_poll_contention(self) -> None:
        contended = getattr(self._pool, "contended", None)
        if contended is not None and not self._polls_contention:
            self._polls_contention = True
            self.start(self._poll_contention, contended)

    async def _poll_contention(self, contended: Callable[[], Awaitable[bool]]) -> None:
        """Let time slices end while the pool says that another process waits for a slot.

        It is a task of its own, so that no renewal waits for that answer.
        """
        health = ContentionHealth(self.health)
        while True:
            await self.transport.sleep(renewal_interval(self._lease_seconds, self.turn_seconds))
            if not (self.slices.running and health.may_ask()):
                continue
            try:
                with anyio.fail_after(answer_limit(self._lease_seconds)):
                    waits = await contended()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is asked again
                self.note(health.failed(error))
            else:
                health.answered()
                if waits:
                    self.slices.contended()
                    self.share()

    def note(self, line: str | None) -> None:
        """Log a line, if there is one."""
        if line is not None:
            self.transport.log.warning("%s", line)


class AsyncPooledSlot:
    """A slot of a pool that one watch holds."""

    def __init__(self, lease: SlotLease, slots: AsyncPooledSlots) -> None:
        self.is_lost = False
        self._lease = lease
        self._slots = slots
        self._renewing = anyio.CancelScope()

    def keep(self, number: int) -> None:
        """Renew the lease from now on; if the slot is lost, the time slice of its watch ends."""
        self._slots.start(self._renew, number)

    async def confirm(self) -> bool:
        """Renew the lease; return whether the slot is still held, as far as is known."""
        if self.is_lost:
            return False
        try:
            with anyio.fail_after(answer_limit(self._lease.lease_seconds)):
                self.is_lost = not await self._lease.renew()
        except Exception as error:  # noqa: BLE001 - whatever it is, the account's own limit holds
            self._slots.note(self._slots.health.failed(error))
        else:
            self._slots.note(self._slots.health.answered())
        return not self.is_lost

    def give_back(self) -> None:
        """Give the slot back, without waiting for that."""
        self._renewing.cancel()
        self._slots.start(self._release)

    async def _renew(self, number: int) -> None:
        slots = self._slots
        with self._renewing:
            while not self.is_lost:
                await slots.transport.sleep(renewal_interval(self._lease.lease_seconds, slots.turn_seconds))
                await self.confirm()
        if self.is_lost and not self._renewing.cancel_called:
            slots.transport.log.warning("A lease of the pool of job slots was lost; its camera queues again.")
            slots.slices.lost(number)
            slots.share()

    async def _release(self) -> None:
        with anyio.CancelScope(shield=True):
            try:
                with anyio.fail_after(answer_limit(None)):
                    await self._lease.release()
            except Exception as error:  # noqa: BLE001 - it expires by itself
                self._slots.note(self._slots.health.failed(error))
