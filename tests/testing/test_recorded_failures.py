"""A recorded failure replays as the error that was raised live: its class, whether the request was sent, the phase."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest
from raw_server import CLOSE, HOLD, RESET, RawServer, Step, reply

from trio_client import (
    APIConnectionError,
    APITimeoutError,
    AsyncTrioClient,
    StreamInterruptedError,
    Timeout,
    TrioClient,
)
from trio_client.stub import StubServer
from trio_client.testing import MockTrio, Recorder

KEY = "sk-recorded-0123456789"
SHORT = Timeout(connect=5, pool=5, response=0.2)
USUAL = Timeout()
JSON = {"content-type": "application/json"}

Failure: TypeAlias = tuple[str, bool | None, bool, str | None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "session.jsonl"


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


# What an HTTP library may raise, also under the wrong name: an injected client says ConnectTimeout of any lost one.
RAISED: list[Exception] = [
    httpx.ConnectError("x"),
    httpx.ConnectTimeout("x"),
    httpx.PoolTimeout("x"),
    httpx.ReadTimeout("x"),
    httpx.WriteTimeout("x"),
    httpx.ReadError("x"),
    httpx.WriteError("x"),
    httpx.CloseError("x"),
    httpx.RemoteProtocolError("x"),
    httpx.LocalProtocolError("x"),
    httpx.UnsupportedProtocol("x"),
    httpx.InvalidURL("x"),
    httpx.ProxyError("x"),
    httpx.DecodingError("x"),
    httpx.TooManyRedirects("x"),
    httpx.NetworkError("x"),
    httpx.TimeoutException("x"),
    httpx.TransportError("x"),
    OSError(2, "no certificates"),
    RuntimeError("x"),
    caused(httpx.ConnectTimeout("reset"), ConnectionResetError(104, "reset")),
    caused(httpx.ConnectTimeout("refused"), ConnectionRefusedError(111, "refused")),
    caused(httpx.ConnectTimeout("unclear"), TimeoutError()),
    caused(httpx.ConnectError("unclear"), RuntimeError()),
]


def of(error: APIConnectionError) -> Failure:
    phase = error.phase if isinstance(error, APITimeoutError) else None
    return type(error).__name__, error.request_sent, error.permanent, phase


def failure(client: TrioClient) -> Failure:
    with pytest.raises(APIConnectionError) as caught:
        client.jobs.list()
    return of(caught.value)


async def async_failure(client: AsyncTrioClient) -> Failure:
    with pytest.raises(APIConnectionError) as caught:
        await client.jobs.list()
    return of(caught.value)


def replayed(path: Path) -> Failure:
    with MockTrio.replay(path) as mock, mock.client(retry=None) as client:
        return failure(client)


def of_own_connections(path: Path, base_url: str, timeout: Timeout = USUAL) -> Failure:
    with Recorder(path) as recorder:
        options: dict[str, Any] = {"base_url": base_url, "retry": None, "timeout": timeout}
        with TrioClient(KEY, http_client=recorder.http_client(), **options) as client:
            return failure(client)


def failing(cut: Callable[[Exception], Any] | None) -> Callable[[httpx.Request], httpx.Response]:
    """Answers one request after another with the next of `RAISED`: in the body that `cut` makes, or before the head."""
    left = iter(RAISED)

    def answer(_: httpx.Request) -> httpx.Response:
        raised = next(left)
        if cut is None:
            raise raised
        return httpx.Response(200, headers=JSON, content=cut(raised))

    return answer


def cut_body(raised: Exception) -> Iterator[bytes]:
    yield b"{"
    raise raised


async def async_cut_body(raised: Exception) -> AsyncIterator[bytes]:
    yield b"{"
    raise raised


def by_name(failures: list[Failure]) -> dict[str, Failure]:
    return {f"{raised!r} from {raised.__cause__!r}": each for raised, each in zip(RAISED, failures, strict=True)}


@pytest.mark.parametrize("cut", [None, cut_body], ids=["head", "body"])
def test_the_failures_of_an_injected_client_replay_as_they_were(path: Path, cut: Any) -> None:
    def failures(client: TrioClient) -> list[Failure]:
        return [failure(client) for _ in RAISED]

    with Recorder(path) as recorder, httpx.Client(transport=httpx.MockTransport(failing(cut))) as inner:
        client = TrioClient(KEY, base_url="https://a.example", http_client=recorder.http_client(inner), retry=None)
        live = failures(client)
    with MockTrio.replay(path) as mock, mock.client(retry=None) as client:
        assert by_name(failures(client)) == by_name(live)
    assert {sent for _, sent, _, _ in live} == {False, True, None}


@pytest.mark.anyio
@pytest.mark.parametrize("cut", [None, async_cut_body], ids=["head", "body"])
async def test_the_failures_of_an_injected_async_client_replay_as_they_were(path: Path, cut: Any) -> None:
    async def failures(client: AsyncTrioClient) -> list[Failure]:
        return [await async_failure(client) for _ in RAISED]

    with Recorder(path) as recorder:
        async with httpx.AsyncClient(transport=httpx.MockTransport(failing(cut))) as inner:
            http_client = recorder.async_http_client(inner)
            client = AsyncTrioClient(KEY, base_url="https://a.example", http_client=http_client, retry=None)
            live = await failures(client)
    with MockTrio.replay(path) as mock:
        async with mock.async_client(retry=None) as client:
            assert by_name(await failures(client)) == by_name(live)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ([RESET], ("APIConnectionError", True, False, None)),
        ([CLOSE], ("APIConnectionError", True, False, None)),
        ([b"nonsense\r\n\r\n", CLOSE], ("APIConnectionError", True, False, None)),
        ([reply({"jobs": []})[:-3], CLOSE], ("APIConnectionError", True, False, None)),
        ([HOLD], ("APITimeoutError", True, False, "response")),
        ([reply({"jobs": []})[:-3], HOLD], ("APITimeoutError", True, False, "response")),
    ],
    ids=["reset", "closed", "nonsense", "cut", "silent", "silent in the body"],
)
def test_a_failure_of_the_own_connections_replays_as_it_was(path: Path, script: list[Step], expected: Failure) -> None:
    with RawServer(script) as server:
        timeout = SHORT if HOLD in script else USUAL
        assert of_own_connections(path, server.base_url, timeout) == expected
    assert replayed(path) == expected


def test_a_refused_connection_replays_as_one(path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    live = of_own_connections(path, f"http://127.0.0.1:{port}/api")
    assert live == ("APIConnectionError", False, False, None)
    assert replayed(path) == live


def test_a_server_without_tls_replays_as_one_that_trying_again_does_not_help(path: Path) -> None:
    with StubServer() as stub:
        live = of_own_connections(path, stub.base_url.replace("http:", "https:"))
    assert live == ("APIConnectionError", False, True, None)
    assert replayed(path) == live


def test_a_silent_stream_replays_as_one(path: Path) -> None:
    def phase(client: TrioClient) -> tuple[str, Any]:
        with pytest.raises(StreamInterruptedError) as caught:
            client.request_events("GET", "/events", idle_timeout=0.2).collect()
        cause = caught.value.__cause__
        return type(cause).__name__, getattr(cause, "phase", None)

    started = b'event: started\ndata: {"job_id": "a"}\n\n'
    head = reply(content_type="text/event-stream").replace(b"content-length: 0\r\n", b"")
    with RawServer([head + started, HOLD]) as server, Recorder(path) as recorder:
        with TrioClient(KEY, base_url=server.base_url, http_client=recorder.http_client()) as client:
            live = phase(client)
    assert live == ("APITimeoutError", "idle")
    with MockTrio.replay(path) as mock, mock.client() as client:
        assert phase(client) == live
