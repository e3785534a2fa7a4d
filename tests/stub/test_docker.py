"""What can be tested of the Dockerfile without Docker: its commands run, and its parts fit together."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
PYTHON = "/stub/bin/python"


def command(keyword: str) -> list[str]:
    found = re.search(rf"^{keyword}[^\[\n]*(\[.*\])$", TEXT, re.MULTILINE)
    assert found is not None
    arguments: list[str] = json.loads(found[1])
    assert arguments[0] == PYTHON
    return [sys.executable, *arguments[1:]]


def test_the_server_answers_and_the_health_check_sees_it() -> None:
    served = command("ENTRYPOINT")
    served[served.index("0.0.0.0")], served[served.index("8000")] = "127.0.0.1", "0"
    with subprocess.Popen(served, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().partition(" (")[0].rpartition(":")[2]
        check = [part.replace("8000", port) for part in command("HEALTHCHECK")]
        healthy = subprocess.run(check, check=False).returncode
        process.terminate()
        assert process.wait(10) == 0
    assert healthy == 0
    assert subprocess.run(check, capture_output=True, check=False).returncode != 0


def test_the_container_listens_on_all_of_its_addresses() -> None:
    served = command("ENTRYPOINT")
    served.remove("--allow-remote")
    refused = subprocess.run(served, capture_output=True, text=True, check=False)
    assert (refused.returncode, "not a loopback address" in refused.stderr) == (2, True)


def test_one_port_and_no_root() -> None:
    assert re.findall(r"^EXPOSE (.*)$", TEXT, re.MULTILINE) == ["8000"]
    (user,) = re.findall(r"^USER (.*)$", TEXT, re.MULTILINE)
    assert user not in ("root", "0", "0:0")
    assert len(set(re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE))) == 1, "a virtual environment fits its own Python"


@pytest.mark.parametrize("line", re.findall(r"^COPY (?!--)(.*)$", TEXT, re.MULTILINE))
def test_every_copied_path_exists(line: str) -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for name in line.split()[:-1]:
        assert (ROOT / name).exists()
        assert f"!{name}" in ignored
