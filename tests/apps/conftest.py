from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from redis_server import RedisServer

SECRET = "the secret of the examples"
EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "webhooks"
Run: TypeAlias = "Callable[..., Program]"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(condition: Callable[[], object], what: str, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"{what}: not within {seconds} s"
        time.sleep(0.02)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


class Program:
    """A program that runs, and what it has printed so far: first its own lines, then those of its log."""

    def __init__(self, process: subprocess.Popen[bytes], *outputs: Path) -> None:
        self.process = process
        self._outputs = outputs

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    @property
    def output(self) -> str:
        return "".join(output.read_text() for output in self._outputs)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Runs programs of examples/webhooks; they are ended after the test."""
    started: list[Program] = []

    def start(*arguments: str, **environment: str) -> Program:
        printed, logged = (tmp_path / f"{name}-{len(started)}" for name in ("printed", "logged"))
        command = [sys.executable, "-W", "error", *arguments]
        with printed.open("wb") as stdout, logged.open("wb") as stderr:
            process = subprocess.Popen(
                command,
                cwd=EXAMPLES,
                env={**os.environ, "TRIO_WEBHOOK_SECRET": SECRET, "PYTHONPATH": str(EXAMPLES), **environment},
                stdout=stdout,
                stderr=stderr,
            )
        started.append(Program(process, printed, logged))
        return started[-1]

    yield start
    for program in started:
        program.process.terminate()
        program.process.wait(20)


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A Redis server of this test's own."""
    with RedisServer(tmp_path) as server:
        yield server.url
