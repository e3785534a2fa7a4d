"""One call to the API: what it asks for, and the request it becomes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode

from pydantic import BaseModel
from pydantic_core import to_json

from .._json import as_object
from .._redaction import MASK, is_secret_name, is_url_name, mask
from .._version import __version__
from ..models._base import Model
from .config import Settings, clean_headers
from .retry.failure import Effect

__all__ = ["EVENT_STREAM", "Call", "Nothing", "Prepared", "prepare", "same_job"]

_M = TypeVar("_M", bound=BaseModel)
EVENT_STREAM = "text/event-stream"
USER_AGENT = "trio-client/{} python/{}.{}.{}".format(__version__, *sys.version_info[:3])


_DECORATION = str.maketrans("", "", "{}-")


def same_job(one: str, other: str) -> bool:
    """Return whether two ids mean the same job. A UUID may be written in any of its usual forms."""
    return one == other or _canonical(one) == _canonical(other)


def _canonical(job_id: str) -> str:
    return job_id.strip().casefold().removeprefix("urn:uuid:").translate(_DECORATION)


@dataclass(frozen=True, slots=True, repr=False)
class Call(Generic[_M]):
    """One request, complete but for what the client adds: base URL, key and its own headers."""

    method: str
    path: str
    model: type[_M]
    effect: Effect
    query: str = ""
    body: Any = None
    accept: str = "application/json"
    fresh_connection: bool = False
    """Whether to use a connection nothing else has used: what costs money must not meet a stale one."""
    operation: str = ""
    """The method of the client that makes it, such as `jobs.get`."""
    job_id: str | None = None
    """The job it is about, if it is in the path."""
    decides: bool = False
    """Whether its reply decides if that job is left running: then one about another job is unusable."""
    divisible: bool = False
    """Whether less can be asked for: a reply over the size limit is then not asked for a second time."""

    def __repr__(self) -> str:  # query and body may name a camera with its password
        return f"<Call {self.method} {self.path}>"

    @property
    def target(self) -> str:
        """Path and query, as they follow the base URL."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments by name, whether they travel in the query or in the body."""
        return {**dict(parse_qsl(self.query)), **as_object(self.body)}

    @property
    def stream_url(self) -> str | None:
        """The stream of the job that it makes."""
        found = as_object(self.body).get("stream_url")
        return found if isinstance(found, str) else None

    @property
    def shown_stream_url(self) -> str | None:
        """The stream it is about, masked."""
        found = self.arguments.get("stream_url") or self.arguments.get("url")
        return mask(found, is_url=True) if isinstance(found, str) else None

    @property
    def content(self) -> bytes | None:
        """The body as JSON."""
        return None if self.body is None else to_json(self.body)


class Nothing(Model):
    """The reply to what has none, such as a deletion; a body is ignored."""


_NO_CALL = Call("GET", "/", Nothing, Effect.SAFE)


@dataclass(frozen=True, slots=True, repr=False)
class Prepared:
    """A request complete but for its key."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None
    fresh_connection: bool
    repeatable: bool
    secrets: Callable[[], Sequence[str]] = field(default=tuple, compare=False)
    """Returns what must appear in no text; a function, so that no traceback's frame holds them."""
    call: Call[Any] = field(default=_NO_CALL, compare=False)
    """What it asks for."""

    def __repr__(self) -> str:  # headers and content may hold secrets
        return f"<Prepared {self.method} {self.shown_url}>"

    @property
    def shown_url(self) -> str:
        """The URL as hooks and logs may show it."""
        address, _, query = self.url.partition("?")
        shown = [(name, _shown(name, value)) for name, value in parse_qsl(query, keep_blank_values=True)]
        return mask(address, is_url=True) + (f"?{urlencode(shown, safe='*:/@')}" if shown else "")


def _shown(name: str, value: str) -> str:
    return MASK if is_secret_name(name) else mask(value, is_url=is_url_name(name))


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
        call=call,
        secrets=lambda: settings.secrets(call.arguments),
    )
