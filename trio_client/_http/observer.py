"""Observe the exchanges of a client on the wire, over its own connections or over those of an injected client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ..errors import ConfigurationError

__all__ = ["AsyncObservedClient", "ExchangeObserver", "Observed", "ObservedClient", "Observer"]


class ExchangeObserver(Protocol):
    """Observes what becomes of one request. No method may raise."""

    def head(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        """The reply's status and headers have arrived."""
        ...

    def piece(self, content: bytes) -> None:
        """A piece of the reply's body has arrived."""
        ...

    def end(self) -> None:
        """The body is complete."""
        ...

    def failed(self, error: BaseException) -> None:
        """The request, or the reading of its reply, has failed."""
        ...

    def left(self) -> None:
        """The exchange is closed; the client has read the reply to its end, or wants no more of it."""
        ...


class Observer(Protocol):
    """Observes all exchanges of a client."""

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        secrets: Sequence[str],
        *,
        limit: int,
    ) -> ExchangeObserver:
        """A request is about to be sent. Returns what observes its reply.

        Args:
            method: the HTTP method.
            url: the whole URL.
            headers: all but the one with the key.
            content: the body.
            secrets: what must not be kept of it.
            limit: the most bytes that the client takes of the reply's body, or of one event, unpacked.
        """
        ...


class Observed:
    """An `http_client=` that has a client's exchanges observed.

    Args:
        observer: what observes them.
        inner: what sends them; `None`: the client's own connections.
    """

    def __init__(self, observer: Observer, inner: Any = None) -> None:
        self.observer: Observer = observer
        self.inner: Any = inner

    def build_request(self, method: str, url: Any, *, headers: Any = None, content: Any = None) -> Any:
        """Refuse: it sends nothing by itself."""
        raise _sends_nothing(self)


class ObservedClient(Observed):
    """An `http_client=` that has a sync client's exchanges observed."""

    def send(self, request: Any, *, stream: bool = False, auth: Any = None, follow_redirects: Any = None) -> Any:
        """Refuse: it sends nothing by itself."""
        raise _sends_nothing(self)


class AsyncObservedClient(Observed):
    """An `http_client=` that has an async client's exchanges observed."""

    async def send(self, request: Any, *, stream: bool = False, auth: Any = None, follow_redirects: Any = None) -> Any:
        """Refuse: it sends nothing by itself."""
        raise _sends_nothing(self)


def _sends_nothing(client: object) -> ConfigurationError:
    return ConfigurationError(
        f"{type(client).__name__} sends nothing by itself.",
        advice="Pass it as http_client= to a client of this package.",
    )
