"""examples/command_line.sh does with the command line alone what the README does in Python."""

from __future__ import annotations

import csv
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from trio_client.stub import Scene, StubServer

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "command_line.sh"
GATE = "rtsp://user:hunter2@gate.example/live"
VAN = "a van is at the gate"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.mark.thorough
@pytest.mark.skipif(os.name == "nt" or shutil.which("awk") is None, reason="needs a POSIX shell and awk")
def test_the_script_does_what_the_readme_does_in_python(tmp_path: Path) -> None:
    with StubServer(speed=60, start_delay=0, webhook_secret="s3cret") as stub:
        stub.scene(GATE, Scene(holds=True))
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PORT": str(free_port()),
            "TRIO_API_KEY": "any-key",
            "TRIO_BASE_URL": stub.base_url,
            "TRIO_WEBHOOK_SECRET": "s3cret",
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
        }
        command = ["sh", str(SCRIPT), GATE, VAN]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        answer, *_ = done.stdout.splitlines()
        deliveries = [json.loads(line) for line in (tmp_path / "deliveries.jsonl").read_text().splitlines()]
        with (tmp_path / "jobs.csv").open(newline="") as file:
            jobs = list(csv.DictReader(file))
        pictures = list((tmp_path / "pictures").iterdir())
        assert (answer.startswith("yes"), (tmp_path / "gate.jpg").read_bytes()[:2], len(pictures)) == (
            True,
            b"\xff\xd8",
            1,
        )
        assert next((each["kind"], each["delivery"]) for each in deliveries) == ("started", "webhook")
        assert {each["status"] for each in jobs} == {"completed"}
        assert {job.job_id for job in stub.jobs[:2]} == {each["job_id"] for each in jobs}
        assert (stub.jobs[2].job_type, stub.jobs[2].reason, stub.running_jobs) == ("live-digest", "cancelled", 0)
        assert "hunter2" not in done.stdout + done.stderr
