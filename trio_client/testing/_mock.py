"""The API in process: scripted where a test says so, the stub server's behavior everywhere else."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

import httpx
from typing_extensions import Self

import trio_client

from ._in_process import InProcessStub
from ._routes import Answer, MockRequest, Route, fits
from ._script import ScriptBody, SseScript, read_timeout
from ._transports import AsyncMockTransport, MockTransport
from ._unscripted import UnscriptedCallError
from ._waits import SkippedTime

if TYPE_CHECKING:
    import trio_client.stub

    from ._replay import Replay

__all__ = ["MockTrio"]

_EXAMPLES = (
    ("POST", "/check-once", "make(CheckResult)"),
    ("POST", "/analyze-frame", "make(FrameAnswer)"),
    ("POST", "/streams/validate", "make(StreamValidation)"),
    ("POST", "/prepare-stream", "make(PreparedStream)"),
    ("GET", "/jobs", "make(JobPage)"),
    ("GET", "/jobs/{job_id}", "make(JobDetail)"),
    ("DELETE", "/jobs/{job_id}", "make(CancelledJob)"),
    ("GET", "/job", "make(OsapiJobPage)"),
    ("GET", "/job/{id}", "make(OsapiJob)"),
)
_CREATES = ("/live-monitor", "/live-digest")


class MockTrio:
    """Stand in for the API in one process: no server, no socket, no key, and no waiting.

    Calls scripted with `on` get the scripted reply; all others are answered by the stub server's application, which
    keeps jobs and their life cycles. Time stands still except for the waits of the clients: a pause before a retry or
    between two polls, and the wait for a stream's next event, take no real time and advance the stub's clock.

    Use it as a context manager, or call `close()`. Leaving the block raises the error of any call that was not
    scripted, so that the code under test cannot hide it.

    Args:
        scripted_only: whether a call that is not scripted is an error; the extra `stub` is not needed then.
        assert_all_called: whether leaving the block raises an error if a route was never called, as for a path that is
            mistyped. It is an attribute, too, which a test can set.
        stub_options: options of the `StubServer` that answers, such as `max_jobs=1`. With a `speed` above 0 time
            passes by itself, and the waits for events are real.

    Raises:
        TypeError: there is no such option.
        UnscriptedCallError: from a call that has no answer; with `assert_all_called`, on leaving the block.

    Example:
        >>> from trio_client import Started, Stopped
        >>> from trio_client.testing import make, sse
        >>> with MockTrio() as mock, mock.client() as client:
        ...     route = mock.on("POST", "/live-digest").reply(sse(make(Started), make(Stopped)))
        ...     with client.live_digest.stream("rtsp://gate.example/live") as events:
        ...         print([event.kind for event in events])
        ...     with client.live_monitor.stream("rtsp://gate.example/live", "a van is at the gate") as events:
        ...         print([event.kind for event in events])
        ['started', 'stopped']
        ['started', 'progress', 'progress', 'triggered', 'stopped']
    """

    def __init__(self, *, scripted_only: bool = False, assert_all_called: bool = False, **stub_options: Any) -> None:
        self.assert_all_called: bool = assert_all_called
        self._scripted_only = scripted_only
        self._stub_options: dict[str, Any] = {"speed": 0.0, **stub_options}
        self._routes: list[Route] = []
        self._requests: list[MockRequest] = []
        self._refused: list[UnscriptedCallError] = []
        self._stub: trio_client.stub.StubServer | None = None
        self._in_process: InProcessStub | None = None
        self._closed = False
        self._lock = threading.RLock()
        self._time = SkippedTime(self._advance_stub)
        self._replay: Replay | None = None
        if stub_options and scripted_only:
            raise TypeError(f"with scripted_only no stub server answers that could have {', '.join(stub_options)}")
        if stub_options:
            _ = self.stub

    @classmethod
    def replay(cls, path: str | os.PathLike[str], *, ordered: bool = False) -> MockTrio:
        """Return a mock that answers from a file that a `Recorder` wrote.

        A request takes the oldest unused exchange with its method and path whose query and body agree, once secrets
        are masked. `client_ref` and dates may differ, `monitor_duration_seconds` by 5, and headers are not compared.
        Failures are raised as they were recorded, and waits are skipped. Calls scripted with `on` are answered from
        their script. Leaving the block raises an error if an exchange was not asked for.

        Args:
            path: the recording.
            ordered: whether requests must come in the recorded order.

        Returns:
            The mock; its `client()` needs no key.

        Raises:
            ConfigurationError: the file cannot be read, or is no recording of this version.
            UnscriptedCallError: from a call that no exchange answers, with what differs from the oldest.

        Example:
            >>> import tempfile, pathlib
            >>> from trio_client.testing import Recorder
            >>> path = pathlib.Path(tempfile.mkdtemp()) / "session.jsonl"
            >>> with Recorder(path) as recorder, TrioClient(http_client=recorder.http_client()) as client:
            ...     found = client.jobs.list().total
            >>> with MockTrio.replay(path) as mock, mock.client() as client:
            ...     assert client.jobs.list().total == found
        """
        from ._recording import read_recording
        from ._replay import Replay

        mock = cls(scripted_only=True)
        time, refused = mock._time, mock._refused
        mock._replay = Replay(
            read_recording(path), ordered=ordered, now=time.monotonic, skip=time.skip, refused=refused
        )
        return mock

    def on(self, method: str, path: str, *, where: Callable[[MockRequest], object] | None = None) -> Route:
        """Script the replies to one kind of call. Routes added later take precedence.

        Args:
            method: the HTTP method.
            path: the path below the base URL, such as `/jobs/{job_id}`; a part in braces matches anything.
            where: matches only requests for which this function of a `MockRequest` returns true.

        Returns:
            The route: call its `reply` or `fail`, several times for several replies in order.

        Example:
            >>> with MockTrio() as mock, mock.client() as client:
            ...     route = mock.on("GET", "/jobs").fail(503, times=2)
            ...     found = client.jobs.list()
            >>> len(route.requests), len(mock.requests), len(mock.waits)
            (2, 3, 2)
        """
        route = Route(method, path, where)
        with self._lock:
            self._routes.insert(0, route)
        return route

    def client(self, **options: Any) -> trio_client.TrioClient:
        """Return a client of this mock; the options are those of `TrioClient`."""
        from .._sync.base_client import shared_state
        from .._sync.client import TrioClient

        client = TrioClient(**_options(self.http_client(), options))
        state = shared_state(client)
        state.own_time = self._time
        if "http_client" not in options:
            state.async_http_client = self.async_http_client
        return client

    def async_client(self, **options: Any) -> trio_client.AsyncTrioClient:
        """Return an async client of this mock; the options are those of `AsyncTrioClient`."""
        from .._async.base_client import shared_state
        from .._async.client import AsyncTrioClient

        client = AsyncTrioClient(**_options(self.async_http_client(), options))
        shared_state(client).own_time = self._time
        return client

    def http_client(self) -> httpx.Client:
        """Return an `http_client` for a client of your own, whose waits for retries and polls are then real."""
        return httpx.Client(transport=MockTransport(self._answer), trust_env=False)

    def async_http_client(self) -> httpx.AsyncClient:
        """Return an `http_client` for an async client of your own, whose waits are then real."""
        return httpx.AsyncClient(transport=AsyncMockTransport(self._answer), trust_env=False)

    @property
    def requests(self) -> list[MockRequest]:
        """All requests so far, oldest first."""
        with self._lock:
            return list(self._requests)

    @property
    def waits(self) -> list[float]:
        """The seconds that this mock's clients waited before retries and between polls."""
        return list(self._time.waits)

    @property
    def stub(self) -> trio_client.stub.StubServer:
        """The stub server that answers what is not scripted, never started: its scenes, clock, jobs and faults.

        Raises:
            ModuleNotFoundError: the extra `stub` is not installed.
        """
        with self._lock:
            if self._stub is None:
                from ..stub import StubServer

                self._stub = StubServer(**self._stub_options)
            return self._stub

    def close(self) -> None:
        """End what runs in the background. Calling it again does nothing."""
        with self._lock:
            self._closed = True
            in_process, self._in_process = self._in_process, None
        if in_process is not None:
            in_process.close()

    def _answer(self, request: httpx.Request, content: bytes) -> httpx.Response | InProcessStub:
        """Record a request and return its reply, or the stub that answers it."""
        noted = MockRequest.of(request, content)
        try:
            with self._lock:
                self._requests.append(noted)
                answers = (route.take(noted) for route in self._routes)
                answer = next((found for found in answers if found is not None), None)
                if answer is None and self._replay is not None:
                    return self._replay.response(noted)
                if answer is None:
                    return self._answering(noted)
            return self._reply(answer, noted, request)
        except UnscriptedCallError as refusal:
            self._refused.append(refusal)
            raise

    def _reply(self, answer: Answer, noted: MockRequest, request: httpx.Request) -> httpx.Response:
        timeout = read_timeout(request)
        self._time.skip(min(answer.delay, timeout))
        if answer.delay > timeout:
            raise httpx.ReadTimeout("the scripted reply arrives after the client's timeout")
        reply = answer.resolve(noted)
        if isinstance(reply, SseScript):
            response = reply.response(request)
            response.stream = ScriptBody(reply, request, self._time.skip)
            return response
        if reply.is_stream_consumed:
            return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)
        return reply

    def _answering(self, request: MockRequest) -> InProcessStub:
        """Return the stub server that answers a request, or raise an error that says what to script."""
        missing = None
        if not self._scripted_only:
            try:
                if self._closed:
                    raise httpx.ConnectError("this MockTrio is closed")
                if self._in_process is None:
                    self._in_process = InProcessStub(self.stub, self._time.skip)
                return self._in_process
            except ModuleNotFoundError as error:
                missing = error
        raise UnscriptedCallError(self._advice(request, missing), method=request.method, path=request.path)

    def _advice(self, request: MockRequest, missing: ModuleNotFoundError | None) -> str:
        call = f"{request.method} {request.path}"
        path, body = request.path, "{...}"
        if request.path in _CREATES:
            streamed = "text/event-stream" in request.headers.get("accept", "")
            body = "sse(make(Started), make(Triggered), make(Stopped))" if streamed else "make(Job)"
        for method, pattern, example in _EXAMPLES:
            if method == request.method and fits(pattern, request.path):
                path, body = pattern, example
        lines = [f"{call} is not scripted. Script it before the call, for example:"]
        lines += [f'    mock.on("{request.method}", "{path}").reply({body})']
        if self._routes:
            lines += [f"Scripted: {', '.join(map(repr, self._routes))}."]
        if missing is not None:
            lines += [f"Or let the stub server answer what is not scripted. {missing}"]
        return "\n".join(lines)

    def _check_called(self) -> None:
        """Raise UnscriptedCallError if a route was never called: its path may be mistyped."""
        unused = [route for route in reversed(self._routes) if route.never_called]
        if unused:
            calls = dict.fromkeys(f"{each.method} {each.path}" for each in self._requests)
            made = f"The calls were: {', '.join([*calls][:5])}{', …' if len(calls) > 5 else ''}." if calls else ""
            raise UnscriptedCallError(
                f"Scripted and never called: {', '.join(map(repr, unused[:5]))}. {made or 'There were no calls.'}",
                method=unused[0].method,
                path=unused[0].path,
            )

    def _advance_stub(self, seconds: float) -> None:
        if self._stub is not None:
            self._stub.clock.advance(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
        if error is None and self._refused:
            raise self._refused[0]
        if error is None and self.assert_all_called:
            self._check_called()
        if error is None and self._replay is not None:
            self._replay.check_used()

    def __repr__(self) -> str:
        return f"<MockTrio, {len(self._routes)} scripted, {len(self._requests)} requests>"


def _options(http_client: object, given: dict[str, Any]) -> dict[str, Any]:
    usual = {"api_key": "test-key", "base_url": "https://mock-trio.invalid/api", "http_client": http_client}
    return {**usual, **given}
