"""Failures of the HTTP library become errors without what a peer has echoed, and say what was sent by their causes."""

from __future__ import annotations

import pickle
import socket
from typing import Any

import aiohttp
import httpcore
import httpx
import pytest
from raw_server import CLOSE, RawServer

from trio_client import APIConnectionError, APITimeoutError, CallInfo, CreateOutcomeUnknownError, Hooks, RetryPolicy
from trio_client import TrioClient as Client
from trio_client._core.call import prepare
from trio_client._core.config import Settings
from trio_client._core.endpoints import prepare_stream
from trio_client._core.secret import Secret
from trio_client._http.errors import Peer, translate

KEY = "planted-key-8761"
CAMERA = "rtsp://admin:camera-pw-77@cam/1"


def injected(error: Exception, cause: BaseException | None) -> APIConnectionError:
    error.__cause__ = cause
    failure = translate(error, Peer("api.example:443", own=False, secrets=tuple))
    assert isinstance(failure, APIConnectionError)
    return failure


def connector_error(kind: type[aiohttp.ClientConnectorError] = aiohttp.ClientConnectorError) -> Exception:
    key: Any = aiohttp.client_reqrep.ConnectionKey("h", 1, False, True, None, None, None)
    return kind(key, OSError(111, "refused"))


@pytest.mark.parametrize(
    ("raised", "cause", "timeout"),
    [
        (httpx.ConnectError("x"), httpcore.ConnectError("x"), False),
        (httpx.ConnectTimeout("x"), httpcore.ConnectTimeout("x"), True),
        (httpx.PoolTimeout("x"), httpcore.PoolTimeout("x"), True),
        (httpx.ProxyError("x"), httpcore.ProxyError("x"), False),
        (httpx.ConnectTimeout("x"), connector_error(), False),
        (httpx.ConnectTimeout("x"), aiohttp.ConnectionTimeoutError("x"), True),
        (httpx.ConnectError("x"), ConnectionRefusedError(111, "x"), False),
        (httpx.ConnectError("x"), socket.gaierror(-2, "x"), False),
    ],
)
def test_through_an_injected_client_a_request_was_not_sent_where_the_causes_show_it(
    raised: Exception, cause: BaseException, timeout: bool
) -> None:
    failure = injected(raised, cause)
    assert (failure.request_sent, isinstance(failure, APITimeoutError)) == (False, timeout)


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError])
@pytest.mark.parametrize(
    ("cause", "sent"),
    [
        (aiohttp.ServerDisconnectedError(), True),
        (aiohttp.ClientOSError(104, "x"), True),
        (ConnectionResetError(104, "x"), True),
        (BrokenPipeError(32, "x"), True),
        (OSError(5, "x"), None),
        (RuntimeError("x"), None),
        (httpcore.ReadError("x"), True),
    ],
)
def test_through_an_injected_client_it_may_have_been_sent_otherwise(
    kind: type[Exception], cause: BaseException, sent: bool | None
) -> None:
    assert injected(kind("x"), cause).request_sent is sent


ECHOES = [
    f"HTTP/1.1 {KEY} {CAMERA}\r\n\r\n",
    f"HTTP/1.1 200 OK\r\nBearer {KEY} {CAMERA}\r\n\r\n",
    f"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nBearer {KEY} {CAMERA}\r\n",
]


@pytest.mark.parametrize("echo", ECHOES, ids=["status line", "header line", "chunk"])
def test_what_a_malformed_reply_repeats_is_in_no_text(echo: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="trio_client")
    seen: list[CallInfo] = []
    hooks = Hooks(on_retry=seen.append)
    policy = RetryPolicy(max_attempts=2, base_delay=0, reconcile_for=0)
    with RawServer([echo.encode(), CLOSE]) as server:
        with Client(KEY, base_url=server.base_url, retry=policy, hooks=hooks) as client:
            with pytest.raises(APIConnectionError) as read:
                client.streams.prepare(CAMERA)
            with pytest.raises(CreateOutcomeUnknownError) as created:
                client.live_monitor.create(CAMERA, "the gate is open")
    texts = [caplog.text, *(repr(info) for info in seen)]
    for caught in (read.value, created.value):
        error: BaseException | None = caught
        while error is not None:
            texts.append(f"{error} {error!r}")
            assert KEY not in f"{vars(error)}"  # the camera's address is the caller's own, and stays in fields
            error = error.__cause__ or error.__context__
    texts.append(repr(pickle.dumps(read.value)))
    assert [text for text in texts if KEY in text or "camera-pw-77" in text] == []


def test_calls_and_requests_show_no_secret() -> None:
    call = prepare_stream(CAMERA)
    request = prepare(call, Settings("https://api.example", Secret(KEY)), {"x-mine": "secret-header-1"})
    shown = f"{call!r} {request!r}"
    assert [secret for secret in ("camera-pw-77", KEY, "secret-header-1") if secret in shown] == []
