# async-only: file
"""Watching many streams whose job slots come from a pool that others share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest

from trio_client import (
    AsyncTrioClient,
    ConfigurationError,
    CoverageGap,
    Event,
    Progress,
    SlotLease,
    SlotPool,
    StatusChanged,
    Target,
)
from trio_client.stub import StubServer

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer(speed=100, max_jobs=1000) as server:
        yield server


@pytest.fixture(autouse=True)
def real_pauses(pauses: Any) -> None:
    pauses.take_real_time()


class Lease(SlotLease):
    lease_seconds = 0.3

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.is_lost = False
        self.renewals = 0

    async def renew(self) -> bool:
        await anyio.lowlevel.checkpoint()
        if self.pool.error is not None:
            self.pool.failures += 1
            raise self.pool.error
        self.renewals += 1
        return not self.is_lost

    async def release(self) -> None:
        await anyio.lowlevel.checkpoint()
        if self.pool.error is not None:
            raise self.pool.error
        self.pool.held.remove(self)
        self.pool.free.release()

    def lose(self) -> None:
        """Let another process have the slot."""
        self.is_lost = True


class Pool(SlotPool):
    """A pool of slots in memory."""

    def __init__(self, slots: int) -> None:
        self.free = anyio.Semaphore(slots)
        self.held: list[Lease] = []
        self.made: list[Lease] = []
        self.error: Exception | None = None
        self.failures = 0
        self.asking = 0
        self.most_asking = 0

    async def acquire(self) -> Lease:
        if self.error is not None:
            raise self.error
        self.asking += 1
        self.most_asking = max(self.most_asking, self.asking)
        try:
            await self.free.acquire()
        finally:
            self.asking -= 1
        lease = Lease(self)
        self.held.append(lease)
        self.made.append(lease)
        return lease


def cameras(count: int, **options: Any) -> list[Target]:
    return [
        Target(f"rtsp://cam.example/{number}", "x", **{"interval_seconds": 5, **options}) for number in range(count)
    ]


def creates(stub: StubServer) -> list[Any]:
    return [request.json for request in stub.requests if request.path.endswith("/live-monitor")]


async def until(condition: Callable[[], object]) -> None:
    with anyio.fail_after(30):
        while not condition():  # noqa: ASYNC110 - the stub lives in another thread
            await anyio.sleep(0.005)


async def test_each_job_has_a_lease_which_is_given_back_at_the_end(stub: StubServer, client: AsyncTrioClient) -> None:
    pool = Pool(10)
    async with client.watch_many(cameras(4), slots=pool) as events:
        seen: set[Target] = set()
        async for target, _ in events:
            assert stub.running_jobs <= len(pool.held)
            seen.add(target)
            if len(seen) == 4:
                break
        assert len(pool.held) == 4
        await events.remove(next(iter(seen)))
        await until(lambda: len(pool.held) == 3)
    assert (pool.held, stub.running_jobs, pool.most_asking) == ([], 0, 1)
    assert {create["monitor_duration_seconds"] for create in creates(stub)} == {360}
    assert all(lease.renewals >= 1 for lease in pool.made), "checked right before each create"


async def test_few_leases_are_shared_in_turns(stub: StubServer, client: AsyncTrioClient) -> None:
    pool = Pool(2)
    turns: Counter[Target] = Counter()
    async with client.watch_many(cameras(4), turn_seconds=0.2, slots=pool) as events:
        with anyio.fail_after(30):
            async for target, event in events:
                assert stub.running_jobs <= 2
                turns[target] += event.kind == "started"
                if len(turns) == 4 and min(turns.values()) >= 2:
                    break
    assert (pool.held, stub.running_jobs) == ([], 0)
    assert len(creates(stub)) == len(stub.jobs), "the account refused none"


@pytest.mark.thorough
async def test_processes_share_a_pool_evenly_though_one_has_a_slot_for_each_camera(connect: Connect) -> None:
    with StubServer(speed=100, max_jobs=1000) as stub:
        pool = Pool(2)
        turns: list[Counter[Target]] = [Counter(), Counter()]

        async def process(number: int) -> None:
            targets = [Target(f"rtsp://cam.example/{number}/{camera}", "x", interval_seconds=5) for camera in range(2)]
            async with connect(base_url=stub.base_url).watch_many(targets, turn_seconds=0.5, slots=pool) as events:
                async for target, event in events:
                    turns[number][target] += event.kind == "started"

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(process, 0)
            await until(lambda: stub.running_jobs == 2)
            tasks.start_soon(process, 1)
            # The first never waited, so it ends no turn until one of its leases is lost: then it waits as well.
            await until(lambda: pool.asking)
            pool.held[0].lose()
            pool.held.pop(0)
            await until(lambda: all(len(each) == 2 and min(each.values()) >= 3 for each in turns))
            tasks.cancel_scope.cancel()
        assert stub.running_jobs == 0


async def test_a_lost_lease_ends_the_time_slice_and_the_camera_queues_again(
    stub: StubServer, client: AsyncTrioClient, caplog: pytest.LogCaptureFixture
) -> None:
    pool = Pool(1)
    (target,) = cameras(1)
    seen: list[Event] = []
    async with client.watch_many([target], slots=pool) as events:
        await events.until(Progress)
        lease = pool.held.pop()
        lease.lose()
        pool.free.release()
        pool.held.append(lease)  # it is given back all the same, which changes nothing
        with anyio.fail_after(30):
            async for _, event in events:
                seen.append(event)
                if event.kind == "started":
                    break
        assert len(stub.jobs) == 2
        assert stub.running_jobs == 1
        assert target in events.targets
    assert [event.reason for event in seen if isinstance(event, StatusChanged)] == ["turn_over"]
    assert [event.reason for event in seen if isinstance(event, CoverageGap) and event.ended_at] == ["no_free_slot"]
    assert "lease of the pool of job slots was lost" in caplog.text


async def test_a_job_that_was_cancelled_while_its_lease_is_lost_is_not_the_end(
    stub: StubServer, client: AsyncTrioClient
) -> None:
    pool = Pool(2)
    Lease.lease_seconds, before = 600.0, Lease.lease_seconds  # the renewal would find it first
    try:
        async with client.watch_many(cameras(1), slots=pool) as events:
            pair = await events.until(Progress)
            assert pair is not None
            pool.held[0].lose()
            await client.jobs.cancel(pair[1].job_id or "")
            with anyio.fail_after(30):
                while len(stub.jobs) < 2:
                    await anext(events)
            await events.until(Progress)
            await client.jobs.cancel(stub.jobs[-1].job_id)
            assert (await events.collect())[-1][1].reason == "cancelled", "with a lease it is"  # type: ignore[union-attr]
    finally:
        Lease.lease_seconds = before


async def test_a_refusal_of_the_account_is_no_fault_and_the_lease_is_given_back(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    with StubServer(speed=100, max_jobs=2) as stub:
        pool = Pool(5)
        async with connect(base_url=stub.base_url).watch_many(cameras(3), slots=pool, turn_seconds=20) as events:
            with anyio.fail_after(30):
                while not (len(events.job_ids) == 2 and len(creates(stub)) > 2 and len(pool.held) == 2):
                    await anext(events)
                (waiting,) = set(events.targets) - set(events.job_ids)
                await events.remove(next(iter(events.job_ids)))
                while waiting not in events.job_ids:
                    await anext(events)
        assert pool.held == []
        assert [
            record for record in caplog.records if "turn_seconds" not in record.message and record.levelno > 20
        ] == []


async def test_an_outage_of_the_pool_leaves_running_watches_alone(
    stub: StubServer, client: AsyncTrioClient, caplog: pytest.LogCaptureFixture
) -> None:
    pool = Pool(3)
    first, second, third = cameras(3)
    async with client.watch_many([first, second], turn_seconds=20, slots=pool) as events:
        await until(lambda: stub.running_jobs == 2)
        pool.error = OSError("no answer")
        renewals = [lease.renewals for lease in pool.held]
        await events.add(third)
        with anyio.fail_after(30):
            while "no answer" not in caplog.text:
                await anext(events)
            for _ in range(10):
                await anext(events)
        assert set(events.job_ids) == {first, second}
        assert events.states[third].name == "waiting_for_slot"
        pool.error = None
        await events.until(Progress)
        with anyio.fail_after(30):
            while third not in events.job_ids:
                await anext(events)
        await until(lambda: all(lease.renewals > was for lease, was in zip(pool.held, renewals, strict=False)))
    assert caplog.text.count("cannot be reached") == 1
    assert caplog.text.count("can be reached again") == 1


class TalkingPool(Pool):
    """A pool that says whether another process waits."""

    def __init__(self, slots: int) -> None:
        super().__init__(slots)
        self.questions = 0
        self.most_questions = 0
        self.open_questions = 0

    async def contended(self) -> bool:
        self.questions += 1
        self.open_questions += 1
        self.most_questions = max(self.most_questions, self.open_questions)
        try:
            return await self.answer()
        finally:
            self.open_questions -= 1

    async def answer(self) -> bool:
        await anyio.lowlevel.checkpoint()
        return True


async def test_time_slices_end_while_the_pool_says_that_another_process_waits(
    stub: StubServer, client: AsyncTrioClient
) -> None:
    turns: Counter[Target] = Counter()
    async with client.watch_many(cameras(2), turn_seconds=0.3, slots=TalkingPool(2)) as events:
        with anyio.fail_after(30):
            async for target, event in events:
                turns[target] += event.kind == "started"
                if len(turns) == 2 and min(turns.values()) >= 2:
                    break


async def test_no_renewal_waits_for_the_answer_whether_another_process_waits(
    stub: StubServer, client: AsyncTrioClient
) -> None:
    class Silent(TalkingPool):
        async def answer(self) -> bool:
            await anyio.sleep_forever()
            return False

    pool = Silent(3)
    async with client.watch_many(cameras(3), turn_seconds=20, slots=pool):
        await until(lambda: pool.questions)
        renewals = [lease.renewals for lease in pool.made]
        await until(lambda: all(lease.renewals >= was + 10 for lease, was in zip(pool.made, renewals, strict=False)))
    assert pool.most_questions == 1, "one for all leases"


async def test_a_pool_that_cannot_say_whether_another_process_waits_is_no_outage(
    stub: StubServer, client: AsyncTrioClient, caplog: pytest.LogCaptureFixture
) -> None:
    class Forbidden(TalkingPool):
        async def answer(self) -> bool:
            await anyio.lowlevel.checkpoint()
            raise PermissionError("no EXISTS")

    pool = Forbidden(2)
    async with client.watch_many(cameras(2), turn_seconds=20, slots=pool):
        await until(lambda: pool.questions >= 5)
    assert caplog.text.count("does not say whether another process waits (PermissionError: no EXISTS)") == 1
    assert "reached" not in caplog.text


async def test_a_pool_that_is_away_is_not_asked_whether_another_process_waits(
    stub: StubServer, client: AsyncTrioClient, caplog: pytest.LogCaptureFixture
) -> None:
    pool = TalkingPool(2)
    async with client.watch_many(cameras(2), turn_seconds=20, slots=pool):
        await until(lambda: pool.questions)
        pool.error = OSError("no answer")
        await until(lambda: "cannot be reached" in caplog.text)
        asked, failed = pool.questions, pool.failures
        await until(lambda: pool.failures >= failed + 20)
        assert pool.questions == asked
        pool.error = None
        await until(lambda: pool.questions > asked)


async def test_a_pool_that_never_answered_is_named_before_anything_is_sent(
    stub: StubServer, client: AsyncTrioClient
) -> None:
    pool = Pool(1)
    pool.error = OSError("no answer")
    with pytest.raises(ConfigurationError, match="no answer"):
        async with client.watch_many(cameras(2), slots=pool) as events:
            await events.collect()
    assert stub.requests == []


@pytest.mark.parametrize("entered", [True, False])
async def test_a_pool_that_can_be_checked_is_checked_on_entering(
    stub: StubServer, client: AsyncTrioClient, entered: bool
) -> None:
    class Checked(Pool):
        async def check(self) -> None:
            await anyio.lowlevel.checkpoint()
            raise OSError("no answer")

    events = client.watch_many(cameras(2), slots=Checked(1))
    with pytest.raises(ConfigurationError, match="no answer"):
        await (events.__aenter__() if entered else events.collect())
    assert stub.requests == []
    await events.close()


async def test_leaving_while_a_lease_is_waited_for_takes_none(stub: StubServer, client: AsyncTrioClient) -> None:
    pool = Pool(1)
    async with client.watch_many(cameras(3), slots=pool):
        await until(lambda: pool.asking == 1 and stub.running_jobs == 1)
    assert (pool.asking, pool.held, pool.free.value) == (0, [], 1)


class Bare:
    """What has only some of what a lease needs."""

    def __init__(self, **members: Any) -> None:
        self.__dict__.update(members)


async def method() -> bool:
    return True


@pytest.mark.parametrize(
    ("lease", "problem"),
    [
        (None, "None, has no renew"),
        (Bare(lease_seconds=30), "a Bare, has no renew"),
        (Bare(renew=method, release=method), "lease_seconds 'missing'"),
        (Bare(renew=method, release=method, lease_seconds="30"), "lease_seconds '30'"),
        (Bare(renew=method, release=method, lease_seconds=0), "lease_seconds 0"),
    ],
)
async def test_a_lease_that_lacks_something_is_an_error_before_anything_is_sent(
    stub: StubServer, client: AsyncTrioClient, lease: Any, problem: str
) -> None:
    class Careless:
        async def acquire(self) -> Any:
            await anyio.lowlevel.checkpoint()
            return lease

    pool: Any = Careless()
    with pytest.raises(ConfigurationError, match=problem):
        async with client.watch_many(cameras(1), slots=pool) as events:
            await events.collect()
    assert creates(stub) == []


async def test_an_exception_of_a_pool_is_the_cause_of_the_error(client: AsyncTrioClient) -> None:
    mistake = ValueError("a mistake in the pool")

    class Broken:
        async def acquire(self) -> Any:
            await anyio.lowlevel.checkpoint()
            raise mistake

    pool: Any = Broken()
    with pytest.raises(ConfigurationError, match="a mistake in the pool") as caught:
        async with client.watch_many(cameras(1), slots=pool) as events:
            await events.collect()
    assert caught.value.__cause__ is mistake
