"""Waits that take no time."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, TypeVar, cast, runtime_checkable

import anyio.lowlevel

from .._time_source import REAL, current, replace, restore

__all__ = ["FrozenRetries", "SkippedTime", "SteppedClock", "freeze_retries"]

_F = TypeVar("_F", bound=Callable[..., Any])
_MOST_WAITS = 10_000


@runtime_checkable
class SteppedClock(Protocol):
    """A clock that waits advance, such as `StubServer.clock`."""

    def advance(self, seconds: float) -> object:
        """Move the clock forward."""
        ...


class SkippedTime:
    """A time source whose waits pass at once: each is recorded, and the clock shows it as passed.

    Args:
        advance: called with the seconds that pass.
    """

    def __init__(self, advance: Callable[[float], object] | None = None) -> None:
        self.waits: list[float] = []
        self._advance = advance
        self._skipped = 0.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        """Return monotonic seconds, skipped ones included."""
        return REAL.monotonic() + self._skipped

    def wall_clock(self) -> float:
        """Return real seconds since 1970: servers skip no time."""
        return REAL.wall_clock()

    def skip(self, seconds: float) -> None:
        """Let seconds pass at once."""
        with self._lock:
            self._skipped += seconds
        if self._advance is not None:
            self._advance(seconds)

    def sleep(self, seconds: float) -> None:
        """Record a wait and skip it."""
        self._record(seconds)
        REAL.sleep(0)  # other threads, such as the stub server's, get to run

    async def async_sleep(self, seconds: float) -> None:
        """Record a wait and skip it."""
        self._record(seconds)
        await anyio.lowlevel.checkpoint()

    def _record(self, seconds: float) -> None:
        in_force = current()
        with self._lock:
            self.waits.append(seconds)
        if in_force is not self and isinstance(in_force, SkippedTime):  # a mock's client, inside freeze_retries
            in_force.waits.append(seconds)
        if len(self.waits) > _MOST_WAITS:
            raise RuntimeError(
                f"A client has waited more than {_MOST_WAITS:,} times: what it waits for does not happen while no time "
                "passes. Give its clock to freeze_retries(stub.clock), script an end, or bound the wait with timeout=."
            )
        self.skip(seconds)


class FrozenRetries:
    """Makes the clients' waits take no time inside its block, or in the function it decorates.

    Made by `freeze_retries`. Entering the block returns the list of waits, which grows as the clients wait.
    """

    def __init__(self, clock: SteppedClock | None) -> None:
        self._clock = clock
        self._entered: list[SkippedTime] = []

    def __enter__(self) -> list[float]:
        skipped = SkippedTime(self._clock.advance if self._clock is not None else None)
        self._entered.append(skipped)
        replace(skipped)
        return skipped.waits

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        restore(self._entered.pop())

    def __repr__(self) -> str:
        return f"<FrozenRetries, {'entered' if self._entered else 'not entered'}>"

    def __call__(self, function: _F) -> _F:
        """Return the function with all waits inside it frozen; an async function stays async."""
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(f"{function.__name__} is a generator: freeze with a `with` block around its `yield`")
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def frozen_async(*args: Any, **kwargs: Any) -> Any:
                with FrozenRetries(self._clock):
                    return await function(*args, **kwargs)

            return cast("_F", frozen_async)  # pyright: ignore[reportUnknownVariableType]

        @functools.wraps(function)
        def frozen(*args: Any, **kwargs: Any) -> Any:
            with FrozenRetries(self._clock):
                return function(*args, **kwargs)

        return cast("_F", frozen)


def freeze_retries(clock: SteppedClock | None = None) -> FrozenRetries:
    """Let the waits of all clients take no time: before a retry, between polls, and for a free job slot.

    Their length is recorded, and deadlines see it as passed. This applies to the whole process, to sync and async
    clients, including those made before, and ends with the block. Waits for the network, and those of a
    `WebhookInbox` for deliveries, still take real time.

    Args:
        clock: advanced by every wait, such as `stub.clock`, so that a job progresses while it is polled.

    Returns:
        A context manager that gives the list of waits, in seconds; also a decorator, for sync and async functions.

    Example:
        >>> from trio_client.stub import StubServer
        >>> with StubServer(speed=0) as stub, TrioClient("test-key", base_url=stub.base_url) as client:
        ...     job = client.live_monitor.create("rtsp://gate.example/live", "a van is at the gate")
        ...     with freeze_retries(stub.clock) as waits:
        ...         ended = client.jobs.wait(job.job_id, poll_interval=15)
        >>> ended.status, waits
        ('completed', [15, 15])
    """
    return FrozenRetries(clock)
