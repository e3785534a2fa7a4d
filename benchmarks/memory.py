"""The memory of long lists, of long streams and of many streams, by the resident memory of the client's process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

from trio_client import AsyncTrioClient, Target, TrioClient

from .contenders import OURS
from .contenders.wire import CONDITION, KEY, STREAM
from .measured import Measured, Plan
from .processes import Server, fresh

TITLE = "Memory"
ABOUT = """\
The growth of the resident memory of a fresh process. The streams of `watch_many` are those of the stub server,
which runs in a process of its own."""
JOBS = 100_000
EVENTS = 1_000_000
STREAMS = 1_000
MIB = 1024
STUB = f"""
import sys
from trio_client.stub import Scene, StubServer
with StubServer(speed=1, max_jobs={STREAMS}) as stub:
    print(stub.url.rpartition(":")[2], flush=True)
    sys.stdin.read()
"""


def resident() -> int:
    """Return the resident memory of this process, in KiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def kept_ids(url: str) -> float:
    """Return how many MiB the memory grows while a long list is read and its ids are kept."""
    with TrioClient(KEY, base_url=url) as client:
        client.jobs.list()
        before = resident()
        ids = [job.job_id for job in client.jobs.iterate(limit=JOBS)]
        if len({*ids}) != JOBS:
            raise SystemExit(f"{len(ids)} jobs instead of {JOBS}")
        return (resident() - before) / MIB


def long_stream(url: str) -> float:
    """Return how many MiB the memory grows while a long stream is read."""
    condition = f"times={EVENTS} shape=progress together=1"
    with TrioClient(KEY, base_url=url) as client, client.live_monitor.stream(STREAM, condition) as events:
        for _ in range(EVENTS // 100):
            next(events)
        before = resident()
        for _ in events:
            pass
        return (resident() - before) / MIB


def many_streams(url: str) -> tuple[float, float]:
    """Return the KiB of each watched stream, and the CPU milliseconds of each until all are watched."""
    return asyncio.run(_many_streams(url))


async def _many_streams(url: str) -> tuple[float, float]:
    targets = [Target(f"rtsp://camera.example/{number}", CONDITION) for number in range(STREAMS)]
    async with AsyncTrioClient(KEY, base_url=url) as client:
        await client.jobs.list()
        before, start = resident(), time.process_time()
        async with client.watch_many(targets) as events:
            async for _ in events:
                if len(events.job_ids) == STREAMS:
                    break
            found = (resident() - before) / STREAMS, (time.process_time() - start) / STREAMS * 1e3
        left = await client.jobs.list(status="running", limit=1)
        if left.total:
            raise SystemExit(f"{left.total} jobs were left running")
    return found


def measure(plan: Plan) -> Iterator[Measured]:
    name = f"{JOBS:,} jobs, their ids kept"
    if plan.wants(name):
        with Server() as url:
            grown = fresh(kept_ids, url)
        yield Measured(name, "MiB", {OURS: [grown]}, "A list of the ids, and what the iterator keeps to skip repeats.")
    name = f"{EVENTS:,} events of one stream"
    if plan.wants(name):
        with Server() as url:
            grown = fresh(long_stream, url)
        yield Measured(name, "MiB", {OURS: [grown]}, "A stream keeps no event that it has given.")
    name = f"`watch_many`, {STREAMS:,} streams"
    if plan.wants(name):
        with Server("-c", STUB) as url:
            each, cpu = fresh(many_streams, url)
        yield Measured(name, "KiB a stream", {OURS: [each]}, "All watched at once, in one process.")
        yield Measured(
            f"{name}, start", "ms a stream", {OURS: [cpu]}, "CPU time from the first request until all are watched."
        )
