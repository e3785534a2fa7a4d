"""Proxies of the environment: never for this machine, and never with their password in a text or a frame."""

from __future__ import annotations

import asyncio
import base64
import socket
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from raw_server import CLOSE, RawServer, reply

from trio_client import APIConnectionError, AsyncTrioClient, ConfigurationError, RetryPolicy, TrioClient, TrioError
from trio_client._http.environment import proxy_for
from trio_client.osapi import OsapiClient

KEY = "planted-key-8761"
PASSWORD = "planted-pw-1234"
NO_JOBS = reply({"jobs": []})


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[RawServer]:
    """A proxy that the environment names for everything."""
    with RawServer(NO_JOBS) as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.base_url.removesuffix("/api"))
        yield proxy


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_a_key_for_this_machine_goes_to_no_proxy(proxy: RawServer, host: str) -> None:
    with RawServer(NO_JOBS) as server:
        base_url = server.base_url.replace("127.0.0.1", host)

        async def call() -> None:
            async with AsyncTrioClient(KEY, base_url=base_url) as client:
                await client.jobs.list()

        with TrioClient(KEY, base_url=base_url) as client:
            client.jobs.list()
        asyncio.run(call())
        assert (len(server.requests), len(proxy.requests)) == (2, 0)


def test_osapi_at_its_default_address_goes_to_no_proxy(proxy: RawServer) -> None:
    with OsapiClient(KEY, retry=None) as client, pytest.raises(APIConnectionError):
        client.jobs.list()
    assert proxy.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "[::1]", "localhost", "LocalHost"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_this_machine_has_no_proxy(proxy: RawServer, scheme: str, host: str) -> None:
    assert proxy_for(f"{scheme}://{host}:8080/api", trust_env=True) is None


@pytest.mark.parametrize("host", ["a.localhost", "localhost.example", "128.0.0.1", "example.com", "[::2]"])
def test_others_have_one(proxy: RawServer, host: str) -> None:
    assert proxy_for(f"http://{host}/api", trust_env=True) is not None


def test_a_name_that_ends_in_localhost_is_asked_for_through_the_proxy(proxy: RawServer) -> None:
    with TrioClient(KEY, base_url="http://api.localhost:1/api", allow_plain_http=True) as client:
        client.jobs.list()
    assert proxy.requests[0].startswith(b"GET http://api.localhost:1/api/jobs")


@pytest.mark.anyio
async def test_every_request_on_a_kept_connection_to_a_proxy_is_one_for_a_proxy(proxy: RawServer) -> None:
    options: dict[str, Any] = {"base_url": "http://example.com/api", "allow_plain_http": True}
    async with AsyncTrioClient(KEY, **options) as async_client:
        for _ in range(3):
            await async_client.jobs.list()
    with TrioClient(KEY, **options) as client:
        for _ in range(3):
            client.jobs.list()
    assert [each.split(b"?")[0].split()[1] for each in proxy.requests] == [b"http://example.com/api/jobs"] * 6
    assert proxy.connections == 2


def test_an_error_of_a_connection_through_a_proxy_names_it_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("https_proxy", f"http://user:{PASSWORD}@127.0.0.1:{port}")
    with TrioClient(KEY, base_url="https://api.example/api", retry=None) as client:
        with pytest.raises(APIConnectionError, match=f"through the proxy http://127.0.0.1:{port}") as caught:
            client.jobs.list()
    assert PASSWORD not in f"{caught.value} {caught.value!r}"
    assert caught.value.request_sent is False


@pytest.mark.parametrize("base_url", ["https://api.example/api", "http://api.example/api"])
def test_what_a_proxy_repeats_of_its_password_is_in_no_text(monkeypatch: pytest.MonkeyPatch, base_url: str) -> None:
    pair = base64.b64encode(f"user:{PASSWORD}".encode()).decode()
    with RawServer([f"HTTP/1.1 Basic {pair} {PASSWORD}\r\n\r\n".encode(), CLOSE]) as proxy:
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, proxy.base_url.replace("//", f"//user:{PASSWORD}@").removesuffix("/api"))
        with TrioClient(KEY, base_url=base_url, allow_plain_http=True, retry=None) as client:
            with pytest.raises(APIConnectionError, match="through the proxy") as caught:
                client.jobs.list()
    error: BaseException | None = caught.value
    while error is not None:
        assert [each for each in (PASSWORD, pair) if each in f"{error} {error!r} {error.args} {vars(error)}"] == []
        error = error.__cause__ or error.__context__


