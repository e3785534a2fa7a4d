"""OpenTelemetry: a span for each call and each event stream. It needs the extra `otel`.

    from trio_client import TrioClient
    from trio_client.contrib.otel import instrument

    client = instrument(TrioClient())

Spans carry methods, paths without ids, statuses and job ids; never a key, a body, a picture, a question, an
explanation or the address of a camera.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

from .._async.client import AsyncTrioClient
from .._async.transport import AsyncTransport
from .._core.call import Call
from .._core.config import Settings, Timeout
from .._core.hooks import CallInfo, Hooks
from .._sync.client import TrioClient
from .._sync.transport import Transport
from .._version import __version__
from ..errors import APIStatusError

try:
    from opentelemetry import trace
    from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, TracerProvider
except ModuleNotFoundError as _error:
    raise ModuleNotFoundError(
        f"Tracing needs {_error.name}; install it with: pip install 'trio-client[otel]'", name=_error.name
    ) from None

if TYPE_CHECKING:
    from pydantic import BaseModel

    from .._http._async.sender import AsyncOpenReply
    from .._http._sync.sender import OpenReply
    from ..osapi import AsyncOsapiClient, OsapiClient

__all__ = ["instrument"]

_C = TypeVar("_C", "TrioClient", "AsyncTrioClient", "OsapiClient", "AsyncOsapiClient")
_M = TypeVar("_M", bound="BaseModel")
_KNOWN_PATHS = re.compile(
    r"/(?:check-once|analyze-frame|prepare-stream|streams/validate|live-monitor|live-digest|jobs?)"
)
_OF_ONE_JOB = re.compile(r"(/jobs?)/[^/]+(/retry)?")


def instrument(client: _C, tracer_provider: TracerProvider | None = None) -> _C:
    """Let a client make a span for each call and each event stream, and return it.

    A call's span lasts from its first attempt to its result, retries included, which are events on it. A stream's span
    lasts until its connection ends. Clients that come from `with_options` afterwards are instrumented too; the client's
    own hooks go on being called. Instrument a client once, before its first call.

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
    transport: Any = client._transport  # pyright: ignore[reportPrivateUsage]
    traced: Any = _AsyncTraced if isinstance(transport, AsyncTransport) else _Traced
    transport.settings = replace(transport.settings, hooks=_with_events(transport.settings.hooks))
    client._set_up(traced.of(transport, tracer))  # pyright: ignore[reportPrivateUsage]
    return client


