"""Redeliveries of one event are distinguished from new events, also by concurrent callers."""

from __future__ import annotations

import threading

import pytest

from trio_client import ConfigurationError, webhooks
from trio_client.webhooks import Deduplicator
from trio_client.webhooks.wsgi import WebhookApp

BODY = b'{"type": "job_started", "timestamp": "2026-02-01T10:00:00Z", "data": {"job_id": "a1"}}'


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_key_is_new_once_busy_then_done() -> None:
    seen = Deduplicator()
    assert [seen.claim("k"), seen.claim("k")] == ["new", "busy"]
    seen.confirm("k")
    assert seen.claim("k") == "done"


def test_a_released_key_is_new_again() -> None:
    seen = Deduplicator()
    seen.claim("k")
    seen.release("k")
    assert seen.claim("k") == "new"


def test_events_are_forgotten_after_their_time() -> None:
    clock = Clock()
    seen = Deduplicator(ttl=10, clock=clock)
    seen.claim("a")
    seen.confirm("a")
    clock.now = 9.9
    assert seen.claim("a") == "done"
    clock.now = 10.1
    assert seen.claim("a") == "new"


def test_no_more_than_the_limit_is_remembered_and_the_oldest_goes_first() -> None:
    seen = Deduplicator(max_entries=3)
    for key in "abcd":
        seen.claim(key)
    assert len(seen) == 3
    assert [seen.claim(key) for key in "dcb"] == ["busy"] * 3
    assert seen.claim("a") == "new"


@pytest.mark.parametrize(
    "bad",
    [
        {"ttl": 0},
        {"ttl": float("nan")},
        {"ttl": float("inf")},
        {"max_entries": 0},
        {"ttl": "60"},
        {"ttl": None},
        {"max_entries": "9"},
        {"max_entries": float("nan")},
        {"max_entries": float("inf")},
    ],
)
def test_limits_that_cannot_work_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        Deduplicator(**bad)  # type: ignore[arg-type]


def test_redeliveries_are_duplicates_and_events_without_a_key_are_not() -> None:
    seen = Deduplicator()
    assert [seen.is_duplicate(webhooks.parse(BODY)) for _ in range(3)] == [False, True, True]
    unnamed = b'{"event": "watch_triggered", "triggered": true}'
    assert webhooks.parse(unnamed).dedup_key is None
    assert [seen.is_duplicate(webhooks.parse(unnamed)) for _ in range(3)] == [False] * 3


def test_a_redelivery_has_the_same_key_whatever_the_order_and_the_blanks_of_its_json() -> None:
    other = b'{"data":{"job_id":"a1"},"timestamp":"2026-02-01T10:00:00Z","type":"job_started"}'
    assert webhooks.parse(BODY).dedup_key == webhooks.parse(other).dedup_key


def test_two_threads_that_deliver_one_event_have_it_handled_once_each_of_a_thousand_times() -> None:
    handled: list[str] = []
    app = WebhookApp(lambda event: handled.append(str(event.job_id)), unsigned=True, deduplicator=Deduplicator())
    answers: list[list[int]] = [[], []]
    start = threading.Barrier(2)

    def deliver(mine: list[int]) -> None:
        for number in range(1000):
            body = b'{"type": "job_started", "timestamp": 1769423400, "job_id": "%d"}' % number
            start.wait()
            mine.append(app.receive("POST", {}, body).status)

    threads = [threading.Thread(target=deliver, args=(mine,)) for mine in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(handled, key=int) == [str(number) for number in range(1000)]
    for pair in zip(*answers, strict=True):
        assert 200 in pair
        assert set(pair) <= {200, 503}
