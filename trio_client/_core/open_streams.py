"""The streams of a client that are open, so that closing the client can close them."""

from __future__ import annotations

import weakref
from typing import Any

__all__ = ["OpenStreams"]


class OpenStreams:
    """Streams that were opened and are not closed yet, also while their jobs are being stopped.

    It does not keep them alive: one that the program has dropped can be noticed.
    """

    def __init__(self) -> None:
        self._streams: dict[int, tuple[weakref.ref[Any], object]] = {}

    def add(self, stream: object, owner: object) -> None:
        """Note an open stream, and the event loop or the process that it belongs to."""
        number = id(stream)
        reference = weakref.ref(stream, lambda _: self._streams.pop(number, None))
        self._streams[number] = reference, owner

    def discard(self, stream: object) -> None:
        """Note that a stream is closed, and its job stopped or released."""
        self._streams.pop(id(stream), None)

    def __contains__(self, stream: object) -> bool:
        return id(stream) in self._streams

    def __bool__(self) -> bool:
        return bool(self._streams)

    def of(self, owner: object) -> list[Any]:
        """Return the open streams of an event loop, or of this process."""
        found = [reference() for reference, each in list(self._streams.values()) if each == owner]
        return [stream for stream in found if stream is not None]
