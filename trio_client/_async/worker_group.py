# async-only: file
"""The tasks of `watch_many`: one for each target, sharing job slots, and the channel to the reader."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress

import anyio

from .._core.log import logger
from .._core.targets import Target
from .._core.time_slices import TimeSlices
from .._core.watch_state import WatchState
from .._http.concurrency.async_.run_to_completion import spawn
from .._http.concurrency.async_.wakeup import from_any_thread
from ..errors import APIStatusError, AuthenticationError, ConfigurationError, MaxJobsReachedError, TrioError
from ..events import Event, Failed, Stopped
from .event_stream import AsyncEventStream
from .transport import AsyncTransport
from .watch import AsyncWatch

__all__ = ["AsyncChannel", "AsyncWorkerGroup"]


class AsyncWorkerGroup:
    """The tasks that watch, one for each target, and the one that ends time slices.

    It does not know the stream that reads from it, so that one that is dropped can be noticed.
    """

    def __init__(
        self, transport: AsyncTransport, watches: Sequence[tuple[Target, AsyncEventStream]], turn_seconds: float
    ) -> None:
        self.watches = watches
        self.outcomes: dict[Target, Stopped | Failed] = {}
        self.error: Exception | None = None
        self._transport = transport
        self._slices = TimeSlices(turn_seconds, clock=transport.clock)
        self._leases = [_SharedSlotLease(self._slices, number, share=self._share) for number in range(len(watches))]
        self._left = len(watches)
        self._run: _Run | None = None

    @property
    def channel(self) -> AsyncChannel:
        """Where the pairs come from, once it was started."""
        assert self._run is not None
        return self._run.channel

    def start(self) -> None:
        """Start to watch, unless that was done."""
        if self._run is None:
            self._run = _Run()
            self._run.task = spawn(self._work, when_done=self._run.done.set)

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
        running = [(target, _source(events).running_job_id) for target, events in self.watches]
        return {target: job_id for target, job_id in running if job_id is not None}

    def states(self) -> dict[Target, WatchState]:
        """Return what the watches that have not ended are doing."""
        states = [(target, _source(events).state) for target, events in self.watches]
        return {target: state for target, state in states if state.name != "ended"}

    def _share(self) -> None:
        """Let those start that may, and have the time slices checked."""
        for number in self._slices.grant():
            self._leases[number].grant()
        if self._run is not None:
            self._run.changed.set()

    async def _work(self) -> None:
        assert self._run is not None
        try:
            with self._run.scope:
                async with anyio.create_task_group() as tasks:
                    for lease, (target, events) in zip(self._leases, self.watches, strict=True):
                        tasks.start_soon(self._watch, lease, target, events)
                    tasks.start_soon(self._end_time_slices)
        finally:
            self.channel.end()

    async def _watch(self, lease: _SharedSlotLease, target: Target, events: AsyncEventStream) -> None:
        """Pass on one target's events, from its first job to its end."""
        _source(events).lease = lease
        try:
            async with events:
                async for event in events:
                    await self.channel.put((target, event))
            if events.outcome is not None:
                self.outcomes[target] = events.outcome
        except (AuthenticationError, ConfigurationError) as error:  # it concerns all of them
            self._fail(error)
        except TrioError as error:
            failed = self.outcomes[target] = _failed(target, events.job_id, error)
            logger.warning("The watch of %r ended: %s", target, error)
            await self.channel.put((target, failed))
        except Exception as error:  # noqa: BLE001 - it is raised to the reader
            self._fail(error)
        finally:
            self._left -= 1
            lease.release()

    def _fail(self, error: Exception) -> None:
        assert self._run is not None
        self.error = self.error or error
        self._run.scope.cancel()

    async def _end_time_slices(self) -> None:
        """End the time slices that are over, while others wait."""
        while self._left:
            for number in self._slices.overdue():
                self._leases[number].end_time_slice()
            for number in self._slices.grant():
                self._leases[number].grant()
            await self._pause(self._slices.wake_in())

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
        self.done = anyio.Event()
        self.task: object = None


