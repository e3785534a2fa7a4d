"""What a client is set up with, and how it makes requests complete."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from pydantic import BaseModel

from .._redaction import mask, preview
from .._version import __version__
from ..errors import APIStatusError, ConfigurationError
from .config import RetryPolicy, Secret, Timeout, clean_headers
from .endpoints import Call
from .outcome import Effect

__all__ = ["TRIO", "CallInfo", "Hooks", "Prepared", "Service", "Settings", "notify", "prepare"]

_M = TypeVar("_M", bound=BaseModel)
USER_AGENT = "trio-client/{} python/{}.{}.{}".format(__version__, *sys.version_info[:3])
logger = logging.getLogger("trio_client")


@dataclass(frozen=True, slots=True)
class CallInfo:
    """What a hook is told about one request.

    Attributes:
        method: the HTTP method.
        url: where it goes, credentials masked.
        attempt: 1 for the first request of a call, 2 for its first repetition, and so on.
        status_code: the reply's status, once there is one.
        elapsed: seconds since the call began.
        wait: seconds until the next attempt, for `on_retry`.
        error: what went wrong, for `on_retry`.
        reference: the id a create carries as its `Idempotency-Key`.
    """

    method: str
    url: str
    attempt: int = 1
    status_code: int | None = None
    elapsed: float | None = None
    wait: float | None = None
    error: Exception | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Hooks:
    """Functions a client calls on its way; each gets one `CallInfo` and must return quickly.

    An exception in a hook is logged and does not disturb the call.

    Attributes:
        on_request: before each request.
        on_response: after each reply, also an error.
        on_retry: before the wait for another attempt.
        on_intent: before the first request of a create, with its reference: a trace of what may become a job.

    Example:
        >>> calls = []
        >>> hooks = Hooks(on_response=lambda info: calls.append((info.method, info.status_code)))
    """

    on_request: Callable[[CallInfo], object] | None = None
    on_response: Callable[[CallInfo], object] | None = None
    on_retry: Callable[[CallInfo], object] | None = None
    on_intent: Callable[[CallInfo], object] | None = None

    @classmethod
    def of(cls, value: Hooks | None) -> Hooks:
        """Return hooks as they are, and `None` as none."""
        if value is not None and not isinstance(value, Hooks):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(
                f"hooks is {preview(repr(value))}; it must be Hooks, such as Hooks(on_response=print)."
            )
        return value or cls()


@dataclass(frozen=True, slots=True)
class Service:
    """What shared code says differently, or reads differently, for one service than for another.

    Attributes:
        html_means: what an HTML page in the place of a reply says of the client's settings.
        advice: what to do about an error, where the server says nothing and the error's own advice does not fit.
        worded: the kind of an error whose body is `{"error": "<text>"}`, by status, where it says more than the status.
    """

    html_means: str
    advice: Mapping[type[APIStatusError], str] = field(default_factory=dict[type[APIStatusError], str])
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

    def secrets(self, arguments: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what must appear in no text: the key, and the passwords in the request's URLs."""
        found = [self.key.reveal()]
        for name in ("stream_url", "webhook_url", "url"):
            url = arguments.get(name)
            try:
                password = urlsplit(url).password if isinstance(url, str) else None
            except ValueError:
                password = None
            if password:
                found += [password, unquote(password)]
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request complete but for its key."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None = field(repr=False)
    fresh_connection: bool
    repeatable: bool

    @property
    def shown_url(self) -> str:
        """The URL as hooks and logs may show it."""
        address, _, query = self.url.partition("?")
        shown = [(name, mask(value)) for name, value in parse_qsl(query, keep_blank_values=True)]
        return mask(address) + (f"?{urlencode(shown, safe='*:/@')}" if shown else "")


def prepare(call: Call[_M], settings: Settings, extra_headers: Mapping[str, str] | None) -> Prepared:
    """Return a call as the request that goes out, without the key."""
    headers: dict[str, str] = {
        "accept": call.accept,
        "accept-encoding": "identity",
        "user-agent": USER_AGENT,
        **settings.headers,
    }
    if extra_headers:
        headers |= clean_headers(extra_headers, "extra_headers")
    content = call.content
    if content is not None:
        headers["content-type"] = "application/json"
    return Prepared(
        method=call.method,
        url=settings.base_url + call.target,
        headers=headers,
        content=content,
        fresh_connection=call.fresh_connection,
        repeatable=call.effect is Effect.SAFE,
    )


def notify(hook: Callable[[CallInfo], object] | None, info: CallInfo) -> None:
    """Call a hook, if there is one; its exceptions are logged and go no further."""
    if hook is None:
        return
    try:
        hook(info)
    except Exception as error:  # noqa: BLE001 - a hook must not lose a paid job
        logger.error("A hook failed on %s %s: %s", info.method, info.url, preview(repr(error)))
