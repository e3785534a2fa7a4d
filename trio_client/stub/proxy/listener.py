"""A listening socket with an event loop and a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from ..engine.clock import keep_real_time

__all__ = ["ProxyListener"]

_SECONDS = 10.0
_LOOP_TURNS = 5
_MAX_HEAD = 64 * 2**10


class ProxyListener:
    """Serve each connection in a task; `stop` ends all of them at once."""

    def __init__(
        self, serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]], *, port: int
    ) -> None:
        self._serve = serve
        self._address = ("127.0.0.1", port)
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._server: asyncio.Server | None = None
        self._reserved: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._transports: set[asyncio.WriteTransport] = set()

    @property
    def port(self) -> int:
        """The port, once it is bound."""
        return self._address[1]

    def start(self) -> None:
        """Listen; returns when connections are accepted."""
        if self._thread is not None:
            raise RuntimeError("the fault proxy is already running")
        self._reserve()
        self._thread = threading.Thread(target=self._run, name="trio-stub-proxy", daemon=True)
        self._thread.start()
        if not self._ready.wait(_SECONDS):
            raise RuntimeError("the fault proxy did not start")

    def stop(self) -> None:
        """End all connections; has no effect if it is not running."""
        if self._thread is None:
            return
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(_SECONDS)
        if self._thread.is_alive():
            raise RuntimeError("the fault proxy did not stop")
        self._thread = None
        self._ready.clear()

    def refuse(self) -> None:
        """Refuse new connections, and keep the port."""
        self._do(self._close_listener(reserve=True))

    def accept(self) -> None:
        """Accept connections again."""
        self._do(self._listen())

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something in parallel to the connections; for use on the loop."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        if self._thread is None:
            work.close()
            raise RuntimeError("the fault proxy is not running")
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_SECONDS)

    def _reserve(self) -> None:
        """Bind the port without listening: connections are refused until then."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            if not hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows needs no leave to bind a port again, and shares it
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(self._address)
        except OSError:
            sock.close()
            raise
        self._reserved, self._address = sock, sock.getsockname()

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        keep_real_time(self._loop)
        self._ending = asyncio.Event()
        await self._listen()
        self._ready.set()
        await self._ending.wait()
        await self._close_listener(reserve=False)
        for _ in range(_LOOP_TURNS):  # a connection that was just accepted becomes known
            await asyncio.sleep(0)
        for transport in self._transports:
            transport.abort()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(_LOOP_TURNS):  # a closed connection releases its socket
            await asyncio.sleep(0)

    async def _listen(self) -> None:
        if self._server is None:
            sock, self._reserved = self._reserved, None
            self._server = await asyncio.start_server(self._connected, sock=sock, backlog=2048, limit=_MAX_HEAD)

    async def _close_listener(self, *, reserve: bool) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
            await asyncio.sleep(0)
            if reserve:
                self._reserve()
        elif not reserve and self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._transports.add(writer.transport)
        self.spawn(self._serve_and_close(reader, writer))

    async def _serve_and_close(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        finally:
            writer.transport.abort()
            self._transports.discard(writer.transport)
