"""Client settings that can be sent to other processes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import trio_client

from ._core.config import RetryPolicy, Timeout
from ._redaction import MASK, is_secret_name, presentable
from .errors import ConfigurationError

__all__ = ["ClientConfig"]


@dataclass(frozen=True)
class ClientConfig:
    """The settings of a client, so that workers of a pool or a cluster can make their own.

    It can be pickled. It holds the name of the environment variable with the key, never the key: each worker reads its
    own environment.

    Attributes:
        key_variable: the environment variable that holds the API key, in capital letters.
        base_url: where the API is; `None`: `TRIO_BASE_URL`, else `https://trio.machinefi.com/api`.
        timeout: seconds for connect, pool and response each, or a `Timeout`.
        retry: when failed requests are sent again; `None`: never.
        default_headers: headers to send with every request.
        max_body_bytes: the largest reply or event that is accepted, counted after decompression.
        allow_plain_http: whether the key may travel unencrypted to another machine.
        trust_env: whether the environment's proxies and certificates (`HTTPS_PROXY`, `SSL_CERT_FILE` …) count.
        strict: whether every deviation from the documented schema is an error; for testing a server.

    Example:
        >>> import pickle
        >>> config = pickle.loads(pickle.dumps(ClientConfig(timeout=10)))
        >>> with config.client() as client:
        ...     page = client.jobs.list()
    """

    key_variable: str = "TRIO_API_KEY"
    base_url: str | None = None
    timeout: float | Timeout = Timeout()
    retry: RetryPolicy | None = RetryPolicy()
    default_headers: Mapping[str, str] | None = None
    max_body_bytes: int = 16 * 2**20
    allow_plain_http: bool = False
    trust_env: bool = True
    strict: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", str(self.key_variable)):
            raise ConfigurationError(
                "key_variable must be the name of an environment variable, in capital letters, such as TRIO_API_KEY. "
                "It names the variable that holds the key, and is never the key itself."
            )

    def client(self) -> trio_client.TrioClient:
        """Return a new client.

        Raises:
            ConfigurationError: the variable is not set here, or a setting cannot work.
        """
        from ._sync.client import TrioClient

        return TrioClient(self._key(), **self._options())

    def async_client(self) -> trio_client.AsyncTrioClient:
        """Return a new async client.

        Raises:
            ConfigurationError: the variable is not set here, or a setting cannot work.
        """
        from ._async.client import AsyncTrioClient

        return AsyncTrioClient(self._key(), **self._options())

    def _key(self) -> str:
        key = os.environ.get(self.key_variable)
        if key is None:
            raise ConfigurationError(
                "No API key.", advice=f"Set the environment variable {self.key_variable} in this process."
            )
        return key

    def _options(self) -> dict[str, Any]:
        options = dict(vars(self))
        del options["key_variable"]
        return options

    def __repr__(self) -> str:
        values = {name: presentable(value, name) for name, value in vars(self).items()}
        if self.default_headers is not None:
            values["default_headers"] = {
                name: MASK if is_secret_name(name) or "cookie" in name.lower() else presentable(value)
                for name, value in self.default_headers.items()
            }
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in values.items())})"
