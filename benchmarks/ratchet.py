"""Compare what the client does, in counts, with the figures of `ratchet.json`: nothing gets slower unseen.

Seconds depend on the machine and on what else it does; these do not: function calls and lines run, objects and bytes
held, modules imported, instructions. Each group of figures says what it was counted on, and is passed over elsewhere:
what only the client's own code does, on any build of that Python; what the dependencies do too, with their versions;
instructions, which also see a slow search inside one call, with that build of Python and under valgrind.

Run it with `python -m benchmarks.ratchet`; it takes less than half a minute, and fails if a figure has left its margin.
`--write` accepts what is counted now.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import math
import os
import platform
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import httpx

import trio_client
from trio_client import AsyncTrioClient, TrioClient

from . import webhooks
from .loop_rounds import rounds_of_calls
from .payloads import progress
from .processes import Server, first_call
from .server import JOB, event, serve
from .shapes import KIB, SHAPES, cut, decode

if TYPE_CHECKING:
    from typing_extensions import Self

FILE = Path(__file__).with_suffix(".json")
PACKAGE = f"{Path(trio_client.__file__).parent}{os.sep}"
DEPENDENCIES = ("anyio", "h11", "httpcore", "httpx", "pydantic", "pydantic-core")
STREAMS = 100
CAMERA = "rtsp://camera.example/yard"
HELD = "times=0 shape=progress together=1000000"  # the benchmarks' server goes on once that many are open
OWN, ALL, INSTRUCTIONS = "own code", "with dependencies", "instructions"
MARGINS = {OWN: 0.10, ALL: 0.10, INSTRUCTIONS: 0.25}
VALGRIND = (shutil.which("valgrind") or "", "--tool=callgrind", "--callgrind-out-file=/dev/null")

Figures = dict[str, int]


def differences(counted: Figures, written: Figures, margin: float) -> list[str]:
    """Return which figures are not within the margin of those written; a gain is to be written, so that it stays."""
    problems: list[str] = []
    for name, figure in counted.items():
        if name not in written:
            problems.append(f"{name}: {figure:,}, and nothing is written of it")
            continue
        least, most = math.ceil(written[name] * (1 - margin)), math.floor(written[name] * (1 + margin))
        if not least <= figure <= most:
            word = "more" if figure > most else "fewer"
            problems.append(
                f"{name}: {figure:,} is {word} than allowed, {least:,} to {most:,} ({written[name]:,} written)"
            )
    problems += [f"{name}: written, and not counted any more" for name in written if name not in counted]
    return problems


# --- counting


class Counter:
    """Counts calls and lines of the thread while it is entered; its own code's are those that the package makes."""

    def __init__(self) -> None:
        self.calls = self.own_calls = self.own_lines = 0

    def __enter__(self) -> Self:
        gc.collect()
        gc.disable()
        sys.settrace(self._trace)
        sys.setprofile(self._profile)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        sys.settrace(None)
        gc.enable()

    def _trace(self, frame: FrameType, kind: str, _: object) -> Any:
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        self.own_lines += kind == "line"
        return self._trace

    def _profile(self, frame: FrameType, kind: str, _: object) -> None:
        if kind in ("call", "c_call"):
            self.calls += 1
            self.own_calls += frame.f_code.co_filename.startswith(PACKAGE)


class Ratchet:
    """The figures, as they are counted."""

    def __init__(self) -> None:
        self.groups: dict[str, Figures] = {OWN: {}, ALL: {}}

    @contextmanager
    def count(self, name: str) -> Generator[None]:
        with Counter() as counter:
            yield
        self.groups[OWN] |= {f"{name}, calls": counter.own_calls, f"{name}, lines": counter.own_lines}
        self.groups[ALL][f"{name}, calls"] = counter.calls

    def count_of(self, name: str, work: Callable[[], object]) -> None:
        work()  # what is made once is made
        with self.count(name):
            work()


# --- what is counted


def decoding(ratchet: Ratchet) -> None:
    for shape, make in SHAPES.items():
        chunks = make()
        ratchet.count_of(f"decode {shape}", partial(decode, chunks))
        tracemalloc.start()
        decode(chunks)
        ratchet.groups[OWN][f"decode {shape}, bytes at the peak"] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()


def typed_events(ratchet: Ratchet) -> None:
    body = event("started", {"job_id": JOB["job_id"]}) + progress() * 1000 + event("stopped", {"job_id": JOB["job_id"]})

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=iter(cut(body, 64 * KIB)))

    with httpx.Client(transport=httpx.MockTransport(answer)) as http, TrioClient("key", http_client=http) as client:

        def read() -> None:
            with client.live_monitor.stream(CAMERA, "the gate is open") as events:
                assert len(list(events)) == 1002

        ratchet.count_of("read a stream of 1,000 events", read)


def calls(ratchet: Ratchet, url: str) -> None:
    with TrioClient("key", base_url=url) as client:
        ratchet.count_of("a call", lambda: client.jobs.get(JOB["job_id"]))
        ratchet.count_of("a page of 100 jobs", lambda: client.jobs.list(limit=100))
        tracemalloc.start()
        page = client.jobs.list(limit=100)
        ratchet.groups[ALL]["a page of 100 jobs, bytes kept"] = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert len(page.jobs) == 100


