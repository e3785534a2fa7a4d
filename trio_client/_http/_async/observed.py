"""Send requests as always, and report to an observer what is sent and what comes back."""

from __future__ import annotations

from typing import Any

from typing_extensions import Self

from ..._core.call import Prepared
from ..._core.secret import Secret
from ...errors import ConfigurationError
from ..errors import Peer, translate
from ..observer import AsyncObservedClient, ExchangeObserver
from .connection import AsyncContent
from .pool import AsyncExchange
from .sender import AsyncSender

__all__ = ["AsyncObservedSender"]


class AsyncObservedSender(AsyncSender):
    """A sender whose exchanges are observed, over its own connections or through an injected client."""

    def __init__(
        self, base_url: str, key: Secret, *, trust_env: bool, max_body_bytes: int, http_client: AsyncObservedClient
    ) -> None:
        if not isinstance(http_client, AsyncObservedClient):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(
                "http_client records for the other kind of client, sync or async.",
                advice="Use the Recorder's async_http_client() for an async client, and http_client() for a sync one.",
            )
        super().__init__(
            base_url, key, trust_env=trust_env, max_body_bytes=max_body_bytes, http_client=http_client.inner
        )
        self._observe = http_client.observer.request
        self.observer = http_client.observer

    async def _exchange(
        self, request: Prepared, content: AsyncContent, waits: dict[str, float], peer: Peer, *, counted: bool
    ) -> AsyncExchange:
        proxy = None if self._pool is None else self._pool.proxy
        observer = self._observe(
            request.method,
            request.url,
            request.headers,
            request.content,
            [*request.secrets(), *((proxy and proxy.auth) or ())],
            limit=self._max_body_bytes,
        )
        try:
            exchange = await super()._exchange(request, content, waits, peer, counted=counted)
        except BaseException as error:
            observer.failed(error)
            raise
        response = exchange.response
        headers = getattr(response.headers, "multi_items", response.headers.items)()
        if response.is_stream_consumed:  # a mock's reply, complete and decoded already
            headers = [(name, value) for name, value in headers if name.lower() != "content-encoding"]
        observer.head(response.status_code, headers)
        if response.is_stream_consumed:
            observer.piece(bytes(response.content))
            observer.end()
        return _AsyncObservedExchange(exchange, observer, peer)


class _AsyncObservedExchange(AsyncExchange):
    __slots__ = ("_inner", "_observer", "_peer")

    def __init__(self, inner: AsyncExchange, observer: ExchangeObserver, peer: Peer) -> None:
        self._inner = inner
        self._observer = observer
        self._peer = peer
        self.response: Any = inner.response

    def chunks(self) -> Any:
        return _AsyncObservedChunks(self._inner.chunks(), self._observer, self._peer)

    async def close(self, *, reusable: bool) -> None:
        try:
            await self._inner.close(reusable=reusable)
        finally:
            self._observer.left()


class _AsyncObservedChunks:
    __slots__ = ("_chunks", "_observer", "_peer")

    def __init__(self, chunks: Any, observer: ExchangeObserver, peer: Peer) -> None:
        self._chunks = chunks
        self._observer = observer
        self._peer = peer

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            chunk: bytes = await self._chunks.__anext__()
        except StopAsyncIteration:
            self._observer.end()
            raise
        except Exception as error:  # a cancelled read can be made again
            self._observer.failed(translate(error, self._peer))
            raise
        self._observer.piece(chunk)
        return chunk
