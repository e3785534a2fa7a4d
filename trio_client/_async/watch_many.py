# async-only: file
"""Watch many streams at once, within the account's limit of jobs."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

import anyio

from .._core.log import logger
from .._core.targets import Target
from .._core.time_slices import Turns
from .._core.validation import event_types
from .._http.concurrency.async_.run_to_completion import spawn
from .._http.concurrency.async_.wakeup import from_any_thread
from ..errors import APIStatusError, AuthenticationError, ConfigurationError, TrioError
from ..events import Event, Failed, Stopped
from .event_stream import AsyncEventStream
from .job_stop import stop_job
from .transport import AsyncTransport
from .watch import AsyncWatch

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["AsyncTargetStream"]

_E = TypeVar("_E")


class AsyncTargetStream:
    """Iterate over the events of many watches, as pairs of a `Target` and an event.

    Use it as a context manager: leaving the block stops all jobs. It ends when every watch has ended; how each
    did is told by its last event, and kept in `outcomes`.

    Example:
        >>> from trio_client import AsyncTrioClient, Target
        >>> doors = [Target("rtsp://cam/1", "the door is open"), Target("rtsp://cam/2", "the door is open")]
        >>> async with AsyncTrioClient() as client:
        ...     async with client.watch_many(doors) as events:
        ...         async for target, event in events:
        ...             if event.kind == "triggered":
        ...                 break
        >>> target in doors
        True
    """

    def __init__(
        self, transport: AsyncTransport, watches: Sequence[tuple[Target, AsyncEventStream]], turn_seconds: float
    ) -> None:
        self._crew = _Crew(transport, watches, turn_seconds)
        self._closed = False
        self._last: tuple[Target, Event] | None = None

    @property
    def last(self) -> tuple[Target, Event] | None:
        """The pair handed over last."""
        return self._last

    @property
    def job_ids(self) -> dict[Target, str]:
        """The ids of the jobs that run now, by their targets."""
        return self._crew.job_ids()

    @property
    def outcomes(self) -> dict[Target, Stopped | Failed]:
        """How watches have ended so far, by their targets."""
        return dict(self._crew.outcomes)

    async def until(self, *kinds: type[_E]) -> tuple[Target, _E] | None:
        """Return the next pair whose event is of the given types, or `None` if all watches end before.

        Args:
            kinds: one or more event types, such as `Triggered`.

        Raises:
            RequestValidationError: something else than a type was given; nothing was sent.
        """
        event_types(kinds)
        async for target, event in self:
            if isinstance(event, kinds):
                return target, event
        return None

    async def collect(self) -> list[tuple[Target, Event]]:
        """Return all pairs from here to the end of the last watch, as a list."""
        return [pair async for pair in self]

    async def close(self) -> None:
        """Stop all jobs and release the connections. Calling it again does nothing."""
        if not self._closed:
            self._closed = True
            await self._crew.dismiss()

    aclose = close

    async def __aenter__(self) -> Self:
        self._crew.begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> tuple[Target, Event]:
        if self._closed:
            raise StopAsyncIteration
        self._crew.begin()
        try:
            self._last = pair = await self._crew.told.get()
        except anyio.EndOfStream:
            await self.close()
            if self._crew.error is not None:
                raise self._crew.error from None
            raise StopAsyncIteration from None
        return pair

    def __del__(self) -> None:
        crew = getattr(self, "_crew", None)
        if crew is not None and not self._closed and crew.give_up():
            warnings.warn(
                f"{self!r} was neither read to its end nor closed; use it in an `async with` block. "
                "Its jobs are being cancelled.",
                ResourceWarning,
                source=self,
                stacklevel=2,
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self._crew.watches)} targets, {len(self._crew.job_ids())} jobs>"


class _Crew:
    """The tasks that watch, one for each target, and the one that ends turns.

    It does not know the stream that draws from it, so that one that is dropped can be noticed.
    """

    def __init__(
        self, transport: AsyncTransport, watches: Sequence[tuple[Target, AsyncEventStream]], turn_seconds: float
    ) -> None:
        self.watches = watches
        self.outcomes: dict[Target, Stopped | Failed] = {}
        self.error: Exception | None = None
        self._transport = transport
        self._turns = Turns(turn_seconds, clock=transport.clock)
        self._seats = [_Seat(self._turns, number, share=self._share) for number in range(len(watches))]
        self._left = len(watches)
        self._task: object = None

    def begin(self) -> None:
        """Begin to watch, unless that was done."""
        if self._task is not None:
            return
        self.told = _Handover()
        self._scope = anyio.CancelScope()
        self._stop = from_any_thread(self._scope.cancel)
        self._changed = anyio.Event()
        self._done = anyio.Event()
        self._task = spawn(self._run, when_done=self._done.set)

    async def dismiss(self) -> None:
        """Stop all watches, and wait until their jobs are settled, also while being cancelled."""
        if self._task is None:
            return
        self._scope.cancel()
        with anyio.CancelScope(shield=True):
            await self._done.wait()

    def give_up(self) -> bool:
        """Stop all watches without waiting, from any thread; return whether there was something to stop."""
        if self._task is None or self._done.is_set():
            return False
        with suppress(RuntimeError):  # its event loop has ended
            self._stop()
        return True

    def job_ids(self) -> dict[Target, str]:
        """Return the ids of the jobs that run now."""
        running = [(target, _source(events).running_job_id) for target, events in self.watches]
        return {target: job_id for target, job_id in running if job_id is not None}

    def _share(self) -> None:
        """Let those start whose turn it is, and look at the turns anew."""
        for number in self._turns.grant():
            self._seats[number].granted()
        self._changed.set()

    async def _run(self) -> None:
        try:
            with self._scope:
                async with anyio.create_task_group() as tasks:
                    for seat, (target, events) in zip(self._seats, self.watches, strict=True):
                        tasks.start_soon(self._watch, seat, target, events)
                    tasks.start_soon(self._keep_turns)
        finally:
            self.told.end()

    async def _watch(self, seat: _Seat, target: Target, events: AsyncEventStream) -> None:
        """Tell one target's story, from its first job to its end."""
        _source(events).seat = seat
        try:
            async with events:
                async for event in events:
                    await self.told.put((target, event))
            if events.outcome is not None:
                self.outcomes[target] = events.outcome
        except (AuthenticationError, ConfigurationError) as error:  # it concerns all of them
            self._fail(error)
        except TrioError as error:
            failed = self.outcomes[target] = _failed(target, events.job_id, error)
            logger.warning("The watch of %r ended: %s", target, error)
            await self.told.put((target, failed))
        except Exception as error:  # noqa: BLE001 - whoever iterates is told
            self._fail(error)
        finally:
            seat.leave()
            self._left -= 1
            self._changed.set()

    def _fail(self, error: Exception) -> None:
        self.error = self.error or error
        self._scope.cancel()

    async def _keep_turns(self) -> None:
        """End the turns that are over, while others wait."""
        async with anyio.create_task_group() as tasks:
            while self._left:
                for number in self._turns.overdue():
                    tasks.start_soon(self._end_turn, number)
                for number in self._turns.grant():
                    self._seats[number].granted()
                await self._pause(self._turns.wake_in())

    async def _pause(self, seconds: float | None) -> None:
        """Wait until something has changed, or so many seconds."""
        if seconds is None:
            await self._changed.wait()
        else:
            async with anyio.create_task_group() as tasks:

                async def wake() -> None:
                    await self._transport.sleep(seconds)
                    tasks.cancel_scope.cancel()

                tasks.start_soon(wake)
                await self._changed.wait()
                tasks.cancel_scope.cancel()
        self._changed = anyio.Event()

    async def _end_turn(self, number: int) -> None:
        """Stop a job; its own stream then tells the end."""
        seat, (_, events) = self._seats[number], self.watches[number]
        job_number = seat.jobs
        job_id = await _source(events).name_job()
        if job_id is not None and seat.jobs == job_number:
            seat.over = True
            if await stop_job(self._transport, job_id) and seat.jobs == job_number:
                seat.leave()
                return
            if seat.jobs == job_number:
                seat.over = False
        self._turns.not_stopped(number)
        self._changed.set()


