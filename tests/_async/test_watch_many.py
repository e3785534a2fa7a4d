"""Watching many streams at once, within the account's limit of jobs."""

from __future__ import annotations

import asyncio
import gc
import math
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest

import trio_client.stub.delivery.event_stream
from trio_client import (
    AsyncTrioClient,
    AuthenticationError,
    CoverageGap,
    Event,
    Failed,
    Progress,
    RequestValidationError,
    StatusChanged,
    Stopped,
    Target,
    Triggered,
    Usage,
)
from trio_client._async.channel import AsyncChannel
from trio_client.stub import Scene, StubServer

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer(speed=600, max_jobs=1000) as server:
        yield server


@pytest.fixture(autouse=True)
def real_pauses(pauses: Any) -> None:
    """Waits take their time: time slices are measured by them."""
    pauses.take_real_time()


def cameras(count: int, **options: Any) -> list[Target]:
    options = {"interval_seconds": 5, "monitor_duration_seconds": 36_000, **options}
    return [Target(f"rtsp://cam.example/{number}", "x", **options) for number in range(count)]


def posts(stub: StubServer) -> int:
    return sum(request.method == "POST" for request in stub.requests)


async def test_all_are_watched_side_by_side(stub: StubServer, client: AsyncTrioClient) -> None:
    targets = cameras(20)
    seen: set[Target] = set()
    async with client.watch_many(targets) as events:
        async for target, event in events:
            assert event.stream_url in (None, target.stream_url)
            if isinstance(event, Triggered):
                seen.add(target)
            if seen == set(targets):
                break
        assert 20 == len(events.job_ids) == stub.running_jobs
        assert (target, event) == events.last
    assert (0, 20) == (stub.running_jobs, posts(stub))


# async-only: begin
@pytest.mark.thorough
async def test_where_slots_are_few_all_get_time_slices(connect: Connect) -> None:
    with StubServer(speed=100, max_jobs=2) as stub:  # jobs end by themselves after their time slices
        targets = cameras(5)
        turns: Counter[Target] = Counter()
        gaps: Counter[Target] = Counter()
        overs: Counter[Target] = Counter()
        most = 0
        client = connect(base_url=stub.base_url)
        async with client.watch_many(targets, turn_seconds=0.15) as events:
            async for target, event in events:
                most = max(most, stub.running_jobs)
                turns[target] += event.kind == "started"
                if isinstance(event, CoverageGap):
                    assert event.reason in ("time_slice", "no_free_slot")
                    assert event.started_at is not None
                    assert event.ended_at is not None
                    assert event.started_at < event.ended_at
                    gaps[target] += 1
                if isinstance(event, StatusChanged) and event.reason == "turn_over":
                    assert "stopped" == event.status
                    overs[target] += 1
                assert set(events.states) == set(targets)
                if len(turns) == 5 and min(turns.values()) >= 3:
                    break
        assert 2 == most
        assert all(gaps[target] >= turns[target] - 1 for target in targets)
        assert all(overs[target] >= turns[target] - 1 for target in targets)
        assert max(turns.values()) <= 4 + min(turns.values())
        assert 0 == stub.running_jobs


@pytest.mark.thorough
async def test_no_more_jobs_run_than_slots_were_given(stub: StubServer, client: AsyncTrioClient) -> None:
    targets = cameras(4)
    turns: Counter[Target] = Counter()
    most = 0
    async with client.watch_many(targets, turn_seconds=0.05, slots=2) as events:
        async for target, event in events:
            most = max(most, stub.running_jobs)
            turns[target] += event.kind == "started"
            if len(turns) == 4 and min(turns.values()) >= 2:
                break
    assert (most, stub.running_jobs) == (2, 0)
    creates = [request.json for request in stub.requests if request.path.endswith("/live-monitor")]
    assert len(creates) == len(stub.jobs), "the account refused none"
    assert {60} == {create["monitor_duration_seconds"] for create in creates}


