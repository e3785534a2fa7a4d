"""The stub and its proxy answer programs on this machine and their own pages, and no page of another site."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from trio_client.stub import FaultProxy, StubServer, WireFault, create_app

MONITOR = {"stream_url": "rtsp://camera.example/yard", "condition": "Is the gate open?"}
PATHS = [
    ("GET", "/"),
    ("GET", "/api/jobs"),
    ("POST", "/api/live-monitor"),
    ("GET", "/_stub/requests"),
    ("POST", "/_stub/reset"),
    ("GET", "/_stub/live"),
    ("GET", "/_stub/page/page.js"),
    ("GET", "/osapi/api/job"),
    ("GET", "/openapi.json"),
    ("OPTIONS", "/api/jobs"),
]
OWN_HOSTS = ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:80", "127.8.9.10:9", "[::1]", "[::1]:8000"]
FOREIGN_HOSTS = [
    "evil.example",
    "evil.example:8000",
    "a.localhost",
    "localhost.evil.example",
    "127.0.0.1.nip.io",
    "127.0.0.1@evil.example",
    "evil.example/127.0.0.1",
    "0.0.0.0",
    "192.0.2.1:8000",
    "[2001:db8::1]",
    "127.1",
    "",
    "null",
    "localhost:80:80",
    "localhost, evil.example",
]
FOREIGN_ORIGINS = [
    "null",
    "http://evil.example",
    "http://evil.example:80",
    "https://a.localhost",
    "",
    "file://",
    "localhost",
]
LINK = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@pytest.fixture(params=["stub", "proxy"])
def url(request: pytest.FixtureRequest, stub: StubServer) -> Iterator[str]:
    """The root of a stub server, and of a proxy before it."""
    if request.param == "stub":
        yield stub.url
        return
    with FaultProxy(stub) as proxy:
        yield proxy.base_url.removesuffix("/api")


def ask(url: str, method: str, path: str, **headers: str) -> int:
    """The status of a request without a key that a page could send."""
    parts = urlsplit(url + path)
    assert parts.hostname is not None
    given = {"host": parts.netloc, **{name.replace("_", "-"): value for name, value in headers.items()}}
    connection = HTTPConnection(parts.hostname, parts.port, timeout=10)
    try:
        body = json.dumps(MONITOR) if method == "POST" else ""
        connection.request(method, parts.path, body, {**given, "content-type": "text/plain"})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("host", OWN_HOSTS)
def test_loopback_names_are_answered_on_any_port(url: str, host: str) -> None:
    assert ask(url, "GET", "/_stub/jobs", host=host) == 200
    assert ask(url, "GET", "/_stub/jobs", host=host, origin=f"http://{host}") == 200


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_page_that_rebinds_its_name_is_refused_on_every_path(url: str, stub: StubServer, host: str) -> None:
    assert [ask(url, method, path, host=host) for method, path in PATHS] == [403] * len(PATHS)
    assert (stub.requests, stub.jobs) == ([], [])


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_a_page_of_another_site_is_refused_on_every_path(url: str, stub: StubServer, origin: str) -> None:
    assert [ask(url, method, path, origin=origin) for method, path in PATHS] == [403] * len(PATHS)
    assert (stub.requests, stub.jobs) == ([], [])


@pytest.mark.parametrize("dest", ["image", "script", "iframe", "style", "empty"])
def test_what_another_site_embeds_is_refused(url: str, dest: str) -> None:
    mode = "navigate" if dest == "iframe" else "no-cors"
    assert ask(url, "GET", "/", sec_fetch_site="cross-site", sec_fetch_mode=mode, sec_fetch_dest=dest) == 403


def test_a_link_of_another_site_can_be_followed(url: str) -> None:
    assert ask(url, "GET", "/_stub/jobs", **{name.replace("-", "_"): value for name, value in LINK.items()}) == 200


def test_the_oldest_generation_sends_no_webhooks_for_a_page_of_another_site(eventually: Callable[..., None]) -> None:
    body = json.dumps({**MONITOR, "webhook_url": "http://127.0.0.1:1/"})
    with StubServer(generation="G1") as stub:
        headers = {"origin": "http://evil.example", "content-type": "text/plain"}
        for path in ("/live-monitor", "/api/live-monitor"):
            assert httpx.post(stub.url + path, content=body, headers=headers, trust_env=False).status_code == 403
        assert stub.jobs == []


def test_a_page_of_another_site_cannot_script_the_proxy(stub: StubServer) -> None:
    with FaultProxy(stub) as proxy:
        url = proxy.base_url.removesuffix("/api")
        fault = json.dumps({"kind": "reset"})
        reply = httpx.post(f"{url}/_stub/wire", content=fault, headers={"origin": "null"}, trust_env=False)
        assert (reply.status_code, reply.json()["error"]["code"]) == (403, "FORBIDDEN")
        assert (proxy.faults, proxy.requests) == ([], [])
        proxy.strike(WireFault("close"), path="/jobs")
        assert ask(url, "GET", "/api/jobs", host="evil.example") == 403
        assert len(proxy.faults) == 1


def test_names_that_are_allowed_are_answered_too() -> None:
    with StubServer(allow_hosts=["stub", "Stub.Example"]) as stub, FaultProxy(stub, allow_hosts=["stub"]) as proxy:
        assert ask(stub.url, "GET", "/_stub/jobs", host="STUB:8000", origin="http://stub.example") == 200
        assert ask(stub.url, "GET", "/_stub/jobs", host="other") == 403
        assert ask(stub.url, "GET", "/_stub/jobs", host="localhost") == 200
        assert ask(proxy.base_url, "GET", "/jobs", host="stub", authorization="Bearer k") == 200
        assert ask(proxy.base_url, "GET", "/jobs", host="stub.example", authorization="Bearer k") == 403


@pytest.mark.parametrize("name", ["http://stub", "stub:8000", "", "a b", "user@stub", "stub/x", "*:1"])
def test_what_is_not_a_host_name_is_refused_at_once(name: str, stub: StubServer) -> None:
    for make in (StubServer, create_app, lambda **options: FaultProxy(stub, **options)):
        with pytest.raises(ValueError, match="allow_hosts takes host names without scheme or port"):
            make(allow_hosts=[name])


def test_a_request_without_a_host_comes_from_no_browser_and_is_answered(stub: StubServer) -> None:
    host, port = stub.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as sock:
        sock.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert sock.recv(12) == b"HTTP/1.1 200"


def test_an_application_checks_only_if_names_are_given() -> None:
    async def statuses(app: Any) -> list[int]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport) as client:
            hosts = ("http://testserver", "http://stub", "http://127.0.0.1")
            return [(await client.get(f"{host}/healthz")).status_code for host in hosts]

    assert asyncio.run(statuses(create_app())) == [200, 200, 200]
    assert asyncio.run(statuses(create_app(allow_hosts=["stub"]))) == [403, 200, 200]


def test_credentials_in_recorded_requests_are_masked_over_http_only(stub: StubServer) -> None:
    secrets = {
        "authorization": "Bearer the-key",
        "cookie": "session=the-key",
        "proxy-authorization": "Basic the-key",
        "x-api-key": "the-key",
    }
    plain = {"idempotency-key": "order-1", "x-mine": "1"}
    with FaultProxy(stub) as proxy:
        httpx.get(f"{proxy.base_url}/jobs", headers={**secrets, **plain}, trust_env=False)
        for shown in (f"{stub.url}/_stub/requests", f"{proxy.base_url.removesuffix('/api')}/_stub/wire"):
            reply = httpx.get(shown, trust_env=False)
            assert "the-key" not in reply.text
            headers = reply.json()["requests"][0]["headers"]
            assert {name: headers[name] for name in {**secrets, **plain}} == {**dict.fromkeys(secrets, "***"), **plain}
        assert proxy.requests[0].headers["authorization"] == "Bearer the-key"
    assert stub.requests[0].headers["cookie"] == "session=the-key"
