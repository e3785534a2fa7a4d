"""Which watches may run a job, where there are more of them than job slots."""

from __future__ import annotations

from trio_client._core.time_slices import TimeSlices


class Account:
    """Watches that start when they may, against an account with few slots; time is stepped by hand."""

    def __init__(self, watches: int, slots: int, seconds: float = 300) -> None:
        self.now = 0.0
        self.slots = slots
        self.running: list[int] = []
        self.refusals = 0
        self.slices = TimeSlices(seconds, clock=lambda: self.now)
        for watch in range(watches):
            assert not self.slices.acquire(watch)

    def start(self) -> None:
        """Let all start that may, until nothing more happens."""
        while granted := self.slices.grant():
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
    wait = account.slices.wake_in()
    assert wait is not None
    assert 0 < wait <= 60
    account.now += wait
    account.start()
    assert 5 == len(account.running)


def test_the_longer_no_slot_is_found_the_less_often_one_is_tried() -> None:
    account = Account(3, 0)
    account.start()
    pauses: list[float] = []
    for _ in range(7):
        wait = account.slices.wake_in()
        assert wait is not None
        pauses.append(wait)
        account.now += wait
        account.start()
    assert [3, 6, 12, 24, 48, 60, 60] == pauses
    assert [] == account.running


def test_a_slot_that_another_process_took_is_not_counted_on() -> None:
    account = Account(3, 2)
    account.start()
    account.slots = 1
    account.now = 300
    account.swap()
    assert 1 == len(account.running)
    account.now = 302
    account.start()
    assert 1 == len(account.running)


def test_a_watch_keeps_its_slot_from_one_job_to_the_next_within_its_time_slice() -> None:
    account = Account(2, 1)
    account.start()
    account.now = 200
    assert account.slices.acquire(0)
    account.now = 300
    assert not account.slices.acquire(0)
    assert [1] == account.slices.grant()


def test_a_job_that_could_not_be_stopped_keeps_its_slot_for_a_while() -> None:
    account = Account(2, 1)
    account.start()
    account.now = 300
    assert [0] == account.slices.overdue()
    account.slices.not_stopped(0)
    assert [] == account.slices.overdue()
    account.now = 305
    assert [0] == account.slices.overdue()


def test_a_released_lease_waits_no_longer() -> None:
    account = Account(3, 1)
    account.start()
    account.slices.release(1)
    account.slices.release(0)
    assert [2] == account.slices.grant()
    account.slices.release(2)
    assert ([], None, 0) == (account.slices.grant(), account.slices.wake_in(), account.slices.running)


def test_a_wake_up_never_comes_for_nothing() -> None:
    account = Account(9, 4, seconds=60)
    account.start()
    for _ in range(200):
        wait = account.slices.wake_in()
        assert wait is not None
        before = account.now, tuple(account.running), account.refusals
        account.now += wait
        account.swap()
        account.start()
        assert before != (account.now, tuple(account.running), account.refusals)
