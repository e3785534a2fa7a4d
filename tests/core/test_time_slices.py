"""Which watches may run a job, where there are more of them than job slots."""

from __future__ import annotations

import math
import random

import pytest

from benchmarks.slot_sharing import Setting, simulate
from trio_client._core.time_slices import TimeSlices, attempt_interval


class Account:
    """Watches that start when they may, against an account with few slots; time is stepped by hand."""

    def __init__(self, watches: int, slots: int, seconds: float = 300, most: int | None = None) -> None:
        self.now = 0.0
        self.slots = slots
        self.running: list[int] = []
        self.refusals = 0
        self.attempts: list[float] = []
        self.slices = TimeSlices(seconds, clock=lambda: self.now, slots=most, rand=random.Random(4).random)
        self.slices.watches = watches
        for watch in range(watches):
            assert not self.slices.acquire(watch)

    def start(self) -> None:
        """Let all start that may, until nothing more happens."""
        while granted := self.slices.grant():
            self.attempts.append(self.now)
            for watch in granted:
                if len(self.running) < self.slots:
                    self.running.append(watch)
                    self.slices.started(watch)
                else:
                    self.refusals += 1
                    self.slices.refused(watch)

    def swap(self) -> list[int]:
        """Stop those whose time slice is over, and let the next start."""
        over = self.slices.overdue()
        for watch in over:
            self.running.remove(watch)
            self.slices.release(watch)
            self.slices.acquire(watch)
        self.start()
        return over

    def until(self, moment: float) -> None:
        """Do what there is to do until then, at the time that it is due."""
        while (wait := self.slices.wake_in()) is not None and self.now + wait <= moment:
            self.now += wait
            self.swap()
        self.now = moment
        self.swap()


def test_as_many_start_as_the_account_has_slots() -> None:
    account = Account(25, 10)
    account.start()
    assert list(range(10)) == sorted(account.running)
    assert 1 <= account.refusals <= 10


def test_all_start_where_there_is_no_limit() -> None:
    account = Account(1000, 1000)
    account.start()
    assert (1000, 0) == (len(account.running), account.refusals)
    assert account.slices.wake_in() is None


def test_none_is_stopped_before_its_time_slice_is_over() -> None:
    account = Account(3, 1)
    account.start()
    account.now = 299.9
    assert [] == account.swap()
    account.now = 300
    assert [0] == account.swap()
    account.until(321)
    assert [1] == account.running


def test_none_is_stopped_while_none_waits() -> None:
    account = Account(2, 2)
    account.start()
    account.now = 10_000
    assert ([], None) == (account.slices.overdue(), account.slices.wake_in())
    assert account.slices.acquire(0)


def test_time_slices_are_fair() -> None:
    account = Account(7, 3, seconds=60)
    account.start()
    watched = dict.fromkeys(range(7), 0)
    for _ in range(7 * 20):
        for watch in account.running:
            watched[watch] += 1
        account.now += 60
        account.swap()
        assert 3 == len(account.running)
    assert max(watched.values()) - min(watched.values()) <= 1


def test_each_time_slice_that_ends_lets_one_start() -> None:
    account = Account(11, 10)
    account.start()
    account.now = 1000
    assert 1 == len(account.slices.overdue())
    assert [] == account.slices.overdue()


def test_a_slot_that_becomes_free_elsewhere_is_found() -> None:
    account = Account(5, 2)
    account.start()
    account.slots = 5
    account.until(3 * 2 * attempt_interval(300))
    assert len(account.running) == 5


@pytest.mark.parametrize(("seconds", "mean"), [(0.1, 0.2), (2, 0.2), (30, 1), (300, 10), (math.inf, 10)])
def test_attempts_come_a_thirtieth_of_a_time_slice_apart(seconds: float, mean: float) -> None:
    assert attempt_interval(seconds) == mean


@pytest.mark.parametrize("slots", [0, 1, 3])
def test_after_a_refusal_attempts_are_made_singly_at_random_intervals_of_one_mean(slots: int) -> None:
    account = Account(20, slots, seconds=300)
    account.start()
    account.attempts.clear()
    account.until(20_000)
    assert account.refusals > 100
    pauses = [later - earlier for earlier, later in zip(account.attempts, account.attempts[1:], strict=False)]
    assert max(pauses) <= 20
    assert sum(pauses) / len(pauses) == pytest.approx(10, rel=0.1)
    assert sum(pause < 5 for pause in pauses) / len(pauses) == pytest.approx(0.25, abs=0.05)


def test_one_that_ends_a_time_slice_has_no_first_claim_to_the_slot() -> None:
    account = Account(2, 1)
    account.start()
    account.now = 1000  # an attempt was due long ago
    account.slices.grant()
    account.slices.refused(1)
    assert account.slices.overdue() == [0]
    account.running.remove(0)
    account.slices.release(0)
    account.slices.acquire(0)
    assert account.slices.grant() == []
    assert 0 < (account.slices.wake_in() or 0) <= 20