async def test_jobs_are_bounded_once_the_account_has_refused_one(connect: Connect) -> None:
    with StubServer(speed=600, max_jobs=1) as stub:
        short, long = cameras(1, monitor_duration_seconds=30), cameras(2)[1:]

        def asked() -> dict[str, int]:
            """What the last create of each target has asked for: the first may come before a refusal."""
            creates = [request.json for request in stub.requests if request.path.endswith("/live-monitor")]
            return {create["stream_url"]: create["monitor_duration_seconds"] for create in creates}

        async with connect(base_url=stub.base_url).watch_many([*short, *long], turn_seconds=0.3) as events:
            with anyio.fail_after(30):
                async for _ in events:
                    if asked() == {short[0].stream_url: 30, long[0].stream_url: 60}:
                        break


# async-only: end


@pytest.mark.parametrize("slots", [0, -1, True, 2.5, "3"])
async def test_a_number_of_slots_must_be_one_or_more(stub: StubServer, client: AsyncTrioClient, slots: Any) -> None:
    with pytest.raises(RequestValidationError, match="slots"):
        client.watch_many(cameras(1), slots=slots)
    assert [] == stub.requests


# async-only: begin
@pytest.mark.thorough
async def test_processes_that_share_an_account_all_get_slots(connect: Connect) -> None:
    with StubServer(speed=100, max_jobs=4) as stub:
        turns: list[Counter[Target]] = [Counter(), Counter(), Counter()]

        async def process(number: int) -> None:
            targets = [Target(f"rtsp://cam.example/{number}/{camera}", "x", interval_seconds=5) for camera in range(4)]
            async with connect(base_url=stub.base_url).watch_many(targets, turn_seconds=0.3) as events:
                async for target, event in events:
                    turns[number][target] += event.kind == "started"

        async with anyio.create_task_group() as tasks:
            for number in range(3):
                tasks.start_soon(process, number)
            with anyio.fail_after(60):
                while any(len(each) < 4 or min(each.values()) < 3 for each in turns):
                    assert stub.running_jobs <= 4
                    await anyio.sleep(0.02)
            tasks.cancel_scope.cancel()
        rates = [sum(each.values()) for each in turns]
        assert min(rates) >= max(rates) / 3
        assert 0 == stub.running_jobs


@pytest.mark.thorough
async def test_an_event_from_before_the_end_of_a_time_slice_is_emitted(connect: Connect) -> None:
    with StubServer(speed=600, max_jobs=1) as stub:
        emitted: Counter[str | None] = Counter()
        async with connect(base_url=stub.base_url).watch_many(cameras(2), turn_seconds=0.2) as events:
            async for _, event in events:
                emitted[event.job_id] += isinstance(event, Triggered)
                if len(stub.jobs) > 6 and isinstance(event, CoverageGap):
                    break
        fired = {job.job_id: job.stats["triggers_fired"] for job in stub.jobs[:5]}
        assert fired == {job_id: emitted[job_id] for job_id in fired}


@pytest.mark.thorough
async def test_a_time_slice_ends_though_its_job_is_named_late(connect: Connect, way: str) -> None:
    with StubServer(speed=100, max_jobs=1, start_delay=20) as stub:  # longer than a time slice
        turns: Counter[Target] = Counter()
        async with connect(base_url=stub.base_url).watch_many(cameras(2), turn_seconds=0.1) as events:
            with anyio.fail_after(30):
                async for target, event in events:
                    turns[target] += event.kind == "started"
                    if len(turns) == 2 and min(turns.values()) >= 4:
                        break
        assert 0 == stub.running_jobs
        if way == "own connections":  # through others a stream may be dropped, and its job restarted in its slot
            assert max(turns.values()) <= 1 + min(turns.values())


