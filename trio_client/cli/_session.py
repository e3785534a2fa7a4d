"""What the commands of one run share: settings, output and clients."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._redaction import url_secrets
from ._config import Config
from ._exits import UsageError
from ._files import decoded
from ._out import Out

if TYPE_CHECKING:
    from .. import AsyncTrioClient, TrioClient
    from ..osapi import OsapiClient

__all__ = ["Session", "read_secret", "saved_key_path", "warn_if_readable_by_others"]

_LONGEST_KEY_FILE = 64 * 1024


class Session:
    """The settings of one run.

    Args:
        out: prints results and messages.
        config: the contents of the settings file.
        base_url: `--base-url`.
        key_file: `--api-key-file`; `-` is standard input.
        timeout: `--timeout`, in seconds.
        allow_plain_http: `--allow-plain-http`.

    Attributes:
        api_prefix: `osapi --api-prefix`.
    """

    def __init__(
        self,
        out: Out,
        config: Config,
        *,
        base_url: str | None,
        key_file: Path | None,
        timeout: float | None,
        allow_plain_http: bool,
    ) -> None:
        self.out = out
        self.config = config
        self._base_url = base_url
        self._key_file = key_file
        self._timeout = timeout if timeout is not None else config.settings.get("timeout")
        self.api_prefix: str | None = None
        self._allow_plain_http = allow_plain_http or bool(config.settings.get("allow_plain_http"))

    @property
    def key_is_on_stdin(self) -> bool:
        """Whether the key is read from standard input."""
        return self._key_file is not None and str(self._key_file) == "-"

    def key(self) -> tuple[str | None, str]:
        """Return the API key and its source; output masks it from now on."""
        key, source = self._secret("TRIO_API_KEY", self.config.settings.get("api_key"))
        path = saved_key_path(self.config)
        if key is not None or not path.is_file():
            return key, source
        key = read_secret(path, self.out)
        self.out.secrets.append(key)
        return key, str(path)

    def base_url(self) -> tuple[str | None, str]:
        """Return the base URL and its source; `None` is the public API."""
        return _first(
            ("--base-url", self._base_url),
            ("TRIO_BASE_URL", _variable("TRIO_BASE_URL")),
            (str(self.config.path), self.config.settings.get("base_url")),
        )

    def client(self, *, retry: bool = True) -> TrioClient:
        """Return a client of the Trio API."""
        from .. import RetryPolicy, TrioClient

        return TrioClient(**self._trio_options(), retry=RetryPolicy() if retry else None)

    def async_client(self) -> Callable[[], AsyncTrioClient]:
        """Return a function that makes an async client of the Trio API, in the event loop that it is for."""
        from .. import AsyncTrioClient

        return partial(AsyncTrioClient, **self._trio_options())

    def _trio_options(self) -> dict[str, Any]:
        key, self.out.advice.key_source = self.key()
        if key is None:
            raise UsageError(
                "There is no API key: set TRIO_API_KEY, name a file with --api-key-file, run `trio-client login`, "
                f"or put api_key into {self.config.path}. Keys are made at https://console.machinefi.com; "
                "the stub server (`trio-client stub`) accepts any."
            )
        base_url, _ = self.base_url()
        own = {"api_key": key, "base_url": base_url, "allow_plain_http": self._allow_plain_http}
        return {**own, **self._options()}

    def osapi(self) -> OsapiClient:
        """Return a client of an OSAPI server."""
        from ..osapi import OsapiClient

        token, self.out.advice.key_source = self._secret("OSAPI_TOKEN", self.config.osapi.get("token"))
        if token is None:
            raise UsageError(
                "There is no OSAPI token: set OSAPI_TOKEN, name a file with --api-key-file, "
                f"or put token into the table osapi of {self.config.path}."
            )
        base_url = self._base_url or _variable("OSAPI_URL") or self.config.osapi.get("url")
        prefix = self.api_prefix if self.api_prefix is not None else self.config.osapi.get("api_prefix", "/api")
        self.out.advice.osapi = True
        return OsapiClient(token, base_url=base_url, api_prefix=prefix, **self._options())

    def protect(self, *urls: str | None) -> None:
        """Mask the secrets in these URLs from now on."""
        for url in urls:
            self.out.secrets += url_secrets(url or "")

    def _options(self) -> dict[str, Any]:
        return {} if self._timeout is None else {"timeout": float(self._timeout)}

    def _secret(self, variable: str, configured: str | None) -> tuple[str | None, str]:
        named = None if self._key_file is None else read_secret(self._key_file, self.out)
        value, source = _first(
            ("--api-key-file", named),
            (variable, _variable(variable)),
            (str(self.config.path), configured),
        )
        if value is not None:
            self.out.secrets.append(value.strip())
        return value, source


def read_secret(path: Path, out: Out) -> str:
    """Return the first line of a file, or of standard input for `-`; warn if other users can read the file."""
    try:
        if str(path) == "-":
            return sys.stdin.readline(_LONGEST_KEY_FILE).removeprefix("\ufeff").strip()
        with path.open("rb") as file:
            warn_if_readable_by_others(path, os.fstat(file.fileno()), out)
            return decoded(file.read(_LONGEST_KEY_FILE)).strip().partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not text'}.") from error


def saved_key_path(config: Config) -> Path:
    """Return the file that `login` saves the API key in, beside the settings file."""
    return config.path.parent / "api-key"


def warn_if_readable_by_others(path: Path, status: os.stat_result, out: Out) -> None:
    """Warn of a file with a secret that other users of this machine can read. A pipe has no readers but its own."""
    if os.name != "nt" and stat.S_ISREG(status.st_mode) and status.st_mode & 0o077:
        out.warn(f"{path} holds a secret and other users can read it; run: chmod 600 {path}")


def _variable(name: str) -> str | None:
    """Return an environment variable; an empty one counts as not set."""
    value = os.environ.get(name, "")
    return value if value.strip() else None


def _first(*candidates: tuple[str, str | None]) -> tuple[str | None, str]:
    return next(((value, source) for source, value in candidates if value is not None), (None, "nowhere"))
