"""Read a reply's body from the connection itself.

The HTTP library closes a connection of which a read was cancelled. Here such a read loses nothing, and can be made
again: what has arrived is kept by the socket and by h11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import h11
from typing_extensions import Self

if TYPE_CHECKING:
    import httpcore

__all__ = ["SENDING", "AsyncBody"]

SENDING = h11.SEND_BODY

_READ_BYTES = 64 * 1024


class AsyncBody:
    """Iterate over the pieces of a body, in the sizes in which they come.

    Args:
        state: the state of HTTP/1.1 on the connection, whose reply's head was read.
        network: what the connection reads from.
        waits: its time limits; `read` is looked up for each read.
    """

    __slots__ = ("_network", "_state", "_waits")

    def __init__(self, state: h11.Connection, network: httpcore.AsyncNetworkStream, waits: Mapping[str, float]) -> None:
        self._state = state
        self._network = network
        self._waits = waits

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while True:
            event = self._state.next_event()
            if event is h11.NEED_DATA:
                self._state.receive_data(await self._network.read(_READ_BYTES, self._waits.get("read")))
            elif isinstance(event, h11.Data):
                return bytes(event.data)
            else:  # the end of the message
                raise StopAsyncIteration
