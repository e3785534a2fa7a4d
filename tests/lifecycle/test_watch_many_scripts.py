"""Scripts that watch many streams at once: however they end, no job is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from python_program import running_program

from trio_client.stub import Scene, StubServer

PREAMBLE = """
import asyncio, os, signal, sys, threading, time
from trio_client import ConfigurationError, Hooks, Progress, Started, Target, TrioClient, exit_on_sigterm
CAMERAS = [Target(f"rtsp://camera.example/{number}", "the gate is open") for number in range(3)]

def read(events):
    for target, event in events:
        print(event.kind, flush=True)
"""
posix = pytest.mark.skipif(os.name == "nt", reason="needs signals")


@pytest.fixture
def stub() -> Iterator[StubServer]:
    """Time stands still: after the first event of each job, a reader waits for ever."""
    with StubServer(speed=0, start_delay=0) as each:
        for number in range(3):
            each.scene(f"rtsp://camera.example/{number}", Scene(holds=False))
        yield each


def start(program: str, base_url: str) -> AbstractContextManager[subprocess.Popen[str]]:
    return running_program(PREAMBLE, program, base_url)


def run(program: str, base_url: str) -> tuple[int, str, str]:
    with start(program, base_url) as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def wait_for(process: subprocess.Popen[str], lines: int) -> None:
    assert process.stdout is not None
    assert ["started\n"] * lines == [process.stdout.readline() for _ in range(lines)]


SCRIPT = """
    exit_on_sigterm()
    with TrioClient() as client, client.watch_many(CAMERAS) as events:
        read(events)
    """


@posix
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_wait_at_once_and_stops_all_jobs(
    stub: StubServer, number: signal.Signals, status: int
) -> None:
    with start(SCRIPT, stub.base_url) as process:
        wait_for(process, 3)
        sent = time.monotonic()
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        assert time.monotonic() - sent < 8, "a wait that is not interrupted lasts for a minute"
    assert (status, 3, 0) == (process.returncode, len(stub.jobs), stub.running_jobs)
    assert ["KeyboardInterrupt"] * (number == signal.SIGINT) == err.splitlines()[-1:]
    assert "Warning" not in err


@posix
def test_ctrl_c_in_the_body_stops_all_jobs(stub: StubServer) -> None:
    program = """
        with TrioClient() as client, client.watch_many(CAMERAS) as events:
            for target, event in events:
                print(event.kind, flush=True)
                time.sleep(60)
        """
    with start(program, stub.base_url) as process:
        wait_for(process, 1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (-signal.SIGINT, 0) == (process.returncode, stub.running_jobs)
    assert err.endswith("KeyboardInterrupt\n")


@posix
def test_a_reader_that_catches_ctrl_c_goes_on(stub: StubServer) -> None:
    program = """
        with TrioClient() as client, client.watch_many(CAMERAS) as events:
            try:
                read(events)
            except KeyboardInterrupt:
                print(len(events.job_ids), events.until(Progress, timeout=60)[1].kind, flush=True)
        """
    with start(program, stub.base_url) as process:
        wait_for(process, 3)
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        stub.clock.advance(15)
        assert "3 progress\n" == process.stdout.readline()
        assert ("", "") == process.communicate(timeout=60)
    assert (0, 0) == (process.returncode, stub.running_jobs)


@posix
def test_a_signal_handler_may_use_the_stream_that_the_program_waits_for(stub: StubServer) -> None:
    program = """
        def handle(number, frame):
            events.add(CAMERAS[2])
            print(len(events.targets), len(events.usages), flush=True)
        signal.signal(signal.SIGUSR1, handle)
        with TrioClient() as client, client.watch_many(CAMERAS[:2]) as events:
            for target, event in events:
                if target == CAMERAS[2]:
                    signal.signal(signal.SIGUSR1, lambda number, frame: events.close())
                print(event.kind, flush=True)
        """
    with start(program, stub.base_url) as process:
        wait_for(process, 2)
        process.send_signal(signal.SIGUSR1)
        assert process.stdout is not None
        assert ["3 3\n", "started\n"] == [process.stdout.readline(), process.stdout.readline()]
        process.send_signal(signal.SIGUSR1)
        assert ("", "") == process.communicate(timeout=60)
    assert (0, 3, 0) == (process.returncode, len(stub.jobs), stub.running_jobs)


@posix
def test_a_second_ctrl_c_ends_the_program_which_stops_the_jobs_on_its_way_out(
    stub: StubServer, eventually: Callable[..., None]
) -> None:
    stub.fail_next(method="DELETE", delay=1, times=6)
    with start(SCRIPT, stub.base_url) as process:
        wait_for(process, 3)
        process.send_signal(signal.SIGINT)
        eventually(lambda: any(request.method == "DELETE" for request in stub.requests))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert (3, 0) == (len(stub.jobs), stub.running_jobs)


def test_a_stream_that_was_forgotten_has_its_jobs_stopped_and_starts_no_others() -> None:
    program = """
        events = TrioClient().watch_many(CAMERAS)
        print(events.until(Started)[1].kind, events.until(Started)[1].kind, flush=True)
        """
    with StubServer(speed=100, max_jobs=2) as stub:
        status, out, err = run(program, stub.base_url)
        assert (0, "started started\n") == (status, out)
        assert "could not confirm" not in err
        assert (2, 0) == (len(stub.jobs), stub.running_jobs)


def test_a_program_whose_stops_hang_ends_all_the_same_and_names_the_jobs(stub: StubServer) -> None:
    stub.fail_next(method="DELETE", delay=60, times=99)
    program = """
        events = TrioClient().watch_many(CAMERAS[:1])
        print(events.until(Started)[1].kind, flush=True)
        """
    with start(program, stub.base_url) as process:
        wait_for(process, 1)
        begun = time.monotonic()
        _, err = process.communicate(timeout=60)
    assert time.monotonic() - begun < 12
    assert f"could not confirm that these jobs were stopped: {stub.jobs[0].job_id}" in err


def test_a_daemon_thread_that_reads_does_not_keep_a_program_or_its_jobs_alive(stub: StubServer) -> None:
    program = """
        started = threading.Event()
        def watch():
            with TrioClient() as client, client.watch_many(CAMERAS) as events:
                for target, event in events:
                    started.set()
        threading.Thread(target=watch, daemon=True).start()
        assert started.wait(10)
        """
    assert (0, "", "") == run(program, stub.base_url)
    assert 0 == stub.running_jobs


def test_a_thread_goes_on_after_the_main_thread_has_ended(stub: StubServer) -> None:
    program = """
        begun, ended = threading.Event(), threading.Event()
        def watch():
            client = TrioClient(base_url=os.environ["TRIO_BASE_URL"].replace("127.0.0.1", "localhost"))
            with client, client.watch_many() as events:
                begun.set()
                threading.main_thread().join()
                for camera in CAMERAS:
                    events.add(camera)
                print(len([events.until(Started, timeout=30) for camera in CAMERAS]))
        threading.Thread(target=watch).start()
        assert begun.wait(10)
        """
    assert (0, "3\n", "") == run(program, stub.base_url)
    assert (3, 0) == (len(stub.jobs), stub.running_jobs)


def test_an_exit_handler_that_comes_too_late_does_not_hang(stub: StubServer) -> None:
    program = """
        import atexit
        import trio_client._exit_cleanup
        atexit.unregister(trio_client._exit_cleanup.stop_all)
        def handler():
            events.close()
            print(events.until(Progress, timeout=60))
        atexit.register(handler)
        atexit.register(trio_client._exit_cleanup.stop_all)
        events = TrioClient().watch_many(CAMERAS)
        print(events.until(Started)[1].kind)
        """
    status, out, _ = run(program, stub.base_url)
    assert (0, "started\nNone\n") == (status, out)
    assert 0 == stub.running_jobs


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_process_leaves_the_watches_of_its_parent_alone(stub: StubServer) -> None:
    program = """
        with TrioClient() as client, client.watch_many(CAMERAS) as events:
            for camera in CAMERAS:
                next(events)
            child = os.fork()
            if not child:
                for use in (lambda: next(events), lambda: events.until(Progress), lambda: events.add(CAMERAS[0])):
                    try:
                        use()
                    except ConfigurationError as error:
                        print(error.problem[:64], flush=True)
                with client.watch_many([Target("rtsp://child", "x")]) as own:
                    print(own.until(Started)[1].stream_url, flush=True)
                sys.exit(7)  # leaves the blocks, and runs the exit handlers
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), len(events.job_ids), flush=True)
            print(events.until(Progress, timeout=60)[1].kind)
        """
    with start(program, stub.base_url) as process:
        assert process.stdout is not None
        refused = "This stream of targets belongs to the process that started it, a\n"
        assert [refused] * 3 == [process.stdout.readline() for _ in range(3)]
        assert "rtsp://child\n" == process.stdout.readline()
        assert "7 3\n" == process.stdout.readline()
        assert 3 == stub.running_jobs
        stub.clock.advance(15)
        out, err = process.communicate(timeout=60)
    assert (0, "progress\n", "") == (process.returncode, out, err)
    assert (4, 0) == (len(stub.jobs), stub.running_jobs)


@pytest.mark.parametrize("where", ["asyncio", "trio"])
def test_it_works_in_the_thread_of_a_running_event_loop(stub: StubServer, where: str) -> None:
    program = """
        async def main():
            with TrioClient() as client, client.watch_many(CAMERAS) as events:
                print(len({events.until(Started)[0] for camera in CAMERAS}))
        import asyncio, logging, trio
        logging.getLogger("asyncio").setLevel(logging.ERROR)  # that the loop is held up is what this is about
        RUN
        """
    runs = {"asyncio": "asyncio.run(main())", "trio": "trio.run(main)"}
    assert (0, "3\n", "") == run(program.replace("RUN", runs[where]), stub.base_url)
    assert (3, 0) == (len(stub.jobs), stub.running_jobs)


def test_a_hook_that_ends_the_program_ends_it(stub: StubServer) -> None:
    program = """
        def leave(job):
            sys.exit(9)
        with TrioClient(hooks=Hooks(on_job=leave)) as client, client.watch_many(CAMERAS) as events:
            read(events)
        """
    status, _, _ = run(program, stub.base_url)
    assert (9, 0) == (status, stub.running_jobs)
