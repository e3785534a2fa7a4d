"""Watching without end: one job after another, never two at once, none left behind."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from trio_client import (
    AsyncTrioClient,
    AuthenticationError,
    CallInfo,
    CoverageGap,
    Hooks,
    JobLeakWarning,
    MaxJobsReachedError,
    PermissionDeniedError,
    RequestValidationError,
    RetryPolicy,
    StatusChanged,
    Stopped,
    StreamInterruptedError,
    StreamUnavailableError,
    Summary,
    Triggered,
)
from trio_client._times import parse_time
from trio_client.stub import Scene, StubServer

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
CAMERA = "rtsp://cam.example/1"


@pytest.fixture
def stub() -> Iterator[StubServer]:
    """A server whose time passes quickly, since streams are read here."""
    with StubServer(speed=1200) as server:
        yield server


def posts(stub: StubServer) -> int:
    return sum(request.method == "POST" for request in stub.requests)


async def test_when_a_monitors_time_is_up_the_next_begins(stub: StubServer, client: AsyncTrioClient) -> None:
    kinds: list[str] = []
    jobs: list[str | None] = []
    async with client.live_monitor.watch(CAMERA, "x", monitor_duration_seconds=60) as events:
        async for event in events:
            kinds.append(event.kind)
            if event.kind == "started":
                jobs.append(event.job_id)
            if isinstance(event, StatusChanged):
                assert ("max_duration_reached", 1) == (event.reason, posts(stub) - len(jobs) + 1)
            if len(jobs) == 3:
                break
    assert 3 == len(set(jobs)) == posts(stub)
    assert ["status", "gap", "started"] == kinds[kinds.index("status") :][:3]
    assert 0 == stub.running_jobs


async def test_a_gap_says_when_and_why_nothing_was_watched(client: AsyncTrioClient) -> None:
    async with client.live_monitor.watch(CAMERA, "x", monitor_duration_seconds=60) as events:
        gap = await events.until(CoverageGap)
    assert gap is not None
    assert gap.started_at is not None
    assert gap.ended_at is not None
    assert ("job_ended", "max_duration_reached") == (gap.reason, gap.detail)
    assert gap.started_at <= gap.ended_at


async def test_triggers_are_unlimited_by_default(stub: StubServer, client: AsyncTrioClient) -> None:
    async with client.live_monitor.watch(CAMERA, "x", interval_seconds=5) as events:
        for _ in range(3):
            assert await events.until(Triggered) is not None
        assert 1 == posts(stub)
    assert {"max_triggers": None} == {"max_triggers": stub.jobs[0].request["max_triggers"]}


async def test_when_its_triggers_are_up_the_next_begins(stub: StubServer, client: AsyncTrioClient) -> None:
    async with client.live_monitor.watch(CAMERA, "x", interval_seconds=5, max_triggers=1) as events:
        first, second = await events.until(Triggered), await events.until(Triggered)
    assert first is not None
    assert second is not None
    assert first.job_id != second.job_id
    assert 0 == stub.running_jobs


async def test_a_job_that_someone_cancels_ends_the_watch(stub: StubServer, client: AsyncTrioClient) -> None:
    async with client.live_monitor.watch(CAMERA, "x", monitor_duration_seconds=36_000) as events:
        await anext(events)
        await client.jobs.cancel(events.job_id or "")
        rest = await events.collect()
    assert isinstance(rest[-1], Stopped)
    assert ("cancelled", rest[-1], 1) == (rest[-1].reason, events.outcome, posts(stub))


async def test_it_ends_before_it_costs_more(stub: StubServer, client: AsyncTrioClient, pauses: Any) -> None:
    pauses.monotonic = stub.clock.now
    async with client.live_monitor.watch(CAMERA, "x", max_cost_usd=0.1, monitor_duration_seconds=120) as events:
        await events.collect()
    assert events.outcome is not None
    assert "max_cost_reached" == getattr(events.outcome, "reason", None)
    asked = [each.request["monitor_duration_seconds"] for each in stub.jobs]
    assert sum(asked) <= 300  # five minutes at two cents
    assert 0 == stub.running_jobs


async def test_it_ends_after_its_duration(stub: StubServer, client: AsyncTrioClient, pauses: Any) -> None:
    pauses.monotonic = lambda: 60.0 * posts(stub)  # each job takes its minute, however busy the machine is
    async with client.live_monitor.watch(CAMERA, "x", duration=150, monitor_duration_seconds=60) as events:
        await events.collect()
    assert "duration_reached" == getattr(events.outcome, "reason", None)
    assert 2 <= posts(stub) <= 4
    assert 0 == stub.running_jobs


async def test_what_a_job_had_reported_before_the_watch_ends_is_emitted(connect: Connect, pauses: Any) -> None:
    now = 0.0
    with StubServer(speed=0) as stub:
        stub.scene(CAMERA, Scene(every=1))
        client = connect(base_url=stub.base_url)
        pauses.monotonic = lambda: now
        async with client.live_monitor.watch(CAMERA, "x", interval_seconds=5, duration=60) as events:
            stub.clock.advance(48)  # nine triggers are under way
            now = 61.0
            kinds = [event.kind for event in await events.collect()]
        assert ["started", *["triggered"] * 9, "stopped"] == kinds
        assert events.outcome is not None
        assert "duration_reached" == getattr(events.outcome, "reason", None)
        assert 0 == stub.running_jobs


async def test_it_waits_for_a_job_slot(connect: Connect) -> None:
    with StubServer(speed=1200, max_jobs=1) as stub:
        client = connect(base_url=stub.base_url)
        other = await client.live_monitor.create("rtsp://other.example/1", "y")
        await client.jobs.cancel(other.job_id)
        stub.fail_next(
            method="POST", status=429, body={"error": {"code": "MAX_JOBS_REACHED", "message": "full"}}, times=2
        )
        async with client.live_monitor.watch(CAMERA, "x") as events:
            gap = await anext(events)
            assert isinstance(gap, CoverageGap)
            assert ("no_free_slot", "watching") == (gap.reason, events.state.name)
        assert "ended" == events.state.name
        assert 0 == stub.running_jobs


async def test_a_slot_is_waited_for_as_long_as_was_asked(connect: Connect) -> None:
    with StubServer(speed=1200, max_jobs=0) as stub:
        client = connect(base_url=stub.base_url)
        with pytest.raises(MaxJobsReachedError):
            await client.live_monitor.watch(CAMERA, "x", wait_for_slot=8).collect()
        first = posts(stub)
        assert first in (3, 4)  # after 0, 3, 6 and 8 seconds, if the machine is not too slow for the last
        with pytest.raises(MaxJobsReachedError):
            await client.live_digest.watch(CAMERA, wait_for_slot=0).collect()
        assert first + 1 == posts(stub)


async def test_a_dropped_stream_is_raised_if_asked(stub: StubServer, client: AsyncTrioClient) -> None:
    stub.fail_next(method="POST", path="/live-monitor", drop_after_events=2)
    with pytest.raises(StreamInterruptedError):
        async with client.live_monitor.watch(CAMERA, "x", on_drop="raise") as events:
            await events.collect()
    assert (1, 0) == (posts(stub), stub.running_jobs)


async def test_a_job_whose_reply_was_lost_is_found_before_another_begins(
    stub: StubServer, client: AsyncTrioClient
) -> None:
    stub.fail_next(method="POST", status=502, processed=True)
    stub.fail_next(method="GET", path="/jobs", status=500, times=60)
    async with client.live_monitor.watch(CAMERA, "x", monitor_duration_seconds=36_000) as events:
        assert await events.until(Triggered) is not None
        assert {events.job_id} == {job.job_id for job in stub.jobs}
    assert (1, 0) == (posts(stub), stub.running_jobs)


async def test_a_job_whose_reply_was_lost_is_stopped_when_the_watch_is_left(
    stub: StubServer, client: AsyncTrioClient
) -> None:
    async with client.live_monitor.watch(CAMERA, "x", max_triggers=1, monitor_duration_seconds=36_000) as events:
        await events.until(StatusChanged)
        stub.scene(CAMERA, Scene(holds=False))
        stub.fail_next(method="POST", status=502, processed=True)
        stub.fail_next(method="GET", path="/jobs", status=500, times=1000)
        while posts(stub) < 2:
            await events._source.advance()
        assert 1 == stub.running_jobs
        stub._state.faults.clear()
    assert (2, 0) == (posts(stub), stub.running_jobs)


async def test_a_gap_ends_when_the_job_that_was_found_had_begun(stub: StubServer, client: AsyncTrioClient) -> None:
    async with client.live_monitor.watch(CAMERA, "x", monitor_duration_seconds=60) as events:
        stub.fail_next(method="POST", status=502, processed=True)
        stub.fail_next(method="GET", path="/jobs", status=500, times=60)
        gap = await events.until(CoverageGap)
        assert gap is not None
        found = next(job for job in stub.jobs if job.job_id == gap.job_id)
        assert parse_time(found.created_at) == gap.ended_at


async def test_a_job_whose_stream_dropped_before_it_was_named_is_found_and_kept(
    stub: StubServer, client: AsyncTrioClient
) -> None:
    stub.fail_next(method="POST", drop_after_bytes=1)
    stub.fail_next(method="GET", path="/jobs", status=500, times=60)
    async with client.live_monitor.watch(CAMERA, "x", monitor_duration_seconds=36_000) as events:
        assert await events.until(Triggered) is not None
        assert [events.job_id] == [job.job_id for job in stub.jobs]
        assert (1, 1) == (posts(stub), stub.running_jobs)
    assert 0 == stub.running_jobs


async def test_an_unresolved_first_create_leaves_no_job(stub: StubServer, client: AsyncTrioClient) -> None:
    stub.fail_next(method="POST", status=502, processed=True)
    stub.fail_next(method="GET", path="/jobs", status=500, times=30)
    stub.fail_next(method="GET", path="/jobs", status=403)
    with pytest.raises(PermissionDeniedError):
        async with client.live_monitor.watch(CAMERA, "x", monitor_duration_seconds=36_000) as events:
            await events.collect()
    assert (1, 0) == (len(stub.jobs), stub.running_jobs)


async def test_an_unresolved_create_is_stopped_after_the_next_job(stub: StubServer, client: AsyncTrioClient) -> None:
    nothing = {"jobs": [], "total": 0, "limit": 100, "offset": 0}
    stub.fail_next(method="POST", status=502, processed=True)
    stub.fail_next(method="GET", path="/jobs", status=200, body=nothing, times=8)  # a list that lags
    async with client.live_monitor.watch(CAMERA, "x", monitor_duration_seconds=36_000) as events:
        assert await events.until(Triggered) is not None
        assert (2, 2) == (posts(stub), stub.running_jobs)
    assert 0 == stub.running_jobs


async def test_a_lost_job_that_turns_up_beside_the_next_is_stopped(
    stub: StubServer, client: AsyncTrioClient, pauses: Any
) -> None:
    nothing = {"jobs": [], "total": 0, "limit": 100, "offset": 0}
    stub.fail_next(method="POST", status=502, processed=True)
    stub.fail_next(method="GET", path="/jobs", status=200, body=nothing, times=8)  # a list that lags
    async with client.live_monitor.watch(CAMERA, "x", monitor_duration_seconds=36_000) as events:
        await events.until(Triggered)
        assert (2, 2) == (posts(stub), stub.running_jobs)
        pauses.seconds.append(60)
        for _ in range(20):
            await anext(events)
        assert [events.job_id] == [job.job_id for job in stub.jobs if job.status == "running"]
    assert (2, 0) == (posts(stub), stub.running_jobs)


async def test_a_job_with_unknown_id_that_is_not_found_is_reported(
    stub: StubServer, client: AsyncTrioClient, pauses: Any
) -> None:
    stub.fail_next(method="POST", drop_after_bytes=1)
    stub.fail_next(method="GET", path="/jobs", status=500, times=10_000)
    events = client.live_monitor.watch(CAMERA, "x", monitor_duration_seconds=36_000)

    pause = pauses.async_sleep

    async def leave(_: float) -> None:
        pauses.async_sleep = pause
        raise ZeroDivisionError

    with pytest.warns(JobLeakWarning), pytest.raises(ZeroDivisionError):
        async with events:
            pauses.async_sleep = leave
            await events.until(Triggered)
    assert 1 == len(stub.jobs)


async def test_a_watch_that_is_closed_in_a_pause_starts_no_other_job(
    stub: StubServer, connect: Connect, pauses: Any
) -> None:
    client = connect(retry=None)
    stub.fail_next(method="POST", status=503, headers={"Retry-After": "1"}, times=99)
    events = client.live_monitor.watch(CAMERA, "x")

    async def close(_: float) -> None:
        await events.close()

    pauses.async_sleep = close
    assert [] == await events.collect()
    assert (1, 0) == (posts(stub), stub.running_jobs)


async def test_leave_does_not_let_a_job_run_beside_the_next(stub: StubServer, client: AsyncTrioClient) -> None:
    stub.fail_next(method="POST", drop_after_events=1)
    stub.fail_next(method="GET", path="/jobs/", status=403)
    async with client.live_monitor.watch(CAMERA, "x", on_exit="leave", monitor_duration_seconds=36_000) as events:
        first = await anext(events)
        assert await events.until(Triggered) is not None
        assert first.job_id != events.job_id
        assert (2, 1) == (posts(stub), stub.running_jobs)
    assert 1 == stub.running_jobs


async def test_a_job_that_cannot_be_polled_is_kept(stub: StubServer, connect: Connect) -> None:
    client = connect(retry=RetryPolicy(max_attempts=1, deadline=5))
    stub.fail_next(method="POST", path="/live-monitor", drop_after_events=2)
    async with client.live_monitor.watch(CAMERA, "x", on_drop="poll", monitor_duration_seconds=36_000) as events:
        await anext(events)
        stub.fail_next(method="GET", path="/jobs/", status=503, times=20)
        assert await events.until(Triggered) is not None
        assert (1, 1) == (posts(stub), stub.running_jobs)
    assert 0 == stub.running_jobs


async def test_the_state_says_at_once_that_polls_are_not_answered(stub: StubServer, connect: Connect) -> None:
    states: list[str] = []

    def note(response: CallInfo) -> None:
        if response.method == "GET":
            states.append(events.state.name)

    client = connect(retry=RetryPolicy(max_attempts=1), hooks=Hooks(on_response=note))
    stub.fail_next(method="POST", path="/live-monitor", drop_after_events=2)
    async with client.live_monitor.watch(CAMERA, "x", on_drop="poll", monitor_duration_seconds=36_000) as events:
        await anext(events)
        stub.fail_next(method="GET", path="/jobs/", status=503, times=9)
        assert await events.until(Triggered) is not None
        failed = states[states.index("retrying") :]
        assert ["retrying"] * 9 == failed[:9]
        assert "polling" == events.state.name


async def test_a_dropped_stream_starts_no_new_job_if_it_is_to_be_polled(
    stub: StubServer, client: AsyncTrioClient
) -> None:
    stub.fail_next(method="POST", path="/live-monitor", drop_after_events=2)
    async with client.live_monitor.watch(CAMERA, "x", on_drop="poll", monitor_duration_seconds=60) as events:
        assert await events.until(StatusChanged) is not None
        assert 1 == posts(stub)


async def test_after_a_drop_explanations_and_pictures_go_on(stub: StubServer, client: AsyncTrioClient) -> None:
    stub.fail_next(method="POST", path="/live-monitor", drop_after_events=3)
    triggers: list[Triggered] = []
    async with client.live_monitor.watch(CAMERA, "x", interval_seconds=5, monitor_duration_seconds=36_000) as events:
        gap = await events.until(CoverageGap)
        assert gap is not None
        assert ("connection_lost", "watching") == (gap.reason, events.state.name)
        while len(triggers) < 3:
            trigger = await events.until(Triggered)
            assert trigger is not None
            triggers.append(trigger)
        assert (2, 1) == (posts(stub), stub.running_jobs)
    assert all(trigger.frame is not None and trigger.explanation for trigger in triggers)
    assert {job.job_id for job in stub.jobs[1:]} == {trigger.job_id for trigger in triggers}


async def test_triggers_counted_before_a_restart_are_emitted(connect: Connect) -> None:
    with StubServer(speed=1200) as stub:
        client = connect(base_url=stub.base_url)
        stub.fail_next(method="POST", path="/live-monitor", drop_after_events=4)
        emitted: dict[str | None, int] = {}
        async with client.live_monitor.watch(
            CAMERA, "x", interval_seconds=5, monitor_duration_seconds=36_000
        ) as events:
            async for event in events:
                if isinstance(event, CoverageGap):
                    break
                emitted[event.job_id] = emitted.get(event.job_id, 0) + isinstance(event, Triggered)
        first = stub.jobs[0]
        assert {first.job_id: first.stats["triggers_fired"]} == emitted


async def test_a_stop_that_worked_though_its_reply_was_lost_does_not_end_the_watch(
    stub: StubServer, client: AsyncTrioClient
) -> None:
    stub.fail_next(method="POST", path="/live-monitor", drop_after_events=3)
    stub.fail_next(method="GET", path="/jobs/", status=503, times=12)
    async with client.live_monitor.watch(CAMERA, "x", interval_seconds=5, monitor_duration_seconds=36_000) as events:
        while posts(stub) < 2:
            await anext(events)
        assert await events.until(Triggered) is not None
        assert 1 == stub.running_jobs
    assert 0 == stub.running_jobs


async def test_a_drop_and_a_stop_that_fails_are_one_line_of_the_log(
    stub: StubServer, client: AsyncTrioClient, pauses: Any, caplog: pytest.LogCaptureFixture
) -> None:
    stub.fail_next(method="POST", path="/live-monitor", drop_after_events=3)
    stub.fail_next(method="DELETE", status=503, times=1000)
    async with client.live_monitor.watch(CAMERA, "x", interval_seconds=5, monitor_duration_seconds=36_000) as events:
        polled = await events.until(Triggered)
        while polled is not None and polled.delivery != "poll":
            polled = await events.until(Triggered)
        (record,) = [each for each in caplog.records if each.name == "trio_client"]
        assert record.levelname == "WARNING"
        assert "the job could not be stopped: 503 " in record.getMessage()
        assert pauses.seconds
        stub.reset()


async def test_a_watch_can_be_read_for_a_while_and_goes_on(connect: Connect) -> None:
    with StubServer(speed=0) as stub:
        async with connect(base_url=stub.base_url).live_monitor.watch(CAMERA, "x", interval_seconds=5) as events:
            assert await events.until(Triggered, timeout=0.05) is None
            stub.clock.advance(30)
            assert await events.until(Triggered, timeout=10) is not None
            assert (1, 1) == (posts(stub), stub.running_jobs)
        assert 0 == stub.running_jobs


async def test_the_time_to_read_ends_while_the_watch_waits_for_a_slot(connect: Connect, pauses: Any) -> None:
    with StubServer(speed=1200, max_jobs=0) as stub:
        async with connect(base_url=stub.base_url).live_monitor.watch(CAMERA, "x") as events:
            assert await events.until(Triggered, timeout=20) is None
            assert 20 == pytest.approx(sum(pauses.seconds), abs=1)
            assert "waiting_for_slot" == events.state.name


async def test_stream_failures_are_retried(stub: StubServer, client: AsyncTrioClient) -> None:
    async with client.live_monitor.watch(CAMERA, "x", interval_seconds=5, monitor_duration_seconds=36_000) as events:
        await anext(events)
        stub.scene(CAMERA, Scene(live=False))
        ended = await events.until(StatusChanged)
        assert ended is not None
        assert "failed" == ended.status
        stub.scene(CAMERA, Scene())
        assert await events.until(Triggered) is not None
    assert 0 == stub.running_jobs


async def test_a_refused_key_is_raised(connect: Connect) -> None:
    with StubServer(api_keys=["right"]) as stub, pytest.raises(AuthenticationError):
        await connect(base_url=stub.base_url).live_monitor.watch(CAMERA, "x").collect()


async def test_a_stream_that_was_never_live_is_raised_at_once(stub: StubServer, client: AsyncTrioClient) -> None:
    stub.scene(CAMERA, Scene(vod=True))
    with pytest.raises(StreamUnavailableError):
        await client.live_monitor.watch(CAMERA, "x").collect()
    assert 1 == posts(stub)


async def test_a_camera_that_is_off_at_the_start_is_waited_for_if_asked(
    stub: StubServer, client: AsyncTrioClient
) -> None:
    stub.scene(CAMERA, Scene(live=False))
    async with client.live_monitor.watch(CAMERA, "x", wait_for_stream=math.inf) as events:
        assert "waiting_for_stream" == events.state.name
        for _ in range(3):
            await events._source.advance()
        stub.scene(CAMERA, Scene())
        gap = await events.until(CoverageGap)
        assert gap is not None
        assert "stream_unavailable" == gap.reason
        assert await events.until(Triggered) is not None
    assert 0 == stub.running_jobs


@pytest.mark.thorough
async def test_entering_never_waits_for_a_slot(connect: Connect, pauses: Any) -> None:
    with StubServer(speed=1200, max_jobs=0) as stub:
        client = connect(base_url=stub.base_url)
        async with client.live_monitor.watch(CAMERA, "x") as events:
            assert (1, [], "waiting_for_slot") == (posts(stub), pauses.seconds, events.state.name)
            gap = await anext(events)
            assert isinstance(gap, CoverageGap)
            assert ("no_free_slot", None) == (gap.reason, gap.ended_at)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"duration": 0}, "duration"),
        ({"max_cost_usd": 0.001}, "max_cost_usd"),
        ({"max_cost_usd": 1, "input_mode": "hybrid"}, "price_per_minute_usd"),
        ({"interval_seconds": 4}, "interval_seconds"),
        ({"on_exit": "cancle"}, "on_exit"),
        ({"on_exit": None}, "on_exit"),
        ({"on_drop": "pol"}, "on_drop"),
        ({"wait_for_slot": "60"}, "wait_for_slot"),
    ],
)
async def test_a_bad_limit_is_refused_before_anything_is_sent(
    stub: StubServer, client: AsyncTrioClient, options: dict[str, object], field: str
) -> None:
    with pytest.raises(RequestValidationError) as caught:
        client.live_monitor.watch(CAMERA, "x", **options)
    assert (field, []) == (caught.value.field, stub.requests)


@pytest.mark.parametrize(("duration", "warnings"), [(None, 1), (60, 1), (7200, 0)])
async def test_a_cooldown_above_the_duration_of_a_job_is_logged(
    client: AsyncTrioClient, caplog: pytest.LogCaptureFixture, duration: int | None, warnings: int
) -> None:
    client.live_monitor.watch(CAMERA, "x", trigger_cooldown_seconds=3600, monitor_duration_seconds=duration)
    assert warnings == caplog.text.count("trigger_cooldown_seconds")


async def test_digests_follow_one_another(stub: StubServer, client: AsyncTrioClient) -> None:
    async with client.live_digest.watch(CAMERA, window_minutes=1, max_windows=1) as events:
        first, second = await events.until(Summary), await events.until(Summary)
    assert first is not None
    assert second is not None
    assert first.job_id != second.job_id
    assert 0 == stub.running_jobs
