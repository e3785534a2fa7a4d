"""The guide "Restart without orphans": the job of a program that was killed is stopped by its next run."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trio_client.stub import Scene, StubServer

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="SKIPPED: there is no SIGKILL here"),
]
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "production.md"
GATE = "rtsp://gate.example/live"


def program() -> str:
    """The code of the guide."""
    section = GUIDE.read_text("utf-8").partition("## Restart without orphans")[2]
    found = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return found[1]


def start(stub: StubServer, folder: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "TRIO_API_KEY": "test-key", "TRIO_BASE_URL": stub.base_url}
    return subprocess.Popen([sys.executable, "-W", "error", "-c", program()], cwd=folder, env=environment)


def test_the_next_run_stops_what_a_killed_one_has_left(tmp_path: Path) -> None:
    with StubServer(speed=60, max_jobs=1) as stub:  # a second job would be refused
        stub.scene(GATE, Scene(holds=False))
        with start(stub, tmp_path) as killed:
            until = time.monotonic() + 30
            while stub.running_jobs == 0 or not (tmp_path / "jobs.db").exists():
                assert time.monotonic() < until
                time.sleep(0.05)
            time.sleep(1)  # the hook has run: the stream has named its job
            killed.send_signal(signal.SIGKILL)
        assert stub.running_jobs == 1
        (orphan,) = [job.job_id for job in stub.jobs]
        with start(stub, tmp_path) as second:
            assert second.wait(60) == 0
        assert stub.running_jobs == 0
        assert {job.job_id: job.status for job in stub.jobs}[orphan] == "stopped"
        assert len(stub.jobs) == 2
