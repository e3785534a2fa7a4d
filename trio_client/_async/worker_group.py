# async-only: file
"""The tasks of `watch_many`: one for each target, sharing job slots, and the channel to the reader."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from itertools import count

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup

from .._core.pooled_slices import PooledTimeSlices
from .._core.shared_limits import SharedLimits
from .._core.slot_pool import SlotPool
from .._core.targets import Target
from .._core.time_slices import TimeSlices
from .._core.usage import Usage
from .._core.watch_state import WatchState
from .._http.concurrency.async_.run_to_completion import spawn
from .._http.concurrency.async_.wakeup import from_any_thread
from ..errors import AuthenticationError, ConfigurationError, JobLeakWarning, TrioError
from ..events import Failed, Stopped
from .channel import AsyncChannel
from .event_stream import AsyncEventStream
from .group_member import AsyncMember
from .pooled_slots import AsyncPooledSlots
from .shared_slot import AsyncSharedSlotLease
from .transport import AsyncTransport

__all__ = ["AsyncWorkerGroup"]


class AsyncWorkerGroup:
    """The tasks that watch, one for each target, and the one that ends time slices.

    It does not know the stream that reads from it, so that one that is dropped can be noticed.

    Attributes:
        members: the watches that have neither ended nor been removed, by target.
        outcomes: how watches have ended so far.
        error: what has ended all of them.
    """

    def __init__(
        self,
        transport: AsyncTransport,
        make_watch: Callable[[Target], AsyncEventStream],
        turn_seconds: float,
        slots: int | SlotPool | None,
        limits: SharedLimits,
    ) -> None:
        self.members: dict[Target, AsyncMember] = {}
        self.outcomes: dict[Target, Stopped | Failed] = {}
        self.error: Exception | None = None
        self._transport = transport
        self._make_watch = make_watch
        self._limits = limits
        self._past_usages: dict[Target, Usage] = {}
        self._leases: dict[int, AsyncSharedSlotLease] = {}
        self._slices: TimeSlices
        self._pooled: AsyncPooledSlots | None = None
        if slots is None or isinstance(slots, int):
            self._slices = TimeSlices(turn_seconds, clock=transport.clock, slots=slots)
        else:
            self._slices = slices = PooledTimeSlices(turn_seconds, clock=transport.clock)
            self._pooled = AsyncPooledSlots(
                slots,
                slices,
                transport,
                turn_seconds,
                grant=lambda number, slot: self._leases[number].grant(slot),
                share=self._share,
                fail=self._fail,
            )
        self._numbers = count()
        self._run: _Run | None = None

    @property
    def channel(self) -> AsyncChannel:
        """Where the pairs come from, once it was started."""
        assert self._run is not None
        return self._run.channel

    def add(self, target: Target) -> None:
        """Watch one more target, as soon as there is a slot for it once the group was started."""
        number = next(self._numbers)
        lease = AsyncSharedSlotLease(self._slices, number, share=self._share)
        member = AsyncMember(target, self._make_watch(target), number, lease)
        member.watch.name(target.key)
        member.watch.join(self._limits)
        member.watch.subject.key = target.key
        self.members[target] = member
        self._leases[number] = lease
        self._slices.watches = len(self._leases)
        if self._run is not None:
            member.prepare()
            self._run.channel.reopen()
            if self._run.tasks is not None:
                self._run.tasks.start_soon(self._watch, member)

    async def remove(self, member: AsyncMember) -> None:
        """Stop one watch, and wait until its job is stopped; nothing more of it is emitted.

        Raises:
            JobLeakWarning: where warnings are errors, and its stop could not be confirmed.
        """
        member.is_removed = True
        del self.members[member.target]
        if self._run is None or self._run.tasks is None:  # its task has not begun
            self._forget(member)
            return
        member.scope.cancel()
        self.channel.discard(member.target)
        await member.done.wait()
        if member.leak is not None:
            raise member.leak

    def start(self) -> None:
        """Start to watch, unless that was done."""
        if self._run is None:
            self._run = _Run()
            self._limits.begin()
            for member in self.members.values():
                member.prepare()
            self._run.task = spawn(self._work, when_done=self._run.done.set)

    async def entered(self) -> None:
        """Wait until the pool of job slots has answered, if there is one that says so.

        Raises:
            ConfigurationError: it cannot be reached.
        """
        if self._pooled is not None and self._run is not None:
            await self._run.ready.wait()
            if self.error is not None:
                raise self.error.with_traceback(None) from self.error.__cause__

    async def stop(self) -> None:
        """Stop all watches, and wait until their jobs are stopped, also while being cancelled."""
        if self._run is None:
            return
        self._run.scope.cancel()
        with anyio.CancelScope(shield=True):
            await self._run.done.wait()

    def abandon(self) -> bool:
        """Stop all watches without waiting, from any thread; return whether there was something to stop."""
        if self._run is None or self._run.done.is_set():
            return False
        with suppress(RuntimeError):  # its event loop has ended
            self._run.cancel()
        return True

    def job_ids(self) -> dict[Target, str]:
        """Return the ids of the running jobs."""
        running = [(target, member.watch.running_job_id) for target, member in list(self.members.items())]
        return {target: job_id for target, job_id in running if job_id is not None}

    def states(self) -> dict[Target, WatchState]:
        """Return what the watches are doing."""
        return {target: member.watch.state for target, member in list(self.members.items())}

    def usages(self) -> dict[Target, Usage]:
        """Return what the jobs of each target have used so far."""
        usages = dict(self._past_usages)
        for target, member in list(self.members.items()):
            usages[target] = usages.get(target, Usage()) + member.watch.usage
        return usages

    def _share(self) -> None:
        """Let those start that may, and have the time slices checked."""
        self._let_start()
        if self._run is not None:
            self._run.changed.set()

    def _let_start(self) -> None:
        for number in self._slices.grant():
            self._leases[number].grant()
        if self._pooled is not None:
            self._pooled.ask()

    async def _work(self) -> None:
        assert self._run is not None
        try:
            with self._run.scope:
                async with anyio.create_task_group() as tasks:
                    if self._pooled is not None:
                        await self._check(self._pooled)
                        self._pooled.tasks = tasks
                    self._run.tasks = tasks
                    for member in self.members.values():
                        tasks.start_soon(self._watch, member)
                    tasks.start_soon(self._end_time_slices)
        finally:
            self._run.ready.set()
            self.channel.end()

    async def _check(self, pooled: AsyncPooledSlots) -> None:
        assert self._run is not None
        try:
            await pooled.check()
        except ConfigurationError as error:
            self._fail(error)
            await anyio.lowlevel.checkpoint()
        self._run.ready.set()

    async def _watch(self, member: AsyncMember) -> None:
        """Pass on one target's events, from its first job to its end."""
        try:
            with member.scope:
                if not member.is_removed:
                    await self._read(member)
        except (AuthenticationError, ConfigurationError) as error:  # it concerns all of them
            self._fail(error)
        except JobLeakWarning as leak:  # warnings are errors here
            member.leak = leak
            if not member.is_removed:
                self._fail(leak)
        except Exception as error:  # noqa: BLE001 - it is raised to the reader
            self._fail(error)
        finally:
            self._finished(member)

    async def _read(self, member: AsyncMember) -> None:
        target, events = member.target, member.events
        member.watch.lease = member.lease
        try:
            async with events:
                async for event in events:
                    await self.channel.put((target, event), wanted=member.is_wanted)
        except (AuthenticationError, ConfigurationError):
            raise
        except TrioError as error:
            failed = self.outcomes[target] = member.failed(error)
            member.watch.log.warning("The watch of %r ended: %s", target, error)
            await self.channel.put((target, failed), wanted=member.is_wanted)
        finally:
            if events.outcome is not None:
                self.outcomes[target] = events.outcome

    def _finished(self, member: AsyncMember) -> None:
        self._forget(member)
        member.done.set()
        if not member.is_removed:
            del self.members[member.target]
            if not self.members:
                self.channel.end()

    def _forget(self, member: AsyncMember) -> None:
        """Keep what a watch has used, and let others have its slot."""
        target = member.target
        self._past_usages[target] = self._past_usages.get(target, Usage()) + member.watch.usage
        member.watch.leave()
        member.lease.release()
        del self._leases[member.number]
        self._slices.watches = len(self._leases)

    def _fail(self, error: Exception) -> None:
        assert self._run is not None
        self.error = self.error or error
        self._run.scope.cancel()

    async def _end_time_slices(self) -> None:
        """End the time slices that are over, while others wait."""
        while True:
            for number in self._slices.overdue():
                self._leases[number].end_time_slice()
            self._let_start()
            await self._pause(self._wake_in())

    def _wake_in(self) -> float | None:
        """Return in how many seconds there is something to do; a group without a target ends with its duration."""
        left = self._limits.ends_at - self._transport.clock()
        if self.members or math.isinf(left):
            return self._slices.wake_in()
        if left <= 0:
            self.channel.end()
            return None
        return left

    async def _pause(self, seconds: float | None) -> None:
        """Wait until something has changed, at most that many seconds."""
        assert self._run is not None
        changed = self._run.changed
        if seconds is None:
            await changed.wait()
        else:
            async with anyio.create_task_group() as tasks:

                async def wake() -> None:
                    await self._transport.sleep(seconds)
                    tasks.cancel_scope.cancel()

                tasks.start_soon(wake)
                await changed.wait()
                tasks.cancel_scope.cancel()
        self._run.changed = anyio.Event()


class _Run:
    """What a worker group needs on its event loop."""

    def __init__(self) -> None:
        self.channel = AsyncChannel()
        self.scope = anyio.CancelScope()
        self.cancel = from_any_thread(self.scope.cancel)
        self.changed = anyio.Event()
        self.ready = anyio.Event()
        self.done = anyio.Event()
        self.tasks: TaskGroup | None = None
        self.task: object = None
