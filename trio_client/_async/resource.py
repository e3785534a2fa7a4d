"""One part of an API, reached as an attribute of its client."""

from __future__ import annotations

from .transport import AsyncTransport

__all__ = ["AsyncResource"]


class AsyncResource:
    """The calls of one part of an API."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._transport.settings.base_url}>"
