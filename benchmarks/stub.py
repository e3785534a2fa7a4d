"""Measure the stub server: how soon it answers, and what 1,000 event streams at once cost it.

The floor is a server of a few lines that parses nothing, keeps no job, and writes the bytes of the same event, already
made, to each of its connections. The CPU time of both processes is taken for the same number of events, each of which
has arrived at its reader before the next is made.

Run it with `python -m benchmarks.stub`; it prints a markdown table and takes about half a minute.
"""

from __future__ import annotations

import asyncio
import json
import platform
import resource
import statistics
import subprocess
import sys
import time
import urllib.request
from importlib.metadata import version
from pathlib import Path

STREAMS = 1_000
ROUNDS = 30
WARM_UP = 5
STARTS = 7
INTERVAL = 5
BODY = json.dumps(
    {
        "stream_url": "rtsp://camera.example/yard",
        "condition": "the gate is open",
        "interval_seconds": INTERVAL,
        "monitor_duration_seconds": 1_000_000,
    }
)
REQUEST = (
    f"POST /api/live-monitor HTTP/1.1\r\nhost: stub\r\nauthorization: Bearer k\r\naccept: text/event-stream\r\n"
    f"content-length: {len(BODY)}\r\n\r\n{BODY}"
).encode()
EVENT = (
    b'event: progress\ndata: {"job_id": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "timestamp": '
    b'"2026-02-01T10:00:00.123456Z", "checks_performed": 1, "triggers_fired": 0, "frames_skipped": 2, '
    b'"elapsed_seconds": 5}\n\n'
)


def serve_stub() -> None:
    """Serve as the stub server; a line on standard input moves the clock by one check."""
    from trio_client.stub import Scene, StubServer

    with StubServer(speed=0, max_jobs=STREAMS, keep_alive=3600) as server:
        server.scene("rtsp://camera.example/yard", Scene(holds=False))
        server.clock.advance(1)
        print(server.url.rpartition(":")[2], flush=True)
        for line in sys.stdin:
            if line == "round\n":
                server.clock.advance(INTERVAL)
            else:
                print(time.process_time(), resident(), flush=True)


def serve_floor() -> None:
    """Serve as the floor; a line on standard input sends one event to every connection."""
    asyncio.run(floor())


async def floor() -> None:
    writers: list[asyncio.StreamWriter] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        writers.append(writer)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    chunk = b"%x\r\n%s\r\n" % (len(EVENT), EVENT)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line == "round\n":
            for writer in writers:
                writer.write(chunk)
        else:
            print(time.process_time(), resident(), flush=True)


def resident() -> int:
    """Return the memory of this process in bytes; 0 where the system does not tell."""
    path = Path("/proc/self/statm")
    return int(path.read_text().split()[1]) * resource.getpagesize() if path.exists() else 0


class Served:
    """A server in a process of its own, with all its streams open."""

    def __init__(self, which: str) -> None:
        command = [sys.executable, "-m", "benchmarks.stub", which]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._answer())
        self.readers: list[asyncio.StreamReader] = []
        self.writers: list[asyncio.StreamWriter] = []

    async def open(self) -> float:
        """Open the streams; returns the memory that each of them takes, in KiB."""
        before = self.spent()[1]
        for _ in range(STREAMS):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(REQUEST)
            self.readers.append(reader)
            self.writers.append(writer)
        await asyncio.gather(*(reader.readuntil(b"\r\n\r\n") for reader in self.readers))
        return (self.spent()[1] - before) / STREAMS / 1024

    async def events(self, rounds: int) -> None:
        """Let so many events come to every reader, one after the other."""
        for _ in range(rounds):
            self._say("round")
            await asyncio.gather(*(reader.readuntil(b"event: progress") for reader in self.readers))

    async def microseconds(self) -> float:
        """Return the CPU time of one event."""
        begun = self.spent()[0]
        await self.events(ROUNDS)
        return (self.spent()[0] - begun) / (ROUNDS * STREAMS) * 1e6

    def spent(self) -> tuple[float, int]:
        """Return the CPU time of the server so far, and its memory."""
        self._say("spent")
        seconds, memory = self._answer().split()
        return float(seconds), int(memory)

    def close(self) -> None:
        for writer in self.writers:
            writer.close()
        self.process.terminate()
        self.process.communicate()

    def _say(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def _answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


def start_up() -> float:
    """Return the seconds from the start of the process to its first answer."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "trio_client.stub"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        with urllib.request.urlopen(f"{url}/healthz") as reply:
            reply.read()
        seconds = time.perf_counter() - begun
        process.terminate()
        process.communicate()
    return seconds


async def streams() -> tuple[list[tuple[float, float]], list[float]]:
    """Return pairs of microseconds per event, floor and stub, and the KiB of a stream for each."""
    served = [Served("floor"), Served("stub")]
    try:
        memory = [await server.open() for server in served]
        for server in served:
            await server.events(WARM_UP)
        floor_server, stub_server = served
        return [(await floor_server.microseconds(), await stub_server.microseconds()) for _ in range(5)], memory
    finally:
        for server in served:
            server.close()


def main() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * STREAMS + 100
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    print(f"Python {platform.python_version()}, uvicorn {version('uvicorn')}, starlette {version('starlette')}\n")
    print("| stub server | floor | trio_client | ratio | budget |")
    print("|---|---:|---:|---:|---:|")
    seconds = statistics.median(start_up() for _ in range(STARTS))
    print(f"| start to first answer, s | | {seconds:.2f} | | 1.0{exceeded(seconds, 1.0)} |")
    pairs, memory = asyncio.run(streams())
    theirs, mine = (statistics.median(values) for values in zip(*pairs, strict=True))
    ratio = statistics.median(mine / other for other, mine in pairs)
    name = f"CPU of an event, {STREAMS:,} streams at once, µs"
    print(f"| {name} | {theirs:.1f} | {mine:.1f} | {ratio:.1f} | 15{exceeded(ratio, 15)} |")
    print(f"| memory of a stream, KiB | {memory[0]:.0f} | {memory[1]:.0f} | | 100{exceeded(memory[1], 100)} |")


def exceeded(value: float, budget: float) -> str:
    return " **exceeded**" if value > budget else ""


if __name__ == "__main__":
    {"floor": serve_floor, "stub": serve_stub}.get(" ".join(sys.argv[1:]), main)()
