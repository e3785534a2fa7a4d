"""uvicorn with what the stub needs beyond its documentation. All of its private names that we use stand here.

A name that a new version lacks stops the server at its start, with an error that says what depends on it: see
`PRIVATE_NAMES`. `tests/contract/test_private_names_of_uvicorn.py` goes through them.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import threading
from collections.abc import Mapping
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from ..delivery.connection import CONNECTION_KEY
from ..engine.clock import keep_real_time

__all__ = ["MAX_CONNECTIONS", "PRIVATE_NAMES", "REQUEST_SECONDS", "StubProtocol", "ThreadedServer", "listen"]

# Real seconds that a client has for one request, and how many connections there may be at once.
REQUEST_SECONDS = 30.0
MAX_CONNECTIONS = 5_000
_LINGER_ZERO = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
_LOOP_TURNS = 5

# What depends on each name. Those of the classes are checked when a server is made, the others when it starts.
PRIVATE_NAMES: Mapping[str, str] = {
    "Server.main_loop": "reporting that the server is ready, and ending it from another thread",
    "Server.on_tick": "a Date header that moves on",
    "Server.shutdown": "an end that does not wait for open streams",
    "protocol.conn": "the time limit of a request",
    "protocol.app_state": "faults that end the connection of a request",
    "server.servers": "closing the listening socket at the end",
    "server.lifespan": "stopping jobs and webhooks at the end",
    "server.server_state.connections": "closing connections at the end",
    "server.server_state.tasks": "ending requests at the end",
}


class StubConfig(Config):
    """uvicorn's settings, and the time that a client has for one request."""

    request_timeout: float = REQUEST_SECONDS


class StubProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, which also lets a request reach its connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, {**app_state, CONNECTION_KEY: self}, _loop)
        self._request_seconds = config.request_timeout if isinstance(config, StubConfig) else REQUEST_SECONDS
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time for the first request."""
        self._transport = transport
        super().connection_made(transport)
        self._limit_request()

    def data_received(self, data: bytes) -> None:
        """Take what came, and check whether a request is complete by now."""
        super().data_received(data)
        self._limit_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self._stop_timer()

    def _limit_request(self) -> None:
        """Bound the time from the first byte of a request, or from the connection, to its last."""
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._stop_timer()
        elif self._timer is None and self._transport is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._request_seconds, self._transport.close)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def end(self, *, reset: bool) -> None:
        """End the connection: what was written still goes out, unless it is reset."""
        if self._transport is None:
            return
        if not reset:
            self._transport.close()
            return
        sock = self._transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self._transport.abort()


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
        problem = _missing_name(Server=uvicorn.Server)
        if problem is not None:
            raise RuntimeError(problem)
        super().__init__(config)
        self.problem: str | None = None
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def wait_ready(self, seconds: float) -> bool:
        """Wait until requests are answered, at most this many seconds; False if they are not, see `problem`."""
        return self._ready.wait(seconds) and self.problem is None

    def end(self) -> None:
        """Ask the server to end; may be called from any thread."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._ending.set)

    async def main_loop(self) -> None:
        """Keep the Date header fresh until the end is asked for."""
        self._ending = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        keep_real_time(self._loop)
        ending = self._loop.create_task(self._ending.wait())
        await self.on_tick(0)
        self.problem = _missing_name(server=self, protocol=StubProtocol(self.config, self.server_state, {}, self._loop))
        self._ready.set()
        while not self.should_exit:
            await asyncio.wait({ending}, timeout=1.0)
            await self.on_tick(0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close everything without waiting for requests to end."""
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        await self.lifespan.shutdown()
        await _run_callbacks()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=0.5)
        for task in list(self.server_state.tasks):
            task.cancel()
        await _run_callbacks()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; requests wait in it until the server runs."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP so that asyncio turns Nagle's algorithm off: every small reply would be 40 ms late.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # Under Windows SO_REUSEADDR lets two servers share a port, and each gets some of the requests.
        option: int = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
        sock.setsockopt(socket.SOL_SOCKET, option, 1)
        sock.bind((host, port))
        sock.listen(2048)
    except OSError:
        sock.close()
        raise
    return sock


def _missing_name(**owners: object) -> str | None:
    """An error text about the first private name that one of its owners lacks; None if all are there."""
    for name, purpose in PRIVATE_NAMES.items():
        owner, *path = name.split(".")
        if owner not in owners:
            continue
        found = owners[owner]
        for step in path:
            found = getattr(found, step, None)
        if found is None:
            return f"uvicorn {uvicorn.__version__} has no {name}, which the stub server needs for {purpose}"
    return None


async def _run_callbacks() -> None:
    """Let a connection that was just accepted become known, and one that was closed release its socket."""
    for _ in range(_LOOP_TURNS):
        await asyncio.sleep(0)