class _Handover:
    """Pass pairs from many tasks to a reader, one at a time: whoever reads slowly is told nothing faster.

    A reader that is cancelled while it waits takes nothing along, as a memory stream's could.
    """

    def __init__(self) -> None:
        self._pairs: deque[tuple[Target, Event]] = deque()
        self._turn = anyio.Lock()
        self._room = anyio.Event()
        self._news = anyio.Event()
        self._ended = False

    async def put(self, pair: tuple[Target, Event]) -> None:
        """Hand a pair over, once there is room for it."""
        async with self._turn:
            while self._pairs:
                self._room = anyio.Event()
                await self._room.wait()
            self._pairs.append(pair)
            self._news.set()

    async def get(self) -> tuple[Target, Event]:
        """Return the next pair; raises EndOfStream after the last."""
        while not self._pairs:
            if self._ended:
                raise anyio.EndOfStream
            if self._news.is_set():
                self._news = anyio.Event()
            await self._news.wait()
        self._room.set()
        return self._pairs.popleft()

    def end(self) -> None:
        """Note that nothing more will come."""
        self._ended = True
        self._news.set()


class _Seat:
    """One watch's share of the job slots."""

    def __init__(self, turns: Turns, number: int, *, share: Callable[[], None]) -> None:
        self._turns = turns
        self._share = share
        self._number = number
        self._turn: anyio.Event | None = None
        self.over = False
        self.jobs = 0

    async def take(self) -> bool:
        """Wait for a turn; return whether that took waiting for a slot, not only for others who start."""
        self.jobs += 1
        waited = False
        if not self._turns.take(self._number):
            turn = self._turn = anyio.Event()
            self._share()
            waited = not turn.is_set()
            await turn.wait()
        self.over = False
        return waited and self._turns.limited

    def granted(self) -> None:
        """Let the watch start its job."""
        if self._turn is not None:
            self._turn.set()

    def started(self) -> None:
        """Note that the job runs."""
        self._turns.started(self._number)
        self._share()

    def refused(self) -> float:
        """Note that there is no slot; whoever waits gets the next that becomes free."""
        self._turns.refused(self._number)
        self._share()
        return 0.0

    def leave(self) -> None:
        """Give the slot to somebody else."""
        self._turns.leave(self._number)
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
