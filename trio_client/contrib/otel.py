"""OpenTelemetry: a span for each call and each event stream. It needs the extra `otel`.

    from trio_client import TrioClient
    from trio_client.contrib.otel import instrument

    client = instrument(TrioClient())

Spans carry methods, paths without ids, statuses and job ids; never a key, a body, a picture, a question, an
explanation or the address of a camera.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import trio_client.osapi

from .._async.base_client import AsyncBaseClient
from .._async.base_client import shared_state as async_shared_state
from .._core.call import Call
from .._core.config import Settings
from .._core.hooks import CallInfo
from .._sync.base_client import shared_state
from .._version import __version__
from ..errors import APIStatusError

try:
    from opentelemetry import trace
    from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, TracerProvider
except ModuleNotFoundError as _error:
    raise ModuleNotFoundError(
        f"Tracing needs {_error.name}; install it with: pip install 'trio-client[otel]'", name=_error.name
    ) from None

__all__ = ["instrument"]

_C = TypeVar(
    "_C",
    "trio_client.TrioClient",
    "trio_client.AsyncTrioClient",
    "trio_client.osapi.OsapiClient",
    "trio_client.osapi.AsyncOsapiClient",
)
_CODE = re.compile(r"[A-Z_]{1,64}")


def instrument(client: _C, tracer_provider: TracerProvider | None = None) -> _C:
    """Let a client make a span for each call and each event stream, and return it.

    A call's span lasts from its first attempt to its result, retries included, which are events on it. A stream's span
    lasts until its connection ends. Clients made from this one by `with_options` are instrumented too, and the client's
    own hooks are still called.

    Args:
        client: a client of the Trio API or of an OSAPI server, sync or async.
        tracer_provider: where spans go; by default the global one.

    Returns:
        The same client.

    Example:
        >>> from trio_client import TrioClient
        >>> with instrument(TrioClient()) as client:
        ...     page = client.jobs.list()

    Source: OpenTelemetry's semantic conventions for HTTP client spans.
    """
    tracer = trace.get_tracer("trio_client", __version__, tracer_provider)
    state = async_shared_state(client) if isinstance(client, AsyncBaseClient) else shared_state(client)
    state.spans = _Spans(tracer)
    return client


class _Spans:
    """Makes a client's spans, with what is known before a call is sent."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def start(self, call: Call[Any], settings: Settings) -> _CallSpan:
        server = urlsplit(settings.base_url)
        template = _template(call)
        attributes: dict[str, str | int] = {
            "http.request.method": call.method,
            "server.address": server.hostname or "",
            "server.port": server.port or (443 if server.scheme == "https" else 80),
        }
        if call.operation:
            attributes["trio_client.operation"] = call.operation
        if template is not None:
            attributes["url.template"] = template
        name = call.method if template is None else f"{call.method} {template}"
        return _CallSpan(self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes))

    def note_reply(self, info: CallInfo) -> None:
        span = trace.get_current_span()
        if info.status_code is not None:
            span.set_attribute("http.response.status_code", info.status_code)
        if info.attempt > 1:
            span.set_attribute("http.request.resend_count", info.attempt - 1)

    def note_retry(self, info: CallInfo) -> None:
        attributes: dict[str, str | int | float] = {
            "attempt": info.attempt,
            "wait_seconds": info.wait or 0.0,
            "error.type": type(info.error).__name__,
        }
        trace.get_current_span().add_event("retry", attributes)


class _CallSpan:
    def __init__(self, span: Span) -> None:
        self._span = span

    @contextmanager
    def current(self) -> Generator[None]:
        try:
            with trace.use_span(self._span, record_exception=False, set_status_on_exception=False):
                yield
        except BaseException as error:
            self.fail(error)
            self._span.end()
            raise

    def fail(self, error: BaseException) -> None:
        """Record an error by its type alone: its text may quote the server."""
        if isinstance(error, APIStatusError):
            self._span.set_attribute("http.response.status_code", error.status_code)
            if error.code and _CODE.fullmatch(error.code):
                self._span.set_attribute("trio_client.error_code", error.code)
        self._span.set_attribute("error.type", type(error).__name__)
        self._span.set_status(Status(StatusCode.ERROR))

    def end(self, result: object = None) -> None:
        job_id = getattr(result, "job_id", None)
        if isinstance(job_id, str):
            self._span.set_attribute("trio_client.job_id", job_id[:64])
        self._span.end()


def _template(call: Call[Any]) -> str | None:
    """Return the path with its id taken out; `None` for that of `request`, which may hold anything."""
    if call.operation in ("", "request", "request_events"):
        return None
    if call.job_id is None:
        return call.path
    start, _, rest = call.path.removeprefix("/").partition("/")
    return "/".join(("", start, "{job_id}", *rest.split("/")[1:]))
