# async-only: file
"""Watch many streams at once, within the account's limit of jobs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from types import TracebackType, UnionType
from typing import Any, TypeVar, overload

import anyio
from typing_extensions import Self

from .._core.shared_limits import SharedLimits
from .._core.slot_pool import SlotPool, checked_slots
from .._core.targets import Target, checked_target, checked_targets, no_such_target, same_target
from .._core.usage import Usage
from .._core.validation import event_types
from .._core.watch_state import WatchState
from .._job_context import logger
from .._numbers import not_negative, positive_limit
from .._times import show_duration
from ..errors import RequestValidationError
from ..events import Event, Failed, Stopped
from .event_stream import AsyncEventStream, AsyncWatchStream
from .live_monitor import AsyncLiveMonitor
from .transport import AsyncTransport
from .worker_group import AsyncWorkerGroup

__all__ = ["AsyncTargetStream", "watch_targets"]

_E = TypeVar("_E")
_E2 = TypeVar("_E2")
_E3 = TypeVar("_E3")


def watch_targets(
    transport: AsyncTransport,
    targets: Iterable[Target],
    *,
    turn_seconds: float,
    slots: int | SlotPool | None,
    duration: float | None,
    max_cost_usd: float | None,
) -> AsyncTargetStream:
    """Return the stream of `watch_many`."""
    positive_limit("turn_seconds", turn_seconds, "seconds", advice="For long turns, pass 3600.")
    if turn_seconds < 60:
        logger.warning("turn_seconds is %s: each time slice is billed as a whole minute.", show_duration(turn_seconds))
    checked_slots(slots)
    limits = SharedLimits(duration, max_cost_usd, clock=transport.clock)
    watch = AsyncLiveMonitor(transport).watch

    def make_watch(target: Target) -> AsyncWatchStream:
        return watch(target.stream_url, target.condition, **target.options)

    return AsyncTargetStream(transport, checked_targets(targets), make_watch, turn_seconds, slots, limits)


class AsyncTargetStream:
    """Iterate over the events of many watches, as pairs of a `Target` and an event.

    Use it as a context manager: leaving the block stops all jobs. Targets may be added and removed while it runs. It
    ends when the last watch has ended by itself; started empty, or emptied by `remove`, it waits for `add`. The last
    event of each watch says how it ended, and is kept in `outcomes`.

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
        self,
        transport: AsyncTransport,
        targets: Iterable[Target],
        make_watch: Callable[[Target], AsyncEventStream],
        turn_seconds: float,
        slots: int | SlotPool | None,
        limits: SharedLimits,
    ) -> None:
        self._workers = AsyncWorkerGroup(transport, make_watch, turn_seconds, slots, limits)
        self._closed = False
        self._last: tuple[Target, Event] | None = None
        for target in targets:
            self._add(target)

    @property
    def targets(self) -> tuple[Target, ...]:
        """The targets whose watches have neither ended nor been removed."""
        return tuple(self._workers.members)

    @property
    def last(self) -> tuple[Target, Event] | None:
        """The last pair that was returned."""
        return self._last

    @property
    def job_ids(self) -> dict[Target, str]:
        """The ids of the running jobs, by target."""
        return self._workers.job_ids()

    @property
    def states(self) -> dict[Target, WatchState]:
        """What the watches that have neither ended nor been removed are doing, by target."""
        return self._workers.states()

    @property
    def outcomes(self) -> dict[Target, Stopped | Failed]:
        """How watches have ended so far, by target; of one that was removed, how its job was stopped."""
        return dict(self._workers.outcomes)

    @property
    def usage(self) -> Usage:
        """What the jobs of all targets have used so far, also of those that have ended or were removed."""
        return sum(self.usages.values(), Usage())

    @property
    def usages(self) -> dict[Target, Usage]:
        """What the jobs of each target have used so far; one that was added again adds to its usage."""
        return self._workers.usages()

    async def add(self, target: Target) -> None:
        """Watch one more target. It takes part in the sharing of job slots at once.

        It may be called from inside the loop, from another task, and before the stream is entered.

        Args:
            target: what to watch. One that has ended or was removed may be added again.

        Raises:
            RequestValidationError: an equal target is being watched, an option is outside its range, or the stream
                has ended; nothing was sent.

        Example:
            >>> from trio_client import AsyncTrioClient, Target
            >>> async with AsyncTrioClient() as client:
            ...     async with client.watch_many() as events:
            ...         await events.add(Target("rtsp://cam/1", "the door is open"))
            ...         async for target, event in events:
            ...             break
            >>> event.kind
            'started'
        """
        self._add(target)

    async def remove(self, target: Target | str) -> None:
        """Stop watching one target: its job is stopped, and no other. Nothing more is emitted for it.

        It may be called from inside the loop, and from another task. What the target's job had counted is kept in
        `outcomes`. A stop that cannot be confirmed is reported by a `JobLeakWarning`.

        Args:
            target: the target, or its `key`.

        Raises:
            RequestValidationError: no such target is being watched, or several have that key.

        Example:
            >>> from trio_client import AsyncTrioClient, Target
            >>> doors = [Target(f"rtsp://cam/{name}", "the door is open", key=name) for name in ("front", "back")]
            >>> async with AsyncTrioClient() as client:
            ...     async with client.watch_many(doors) as events:
            ...         await events.remove("front")
            ...         left = events.targets
            >>> [target.key for target in left]
            ['back']
        """
        found = [each for each in self._workers.members if target == (each.key if isinstance(target, str) else each)]
        if len(found) != 1:
            raise no_such_target(target, len(found))
        await self._workers.remove(self._workers.members[found[0]])

    def _add(self, target: Target) -> None:
        target = checked_target(target, "target")
        if self._closed or self._workers.error is not None:
            raise RequestValidationError(
                "This stream of targets has ended, and watches nothing more.",
                field="target",
                value=target,
                advice="Start another with client.watch_many([target]).",
            )
        if target in self._workers.members:
            raise same_target(target)
        self._workers.add(target)

    @overload
    async def until(self, kind: type[_E], /, *, timeout: float | None = None) -> tuple[Target, _E] | None: ...
    @overload
    async def until(
        self, kind: type[_E], second: type[_E2], /, *, timeout: float | None = None
    ) -> tuple[Target, _E | _E2] | None: ...
    @overload
    async def until(
        self, kind: type[_E], second: type[_E2], third: type[_E3], /, *, timeout: float | None = None
    ) -> tuple[Target, _E | _E2 | _E3] | None: ...
    @overload
    async def until(
        self, kind: UnionType, /, *kinds: type[Any] | UnionType, timeout: float | None = None
    ) -> tuple[Target, Event] | None: ...
    @overload
    async def until(
        self, kind: type[Any], second: UnionType, /, *kinds: type[Any] | UnionType, timeout: float | None = None
    ) -> tuple[Target, Event] | None: ...
    @overload
    async def until(
        self,
        kind: type[Any],
        second: type[Any],
        third: type[Any],
        fourth: type[Any],
        /,
        *kinds: type[Any] | UnionType,
        timeout: float | None = None,
    ) -> tuple[Target, Event] | None: ...
    async def until(self, *kinds: Any, timeout: float | None = None) -> Any:
        """Return the next pair whose event is of the given types; `None`: all watches have ended, or the time is up.

        Args:
            kinds: one or more event types, such as `Triggered`, or unions of them.
            timeout: seconds to wait; `None`: as long as it takes.

        Raises:
            RequestValidationError: no event type is given, one of `kinds` is none, or the timeout is negative; nothing
                was sent.
        """
        event_types(kinds)
        if timeout is not None:
            not_negative("timeout", timeout, "seconds")
        with anyio.move_on_after(timeout):
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
            await self._workers.stop()

    aclose = close

    async def __aenter__(self) -> Self:
        self._workers.start()
        try:
            await self._workers.entered()
        except BaseException:
            await self.close()
            raise
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
        self._workers.start()
        try:
            self._last = pair = await self._workers.channel.get()
        except anyio.EndOfStream:
            await self.close()
            if self._workers.error is not None:
                raise self._workers.error.with_traceback(None) from self._workers.error.__cause__
            raise StopAsyncIteration from None
        return pair

    def __del__(self) -> None:
        workers = getattr(self, "_workers", None)
        if workers is not None and not self._closed and workers.abandon():
            warnings.warn(
                f"{self!r} was neither read to its end nor closed; use it in an `async with` block. "
                "Its jobs are being cancelled.",
                ResourceWarning,
                source=self,
                stacklevel=2,
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self._workers.members)} targets, {len(self._workers.job_ids())} jobs>"