@pytest.mark.anyio
@pytest.mark.parametrize("base_url", ["https://api.example/api", "http://api.example/api"])
async def test_a_user_without_a_password_is_a_secret_of_a_proxy(monkeypatch: pytest.MonkeyPatch, base_url: str) -> None:
    encoded, plain = "planted%2Ftoken-1234", "planted/token-1234"
    pair = base64.b64encode(f"{plain}:".encode()).decode()
    caught: list[BaseException | None] = []
    with RawServer([f"HTTP/1.1 no such user {plain} {encoded} {pair}\r\n\r\n".encode(), CLOSE]) as proxy:
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, proxy.base_url.replace("//", f"//{encoded}@").removesuffix("/api"))
        with TrioClient(KEY, base_url=base_url, allow_plain_http=True, retry=None) as client:
            with pytest.raises(APIConnectionError, match="through the proxy") as of_sync:
                client.jobs.list()
        async with AsyncTrioClient(KEY, base_url=base_url, allow_plain_http=True, retry=None) as async_client:
            with pytest.raises(APIConnectionError, match="through the proxy") as of_async:
                await async_client.jobs.list()
    for error in (of_sync.value, of_async.value):
        caught.append(error)
        while (current := caught.pop()) is not None:
            text = f"{current} {current!r} {current.args} {vars(current)}"
            assert [each for each in (plain, encoded, pair) if each in text] == []
            caught.append(current.__cause__ or current.__context__)


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"", "407 Proxy Authentication Required"),
        reply("<html>", "502 Bad Gateway", "text/html"),
        reply("<html>", content_type="text/html"),
        reply("{"),
    ],
    ids=["407", "502", "page", "not JSON"],
)
@pytest.mark.parametrize("how", ["call", "stream", "OSAPI"])
def test_a_reply_that_may_be_the_proxys_own_names_it(monkeypatch: pytest.MonkeyPatch, answer: bytes, how: str) -> None:
    retry = RetryPolicy(max_attempts=1, reconcile_for=0)
    with RawServer(answer) as proxy:
        monkeypatch.setenv("http_proxy", proxy.base_url.removesuffix("/api"))
        client = TrioClient(KEY, base_url="http://api.example/api", allow_plain_http=True, retry=retry)
        osapi = OsapiClient(KEY, base_url="http://api.example", retry=retry)
        with client, osapi, pytest.raises(TrioError, match=f"through the proxy {proxy.base_url[:-4]}"):
            if how == "call":
                client.jobs.list()
            elif how == "OSAPI":
                osapi.jobs.list()
            else:
                client.live_monitor.stream("rtsp://a/b", "a van").collect()


@pytest.mark.parametrize(
    "address",
    [
        f"user:{PASSWORD}@proxy.example:notaport",
        f"http://user:{PASSWORD}@proxy.example:notaport",
        f"http://user:{PASSWORD}/x@proxy.example:80",
        f"ftp://user:{PASSWORD}@proxy.example",
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("https_proxy", address)
    with pytest.raises(ConfigurationError, match="names the proxy") as caught:
        TrioClient(KEY)
    shown = [f"{caught.value} {caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"]
    for frame, _ in traceback.walk_tb(caught.value.__traceback__):
        if "trio_client" in frame.f_code.co_filename and "tests" not in frame.f_code.co_filename:
            shown.append(repr(frame.f_locals))
    assert [text for text in shown if PASSWORD in text] == []


def test_a_socks_proxy_without_its_package_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "socks5://proxy.example:1080")
    monkeypatch.setattr("trio_client._http.environment.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r"socksio.*httpx\[socks\]"):
        TrioClient(KEY)
