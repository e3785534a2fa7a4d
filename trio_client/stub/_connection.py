"""The connection below a request, for faults that end it."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from typing import Any

import h11
from starlette.types import Receive, Scope
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

__all__ = ["MAX_CONNECTIONS", "REQUEST_SECONDS", "ConnectionEndedError", "StubConfig", "StubProtocol", "hang_up"]

_KEY = "stub_connection"
_LINGER_ZERO = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


# Real seconds that a client has for one request, and how many connections there may be at once.
REQUEST_SECONDS = 30.0
MAX_CONNECTIONS = 5_000


class StubConfig(Config):
    """uvicorn's settings, and the time that a client has for one request."""

    request_timeout: float = REQUEST_SECONDS


class ConnectionEndedError(Exception):
    """Raised where the server gives no way to end a connection, so that it ends it by itself."""


class StubProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, which in addition lets a request reach its connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, {**app_state, _KEY: self}, _loop)
        self._limit = config.request_timeout if isinstance(config, StubConfig) else REQUEST_SECONDS
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the client so much time for its first request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what came, and see whether a request is whole by now."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self._stop_watching()

    def _watch(self) -> None:
        """Bound the time from the first byte of a request, or from the connection, to its last."""
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._stop_watching()
        elif self._timer is None:
            self._timer = self.loop.call_later(self._limit, self.transport.close)

    def _stop_watching(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def end(self, *, reset: bool) -> None:
        """End the connection: what was written still goes out, unless it is reset."""
        if not reset:
            self.transport.close()
            return
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self.transport.abort()


async def hang_up(scope: Scope, receive: Receive, *, reset: bool = False) -> None:
    """End the connection of a request, whatever is still missing of its answer."""
    connection = scope.get("state", {}).get(_KEY)
    if not isinstance(connection, StubProtocol):
        raise ConnectionEndedError("a scripted fault ended the connection")
    connection.end(reset=reset)
    while (await receive())["type"] != "http.disconnect":
        pass
