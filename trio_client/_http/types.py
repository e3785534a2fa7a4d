"""What an HTTP client passed in by a user must offer."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["AsyncHTTPClient", "HTTPClient"]


class HTTPClient(Protocol):
    """What an injected client must offer: `httpx.Client` and `httpx2.Client` do."""

    def build_request(self, method: str, url: Any, *, headers: Any = ..., content: Any = ...) -> Any:
        """Return a request object."""
        ...

    def send(self, request: Any, *, stream: bool = ..., auth: Any = ..., follow_redirects: Any = ...) -> Any:
        """Send it and return a response object."""
        ...


class AsyncHTTPClient(Protocol):
    """What an injected client must offer: `httpx.AsyncClient` and `httpx2.AsyncClient` do."""

    def build_request(self, method: str, url: Any, *, headers: Any = ..., content: Any = ...) -> Any:
        """Return a request object."""
        ...

    async def send(self, request: Any, *, stream: bool = ..., auth: Any = ..., follow_redirects: Any = ...) -> Any:
        """Send it and return a response object."""
        ...
