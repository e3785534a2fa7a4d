"""What fails while a connection is made was not sent, and says why, in both clients alike."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any, TypeAlias

import anyio
import httpcore
import pytest
from raw_server import CLOSE, HOLD, RESET, RawServer, Step

from trio_client import (
    APIConnectionError,
    APITimeoutError,
    AsyncTrioClient,
    ConfigurationError,
    RetryPolicy,
    TrioClient,
)
from trio_client._http.concurrency.async_ import network as async_network
from trio_client._http.concurrency.sync import network
from trio_client.testing import freeze_retries

YARD = "rtsp://camera.example/yard"
Create: TypeAlias = Callable[..., Any]


def create_sync(base_url: str, retry: RetryPolicy | None = RetryPolicy()) -> Any:  # noqa: B008 - it is frozen
    with TrioClient("key", base_url=base_url, retry=retry) as client:
        return client.live_monitor.create(YARD, "the gate is open")


def create_async(backend: str) -> Create:
    async def main(base_url: str, retry: RetryPolicy | None) -> Any:
        async with AsyncTrioClient("key", base_url=base_url, retry=retry) as client:
            return await client.live_monitor.create(YARD, "the gate is open")

    return lambda base_url, retry=RetryPolicy(): anyio.run(main, base_url, retry, backend=backend)  # noqa: B008


both = pytest.mark.parametrize(
    "create", [create_sync, create_async("asyncio"), create_async("trio")], ids=["sync", "asyncio", "trio"]
)


@pytest.fixture
def fail_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], list[object]]:
    """Let every attempt to connect fail; returns what grows by one with each."""

    def fail_with(error: Exception) -> list[object]:
        attempts: list[object] = []

        def fail(*_: object, **__: object) -> Any:
            attempts.append(None)
            raise error

        monkeypatch.setattr(network.Backend, "connect_tcp", fail)
        monkeypatch.setattr(async_network.Backend, "connect_tcp", fail)
        return attempts

    return fail_with


@both
def test_a_failure_that_is_not_the_networks_is_raised_at_once(create: Create, fail_with: Any) -> None:
    attempts = fail_with(ImportError("no module named socksio"))
    with pytest.raises(APIConnectionError) as caught:
        create("http://127.0.0.1:9/api")
    assert (caught.value.request_sent, caught.value.permanent, len(attempts)) == (False, True, 1)
    assert str(caught.value) == "Could not connect to 127.0.0.1:9: ImportError: no module named socksio."


@both
@pytest.mark.parametrize("error", [OSError(24, "Too many open files"), httpcore.ConnectError("Network is unreachable")])
def test_a_failure_of_the_network_was_not_sent_and_is_tried_again(
    create: Create, error: Exception, fail_with: Any
) -> None:
    attempts = fail_with(error)
    with freeze_retries(), pytest.raises(APIConnectionError) as caught:
        create("http://127.0.0.1:9/api")
    assert (caught.value.request_sent, caught.value.permanent, len(attempts)) == (False, False, 3)


@both
def test_a_proxy_that_needs_another_package_is_named_at_once(create: Create, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy.example:1080")
    monkeypatch.setattr("trio_client._http.environment.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r"httpx\[socks\]"):
        create("https://trio.example/api")


@both
@pytest.mark.parametrize(
    "answer",
    [[CLOSE], [RESET], [b"HTTP/1.1 200", CLOSE], [b"SSH-2.0-x\r\n\r\n", CLOSE], [b"HTTP/1.1 200 OK\r\n\r\n", CLOSE]],
    ids=["closed", "reset", "half a head", "no HTTP", "closed in the handshake"],
)
def test_a_proxy_that_fails_before_the_tunnel_is_there_has_seen_no_request(
    create: Create, answer: list[Step], monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer(answer) as proxy:
        monkeypatch.setenv("https_proxy", proxy.base_url.removesuffix("/api"))
        with freeze_retries(), pytest.raises(APIConnectionError, match="Could not connect") as caught:
            create("https://trio.example/api")
    assert (caught.value.request_sent, caught.value.permanent, caught.value.attempts) == (False, False, 3)
    assert proxy.connections == 3


@both
def test_a_deadline_that_passes_while_connecting_leaves_nothing_unknown(
    create: Create, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RawServer([HOLD]) as proxy:
        monkeypatch.setenv("https_proxy", proxy.base_url.removesuffix("/api"))
        with pytest.raises(APITimeoutError) as caught:
            create("https://trio.example/api", RetryPolicy(max_attempts=1, deadline=0.2))
    assert caught.value.request_sent is False


@both
def test_the_text_says_the_innermost_reason(create: Create) -> None:
    with RawServer(b"") as server:
        pass
    reason = r": \[Errno \d+\] .*Connection refused\. Check the address"
    with freeze_retries(), pytest.raises(APIConnectionError, match=reason):
        create(server.base_url)


WITHOUT_FILES = """
import asyncio, os, resource
from trio_client import AsyncTrioClient, Target, TrioClient, TrioError
from trio_client.events import from_payload
event = from_payload({"type": "job_stopped", "job_id": "a1"})
client = TrioClient("key", base_url="http://127.0.0.1:9/api")

async def in_async(work):
    client = AsyncTrioClient("key", base_url="http://127.0.0.1:9/api", retry=None)  # entered, it would have all of it
    without_files(lambda: work(client))
    await client.close()

def without_files(work):
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    files = []
    try:
        while True:
            files.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        pass
    try:
        work()
    except TrioError as error:
        said = str(error)
    finally:
        for file in files:
            os.close(file)
    print("too many open files" in said.lower(), "ulimit" in said)

"""


@pytest.mark.thorough
@pytest.mark.skipif(os.name == "nt", reason="needs a limit of open files")
@pytest.mark.parametrize(
    "work",
    [
        "without_files(client.jobs.list)",
        "without_files(lambda: client.live_monitor)",
        "without_files(lambda: client.live_digest)",
        "without_files(lambda: client.jobs.events('a'))",
        "without_files(lambda: client.jobs.cancel_all())",
        "without_files(lambda: client.request_events('GET', '/events'))",
        "without_files(lambda: event.to_dict())",
        "asyncio.run(in_async(lambda client: client.live_monitor))",
        "asyncio.run(in_async(lambda client: client.watch_many([])))",
    ],
)
def test_without_a_file_to_spare_every_error_says_so(work: str) -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_FILES + work], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.returncode) == ("True True\n", 0), done.stderr