async def async_call(ratchet: Ratchet) -> None:
    """The server runs on the same event loop, so that nothing depends on which of two is faster."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api"
    async with AsyncTrioClient("key", base_url=url) as client:
        await client.jobs.get(JOB["job_id"])
        with ratchet.count("an async call"):
            await client.jobs.get(JOB["job_id"])
    server.close()


async def open_streams(ratchet: Ratchet, url: str) -> None:
    async with AsyncTrioClient("key", base_url=url) as client:

        async def start() -> Any:
            events = client.live_monitor.stream(CAMERA, HELD, on_exit="leave")
            await anext(events)
            return events

        await (await start()).close()
        gc.collect()
        tracemalloc.start()
        own, everything = objects()
        streams = [await start() for _ in range(STREAMS)]
        gc.collect()
        own_now, everything_now = objects()
        traces = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, f"{PACKAGE}*")]).traces
        tracemalloc.stop()
        ratchet.groups[OWN]["an open stream, objects"] = round((own_now - own) / STREAMS)
        ratchet.groups[OWN]["an open stream, bytes"] = round(sum(trace.size for trace in traces) / STREAMS)
        ratchet.groups[ALL]["an open stream, objects"] = round((everything_now - everything) / STREAMS)
        for each in streams:
            await each.close()


def objects() -> tuple[int, int]:
    """Return how many objects the garbage collector tracks: of the package's classes, and in all."""
    tracked = gc.get_objects()
    return sum(type(each).__module__.startswith("trio_client") for each in tracked), len(tracked)


def webhook(ratchet: Ratchet) -> None:
    body, headers = webhooks.delivery(KIB)
    ratchet.count_of("a webhook", lambda: webhooks.ours(body, headers))


def imports(ratchet: Ratchet) -> None:
    for statement in ("import trio_client", "from trio_client import TrioClient, AsyncTrioClient"):
        code = f"import sys; before = set(sys.modules); {statement}; print(*set(sys.modules) - before)"
        done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
        loaded = done.stdout.split()
        own = sum(name.startswith("trio_client") for name in loaded)
        ratchet.groups[OWN][f"`{statement}`, modules"] = own
        ratchet.groups[ALL][f"`{statement}`, modules"] = len(loaded)


def instructions() -> Figures:
    """Count the instructions of each shape's decoding; one process more shows what to subtract for its start."""
    run(decoding_of(""))  # compiles what is not compiled yet
    with ThreadPoolExecutor(2) as runs:
        start, *counts = runs.map(instructions_of, ["", *SHAPES])
    return {f"decode {shape}, instructions": count - start for shape, count in zip(SHAPES, counts, strict=True)}


def instructions_of(shape: str) -> int:
    return int(run([*VALGRIND, *decoding_of(shape)]).rpartition("Collected :")[2].split()[0])


def decoding_of(shape: str) -> list[str]:
    code = (
        "from benchmarks.shapes import SHAPES, decode\n"
        "made = {name: make() for name, make in SHAPES.items()}\n"
        f"decode(made.get({shape!r}, []))"
    )
    return [sys.executable, "-c", code]


def run(command: list[str]) -> str:
    """Return what a command says on its standard error, whatever the environment and the layout of the heap."""
    environment = {"PYTHONHASHSEED": "0", "MALLOC_MMAP_THRESHOLD_": str(64 * KIB)}
    root = FILE.parent.parent
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True).stderr


# --- comparing


def counted_on(group: str) -> str:
    """Return what the figures of a group hold for."""
    if group == INSTRUCTIONS:
        libc = " ".join(platform.libc_ver())
        return f"Python {platform.python_version()}, {platform.python_compiler()}, {libc}, {platform.machine()}"
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    return python if group == OWN else ", ".join([python, *(f"{name} {version(name)}" for name in DEPENDENCIES)])


def count_all() -> dict[str, Figures]:
    ratchet = Ratchet()
    decoding(ratchet)
    typed_events(ratchet)
    webhook(ratchet)
    imports(ratchet)
    with Server() as url:
        calls(ratchet, url)
        ratchet.groups[OWN]["modules imported in the event loop's thread"] = len(first_call(url)["modules"])
        asyncio.run(open_streams(ratchet, url))
        for method, rounds in rounds_of_calls(url).items():
            ratchet.groups[ALL][f"an async {method}, rounds of the event loop"] = rounds
    asyncio.run(async_call(ratchet))
    return ratchet.groups


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare counts of what the client does with those written down.")
    parser.add_argument("--write", action="store_true", help="accept what is counted now")
    write = parser.parse_args().write
    written: dict[str, Any] = {} if write else json.loads(FILE.read_text())
    groups = count_all()
    if VALGRIND[0]:
        groups[INSTRUCTIONS] = instructions()
    else:
        print(f"!! SKIPPED {INSTRUCTIONS}: no valgrind on PATH (Debian: apt-get install valgrind)")
    if write:
        counted = {group: {"of": counted_on(group), "figures": figures} for group, figures in groups.items()}
        FILE.write_text(json.dumps(counted, indent=2) + "\n")
        return 0
    problems: list[str] = []
    for group, figures in groups.items():
        if written[group]["of"] != counted_on(group):
            print(f"!! SKIPPED {group}: the figures are of {written[group]['of']}, this is {counted_on(group)}")
            continue
        found = differences(figures, written[group]["figures"], MARGINS[group])
        problems += [f"{group}: {problem}" for problem in found]
    for problem in problems:
        print(f"!! {problem}")
    if problems:
        print("To accept them: python -m benchmarks.ratchet --write, and say in the commit why.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
