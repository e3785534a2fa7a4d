"""`freeze_retries` lets the waits of unmodified clients take no time."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace

import anyio
import anyio.lowlevel
import pytest

from trio_client import AsyncTrioClient, JobDetail, RetryPolicy, ServerError, TrioClient, WaitTimeoutError
from trio_client._time_source import REAL, RealTime, current, replaced
from trio_client.osapi import OsapiClient
from trio_client.stub import StubServer
from trio_client.testing import MockTrio, freeze_retries, make

GATE = ("rtsp://gate.example/live", "a van is at the gate")
HOUR = {"Retry-After": "3600"}
PATIENT = RetryPolicy(max_attempts=4, deadline=100_000, max_retry_after=3600)


def client_of(stub: StubServer, retry: RetryPolicy = PATIENT) -> TrioClient:
    return TrioClient("test-key", base_url=stub.base_url, retry=retry)


def async_client_of(stub: StubServer, retry: RetryPolicy = PATIENT) -> AsyncTrioClient:
    return AsyncTrioClient("test-key", base_url=stub.base_url, retry=retry)


def test_retries_take_no_time_but_keep_their_length(stub: StubServer) -> None:
    stub.fail_next(path="/jobs", status=429, headers=HOUR, times=3)
    began = time.monotonic()
    with client_of(stub) as client, freeze_retries() as waits:
        client.jobs.list()
    assert [3600, 3600, 3600] == waits
    assert time.monotonic() - began < 3600


@pytest.mark.anyio
async def test_retries_of_async_clients_take_no_time(stub: StubServer) -> None:
    stub.fail_next(path="/jobs", status=429, headers=HOUR, times=3)
    async with async_client_of(stub) as client:
        with freeze_retries() as waits:
            await client.jobs.list()
    assert [3600, 3600, 3600] == waits


def test_clients_made_inside_the_block_are_frozen(stub: StubServer) -> None:
    stub.fail_next(path="/jobs", status=429, headers=HOUR)
    with freeze_retries() as waits, client_of(stub) as client:
        client.with_options(timeout=5).jobs.list()
    assert [3600] == waits


def test_osapi_clients_are_frozen(stub: StubServer) -> None:
    stub.fail_next(path="/osapi", status=429, headers=HOUR)
    with OsapiClient("token", base_url=stub.osapi_url, retry=PATIENT) as client, freeze_retries() as waits:
        client.jobs.list()
    assert [3600] == waits


def test_deadlines_see_skipped_time_as_passed(stub: StubServer) -> None:
    stub.fail_next(path="/jobs", status=429, headers={"Retry-After": "50"}, times=9)
    short = RetryPolicy(max_attempts=10, deadline=120)
    with client_of(stub, short) as client, freeze_retries() as waits, pytest.raises(Exception, match=r"."):
        client.jobs.list()
    assert [50, 50] == waits


def test_polls_end_with_their_timeout(stub: StubServer) -> None:
    with client_of(stub) as client:
        job = client.live_monitor.create(*GATE)
        with freeze_retries() as waits, pytest.raises(WaitTimeoutError):
            client.jobs.wait(job.job_id, timeout=600, poll_interval=100)
    assert 600 == pytest.approx(sum(waits), abs=10)


def test_waits_advance_the_given_clock(stub: StubServer) -> None:
    with client_of(stub) as client:
        job = client.live_monitor.create(*GATE)
        with freeze_retries(stub.clock) as waits:
            assert "completed" == client.jobs.wait(job.job_id).status
    assert (30, 30) == (sum(waits), stub.clock.now())


@pytest.mark.anyio
async def test_waits_of_async_clients_advance_the_given_clock(stub: StubServer) -> None:
    async with async_client_of(stub) as client:
        job = await client.live_monitor.create(*GATE)
        with freeze_retries(stub.clock) as waits:
            assert "completed" == (await client.jobs.wait(job.job_id)).status
    assert (30, 30) == (sum(waits), stub.clock.now())


@pytest.mark.anyio
async def test_a_frozen_wait_lets_other_tasks_run(stub: StubServer) -> None:
    stub.fail_next(path="/jobs", status=429, headers=HOUR, times=3)
    turns: list[int] = []

    async def count() -> None:
        while True:
            turns.append(1)
            await anyio.lowlevel.checkpoint()

    async with async_client_of(stub) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(count)
        with freeze_retries():
            await client.jobs.list()
        tasks.cancel_scope.cancel()
    assert turns


def test_real_time_is_restored() -> None:
    with freeze_retries():
        assert current() is not REAL
    assert current() is REAL


def test_real_time_is_restored_after_an_error() -> None:
    with pytest.raises(KeyError), freeze_retries():
        raise KeyError
    assert current() is REAL


def test_a_client_copied_inside_the_block_takes_real_time_afterwards(stub: StubServer) -> None:
    with client_of(stub) as client:
        with freeze_retries() as waits:
            copy = client.with_options(timeout=5)
        stub.fail_next(path="/jobs", status=429, headers={"Retry-After": "0.05"})
        began = time.monotonic()
        copy.jobs.list()
        assert (True, []) == (time.monotonic() - began >= 0.04, waits)


@pytest.mark.anyio
async def test_an_async_client_copied_inside_the_block_takes_real_time_afterwards(stub: StubServer) -> None:
    async with async_client_of(stub) as client:
        with freeze_retries() as waits:
            copy = client.with_options(timeout=5)
        stub.fail_next(path="/jobs", status=429, headers={"Retry-After": "0.05"})
        began = anyio.current_time()
        await copy.jobs.list()
        assert (True, []) == (anyio.current_time() - began >= 0.04, waits)


def test_another_time_source_is_in_force_again_afterwards(stub: StubServer) -> None:
    class Recorded(RealTime):
        def sleep(self, seconds: float) -> None:
            recorded.append(seconds)

    recorded: list[float] = []
    with client_of(stub) as client, replaced(Recorded()):
        with freeze_retries():
            pass
        stub.fail_next(path="/jobs", status=429, headers=HOUR)
        client.jobs.list()
    assert recorded == [3600]


def test_blocks_can_be_nested(stub: StubServer) -> None:
    stub.fail_next(path="/jobs", status=429, headers=HOUR, times=3)
    with client_of(stub) as client, freeze_retries() as outer:
        with freeze_retries() as inner:
            client.jobs.list()
        stub.fail_next(path="/jobs", status=429, headers=HOUR)
        client.jobs.list()
    assert ([3600] * 3, [3600]) == (inner, outer)
    assert current() is REAL


def test_two_blocks_may_end_in_the_order_they_began() -> None:
    first, second = freeze_retries(), freeze_retries()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert current() is not REAL
    second.__exit__(None, None, None)
    assert current() is REAL


def test_a_freeze_can_be_reused(stub: StubServer) -> None:
    freeze = freeze_retries(stub.clock)
    with client_of(stub) as client:
        for _ in range(2):
            stub.fail_next(path="/jobs", status=429, headers=HOUR)
            with freeze as waits:
                client.jobs.list()
            assert [3600] == waits
    assert 7200 == stub.clock.now()


def test_waits_of_several_threads_are_recorded(stub: StubServer) -> None:
    def work() -> None:
        with client_of(stub, replace(PATIENT, max_attempts=9)) as client:
            client.jobs.list()

    stub.fail_next(path="/jobs", status=429, headers=HOUR, times=8)
    with freeze_retries(stub.clock) as waits:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [3600] * 8 == waits
    assert 8 * 3600 == stub.clock.now()


def test_it_decorates_a_function(stub: StubServer) -> None:
    @freeze_retries(stub.clock)
    def application(attempts: int) -> str:
        """What it does."""
        stub.fail_next(path="/jobs", status=503, headers=HOUR, times=attempts)
        with client_of(stub) as client:
            return f"{len(client.jobs.list())} jobs"

    assert "0 jobs" == application(attempts=2)
    assert ("What it does.", ["attempts"]) == (application.__doc__, list(inspect.signature(application).parameters))
    with pytest.raises(ServerError):
        application(attempts=4)
    assert current() is REAL


@pytest.mark.anyio
async def test_it_decorates_an_async_function(stub: StubServer) -> None:
    @freeze_retries(stub.clock)
    async def application(attempts: int) -> int:
        stub.fail_next(path="/jobs", status=503, headers=HOUR, times=attempts)
        async with async_client_of(stub) as client:
            return len(await client.jobs.list())

    assert inspect.iscoroutinefunction(application)
    assert 0 == await application(2)
    assert 7200 == stub.clock.now()
    assert current() is REAL


def test_decorating_a_generator_is_an_error() -> None:
    def fixture() -> Iterator[None]:
        yield

    async def async_fixture() -> AsyncIterator[None]:
        yield

    for function in (fixture, async_fixture):
        with pytest.raises(TypeError, match="fixture is a generator"):
            freeze_retries()(function)


def test_clients_of_a_mock_keep_its_time_and_their_waits_are_recorded() -> None:
    with freeze_retries() as waits, MockTrio() as mock, mock.client() as client:
        job = client.live_monitor.create(*GATE)
        assert "completed" == client.with_options(timeout=5).jobs.wait(job.job_id).status
    assert [3.0] * 10 == waits == mock.waits


@pytest.mark.anyio
async def test_async_clients_of_a_mock_keep_its_time_and_their_waits_are_recorded() -> None:
    with freeze_retries() as waits, MockTrio() as mock:
        client = mock.async_client()
        job = await client.live_monitor.create(*GATE)
        assert "completed" == (await client.jobs.wait(job.job_id)).status
    assert [3.0] * 10 == waits == mock.waits


def test_a_wait_that_never_ends_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trio_client.testing._waits._MOST_WAITS", 100)
    with MockTrio(scripted_only=True) as mock:
        mock.on("GET", "/jobs/{job_id}").reply(make(JobDetail, status="running"))
        with pytest.raises(RuntimeError, match=r"freeze_retries\(stub.clock\), script an end, or bound the wait"):
            mock.client().jobs.wait("a1")


@freeze_retries()
def test_a_decorated_test_still_gets_its_fixtures(stub: StubServer, eventually: Callable[..., None]) -> None:
    stub.fail_next(path="/jobs", status=503, headers=HOUR, times=2)
    with client_of(stub) as client:
        client.jobs.list()
    eventually(lambda: len(stub.requests) == 3)
