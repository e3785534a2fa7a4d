# sync-only: file
"""Watch many streams at once from a plain script, by the async side on an event loop in a thread."""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from functools import partial
from types import TracebackType, UnionType
from typing import Any, TypeVar, overload

from typing_extensions import Self

from .._async.watch_many import AsyncTargetStream
from .._core.targets import Target
from .._core.usage import Usage
from .._core.validation import event_types
from .._core.watch_state import WatchState
from .._http.concurrency.sync.owner import current_owner
from .._numbers import not_negative
from .._time_source import REAL
from ..errors import ConfigurationError
from ..events import Event, Failed, Stopped
from .async_targets import Watching
from .event_loop_thread import EventLoopThread, LoopEndedError
from .transport import Transport

__all__ = ["TargetStream", "watch_targets"]

_E = TypeVar("_E")
_E2 = TypeVar("_E2")
_E3 = TypeVar("_E3")
_T = TypeVar("_T")


def watch_targets(transport: Transport, targets: Iterable[Target], **options: Any) -> TargetStream:
    """Return the stream of `watch_many`."""
    return TargetStream(transport, Watching.of(transport, targets, options))


class TargetStream:
    """Iterate over the events of many watches, as pairs of a `Target` and an event.

    Use it as a context manager: leaving the block stops all jobs. Targets may be added and removed while it runs. It
    ends when the last watch has ended by itself; started empty, or emptied by `remove`, it waits for `add`. The last
    event of each watch says how it ended, and is kept in `outcomes`.

    The watches run on one event loop in a thread beside the caller's, however many they are; hooks are called there.
    Any thread may use the stream.

    Example:
        >>> from trio_client import Target, TrioClient
        >>> doors = [Target("rtsp://cam/1", "the door is open"), Target("rtsp://cam/2", "the door is open")]
        >>> with TrioClient() as client:
        ...     with client.watch_many(doors) as events:
        ...         for target, event in events:
        ...             if event.kind == "triggered":
        ...                 break
        >>> target in doors
        True
    """

    def __init__(self, transport: Transport, watching: Watching) -> None:
        self._watching = watching
        self._state = transport.state
        self._thread: EventLoopThread | None = None
        self._starting = threading.RLock()
        self._closed = False
        self._last: tuple[Target, Event] | None = None

    @property
    def targets(self) -> tuple[Target, ...]:
        """The targets whose watches have neither ended nor been removed."""
        return self._ask(lambda stream: stream.targets)

    @property
    def last(self) -> tuple[Target, Event] | None:
        """The last pair that was returned."""
        return self._last

    @property
    def job_ids(self) -> dict[Target, str]:
        """The ids of the running jobs, by target."""
        return self._ask(lambda stream: stream.job_ids)

    @property
    def states(self) -> dict[Target, WatchState]:
        """What the watches that have neither ended nor been removed are doing, by target."""
        return self._ask(lambda stream: stream.states)

    @property
    def outcomes(self) -> dict[Target, Stopped | Failed]:
        """How watches have ended so far, by target; of one that was removed, how its job was stopped."""
        return self._ask(lambda stream: stream.outcomes)

    @property
    def usage(self) -> Usage:
        """What the jobs of all targets have used so far, also of those that have ended or were removed."""
        return self._ask(lambda stream: stream.usage)

    @property
    def usages(self) -> dict[Target, Usage]:
        """What the jobs of each target have used so far; one that was added again adds to its usage."""
        return self._ask(lambda stream: stream.usages)

    def add(self, target: Target) -> None:
        """Watch one more target. It takes part in the sharing of job slots at once.

        It may be called from inside the loop, from another thread, and before the stream is entered.

        Args:
            target: what to watch. One that has ended or was removed may be added again.

        Raises:
            RequestValidationError: an equal target is being watched, an option is outside its range, or the stream
                has ended; nothing was sent.

        Example:
            >>> from trio_client import Target, TrioClient
            >>> with TrioClient() as client:
            ...     with client.watch_many() as events:
            ...         events.add(Target("rtsp://cam/1", "the door is open"))
            ...         for target, event in events:
            ...             break
            >>> event.kind
            'started'
        """
        self._do(lambda: self._watching.stream.add(target))

    def remove(self, target: Target | str) -> None:
        """Stop watching one target: its job is stopped, and no other. Nothing more is emitted for it.

        It may be called from inside the loop, and from another thread. What the target's job had counted is kept in
        `outcomes`. A stop that cannot be confirmed is reported by a `JobLeakWarning`.

        Args:
            target: the target, or its `key`.

        Raises:
            RequestValidationError: no such target is being watched, or several have that key.

        Example:
            >>> from trio_client import Target, TrioClient
            >>> doors = [Target(f"rtsp://cam/{name}", "the door is open", key=name) for name in ("front", "back")]
            >>> with TrioClient() as client:
            ...     with client.watch_many(doors) as events:
            ...         events.remove("front")
            ...         left = events.targets
            >>> [target.key for target in left]
            ['back']
        """
        self._do(lambda: self._watching.remove(target))

    @overload
    def until(self, kind: type[_E], /, *, timeout: float | None = None) -> tuple[Target, _E] | None: ...
    @overload
    def until(
        self, kind: type[_E], second: type[_E2], /, *, timeout: float | None = None
    ) -> tuple[Target, _E | _E2] | None: ...
    @overload
    def until(
        self, kind: type[_E], second: type[_E2], third: type[_E3], /, *, timeout: float | None = None
    ) -> tuple[Target, _E | _E2 | _E3] | None: ...
    @overload
    def until(
        self, kind: UnionType, /, *kinds: type[Any] | UnionType, timeout: float | None = None
    ) -> tuple[Target, Event] | None: ...
    @overload
    def until(
        self, kind: type[Any], second: UnionType, /, *kinds: type[Any] | UnionType, timeout: float | None = None
    ) -> tuple[Target, Event] | None: ...
    @overload
    def until(
        self,
        kind: type[Any],
        second: type[Any],
        third: type[Any],
        fourth: type[Any],
        /,
        *kinds: type[Any] | UnionType,
        timeout: float | None = None,
    ) -> tuple[Target, Event] | None: ...
    def until(self, *kinds: Any, timeout: float | None = None) -> Any:
        """Return the next pair whose event is of the given types; `None`: all watches have ended, or the time is up.

        The stream stays open: call it again for the pair after that.

        Args:
            kinds: one or more event types, such as `Triggered`, or unions of them.
            timeout: seconds to wait; `None`: as long as it takes.

        Raises:
            RequestValidationError: no event type is given, a value is none, or the timeout is negative; nothing was
                sent.
        """
        event_types(kinds)
        if timeout is not None:
            not_negative("timeout", timeout, "seconds")
        until = math.inf if timeout is None else REAL.monotonic() + timeout
        left = timeout
        while (pair := self._next(left)) is not None:
            if isinstance(pair[1], kinds):
                return pair[0], pair[1]
            left = None if timeout is None else max(0.0, until - REAL.monotonic())
        return None

    def collect(self) -> list[tuple[Target, Event]]:
        """Return all pairs from here to the end of the last watch, as a list."""
        return list(self)

    def close(self) -> None:
        """Stop all jobs and release the connections. Calling it again does nothing.

        If it is interrupted, the stops go on in the background.
        """
        self._watching.taken.clear()
        self._end()

    def __enter__(self) -> Self:
        if not self._closed:
            self._start()
            try:
                self._do(self._watching.stream.__aenter__)
            except BaseException:
                self._end()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> tuple[Target, Event]:
        pair = self._next(None)
        if pair is None:
            raise StopIteration
        return pair

    def _next(self, seconds: float | None) -> tuple[Target, Event] | None:
        """Return the next pair; `None`: there is none, or not within the time."""
        goes_on, until = True, math.inf if seconds is None else REAL.monotonic() + seconds
        while True:
            with suppress(IndexError):
                self._last = pair = self._watching.taken.popleft()
                return pair
            if self._closed or not goes_on:
                return None
            goes_on = self._read(None if seconds is None else max(0.0, until - REAL.monotonic()))

    def _read(self, seconds: float | None) -> bool:
        """Have a pair taken from the async stream; return whether there was one."""
        thread = self._start()
        thread.check_caller()
        try:
            found = thread.call(partial(self._watching.read, seconds))
        except LoopEndedError:
            _check_process(thread)
            found, self._watching.ended = False, True
        except Exception:
            self._end()
            raise
        if self._watching.ended:
            self._end()
        return found

    def _start(self) -> EventLoopThread:
        with self._starting:
            if self._thread is None:
                self._thread = EventLoopThread(self._watching.close)
                try:
                    self._thread.start()
                except ConfigurationError:
                    self._thread = None
                    raise
                self._state.open_streams.add(self, current_owner())
            return self._thread

    def _end(self) -> None:
        """Wait until the event loop has stopped all jobs, and has ended."""
        self._closed = True
        thread = self._thread
        if thread is None:
            _at_once(self._watching.stream.close())
            return
        thread.stop()
        if not thread.is_current:
            thread.join()
        self._state.open_streams.discard(self)

    def _close_with_client(self) -> None:
        """Close it for the client's end: its reader gets the ends of the jobs as the last events."""
        until, thread = self._state.stop_until, self._thread
        if thread is not None and until is not None:
            left = until - self._state.time.monotonic()
            seconds = left - min(1.0, left / 4)  # to name what could not be stopped
            with suppress(LoopEndedError):
                thread.call(partial(self._watching.close_with_client, seconds))
        self._end()

    def _do(self, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Do something with the async stream, on its event loop if that runs."""
        thread = self._thread
        if thread is None:
            _at_once(work())
            return
        try:
            thread.call(work)
        except LoopEndedError:
            _check_process(thread)
            _at_once(work())

    def _ask(self, question: Callable[[AsyncTargetStream], _T]) -> _T:
        """Ask the async stream something while nothing changes it: on its event loop, if that runs."""
        thread, stream = self._thread, self._watching.stream
        if thread is None or thread.is_current:
            return question(stream)

        async def ask() -> _T:
            return question(stream)

        try:
            return thread.call(ask)
        except LoopEndedError:
            return question(stream)

    def __del__(self) -> None:
        thread = getattr(self, "_thread", None)
        if thread is not None and not self._closed and thread.is_usable:
            thread.stop()
            warnings.warn(
                f"{self!r} was neither read to its end nor closed; use it in a `with` block. "
                "Its jobs are being cancelled.",
                ResourceWarning,
                source=self,
                stacklevel=2,
            )

    def __repr__(self) -> str:
        return repr(self._watching.stream).replace("<Async", "<", 1)


def _at_once(work: Coroutine[Any, Any, object]) -> None:
    """Run what waits for nothing, since no event loop runs."""
    with suppress(StopIteration):
        work.send(None)


def _check_process(thread: EventLoopThread) -> None:
    if not thread.is_of_this_process:
        raise ConfigurationError(
            "This stream of targets belongs to the process that started it, and this one was forked from that.",
            advice="Make another in this process, with client.watch_many().",
        )
