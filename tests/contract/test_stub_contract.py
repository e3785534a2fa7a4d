"""schemathesis finds no reply of the stub server that its own OpenAPI files do not promise."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from trio_client.stub import StubServer

HERE = Path(__file__).parent
KEY = "contract-key"
LIMIT = 300


def run(api: str, schema: str, base_url: str, scratch: Path) -> str:
    """What schemathesis says after all its phases; a failure of any of its checks fails the test."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / f"schemathesis_{api}.toml")]
    command += ["run", schema, "--url", base_url, "-H", f"Authorization: Bearer {KEY}", "--no-color"]
    done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    return done.stdout


def numbers(pattern: str, text: str) -> tuple[int, ...]:
    found = re.search(pattern, text)
    assert found is not None, text[-5_000:]
    return tuple(int(number) for number in found.groups())


@pytest.mark.thorough
def test_the_trio_side_keeps_its_contract(tmp_path: Path) -> None:
    with StubServer(speed=600, max_jobs=1_000_000, api_keys=[KEY]) as stub:
        stub.add_jobs(5)
        said = run("trio", f"{stub.url}/openapi.json", stub.base_url, tmp_path)
        asked = len(stub.requests)
    assert numbers(r"Tested: (\d+)", said) == (9,)
    covered, selected = numbers(r"API Links: +(\d+) covered / (\d+) selected", said)
    assert covered == selected >= 6
    assert asked > 1_000


@pytest.mark.thorough
def test_the_osapi_side_keeps_its_contract(tmp_path: Path) -> None:
    with StubServer(speed=600) as stub:
        stub.osapi.tokens = {KEY: ("job:read", "job:write")}
        for status in ("submitted", "processing", "completed", "failed", "partial_failure"):
            stub.osapi.add(status=status)
        said = run("osapi", f"{stub.url}/_stub/osapi/openapi.json", f"{stub.osapi_url}/api", tmp_path)
        asked = len(stub.requests)
    assert numbers(r"Tested: (\d+)", said) == (4,)
    covered, selected = numbers(r"API Links: +(\d+) covered / (\d+) selected", said)
    assert covered == selected >= 4
    assert asked > 200
