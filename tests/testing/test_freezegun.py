"""freezegun sets the date of the program under test; deadlines, waits and the stub server go on."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from datetime import datetime, timezone

import pytest
from freezegun import freeze_time

from trio_client import APITimeoutError, AsyncTrioClient, RetryPolicy, ServerError, TrioClient, WaitTimeoutError
from trio_client.stub import FaultProxy, StubServer, WireFault
from trio_client.testing import MockTrio, freeze_retries

GATE = ("rtsp://gate.example/live", "a van is at the gate")
NEW_YEAR = "2026-01-01"
PATIENT = RetryPolicy(max_attempts=4, deadline=100_000, max_retry_after=3600)

IMPORTED_WHILE_FROZEN = f"""
from freezegun import freeze_time
with freeze_time("{NEW_YEAR}"):
    from trio_client import TrioClient
    from trio_client.stub import StubServer
    with StubServer(speed=600) as stub, TrioClient("test-key", base_url=stub.base_url) as client:
        with client.live_monitor.stream{GATE} as events:
            print(*[event.kind for event in events])
"""


@freeze_time(NEW_YEAR)
def test_a_stream_of_the_stub_server_is_read_to_its_end() -> None:
    with StubServer(speed=600) as stub, TrioClient("test-key", base_url=stub.base_url) as client:
        with client.live_monitor.stream(*GATE) as events:
            kinds = [event.kind for event in events]
    assert (kinds[0], kinds[-1]) == ("started", "stopped")


@pytest.mark.skipif(not hasattr(time, "clock_gettime"), reason="time.monotonic is the only such clock there")
@pytest.mark.thorough
def test_a_stream_is_read_to_its_end_if_the_package_was_imported_under_freezegun() -> None:
    command = [sys.executable, "-c", IMPORTED_WHILE_FROZEN]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.split()
    assert (printed[0], printed[-1]) == ("started", "stopped")


def test_a_client_made_earlier_still_polls_until_its_job_ends(stub: StubServer) -> None:
    with TrioClient("test-key", base_url=stub.base_url) as client, freeze_time(NEW_YEAR):
        stub.clock.speed = 600
        job = client.live_monitor.create(*GATE)
        assert client.jobs.wait(job.job_id, poll_interval=0.05).status == "completed"


def test_a_deadline_still_passes(stub: StubServer) -> None:
    (job_id,) = stub.add_jobs(1, status="running")
    with TrioClient("test-key", base_url=stub.base_url) as client, freeze_time(NEW_YEAR):
        with pytest.raises(WaitTimeoutError):
            client.jobs.wait(job_id, timeout=0.2, poll_interval=0.05)


def test_the_deadline_of_retries_still_passes(stub: StubServer) -> None:
    stub.fail_next(path="/jobs", status=503, times=99)
    policy = RetryPolicy(max_attempts=99, deadline=0.2, base_delay=0.05)
    with TrioClient("test-key", base_url=stub.base_url, retry=policy) as client, freeze_time(NEW_YEAR):
        with pytest.raises((ServerError, APITimeoutError)):  # the time is up between two attempts, or within one
            client.jobs.list()
    assert 1 < len(stub.requests) < 99


@freeze_time(NEW_YEAR)
def test_a_delay_of_the_fault_proxy_ends(stub: StubServer) -> None:
    with FaultProxy(stub.base_url) as proxy:
        proxy.strike(WireFault("delay", seconds=0.1))
        with TrioClient("test-key", base_url=proxy.base_url) as client:
            assert len(client.jobs.list()) == 0


@freeze_time(NEW_YEAR)
def test_a_mock_answers_and_its_waits_take_no_time() -> None:
    with MockTrio() as mock, mock.client() as client:
        job = client.live_monitor.create(*GATE)
        assert client.jobs.wait(job.job_id).status == "completed"
        with client.live_monitor.stream(*GATE) as events:
            assert events.collect()[-1].kind == "stopped"
    assert mock.waits == [3.0] * 10


@freeze_time(NEW_YEAR)
def test_frozen_retries_and_a_frozen_date_go_together(stub: StubServer) -> None:
    stub.fail_next(path="/jobs", status=429, headers={"Retry-After": "3600"}, times=3)
    with TrioClient("test-key", base_url=stub.base_url, retry=PATIENT) as client, freeze_retries() as waits:
        client.jobs.list()
    assert waits == [3600, 3600, 3600]


@freeze_time(NEW_YEAR, real_asyncio=True)
def test_the_async_client_needs_an_event_loop_with_real_time(stub: StubServer) -> None:
    stub.fail_next(path="/jobs", status=503)

    async def wait() -> int:
        async with AsyncTrioClient("test-key", base_url=stub.base_url) as client:
            return len(await client.jobs.list())

    assert asyncio.run(wait()) == 0


@freeze_time(NEW_YEAR)
def test_the_program_keeps_its_date(stub: StubServer) -> None:
    with TrioClient("test-key", base_url=stub.base_url) as client:
        job = client.live_monitor.create(*GATE)
    assert job.created_at is not None
    assert datetime.now(timezone.utc).isoformat() == f"{NEW_YEAR}T00:00:00+00:00"
