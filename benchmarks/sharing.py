"""Measure how processes share an account's job slots: three processes, the stub server, 45 seconds.

python -m benchmarks.sharing                 # without knowing each other
python -m benchmarks.sharing --slots 3       # three each
python -m benchmarks.sharing --redis         # a pool in a Redis server that it starts
python -m benchmarks.sharing --processes 1 --cameras 200 --turn 300 --seconds 30
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from typing import Any

import anyio

from trio_client import AsyncTrioClient, SlotPool, Target, exit_on_sigterm
from trio_client._times import parse_time
from trio_client.stub import RecordedRequest, StubServer

SPEED, SLOTS = 10, 10
_ENDED = ("completed", "stopped", "failed")


async def watch(number: int, cameras: int, turn: float, slots: int | SlotPool | None) -> None:
    """Watch until the process is ended."""
    targets = [
        Target(f"rtsp://process-{number}.example/{camera}", "x", interval_seconds=5) for camera in range(cameras)
    ]
    async with AsyncTrioClient() as client, client.watch_many(targets, turn_seconds=turn, slots=slots) as events:
        async for _ in events:
            pass


def run(options: argparse.Namespace) -> None:
    """Be one of the processes."""
    exit_on_sigterm()
    slots: int | SlotPool | None = options.slots
    if options.redis:
        from trio_client.contrib.redis import RedisSlotPool

        slots = RedisSlotPool(options.redis, slots=options.slots or SLOTS, lease_seconds=options.lease)
    anyio.run(watch, options.number, options.cameras, options.turn, slots)


def measure(options: argparse.Namespace) -> None:
    """Start the processes, and print what came of it."""
    with (
        StubServer(speed=SPEED, max_jobs=SLOTS) as stub,
        _redis(options.redis is not None) as url,
        ExitStack() as started,
    ):
        command = [sys.executable, "-m", "benchmarks.sharing", "watch", f"--cameras={options.cameras}"]
        command += [f"--turn={options.turn}", f"--lease={options.lease}"]
        command += [f"--slots={options.slots}"] if options.slots else []
        command += [f"--redis={url}"] if url else []
        environment = {**os.environ, "TRIO_API_KEY": "the-key", "TRIO_BASE_URL": stub.base_url}
        processes = [
            subprocess.Popen([*command, f"--number={number}"], env=environment, stderr=subprocess.DEVNULL)
            for number in range(options.processes)
        ]
        for process in processes:
            started.callback(process.kill)  # whatever happens
        while len({_process(create.json["stream_url"]) for create in _creates(stub)}) < options.processes:
            time.sleep(0.05)
        began, most, before = time.monotonic(), 0, len(_creates(stub)) - len(stub.jobs)
        not_counted = Counter(job.stream_url for job in stub.jobs)
        commands = _commands(url)
        while time.monotonic() < began + options.seconds:
            most = max(most, stub.running_jobs)
            time.sleep(0.02)
        used = [_used(process.pid) for process in processes]
        commands = _commands(url) - commands
        spans = [_span(stub, job.job_id) for job in stub.jobs]
        refused = len(_creates(stub)) - len(spans) - before
        starts = Counter(job.stream_url for job in stub.jobs) - not_counted
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(60)
        left = stub.running_jobs
    every = [
        [starts[f"rtsp://process-{number}.example/{camera}"] for camera in range(options.cameras)]
        for number in range(options.processes)
    ]
    flat = [count for process in every for count in process]
    each = [round(sum(process) / options.cameras, 2) for process in every]
    print(f"starts a camera, by process: {each}; least {min(flat)}, most {max(flat)}; ", end="")
    print(f"{most} jobs at once at most, {left} left at the end")
    idle, longest = _idle(spans, began_at=min(begin for begin, _ in spans) + 5)
    minutes = options.seconds / 60 * options.processes
    print(f"slots idle {idle:.1%}, one for {longest:.2f} s at most; {refused / minutes:.0f} refused creates a minute")
    for cpu, memory in used:
        print(f"CPU {cpu / options.seconds:.1%} of a core, {memory} MiB")
    if url:
        print(f"{commands / options.seconds:.0f} Redis commands a second, {commands / len(spans):.0f} per time slice")


def _creates(stub: StubServer) -> list[RecordedRequest]:
    return [request for request in stub.requests if request.path.endswith("/live-monitor")]


def _process(stream_url: str) -> str:
    return stream_url.rpartition("/")[0]


def _span(stub: StubServer, job_id: str) -> tuple[float, float]:
    """Return when a job began and ended; the end is infinite if it runs."""
    job = next(job for job in stub._state.jobs.all() if job.job_id == job_id)  # pyright: ignore[reportPrivateUsage]
    begin = parse_time(job.created_at)
    end = parse_time(job.events[-1].timestamp) if job.status in _ENDED else None  # one that is pending has no event yet
    assert begin is not None
    return begin.timestamp(), float("inf") if end is None else end.timestamp()


def _idle(spans: Sequence[tuple[float, float]], began_at: float) -> tuple[float, float]:
    """Return the share of slot time without a job, and the longest time that a slot had none, from that moment on."""
    changes = sorted([(begin, 1) for begin, _ in spans] + [(end, -1) for _, end in spans if end < float("inf")])
    running, free, longest, lost = 0, deque([changes[0][0]] * SLOTS), 0.0, 0.0
    last = changes[-1][0]
    for (moment, change), (until, _) in pairwise([*changes, (last, 0)]):
        running += change
        if change > 0:
            since = free.popleft() if free else moment
            longest = max(longest, moment - max(since, began_at))
        else:
            free.append(moment)
        lost += (SLOTS - running) * max(0.0, until - max(moment, began_at))
    return lost / (SLOTS * (last - began_at)), longest


def _used(process: int) -> tuple[float, int]:
    """Return the seconds of processor time, and the MiB of memory, of a process."""
    with open(f"/proc/{process}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    with open(f"/proc/{process}/statm") as file:
        pages = int(file.read().split()[1])
    ticks = int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE") // 2**20


@contextmanager
def _redis(wanted: bool) -> Generator[str | None]:
    if not wanted:
        yield None
        return
    program = shutil.which("redis-server") or sys.exit("no redis-server (Debian: apt-get install redis-server)")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
            time.sleep(1)
            yield f"redis://127.0.0.1:{port}/0"
            server.terminate()


def _commands(url: str | None) -> int:
    if url is None:
        return 0
    import redis

    kind: Any = redis.Redis
    client: Any = kind.from_url(url)
    with client:
        return int(client.info("stats")["total_commands_processed"])


def main() -> None:
    """Measure, or be one of the processes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="?", choices=("measure", "watch"), default="measure")
    parser.add_argument("--number", type=int, default=0)
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--cameras", type=int, default=20)
    parser.add_argument("--turn", type=float, default=2)
    parser.add_argument("--seconds", type=float, default=45)
    parser.add_argument("--slots", type=int)
    parser.add_argument("--redis", nargs="?", const="own")
    parser.add_argument("--lease", type=float, default=30)
    options = parser.parse_args()
    run(options) if options.what == "watch" else measure(options)


if __name__ == "__main__":
    main()
