"""The service of examples/service: small, typed, and passing its own tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.apps

HOME = Path(__file__).resolve().parents[2] / "examples" / "service"
MOST_LINES = 270


def test_it_passes_its_own_tests() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(HOME)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_types_are_right() -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "app.py", "store.py", "test_service.py"]
    done = subprocess.run(command, cwd=HOME, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_small() -> None:
    lines = sum(len((HOME / name).read_text("utf-8").splitlines()) for name in ("app.py", "store.py"))
    assert lines < MOST_LINES
