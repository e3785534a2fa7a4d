"""The client: where everything begins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

import trio_client

from .._core.config import DEFAULT_BASE_URL, RetryPolicy, Settings, Timeout, clean_base_url
from .._core.endpoints import analyze_frame, check_once, event_call, raw_call
from .._core.hooks import Hooks
from .._core.secret import clean_api_key
from .._http.types import AsyncHTTPClient
from .._later import Later
from .._loading import loading
from .._numbers import positive_limit
from ..frames import Frame
from ..models import CheckResult, FrameAnswer, InputMode
from .base_client import AsyncBaseClient
from .jobs import AsyncJobs
from .streams import AsyncStreams
from .transport import AsyncTransport

if TYPE_CHECKING:
    from . import live_digest as digests
    from . import live_monitor as monitors
else:
    digests, monitors = Later(f"{__package__}.live_digest"), Later(f"{__package__}.live_monitor")

__all__ = ["AsyncTrioClient"]

_R = TypeVar("_R")


class AsyncTrioClient(AsyncBaseClient):
    """Talk to the Trio API: ask questions about live video, once or for hours.

    Use it as a context manager, or call `close()` at the end. One client serves a whole program: it may be
    shared and keeps its connections.

    Args:
        api_key: the API key; by default the environment variable `TRIO_API_KEY`. A function is asked before each
            request, for keys that rotate: it must return at once. While jobs are stopped, the last key is used,
            and another is asked for where that is refused.
        base_url: where the API is; by default `TRIO_BASE_URL`, else `https://trio.machinefi.com/api`.
        timeout: seconds for connect, pool and response each, or a `Timeout`.
        retry: when failed requests are sent again; `None`: never.
        default_headers: headers to send with every request.
        http_client: an `httpx` (or `httpx2`) client of your own to send through; it stays yours to close.
        hooks: functions to call before requests, after replies and before retries.
        max_body_bytes: the largest reply or event that is accepted, counted after decompression.
        allow_plain_http: whether the key may travel unencrypted to another machine.
        trust_env: whether the environment's proxies and certificates (`HTTPS_PROXY`, `SSL_CERT_FILE` …) count.
        strict: whether every deviation from the documented schema is an error; for testing a server.

    Raises:
        ConfigurationError: there is no key, or an argument cannot work. Each call raises it where a function for the
            key raised, or returned no text; nothing was sent.

    Example:
        >>> from trio_client import AsyncTrioClient
        >>> async with AsyncTrioClient() as client:
        ...     result = await client.check_once("rtsp://cam/1", "a van is there")
        >>> result.explanation is not None
        True

    Source: the API's "Authentication" page (base URL, bearer key).
    """

    # async-only: begin
    _imported_later = (
        "trio_client._async.event_request",
        "trio_client._async.live_digest",
        "trio_client._async.live_monitor",
        "trio_client._async.watch_many",
        "trio_client._core.reports",
        "trio_client.events._json_form",
    )

    # async-only: end
    def __init__(
        self,
        api_key: str | Callable[[], str] | None = None,
        *,
        base_url: str | None = None,
        timeout: float | Timeout = Timeout(),
        retry: RetryPolicy | None = RetryPolicy(),
        default_headers: Mapping[str, str] | None = None,
        http_client: AsyncHTTPClient | None = None,
        hooks: Hooks | None = None,
        max_body_bytes: int = 16 * 2**20,
        allow_plain_http: bool = False,
        trust_env: bool = True,
        strict: bool = False,
    ) -> None:
        settings = Settings.checked(
            base_url=clean_base_url(base_url, "TRIO_BASE_URL", DEFAULT_BASE_URL, allow_plain_http=allow_plain_http),
            key=clean_api_key(api_key),
            timeout=timeout,
            retry=retry,
            default_headers=default_headers,
            hooks=hooks,
            max_body_bytes=max_body_bytes,
            trust_env=trust_env,
            strict=strict,
        )
        self._connect(settings, http_client)

    def _set_up(self, transport: AsyncTransport) -> None:
        super()._set_up(transport)
        self._jobs = AsyncJobs(transport)
        self._streams: AsyncStreams | None = None
        self._live_monitor: monitors.AsyncLiveMonitor | None = None
        self._live_digest: digests.AsyncLiveDigest | None = None

    @property
    def jobs(self) -> AsyncJobs:
        """All jobs of the account."""
        return self._jobs

    @property
    def streams(self) -> AsyncStreams:
        """Streams: whether they can be watched, and the address that can."""
        if self._streams is None:
            self._streams = AsyncStreams(self._transport)
        return self._streams

    @property
    def live_monitor(self) -> monitors.AsyncLiveMonitor:
        """Monitors: jobs that check a condition again and again."""
        if self._live_monitor is None:
            with loading():
                from .live_monitor import AsyncLiveMonitor  # with all that streams need, which not every program does

            self._live_monitor = AsyncLiveMonitor(self._transport)
        return self._live_monitor

    @property
    def live_digest(self) -> digests.AsyncLiveDigest:
        """Digests: jobs that summarize in words what happens."""
        if self._live_digest is None:
            with loading():
                from .live_digest import AsyncLiveDigest

            self._live_digest = AsyncLiveDigest(self._transport)
        return self._live_digest

    async def check_once(
        self,
        stream_url: str,
        condition: str,
        *,
        input_mode: InputMode | None = None,
        clip_duration_seconds: int | None = None,
        include_frame: bool | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> CheckResult:
        """Check once whether a condition holds on a stream. Billed per call.

        It is sent again only if it was surely not carried out, unless `RetryPolicy.retry_billed`.

        Args:
            stream_url: YouTube Live URL or RTSP stream, 1 to 500 characters. Twitch, RTSPS and HLS (`.m3u8`) work, too.
            condition: natural language condition to check, 1 to 1,000 characters.
            input_mode: what each check analyzes: `frames`, `clip` or `hybrid` (server's default: `frames`).
            clip_duration_seconds: duration of the video clip in seconds (used when input_mode is `clip` or `hybrid`),
                1 to 10 (server's default: 3).
            include_frame: whether to return the analyzed frame (server's default: no). It is in `.frame`.
            timeout: seconds for connect, pool and response each, or a `Timeout`.
            extra_headers: headers to send with this request.

        Returns:
            `.triggered`, `.explanation`, `.latency_ms`, and `.frame` where it was asked for.

        Raises:
            RequestValidationError: an argument is outside its range; nothing was sent.
            StreamUnavailableError: the stream cannot be read.
            APIStatusError: the server refused otherwise.
            APIConnectionError: no reply came.
            ResponseValidationError: the reply is not a result.

        Example:
            >>> async with AsyncTrioClient() as client:
            ...     result = await client.check_once("rtsp://cam/1", "a van is there", include_frame=True)
            >>> result.frame.media_type
            'image/jpeg'

        Source: API reference, "Check Once".
        """
        call = check_once(locals())
        return await self._transport.call(call, timeout=timeout, extra_headers=extra_headers)

    async def analyze_frame(
        self,
        frame: bytes | Path | Frame,
        question: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> FrameAnswer:
        """Ask a question about a picture of your own. Billed per call.

        It is sent again only if it was surely not carried out, unless `RetryPolicy.retry_billed`.

        Args:
            frame: a JPEG: its bytes, a `pathlib.Path` to it, or a `Frame`.
            question: a yes/no or an open-ended question, 1 to 1,000 characters.
            timeout: seconds for connect, pool and response each, or a `Timeout`.
            extra_headers: headers to send with this request.

        Returns:
            `.answer` in words; `.triggered` is true or false for a yes/no question and `None` for an open one.

        Raises:
            RequestValidationError: an argument is empty or too long; nothing was sent.
            BadRequestError: the picture cannot be read.
            APIStatusError: the server refused otherwise.
            APIConnectionError: no reply came.
            ResponseValidationError: the reply is not an answer.

        Example:
            >>> async with AsyncTrioClient() as client:
            ...     seen = await client.check_once("rtsp://cam/1", "a van is there", include_frame=True)
            ...     answer = await client.analyze_frame(seen.frame, "What is in the picture?")
            >>> answer.triggered is None
            True

        Source: API reference, "Analyze Frame".
        """
        return await self._transport.call(analyze_frame(frame, question), timeout=timeout, extra_headers=extra_headers)

    def watch_many(
        self,
        targets: Iterable[trio_client.Target] = (),
        *,
        turn_seconds: float = 300,
        slots: int | trio_client.SlotPool | None = None,
        duration: float | None = None,
        max_cost_usd: float | None = None,
    ) -> trio_client.AsyncTargetStream:
        """Return a stream of the events of many watches, as pairs of a `Target` and an event.

        Each target is watched as by `live_monitor.watch`, all of them side by side. Where the account has fewer job
        slots than there are targets, they share them in time slices: after `turn_seconds` a job is stopped, reported as
        a `StatusChanged` with the reason `turn_over`, and the target that has waited longest is next. The time in which
        a target was not watched is reported as a `CoverageGap` when its next time slice begins. The number of slots is
        detected, also when it changes. A watch that cannot continue ends with a `Failed` event and affects no other.

        Programs that share an account share its slots evenly, without knowing each other: once a job was refused, each
        makes one attempt at a time, at random intervals, and has no first claim to a slot that it has released. From
        then on, and with fewer `slots` than targets, a job is asked to run no longer than `turn_seconds` + 60, so that
        a killed program does not hold slots for long.

        Targets can be added and removed while the stream runs, with its `add` and `remove`. To stop after 20 seconds,
        pass `duration=20`; `events.until(Triggered, timeout=20)` waits that long for one event, and goes on.

        In a plain script, the watches of a sync client run on one event loop in a thread beside the caller's, where its
        hooks are called. A sync client with an `http_client` of yours cannot do that, and raises ConfigurationError.

        Args:
            targets: what to watch, no two of them equal; none: the stream waits until some are added.
            turn_seconds: seconds, more than 0, that a target is watched while others wait. Each begun minute of a
                job is billed.
            slots: how many jobs this program runs at most, 1 or more, or a `SlotPool` that it shares with other
                programs and machines; `None`: as many as the account lets it run. Where the number of programs is
                known, shares that add up to the account's slots are the fairest.
            duration: seconds to watch in all, counted from entering, 5 or more; `None`: until the stream is left.
            max_cost_usd: US dollars that all targets together may cost, each begun minute of a job counted; `None`: no
                limit. A target's own `duration` and `max_cost_usd` count as well.

        Returns:
            The stream. Nothing is sent before it is entered or iterated over.

        Raises:
            RequestValidationError: an argument, or an option of a target, is outside its range, or two targets are
                equal; nothing was sent.
            ConfigurationError: the client is sync and sends through an `http_client` of yours; nothing was sent. Or, on
                entering: the `SlotPool` cannot be reached.
            AuthenticationError: while iterating; the key was refused, and all jobs were released.

        Example:
            >>> from trio_client import Target, Triggered
            >>> gates = [Target(f"rtsp://cam/{number}", "the gate is open") for number in (1, 2, 3)]
            >>> async with AsyncTrioClient() as client:
            ...     async with client.watch_many(gates) as events:
            ...         target, event = await events.until(Triggered)
            >>> target in gates, event.triggered
            (True, True)

        Source: API reference, "Limits" (concurrent jobs; users report ten).
        """
        with loading():
            from .watch_many import watch_targets  # with all that streams need, which not every program does

        return watch_targets(
            self._transport,
            targets,
            turn_seconds=turn_seconds,
            slots=slots,
            duration=duration,
            max_cost_usd=max_cost_usd,
        )

    @overload
    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        idempotent: bool | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]: ...

    @overload
    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        response_type: type[_R],
        idempotent: bool | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> _R: ...

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        response_type: type[Any] = dict,
        idempotent: bool | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Call an endpoint that this client has no method for, with the same key, retries and errors.

        Args:
            method: the HTTP method.
            path: the path below the base URL, beginning with `/`.
            params: the query; `None` values are left out.
            json: the body, if there is one.
            response_type: what the reply becomes: `dict`, `list`, a pydantic model, or any type pydantic reads.
            idempotent: whether the request may be sent again after a failure in which it may have been carried
                out; by default true for GET, HEAD, OPTIONS, PUT and DELETE.
            timeout: seconds for connect, pool and response each, or a `Timeout`.
            extra_headers: headers to send with this request.

        Returns:
            The reply as the type asked for.

        Raises:
            RequestValidationError: method or path cannot be sent.
            APIStatusError: the server refused.
            APIConnectionError: no reply came.
            ResponseValidationError: the reply is not of the type.

        Example:
            >>> async with AsyncTrioClient() as client:
            ...     page = await client.request("GET", "/jobs", params={"limit": 5})
            >>> page["limit"]
            5
        """
        call = raw_call(method, path, params=params, json=json, response_type=response_type, idempotent=idempotent)
        result = await self._transport.call(call, timeout=timeout, extra_headers=extra_headers)
        return cast("Any", result).root

    def request_events(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        idle_timeout: float = 60,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> trio_client.AsyncEventStream:
        """Return the typed events of an endpoint that this client has no method for.

        The request is sent when the stream is entered, or with the first event. It is not sent again once it may have
        gone out, and no job is owned: leaving the stream stops nothing.

        Args:
            method: the HTTP method.
            path: the path below the base URL, beginning with `/`.
            params: the query; `None` values are left out.
            json: the body, if there is one.
            idle_timeout: seconds, finite, for which the stream may bring no event; comments are none. Only the time in
                which you wait for the next event counts.
            timeout: seconds for connect, pool and response each, or a `Timeout`.
            extra_headers: headers to send with this request.

        Returns:
            The stream. It ends with the body of the reply, also without `Stopped` or `Failed`: `.outcome` is then
            `None`.

        Raises:
            RequestValidationError: method, path or body cannot be sent.
            ResponseValidationError: on entering; the reply is no event stream.
            APIStatusError: on entering; the server refused.
            APIConnectionError: on entering; no reply came.
            StreamInterruptedError: while iterating; the stream was cut off.

        Example:
            >>> body = {"stream_url": "rtsp://cam/1", "condition": "a van is there"}
            >>> async with AsyncTrioClient() as client:
            ...     async with client.request_events("POST", "/live-monitor", json=body) as events:
            ...         kinds = [event.kind async for event in events]
            >>> kinds[0], kinds[-1]
            ('started', 'stopped')
        """
        with loading():
            from .event_request import AsyncEventRequest  # with all that streams need, which not every program does
            from .event_stream import AsyncEventStream

        positive_limit("idle_timeout", idle_timeout, "seconds", advice="For long silences, pass 86400.")
        call = event_call(method, path, params=params, json=json)
        options = {"timeout": timeout, "extra_headers": extra_headers}
        source = AsyncEventRequest(self._transport, call, idle=idle_timeout, options=options)
        return AsyncEventStream(source, self._transport.state.open_streams)
