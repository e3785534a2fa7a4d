"""The rules for the leases of a pool of job slots."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_client import ConfigurationError, RequestValidationError
from trio_client._core.pooled_slices import PooledTimeSlices
from trio_client._core.slot_pool import (
    ContentionHealth,
    PoolHealth,
    answer_limit,
    checked_slots,
    renewal_interval,
    unreachable_pool,
)


class Pool:
    """A pool of slots, an account that may have fewer, and processes of watches that share them, stepped by hand."""

    def __init__(self, slots: int, account: int, watches: tuple[int, ...], seconds: float = 60) -> None:
        self.now = 0.0
        self.slots = slots
        self.account = account
        rand = random.Random(3).random
        self.processes = [PooledTimeSlices(seconds, clock=lambda: self.now, rand=rand) for _ in watches]
        self.leased: list[set[int]] = [set() for _ in watches]
        self.running: list[set[int]] = [set() for _ in watches]
        self.starts: list[list[int]] = [[0] * count for count in watches]
        for slices, count in zip(self.processes, watches, strict=True):
            for watch in range(count):
                assert not slices.acquire(watch)

    @property
    def free(self) -> int:
        return self.slots - sum(map(len, self.leased))

    def step(self, process: int) -> None:
        """Let a process do what it has to do, and the pool answer it."""
        slices = self.processes[process]
        for watch in slices.overdue():
            assert watch in self.running[process], "only a running job is stopped"
            self.running[process].discard(watch)
            self.release(process, watch)
            assert not slices.acquire(watch)
        if slices.wants_lease:
            slices.asked()
        if slices._asked_at is not None and self.free:
            watch = slices.leased()
            if watch is not None:
                assert watch not in self.leased[process]
                self.leased[process].add(watch)
                self.create(process, watch)
        assert slices.grant() == [], "a lease comes first"

    def create(self, process: int, watch: int) -> None:
        if sum(map(len, self.running)) < self.account:
            self.running[process].add(watch)
            self.starts[process][watch] += 1
            self.processes[process].started(watch)
        else:
            self.processes[process].refused(watch)
            self.leased[process].discard(watch)

    def release(self, process: int, watch: int) -> None:
        self.processes[process].release(watch)
        self.leased[process].discard(watch)

    def lose(self, process: int, watch: int) -> None:
        """Another process gets the lease of a watch."""
        self.leased[process].discard(watch)
        self.processes[process].lost(watch)

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            for process in random.Random(self.now).sample(range(len(self.processes)), len(self.processes)):
                self.step(process)
            self.now += 0.25


@given(st.data())
def test_whatever_happens_there_are_no_more_leases_than_slots_and_none_is_idle_for_long(data: st.DataObject) -> None:
    pool = Pool(data.draw(st.integers(1, 4)), account=data.draw(st.integers(1, 5)), watches=(3, 3))
    for _ in range(data.draw(st.integers(0, 12))):
        process = data.draw(st.integers(0, 1))
        watch = data.draw(st.integers(0, 2))
        what = data.draw(st.sampled_from(["lose", "end", "unreachable", "time", "not stopped"]))
        slices = pool.processes[process]
        if what == "lose" and watch in pool.running[process]:
            pool.lose(process, watch)
        elif what == "end" and watch in pool.running[process]:
            pool.running[process].discard(watch)
            if not slices.acquire(watch):
                pool.leased[process].discard(watch)
            else:
                pool.create(process, watch)
        elif what == "unreachable" and slices.wants_lease:
            slices.asked()
            slices.unreachable()
        elif what == "not stopped":
            slices.not_stopped(watch)
        pool.run(data.draw(st.sampled_from([0.0, 1.0, 61.0])))
        assert sum(map(len, pool.leased)) <= pool.slots
        assert sum(map(len, pool.running)) <= pool.account
    pool.run(30)
    assert sum(map(len, pool.running)) == min(pool.slots, pool.account, 6), "each slot is used"


@pytest.mark.parametrize("watches", [(20, 20, 20), (10, 10), (5, 10, 20)])
def test_all_watches_get_their_turns(watches: tuple[int, ...]) -> None:
    pool = Pool(10, 10, watches, seconds=10)
    pool.run(600)
    assert all(min(starts) > 0 and max(starts) - min(starts) <= 1 for starts in pool.starts)
    assert min(sum(starts) for starts in pool.starts) > max(sum(starts) for starts in pool.starts) / 2


def test_one_lease_is_asked_for_at_a_time() -> None:
    pool = Pool(2, 2, (3,))
    slices = pool.processes[0]
    assert slices.wants_lease
    slices.asked()
    assert not slices.wants_lease
    assert (slices.leased(), slices.wants_lease) == (0, True)


def test_a_lease_that_none_waits_for_any_more_is_not_used() -> None:
    slices = Pool(1, 1, (1,)).processes[0]
    slices.asked()
    slices.release(0)
    assert (slices.leased(), slices.wants_lease) == (None, False)


def test_a_slot_that_the_account_refuses_is_tried_again_after_a_pause() -> None:
    pool = Pool(3, 1, (3,))
    pool.run(0.5)
    slices = pool.processes[0]
    assert (len(pool.running[0]), len(pool.leased[0])) == (1, 1)
    pool.account = 3
    pool.run(5)
    assert len(pool.running[0]) == 3
    assert slices.limited
    assert not slices.keeps_jobs


def test_turns_do_not_end_while_the_pool_has_free_slots() -> None:
    pool = Pool(3, 3, (3,))
    pool.run(300)
    assert pool.starts == [[1, 1, 1]]
    assert pool.processes[0].wake_in() is None


def test_all_lost_leases_end_their_turns_at_once_and_again_if_a_stop_fails() -> None:
    pool = Pool(3, 3, (3,))
    pool.run(1)
    slices = pool.processes[0]
    pool.lose(0, 1)
    pool.lose(0, 2)
    assert slices.wake_in() == 0
    assert (slices.overdue(), slices.overdue()) == ([1, 2], [])
    slices.not_stopped(2)
    assert slices.wake_in() == pytest.approx(5)
    pool.now += 5
    assert slices.overdue() == [2]
    assert not slices.acquire(1), "it queues again"
    slices.lost(7)  # of a watch that holds none any more


def test_time_slices_end_where_the_pool_says_that_another_process_waits() -> None:
    pool = Pool(2, 2, (2,))
    pool.run(600)
    slices = pool.processes[0]
    assert (slices.wake_in(), pool.starts) == (None, [[1, 1]]), "no other process is known to wait"
    slices.contended()
    assert slices.wake_in() == 0
    pool.run(60)
    assert pool.starts == [[2, 2]]
    pool.run(600)
    starts = [list(each) for each in pool.starts]
    pool.run(600)
    assert pool.starts == starts, "it was asked for too long ago"


def test_jobs_end_by_themselves_soon_after_their_time_slice() -> None:
    assert PooledTimeSlices(300, clock=lambda: 0.0).job_seconds == 360


@pytest.mark.parametrize(
    ("lease", "turn", "interval"),
    [(30, 300, 10), (30, 2, 0.5), (None, 300, 30), (3600, 3600, 30), (0.6, 300, 0.2), (1e-9, 300, 0.05)],
)
def test_leases_are_renewed_before_they_expire_and_some_times_a_time_slice(
    lease: float | None, turn: float, interval: float
) -> None:
    assert renewal_interval(lease, turn) == pytest.approx(interval)


@pytest.mark.parametrize(("lease", "limit"), [(30, 5), (3600, 10), (None, 10), (0.3, 1)])
def test_a_renewal_without_an_answer_leaves_time_for_another_before_the_lease_expires(
    lease: float | None, limit: float
) -> None:
    assert answer_limit(lease) == limit


@pytest.mark.parametrize("lease", [6, 12, 30, 60, 300, 3600])
def test_after_a_renewal_without_an_answer_the_next_one_has_time_for_its_own(lease: float) -> None:
    interval, limit = renewal_interval(lease, math.inf), answer_limit(lease)
    assert interval + limit + interval + limit <= lease


def test_an_outage_of_the_pool_is_logged_once() -> None:
    health = PoolHealth()
    assert health.answered() is None
    first, second = health.failed(OSError("refused")), health.failed(OSError("refused"))
    assert "OSError: refused" in (first or "")
    assert second is None
    assert (health.answered(), health.answered()) == ("The pool of job slots can be reached again.", None)
    assert health.failed(TimeoutError()) is not None


def test_a_pool_that_does_not_say_whether_others_wait_is_logged_once_and_is_not_away() -> None:
    pool = PoolHealth()
    health = ContentionHealth(pool)
    lines = [health.failed(PermissionError("no EXISTS")) for _ in range(5)]
    health.answered()
    lines += [health.failed(PermissionError("no EXISTS")) for _ in range(5)]
    (line,) = filter(None, lines)
    assert "does not say whether another process waits (PermissionError: no EXISTS)" in line
    assert health.may_ask()
    assert pool.answered() is None


def test_an_outage_is_no_pool_that_does_not_say_whether_others_wait() -> None:
    pool = PoolHealth()
    health = ContentionHealth(pool)
    for _ in range(3):
        assert health.failed(OSError("refused")) is None, "which the renewals do not know yet"
        pool.failed(OSError("refused"))
        assert health.failed(OSError("refused")) is None, "asked before they knew"
        assert not health.may_ask()
        pool.answered()
        assert health.may_ask()


def test_the_error_of_a_pool_that_never_answers_names_it_without_a_password() -> None:
    error = unreachable_pool(OSError("no answer from redis://:hunter2@redis.example/0"))
    assert "hunter2" not in str(error)
    assert unreachable_pool(given_error := ConfigurationError("m")) is given_error


@pytest.mark.parametrize("slots", [0, -1, True, 2.5, "3", math.inf, object()])
def test_slots_are_a_number_or_a_pool(slots: Any) -> None:
    with pytest.raises(RequestValidationError, match="slots"):
        checked_slots(slots)
