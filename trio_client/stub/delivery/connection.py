"""How a reply ends the connection that it is sent on; ASGI has no message for that."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from starlette.types import Receive, Scope

__all__ = ["CONNECTION_KEY", "Connection", "ConnectionEndedError", "hang_up"]

# Where a server that has one puts the connection: into the `state` of each request's scope.
CONNECTION_KEY = "stub_connection"


@runtime_checkable
class Connection(Protocol):
    """The connection of a request."""

    def end(self, *, reset: bool) -> None:
        """End the connection: what was written still goes out, unless it is reset."""
        ...


class ConnectionEndedError(Exception):
    """Raised where the server does not pass its connection on, so that it ends the connection itself."""


async def hang_up(scope: Scope, receive: Receive, *, reset: bool = False) -> None:
    """End the connection of a request, whatever is still missing of its reply."""
    connection = scope.get("state", {}).get(CONNECTION_KEY)
    if not isinstance(connection, Connection):
        raise ConnectionEndedError("a scripted fault ended the connection")
    connection.end(reset=reset)
    while (await receive())["type"] != "http.disconnect":
        pass
