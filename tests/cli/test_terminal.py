"""The live view and tables on a terminal of 80 columns."""

from __future__ import annotations

import codecs
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from trio_client.stub import Scene, StubServer

from .conftest import GATE, Spawn

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
TIMEOUT = 30
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A process on a pseudo-terminal, and its output so far."""

    def __init__(self, spawn: Spawn, server: StubServer, *args: str, columns: int = 80) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        streams = {"stdin": slave, "stdout": slave, "stderr": slave}
        self.process: subprocess.Popen[str] = spawn(*args, server=server, **streams)
        os.close(slave)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.shown = ""

    def read(self) -> bool:
        """Read what is there; return whether more may come."""
        try:
            piece = os.read(self._master, 65536)
        except OSError:  # the other end is closed
            return False
        self.shown += self._decoder.decode(piece)  # a character may arrive in two pieces
        return bool(piece)

    def until(self, condition: Callable[[str], object]) -> str:
        deadline = time.monotonic() + TIMEOUT
        while not condition(ESCAPES.sub("", self.shown)):
            assert time.monotonic() < deadline, self.shown
            assert self.read(), self.shown
        return ESCAPES.sub("", self.shown)

    def end(self) -> str:
        while self.read():
            pass
        os.close(self._master)
        self.process.wait(TIMEOUT)
        return ESCAPES.sub("", self.shown)


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)


def test_the_live_view_shows_the_watch_and_is_removed_at_its_end(spawn: Spawn, still: StubServer) -> None:
    still.scene(GATE, Scene(at=[20], seen="A van\x1b[2J stands at the gate."))
    terminal = Terminal(spawn, still, "watch", GATE, "a van is at the gate", "--max-triggers", "2")
    terminal.until(lambda shown: "● running  a van is at the gate" in shown)
    still.clock.advance(21)
    text = terminal.until(lambda shown: "so far" in shown.partition("triggers 1")[2])
    assert re.search(r"00:1\d of 10:00", text)
    assert "checks 1  ·  triggers 1  ·  about $0.02 so far" in text
    assert "A van\\x1b[2J stands at the gate." in text
    assert "hunter2" not in text
    assert all(len(line) <= 80 for line in text.replace("\r", "\n").splitlines())
    terminal.process.send_signal(signal.SIGINT)
    text = terminal.end()
    assert terminal.process.returncode == 130
    assert f"Interrupted; job {still.jobs[0].job_id} was cancelled." in text
    assert still.running_jobs == 0
    assert terminal.shown.rindex("\x1b[?25h") > terminal.shown.rindex("\x1b[?25l")  # the cursor is visible again


@pytest.mark.thorough
def test_a_closed_terminal_ends_the_watch_and_cancels_its_job(spawn: Spawn, still: StubServer) -> None:
    terminal = Terminal(spawn, still, "watch", GATE, "a van")
    terminal.until(lambda shown: "● running" in shown)
    os.close(terminal._master)
    terminal.process.send_signal(signal.SIGHUP)  # what the system sends to its processes
    assert terminal.process.wait(TIMEOUT) in (129, 141)  # whichever comes first
    assert still.running_jobs == 0


def test_tables_fit_and_ids_are_not_cut(spawn: Spawn, still: StubServer) -> None:
    ids = still.add_jobs(3, stream_url=GATE + "/a-very-long-path-that-does-not-fit")
    text = Terminal(spawn, still, "jobs", "list").end()
    assert all(each in text for each in ids)
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "STATUS" in text


@pytest.mark.thorough
@pytest.mark.parametrize("columns", [64, 48, 30])
def test_a_narrow_terminal_keeps_ids_and_statuses_whole(spawn: Spawn, still: StubServer, columns: int) -> None:
    ids = still.add_jobs(2, stream_url=GATE, status="completed")
    text = ESCAPES.sub("", Terminal(spawn, still, "jobs", "list", columns=columns).end())
    joined = "".join(line.split(" ")[0] for line in text.splitlines())
    assert all(each in joined for each in ids)
    assert text.count("completed") == 2
    assert all(len(line) <= columns for line in text.splitlines())


@pytest.mark.thorough
def test_no_color_is_respected(spawn: Spawn, still: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal(spawn, still, "check", GATE, "a van")
    terminal.end()
    assert re.findall(r"\x1b\[[0-9;]*3\dm", terminal.shown) == []
    assert "no   " in terminal.shown


@pytest.mark.thorough
def test_a_dumb_terminal_gets_plain_lines(spawn: Spawn, still: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    terminal = Terminal(spawn, still, "check", GATE, "a van")
    terminal.end()
    assert "\x1b" not in terminal.shown
