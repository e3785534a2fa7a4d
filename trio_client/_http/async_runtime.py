"""What cannot be converted between the two clients: the async side. Its twin is `sync_runtime`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import anyio
import anyio.lowlevel
import httpx

__all__ = [
    "Limiter",
    "Slot",
    "carry_through",
    "checkpoint",
    "close_response",
    "current_home",
    "raw_chunks",
    "shielded",
    "sleep",
    "time_limit",
]

_T = TypeVar("_T")
sleep = anyio.sleep
checkpoint = anyio.lowlevel.checkpoint
_ENDING_SECONDS = 1.0
_MOST_BUFFERED_CHUNKS = 10_000


class Limiter:
    """Let at most so many calls run at once."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._free = total
        self._semaphore: anyio.Semaphore | None = None

    async def acquire(self, timeout: float) -> bool:
        """Take a place, waiting at most `timeout` seconds; return whether there was one."""
        semaphore = self._semaphore
        if semaphore is None:
            semaphore = self._semaphore = anyio.Semaphore(self._total, fast_acquire=True)
        try:
            semaphore.acquire_nowait()
        except anyio.WouldBlock:
            with anyio.move_on_after(timeout) as scope:
                await semaphore.acquire()
            return not scope.cancelled_caught
        return True

    def release(self) -> None:
        """Give the place back."""
        if self._semaphore is not None:
            self._semaphore.release()

    def forget(self) -> None:
        """Start anew, on another event loop."""
        self._semaphore = None


class Slot(httpx.AsyncHTTPTransport):
    """One connection, of which a pool keeps a list."""


@contextmanager
def time_limit(seconds: float) -> Generator[None]:
    """Give up what runs inside after so many seconds: `TimeoutError`."""
    with anyio.fail_after(seconds):
        yield


@contextmanager
def shielded(seconds: float) -> Generator[None]:
    """Protect what runs inside from outer cancellation, for at most so many seconds."""
    with anyio.move_on_after(seconds, shield=True):
        yield


async def carry_through(
    work: Callable[[], Awaitable[_T]], *, grace: float, settle: Callable[[_T | None], Awaitable[None]]
) -> _T:
    """Carry out work that must not be cut off halfway, and return its result.

    If the task is cancelled meanwhile, the work gets `grace` seconds to finish; `settle` is then given its
    result, or `None` if it is not known, before the cancellation goes on.
    """
    results: list[_T] = []
    errors: list[Exception] = []
    shield = anyio.CancelScope(shield=True)
    waiting = anyio.CancelScope()

    async def run() -> None:
        with shield:
            try:
                results.append(await work())
            except Exception as error:
                errors.append(error)
        waiting.cancel()

    async def wait() -> None:
        with waiting:
            try:
                await anyio.sleep_forever()
            finally:
                shield.deadline = min(shield.deadline, anyio.current_time() + grace)

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            tasks.start_soon(wait)
    except BaseException:
        if not errors:
            await settle(results[0] if results else None)
        raise
    if errors:
        raise errors[0]
    return results[0]


def current_home() -> object:
    """Return what connections belong to: the running event loop."""
    return anyio.lowlevel.current_token()


def raw_chunks(response: Any) -> Any:
    """Return an async iterator over the body as it comes from the wire."""
    return response.aiter_raw().__aiter__()


async def close_response(response: Any, chunks: Any) -> None:
    """Close a response, also while being cancelled, and end the iterator over its body, if it has begun.

    Below that iterator are async generators of the HTTP library, and the trio library warns of each that is
    dropped before its end. On a closed connection the next step ends them all, but for what was buffered.
    """
    with anyio.CancelScope(shield=True):
        await response.aclose()
    if chunks is not None:
        with anyio.move_on_after(_ENDING_SECONDS, shield=True), suppress(Exception):
            for _ in range(_MOST_BUFFERED_CHUNKS):
                await chunks.__anext__()
