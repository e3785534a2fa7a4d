"""The stub server without its socket: its application on an event loop of its own, in a thread."""

from __future__ import annotations

import asyncio
import math
import threading
import weakref
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError as FutureCancelledError
from concurrent.futures import Future, wait
from contextlib import suppress
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from .._http.concurrency.async_.wakeup import Wakeup
from .._time_source import REAL
from ._loop import new_event_loop

if TYPE_CHECKING:
    from ..stub import StubServer

__all__ = ["Exchange", "InProcessStub"]

_T = TypeVar("_T")
_LOOP_ROUNDS = 50  # of the event loop, in which the application does all that it can do at once
_A_WHILE = 3600.0
_STOP_SECONDS = 10.0
_CLOSED = "this MockTrio is closed"


class InProcessStub:
    """Run a stub server's application, which the requests of both clients reach directly.

    While its clock stands still, a reader that waits for the next chunk of an event stream advances it to the next
    moment at which something happens in a job.

    Args:
        stub: a stub server that was not started.
        skip: advances time by a number of seconds.
    """

    def __init__(self, stub: StubServer, skip: Callable[[float], object]) -> None:
        from ..stub.server.app import build_app

        self._stub = stub
        self._state = stub._state  # pyright: ignore[reportPrivateUsage]
        self._app: Any = build_app(self._state)
        self._skip = skip
        self._advancing = asyncio.Lock()  # held until everything that was due earlier has happened
        self._loop = new_event_loop()
        self._loop.time = REAL.monotonic  # type: ignore[method-assign]  # its timers fire under freezegun too
        self._thread = threading.Thread(target=self._loop.run_forever, name="trio-mock", daemon=True)
        self._thread.start()
        self._over = threading.Event()
        self.close: Callable[[], object] = weakref.finalize(
            self, _stop, self._over, self._loop, self._thread, self._state
        )

    def exchange(self, request: httpx.Request, content: bytes) -> Exchange:
        """Return the exchange of a request, not yet started."""
        stands_still = self._stub.clock.speed == 0
        return Exchange(self._app, request, content, self._advancing, self._move_on if stands_still else None)

    def call(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Return the result of work on the application's event loop."""
        future = self._submit(work)
        try:
            return _result(future)
        finally:
            future.cancel()

    async def async_call(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Return the result of work on the application's event loop, which is not the caller's."""
        future, wakeup = self._submit(work), Wakeup()
        future.add_done_callback(lambda _: wakeup.set())
        try:
            while not future.done():
                await wakeup.wait(_A_WHILE)
            return _result(future)
        finally:
            future.cancel()

    def _submit(self, work: Coroutine[Any, Any, _T]) -> Future[_T]:
        if self._over.is_set() or not self._thread.is_alive():  # a forked process has no such thread
            work.close()
            raise httpx.ConnectError(_CLOSED)
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        if self._over.is_set():  # the loop may have stopped before it saw this work
            future.cancel()
        return future

    def _move_on(self, timeout: float) -> float:
        """Advance time to the next moment at which something happens, and return by how much.

        Raises:
            httpx.ReadTimeout: nothing happens before the timeout.
        """
        due = self._state.jobs.run_due()
        ahead = math.inf if due is None else max(0.0, due - self._stub.clock.now())
        if ahead > timeout or math.isinf(ahead):
            self._skip(0.0 if math.isinf(timeout) else timeout)
            raise httpx.ReadTimeout("the stream was silent for longer than the client waits")
        self._skip(ahead)
        return ahead


class Exchange:
    """One request to the application, and its reply as it is produced. All of it runs on the application's loop."""

    def __init__(
        self,
        app: Any,
        request: httpx.Request,
        content: bytes,
        advancing: asyncio.Lock,
        move_on: Callable[[float], float] | None,
    ) -> None:
        self.status: int = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._app = app
        self._request = request
        self._content: bytes | None = content
        self._advancing = advancing
        self._move_on = move_on
        self._chunks: deque[bytes] = deque()
        self._whole = False
        self._task: asyncio.Task[None] | None = None

    async def begin(self, timeout: float) -> None:
        """Send the request, and return once the response headers have arrived."""
        url = self._request.url
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self._request.method,
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.partition(b"?")[0],
            "query_string": url.query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in self._request.headers.raw],
            "client": ("127.0.0.1", 0),
            "server": (url.host, url.port),
        }
        self._news = asyncio.Event()
        self._gone = asyncio.Event()
        self._task = asyncio.create_task(self._app(scope, self._receive, self._send))
        self._task.add_done_callback(self._ended)
        try:
            while not self.status:
                await self._wait(timeout)
        except BaseException:
            self._gone.set()
            raise

    async def next_chunk(self, timeout: float) -> bytes:
        """Return the next chunk of the body; empty bytes at its end."""
        while not self._chunks and not self._whole:
            if self._move_on is None or not self._is_event_stream():
                await self._wait(timeout)
                continue
            async with self._advancing:
                if not await self._comes_at_once():
                    timeout -= self._move_on(timeout)
        return self._chunks.popleft() if self._chunks else b""

    async def end(self) -> None:
        """Signal a disconnect to the application, which still finishes what it has started."""
        self._gone.set()

    async def _comes_at_once(self) -> bool:
        """Return whether there is a chunk, or the end, without advancing time."""
        for _ in range(_LOOP_ROUNDS):
            if self._chunks or self._whole:
                return True
            if self._task is not None and self._task.done():
                await self._wait(0.0)
            await asyncio.sleep(0)
        return False

    async def _wait(self, timeout: float) -> None:
        """Wait in real time for what the application sends next."""
        assert self._task is not None
        if self._task.done() and not self._whole:
            raise httpx.RemoteProtocolError("the server ended the connection without a whole reply")
        self._news.clear()
        try:
            await asyncio.wait_for(self._news.wait(), None if math.isinf(timeout) else timeout)
        except asyncio.TimeoutError:
            raise httpx.ReadTimeout("no reply came within the time that the client waits") from None

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            task.exception()  # that it failed is seen from the reply that is not whole
        self._news.set()

    def _is_event_stream(self) -> bool:
        return any(name == b"content-type" and value.startswith(b"text/event-stream") for name, value in self.headers)

    async def _receive(self) -> dict[str, Any]:
        content, self._content = self._content, None
        if content is not None:
            return {"type": "http.request", "body": content, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            date = (b"date", formatdate(usegmt=True).encode("ascii"))  # which a web server adds
            self.status, self.headers = message["status"], [*message.get("headers", ()), date]
        else:
            if message.get("body"):
                self._chunks.append(message["body"])
            self._whole = not message.get("more_body", False)
        self._news.set()


def _result(future: Future[_T]) -> _T:
    if REAL.slice_seconds is not None:
        REAL.in_slices(lambda seconds: wait((future,), seconds).done, math.inf)
    try:
        return future.result()
    except FutureCancelledError:
        raise httpx.ReadError(_CLOSED) from None


def _stop(over: threading.Event, loop: asyncio.AbstractEventLoop, thread: threading.Thread, state: Any) -> None:
    async def end() -> None:
        await state.engine.aclose()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        loop.stop()

    over.set()
    if threading.current_thread() is thread:  # collected as garbage there: it cannot wait for itself
        loop.stop()
        return
    asyncio.run_coroutine_threadsafe(end(), loop)
    REAL.join(thread, _STOP_SECONDS)
    with suppress(RuntimeError):  # it did not stop
        loop.close()