class AsyncChannel:
    """Pass pairs from many tasks to one reader, one at a time: a slow reader slows the streams down.

    A reader that is cancelled while it waits loses no pair, as it could with a memory stream.
    """

    def __init__(self) -> None:
        self._pairs: deque[tuple[Target, Event]] = deque()
        self._order = anyio.Lock()
        self._taken = anyio.Event()
        self._filled = anyio.Event()
        self._ended = False

    async def put(self, pair: tuple[Target, Event]) -> None:
        """Pass a pair on, once the one before it was taken."""
        async with self._order:
            while self._pairs:
                self._taken = anyio.Event()
                await self._taken.wait()
            self._pairs.append(pair)
            self._filled.set()

    async def get(self) -> tuple[Target, Event]:
        """Return the next pair; raises EndOfStream after the last."""
        while not self._pairs:
            if self._ended:
                raise anyio.EndOfStream
            if self._filled.is_set():
                self._filled = anyio.Event()
            await self._filled.wait()
        self._taken.set()
        return self._pairs.popleft()

    def end(self) -> None:
        """Note that nothing more will come."""
        self._ended = True
        self._filled.set()


class _SharedSlotLease:
    """One watch's share of the job slots."""

    def __init__(self, slices: TimeSlices, number: int, *, share: Callable[[], None]) -> None:
        self._slices = slices
        self._share = share
        self._number = number
        self._granted: anyio.Event | None = None
        self._is_over = False
        self._reading: anyio.CancelScope | None = None

    def acquire(self) -> bool:
        """Ask to start a job; return whether that may be done at once."""
        self._is_over = False
        if self._slices.acquire(self._number):
            return True
        self._granted = anyio.Event()
        self._share()
        return self._granted.is_set()

    async def wait(self) -> bool:
        """Wait for a slot; return whether the account is full, or others only had to start first."""
        assert self._granted is not None
        await self._granted.wait()
        return self._slices.limited

    def grant(self) -> None:
        """Let the watch start its job."""
        if self._granted is not None:
            self._granted.set()

    def started(self) -> None:
        """Note that the job runs."""
        self._slices.started(self._number)
        self._share()

    def refused(self, error: MaxJobsReachedError) -> float:  # noqa: ARG002 - attempts are made at a pace of their own
        """Note that there is no slot: the first in the queue gets the next that becomes free."""
        self._slices.refused(self._number)
        self._share()
        return 0.0

    def restart_delay(self) -> float:
        """Keep a job to the end of its time slice once the account has refused one."""
        return math.inf if self._slices.limited else 0.0

    def time_slice(self) -> AbstractContextManager[object]:
        """End what runs inside when the time slice is over."""
        self._reading = scope = anyio.CancelScope()
        if self._is_over:
            scope.cancel()
        return scope

    def end_time_slice(self) -> None:
        """End the time slice: another watch waits for the slot."""
        self._is_over = True
        if self._reading is not None:
            self._reading.cancel()

    def keep(self) -> None:
        """Note that the job could not be stopped: that is retried after a while."""
        self._is_over = False
        self._slices.not_stopped(self._number)
        self._share()

    def release(self) -> None:
        """Pass the slot on."""
        self._is_over = False
        self._slices.release(self._number)
        self._share()


def _source(events: AsyncEventStream) -> AsyncWatch:
    source = events._source  # pyright: ignore[reportPrivateUsage]
    assert isinstance(source, AsyncWatch)
    return source


def _failed(target: Target, job_id: str | None, error: TrioError) -> Failed:
    """Return the end of a watch that could not go on."""
    status = error if isinstance(error, APIStatusError) else None
    return Failed(
        name="failed",
        delivery="poll",
        job_id=job_id,
        stream_url=target.stream_url,
        code=status.code if status else type(error).__name__,
        message=status.message if status else str(error),
        remediation=status.remediation if status else None,
    )