def test_an_attempt_that_could_not_be_made_is_not_made_up_for() -> None:
    account = Account(3, 1, most=1)
    account.slots = 0
    account.start()
    account.slots = 1
    account.until(21)
    assert account.running == [0]
    account.now = 200  # at its own limit, it made no attempt meanwhile
    account.slices.release(0)
    assert account.slices.grant() == []


def test_no_more_run_than_slots_and_turns_follow_each_other_at_once() -> None:
    account = Account(5, 10, seconds=60, most=2)
    account.start()
    watched = dict.fromkeys(range(5), 0)
    for _ in range(50):
        assert len(account.running) == 2
        for watch in account.running:
            watched[watch] += 1
        account.now += 60
        account.swap()
        account.swap()
    assert account.refusals == 0
    assert max(watched.values()) - min(watched.values()) <= 1


def test_jobs_that_share_slots_end_by_themselves_soon_after_their_time_slice() -> None:
    assert Account(2, 2).slices.job_seconds == math.inf
    assert Account(2, 2, most=2).slices.job_seconds == math.inf
    assert Account(3, 3, most=2).slices.job_seconds == 360
    account = Account(3, 2)
    account.start()
    assert account.slices.job_seconds == 360


def test_turns_end_one_at_a_time_so_that_few_slots_are_free_at_once() -> None:
    account = Account(20, 10)
    account.start()
    account.now = 5000
    assert account.slices.overdue() == [0]
    assert account.slices.overdue() == []
    account.now += attempt_interval(300)
    assert account.slices.overdue() == [1]


def test_turns_also_end_where_none_waits_here_but_the_account_refused_a_job_lately() -> None:
    account = Account(2, 1)
    account.start()
    account.slots = 2
    account.until(100)
    assert sorted(account.running) == [0, 1]
    account.now = 300
    assert account.slices.overdue() == [0]
    account.slices.not_stopped(0)
    account.now = 601
    assert account.slices.overdue() == []


def test_a_watch_keeps_its_slot_from_one_job_to_the_next_within_its_time_slice() -> None:
    account = Account(2, 1, most=1)
    account.start()
    account.now = 200
    assert account.slices.acquire(0)
    account.now = 300
    assert not account.slices.acquire(0)
    assert account.slices.grant() == [1]


def test_a_job_that_could_not_be_stopped_keeps_its_slot_for_a_while() -> None:
    account = Account(2, 1)
    account.start()
    account.now = 300
    assert [0] == account.slices.overdue()
    account.slices.not_stopped(0)
    assert [] == account.slices.overdue()
    account.now = 310
    assert [0] == account.slices.overdue()


def test_a_released_lease_waits_no_longer() -> None:
    account = Account(3, 1, most=1)
    account.start()
    account.slices.release(1)
    account.slices.release(0)
    assert [2] == account.slices.grant()
    account.slices.release(2)
    assert ([], None, 0) == (account.slices.grant(), account.slices.wake_in(), account.slices.running)


def test_a_wake_up_never_comes_for_nothing() -> None:
    account = Account(9, 4, seconds=60)
    account.start()
    for _ in range(500):
        wait = account.slices.wake_in()
        assert wait is not None
        before = account.now, tuple(account.running), account.refusals
        account.now += wait
        account.swap()
        assert before != (account.now, tuple(account.running), account.refusals)


# Several processes on one account, simulated


def test_no_camera_of_three_processes_starts_less_than_a_third_as_often_in_short_turns() -> None:
    runs = [simulate(Setting((20,) * 3, turn=2, hours=45 / 3600), seed) for seed in range(20)]
    assert [run for run in runs if run.worst_ratio < 1 / 3 or run.most > 10] == []
    assert sum(run.idle for run in runs) / len(runs) < 0.06


@pytest.mark.parametrize("processes", [2, 3, 10])
def test_turns_of_five_minutes_are_shared_evenly_and_leave_few_slots_idle(processes: int) -> None:
    run = simulate(Setting((20,) * processes, hours=5))
    assert run.most == 10
    assert run.process_ratio > 0.6, "60 turns"
    assert run.idle < 0.04
    assert run.refused_per_minute < 10


@pytest.mark.parametrize("turn", [30, 60, 300])
def test_one_process_alone_leaves_few_slots_idle(turn: float) -> None:
    run = simulate(Setting((20,), turn=turn, hours=turn / 30))
    assert run.worst_ratio > 0.9
    assert run.idle < 0.04


def test_known_shares_are_exact_and_cost_no_refusal() -> None:
    run = simulate(Setting((20,) * 3, each=3, hours=5))
    assert run.refused == 0
    assert run.worst_ratio > 0.85


def test_the_slots_of_a_killed_process_are_used_after_its_jobs_have_ended() -> None:
    run = simulate(Setting((20,) * 3, dies=3600, hours=6))
    assert run.idle < 0.04
    assert len(run.starts) == 2, "of the others"
    assert run.worst_ratio > 0.7


def test_a_process_that_has_a_slot_for_each_camera_does_not_keep_them_all() -> None:
    run = simulate(Setting((10, 10), joins=0, hours=5))
    assert run.process_ratio > 0.8
    assert run.wait(99) < 2000
