"""The example that spreads work over a Dask cluster runs on a cluster of this machine."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from trio_client.stub import Scene, StubServer

pytestmark = pytest.mark.apps

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "dask_cluster.py"


def table(what: str, tmp_path: Path, stub: StubServer, *options: str) -> list[dict[str, str]]:
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), what, "cameras.txt", "the lights are on", "table.csv", *options],
        cwd=tmp_path,
        env={**os.environ, "TRIO_API_KEY": "the-key", "TRIO_BASE_URL": stub.base_url},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "table.csv").read_text("utf-8")
    assert "hunter2" not in text + done.stdout + done.stderr
    return list(csv.DictReader(text.splitlines()))


@pytest.fixture
def cameras(tmp_path: Path) -> list[str]:
    urls = [f"rtsp://user:hunter2@cam-{number}.example/live" for number in range(8)]
    (tmp_path / "cameras.txt").write_text("\n".join(urls))
    return urls


def test_checks_are_spread_and_each_is_made_once(cameras: list[str], tmp_path: Path) -> None:
    with StubServer(speed=600) as stub:
        for camera in cameras:
            stub.scene(camera, Scene(holds=True))
        stub.scene(cameras[0], Scene(live=False))
        rows = table("looks", tmp_path, stub)
        assert 8 == len(stub.requests)
        assert {"Bearer the-key"} == {request.headers["authorization"] for request in stub.requests}
    assert [f"cam-{number}.example/live" for number in range(8)] == [row["stream"] for row in rows]
    assert ["STREAM_OFFLINE" in rows[0]["failed"], *["True"] * 7] == [True, *[row["triggered"] for row in rows[1:]]]


def test_watches_are_spread_and_leave_no_job(cameras: list[str], tmp_path: Path) -> None:
    with StubServer(speed=600) as stub:
        for camera in cameras:
            stub.scene(camera, Scene(holds=True))
        rows = table("watches", tmp_path, stub, "--minutes", "0.2")  # jobs of 12 s, with one check each
        assert 0 == stub.running_jobs
        assert set(cameras) == {job.stream_url for job in stub.jobs}
    assert all(int(row["triggers"]) > 0 for row in rows)
