"""Every way to leave a watch cancels its job and says so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from python_program import HELD_SIGNALS, send_together, send_while_held

from trio_client.cli._exits import Interrupted
from trio_client.cli._signals import ending_signals
from trio_client.stub import StubServer

from .conftest import GATE, Spawn

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs signals")
TIMEOUT = 30


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
    assert json.loads(process.stdout.readline())["kind"] == "started"
    process.send_signal(getattr(signal, name))
    _, err = process.communicate(timeout=TIMEOUT)
    (job,) = still.jobs
    assert (process.returncode, job.status, job.reason) == (code, "stopped", "cancelled")
    assert f"Cancelling job {job.job_id} …\nInterrupted; job {job.job_id} was cancelled. 0 " in err
    assert err.count("\n") == 2


@pytest.mark.thorough
def test_leave_keeps_the_job_running(spawn: Spawn, still: StubServer) -> None:
    process = spawn("watch", GATE, "a van", "--json", "--leave", server=still)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=TIMEOUT)
    (job,) = still.jobs
    assert (process.returncode, job.status) == (130, "running")
    assert f"trio-client jobs cancel {job.job_id}" in err


@pytest.mark.thorough
def test_a_job_that_cannot_be_cancelled_is_named(spawn: Spawn, still: StubServer) -> None:
    process = spawn("watch", GATE, "a van", "--json", server=still)
    assert process.stdout is not None
    process.stdout.readline()
    still.fail_next(method="DELETE", status=403, times=99)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=TIMEOUT)
    (job,) = still.jobs
    assert (process.returncode, job.status) == (5, "running")
    assert f"trio-client jobs cancel {job.job_id}" in err
    assert "was cancelled" not in err
    assert "Traceback" not in err


@pytest.mark.thorough
@pytest.mark.parametrize("signals", [("SIGINT", "SIGINT"), ("SIGTERM", "SIGINT", "SIGTERM")])
def test_a_second_signal_exits_at_once_and_says_what_may_still_be_running(
    spawn: Spawn, still: StubServer, signals: tuple[str, ...]
) -> None:
    process = spawn("watch", GATE, "a van", "--json", server=still)
    assert process.stdout is not None
    process.stdout.readline()
    still.fail_next(method="DELETE", delay=4.0)
    process.send_signal(getattr(signal, signals[0]))
    deadline = time.monotonic() + TIMEOUT
    while not [request for request in still.requests if request.method == "DELETE"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    begun = time.monotonic()
    for name in signals[1:]:
        process.send_signal(getattr(signal, name))
    _, err = process.communicate(timeout=TIMEOUT)
    assert time.monotonic() - begun < 3
    (job,) = still.jobs
    assert process.returncode == 5
    assert err.endswith(
        f"Interrupted again; job {job.job_id} may still be running. "
        f"Cancel it with `trio-client jobs cancel {job.job_id}`.\n"
    )
    assert "was cancelled" not in err


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_that_is_sent_twice_counts_once(spawn: Spawn, still: StubServer, name: str) -> None:
    process = spawn("watch", GATE, "a van", "--json", server=still, preamble=HELD_SIGNALS, stdin=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    send_while_held(process, getattr(signal, name), 5)
    out, err = process.communicate(timeout=TIMEOUT)
    assert still.running_jobs == 0
    assert process.returncode == 128 + getattr(signal, name)
    assert "Interrupted again" not in err
    assert "holding" not in out, "no signal but the first one counted"


@pytest.mark.thorough
@pytest.mark.parametrize("names", [("SIGTERM", "SIGHUP"), ("SIGTERM", "SIGINT")])
def test_signals_that_arrive_together_count_once(spawn: Spawn, still: StubServer, names: tuple[str, ...]) -> None:
    process = spawn("watch", GATE, "a van", "--json", server=still)
    assert process.stdout is not None
    process.stdout.readline()
    numbers = [getattr(signal, name) for name in names]
    send_together(process, numbers)
    _, err = process.communicate(timeout=TIMEOUT)
    assert still.running_jobs == 0
    assert process.returncode - 128 in numbers
    assert "Interrupted again" not in err


@pytest.mark.thorough
def test_a_second_signal_has_its_own_exit_code_where_no_job_is_owned(spawn: Spawn, still: StubServer) -> None:
    (job_id,) = still.add_jobs(1, status="running")
    process = spawn("jobs", "watch", job_id, "--json", server=still)
    assert process.stdout is not None
    process.stdout.readline()
    for _ in range(2):
        process.send_signal(signal.SIGTERM)
    process.communicate(timeout=TIMEOUT)
    assert (process.returncode, still.running_jobs) == (143, 1)


def test_after_the_first_signal_the_next_one_never_kills_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "_exit", sys.exit)
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        with pytest.raises(Interrupted), ending_signals(lambda number: 128 + number):
            signal.raise_signal(signal.SIGTERM)
        with pytest.raises(SystemExit) as ended:
            signal.raise_signal(signal.SIGTERM)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert ended.value.code == 143


def test_a_closed_pipe_ends_the_watch_quietly_and_cancels_its_job(spawn: Spawn, stub: StubServer) -> None:
    process = spawn("watch", GATE, "a van", "--json", "--max-triggers", "unlimited", "--duration", "9h", server=stub)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert (process.wait(TIMEOUT), stub.running_jobs) == (141, 0)


@pytest.mark.thorough
def test_a_closed_standard_error_changes_nothing(spawn: Spawn, still: StubServer) -> None:
    process = spawn("watch", GATE, "a van", "--json", server=still)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stderr.close()
    process.send_signal(signal.SIGTERM)
    assert (process.wait(TIMEOUT), still.running_jobs) == (143, 0)


@pytest.mark.thorough
def test_a_long_list_into_head_is_quiet(spawn: Spawn, stub: StubServer) -> None:
    stub.add_jobs(5_000)
    process = spawn("jobs", "list", "--all", server=stub)
    head = subprocess.run(["head", "-n", "2"], stdin=process.stdout, capture_output=True, text=True, check=True)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert (len(head.stdout.splitlines()), process.stderr.read()) == (2, "")
    assert process.wait(TIMEOUT) == 141


@pytest.mark.thorough
def test_a_signal_that_the_parent_ignored_stays_ignored(spawn: Spawn, still: StubServer) -> None:
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
    process.communicate(timeout=TIMEOUT)
    assert process.returncode == 143
