"""Processes that measure or are measured: servers, contenders, and fresh interpreters."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

_T = TypeVar("_T")


class _Piped:
    """A process that answers a line with a line."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def say(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def answer(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("A process ended early; its error is above.")
        return line

    def end(self) -> None:
        self.process.communicate()


class Server(_Piped):
    """A server that prints its port first, and ends with its standard input."""

    def __init__(self, *arguments: str) -> None:
        super().__init__(*(arguments or ("-m", "benchmarks.server")))
        self.port = int(self.answer())

    def __enter__(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    def __exit__(self, *_: object) -> None:
        self.end()


class Contender(_Piped):
    """A library that does one round on request."""

    def __init__(self, library: str, url: str) -> None:
        super().__init__("-m", "benchmarks.contenders", library, url)

    def round(self, name: str, *arguments: object) -> float:
        """Return the CPU seconds of a round; one that is asked for again goes on with its client."""
        self.say(json.dumps([name, *arguments]))
        return float(self.answer())


def fresh(function: Callable[..., _T], *arguments: object, keep_memory: bool = False) -> _T:
    """Return what the function returns in a new interpreter; its allocator may be set to keep what is freed."""
    for name in ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"):
        os.environ.pop(name, None)
        if keep_memory:
            os.environ[name] = str(2**28)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def first_call(url: str) -> dict[str, Any]:
    """Return what `benchmarks.first_call` prints."""
    command = [sys.executable, "-m", "benchmarks.first_call", url]
    printed: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return printed


def spent(*command: str) -> float:
    """Return the CPU seconds that a command takes from start to end."""
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=silent)
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return usage.ru_utime + usage.ru_stime


def in_turn(
    contenders: dict[str, Callable[[], float]],
    rounds: int,
    *,
    warm_up: bool = True,
) -> dict[str, list[float]]:
    """Return what each measured in each round; what disturbs one disturbs the others, and one more warms up before."""
    names = list(contenders)
    found: dict[str, list[float]] = {name: [] for name in names}
    for number in range(0 if warm_up else 1, rounds + 1):
        for name in names if number % 2 else names[::-1]:
            value = contenders[name]()
            if number:
                found[name].append(value)
    return found
