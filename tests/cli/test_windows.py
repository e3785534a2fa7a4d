"""What Windows does in other ways, as far as another system can play it."""

from __future__ import annotations

import errno
import io
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from trio_client.cli import _out, main
from trio_client.cli._exits import Interrupted, exit_code
from trio_client.cli._signals import ending_signals
from trio_client.stub import FaultProxy, Scene, StubServer, __main__
from trio_client.stub.proxy import listener
from trio_client.stub.server import uvicorn_server

from .conftest import GATE

BREAK = getattr(signal, "SIGUSR1", None)
needs_signals = pytest.mark.skipif(BREAK is None, reason="no signal is free to play Ctrl-Break")


@pytest.fixture
def ctrl_break(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Press Ctrl-Break, which Windows has and SIGHUP it has not; unhandled, it ends the process."""
    assert BREAK is not None
    monkeypatch.setattr(signal, "SIGBREAK", BREAK, raising=False)
    monkeypatch.delattr(signal, "SIGHUP")
    before = {number: signal.getsignal(number) for number in (BREAK, signal.SIGINT, signal.SIGTERM)}
    yield lambda: os.kill(os.getpid(), BREAK)
    for number, handler in before.items():
        signal.signal(number, handler)


@needs_signals
def test_ctrl_break_ends_a_command_as_sigterm_does(ctrl_break: Callable[[], None]) -> None:
    with pytest.raises(Interrupted) as caught:
        with ending_signals(lambda number: 128 + number):
            ctrl_break()
            threading.Event().wait(30)
    assert exit_code(caught.value) == 128 + BREAK  # type: ignore[operator]


@needs_signals
def test_ctrl_break_ends_a_watch_and_cancels_its_job(
    ctrl_break: Callable[[], None], still: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIO_API_KEY", "key")
    monkeypatch.setenv("TRIO_BASE_URL", still.base_url)
    written = Lines(lambda line: ctrl_break() if "started" in line else None)
    monkeypatch.setattr(sys, "stdout", written)
    assert main(["watch", GATE, "a van", "--json"]) == 128 + BREAK  # type: ignore[operator]
    assert [(job.status, job.reason) for job in still.jobs] == [("stopped", "cancelled")]


@needs_signals
def test_ctrl_break_ends_the_stub_server(ctrl_break: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Lines(lambda _: ctrl_break()))
    assert __main__.main(["--port", "0"]) == 0


class Lines(io.TextIOWrapper):
    """A standard output that calls a function with each piece that is written."""

    def __init__(self, seen: Callable[[str], object], encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self._seen = seen

    def write(self, text: str) -> int:
        written = super().write(text)
        self._seen(text)
        return written


def test_a_closed_pipe_is_invalid_there_and_ends_the_command_quietly(
    stub: StubServer, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def gone(_: str) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setenv("TRIO_API_KEY", "key")
    monkeypatch.setenv("TRIO_BASE_URL", stub.base_url)
    monkeypatch.setattr(_out, "_GONE", _out.closed_output("nt"))
    monkeypatch.setattr("trio_client.cli._app._exit_quietly", lambda: 141)
    monkeypatch.setattr(sys, "stdout", Lines(gone))
    assert main(["check", GATE, "a van", "--json"]) == 141
    assert capfd.readouterr().err == ""


def test_elsewhere_an_invalid_argument_is_no_closed_pipe() -> None:
    assert errno.EINVAL not in _out.closed_output("posix")


def test_what_a_code_page_lacks_is_escaped(stub: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIO_API_KEY", "key")
    monkeypatch.setenv("TRIO_BASE_URL", stub.base_url)
    written = Lines(lambda _: None, "cp1252")
    monkeypatch.setattr(sys, "stdout", written)
    stub.scene(GATE, Scene(holds=True, seen="Two cows (\u725b) \u2026 at the gate"))
    assert main(["check", GATE, "a cow"]) == 0
    written.flush()
    assert b"Two cows (\\u725b) \x85 at the gate" in written.buffer.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("module", "start"),
    [
        (uvicorn_server, lambda: uvicorn_server.listen("127.0.0.1", 0).close()),
        (listener, lambda: FaultProxy("http://127.0.0.1:1").start().stop()),
    ],
)
def test_no_two_servers_share_a_port(module: Any, start: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """SO_REUSEADDR is what lets them: it is set nowhere where the system has SO_EXCLUSIVEADDRUSE."""
    options: list[int] = []

    class Socket(socket.socket):
        def setsockopt(self, level: int, name: int, *value: Any) -> None:
            if level == socket.SOL_SOCKET and name in (socket.SO_REUSEADDR, -5):
                options.append(name)

    monkeypatch.setattr(socket, "SO_EXCLUSIVEADDRUSE", -5, raising=False)
    monkeypatch.setattr(module.socket, "socket", Socket)
    start()
    assert options == ([-5] if module is uvicorn_server else [])
