"""What stays of the command line where parts of Python, or of the machine, are missing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from trio_client.cli import main
from trio_client.cli._app import app
from trio_client.cli._summaries import SUMMARIES


def commands(group: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, group
    for name, each in getattr(group, "commands", {}).items():
        yield from commands(each, f"{path} {name}".strip())


def test_the_summaries_are_the_first_lines_of_the_help() -> None:
    found = {
        path: command.help.strip().split("\n")[0]
        for path, command in commands(typer.main.get_command(app))
        if path not in ("jobs", "streams", "webhooks", "osapi", "osapi jobs")  # whose help is no docstring
    }
    assert found == SUMMARIES


@pytest.mark.thorough
def test_without_docstrings_commands_keep_their_summaries() -> None:
    command = [sys.executable, "-OO", "-m", "trio_client", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for path, summary in SUMMARIES.items():
        if " " not in path:
            assert summary in " ".join(done.stdout.split())


@pytest.mark.parametrize("home", ["", "/there/is/none"])
def test_completion_without_a_home_says_what_is_missing(
    home: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, home)
    assert main(["--install-completion", "bash"]) == 2
    assert "and there is none. Set HOME, or" in capsys.readouterr().err
