"""A web service that streams events stops its jobs when its server is shut down."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from trio_client.stub import Scene, StubServer

pytestmark = pytest.mark.apps

APP = """
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from trio_client import AsyncTrioClient


@asynccontextmanager
async def lifespan(app):
    async with AsyncTrioClient() as client:
        app.state.client = client
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/events/{number}")
async def events(number: int) -> StreamingResponse:
    async def lines():
        async with app.state.client.live_monitor.stream(f"rtsp://c/{number}", "open", max_triggers=None) as events:
            async for event in events:
                yield event.kind + "\\n"

    return StreamingResponse(lines())
"""


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer(speed=1, start_delay=0) as each:
        yield each


@pytest.mark.skipif(os.name == "nt", reason="needs SIGTERM")
@pytest.mark.parametrize("workers", [1, 2])
def test_uvicorn_with_streaming_responses_leaves_no_job(stub: StubServer, tmp_path: Path, workers: int) -> None:
    (tmp_path / "service.py").write_text(APP)
    for number in range(5):
        stub.scene(f"rtsp://c/{number}", Scene(holds=False))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["uvicorn", "service:app", f"--port={port}", f"--workers={workers}", "--timeout-graceful-shutdown=1"]
    with (
        subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            env={**os.environ, "TRIO_API_KEY": "k", "TRIO_BASE_URL": stub.base_url},
            stderr=subprocess.PIPE,
            text=True,
        ) as server,
        ExitStack() as stack,
    ):
        stack.callback(server.kill)
        started = [threading.Event() for _ in range(5)]

        def read(number: int) -> None:
            with (
                suppress(httpx.HTTPError),
                httpx.stream("GET", f"http://127.0.0.1:{port}/events/{number}", timeout=60, trust_env=False) as reply,
            ):
                for _ in reply.iter_lines():
                    started[number].set()

        until = time.monotonic() + 30
        while time.monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
        for number in range(5):
            threading.Thread(target=read, args=(number,), daemon=True).start()
        assert all(each.wait(30) for each in started)
        server.send_signal(signal.SIGTERM)
        _, err = server.communicate(timeout=60)
    assert (len(stub.jobs), stub.running_jobs) == (5, 0), err
    assert "JobLeakWarning" not in err
