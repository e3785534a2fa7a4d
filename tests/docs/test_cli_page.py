"""The commands that docs/cli.md shows print what it shows."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest

from trio_client.cli import main
from trio_client.stub import Scene, StubServer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
SESSION = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ trio-client (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


def test_the_page_shows_what_happens(
    stub_environment: StubServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    stub_environment.scene("rtsp://yard.example/live", Scene(holds=False))
    checker = doctest.OutputChecker()
    commands = [each for session in SESSION.findall(PAGE.read_text("utf-8")) for each in COMMAND.findall(session)]
    for line, wanted in commands:
        command = re.split(r" [|]", line)[0]  # what comes before a pipe
        code = main(shlex.split(command))
        shown = capsys.readouterr().out
        assert 0 == code
        assert checker.check_output(wanted, shown, doctest.ELLIPSIS), f"$ trio-client {line}\n{shown}"
    assert len(commands) > 7
