"""The listening socket, and uvicorn on it, ended at once by a call from another thread."""

from __future__ import annotations

import asyncio
import socket
import threading

import uvicorn
from starlette.types import ASGIApp

from ._connection import MAX_CONNECTIONS, StubConfig, StubProtocol

__all__ = ["ThreadedServer", "listen"]

_TURNS = 5


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; requests wait in it until the server runs."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP so that asyncio turns Nagle's algorithm off: every small answer would be 40 ms late.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(2048)
    except OSError:
        sock.close()
        raise
    return sock


class ThreadedServer(uvicorn.Server):
    """uvicorn, ended by a call from another thread, at once and with its connections."""

    def __init__(self, app: ASGIApp, *, request_timeout: float) -> None:
        config = StubConfig(
            app,
            loop="asyncio",
            http=StubProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=MAX_CONNECTIONS,
        )
        config.request_timeout = request_timeout
        super().__init__(config)
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def end(self) -> None:
        """Ask the server to end; may be called from any thread."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._ending.set)

    async def main_loop(self) -> None:
        """Keep the Date header fresh until the end is asked for."""
        self._ending = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        ending = self._loop.create_task(self._ending.wait())
        await self.on_tick(0)
        self.ready.set()
        while not self.should_exit:
            await asyncio.wait({ending}, timeout=1.0)
            await self.on_tick(0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close everything without waiting for anyone."""
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        await self.lifespan.shutdown()
        await _settle()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=0.5)
        for task in list(self.server_state.tasks):
            task.cancel()
        await _settle()


async def _settle() -> None:
    """Let a connection that was just accepted become known, and one that was closed let go of its socket."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)
