"""What cannot be converted between the two clients: the async side. Its twin is `sync_runtime`."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.lowlevel
import httpcore
import httpx

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "Bell",
    "Content",
    "Limiter",
    "Slot",
    "abandon",
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


def spawn(work: Callable[[], Coroutine[Any, Any, None]]) -> object:
    """Run something beside everything else on the event loop; keep what is returned for as long as it runs.

    It is cancelled when the event loop ends, and must raise nothing else.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        import trio

        return trio.lowlevel.spawn_system_task(work, context=copy_context())
    return loop.create_task(work())


class _Stream(httpcore.AsyncNetworkStream):
    """A connection that is closed if it is given up while it is being encrypted; httpcore forgets it then."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            return _Stream(await self._stream.start_tls(ssl_context, server_hostname, timeout))
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.AsyncNetworkBackend):
    def __init__(self) -> None:
        self._backend: Any = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._backend.connect_tcp(host, port, timeout, local_address, socket_options))


class Slot(httpx.AsyncHTTPTransport):
    """One connection, of which a pool keeps a list: httpx's transport over a connection in place of a pool."""

    def __init__(self, connection: httpcore.AsyncConnectionInterface) -> None:
        self.connection = connection
        self._pool: Any = connection


def slot_maker(url: str, **options: Any) -> Callable[[], Slot]:
    """Return what makes connections to the server of a URL; the options are those of httpx's transport."""
    pool: Any = httpx.AsyncHTTPTransport(**options)._pool  # pyright: ignore[reportPrivateUsage]
    pool._network_backend = _Backend()
    parts = httpx.URL(url)
    server = httpcore.URL(scheme=parts.raw_scheme, host=parts.raw_host, port=parts.port, target=b"/").origin
    return lambda: Slot(pool.create_connection(server))


class Content(httpx.AsyncByteStream):
    """The body of a request, in one piece.

    httpx has an async generator for it, and the trio library warns of each that is dropped before its end.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._sent = False

    def __aiter__(self) -> Self:
        self._sent = False
        return self

    async def __anext__(self) -> bytes:
        if self._sent:
            raise StopAsyncIteration
        self._sent = True
        return self._content


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


class _Sending:
    """Whether work that must not be cut off halfway has sent anything, and whether it still may."""

    def __init__(self) -> None:
        self.scope = anyio.CancelScope(shield=True)
        self.begun = False
        self.forbidden = False

    async def note(self, event: str, _: object) -> None:
        """Take what the HTTP library tells of its progress."""
        if event.endswith(".send_request_headers.started"):
            if self.forbidden:
                self.scope.cancel()
                await anyio.lowlevel.checkpoint()
            self.begun = True

    def end(self, grace: float) -> None:
        """Give the work so many seconds; if nothing was sent yet, nothing is to be sent at all."""
        self.forbidden = not self.begun
        seconds = grace if self.begun else _CONNECTING_SECONDS
        self.scope.deadline = min(self.scope.deadline, anyio.current_time() + seconds)


_sending: ContextVar[_Sending | None] = ContextVar("_sending", default=None)


def trace_sending() -> dict[str, Any]:
    """Return the extension of a request that lets `carry_through` know when it goes out."""
    sending = _sending.get()
    return {} if sending is None else {"trace": sending.note}


def assume_sent() -> None:
    """Take it that something goes out, where nobody will tell."""
    sending = _sending.get()
    if sending is not None:
        sending.begun = True


async def carry_through(
    work: Callable[[], Awaitable[_T]],
    *,
    grace: float,
    settle: Callable[[_T | None, Exception | None], Awaitable[None]],
) -> _T:
    """Carry out work that must not be cut off halfway, and return its result.

    If the task is cancelled before anything was sent, nothing will be. Later the work gets `grace` seconds
    to finish; `settle` is then given its result or its error, as far as they are known, before the cancellation
    goes on.
    """
    results: list[_T] = []
    errors: list[Exception] = []
    sending = _Sending()
    done = anyio.Event()

    async def run() -> None:
        _sending.set(sending)
        with sending.scope:
            try:
                results.append(await work())
            except Exception as error:
                errors.append(error)
        done.set()

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            try:
                await done.wait()
            except BaseException:
                sending.end(grace)
                raise
    except BaseException:
        if sending.begun:
            await settle(results[0] if results else None, errors[0] if errors else None)
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
