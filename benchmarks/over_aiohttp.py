"""Compare the async client over aiohttp's connections with bare aiohttp, and with its own connections, by CPU time.

Each contender is a process of its own; the rounds go in turn, and a ratio is the median of those round by round.

Run it with `python -m benchmarks.over_aiohttp`; it prints a markdown table and takes about a minute.
"""

from __future__ import annotations

import asyncio
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import aiohttp

from trio_client import AsyncTrioClient
from trio_client.contrib.aiohttp import AiohttpClient

from .server import JOB

ROUNDS = 5
MANY, AT_ONCE = 1_000, 100
CONDITION = f"events=10 size=200 together={MANY}"
BODY = {"stream_url": "rtsp://camera.example/yard", "condition": CONDITION}
EVENTS = 12
BUDGET = 2.5
SCENARIOS = ("calls, cold", "calls, warm", "streams")
LIMIT, OVER, OWN = CONTENDERS = ("aiohttp", "over aiohttp", "own connections")


class Bare:
    """aiohttp, with as little around it as there can be."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def call(self) -> None:
        async with self._session.get(f"{self._url}/jobs/{JOB['job_id']}") as response:
            await response.json()

    async def stream(self) -> int:
        seen = 0
        async with self._session.post(f"{self._url}/live-monitor", json=BODY) as response:
            async for line in response.content:
                if line.startswith(b"data:"):
                    json.loads(line[5:])
                    seen += 1
        return seen


class Ours:
    def __init__(self, client: AsyncTrioClient) -> None:
        self._client = client

    async def call(self) -> None:
        await self._client.jobs.get(JOB["job_id"])

    async def stream(self) -> int:
        seen = 0
        async with self._client.live_monitor.stream(**BODY) as events:
            async for _ in events:
                seen += 1
        return seen


@asynccontextmanager
async def opened(contender: str, url: str) -> AsyncIterator[Bare | Ours]:
    if contender == LIMIT:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            yield Bare(session, url)
    elif contender == OVER:
        async with AiohttpClient() as http, AsyncTrioClient("key", base_url=url, http_client=http) as client:
            yield Ours(client)
    else:
        async with AsyncTrioClient("key", base_url=url) as client:
            yield Ours(client)


async def at_once(call: Callable[[], Awaitable[None]]) -> None:
    left = iter(range(MANY))

    async def work() -> None:
        for _ in left:
            await call()

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def all_streams(client: Any) -> None:
    seen = await asyncio.gather(*(client.stream() for _ in range(MANY)))
    if set(seen) != {EVENTS}:
        raise SystemExit(f"streams of {set(seen)} events instead of {EVENTS}")


async def rounds(scenario: str, contender: str, url: str) -> None:
    """Do a round for each line of standard input, and print its CPU seconds."""
    async with opened(contender, url) as kept:
        for _ in sys.stdin:
            start = time.process_time()
            if scenario == "streams":
                await all_streams(kept)
            elif scenario == "calls, warm":
                await at_once(kept.call)
            else:
                async with opened(contender, url) as client:
                    await at_once(client.call)
            print(time.process_time() - start, flush=True)


class Process:
    """A process that answers a line with a line."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def answer(self, line: str = "") -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line)
        self._process.stdin.flush()
        return self._process.stdout.readline()

    def end(self) -> None:
        self._process.communicate()


def measure(scenario: str, url: str) -> dict[str, list[float]]:
    processes = {name: Process("benchmarks.over_aiohttp", scenario, name, url) for name in CONTENDERS}
    times: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for number in range(ROUNDS + 1):
        for name in CONTENDERS if number % 2 else CONTENDERS[::-1]:
            seconds = float(processes[name].answer("go\n"))
            if number:  # the first warms up
                times[name].append(seconds)
    for process in processes.values():
        process.end()
    return times


def main() -> None:
    if arguments := sys.argv[1:]:
        asyncio.run(rounds(*arguments))
        return
    what = f"Python {platform.python_version()}, aiohttp {version('aiohttp')}"
    print(f"{what}, medians of {ROUNDS} rounds, CPU of the client's process\n")
    print("| 1,000 | aiohttp, ms | over aiohttp, ms | own connections, ms | ratio to aiohttp | own to over aiohttp |")
    print("|---|---:|---:|---:|---:|---:|")
    server = Process("benchmarks.server")
    url = f"http://127.0.0.1:{int(server.answer())}/api"
    for scenario in SCENARIOS:
        times = measure(scenario, url)
        cells = [f"{statistics.median(times[name]) * 1e3:.0f}" for name in CONTENDERS]
        above = statistics.median(ours / bare for ours, bare in zip(times[OVER], times[LIMIT], strict=True))
        gain = statistics.median(own / ours for own, ours in zip(times[OWN], times[OVER], strict=True))
        verdict = " **exceeded**" if above > BUDGET else ""
        print(f"| {scenario} | {' | '.join(cells)} | {above:.2f}{verdict} | {gain:.2f} |", flush=True)
    server.end()


if __name__ == "__main__":
    main()
