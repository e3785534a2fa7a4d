"""Settings of a client, and of its log: checked once, when the client is made."""

from __future__ import annotations

import ipaddress
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from typing_extensions import Self

from .._job_context import logger
from .._numbers import is_number
from .._redaction import kind_of, known_keys, mask, url_secrets
from ..errors import APIStatusError, ConfigurationError
from .hooks import Hooks
from .secret import Secret

__all__ = [
    "TRIO",
    "RetryPolicy",
    "Service",
    "Settings",
    "Timeout",
    "clean_base_url",
    "clean_headers",
    "configure_logging",
    "is_loopback",
]

DEFAULT_BASE_URL = "https://trio.machinefi.com/api"
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\t]*")
_LOG_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO}


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
            if not is_number(value) or not value >= 0:
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


def configure_logging() -> None:
    """Let the environment variable `TRIO_LOG` (`debug` or `info`) turn the logger on."""
    wanted = os.environ.get("TRIO_LOG", "").strip().lower()
    if not wanted:
        return
    if wanted not in _LOG_LEVELS:
        raise ConfigurationError(f"TRIO_LOG is {wanted[:20]!r}; it must be 'debug' or 'info', or unset.")
    logger.setLevel(_LOG_LEVELS[wanted])
    if not logger.handlers and not logging.getLogger().handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s: %(message)s"))
        logger.addHandler(handler)


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
    if not is_number(value) or not value > 0:
        raise ConfigurationError(f"{name} is {value!r}; it must be a positive number of {unit}.")
