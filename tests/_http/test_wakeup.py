"""A thread is woken whatever it was doing when a signal came."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest

from trio_client._http.concurrency.sync.wakeup import Wakeup


@pytest.fixture
def tracing() -> Iterator[None]:
    before = sys.gettrace()
    yield
    sys.settrace(before)


@pytest.mark.usefixtures("tracing")
def test_another_thread_can_wake_it_at_every_line_of_a_wait() -> None:
    wakeup = Wakeup()
    stuck: list[str] = []

    def let_another_set(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line" and not stuck:
            setter = threading.Thread(target=wakeup.set, daemon=True)
            setter.start()
            setter.join(5)
            if setter.is_alive():
                stuck.append(f"{frame.f_code.co_name}, line {frame.f_lineno}")
        return let_another_set

    sys.settrace(let_another_set)
    wakeup.wait(30)
    sys.settrace(None)
    assert stuck == []


def test_it_is_set_once_however_often_it_was_set() -> None:
    wakeup = Wakeup()
    wakeup.set()
    wakeup.set()
    wakeup.wait(30)
    begun = threading.Event()
    ended = threading.Event()

    def wait() -> None:
        begun.set()
        wakeup.wait(30)
        ended.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    assert begun.wait(30)
    assert not ended.wait(0.05)
    wakeup.set()
    assert ended.wait(30)
