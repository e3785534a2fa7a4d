"""Every program in examples/ runs to its end, with warnings as errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_example(path: Path) -> None:
    command = [sys.executable, "-W", "error", "-X", "dev", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    for expected in ("triggered: ", "stopped: ", "all jobs", "webhooks:\n  started", "the job ended: completed"):
        assert expected in done.stdout
