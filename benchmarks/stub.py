"""The stub server: how soon it answers, and what 1,000 event streams at once cost it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

from .contenders import OURS
from .measured import Measured, Plan
from .memory import resident
from .processes import Server

TITLE = "The stub server"
ABOUT = """\
The floor is a server of a few lines that parses nothing, keeps no job, and writes the bytes of the same event,
already made, to each of its connections. The CPU time of both processes is taken for the same number of events,
each of which has arrived at its reader before the next is made."""
STREAMS = 1_000
EVENTS = 12
WARM_UP = 5
ROUNDS = 5
STARTS = 5
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
    f"POST /api/live-monitor HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\naccept: text/event-stream\r\n"
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


class Served(Server):
    """A server in a process of its own, with all its streams open."""

    def __init__(self, which: str) -> None:
        super().__init__("-m", "benchmarks.stub", which)
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
        return (self.spent()[1] - before) / STREAMS

    async def events(self, rounds: int) -> None:
        """Let a number of events come to every reader, one after the other."""
        for _ in range(rounds):
            self.say("round")
            await asyncio.gather(*(reader.readuntil(b"event: progress") for reader in self.readers))

    async def microseconds(self) -> float:
        """Return the CPU time of one event."""
        begun = self.spent()[0]
        await self.events(EVENTS)
        return (self.spent()[0] - begun) / (EVENTS * STREAMS) * 1e6

    def spent(self) -> tuple[float, int]:
        """Return the CPU time of the server so far, and its memory."""
        self.say("spent")
        seconds, memory = self.answer().split()
        return float(seconds), int(memory)

    def close(self) -> None:
        for writer in self.writers:
            writer.close()
        self.process.terminate()
        self.end()


def start_up() -> float:
    """Return the seconds from the start of the process to its first answer."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "trio_client.stub"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("trio stub listening on ").split()[0]
        with urllib.request.urlopen(f"{url}/healthz") as reply:
            reply.read()
        seconds = time.perf_counter() - begun
        process.terminate()
        process.communicate()
    return seconds


async def streams(rounds: int) -> tuple[dict[str, list[float]], float]:
    """Return the microseconds of an event in each round, by server, and the KiB of a stream of the stub server."""
    served = {"floor": Served("floor"), OURS: Served("stub")}
    found: dict[str, list[float]] = {name: [] for name in served}
    try:
        memory = {name: await server.open() for name, server in served.items()}
        for server in served.values():
            await server.events(WARM_UP)
        for _ in range(rounds):
            for name, server in served.items():
                found[name].append(await server.microseconds())
        return found, memory[OURS]
    finally:
        for server in served.values():
            server.close()


def measure(plan: Plan) -> Iterator[Measured]:
    name = "stub server, start to first answer"
    if plan.wants(name):
        seconds = [start_up() for _ in range(plan.rounds(STARTS))]
        yield Measured(name, "s", {OURS: seconds}, "Time of the clock, from the start of the process.")
    names = f"stub server, an event to each of {STREAMS:,} streams", "stub server, memory of a stream"
    if any(map(plan.wants, names)):
        micros, memory = asyncio.run(streams(plan.rounds(ROUNDS)))
        yield Measured(names[0], "µs an event", micros, "The stub decides, makes and logs each event of each job.")
        yield Measured(names[1], "KiB", {OURS: [memory]}, "Each is a job with its history.")


if __name__ == "__main__":
    {"floor": serve_floor, "stub": serve_stub}[sys.argv[1]]()
