"""What is left when a program ends: nothing that costs money, and no noise."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from python_program import running_program
from raw_server import RawServer, reply

from trio_client.stub import StubServer

PREAMBLE = """
import asyncio, os, sys
from trio_client import AsyncTrioClient, TrioClient
"""


def start(program: str, base_url: str) -> AbstractContextManager[subprocess.Popen[str]]:
    return running_program(PREAMBLE, program, base_url)


def run(program: str, base_url: str) -> tuple[int, str, str]:
    with start(program, base_url) as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.fixture
def running() -> StubServer:
    with StubServer(speed=100) as server:
        yield server


def test_a_stream_that_was_forgotten_has_its_job_stopped(running: StubServer) -> None:
    program = """
        client = TrioClient()
        events = client.live_monitor.stream("rtsp://c/1", "open", max_triggers=None, monitor_duration_seconds=86400)
        print(next(events).kind)
        """
    status, out, _ = run(program, running.base_url)
    assert (0, "started\n") == (status, out)
    assert [("stopped", "cancelled")] == [(job.status, job.reason) for job in running.jobs]


@pytest.mark.parametrize("kind", ["TrioClient", "AsyncTrioClient"])
def test_a_stream_that_has_not_named_its_job_has_it_found_and_stopped(running: StubServer, kind: str) -> None:
    program = f"""
        events = {kind}().live_monitor.stream("rtsp://c/1", "open")
        opened = events._open()
        if opened is not None:
            asyncio.run(opened)
        """
    running.clock.speed = 0
    status, _, err = run(program, running.base_url)
    assert (0, False) == (status, "could not confirm" in err)
    assert [("stopped", "cancelled")] == [(job.status, job.reason) for job in running.jobs]


def test_a_job_that_is_neither_named_nor_found_is_reported(running: StubServer) -> None:
    program = """
        events = TrioClient().live_monitor.stream("rtsp://c/1", "open")
        events._open()
        """
    running.clock.speed = 0
    running.fail_next(method="GET", path="/jobs", status=500, times=1000)
    _, _, err = run(program, running.base_url)
    assert "could not confirm that these jobs were stopped: one whose id is not known" in err


@pytest.mark.parametrize("status", [404, 200])
def test_a_page_in_place_of_the_reply_is_no_proof_that_a_job_was_stopped(running: StubServer, status: int) -> None:
    program = """
        events = TrioClient().live_monitor.stream("rtsp://c/1", "open", max_triggers=None)
        print(next(events).kind, flush=True)
        """
    running.clock.speed = 5
    running.fail_next(method="DELETE", status=status, body="<html>Welcome</html>", times=1000)
    _, _, err = run(program, running.base_url)
    assert f"could not confirm that these jobs were stopped: {running.jobs[0].job_id}" in err


def test_a_stream_of_an_async_program_too(running: StubServer) -> None:
    program = """
        async def main():
            client = AsyncTrioClient()
            options = {"max_triggers": None, "monitor_duration_seconds": 86400}
            async for event in client.live_monitor.stream("rtsp://c/1", "open", **options):
                print(event.kind)
                os.sys.exit(3)
        asyncio.run(main())
        """
    status, out, _ = run(program, running.base_url)
    assert (3, "started\n") == (status, out)
    assert 0 == running.running_jobs


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_ctrl_c_stops_the_job(running: StubServer, kind: str, eventually: Callable[..., None]) -> None:
    programs = {
        "sync": """
            with TrioClient() as client, client.live_monitor.stream("rtsp://c/1", "open", max_triggers=None) as events:
                for event in events:
                    print(event.kind, flush=True)
            """,
        "async": """
            async def main():
                async with AsyncTrioClient() as client:
                    async with client.live_monitor.stream("rtsp://c/1", "open", max_triggers=None) as events:
                        async for event in events:
                            print(event.kind, flush=True)
            asyncio.run(main())
            """,
    }
    running.clock.speed = 5
    with start(programs[kind], running.base_url) as process:
        assert process.stdout is not None
        assert "started\n" == process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in err
    assert "Warning" not in err
    assert 0 == running.running_jobs


def test_a_program_that_closes_what_it_opens_ends_in_silence(running: StubServer) -> None:
    program = """
        def sync():
            with TrioClient() as client:
                client.jobs.list()
                with client.live_monitor.stream("rtsp://c/1", "open") as events:
                    for event in events:
                        break
        async def main():
            async with AsyncTrioClient() as client:
                await client.jobs.list()
                async with client.live_monitor.stream("rtsp://c/1", "open") as events:
                    async for event in events:
                        break
        sync()
        asyncio.run(main())
        """
    assert (0, "", "") == run(program, running.base_url)
    assert 0 == running.running_jobs


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_process_makes_its_own_connections() -> None:
    program = """
        with TrioClient() as client:
            client.jobs.list()
            child = os.fork()
            client.jobs.list()
            if child:
                os.waitpid(child, 0)
                client.jobs.list()
            else:
                os._exit(0)
        """
    with RawServer(reply({"jobs": []})) as server:
        assert (0, "", "") == run(program, server.base_url)
        assert (4, 2) == (len(server.requests), server.connections)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_process_never_stops_the_jobs_of_its_parent(running: StubServer) -> None:
    program = """
        with TrioClient() as client, client.live_monitor.stream("rtsp://c/1", "open", max_triggers=None) as events:
            next(events)
            child = os.fork()
            if not child:
                sys.exit(7)  # runs the exit handlers, and leaves the blocks
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            print(next(events).kind)
        """
    running.clock.speed = 5
    status, out, _ = run(program, running.base_url)
    assert (0, "7\nprogress\n") == (status, out)
    assert 0 == running.running_jobs


def test_a_client_may_be_used_on_one_event_loop_after_another(running: StubServer) -> None:
    program = """
        client = AsyncTrioClient()
        for _ in range(3):
            print(len(asyncio.run(client.jobs.list())))
        """
    status, out, err = run(program, running.base_url)
    assert (0, "0\n0\n0\n") == (status, out)
    assert "RuntimeError" not in err
