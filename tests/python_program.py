"""A Python program in a process of its own, for tests of how programs end."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["running_program"]


@contextmanager
def running_program(preamble: str, program: str, base_url: str) -> Iterator[subprocess.Popen[str]]:
    """A program that runs, and a client in it finds its server; it is killed when the test fails.

    The test would otherwise wait for its end for ever.
    """
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-X", "dev", "-c", preamble + textwrap.dedent(program)],
        env={**os.environ, "TRIO_API_KEY": "test-key", "TRIO_BASE_URL": base_url},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise
