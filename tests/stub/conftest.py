from __future__ import annotations

import http.server
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from trio_client.stub import StubServer

YARD = "rtsp://camera.example/yard"


@pytest.fixture(scope="session")
def tls() -> ssl.SSLContext:
    """One context for all clients: making it is the slow part of making a client."""
    return ssl.create_default_context()


@pytest.fixture
def stub() -> Iterator[StubServer]:
    """A server whose clock is stopped: a test moves it."""
    with StubServer(speed=0) as server:
        yield server


@pytest.fixture
def connect(tls: ssl.SSLContext) -> Iterator[Callable[..., httpx.Client]]:
    """Makes clients of a server, closed at the end of the test."""
    clients: list[httpx.Client] = []

    def make(server: StubServer, key: str = "test-key") -> httpx.Client:
        headers = {"authorization": f"Bearer {key}"}
        client = httpx.Client(base_url=server.base_url, headers=headers, verify=tls, trust_env=False, timeout=5)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(stub: StubServer, connect: Callable[..., httpx.Client]) -> httpx.Client:
    return connect(stub)


@pytest.fixture
def monitor(client: httpx.Client) -> Callable[..., str]:
    """Starts a monitor in polling mode and returns its id."""

    def start(**fields: Any) -> str:
        body = {"stream_url": YARD, "condition": "Is the gate open?", **fields}
        response = client.post("/live-monitor", json=body)
        assert response.status_code == 200, response.text
        return str(response.json()["job_id"])

    return start


@pytest.fixture
def digest(client: httpx.Client) -> Callable[..., str]:
    """Starts a digest in polling mode and returns its id."""

    def start(**fields: Any) -> str:
        response = client.post("/live-digest", json={"stream_url": YARD, **fields})
        assert response.status_code == 200, response.text
        return str(response.json()["job_id"])

    return start


@dataclass
class Receiver:
    """A webhook receiver that answers with the statuses it was given, then with 200."""

    url: str
    statuses: list[int] = field(default_factory=list)
    got: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            inbox.got.append((body, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(inbox.statuses.pop(0) if inbox.statuses else 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        inbox = Receiver(f"http://127.0.0.1:{server.server_port}/hook?a=1")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield inbox
        server.shutdown()
        thread.join()


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Waits until a condition holds; for what happens in another thread."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            threading.Event().wait(0.005)

    return wait
