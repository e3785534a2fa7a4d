# async-only: file
"""Watch many streams at once, within the account's limit of jobs."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

import anyio

from .._core.targets import Target
from .._core.validation import event_types, not_negative
from .._core.watch_state import WatchState
from ..events import Event, Failed, Stopped
from .event_stream import AsyncEventStream
from .transport import AsyncTransport
from .worker_group import AsyncWorkerGroup

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["AsyncTargetStream"]

_E = TypeVar("_E")


class AsyncTargetStream:
    """Iterate over the events of many watches, as pairs of a `Target` and an event.

    Use it as a context manager: leaving the block stops all jobs. It ends when every watch has ended; the last event
    of each says how it did, and is kept in `outcomes`.

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
        self._workers = AsyncWorkerGroup(transport, watches, turn_seconds)
        self._closed = False
        self._last: tuple[Target, Event] | None = None

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
        """What the watches that have not ended are doing, by target."""
        return self._workers.states()

    @property
    def outcomes(self) -> dict[Target, Stopped | Failed]:
        """How watches have ended so far, by target."""
        return dict(self._workers.outcomes)

    async def until(self, *kinds: type[_E], timeout: float | None = None) -> tuple[Target, _E] | None:
        """Return the next pair whose event is of the given types; `None`: all watches have ended, or the time is up.

        Args:
            kinds: one or more event types, such as `Triggered`.
            timeout: seconds to wait; `None`: as long as it takes.

        Raises:
            RequestValidationError: a value is not an event type, or the timeout is negative; nothing was sent.
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
                raise self._workers.error from None
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
        return f"<{type(self).__name__} of {len(self._workers.watches)} targets, {len(self._workers.job_ids())} jobs>"
