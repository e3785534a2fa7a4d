"""The client of the OSAPI service."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING

from .._core.config import RetryPolicy, Settings, Timeout, clean_base_url, clean_headers, clean_key
from .._core.hooks import Hooks
from .._core.log import configure_logging
from .._core.osapi import DEFAULT_BASE_URL, OSAPI, clean_prefix, with_prefix
from .._core.validation import NOT_GIVEN, NotGiven
from .._http._async.sender import AsyncSender
from .._http.types import AsyncHTTPClient
from ..errors import ConfigurationError
from .osapi_jobs import AsyncOsapiJobs
from .transport import AsyncTransport

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["AsyncOsapiClient"]


class AsyncOsapiClient:
    """Talk to the job API of an OSAPI server: list, read, follow, delete and retry jobs.

    Use it as a context manager, or call `close()` at the end. One client serves a whole program: it may be
    shared and keeps its connections. Retries, errors, hooks and limits are those of `AsyncTrioClient`.

    Args:
        token: the server's token (a JWT, without the word Bearer); by default the environment variable
            `OSAPI_TOKEN`.
        base_url: scheme, host and port of the server; by default `OSAPI_URL`, else `http://localhost:8080`. Plain
            http is allowed: these servers speak nothing else, TLS is for a proxy before them.
        api_prefix: the path before the endpoints: `/api` for servers since April 2026, empty for older ones.
        timeout: seconds for connect, pool and response each, or a `Timeout`.
        retry: when failed requests are sent again; `None`: never.
        default_headers: headers to send with every request.
        http_client: an `httpx` (or `httpx2`) client of your own to send through; it stays yours to close.
        hooks: functions to call before requests, after replies and before retries.
        max_body_bytes: the largest reply that is accepted, counted after decompression.
        trust_env: whether the environment's proxies and certificates (`HTTPS_PROXY`, `SSL_CERT_FILE` …) count.
        strict: whether every deviation from the documented schema is an error; for testing a server.

    Raises:
        ConfigurationError: there is no token, or an argument cannot work.

    Example:
        >>> from trio_client.osapi import AsyncOsapiClient
        >>> async with AsyncOsapiClient() as client:
        ...     page = await client.jobs.list(limit=5)
        >>> len(page), page.total_items
        (3, 3)

    Source: OSAPI reference, "List jobs"; its Go SDK (names of the variables, default address).
    """

    def __init__(
        self,
        token: str | None = None,
        *,
        base_url: str | None = None,
        api_prefix: str = "/api",
        timeout: float | Timeout = Timeout(),
        retry: RetryPolicy | None = RetryPolicy(),
        default_headers: Mapping[str, str] | None = None,
        http_client: AsyncHTTPClient | None = None,
        hooks: Hooks | None = None,
        max_body_bytes: int = 16 * 2**20,
        trust_env: bool = True,
        strict: bool = False,
    ) -> None:
        self._closed = True  # until there is something to close
        configure_logging()
        if not isinstance(max_body_bytes, int) or max_body_bytes < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(f"max_body_bytes is {max_body_bytes!r}; it must be an int of 1 or more bytes.")
        root = clean_base_url(base_url, "OSAPI_URL", DEFAULT_BASE_URL, allow_plain_http=True)
        settings = Settings(
            base_url=with_prefix(root, clean_prefix(api_prefix)),
            key=clean_key(token, "OSAPI_TOKEN", "token", called="token"),
            timeout=Timeout.of(timeout),
            retry=RetryPolicy.of(retry),
            headers=clean_headers(default_headers, "default_headers"),
            hooks=Hooks.of(hooks),
            max_body_bytes=max_body_bytes,
            strict=strict,
            trust_env=trust_env,
            service=OSAPI,
        )
        sender = AsyncSender(
            settings.base_url,
            settings.key,
            trust_env=trust_env,
            max_body_bytes=max_body_bytes,
            http_client=http_client,
        )
        self._owns_connections = True
        self._set_up(AsyncTransport(settings, sender))

    def _set_up(self, transport: AsyncTransport) -> None:
        self._transport = transport
        self._closed = False
        self.jobs: AsyncOsapiJobs = AsyncOsapiJobs(transport)

    @property
    def base_url(self) -> str:
        """Where the endpoints are, the prefix included, without a trailing slash."""
        return self._transport.settings.base_url

    def with_options(
        self,
        *,
        timeout: float | Timeout | None = None,
        retry: RetryPolicy | NotGiven | None = NOT_GIVEN,
        default_headers: Mapping[str, str] | None = None,
        strict: bool | None = None,
    ) -> Self:
        """Return a client with other options that shares this one's connections.

        Args:
            timeout: as for the client; `None`: as it is.
            retry: as for the client; not given: as it is.
            default_headers: headers to send in addition to this client's.
            strict: as for the client; `None`: as it is.

        Returns:
            The other client. Closing it closes nothing.

        Raises:
            ConfigurationError: an argument cannot work.

        Example:
            >>> from trio_client.osapi import AsyncOsapiClient
            >>> async with AsyncOsapiClient() as client:
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
        )
        other = object.__new__(type(self))
        other._owns_connections = False
        other._set_up(self._transport.with_settings(settings))
        return other

    async def close(self) -> None:
        """Close the connections. Calling it again does nothing; calls after it raise ConfigurationError.

        A client made by `with_options`, and an `http_client` passed in, are left as they are.
        """
        if self._closed:
            return
        self._closed = True
        if self._owns_connections:
            self._transport.state.closed = True
            await self._transport.aclose()

    aclose = close  # async-only

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True) and self._owns_connections and self._transport.sender.in_use:
            warnings.warn(f"{self!r} was never closed; use it in a `with` block.", ResourceWarning, stacklevel=2)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.base_url}>"
