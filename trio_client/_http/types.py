"""What an HTTP client passed in by a user must offer."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import Any, Protocol, runtime_checkable

from ..errors import ConfigurationError

__all__ = ["AsyncHTTPClient", "HTTPClient", "check_async_client", "check_client"]


@runtime_checkable
class HTTPClient(Protocol):
    """What an injected client must offer: `httpx.Client` and `httpx2.Client` do."""

    def build_request(self, method: str, url: Any, *, headers: Any = ..., content: Any = ...) -> Any:
        """Return a request object."""
        ...

    def send(self, request: Any, *, stream: bool = ..., auth: Any = ..., follow_redirects: Any = ...) -> Any:
        """Send it and return a response object."""
        ...


@runtime_checkable
class AsyncHTTPClient(Protocol):
    """What an injected client must offer: `httpx.AsyncClient` and `httpx2.AsyncClient` do."""

    def build_request(self, method: str, url: Any, *, headers: Any = ..., content: Any = ...) -> Any:
        """Return a request object."""
        ...

    async def send(self, request: Any, *, stream: bool = ..., auth: Any = ..., follow_redirects: Any = ...) -> Any:
        """Send it and return a response object."""
        ...


def check_client(client: Any) -> None:
    """Raise ConfigurationError if a client that was passed in is of no use to the sync client."""
    if not _can_send(client) or iscoroutinefunction(client.send):
        raise _unusable(client, "an httpx.Client or httpx2.Client")


def check_async_client(client: Any) -> None:
    """Raise ConfigurationError if a client that was passed in is of no use to the async client."""
    waits = hasattr(client, "__enter__") and not hasattr(client, "__aenter__")
    if not _can_send(client) or (waits and not iscoroutinefunction(client.send)):
        raise _unusable(client, "an httpx.AsyncClient, an httpx2.AsyncClient or an httpx_aiohttp.HttpxAiohttpClient")


def _can_send(client: Any) -> bool:
    return (
        not isinstance(client, type)
        and callable(getattr(client, "send", None))
        and callable(getattr(client, "build_request", None))
    )


def _unusable(client: Any, wanted: str) -> ConfigurationError:
    kind = f"type {client.__name__}" if isinstance(client, type) else type(client).__name__
    return ConfigurationError(f"http_client is {kind}; it must be {wanted}.")
