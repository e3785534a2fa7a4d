"""A day of watching, in scaled time, with a fault every few minutes: every second and every job is accounted for."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import anyio.lowlevel  # async-only
import pytest
from day_of_faults import CAMERA, DAY, EVERY, FAULTS, SPEED, Faults, span

from trio_client import AsyncTrioClient, CoverageGap, Hooks, Triggered
from trio_client._core.slot_queue import PROBE_SECONDS, SlotQueue
from trio_client._time_source import REAL, RealTime, replaced
from trio_client.stub import StubServer

if TYPE_CHECKING:
    from typing_extensions import Self

pytestmark = [pytest.mark.anyio, pytest.mark.thorough]

Connect = Callable[..., AsyncTrioClient]


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer(speed=SPEED) as server:
        yield server


async def test_a_day_is_watched_except_for_the_gaps_reported(
    stub: StubServer, connect: Connect, pauses: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = SlotQueue.refused  # its moments are those of the real clock: only the waits are scaled here
    monkeypatch.setattr("trio_client._core.slot_queue.PROBE_SECONDS", PROBE_SECONDS / SPEED)
    # The server's clock is this machine's, however late its Date is on a busy one.
    monkeypatch.setattr("trio_client._core.state.DATE_LAG", timedelta(days=1))
    monkeypatch.setattr(SlotQueue, "refused", lambda *values: refused(*values[:-1], values[-1] / SPEED))
    client = connect()
    pauses.take_real_time(speed=SPEED)
    gaps: list[CoverageGap] = []
    followed: set[str] = set()
    with Faults(stub) as faults:
        async with client.live_monitor.watch(CAMERA, "x", interval_seconds=30, on_drop="poll") as events:
            async for event in events:
                if event.job_id:
                    followed.add(event.job_id)
                if isinstance(event, CoverageGap):
                    gaps.append(event)
                if event.kind == "progress" and stub.clock.now() >= DAY:
                    break
    stub.clock.speed = 0
    assert faults.count > 100
    assert 0 == stub.running_jobs

    spans = sorted(span(stub, job.job_id) for job in stub.jobs)
    assert followed == {job.job_id for job in stub.jobs}, "each job that was made was followed"
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans)), "never two jobs at once"

    reported = sorted((gap.started_at, gap.ended_at) for gap in gaps if gap.started_at and gap.ended_at)
    covered = spans[0][0]
    for begin, end in sorted([*spans, *reported]):
        assert begin <= covered, f"nothing watched from {covered} to {begin}, and no gap says so"
        covered = max(covered, end)
    assert covered == max(end for _, end in spans)
    assert covered - spans[0][0] >= timedelta(seconds=0.95 * DAY / SPEED)
    watched = sum((end - begin for begin, end in spans), timedelta())
    assert watched / (covered - spans[0][0]) > 0.1, "half of the time on a quiet machine, a fourth on a busy one"


class SimulatedDay(RealTime):
    """One clock for the client and the server: it runs while no request is under way, and what goes wrong is on it."""

    def __init__(self, stub: StubServer) -> None:
        self.now = 0.0
        self.faults = 0
        self.seconds_in: Counter[str] = Counter()
        self.state: Callable[[], str] = lambda: "starting"
        self._stub = stub
        self._lock = threading.Lock()
        self._requesting: float | None = None
        self._dice = random.Random(29)
        self._next_fault = float(EVERY)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def hooks(self) -> Hooks:
        return Hooks(on_request=self._begin, on_response=self._end, on_retry=self._end, on_failure=self._end)

    def monotonic(self) -> float:
        return self.now

    async def async_sleep(self, seconds: float) -> None:
        self._pass(seconds)
        await anyio.lowlevel.checkpoint()  # async-only

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _pass(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds
            self.seconds_in[self.state()] += round(seconds * 1000)
            self._stub.clock.advance(seconds)

    def _begin(self, _: object) -> None:
        self._requesting = REAL.monotonic()

    def _end(self, _: object) -> None:
        self._requesting = None

    def _run(self) -> None:
        while not self._over.wait(0.002):
            begun = self._requesting
            if begun is not None and REAL.monotonic() - begun < 1:
                continue
            self._pass(10)
            if self.now >= self._next_fault:
                self._next_fault += self._dice.uniform(0.5, 1.5) * EVERY
                self.faults += 1
                self._stub.fail_next(**self._dice.choice(FAULTS))
                if self.state() == "watching":
                    self._stub.drop_stream(self._stub.jobs[-1].job_id)


async def test_a_day_of_dropped_streams_keeps_its_pictures(connect: Connect) -> None:
    with StubServer(speed=0) as server, SimulatedDay(server) as day, replaced(day):
        client = connect(base_url=server.base_url, hooks=day.hooks())
        found: list[Triggered] = []
        async with client.live_monitor.watch(CAMERA, "x", interval_seconds=30) as events:
            day.state = lambda: events.state.name
            async for event in events:
                if isinstance(event, Triggered):
                    found.append(event)
                if day.now >= DAY:
                    break
        assert day.faults > 200
        assert 0 == server.running_jobs
    streamed = [event for event in found if event.delivery == "sse"]
    assert all(event.frame is not None for event in streamed)
    polled = day.seconds_in["polling"] / sum(day.seconds_in.values())
    assert len(streamed) > 0.6 * len(found)
    assert polled < 0.3, "19 % as measured, with a dropped stream and a failed request every five minutes"
