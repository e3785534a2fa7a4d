"""A Python program in a process of its own, for tests of how programs end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

__all__ = ["HELD_SIGNALS", "running_program", "send_together", "send_while_held"]

HELD_SIGNALS = """
import os
from trio_client import _exit_on_signal
class Hold:
    def sleep(self, seconds):
        os.write(1, b"holding\\n")
        os.read(0, 1)  # handlers are called meanwhile
_exit_on_signal.REAL = Hold()
"""
"""After this, the time in which a program takes a signal for a repeat of the first one ends with `send_while_held`."""


@contextmanager
def running_program(preamble: str, program: str, base_url: str) -> Iterator[subprocess.Popen[str]]:
    """A program that runs, and a client in it finds its server; it is killed when the test fails.

    The test would otherwise wait for its end for ever.
    """
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-X", "dev", "-c", preamble + textwrap.dedent(program)],
        env={**os.environ, "TRIO_API_KEY": "test-key", "TRIO_BASE_URL": base_url},
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise


def send_while_held(process: subprocess.Popen[str], number: int, times: int) -> None:
    """Send a signal to a program of `HELD_SIGNALS`, and send it again while that takes it for the same."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.send_signal(number)
    assert process.stdout.readline() == "holding\n"
    for _ in range(times - 1):
        process.send_signal(number)
    process.stdin.write("\n")  # the signals are handled before the program reads it
    process.stdin.flush()


def send_together(process: subprocess.Popen[str], numbers: Sequence[int]) -> None:
    """Let a program get several signals at once."""
    process.send_signal(signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)
    for number in (*numbers, signal.SIGCONT):
        process.send_signal(number)
