"""How programs end that end badly."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from python_program import running_program

from trio_client.stub import FaultProxy, Scene, StubServer, WireFault

YARD = "rtsp://camera.example/yard"
PREAMBLE = f"""
import asyncio, os, sys, threading
from trio_client import AsyncTrioClient, TrioClient
WATCH = ("{YARD}", "the gate is open")
"""


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer(speed=0, start_delay=0) as each:
        each.scene(YARD, Scene(holds=False))
        yield each


@pytest.fixture
def proxy(stub: StubServer) -> Iterator[FaultProxy]:
    with FaultProxy(stub) as each:
        yield each


def start(program: str, proxy: FaultProxy) -> AbstractContextManager[subprocess.Popen[str]]:
    return running_program(PREAMBLE, program, proxy.base_url)


READ = """
    with TrioClient() as client, client.live_monitor.stream(*WATCH, monitor_duration_seconds=60) as events:
        for event in events:
            print(event.kind, flush=True)
    """


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_a_killed_program_leaves_a_job_that_its_own_time_bounds(stub: StubServer, proxy: FaultProxy) -> None:
    with start(READ, proxy) as process:
        assert process.stdout is not None
        assert "started\n" == process.stdout.readline()
        process.kill()
    (job,) = stub.jobs
    assert ("running", 60) == (job.status, job.request["monitor_duration_seconds"])
    stub.clock.advance(61)
    assert ("stopped", "max_duration_reached") == (stub.jobs[0].status, stub.jobs[0].reason)


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("call", ["create", "stream"])
@pytest.mark.skipif(os.name == "nt", reason="needs SIGINT")
def test_ctrl_c_while_the_reply_is_on_its_way_leaves_no_job(
    stub: StubServer, proxy: FaultProxy, eventually: Callable[..., None], kind: str, call: str
) -> None:
    programs = {
        ("sync", "create"): """
            with TrioClient() as client:
                client.live_monitor.create(*WATCH)
            """,
        ("sync", "stream"): READ,
        ("async", "create"): """
            async def main():
                async with AsyncTrioClient() as client:
                    await client.live_monitor.create(*WATCH)
            asyncio.run(main())
            """,
        ("async", "stream"): """
            async def main():
                async with AsyncTrioClient() as client, client.live_monitor.stream(*WATCH) as events:
                    await events.collect()
            asyncio.run(main())
            """,
    }
    # Longer than a busy machine may take to send the signal; what is async waits for the reply all the same.
    proxy.strike(WireFault("delay", seconds=3.0 if kind == "sync" else 2.0), path="/live-monitor")
    with start(programs[kind, call], proxy) as process:
        eventually(lambda: stub.jobs)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert -signal.SIGINT == process.returncode  # a shell shows it as 130
    assert (1, 0) == (len(stub.jobs), stub.running_jobs)


def test_a_program_whose_stop_hangs_ends_all_the_same_and_names_the_job(stub: StubServer, proxy: FaultProxy) -> None:
    proxy.strike(WireFault("hang", work="skipped"), method="DELETE", times=9)
    program = """
        events = TrioClient().live_monitor.stream(*WATCH)
        print(next(events).kind, flush=True)
        """
    with start(program, proxy) as process:
        assert process.stdout is not None
        assert "started\n" == process.stdout.readline()
        begun = time.monotonic()
        _, err = process.communicate(timeout=60)
    assert time.monotonic() - begun < 12
    assert 0 == process.returncode
    assert err.startswith(f"trio_client: could not confirm that these jobs were stopped: {stub.jobs[0].job_id} (")


def test_a_daemon_thread_that_reads_does_not_keep_a_program_or_its_job_alive(
    stub: StubServer, proxy: FaultProxy
) -> None:
    program = """
        started = threading.Event()
        def read():
            with TrioClient() as client, client.live_monitor.stream(*WATCH) as events:
                for event in events:
                    started.set()
        threading.Thread(target=read, daemon=True).start()
        assert started.wait(10)
        """
    with start(program, proxy) as process:
        _, err = process.communicate(timeout=60)
    assert (0, "") == (process.returncode, err)
    assert (1, 0) == (len(stub.jobs), stub.running_jobs)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_process_stops_its_own_job_and_leaves_its_parents(stub: StubServer, proxy: FaultProxy) -> None:
    program = """
        with TrioClient() as client, client.live_monitor.stream(*WATCH) as events:
            next(events)
            child = os.fork()
            if not child:
                with client.live_monitor.stream(*WATCH) as own:
                    next(own)
                os._exit(0)
            os.waitpid(child, 0)
            print([job.status for job in client.jobs.list()])
        """
    with start(program, proxy) as process:
        out, err = process.communicate(timeout=60)
    assert (0, "", "['stopped', 'running']\n") == (process.returncode, err, out)
    assert (2, 0) == (len(stub.jobs), stub.running_jobs)
