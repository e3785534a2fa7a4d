"""However a watch is left, its job is cancelled, and that is said."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import pytest

from trio_client.stub import StubServer

from .conftest import GATE, Spawn

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs signals")
PATIENCE = 30


@pytest.mark.parametrize(
    ("name", "code", "command"),
    [
        ("SIGINT", 130, ("watch", GATE, "a van", "--json")),
        ("SIGTERM", 143, ("watch", GATE, "a van", "--json", "--endless")),
        pytest.param("SIGHUP", 129, ("digest", GATE, "--json"), marks=pytest.mark.thorough),
    ],
)
def test_a_signal_cancels_the_job(
    spawn: Spawn, still: StubServer, name: str, code: int, command: tuple[str, ...]
) -> None:
    process = spawn(*command, server=still)
    assert process.stdout is not None
    assert "started" == json.loads(process.stdout.readline())["kind"]
    process.send_signal(getattr(signal, name))
    _, err = process.communicate(timeout=PATIENCE)
    (job,) = still.jobs
    assert (code, "stopped", "cancelled") == (process.returncode, job.status, job.reason)
    assert f"Cancelling job {job.job_id} …\nInterrupted; job {job.job_id} was cancelled. 0 " in err
    assert 2 == err.count("\n")


@pytest.mark.thorough
def test_leave_lets_the_job_run(spawn: Spawn, still: StubServer) -> None:
    process = spawn("watch", GATE, "a van", "--json", "--leave", server=still)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    (job,) = still.jobs
    assert (130, "running") == (process.returncode, job.status)
    assert f"trio-client jobs cancel {job.job_id}" in err


@pytest.mark.thorough
def test_a_job_that_cannot_be_cancelled_is_named(spawn: Spawn, still: StubServer) -> None:
    process = spawn("watch", GATE, "a van", "--json", server=still)
    assert process.stdout is not None
    process.stdout.readline()
    still.fail_next(method="DELETE", status=403, times=99)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=PATIENCE)
    (job,) = still.jobs
    assert (143, "running") == (process.returncode, job.status)
    assert f"trio-client jobs cancel {job.job_id}" in err
    assert "was cancelled" not in err
    assert "Traceback" not in err


@pytest.mark.thorough
def test_a_second_signal_does_not_keep_the_job_from_being_cancelled(spawn: Spawn, still: StubServer) -> None:
    process = spawn("watch", GATE, "a van", "--json", server=still)
    assert process.stdout is not None
    process.stdout.readline()
    still.fail_next(method="DELETE", delay=1.0)
    process.send_signal(signal.SIGINT)
    deadline = time.monotonic() + PATIENCE
    while not [request for request in still.requests if request.method == "DELETE"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert (130, 0) == (process.returncode, still.running_jobs)


def test_a_reader_that_goes_away_ends_the_watch_quietly_and_its_job(spawn: Spawn, stub: StubServer) -> None:
    process = spawn("watch", GATE, "a van", "--json", "--max-triggers", "unlimited", "--duration", "9h", server=stub)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert "" == process.stderr.read()
    assert (141, 0) == (process.wait(PATIENCE), stub.running_jobs)


@pytest.mark.thorough
def test_messages_that_nobody_hears_change_nothing(spawn: Spawn, still: StubServer) -> None:
    process = spawn("watch", GATE, "a van", "--json", server=still)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stderr.close()
    process.send_signal(signal.SIGTERM)
    assert (143, 0) == (process.wait(PATIENCE), still.running_jobs)


@pytest.mark.thorough
def test_a_long_list_into_head_is_quiet(spawn: Spawn, stub: StubServer) -> None:
    stub.add_jobs(5_000)
    process = spawn("jobs", "list", "--all", server=stub)
    head = subprocess.run(["head", "-n", "2"], stdin=process.stdout, capture_output=True, text=True, check=True)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert (2, "") == (len(head.stdout.splitlines()), process.stderr.read())
    assert 141 == process.wait(PATIENCE)


@pytest.mark.thorough
def test_a_signal_that_was_ignored_from_outside_stays_ignored(spawn: Spawn, still: StubServer) -> None:
    process = spawn(
        "watch",
        GATE,
        "a van",
        "--json",
        server=still,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE)
    assert 143 == process.returncode
