"""Settings of a client: checked once, when the client is made."""

from __future__ import annotations

import ipaddress
import os
import re
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from inspect import iscoroutine
from typing import Any
from urllib.parse import urlsplit

from typing_extensions import Self

from .._redaction import kind_of, know, known_keys, mask, url_secrets
from ..errors import APIStatusError, ConfigurationError
from .hooks import Hooks
from .validation import is_async

__all__ = [
    "TRIO",
    "RetryPolicy",
    "Secret",
    "SecretFunction",
    "Service",
    "Settings",
    "Timeout",
    "clean_api_key",
    "clean_base_url",
    "clean_headers",
    "clean_key",
    "is_loopback",
]

_KEYS_MASKED = 3  # of those that a function has returned
DEFAULT_BASE_URL = "https://trio.machinefi.com/api"
_TOKEN = re.compile(r"[\x21-\x7e]+")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\t]*")


class Secret:
    """Hold a secret out of `repr`, `str`, `vars` and pickles."""

    __slots__ = ("__weakref__", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        know(self)

    def reveal(self) -> str:
        """Return the secret; only the code that writes it to the wire or masks it in texts calls this."""
        return self._value

    def refresh(self) -> None:
        """Do nothing: this one stays as it is."""

    def renew(self) -> bool:
        """Ask for another key, since this one was refused; return whether there is one."""
        return False

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("A client and its key are not pickled; build a new client from a ClientConfig instead.")


class SecretFunction(Secret):
    """A key that a function of the caller returns, asked before each request."""

    __slots__ = ("_argument", "_function", "_used")

    def __init__(self, function: Callable[[], str], argument: str) -> None:
        super().__init__("")
        self._function = function
        self._argument = argument
        self._used: deque[Secret] = deque(maxlen=_KEYS_MASKED)

    def refresh(self) -> None:
        """Ask for the key that is used from now on.

        Raises:
            ConfigurationError: the function raised, or returned no text that can be a key.
        """
        source = f"The function {self._argument}"
        try:
            value: object = self._function()
        except Exception as error:  # noqa: BLE001 - it is the caller's, and may raise anything
            raise ConfigurationError(
                f"{source} raised {type(error).__name__}; nothing was sent.", field=self._argument
            ) from error.with_traceback(None)
        if iscoroutine(value):
            value.close()
        checked = _checked_key(value, f"{source} returned a value that", "API key")
        if checked != self._value:
            self._value = checked
            self._used.append(Secret(checked))  # a server may repeat it for a while

    def renew(self) -> bool:
        refused = self._value
        with suppress(ConfigurationError):
            self.refresh()
        return self._value != refused


@dataclass(frozen=True, slots=True)
class Timeout:
    """How long the parts of one request may take, in seconds.

    Attributes:
        connect: to reach the server, TLS included.
        pool: to wait for a free connection.
        response: to wait for each piece of the reply, and to write each piece of the request.

    The whole call with its retries is bounded by `RetryPolicy.deadline`; a stream's silence by an
    idle limit of its own.

    Example:
        >>> Timeout(response=10)
        Timeout(connect=5.0, pool=10.0, response=10)
    """

    connect: float = 5.0
    pool: float = 10.0
    response: float = 60.0

    def __post_init__(self) -> None:
        for name in ("connect", "pool", "response"):
            _require_positive(f"Timeout.{name}", getattr(self, name), "seconds")

    @classmethod
    def of(cls, value: float | Timeout) -> Timeout:
        """Return a `Timeout` as it is, and a number as one for connect, pool and response each."""
        if isinstance(value, Timeout):
            return value
        _require_positive("timeout", value, "seconds")
        return cls(connect=value, pool=value, response=value)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When and how often a failed request is sent again.

    What may be repeated is decided by what is known of the failure, never by this policy alone: a
    create that may have made a job is not sent a second time, whatever is set here.

    Attributes:
        max_attempts: requests in all, the first one included; at least 1.
        deadline: seconds for the whole call, waits included.
        reconcile_for: seconds to search for the job of a create whose outcome is unknown, beside the deadline.
        base_delay: the first wait is a random part of this many seconds; it doubles each time.
        max_delay: no wait before a retry is longer than this many seconds, unless the server asks for it.
        max_retry_after: the longest `Retry-After`, in seconds, that is waited for; a longer one is raised.
        retry_billed: whether `check_once` and `analyze_frame`, billed per call, are sent again when the
            first request may have been carried out.

    Example:
        >>> RetryPolicy(max_attempts=5).with_changes(deadline=30).max_attempts
        5
    """

    max_attempts: int = 3
    deadline: float = 120.0
    reconcile_for: float = 15.0
    base_delay: float = 0.5
    max_delay: float = 8.0
    max_retry_after: float = 60.0
    retry_billed: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.max_attempts, int) or self.max_attempts < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(
                f"RetryPolicy.max_attempts is {self.max_attempts!r}; it must be an int of 1 or more."
            )
        _require_positive("RetryPolicy.deadline", self.deadline, "seconds")
        for name in ("reconcile_for", "base_delay", "max_delay", "max_retry_after"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
                raise ConfigurationError(f"RetryPolicy.{name} is {value!r}; it must be 0 or more seconds.")

    @classmethod
    def of(cls, value: RetryPolicy | None) -> RetryPolicy:
        """Return a policy as it is, and `None` as one attempt."""
        if value is None:
            return cls(max_attempts=1)
        if not isinstance(value, RetryPolicy):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(
                f"retry is {value!r}; it must be a RetryPolicy, such as RetryPolicy(max_attempts=5), "
                "or None for one attempt."
            )
        return value

    def with_changes(self, **changes: float) -> Self:
        """Return a copy with some attributes changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Service:
    """What shared code says differently, or reads differently, for one service than for another.

    Attributes:
        html_means: what an HTML page instead of a reply says about the client's settings.
        html_advice: what to do about such a page.
        advice: what to do about a kind of error, or a status, if the server says nothing and the error's own advice
            does not apply.
        worded: the kind of an error whose body is `{"error": "<text>"}`, by status, where it says more than the status
            of a request about one job.
    """

    html_means: str
    html_advice: str = "Try again; if that does not help, check base_url and .body_preview."
    advice: Mapping[type[APIStatusError] | int, str] = field(default_factory=dict[type[APIStatusError] | int, str])
    worded: Mapping[int, type[APIStatusError]] = field(default_factory=dict[int, type[APIStatusError]])


TRIO = Service("it is an HTML page, so base_url probably leads to something other than the API")


@dataclass(frozen=True, slots=True)
class Settings:
    """A client's settings, checked."""

    base_url: str
    key: Secret
    timeout: Timeout = field(default_factory=Timeout)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    hooks: Hooks = field(default_factory=Hooks)
    max_body_bytes: int = 16 * 2**20
    strict: bool = False
    trust_env: bool = True
    service: Service = TRIO

    @classmethod
    def checked(
        cls,
        *,
        base_url: str,
        key: Secret,
        timeout: float | Timeout,
        retry: RetryPolicy | None,
        default_headers: Mapping[str, str] | None,
        hooks: Hooks | None,
        max_body_bytes: int,
        trust_env: bool,
        strict: bool,
        service: Service = TRIO,
    ) -> Settings:
        """Return the settings that a client's arguments stand for, or raise ConfigurationError."""
        if not isinstance(max_body_bytes, int) or max_body_bytes < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(f"max_body_bytes is {max_body_bytes!r}; it must be an int of 1 or more bytes.")
        return cls(
            base_url,
            key,
            Timeout.of(timeout),
            RetryPolicy.of(retry),
            clean_headers(default_headers, "default_headers"),
            Hooks.of(hooks),
            max_body_bytes,
            strict,
            trust_env,
            service,
        )

    def secrets(self, arguments: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what must appear in no text: keys, passwords of proxies, and the secrets in the request's URLs."""
        found = [self.key.reveal(), *known_keys()]
        for name in ("stream_url", "webhook_url", "url"):
            url = arguments.get(name)
            if isinstance(url, str):
                found += url_secrets(url)
        return tuple(found)


def clean_key(key: str | None, variable: str, argument: str, called: str = "API key") -> Secret:
    """Return the key from the argument or the environment, stripped; refuse what cannot be a header.

    No message quotes the key.
    """
    source = f"{argument}="
    if key is None:
        key, source = os.environ.get(variable), variable
    if key is None:
        raise ConfigurationError(
            f"No {called}.", advice=f"Pass {argument}=, or set the environment variable {variable}."
        )
    return Secret(_checked_key(key, source, called))


def clean_api_key(key: str | Callable[[], str] | None) -> Secret:
    """Return the API key from the argument or the environment, or what asks the function that was passed for it."""
    if not callable(key):
        return clean_key(key, "TRIO_API_KEY", "api_key")
    if is_async(key):
        raise ConfigurationError(
            "api_key is an async function, which is never awaited.",
            advice="Pass a plain function that returns the key at once; a task of yours may keep it fresh.",
            field="api_key",
        )
    return SecretFunction(key, "api_key")


def _checked_key(key: object, source: str, called: str) -> str:
    if not isinstance(key, str):
        raise ConfigurationError(f"{source} is {kind_of(key)}; it must be a str.")
    key = key.strip()
    if not key:
        raise ConfigurationError(f"{source} is empty.", advice=f"Set it to your {called}.")
    if key.lower().startswith("bearer "):
        raise ConfigurationError(
            f"{source} begins with 'Bearer '.", advice="Pass the key alone; the client adds the word."
        )
    if key[0] in "'\"" or key[-1] in "'\"":
        raise ConfigurationError(f"{source} has quotation marks around it.", advice="Pass the key alone.")
    if not _TOKEN.fullmatch(key):
        bad = next(char for char in key if not _TOKEN.fullmatch(char))
        raise ConfigurationError(
            f"{source} contains the character U+{ord(bad):04X}, which no header may carry.",
            advice="Copy the key again.",
        )
    return key


def clean_base_url(url: str | None, variable: str, default: str, *, allow_plain_http: bool) -> str:
    """Return the base URL from the argument or the environment, without a trailing slash.

    Raises:
        ConfigurationError: it is not an http(s) URL, has credentials, a query or a fragment, or would send
            the key in clear to another machine.
    """
    if url is None:
        url = os.environ.get(variable) or default
    url = str(url).strip()
    shown = re.sub(r"(?<=[?#]).+", "…", mask(url, is_url=True), flags=re.DOTALL)  # a query may hold a key
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # its text may quote a password
        raise ConfigurationError(f"base_url {shown!r} is not a URL.", advice="Check its host and port.") from None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(f"base_url {shown!r} must begin with https:// (or http://) and name a host.")
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(
            f"base_url {shown!r} contains credentials.", advice="Remove them; the key goes in a header."
        )
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise ConfigurationError(
            f"base_url {shown!r} has a query or fragment.", advice="Give scheme, host and path only."
        )
    if port == 0 or not re.fullmatch(r"[\x21-\x7e]+", url) or "\\" in url:
        raise ConfigurationError(f"base_url {shown!r} contains characters that no URL has.")
    if parts.scheme.lower() == "http" and not allow_plain_http and not is_loopback(parts.hostname):
        raise ConfigurationError(
            f"base_url {shown!r} would send the key unencrypted.",
            advice="Use https://, or allow_plain_http=True.",
            field="allow_plain_http",
        )
    return url.rstrip("/")


def clean_headers(headers: Mapping[str, str] | None, source: str) -> dict[str, str]:
    """Return extra headers with names in lower case; refuse what would break the request or the key."""
    cleaned: dict[str, str] = {}
    if headers is not None and not isinstance(headers, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"{source} is {kind_of(headers)}; it must be a mapping of names to values.")
    for name, value in (headers or {}).items():
        lower = str(name).lower()
        if not _HEADER_NAME.fullmatch(lower):
            raise ConfigurationError(f"{source} has the name {name!r}, which is not a header name.")
        if lower in ("authorization", "host", "content-length", "transfer-encoding", "connection"):
            raise ConfigurationError(f"{source} sets {name!r}; the client sets that header itself.")
        if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(f"{source}[{name!r}] must be printable ASCII text on one line.")
        cleaned[lower] = value.strip()
    return cleaned


def is_loopback(host: str) -> bool:
    """Return whether a host of a URL is this machine: 127.0.0.0/8, ::1 or localhost, not a name that ends in it."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _require_positive(name: str, value: float, unit: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"{name} is {value!r}; it must be a positive number of {unit}.")
