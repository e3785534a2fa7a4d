"""Who may run a job, where there are more watches than job slots."""

from __future__ import annotations

from trio_client._core.time_slices import Turns


class Account:
    """Watches that start as they are let, against an account with so many slots; time is stepped by hand."""

    def __init__(self, watches: int, slots: int, turn: float = 300) -> None:
        self.now = 0.0
        self.slots = slots
        self.running: list[int] = []
        self.refusals = 0
        self.turns = Turns(turn, clock=lambda: self.now)
        for who in range(watches):
            assert not self.turns.take(who)

    def start(self) -> None:
        """Let all start who may, until nothing more happens."""
        while granted := self.turns.grant():
            for who in granted:
                if len(self.running) < self.slots:
                    self.running.append(who)
                    self.turns.started(who)
                else:
                    self.refusals += 1
                    self.turns.refused(who)

    def swap(self) -> list[int]:
        """Stop whose turn is over, and let the next start."""
        over = self.turns.overdue()
        for who in over:
            self.running.remove(who)
            self.turns.leave(who)
            self.turns.take(who)
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
    assert account.turns.wake_in() is None


def test_nobody_is_stopped_before_their_turn_is_over() -> None:
    account = Account(3, 1)
    account.start()
    account.now = 299.9
    assert [] == account.swap()
    account.now = 300
    assert [0] == account.swap()
    assert [1] == account.running


def test_nobody_is_stopped_while_nobody_waits() -> None:
    account = Account(2, 2)
    account.start()
    account.now = 10_000
    assert ([], None) == (account.turns.overdue(), account.turns.wake_in())
    assert account.turns.take(0)


def test_turns_are_fair() -> None:
    account = Account(7, 3, turn=60)
    account.start()
    watched = dict.fromkeys(range(7), 0)
    for _ in range(7 * 20):
        for who in account.running:
            watched[who] += 1
        account.now += 60
        account.swap()
        assert 3 == len(account.running)
    assert max(watched.values()) - min(watched.values()) <= 1


def test_each_turn_that_ends_makes_room_for_one() -> None:
    account = Account(11, 10)
    account.start()
    account.now = 1000
    assert 1 == len(account.turns.overdue())
    assert [] == account.turns.overdue()


def test_a_slot_that_becomes_free_elsewhere_is_found() -> None:
    account = Account(5, 2)
    account.start()
    account.slots = 5
    wait = account.turns.wake_in()
    assert wait is not None
    assert 0 < wait <= 60
    account.now += wait
    account.start()
    assert 5 == len(account.running)


def test_the_longer_no_slot_is_found_the_less_often_one_is_looked_for() -> None:
    account = Account(3, 0)
    account.start()
    pauses: list[float] = []
    for _ in range(7):
        wait = account.turns.wake_in()
        assert wait is not None
        pauses.append(wait)
        account.now += wait
        account.start()
    assert [3, 6, 12, 24, 48, 60, 60] == pauses
    assert [] == account.running


def test_a_slot_that_somebody_else_took_is_not_counted_on() -> None:
    account = Account(3, 2)
    account.start()
    account.slots = 1
    account.now = 300
    account.swap()
    assert 1 == len(account.running)
    account.now = 302
    account.start()
    assert 1 == len(account.running)


def test_a_watch_keeps_its_slot_from_one_job_to_the_next_within_its_turn() -> None:
    account = Account(2, 1)
    account.start()
    account.now = 200
    assert account.turns.take(0)
    account.now = 300
    assert not account.turns.take(0)
    assert [1] == account.turns.grant()


def test_a_job_that_could_not_be_stopped_keeps_its_slot_for_a_while() -> None:
    account = Account(2, 1)
    account.start()
    account.now = 300
    assert [0] == account.turns.overdue()
    account.turns.not_stopped(0)
    assert [] == account.turns.overdue()
    account.now = 305
    assert [0] == account.turns.overdue()


def test_whoever_leaves_waits_no_longer() -> None:
    account = Account(3, 1)
    account.start()
    account.turns.leave(1)
    account.turns.leave(0)
    assert [2] == account.turns.grant()
    account.turns.leave(2)
    assert ([], None, 0) == (account.turns.grant(), account.turns.wake_in(), account.turns.running)


def test_a_wake_up_never_comes_for_nothing() -> None:
    account = Account(9, 4, turn=60)
    account.start()
    for _ in range(200):
        wait = account.turns.wake_in()
        assert wait is not None
        before = account.now, tuple(account.running), account.refusals
        account.now += wait
        account.swap()
        account.start()
        assert before != (account.now, tuple(account.running), account.refusals)
