"""The Redis store of examples/webhooks/redis_app.py, against a real Redis server."""

from __future__ import annotations

import importlib
import threading
from typing import Any

import pytest

from .conftest import EXAMPLES

pytestmark = pytest.mark.apps


@pytest.fixture
def example(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("TRIO_WEBHOOK_SECRET", "s3cret")
    monkeypatch.syspath_prepend(EXAMPLES)
    return importlib.import_module("redis_app")


def test_a_claim_is_given_once_and_ends_in_done_or_new(example: Any) -> None:
    with example.connect() as client:
        store = example.RedisDuplicates(client, prefix="a:")
        assert [store.claim("k"), store.claim("k")] == ["new", "busy"]
        store.release("k")
        assert store.claim("k") == "new"
        store.confirm("k")
        assert store.claim("k") == "done"
        assert 0 < client.ttl("a:k") <= 86_400


def test_of_many_threads_one_gets_the_claim(example: Any) -> None:
    with example.connect() as client:
        store = example.RedisDuplicates(client, prefix="b:")
        claims: list[str] = []
        threads = [
            threading.Thread(target=lambda: claims.extend(store.claim(str(number)) for number in range(100)))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert claims.count("new") == 100


def test_a_claim_of_a_crashed_process_expires(example: Any) -> None:
    with example.connect() as client:
        store = example.RedisDuplicates(client, lease=300, prefix="c:")
        store.claim("k")
        assert 0 < client.ttl("c:k") <= 300
        client.delete("c:k")  # what the lease does in time
        assert store.claim("k") == "new"
