"""Which of several streams of one client probes for a free job slot."""

from __future__ import annotations

import math
from itertools import pairwise

from trio_client._core.slot_queue import SlotQueue
from trio_client.errors import MaxJobsReachedError

FULL = MaxJobsReachedError("full", status_code=429, code="MAX_JOBS_REACHED")


class Waiters:
    """Waiters that ask when their pause is over, and the times at which they probe."""

    def __init__(self, count: int) -> None:
        self.queue = SlotQueue()
        self.wakes = {self.queue.number(): 0.0 for _ in range(count)}
        for number in self.wakes:
            self.queue.refused(number, FULL, 0.0, 3.0)
            self.queue.enter(number)
        self.probes: list[tuple[float, int]] = []

    def run(self, until: float, *, slots: int = 0, takes: float = 0.0) -> None:
        """Let them wait; `slots` of their probes succeed, and a reply takes a while."""
        replies: list[tuple[float, int]] = []
        while self.wakes or replies:
            now = min([*self.wakes.values(), *[at for at, _ in replies]])
            if now > until:
                return
            for reply in [each for each in replies if each[0] <= now]:
                replies.remove(reply)
                if slots:
                    slots -= 1
                    self.queue.replied(reply[1], now)
                else:
                    self.queue.enter(reply[1])
                    self.queue.refused(reply[1], FULL, now, 3.0)
                    self.wakes[reply[1]] = now
            for number in [each for each, at in self.wakes.items() if at <= now]:
                pause = self.queue.pause(number, now)
                if pause:
                    self.wakes[number] = now + pause
                    continue
                self.probes.append((now, number))
                self.queue.leave(number)
                del self.wakes[number]
                replies.append((now + takes, number))


def test_twenty_waiters_probe_once_in_three_seconds() -> None:
    waiters = Waiters(20)
    waiters.run(60)
    times = [at for at, _ in waiters.probes]
    assert [3.0 * number for number in range(1, 21)] == times


def test_the_one_that_has_waited_longest_probes() -> None:
    waiters = Waiters(5)
    waiters.run(9)
    assert [1, 1, 1] == [number for _, number in waiters.probes]
    waiters.run(60, slots=3)
    assert [1, 1, 1, 1, 2, 3, 4] == [number for _, number in waiters.probes][:7]


def test_a_probe_comes_three_seconds_after_a_slow_reply() -> None:
    waiters = Waiters(3)
    waiters.run(20, takes=4.0)
    times = [at for at, _ in waiters.probes]
    assert all(later - earlier >= 7.0 for earlier, later in pairwise(times))
    assert 2 <= len(times)


def test_one_that_does_not_wait_at_the_moment_holds_up_no_other() -> None:
    queue = SlotQueue()
    first, second = queue.number(), queue.number()
    queue.refused(first, FULL, 0.0, 3.0)
    queue.enter(second)
    assert 0 == queue.pause(second, 3.0)
    queue.replied(second, 3.1)
    queue.leave(second)
    assert math.isclose(3.0, queue.pause(first, 3.1))


def test_a_probe_without_a_reply_holds_up_the_others_for_a_while_only() -> None:
    queue = SlotQueue()
    first, second = queue.number(), queue.number()
    assert 0 == queue.pause(first, 0.0)
    assert queue.is_alone(first, 5.0)
    assert not queue.is_alone(None, 5.0)
    assert queue.is_alone(None, 10.0)
    queue.enter(second)
    assert 3.0 == queue.pause(second, 5.0)
    assert 0 == queue.pause(second, 10.0)


def test_a_refusal_is_known_to_those_that_were_not_refused_themselves() -> None:
    queue = SlotQueue()
    assert "MAX_JOBS_REACHED" == queue.refusal().code
    queue.refused(queue.number(), FULL, 0.0, 3.0)
    assert "full" in str(queue.refusal())
    assert queue.refusal() is not FULL


def test_a_wait_that_begins_at_once_lasts_the_pause_that_was_asked_for() -> None:
    queue = SlotQueue()
    number = queue.number()
    queue.refused(number, FULL, 100.0, 7.0)
    assert queue.pause(number, 100.0) == 7.0
    assert queue.pause(number, 100.09) == 7.0
    assert queue.pause(number, 100.5) == 6.5
    assert queue.pause(number, 106.95) == 107.0 - 106.95
    assert queue.pause(number, 107.0) == 0.0
