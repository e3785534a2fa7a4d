"""A program that is terminated leaves no job behind, if it asked for that."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from python_program import HELD_SIGNALS, running_program, send_together, send_while_held

from trio_client import ConfigurationError, exit_on_sigterm
from trio_client.stub import Scene, StubServer

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs SIGTERM")

YARD = "rtsp://camera.example/yard"
PREAMBLE = f"""
import anyio, asyncio, signal, sys, threading
from trio_client import AsyncTrioClient, TrioClient, exit_on_sigterm
WATCH = ("{YARD}", "the gate is open")
"""
ASYNC = """
async def main():
    async with AsyncTrioClient() as client, client.live_monitor.stream(*WATCH, max_triggers=None) as events:
        async for event in events:
            print(event.kind, flush=True)
"""
PROGRAMS = {
    "script": """
exit_on_sigterm()
with TrioClient() as client, client.live_monitor.stream(*WATCH, max_triggers=None) as events:
    for event in events:
        print(event.kind, flush=True)
""",
    "asyncio": ASYNC + "exit_on_sigterm()\nasyncio.run(main())\n",
    "trio": ASYNC + "exit_on_sigterm()\nimport trio\ntrio.run(main)\n",
    "a task of trio": ASYNC
    + """
import trio
async def nursery():
    exit_on_sigterm()
    async with trio.open_nursery() as tasks:
        tasks.start_soon(main)
trio.run(nursery)
""",
}


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer(speed=0, start_delay=0) as each:
        each.scene(YARD, Scene(holds=False))
        yield each


@contextmanager
def running(program: str, stub: StubServer) -> Iterator[subprocess.Popen[str]]:
    """A program whose stream has started."""
    with running_program(PREAMBLE, program, stub.base_url) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        yield process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_signal_leaves_no_job_and_has_its_exit_code(stub: StubServer, name: str, number: int) -> None:
    with running(PROGRAMS[name], stub) as process:
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert (len(stub.jobs), stub.running_jobs) == (1, 0)
    assert (process.returncode, err) == (128 + number, "")


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_signal_that_is_sent_twice_counts_once(stub: StubServer, name: str) -> None:
    with running(HELD_SIGNALS + PROGRAMS[name], stub) as process:
        send_while_held(process, signal.SIGTERM, 5)
        out, err = process.communicate(timeout=60)
    assert (len(stub.jobs), stub.running_jobs) == (1, 0)
    assert (process.returncode, err) == (128 + signal.SIGTERM, "")
    assert "holding" not in out, "no signal but the first one counted"


@pytest.mark.parametrize("name", PROGRAMS)
def test_signals_that_arrive_together_count_once(stub: StubServer, name: str) -> None:
    numbers = [signal.SIGTERM, signal.SIGHUP]
    with running(PROGRAMS[name], stub) as process:
        send_together(process, numbers)
        _, err = process.communicate(timeout=60)
    assert (len(stub.jobs), stub.running_jobs) == (1, 0)
    assert process.returncode - 128 in numbers
    assert err == ""


SIGNAL_IN_A_CALL = """
from trio_client import Hooks
def end(response):
    if response.method == METHOD:
        signal.raise_signal(signal.SIGTERM)
        print("went on")
async def main():
    async with AsyncTrioClient(hooks=Hooks(on_response=end)) as client:
        job = await client.live_monitor.create(*WATCH)
        try:
            await client.jobs.get(job.job_id)
            await anyio.sleep(60)
        finally:
            with anyio.CancelScope(shield=True):
                await client.jobs.cancel(job.job_id)
exit_on_sigterm()
"""
HAS_HANDLER = pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.run has no handler for Ctrl-C")


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize(
    "run",
    [
        pytest.param("asyncio.run(main())", marks=HAS_HANDLER),
        pytest.param("anyio.run(main)", marks=HAS_HANDLER),
        "import trio; trio.run(main)",
    ],
)
def test_a_signal_within_a_call_interrupts_no_more_than_a_wait(stub: StubServer, run: str, method: str) -> None:
    program = f"METHOD = {method!r}\n{SIGNAL_IN_A_CALL}{run}\n"
    with running_program(PREAMBLE, program, stub.base_url) as process:
        out, err = process.communicate(timeout=60)
    assert (len(stub.jobs), stub.running_jobs) == (1, 0)
    assert (process.returncode, out, err) == (128 + signal.SIGTERM, "went on\n", "")


def test_without_it_the_job_runs_on(stub: StubServer) -> None:
    with running(PROGRAMS["script"].replace("exit_on_sigterm()", ""), stub) as process:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert (process.returncode, stub.running_jobs) == (-signal.SIGTERM, 1)


def test_the_second_signal_ends_the_program_at_once(stub: StubServer) -> None:
    stub.fail_next(method="DELETE", delay=20, times=9)
    with running(PROGRAMS["script"], stub) as process:
        process.send_signal(signal.SIGTERM)
        while not any(request.method == "DELETE" for request in stub.requests):
            pass
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=5)
    assert process.returncode == -signal.SIGTERM


def test_a_handler_that_is_set_already_is_kept() -> None:
    def own(*_: object) -> None: ...

    before = {number: signal.signal(number, own) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        exit_on_sigterm()
        assert [signal.getsignal(number) for number in before] == [own, own]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_outside_the_main_thread_it_says_so() -> None:
    raised: list[Exception] = []

    def call() -> None:
        try:
            exit_on_sigterm()
        except ConfigurationError as error:
            raised.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert "main thread" in str(raised[0])
