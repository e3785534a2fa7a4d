"""What cannot be converted between the two clients: the async side. Its twin is `sync_runtime`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractContextManager, suppress
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import anyio
import anyio.lowlevel
import httpx

if TYPE_CHECKING:
    import httpcore
    from typing_extensions import Self

__all__ = [
    "Bell",
    "Content",
    "Limiter",
    "Slot",
    "abandon",
    "about_to_send",
    "assume_sent",
    "carry_through",
    "close_response",
    "current_home",
    "from_any_thread",
    "raw_chunks",
    "shielded",
    "sleep",
    "slot_maker",
    "spawn",
    "time_limit",
    "trace_sending",
]

_T = TypeVar("_T")
sleep = anyio.sleep
_ENDING_SECONDS = 1.0
_CONNECTING_SECONDS = 0.5  # a connection cut off while it is being made may leave a socket behind
_MOST_BUFFERED_CHUNKS = 10_000


class Limiter:
    """Let at most so many calls run at once."""

    def __init__(self, total: int) -> None:
        self._total = total
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


class Bell:
    """Wake one task, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rung = False
        self._wake: Callable[[], object] | None = None

    def ring(self) -> None:
        """Wake whoever waits, or else whoever waits next."""
        with self._lock:
            self._rung = True
            wake, self._wake = self._wake, None
        if wake is not None:
            with suppress(RuntimeError):  # its event loop has ended
                wake()

    async def wait(self, seconds: float) -> None:
        """Wait for the bell, at most so many seconds."""
        awake = anyio.Event()
        with self._lock:
            if self._rung:
                awake.set()
            else:
                self._wake = from_any_thread(awake.set)
        with anyio.move_on_after(seconds):
            await awake.wait()
        with self._lock:
            self._rung, self._wake = False, None


def from_any_thread(function: Callable[[], object]) -> Callable[[], object]:
    """Return what calls a function on the running event loop, whatever thread it is called from."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        import trio

        token = trio.lowlevel.current_trio_token()
        return lambda: token.run_sync_soon(function)
    return lambda: loop.call_soon_threadsafe(function)


def spawn(work: Callable[[], Coroutine[Any, Any, None]], *, when_done: Callable[[], object]) -> object:
    """Run something beside everything else on the event loop; keep what is returned for as long as it runs.

    It is cancelled when the event loop ends, and must raise nothing else. `when_done` is called at its end, even if
    it is cancelled before it begins.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        import trio

        async def whole() -> None:
            try:
                await work()
            finally:
                when_done()

        return trio.lowlevel.spawn_system_task(whole, context=copy_context())
    task = loop.create_task(work())
    task.add_done_callback(lambda _: when_done())
    return task


class Slot(httpx.AsyncHTTPTransport):
    """One connection, of which a pool keeps a list: httpx's transport over a connection in place of a pool."""

    def __init__(self, connection: httpcore.AsyncConnectionInterface) -> None:
        self.connection = connection
        self._pool: Any = connection


def slot_maker(url: str, **options: Any) -> Callable[[], Slot]:
    """Return what makes connections to the server of a URL; the options are those of httpx's transport."""
    import httpcore

    from .async_network import Backend

    pool: Any = httpx.AsyncHTTPTransport(**options)._pool  # pyright: ignore[reportPrivateUsage]
    pool._network_backend = Backend()
    parts = httpx.URL(url)
    server = httpcore.URL(scheme=parts.raw_scheme, host=parts.raw_host, port=parts.port, target=b"/").origin
    return lambda: Slot(pool.create_connection(server))


