"""The connection below a request, for faults that end it."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from typing import Any

from starlette.types import Receive, Scope
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

__all__ = ["ConnectionEndedError", "StubProtocol", "hang_up"]

_KEY = "stub_connection"
_LINGER_ZERO = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


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
