"""What would hold up the event loop is done in a thread, once; nothing that goes wrong there fails a call."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import anyio
import anyio.lowlevel
import pytest

from trio_client import AsyncTrioClient, TrioError
from trio_client._http.concurrency.async_.preparation import Preparation, in_thread

pytestmark = pytest.mark.anyio


class Work:
    """Work that lasts until it may end, and notes the threads that did it."""

    def __init__(self) -> None:
        self.threads: list[str] = []
        self.may_end = threading.Event()
        self.begun = threading.Event()

    def __call__(self) -> None:
        self.threads.append(threading.current_thread().name)
        self.begun.set()
        assert self.may_end.wait(30)


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(30):
        while not condition():
            await anyio.lowlevel.checkpoint()


async def test_many_tasks_wait_for_one_thread() -> None:
    work, preparation, done = Work(), Preparation(), list[int]()

    async def wait(number: int) -> None:
        await preparation.done(work)
        done.append(number)

    async with anyio.create_task_group() as tasks:
        for number in range(10):
            tasks.start_soon(wait, number)
        await until(work.begun.is_set)
        assert done == []
        work.may_end.set()
    assert (sorted(done), work.threads) == ([*range(10)], ["trio_client: imports"])
    assert preparation.is_done


async def test_a_task_that_is_cancelled_leaves_the_work_to_the_next() -> None:
    work, preparation = Work(), Preparation()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(preparation.done, work)
        await until(work.begun.is_set)
        tasks.cancel_scope.cancel()
    assert not preparation.is_done
    work.may_end.set()
    await preparation.done(work)
    assert (preparation.is_done, len(work.threads)) == (True, 1)


async def test_a_failure_is_left_to_where_the_work_is_needed() -> None:
    def fail() -> None:
        raise ImportError("half of it is missing")

    preparation = Preparation()
    await preparation.done(fail)
    assert preparation.is_done
    await in_thread(fail)


async def test_without_threads_nothing_is_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    work, preparation = Work(), Preparation()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        await preparation.done(work)
    assert (preparation.is_done, work.threads) == (True, [])


def test_a_thread_that_a_fork_took_away_is_started_again() -> None:
    work, preparation = Work(), Preparation()
    preparation._thread = threading.Thread()  # as in a child: it does not run
    work.may_end.set()
    asyncio.run(preparation.done(work))
    assert len(work.threads) == 1


def test_an_event_loop_that_ended_meanwhile_is_not_waited_for() -> None:
    work, preparation = Work(), Preparation()

    async def leave() -> None:
        with anyio.move_on_after(0):
            await preparation.done(work)

    asyncio.run(leave())
    work.may_end.set()
    asyncio.run(preparation.done(work))
    assert preparation.is_done


async def test_a_client_that_is_cancelled_while_it_is_entered_can_be_entered_again() -> None:
    client = AsyncTrioClient("key", base_url="http://127.0.0.1:9", retry=None)
    with anyio.CancelScope() as scope:
        scope.cancel()
        async with client:
            raise AssertionError
    async with client:
        with pytest.raises(TrioError):
            await client.jobs.list()
