"""A process that was frozen for longer than a stream may be silent reads what waits before it declares silence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import anyio
import pytest
from raw_server import HOLD, RawServer

from trio_client import APITimeoutError, AsyncTrioClient, StreamInterruptedError

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
COMMENT = b"9\r\n: alive\n\n\r\n"
IDLE = 1.0
PROGRAM = """
import sys
import anyio
from trio_client import AsyncTrioClient, TrioClient

def in_sync(url, idle):
    with TrioClient("key", base_url=url, retry=None) as client:
        with client.request_events("GET", "/events", idle_timeout=idle) as events:
            for event in events:
                print(event.name, flush=True)

async def in_async(url, idle):
    async with AsyncTrioClient("key", base_url=url, retry=None) as client:
        async with client.request_events("GET", "/events", idle_timeout=idle) as events:
            async for event in events:
                print(event.name, flush=True)

backend, url, idle = sys.argv[1:]
if backend == "sync":
    in_sync(url, float(idle))
else:
    anyio.run(in_async, url, float(idle), backend=backend)
"""


def event(name: str) -> bytes:
    data = f"event: {name}\ndata: {{}}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


@pytest.mark.thorough
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs SIGSTOP")
@pytest.mark.parametrize("backend", ["sync", "asyncio", "trio"])
def test_an_event_that_came_meanwhile_is_read(backend: str) -> None:
    """Of SIGCONT the event loop notices first that the time is over, and then that there is something to read."""
    thawed = threading.Event()
    with RawServer([HEAD, event("one") + COMMENT, thawed, COMMENT + event("two"), HOLD]) as server:
        command = [sys.executable, "-c", PROGRAM, backend, server.base_url, str(IDLE)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                names = [process.stdout.readline().strip()]
                os.kill(process.pid, signal.SIGSTOP)
                thawed.set()
                time.sleep(2 * IDLE)
                os.kill(process.pid, signal.SIGCONT)
                names.append(process.stdout.readline().strip())
            finally:
                process.kill()
    assert names == ["one", "two"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_silence_is_still_silence(backend: str) -> None:
    async def main(url: str) -> None:
        async with AsyncTrioClient("key", base_url=url, retry=None) as client:
            async with client.request_events("GET", "/events", idle_timeout=0.2) as events:
                async for _ in events:
                    pass

    with RawServer([HEAD, event("one"), HOLD]) as server:
        with pytest.raises((APITimeoutError, StreamInterruptedError)):
            anyio.run(main, server.base_url, backend=backend)
