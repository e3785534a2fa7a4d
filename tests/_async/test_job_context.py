"""Every line about a job names its camera and its job, in its text and in its fields; a hook follows the jobs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from trio_client import AsyncTrioClient, CallInfo, CreateOutcomeUnknownError, Hooks, JobInfo, JobLeakWarning
from trio_client.events import Started, Stopped
from trio_client.stub import Scene, StubServer

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
CAMERA = "rtsp://user:hunter2@gate.example/live"
SHOWN = "rtsp://***@gate.example/live"
VAN = "a van is at the gate"
FIELDS = ("trio_job_id", "trio_stream_url", "trio_target")


def fields(record: logging.LogRecord) -> tuple[Any, ...]:
    return tuple(getattr(record, name) for name in FIELDS)


def lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "trio_client"]


@pytest.fixture
def jobs() -> list[JobInfo]:
    return []


@pytest.fixture
def client(connect: Connect, jobs: list[JobInfo]) -> AsyncTrioClient:
    return connect(hooks=Hooks(on_job=jobs.append))


class TestLog:
    async def test_a_dropped_stream_names_its_camera_and_job(
        self, stub: StubServer, client: AsyncTrioClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        stub.fail_next(path="/live-monitor", drop_after_events=1)
        async with client.live_monitor.stream(CAMERA, VAN, max_triggers=None) as events:
            stub.clock.advance(60)
            await events.collect()
        (record,) = lines(caplog)
        assert fields(record) == (events.job_id, SHOWN, None)
        assert SHOWN in record.getMessage()
        assert events.job_id is not None
        assert events.job_id in record.getMessage()
        assert "hunter2" not in caplog.text

    async def test_a_leak_names_them_in_line_and_warning(
        self, stub: StubServer, client: AsyncTrioClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        with pytest.warns(JobLeakWarning) as caught:
            async with client.live_monitor.stream(CAMERA, VAN) as events:
                stub.clock.advance(3)
                await events.__anext__()
                stub.fail_next(method="DELETE", status=500, times=1000)
        assert [(record.levelname, fields(record)) for record in lines(caplog)] == [
            ("ERROR", (events.job_id, SHOWN, None))
        ]
        (leak,) = caught
        assert SHOWN in str(leak.message)
        assert "The last attempt failed: 500 " in str(leak.message)
        stub.reset()

    async def test_a_create_of_unknown_outcome_names_its_camera(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        stub.fail_next(path="/live-monitor", close=True)
        with pytest.raises(CreateOutcomeUnknownError, match=r"gate\.example"):
            await client.live_monitor.create(CAMERA, VAN)

    async def test_a_retry_names_what_its_call_is_about(
        self, stub: StubServer, client: AsyncTrioClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        stub.fail_next(path="/jobs/a1", status=503)
        stub.fail_next(path="/streams/validate", status=503)
        with caplog.at_level(logging.INFO, "trio_client"):
            with pytest.raises(Exception, match="JOB_NOT_FOUND"):
                await client.jobs.get("a1")
            await client.streams.validate(CAMERA)
        assert [fields(record) for record in lines(caplog)] == [("a1", None, None), (None, SHOWN, None)]

    async def test_a_formatter_that_names_the_fields_never_fails(self, caplog: pytest.LogCaptureFixture) -> None:
        logging.getLogger("trio_client").warning("about nothing")
        (record,) = lines(caplog)
        text = logging.Formatter("%(trio_job_id)s %(trio_stream_url)s %(trio_target)s").format(record)
        assert text == "None None None"


class TestJobs:
    async def test_a_job_of_create_is_reported_as_soon_as_it_is_made(
        self, client: AsyncTrioClient, jobs: list[JobInfo]
    ) -> None:
        job = await client.live_monitor.create(CAMERA, VAN, reference="r-1")
        (info,) = jobs
        assert (info.event, info.job_id, info.reference, info.stream_url) == ("started", job.job_id, "r-1", SHOWN)
        assert (info.counters, info.usage.minutes_billed, info.usage.cost_usd) == ({}, 1, 0.02)

    async def test_a_stream_that_is_read_to_its_end_has_both(
        self, stub: StubServer, client: AsyncTrioClient, jobs: list[JobInfo]
    ) -> None:
        async with client.live_monitor.stream(CAMERA, VAN) as events:
            stub.clock.advance(100)
            *_, end = await events.collect()
        assert [(info.event, info.job_id) for info in jobs] == [("started", events.job_id), ("ended", events.job_id)]
        assert isinstance(end, Stopped)
        assert jobs[1].counters == end.counters != {}

    async def test_a_stream_that_is_left_has_ended_with_the_counters_of_the_stop(
        self, stub: StubServer, client: AsyncTrioClient, jobs: list[JobInfo]
    ) -> None:
        stub.scene(CAMERA, Scene(holds=False))
        async with client.live_monitor.stream(CAMERA, VAN, monitor_duration_seconds=3600) as events:
            stub.clock.advance(90)
            await events.until(Started)
        assert [info.event for info in jobs] == ["started", "ended"]
        assert jobs[1].counters.checks_performed

    async def test_the_end_of_a_job_that_could_not_be_stopped_is_not_known(
        self, stub: StubServer, client: AsyncTrioClient, jobs: list[JobInfo]
    ) -> None:
        with pytest.warns(JobLeakWarning):
            async with client.live_monitor.stream(CAMERA, VAN) as events:
                stub.clock.advance(3)
                await events.__anext__()
                stub.fail_next(method="DELETE", status=500, times=1000)
        assert [info.event for info in jobs] == ["started"]
        stub.reset()

    async def test_a_job_that_was_looked_up_is_reported_too(
        self, stub: StubServer, client: AsyncTrioClient, jobs: list[JobInfo]
    ) -> None:
        stub.fail_next(path="/live-monitor", close=True, processed=True)
        job = await client.live_monitor.create(CAMERA, VAN)
        assert [(info.event, info.job_id) for info in jobs] == [("started", job.job_id)]

    async def test_each_job_of_a_watch_is_reported(self, stub: StubServer, connect: Connect) -> None:
        def run(info: CallInfo) -> None:
            if info.operation == "live_monitor.watch":
                stub.clock.advance(12)

        jobs: list[JobInfo] = []
        client = connect(hooks=Hooks(on_job=jobs.append, on_response=run))
        stub.scene(CAMERA, Scene(holds=False))
        watch = client.live_monitor.watch(CAMERA, VAN, monitor_duration_seconds=10, price_per_minute_usd=0.5)
        async with watch as events:
            await events.until(Started)
            await events.until(Started)
        assert [info.event for info in jobs] == ["started", "ended"] * 2
        assert len({info.job_id for info in jobs}) == 2
        assert {info.stream_url for info in jobs} == {SHOWN}
        assert jobs[-1].usage.cost_usd == 0.5

    async def test_a_hook_that_fails_disturbs_nothing(self, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
        def fail(info: JobInfo) -> None:
            raise RuntimeError("the hook is broken")

        job = await connect(hooks=Hooks(on_job=fail)).live_monitor.create(CAMERA, VAN)
        (record,) = lines(caplog)
        assert fields(record) == (job.job_id, SHOWN, None)
        assert "the hook is broken" in record.getMessage()