@pytest.mark.thorough
async def test_time_slices_end_though_no_event_names_its_job(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    encode = trio_client.stub.delivery.event_stream.encode_event

    def without_id(name: str, data: dict[str, Any], *more: Any) -> bytes:
        return encode(name, {key: value for key, value in data.items() if key != "job_id"}, *more)

    monkeypatch.setattr("trio_client.stub.delivery.event_stream.encode_event", without_id)
    with StubServer(speed=600, max_jobs=1) as stub:
        seen: set[Target] = set()
        async with connect(base_url=stub.base_url).watch_many(cameras(2), turn_seconds=0.3) as events:
            with anyio.fail_after(30):
                async for target, event in events:
                    seen |= {target} if isinstance(event, Triggered) else set()
                    if len(seen) == 2:
                        break
        assert 0 == stub.running_jobs


@pytest.mark.own_connections  # of an injected client the slice's end drops the stream: it is stopped again
@pytest.mark.thorough
async def test_a_stop_that_failed_does_not_explain_a_later_end(connect: Connect) -> None:
    with StubServer(speed=0, max_jobs=1) as stub:
        stub.fail_next(method="DELETE", status=401)
        client, other = connect(base_url=stub.base_url), connect(base_url=stub.base_url)
        async with client.watch_many(cameras(2), turn_seconds=1) as events:
            ended: list[tuple[Target, Event]] = []

            async def read() -> None:
                ended.extend([(await events.until(Stopped, timeout=30)) or pytest.fail("it went on")])

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(read)
                with anyio.fail_after(20):
                    while not any(request.method == "DELETE" for request in stub.requests):
                        stub.clock.advance(1)
                        await anyio.sleep(0.01)
                    await other.jobs.cancel(stub.jobs[0].job_id)  # before the watch tries to stop it again
            assert "cancelled" == getattr(ended[0][1], "reason", None)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_reader_that_is_cancelled_loses_no_pair() -> None:
    channel = AsyncChannel()
    pairs: list[Any] = [(cameras(1)[0], Stopped(reason=str(number))) for number in range(3)]

    async def write() -> None:
        for pair in pairs:
            await channel.put(pair)
        channel.end()

    reader = asyncio.ensure_future(channel.get())
    await asyncio.sleep(0)
    writer = asyncio.ensure_future(write())
    await asyncio.sleep(0)
    reader.cancel()  # at the very moment at which the first pair is there
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert pairs == [await channel.get() for _ in pairs]
    with pytest.raises(anyio.EndOfStream):
        await channel.get()
    await writer


async def test_one_that_fails_disturbs_no_other(stub: StubServer, client: AsyncTrioClient, pauses: Any) -> None:
    good, bad = cameras(2)
    stub.scene(bad.stream_url, Scene(vod=True))
    pauses.take_real_time(speed=600)
    async with client.watch_many([bad, good]) as events:
        target, event = await events.until(Failed) or (None, None)
        assert target is bad
        assert isinstance(event, Failed)
        assert ("NOT_LIVESTREAM", bad.stream_url, "poll") == (event.code, event.stream_url, event.delivery)
        assert {bad: event} == events.outcomes
        assert [good] == [target for target, _ in [await anext(events), await anext(events)]][:1]
        assert {good} == set(events.job_ids)
    assert 0 == stub.running_jobs


# async-only: end


@pytest.mark.thorough
async def test_it_ends_when_all_have_ended(stub: StubServer, client: AsyncTrioClient) -> None:
    targets = cameras(3, duration=5)
    async with client.watch_many(targets) as events:
        pairs = await events.collect()
    ends = {target: event for target, event in pairs if event.terminal}
    assert set(targets) == set(ends) == set(events.outcomes)
    assert {"duration_reached"} == {event.reason for event in ends.values() if isinstance(event, Stopped)}
    assert 0 == stub.running_jobs
    with pytest.raises(StopAsyncIteration):
        await anext(events)


async def test_a_refused_key_is_raised(connect: Connect) -> None:
    with StubServer(api_keys=["right"]) as stub, pytest.raises(AuthenticationError):
        async with connect(base_url=stub.base_url).watch_many(cameras(3)) as events:
            await events.collect()


# async-only: begin
async def test_nothing_is_added_after_a_refused_key_which_is_raised_all_the_same(
    stub: StubServer, connect: Connect
) -> None:
    stub.fail_next(method="POST", status=401)
    async with connect(base_url=stub.base_url).watch_many(cameras(1)) as events:
        with anyio.fail_after(10):
            while events.targets:  # noqa: ASYNC110
                await anyio.sleep(0.01)
        more = cameras(2)[1]
        with pytest.raises(RequestValidationError, match="has ended"):
            await events.add(more)
        with pytest.raises(AuthenticationError):
            await events.until(Stopped)


# async-only: end


async def test_one_that_is_removed_before_its_task_begins_keeps_its_usage(client: AsyncTrioClient) -> None:
    (target,) = cameras(1)
    async with client.watch_many([target]) as events:
        await events.remove(target)
        assert {target: Usage()} == events.usages


async def test_an_exception_in_the_block_stops_all_jobs(stub: StubServer, client: AsyncTrioClient) -> None:
    with pytest.raises(ZeroDivisionError):
        async with client.watch_many(cameras(10)) as events:
            await events.until(Progress)
            raise ZeroDivisionError
    assert 0 == stub.running_jobs


# async-only: begin
@pytest.mark.thorough
async def test_a_timeout_stops_all_jobs(stub: StubServer, client: AsyncTrioClient) -> None:
    with anyio.CancelScope() as scope:
        async with client.watch_many(cameras(10)) as events:
            await anext(events)
            scope.deadline = anyio.current_time() + 1
            async for _ in events:
                pass
    assert scope.cancelled_caught
    assert 0 == stub.running_jobs
    assert stub.jobs


async def test_a_timeout_around_one_event_loses_nothing(stub: StubServer, client: AsyncTrioClient) -> None:
    (target,) = cameras(1)
    stub.scene(target.stream_url, Scene(holds=False))
    checks: list[int] = []
    async with client.watch_many([target]) as events:
        while len(checks) < 5:
            with anyio.move_on_after(0.003):
                _, event = await anext(events)
                if isinstance(event, Progress) and event.stats and event.stats.checks_performed:
                    checks.append(event.stats.checks_performed)
    assert [1, 2, 3, 4, 5] == checks


# async-only: end


@pytest.mark.thorough
async def test_without_a_block_it_ends_as_well(stub: StubServer, client: AsyncTrioClient) -> None:
    kinds = Counter([event.kind async for _, event in client.watch_many(cameras(2, duration=5))])
    assert (2, 0) == (kinds["stopped"], stub.running_jobs)


# async-only: begin
async def test_one_that_is_dropped_is_reported_and_stopped(stub: StubServer, client: AsyncTrioClient) -> None:
    events = client.watch_many(cameras(3))
    await events.until(Progress)
    assert 3 >= len(events.job_ids) >= 1
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del events
        gc.collect()
    assert sum("neither read to its end nor closed" in str(each.message) for each in caught) == 1
    with anyio.fail_after(20):
        while stub.running_jobs:  # noqa: ASYNC110 - the stub lives in another thread
            await anyio.sleep(0.01)


async def test_nothing_is_sent_before_it_is_entered(stub: StubServer, client: AsyncTrioClient) -> None:
    events = client.watch_many(cameras(2))
    assert "<AsyncTargetStream of 2 targets, 0 jobs>" == repr(events)
    await events.close()
    await events.close()
    assert [] == stub.requests
    assert [] == await events.collect()


# async-only: end


async def test_started_empty_it_waits_for_a_target(client: AsyncTrioClient) -> None:
    (target,) = cameras(1)
    async with client.watch_many() as events:
        assert None is await events.until(Progress, timeout=0.05)
        await events.add(target)
        assert (target,) == events.targets
        pair = await events.until(Progress)
        assert pair is not None
        assert target == pair[0]


async def test_a_target_that_is_added_is_watched_beside_the_others(stub: StubServer, client: AsyncTrioClient) -> None:
    first, second = cameras(2)
    seen: set[Target] = set()
    async with client.watch_many([first]) as events:
        async for target, event in events:
            if not seen:
                await events.add(second)
            seen.add(target)
            if event.kind == "progress" and target == second:
                break
        assert {first, second} == set(events.states) == set(events.job_ids)
    assert (2, 0) == (len(stub.jobs), stub.running_jobs)


async def test_removing_stops_that_job_and_no_other(stub: StubServer, client: AsyncTrioClient) -> None:
    first, second = cameras(2)
    removed_job = None
    after: list[Target] = []
    async with client.watch_many([first, second]) as events:
        async for target, _ in events:
            if removed_job is None and len(events.job_ids) == 2:
                removed_job = events.job_ids[first]
                await events.remove(first)
                assert 1 == stub.running_jobs
                assert [second] == [*events.targets] == [*events.states] == [*events.job_ids]
                continue
            if removed_job is not None:
                after.append(target)
            if len(after) == 20:
                break
    assert {second} == set(after)
    assert [removed_job] == [job.job_id for job in stub.jobs if job.stream_url == first.stream_url]


async def test_emptied_by_remove_it_waits_and_takes_the_same_target_again(
    stub: StubServer, client: AsyncTrioClient
) -> None:
    (target,) = cameras(1)
    async with client.watch_many([target]) as events:
        await events.until(Progress)
        await events.remove(target)
        assert ((), 0) == (events.targets, stub.running_jobs)
        assert None is await events.until(Progress, timeout=0.05)
        await events.add(target)
        assert None is not await events.until(Progress)
    assert (2, 0) == (len(stub.jobs), stub.running_jobs)


async def test_targets_come_and_go_before_it_is_entered(stub: StubServer, client: AsyncTrioClient) -> None:
    first, second = cameras(2)
    events = client.watch_many([first])
    await events.add(second)
    await events.remove(first)
    assert ((second,), []) == (events.targets, stub.requests)
    async with events:
        assert None is not await events.until(Progress)
    assert [second.stream_url] == [job.stream_url for job in stub.jobs]


# async-only: begin
@pytest.mark.thorough
async def test_one_that_waits_for_a_slot_can_be_removed(connect: Connect) -> None:
    with StubServer(speed=600, max_jobs=1) as stub:
        first, second, third = cameras(3)
        async with connect(base_url=stub.base_url).watch_many([first, second], turn_seconds=600) as events:
            running, _ = await events.until(Progress) or pytest.fail("it ended")
            (waiting,) = {first, second} - {running}
            await events.remove(waiting)
            assert "watching" == events.states[running].name
            await events.remove(running)
            await events.add(third)
            pair = await events.until(Progress)
            assert pair is not None
            assert third == pair[0]


@pytest.mark.thorough
async def test_one_that_is_added_gets_a_time_slice(connect: Connect) -> None:
    with StubServer(speed=600, max_jobs=1) as stub:
        targets = cameras(3)
        turns: Counter[Target] = Counter()
        async with connect(base_url=stub.base_url).watch_many(targets[:2], turn_seconds=0.1) as events:
            async for target, event in events:
                turns[target] += event.kind == "started"
                if sum(turns.values()) == 3 and len(events.targets) == 2:
                    await events.add(targets[2])
                if turns[targets[2]] == 3:
                    break
        assert max(turns.values()) - min(turns.values()) <= 3
        assert 0 == stub.running_jobs


# async-only: end


async def test_equal_targets_are_refused_unless_their_keys_differ(stub: StubServer, client: AsyncTrioClient) -> None:
    with pytest.raises(RequestValidationError, match="watched already"):
        client.watch_many(2 * cameras(1))
    keyed = [*cameras(1, key="day"), *cameras(1, key="night")]
    async with client.watch_many(keyed) as events:
        with pytest.raises(RequestValidationError, match="watched already"):
            await events.add(keyed[0])
        seen: set[str | None] = set()
        async for target, _ in events:
            seen.add(target.key)
            if seen == {"day", "night"}:
                break
        await events.remove("day")
        assert ["night"] == [target.key for target in events.targets]
    assert (2, 0) == (len(stub.jobs), stub.running_jobs)


# async-only: begin
@pytest.mark.thorough
async def test_a_common_duration_bounds_all_targets_and_an_empty_stream(stub: StubServer, connect: Connect) -> None:
    targets = cameras(3)
    async with connect().watch_many(targets[:2], duration=6) as events, connect().watch_many(duration=5) as empty:
        begin = anyio.current_time()
        await events.until(Progress)
        await events.add(targets[2])
        pairs = await events.collect()
        assert [] == await empty.collect()
        assert 5.5 <= anyio.current_time() - begin < 12
    ends = {target: event.reason for target, event in pairs if isinstance(event, Stopped)}
    assert dict.fromkeys(targets, "duration_reached") == ends
    assert 0 == stub.running_jobs


# async-only: end


@pytest.mark.thorough
async def test_a_common_limit_of_costs_counts_all_targets(stub: StubServer, client: AsyncTrioClient) -> None:
    async with client.watch_many(cameras(5, monitor_duration_seconds=5), max_cost_usd=0.16) as events:
        pairs = await events.collect()
    assert 8 == len(stub.jobs), "jobs that end at once bill a minute each"
    assert {"max_cost_reached"} == {event.reason for _, event in pairs if isinstance(event, Stopped)}
    assert (8, 8, 0.16) == (events.usage.jobs, events.usage.minutes_billed, events.usage.cost_usd)
    assert 8 == sum(usage.jobs for usage in events.usages.values())


async def test_no_job_asks_for_more_time_than_the_common_limit_pays_for(
    stub: StubServer, client: AsyncTrioClient
) -> None:
    async with client.watch_many(cameras(3), max_cost_usd=0.07) as events:
        while len(stub.jobs) < 3:
            await anext(events)
    asked = [request.json["monitor_duration_seconds"] for request in stub.requests if request.method == "POST"]
    assert all(seconds <= 180 for seconds in asked)
    assert len(asked) == 3


async def test_usage_adds_up_over_removals(client: AsyncTrioClient) -> None:
    first, second = cameras(2)
    async with client.watch_many([first, second]) as events:
        while len(events.job_ids) < 2:
            await anext(events)
        await events.remove(first)
        assert (1, 1) == (events.usages[first].jobs, events.usages[second].jobs)
        await events.add(first)
        while len(events.job_ids) < 2:
            await anext(events)
        assert (2, 1) == (events.usages[first].jobs, events.usages[second].jobs)
    assert 3 == events.usage.jobs
    assert events.usage.minutes_billed == sum(usage.minutes_billed for usage in events.usages.values())


async def test_common_limits_are_checked_before_anything_is_sent(stub: StubServer, client: AsyncTrioClient) -> None:
    with pytest.raises(RequestValidationError, match="duration is 4; it must be at least 5"):
        client.watch_many(duration=4)
    with pytest.raises(RequestValidationError, match="max_cost_usd"):
        client.watch_many(cameras(1), max_cost_usd=0.01)
    with pytest.raises(RequestValidationError, match="price_per_minute_usd"):
        client.watch_many(cameras(1, input_mode="hybrid"), max_cost_usd=1)
    assert [] == stub.requests


async def test_waiting_for_no_kind_of_event_is_refused(stub: StubServer, client: AsyncTrioClient) -> None:
    kinds: Any = ()
    with pytest.raises(RequestValidationError, match=r"no event type.*collect\(\) reads to the end"):
        await client.watch_many(cameras(1)).until(*kinds, timeout=1)
    assert [] == stub.requests


async def test_what_cannot_be_added_or_removed_is_named(stub: StubServer, client: AsyncTrioClient) -> None:
    one, other = cameras(2)
    events = client.watch_many([one])
    for unknown in (other, "key", None):
        with pytest.raises(RequestValidationError, match="not being watched"):
            await events.remove(unknown)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(RequestValidationError, match=r"Target\(stream_url, condition\)"):
        await events.add("rtsp://cam/1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(RequestValidationError, match="interval_seconds"):
        await events.add(Target("rtsp://cam/3", "x", interval_seconds=4))
    await events.close()
    with pytest.raises(RequestValidationError, match="has ended"):
        await events.add(other)
    two = client.watch_many([Target("rtsp://cam/1", "x", key="a"), Target("rtsp://cam/2", "x", key="a")])
    with pytest.raises(RequestValidationError, match="2 targets have the key 'a'"):
        await two.remove("a")
    assert [] == stub.requests


# async-only: begin
@pytest.mark.thorough
async def test_equal_jobs_with_unknown_ids_are_stopped_too(stub: StubServer, connect: Connect) -> None:
    stub.clock.speed = 0  # so that no job is named
    async with connect().watch_many([*cameras(1, key="a"), *cameras(1, key="b"), *cameras(1, key="c")]) as events:
        reading = anyio.CancelScope()
        async with anyio.create_task_group() as tasks:

            async def read() -> None:
                with reading:
                    await events.collect()

            tasks.start_soon(read)
            with anyio.fail_after(20):
                while stub.running_jobs < 3:  # noqa: ASYNC110 - the stub lives in another thread
                    await anyio.sleep(0.01)
            reading.cancel()
    assert (3, 0) == (len(stub.jobs), stub.running_jobs)


# async-only: end


async def test_there_is_no_gap_while_slots_are_free(stub: StubServer, client: AsyncTrioClient) -> None:
    targets = cameras(8)
    kinds: Counter[str] = Counter()
    async with client.watch_many(targets) as events:
        async for _, event in events:
            kinds[event.kind] += 1
            if kinds["started"] == len(targets):
                break
    assert 0 == kinds["gap"]


# async-only: begin
async def test_all_survive_an_outage(stub: StubServer, client: AsyncTrioClient, pauses: Any) -> None:
    targets = cameras(3, monitor_duration_seconds=60)
    stub.fail_next(method="POST", status=503, times=5)
    pauses.take_real_time(speed=600)
    async with client.watch_many(targets) as events:
        seen: set[Target] = set()
        async for target, event in events:
            seen |= {target} if isinstance(event, Triggered) else set()
            if seen == set(targets):
                break
    assert 0 == stub.running_jobs


# async-only: end


@pytest.mark.parametrize("seconds", [0, -1, "300", True, math.inf, math.nan])
async def test_a_time_slice_must_be_positive_and_finite(client: AsyncTrioClient, seconds: Any) -> None:
    with pytest.raises(RequestValidationError, match="turn_seconds"):
        client.watch_many(cameras(1), turn_seconds=seconds)


async def test_a_bad_target_is_refused_before_anything_is_sent(stub: StubServer, client: AsyncTrioClient) -> None:
    with pytest.raises(RequestValidationError, match="interval_seconds"):
        client.watch_many([*cameras(2), Target("rtsp://cam/3", "x", interval_seconds=4)])
    with pytest.raises(RequestValidationError, match="wait_for_slot") as caught:
        Target("rtsp://cam/3", "x", wait_for_slot=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert "wait_for_slot" == caught.value.field
    with pytest.raises(RequestValidationError, match="rtsp://cam/4"):
        client.watch_many(["rtsp://cam/4"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    assert [] == stub.requests


def test_a_target_is_a_value() -> None:
    one, same = Target("rtsp://u:secret@cam/1", "x", interval_seconds=5), Target("rtsp://u:secret@cam/1", "x")
    assert one != same
    assert one != Target("rtsp://u:secret@cam/1", "x", interval_seconds=5, key="gate")
    assert "key='gate'" in repr(Target("rtsp://cam/1", "x", key="gate"))
    with pytest.raises(RequestValidationError, match="key is 3"):
        Target("rtsp://cam/1", "x", key=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert {same: 1}[Target("rtsp://u:secret@cam/1", "x")] == 1
    assert "secret" not in repr(one)
    assert "interval_seconds=5" in repr(one)


# async-only: begin
@pytest.mark.thorough
async def test_gaps_of_targets_that_only_their_keys_distinguish_are_no_duplicates(connect: Connect) -> None:
    targets = [Target("rtsp://cam.example/1", "x", key=key) for key in ("a", "b", None)]
    gaps: dict[Target, CoverageGap] = {}
    with StubServer(speed=600, max_jobs=0) as stub:
        async with connect(base_url=stub.base_url).watch_many(targets) as events:
            async for target, event in events:
                if isinstance(event, CoverageGap):
                    gaps.setdefault(target, event)
                if len(gaps) == len(targets):
                    break
    moment = gaps[targets[0]].started_at
    for gap in gaps.values():
        gap.started_at = moment
    assert len({gap.dedup_key for gap in gaps.values()}) == 3
    assert {gap.stream_url for gap in gaps.values()} == {"rtsp://cam.example/1"}


# async-only: end