class _Traced(Transport):
    """A transport whose calls and streams are spans."""

    tracer: Tracer

    @classmethod
    def of(cls, transport: Transport, tracer: Tracer) -> _Traced:
        other = cls(transport.settings, transport.sender, transport.state)
        other.tracer = tracer
        return other

    def with_settings(self, settings: Settings) -> _Traced:
        return self.of(super().with_settings(settings), self.tracer)

    def call(
        self,
        call: Call[_M],
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> _M:
        with _call_span(self.tracer, call, self.settings) as span:
            model = super().call(call, timeout=timeout, extra_headers=extra_headers)
            _note_job(span, model)
            return model

    def open(
        self,
        call: Call[_M],
        *,
        idle: float,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> OpenReply:
        span = _start(self.tracer, call, self.settings)
        with _current(span):
            reply = super().open(call, idle=idle, timeout=timeout, extra_headers=extra_headers)
        reply.next_chunk = partial(_traced_chunk, reply.next_chunk, span)  # type: ignore[method-assign]
        reply.close = partial(_traced_close, reply.close, span)  # type: ignore[method-assign]
        return reply


class _AsyncTraced(AsyncTransport):
    """The same for the async clients."""

    tracer: Tracer

    @classmethod
    def of(cls, transport: AsyncTransport, tracer: Tracer) -> _AsyncTraced:
        other = cls(transport.settings, transport.sender, transport.state)
        other.tracer = tracer
        return other

    def with_settings(self, settings: Settings) -> _AsyncTraced:
        return self.of(super().with_settings(settings), self.tracer)

    async def call(
        self,
        call: Call[_M],
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> _M:
        with _call_span(self.tracer, call, self.settings) as span:
            model = await super().call(call, timeout=timeout, extra_headers=extra_headers)
            _note_job(span, model)
            return model

    async def open(
        self,
        call: Call[_M],
        *,
        idle: float,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> AsyncOpenReply:
        span = _start(self.tracer, call, self.settings)
        with _current(span):
            reply = await super().open(call, idle=idle, timeout=timeout, extra_headers=extra_headers)
        reply.next_chunk = partial(_traced_chunk_async, reply.next_chunk, span)  # type: ignore[method-assign]
        reply.aclose = partial(_traced_close_async, reply.aclose, span)  # type: ignore[method-assign]
        return reply


def _start(tracer: Tracer, call: Call[Any], settings: Settings) -> Span:
    """Start the span of a call, with what is known before it is sent."""
    server = urlsplit(settings.base_url)
    template = _template(call.path)
    attributes: dict[str, str | int] = {
        "http.request.method": call.method,
        "server.address": server.hostname or "",
        "server.port": server.port or (443 if server.scheme == "https" else 80),
    }
    if template is not None:
        attributes["url.template"] = template
    name = call.method if template is None else f"{call.method} {template}"
    return tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)


def _template(path: str) -> str | None:
    """Return a path with its ids taken out; `None` for one that is not the API's, which may hold anything."""
    one = _OF_ONE_JOB.fullmatch(path)
    if one is not None:
        return f"{one[1]}/{{job_id}}{one[2] or ''}"
    return path if _KNOWN_PATHS.fullmatch(path) else None


@contextmanager
def _call_span(tracer: Tracer, call: Call[Any], settings: Settings) -> Generator[Span]:
    span = _start(tracer, call, settings)
    with _current(span):
        yield span
    span.end()


@contextmanager
def _current(span: Span) -> Generator[None]:
    """Make a span the current one; an error marks it, and ends it."""
    try:
        with trace.use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False):
            yield
    except BaseException as error:
        _mark(span, error)
        span.end()
        raise


def _mark(span: Span, error: BaseException) -> None:
    """Note an error by its type alone: its text may quote the server."""
    if isinstance(error, APIStatusError):
        span.set_attribute("http.response.status_code", error.status_code)
        if error.code and re.fullmatch(r"[A-Z_]{1,64}", error.code):
            span.set_attribute("trio_client.error_code", error.code)
    span.set_attribute("error.type", type(error).__name__)
    span.set_status(Status(StatusCode.ERROR))


def _note_job(span: Span, model: BaseModel) -> None:
    job_id = getattr(model, "job_id", None)
    if isinstance(job_id, str):
        span.set_attribute("trio_client.job_id", job_id[:64])


def _with_events(hooks: Hooks) -> Hooks:
    """Return hooks that tell the current span, and then whoever was told before."""
    return replace(
        hooks,
        on_response=_both(_note_reply, hooks.on_response),
        on_retry=_both(_note_retry, hooks.on_retry),
    )


def _both(first: Callable[[CallInfo], None], second: Callable[[CallInfo], object] | None) -> Callable[[CallInfo], None]:
    def told(info: CallInfo) -> None:
        first(info)
        if second is not None:
            second(info)

    return told


def _note_reply(info: CallInfo) -> None:
    span = trace.get_current_span()
    if info.status_code is not None:
        span.set_attribute("http.response.status_code", info.status_code)
    if info.attempt > 1:
        span.set_attribute("http.request.resend_count", info.attempt - 1)


def _note_retry(info: CallInfo) -> None:
    attributes: dict[str, str | int | float] = {
        "attempt": info.attempt,
        "wait_seconds": info.wait or 0.0,
        "error.type": type(info.error).__name__,
    }
    trace.get_current_span().add_event("retry", attributes)


def _traced_chunk(inner: Callable[[], bytes | None], span: Span) -> bytes | None:
    try:
        return inner()
    except BaseException as error:
        _mark(span, error)
        raise


def _traced_close(inner: Callable[[], None], span: Span) -> None:
    try:
        inner()
    finally:
        span.end()


async def _traced_chunk_async(inner: Callable[[], Any], span: Span) -> bytes | None:
    try:
        return cast("bytes | None", await inner())
    except BaseException as error:
        _mark(span, error)
        raise


async def _traced_close_async(inner: Callable[[], Any], span: Span) -> None:
    try:
        await inner()
    finally:
        span.end()