class Content(httpx.AsyncByteStream):
    """The body of a request, in one piece, or in none if it is empty.

    httpx has an async generator for it, and the trio library warns of each that is dropped before its end.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._sent = not content

    def __aiter__(self) -> Self:
        self._sent = not self._content
        return self

    async def __anext__(self) -> bytes:
        if self._sent:
            raise StopAsyncIteration
        self._sent = True
        return self._content


def time_limit(seconds: float) -> AbstractContextManager[object]:
    """Give up what runs inside after so many seconds: `TimeoutError`."""
    return anyio.fail_after(seconds)


def shielded(seconds: float) -> AbstractContextManager[object]:
    """Protect what runs inside from outer cancellation, for at most so many seconds."""
    return anyio.move_on_after(seconds, shield=True)


class _Carried(Generic[_T]):
    """Work that must not be cut off halfway: whether it has sent anything, and whether it still may."""

    __slots__ = ("_scope", "_when_sent", "_work", "begun", "done", "errors", "forbidden", "results")

    def __init__(self, work: Callable[[], Awaitable[_T]], when_sent: Callable[[], object]) -> None:
        self._work = work
        self._when_sent = when_sent
        self._scope = anyio.CancelScope()
        self.begun = False
        self.forbidden = False
        self.done = anyio.Event()
        self.results: list[_T] = []
        self.errors: list[Exception] = []

    async def run(self) -> None:
        _carried.set(self)
        with self._scope:
            try:
                self.results.append(await self._work())
            except Exception as error:
                self.errors.append(error)

    def finish(self) -> None:
        """Note that the work has ended, however it did."""
        self._when_sent()
        self.done.set()

    def begin(self) -> None:
        """Note that something goes out."""
        self.begun = True
        self._when_sent()

    async def begin_if_allowed(self) -> None:
        """Note that something goes out, unless nothing is to be sent any more: then it is cancelled."""
        if self.forbidden:
            self._scope.cancel()
            await anyio.lowlevel.checkpoint()
        self.begin()

    async def note(self, event: str, _: object) -> None:
        """Take what the HTTP library tells of its progress."""
        if event.endswith(".send_request_headers.started"):
            await self.begin_if_allowed()

    async def end(self, grace: float) -> None:
        """Wait for the work for so many seconds; if nothing was sent yet, nothing is to be sent at all."""
        self.forbidden = True
        seconds = grace if self.begun else _CONNECTING_SECONDS
        self._scope.deadline = min(self._scope.deadline, anyio.current_time() + seconds)
        with anyio.CancelScope(shield=True):
            while not self.done.is_set():
                with suppress(anyio.get_cancelled_exc_class()):  # asyncio's own cancellation knows no shield
                    await self.done.wait()


_carried: ContextVar[_Carried[Any] | None] = ContextVar("_carried", default=None)


def trace_sending() -> dict[str, Any]:
    """Return the extension of a request that lets `carry_through` know when it goes out."""
    carried = _carried.get()
    return {} if carried is None else {"trace": carried.note}


async def about_to_send() -> None:
    """Let `carry_through` know that something goes out now, or be cancelled by it."""
    carried = _carried.get()
    if carried is not None:
        await carried.begin_if_allowed()


def assume_sent() -> None:
    """Take it that something goes out, where nobody will tell."""
    carried = _carried.get()
    if carried is not None:
        carried.begin()


async def carry_through(
    work: Callable[[], Awaitable[_T]],
    *,
    grace: float,
    settle: Callable[[_T | None, Exception | None], Awaitable[None]],
    when_sent: Callable[[], object],
) -> _T:
    """Carry out work that must not be cut off halfway, and return its result.

    If the task is cancelled before anything was sent, nothing will be. Later the work gets `grace` seconds
    to finish; `settle` is then given its result or its error, as far as they are known, before the cancellation
    goes on. `when_sent` is called when something goes out, and again at the end.
    """
    carried = _Carried(work, when_sent)
    task = spawn(carried.run, when_done=carried.finish)
    try:
        await carried.done.wait()
    except BaseException:
        await carried.end(grace)
        if carried.begun:
            await settle(carried.results[0] if carried.results else None, carried.errors[0] if carried.errors else None)
        raise
    del task
    if carried.errors:
        raise carried.errors.pop()
    return carried.results.pop()


def current_home() -> object:
    """Return what connections belong to: the running event loop."""
    return anyio.lowlevel.current_token()


def raw_chunks(response: Any) -> Any:
    """Return an async iterator over the body as it comes from the wire."""
    return response.stream.__aiter__()


def abandon(slots: list[Slot]) -> None:
    """Do nothing: only the event loop that made connections could close them, and it is gone."""


async def close_response(response: Any, chunks: Any) -> None:
    """Close a response, also while being cancelled, and end the iterator over its body, if it has begun.

    Below that iterator are async generators of the HTTP library, and the trio library warns of each that is
    dropped before its end. On a closed connection the next step ends them all, but for what was buffered.
    What goes wrong in closing is nobody's concern any more.
    """
    with anyio.CancelScope(shield=True), suppress(Exception):
        await response.aclose()
    if chunks is not None:
        with anyio.move_on_after(_ENDING_SECONDS, shield=True), suppress(Exception):
            for _ in range(_MOST_BUFFERED_CHUNKS):
                await chunks.__anext__()
