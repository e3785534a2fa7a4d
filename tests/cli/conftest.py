from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from trio_client.cli import main
from trio_client.stub import Scene, StubServer

GATE = "rtsp://user:hunter2@gate.example/live"
KEY = "key-of-the-tests"


@dataclass
class Done:
    """The result of a run."""

    code: int
    out: str
    err: str


Run: TypeAlias = Callable[..., Done]
Spawn: TypeAlias = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def stub() -> Iterator[StubServer]:
    """A server on which ten minutes pass per second."""
    with StubServer(speed=600, start_delay=0) as server:
        yield server


@pytest.fixture
def still() -> Iterator[StubServer]:
    """A server on which time stands still and no condition holds: jobs run until they are cancelled."""
    with StubServer(speed=0, start_delay=0) as server:
        server.scene(GATE, Scene(holds=False))
        yield server


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of the settings file; the machine's own environment has no effect."""
    for name in ("NO_COLOR", "FORCE_COLOR", "PYTHONWARNINGS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "config" / "trio-client"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def environment(stub: StubServer, monkeypatch: pytest.MonkeyPatch) -> StubServer:
    """A server whose address and keys are in the environment."""
    monkeypatch.setenv("TRIO_API_KEY", KEY)
    monkeypatch.setenv("TRIO_BASE_URL", stub.base_url)
    monkeypatch.setenv("OSAPI_TOKEN", "token-of-the-tests")
    monkeypatch.setenv("OSAPI_URL", stub.osapi_url)
    return stub


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process."""

    def run_command(*args: str) -> Done:
        capsys.readouterr()
        code = main(list(args))
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return run_command


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Starts a command in its own process; processes still running at the end of the test are killed."""
    started: list[subprocess.Popen[str]] = []

    def start(*args: str, server: StubServer, preamble: str = "", **options: Any) -> subprocess.Popen[str]:
        environment = {**os.environ, "TRIO_API_KEY": KEY, "TRIO_BASE_URL": server.base_url, "PYTHONUTF8": "1"}
        program = f"{preamble}\nimport sys\nfrom trio_client.cli import main\nsys.exit(main())"
        command = [sys.executable, "-W", "error", *(("-c", program) if preamble else ("-m", "trio_client.cli")), *args]
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen(command, env=environment, **{**pipes, **options})
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None and not stream.closed:
                stream.close()
        process.wait()
