"""What the clients of all services share: options, their parts, closing, `repr`."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, ClassVar

from typing_extensions import Self

from .._core.config import RetryPolicy, Settings, Timeout, clean_headers, configure_logging
from .._core.hooks import Hooks
from .._core.state import ClientState
from .._core.validation import NOT_GIVEN, NotGiven
from .._http._async.sender import AsyncSender
from .._http.concurrency.async_.owner import current_owner
from .._http.concurrency.async_.shield import do_together, shielded
from .._http.types import AsyncHTTPClient
from .._job_context import logger
from .._loading import loading
from .._time_source import REAL
from ..errors import JobLeakWarning
from .transport import AsyncTransport

__all__ = [
    "AsyncBaseClient",
    "AsyncResource",
    "close_streams",
    "keep_no_connections",  # async-only
    "shared_state",
]

_STRICT = ("trio_client.models._osapi_strict", "trio_client.models._strict")  # async-only
_CHECK_SECONDS = 0.02  # between two checks whether all streams are closed


class AsyncResource:
    """The calls of one part of an API, reached as an attribute of its client."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._transport.settings.base_url}>"


class AsyncBaseClient:
    """A client of some service: its connections, and the options its calls are made with."""

    _closed = True  # until there is something to close
    _owns_connections = False
    # async-only: begin
    _imported_later: ClassVar[tuple[str, ...]] = ()
    """What its calls import on first use; in a thread where an event loop runs."""

    # async-only: end
    def _connect(self, settings: Settings, http_client: AsyncHTTPClient | None) -> None:
        """Set up the client with connections of its own, or those of `http_client`."""
        configure_logging()
        sender_type: Any = AsyncSender
        if http_client is not None:
            with loading():
                from .._http.observer import Observed

                if isinstance(http_client, Observed):
                    from .._http._async.observed import AsyncObservedSender as sender_type  # noqa: N813

        sender: AsyncSender = sender_type(
            settings.base_url,
            settings.key,
            trust_env=settings.trust_env,
            max_body_bytes=settings.max_body_bytes,
            http_client=http_client,
        )
        sender.modules = self._imported_later + (_STRICT if settings.strict else ())  # async-only
        self._owns_connections = True
        self._set_up(AsyncTransport(settings, sender))

    def _set_up(self, transport: AsyncTransport) -> None:
        self._transport = transport
        self._closed = False

    @property
    def base_url(self) -> str:
        """The URL that the paths of the endpoints are appended to, without a trailing slash."""
        return self._transport.settings.base_url

    def with_options(
        self,
        *,
        timeout: float | Timeout | None = None,
        retry: RetryPolicy | NotGiven | None = NOT_GIVEN,
        default_headers: Mapping[str, str] | None = None,
        strict: bool | None = None,
        hooks: Hooks | None = None,
    ) -> Self:
        """Return a client with other options that shares this one's connections.

        Args:
            timeout: seconds for connect, pool and response each, or a `Timeout`; `None`: as it is.
            retry: when failed requests are sent again; `None`: never, not given: as it is.
            default_headers: headers to send in addition to this client's.
            strict: whether every deviation from the documented schema is an error; `None`: as it is.
            hooks: functions to call in place of this client's; `None`: as it is, `Hooks()`: none.

        Returns:
            The other client. Closing it closes nothing.

        Raises:
            ConfigurationError: an argument cannot work.

        Example:
            >>> async with AsyncTrioClient() as client:
            ...     quick = client.with_options(timeout=2, retry=None)
            ...     page = await quick.jobs.list()
        """
        old = self._transport.settings
        settings = replace(
            old,
            timeout=old.timeout if timeout is None else Timeout.of(timeout),
            retry=old.retry if retry is NOT_GIVEN else RetryPolicy.of(retry),
            headers={**old.headers, **clean_headers(default_headers, "default_headers")},
            strict=old.strict if strict is None else strict,
            hooks=old.hooks if hooks is None else Hooks.of(hooks),
        )
        other = object.__new__(type(self))
        other._owns_connections = False
        other._set_up(self._transport.with_settings(settings))
        return other

    async def close(self, *, timeout: float = 10.0) -> None:
        """Stop the jobs of this client's open streams, and close the connections.

        Stops that are under way are waited for. Streams that were to leave their jobs running, and those that follow
        jobs started elsewhere, only end. A job whose stop could not be confirmed in time is named in a
        `JobLeakWarning`. Calling it again does nothing; calls after it raise ConfigurationError.

        A client made by `with_options`, and an `http_client` passed in, are left as they are.

        Args:
            timeout: how long to wait for the stops, in seconds.
        """
        if self._closed:
            return
        self._closed = True
        if self._owns_connections:
            state = self._transport.state
            try:
                if state.open_streams and state.open_streams.of(current_owner()):
                    await close_streams(self._transport, timeout)
            finally:
                state.closed = True
                await self._transport.aclose()

    aclose = close  # async-only

    async def __aenter__(self) -> Self:
        await self._transport.sender.prepare()  # async-only
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def __del__(self) -> None:
        if not self._closed and self._owns_connections and self._transport.sender.in_use:
            warnings.warn(f"{self!r} was never closed; use it in a `with` block.", ResourceWarning, stacklevel=2)

    def __repr__(self) -> str:
        made = hasattr(self, "_transport")  # not if the constructor raised
        return f"<{type(self).__name__} of {self.base_url}>" if made else f"<{type(self).__name__}, not connected>"


async def close_streams(transport: AsyncTransport, seconds: float) -> None:
    """Close a client's open streams, all at once, and wait for those that are being closed; name what is left."""
    state, owner = transport.state, current_owner()
    state.stop_until = transport.clock() + seconds
    until = REAL.monotonic() + seconds
    leaks: list[JobLeakWarning] = []

    async def close(stream: Any) -> None:
        try:
            await stream._close_with_client()
        except JobLeakWarning as leak:  # warnings are errors here
            leaks.append(leak)
        except Exception as error:  # noqa: BLE001 - the others are to be closed all the same
            logger.error("Closing %r failed: %s", stream, error)

    streams: list[Any] = state.open_streams.of(owner)
    with shielded(seconds + 1):
        await do_together([partial(close, stream) for stream in streams], seconds=seconds)
        while streams and REAL.monotonic() < until:
            await REAL.async_sleep(_CHECK_SECONDS)
            streams = state.open_streams.of(owner)
    for stream in streams:
        state.open_streams.discard(stream)
        warnings.warn(
            JobLeakWarning(
                f"The client was closed while {stream!r} was being closed: its job may still be running and billed.",
                job_id=getattr(stream, "job_id", None),
                advice="Close its streams before the client, or give close() a longer timeout.",
            ),
            stacklevel=4,
        )
    if leaks:
        raise leaks[0]


def shared_state(client: AsyncBaseClient) -> ClientState:
    """Return what a client shares with its copies of other options: test kits set its time, tracing its spans."""
    return client._transport.state  # pyright: ignore[reportPrivateUsage]


def shared_transport(client: AsyncBaseClient) -> AsyncTransport:
    """Return what sends a client's requests."""
    return client._transport  # pyright: ignore[reportPrivateUsage]


# async-only: begin
def keep_no_connections(client: AsyncBaseClient) -> None:
    """Let a client close each of its connections after use, so that closing the client needs no event loop."""
    client._transport.sender.keep_no_connections()  # pyright: ignore[reportPrivateUsage]


# async-only: end
