"""The application under servers other than its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Generator
from typing import Any

import httpx
import pytest
import uvicorn

from trio_client.stub import create_app

MONITOR = {"stream_url": "rtsp://camera.example/yard", "condition": "Is the gate open?"}


@contextlib.contextmanager
def uvicorn_server(app: Any) -> Generator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


@contextlib.contextmanager
def hypercorn_server(app: Any) -> Generator[str]:
    asyncio_server = pytest.importorskip("hypercorn.asyncio", reason="hypercorn is not installed")
    from hypercorn.config import Config

    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = Config()
        config.bind = [f"fd://{os.dup(listener.fileno())}"]
        config.errorlog = None
        loop, ended = asyncio.new_event_loop(), asyncio.Event()

        def serve() -> None:
            loop.run_until_complete(asyncio_server.serve(app, config, shutdown_trigger=ended.wait))
            loop.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.parametrize("serve", [uvicorn_server, hypercorn_server])
def test_it_runs_under_any_server(serve: Any) -> None:
    with serve(create_app(speed=6000)) as url:
        headers = {"authorization": "Bearer k", "accept": "text/event-stream"}
        with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=10) as client:
            received = client.post("/api/live-monitor", json=MONITOR)
            names = [line[7:] for line in received.text.splitlines() if line.startswith("event: ")]
            assert names == ["started", "progress", "progress", "triggered", "stopped"]
            client.post("/_stub/fail", json={"path": "/jobs", "status": 503})
            assert [client.get("/api/jobs").status_code for _ in range(2)] == [503, 200]
            assert client.get("/").headers["content-type"] == "text/html; charset=utf-8"


def test_without_the_own_server_a_fault_of_the_connection_is_an_exception() -> None:
    with uvicorn_server(create_app(speed=6000)) as url:
        with httpx.Client(base_url=url, headers={"authorization": "Bearer k"}, trust_env=False) as client:
            client.post("/_stub/fail", json={"path": "/jobs", "close": True})
            broken = client.get("/api/jobs")
            assert broken.status_code == 500
            assert client.get("/api/jobs").status_code == 200
