"""Measure the memory of long and of many streams, by the resident memory of the client's process.

One stream is read over loopback for a million events; what it holds must not grow with them. And `watch_many` watches
1,000 streams of the stub server, which runs in a process of its own.

Run it with `python -m benchmarks.memory`; it prints a markdown table and takes about a minute.
"""

from __future__ import annotations

import asyncio
import platform
import subprocess
import sys
import time
from pathlib import Path

from trio_client import AsyncTrioClient, Target, TrioClient

from .contenders import SMALL, monitor

EVENTS = 1_000_000
STREAMS = 1_000
KIB = 1024


def resident() -> int:
    """The resident memory of this process, in KiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


class Server:
    """A server in a process of its own; the first line that it prints ends in its port."""

    def __init__(self, *command: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def __enter__(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


STUB = f"""
import sys
from trio_client.stub import Scene, StubServer
with StubServer(speed=1, max_jobs={STREAMS}) as stub:
    print(stub.url.rpartition(":")[2], flush=True)
    sys.stdin.read()
"""


def long_stream(url: str) -> tuple[int, int]:
    """Return the memory after a tenth of the events, and how much it has grown by the last."""
    seen, early = 0, 0
    with TrioClient("key", base_url=url) as client, client.live_monitor.stream(**monitor(EVENTS, SMALL)) as events:
        for _ in events:
            seen += 1
            if seen == EVENTS // 10:
                early = resident()
        if seen != EVENTS + 2:
            raise SystemExit(f"{seen} events instead of {EVENTS + 2}")
        return early, resident() - early


async def many_streams(url: str) -> tuple[int, float, float]:
    """Return the memory of each watched stream, and the seconds of CPU and of time until all were watched."""
    targets = [Target(f"rtsp://camera.example/{number}", "the gate is open") for number in range(STREAMS)]
    async with AsyncTrioClient("key", base_url=url) as client:
        await client.jobs.list()
        before, cpu, start = resident(), time.process_time(), time.perf_counter()
        async with client.watch_many(targets) as events:
            async for _ in events:
                if len(events.job_ids) == STREAMS:
                    break
            each = (resident() - before) / STREAMS
            spent = time.process_time() - cpu, time.perf_counter() - start
        left = await client.jobs.list(status="running", limit=1)
        if left.total:
            raise SystemExit(f"{left.total} jobs were left running")
    return round(each), *spent


def main() -> None:
    print(f"Python {platform.python_version()}\n")
    print("| what | measured |")
    print("|---|---:|")
    with Server("-m", "benchmarks.server") as url:
        early, growth = long_stream(url)
    print(f"| one stream, after {EVENTS // 10:,} events | {early / KIB:.1f} MiB |")
    print(f"| the same, growth up to {EVENTS:,} events | {growth / KIB:.1f} MiB |")
    with Server("-c", STUB) as url:
        each, cpu, seconds = asyncio.run(many_streams(url))
    print(f"| `watch_many`, {STREAMS:,} streams, memory of each | {each} KiB |")
    print(f"| the same, until all are watched | {cpu:.1f} s of CPU, {seconds:.1f} s |")


if __name__ == "__main__":
    main()
