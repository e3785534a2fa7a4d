"""The example that spreads work over a Dask cluster runs on a cluster of this machine."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from trio_client.stub import Scene, StubServer

from .conftest import wait_for

pytestmark = pytest.mark.apps

distributed = pytest.importorskip("distributed")

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "dask_cluster.py"


def table(what: str, tmp_path: Path, stub: StubServer, *options: str) -> list[dict[str, str]]:
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), what, "cameras.txt", "the lights are on", "table.csv", *options],
        cwd=tmp_path,
        env={**os.environ, "TRIO_API_KEY": "the-key", "TRIO_BASE_URL": stub.base_url},
        capture_output=True,
        text=True,
        timeout=300,  # only a program that hangs takes as long, on a slow machine, too
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
        rows = table("checks", tmp_path, stub)
        assert 8 == len(stub.requests)
        assert {"Bearer the-key"} == {request.headers["authorization"] for request in stub.requests}
    assert [f"cam-{number}.example" for number in range(8)] == [row["stream"] for row in rows]
    assert ["STREAM_OFFLINE" in rows[0]["failed"], *["True"] * 7] == [True, *[row["triggered"] for row in rows[1:]]]


def test_watches_are_spread_and_leave_no_job(cameras: list[str], tmp_path: Path) -> None:
    (tmp_path / "cameras.txt").write_text("\n".join([*cameras, "no-stream"]))
    with StubServer(speed=60) as stub:
        for camera in cameras:
            stub.scene(camera, Scene(holds=True))
        *rows, last = table("watches", tmp_path, stub, "--minutes", "0.5", "--slots", "8")
        assert 0 == stub.running_jobs
        assert set(cameras) == {job.stream_url for job in stub.jobs}
        creates = [request for request in stub.requests if request.method == "POST"]
        assert len(creates) == len(stub.jobs) + 1  # one is refused
    assert all(int(row["triggered"]) > 0 == int(row["failed"]) for row in rows)
    assert ("no host", "0", "1") == (last["stream"], last["started"], last["failed"])


def test_a_camera_is_left_by_its_worker_before_another_watches_it(
    cameras: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StubServer(speed=1) as stub:
        monkeypatch.setenv("TRIO_API_KEY", "the-key")
        monkeypatch.setenv("TRIO_BASE_URL", stub.base_url)
        for camera in cameras:
            stub.scene(camera, Scene(holds=False))
        with distributed.LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=None) as cluster:
            command = [sys.executable, str(EXAMPLE), "watches", "cameras.txt", "x", "table.csv", "--minutes", "0.6"]
            program = subprocess.Popen([*command, "--scheduler", cluster.scheduler_address], cwd=tmp_path)
            wait_for(lambda: len(stub.jobs) == len(cameras), "all are watched", 60)
            cluster.scale(2)
            wait_for(lambda: len(stub.jobs) == len(cameras) * 3 // 2, "half of them are watched by the new worker", 60)
            assert program.wait(120) == 0
        assert 0 == stub.running_jobs
        jobs, watched = iter(stub.jobs), {}
        for request in stub.requests:
            if request.method == "POST":
                job = next(jobs)
                assert job.stream_url not in watched.values()
                watched[job.job_id] = job.stream_url
            elif request.method == "DELETE":
                del watched[request.path.rpartition("/")[2]]


def test_the_cameras_of_a_killed_worker_move_to_the_others(
    cameras: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with StubServer(speed=100) as stub:
        monkeypatch.setenv("TRIO_API_KEY", "the-key")
        monkeypatch.setenv("TRIO_BASE_URL", stub.base_url)
        # Until then the slots of the killed worker are not free.
        monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__LOCKS__LEASE_TIMEOUT", "10s")
        for camera in cameras:
            stub.scene(camera, Scene(holds=True))
        with distributed.LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address=None) as cluster:
            command = [sys.executable, str(EXAMPLE), "watches", "cameras.txt", "x", "table.csv", "--minutes", "0.8"]
            program = subprocess.Popen([*command, "--scheduler", cluster.scheduler_address], cwd=tmp_path)
            wait_for(lambda: {job.stream_url for job in stub.jobs} == set(cameras), "all are watched", 60)
            before = len(stub.jobs)
            with distributed.Client(cluster) as client:
                killed, *_ = client.run(os.getpid).values()
            os.kill(killed, signal.SIGKILL)
            wait_for(lambda: {job.stream_url for job in stub.jobs[before:]} == set(cameras), "all are again", 60)
            assert program.wait(120) == 0
        wait_for(lambda: stub.running_jobs == 0, "the jobs of the killed worker end by themselves", 30)
    rows = list(csv.DictReader((tmp_path / "table.csv").read_text("utf-8").splitlines()))
    assert all(int(row["triggered"]) > 0 for row in rows)
