"""The stream of events that users iterate over."""

from __future__ import annotations

import warnings
from collections import deque
from types import TracebackType, UnionType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from typing_extensions import Self

from .._core.state import OpenStreams
from .._core.usage import Usage
from .._core.validation import event_types
from .._core.watch_state import WatchState
from .._http.concurrency.async_.owner import current_owner
from .._http.concurrency.async_.shield import time_limit
from .._later import Later
from .._numbers import not_negative
from .._redaction import shown
from .._time_source import TIMER_TOLERANCE
from .._time_source import current as time_source
from ..errors import StreamInterruptedError, TrioError
from ..events import Event, Failed, Stopped
from .sources import AsyncSource

if TYPE_CHECKING:
    from . import watch as watches
else:
    watches = Later(f"{__package__}.watch")

__all__ = ["AsyncEventStream", "AsyncWatchStream"]

_E = TypeVar("_E")
_E2 = TypeVar("_E2")
_E3 = TypeVar("_E3")
_SHORTEST_WAIT = 0.05  # seconds: enough to read what has come, and more than a silent stream is listened to once more


class AsyncEventStream:
    """Iterate over the events of a job, from its start to its end.

    Use it as a context manager: leaving the block, for whatever reason, stops the job that the stream
    started, unless it has ended or the stream was opened with `on_exit="leave"`. A stream that follows a job started
    elsewhere never stops it.

    Without `with` it works too. The job starts with the first event; a stream that is abandoned before its end
    is reported by a `ResourceWarning`, and its job is cancelled at the end of the program.

    The stream ends after a `Stopped` or `Failed` event; both are yielded, neither is raised.

    Example:
        >>> from trio_client import AsyncTrioClient
        >>> async with AsyncTrioClient() as client:
        ...     async with client.live_monitor.stream("rtsp://cam/1", "a van is there") as events:
        ...         async for event in events:
        ...             print(event.kind)
        started
        progress
        progress
        triggered
        stopped
    """

    def __init__(self, source: AsyncSource, open_streams: OpenStreams) -> None:
        self._source = source
        self._open_streams = open_streams
        self._pending: deque[Event] = deque()
        self._opened = False
        self._closed = False
        self._closed_by_client = False
        self._in_block = False
        self._last: Event | None = None
        self._outcome: Stopped | Failed | None = None
        self._until: float | None = None  # when the reader stops waiting

    @property
    def job_id(self) -> str | None:
        """The id of the current job; `None` until it is known."""
        return self._source.job_id

    @property
    def reference(self) -> str | None:
        """What the job is known by: the `Idempotency-Key` of its create; `None` for one that was started elsewhere."""
        return self._source.reference

    @property
    def last(self) -> Event | None:
        """The last event that was returned."""
        return self._last

    @property
    def outcome(self) -> Stopped | Failed | None:
        """The event that ended the job, or the watch; `None` until then.

        Of a stream that was left earlier, it is the `Stopped` that cancelling its job has led to, with the final
        counters, if that was confirmed.
        """
        return self._outcome

    @property
    def usage(self) -> Usage:
        """What the jobs of this stream have used so far: jobs, begun minutes, and their price.

        A stream that follows a job started elsewhere uses nothing.
        """
        return self._source.usage

    @overload
    async def until(self, kind: type[_E], /, *, timeout: float | None = None) -> _E | None: ...
    @overload
    async def until(self, kind: type[_E], second: type[_E2], /, *, timeout: float | None = None) -> _E | _E2 | None: ...
    @overload
    async def until(
        self, kind: type[_E], second: type[_E2], third: type[_E3], /, *, timeout: float | None = None
    ) -> _E | _E2 | _E3 | None: ...
    @overload
    async def until(
        self, kind: UnionType, /, *kinds: type[Any] | UnionType, timeout: float | None = None
    ) -> Event | None: ...
    @overload
    async def until(
        self, kind: type[Any], second: UnionType, /, *kinds: type[Any] | UnionType, timeout: float | None = None
    ) -> Event | None: ...
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
    ) -> Event | None: ...
    async def until(self, *kinds: Any, timeout: float | None = None) -> Any:
        """Return the next event of the given types, or `None` if the stream ends or the time is up before.

        The stream stays open: call it again for the event after that.

        Args:
            kinds: one or more event types, such as `Triggered`, or unions of them.
            timeout: seconds to wait, at least 0.05, so that what has arrived is read also with 0; `None`: as long as it
                takes. Starting a job is not cut off. A poll is, and is made again: where the job is polled, allow for
                more than the time of one poll. A sync `http_client` of your own cannot be interrupted: its wait may
                last until its own timeout.

        Raises:
            RequestValidationError: no event type is given, one of `kinds` is none, or the timeout is negative; nothing
                was sent.
            StreamInterruptedError: the stream was dropped and is not to be followed by polling.
        """
        event_types(kinds)
        if timeout is not None:
            not_negative("timeout", timeout, "seconds")
            shortest = _SHORTEST_WAIT if self._source.can_bound_waits else 0.0
            self._until = time_source().monotonic() + max(timeout, shortest)
        try:
            async for event in self:
                if isinstance(event, kinds):
                    return event
        except TimeoutError as error:
            until, now = self._until, time_source().monotonic()
            if isinstance(error, TrioError) or until is None or now < until - TIMER_TOLERANCE:
                raise  # it is not this limit, but the error of a function of the caller's
        finally:
            self._until = None
        return None

    async def collect(self) -> list[Event]:
        """Return all events from here to the end of the job, as a list."""
        return [event async for event in self]

    async def close(self) -> None:
        """Stop the job if this stream started it and it has not ended, and release the connection.

        Calling it again does nothing.
        """
        await self._close(None)

    aclose = close  # async-only

    async def _close_with_client(self) -> None:
        """Close it for the client's end: its reader gets the end of the job that it owns as the last event."""
        self._closed_by_client = True
        await self._close(None)

    async def __aenter__(self) -> Self:
        self._in_block = True
        await self._open()
        if self._closed:
            await self._release(None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._close(error)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while not self._pending:
            if self._closed_by_client and self in self._open_streams:
                await self._release(None)  # the end that the client's closing leads to is the last event
                continue
            if self._closed:
                raise StopAsyncIteration
            await self._open()
            if not self._closed and not self._source.finished:
                await self._advance()
                if not self._closed:
                    continue
            if self._closed:  # by another task, which could not stop what this one was starting
                self._drop_pending()
                await self._release(None)
            else:
                await self._close(None)
        event = self._pending.popleft()
        self._last = event
        if event.terminal and isinstance(event, (Stopped, Failed)):
            self._outcome = event
        return event

    async def _open(self) -> None:
        if self._opened or self._closed:
            return
        self._opened = True
        self._open_streams.add(self, current_owner())
        try:
            await self._source.open()
        except BaseException:
            self._closed = True  # there is nothing to stop: the source cleans up what it has begun
            self._open_streams.discard(self)
            raise

    async def _advance(self) -> None:
        try:
            left = None if self._until is None else self._until - time_source().monotonic()
            if left is not None and left <= 0:
                raise TimeoutError
            events = await self._read(left)
            self._pending.extend(events)  # of the deque that is there now: closing it meanwhile makes another
        except Exception as error:
            if self._closed_by_client:
                return  # what was being read was closed
            if isinstance(error, TimeoutError) and not isinstance(error, TrioError):
                raise  # the reader may go on
            if isinstance(error, StreamInterruptedError):
                error.last = self._last
            if not self._in_block:
                await self._close(error)
            raise

    async def _read(self, seconds: float | None) -> list[Event]:
        if seconds is None:
            return await self._source.advance()
        with time_limit(seconds):
            return await self._source.advance()

    async def _close(self, error: BaseException | None) -> None:
        if self._closed:
            return
        self._closed = True
        self._drop_pending()
        if self._opened:
            await self._release(error)

    async def _release(self, error: BaseException | None) -> None:
        try:
            await self._source.close(error)
        finally:
            self._open_streams.discard(self)
        self._end_with(self._source.end)

    def _drop_pending(self) -> None:
        """Drop the events that were not read, but for what ended the job."""
        pending, self._pending = self._pending, deque()
        for event in pending:
            if event is self._outcome:
                self._pending.append(event)
            elif isinstance(event, (Stopped, Failed)) and event.terminal:
                self._end_with(event)

    def _end_with(self, end: Stopped | Failed | None) -> None:
        if end is not None and self._outcome is None:
            self._outcome = end
            if self._closed_by_client:
                self._pending.append(end)

    def __del__(self) -> None:
        if getattr(self, "_opened", False) and not self._closed and not self._source.finished:
            warnings.warn(
                f"The event stream of job {shown(self._source.job_id or '(id not known yet)')} was neither read to its "
                "end nor closed; use it in a `with` block. Its job is cancelled when the program ends.",
                ResourceWarning,
                source=self,
                stacklevel=2,
            )

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open" if self._opened else "not started"
        return f"<{type(self).__name__} of job {shown(self.job_id or '(not known yet)')}, {state}>"


class AsyncWatchStream(AsyncEventStream):
    """Iterate over the events of a watch: of one job after another, until the watch ends.

    It is an `EventStream` that also says what it is doing.

    Example:
        >>> from trio_client import AsyncTrioClient
        >>> async with AsyncTrioClient() as client:
        ...     async with client.live_monitor.watch("rtsp://cam/1", "a van is there") as events:
        ...         async for event in events:
        ...             print(events.state.name)
        ...             break
        watching
    """

    def __init__(self, watch: watches.AsyncWatch, open_streams: OpenStreams) -> None:
        super().__init__(watch, open_streams)
        self._watch = watch

    @property
    def state(self) -> WatchState:
        """What the watch is doing, and why."""
        return self._watch.state

    async def _read(self, seconds: float | None) -> list[Event]:
        return await self._watch.advance(seconds)
