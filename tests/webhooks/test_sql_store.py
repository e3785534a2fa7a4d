"""The store of examples/webhooks/sql_app.py: a unique column decides who handles an event."""

from __future__ import annotations

import runpy
import threading
import time
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "webhooks" / "sql_app.py"


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("EVENTS_DB", str(tmp_path / "events.db"))
    monkeypatch.setenv("TRIO_WEBHOOK_SECRET", "s3cret")
    return runpy.run_path(str(EXAMPLE))["SqlDuplicates"]


def test_a_claim_is_given_once_and_ends_in_done_or_new(example: Any, tmp_path: Path) -> None:
    store, other = (example(str(tmp_path / "events.db")) for _ in range(2))
    assert [store.claim("k"), other.claim("k")] == ["new", "busy"]
    store.release("k")
    assert other.claim("k") == "new"
    other.confirm("k")
    store.release("k")
    assert store.claim("k") == "done"


def test_a_claim_of_a_crashed_process_and_what_was_handled_expire(example: Any, tmp_path: Path) -> None:
    store = example(str(tmp_path / "events.db"), lease=0.01, ttl=0.01)
    assert store.claim("k") == "new"
    time.sleep(0.02)
    assert store.claim("k") == "new"
    store.confirm("k")
    time.sleep(0.02)
    assert store.claim("k") == "new"


def test_of_many_threads_one_gets_the_claim(example: Any, tmp_path: Path) -> None:
    store = example(str(tmp_path / "events.db"))
    claims: list[str] = []
    threads = [
        threading.Thread(target=lambda: claims.extend(store.claim(str(number)) for number in range(5)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (claims.count("new"), claims.count("busy")) == (5, 15)
