"""The client of the OSAPI service."""

from __future__ import annotations

from collections.abc import Mapping

from .._core.config import RetryPolicy, Settings, Timeout, clean_base_url
from .._core.hooks import Hooks
from .._core.osapi import DEFAULT_BASE_URL, OSAPI, clean_prefix, with_prefix
from .._core.secret import clean_key
from .._http.types import AsyncHTTPClient
from .base_client import AsyncBaseClient
from .osapi_jobs import AsyncOsapiJobs
from .transport import AsyncTransport

__all__ = ["AsyncOsapiClient"]


class AsyncOsapiClient(AsyncBaseClient):
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

    # async-only: begin
    _imported_later = ("trio_client._async.event_stream",)

    # async-only: end
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
        root = clean_base_url(base_url, "OSAPI_URL", DEFAULT_BASE_URL, allow_plain_http=True)
        settings = Settings.checked(
            base_url=with_prefix(root, clean_prefix(api_prefix)),
            key=clean_key(token, "OSAPI_TOKEN", "token", called="token"),
            timeout=timeout,
            retry=retry,
            default_headers=default_headers,
            hooks=hooks,
            max_body_bytes=max_body_bytes,
            trust_env=trust_env,
            strict=strict,
            service=OSAPI,
        )
        self._connect(settings, http_client)

    def _set_up(self, transport: AsyncTransport) -> None:
        super()._set_up(transport)
        self._jobs = AsyncOsapiJobs(transport)

    @property
    def jobs(self) -> AsyncOsapiJobs:
        """All jobs of the server."""
        return self._jobs
