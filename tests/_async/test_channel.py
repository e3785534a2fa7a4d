# async-only: file
"""Pairs pass from many tasks to one reader, whatever is cancelled meanwhile."""

from __future__ import annotations

import random
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from trio_client._async.channel import AsyncChannel

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("seed", range(20))
async def test_cancelled_puts_stop_no_other_and_lose_none(seed: int) -> None:
    rand = random.Random(seed)
    channel = AsyncChannel()
    scopes = [anyio.CancelScope() for _ in range(40)]
    put: set[int] = set()
    got: list[int] = []

    async def send(number: int) -> None:
        pair: Any = (number, None)
        with scopes[number]:
            for _ in range(rand.randrange(6)):
                await checkpoint()
            await channel.put(pair)
            put.add(number)

    async def cancel() -> None:
        for scope in rand.sample(scopes, 20):
            for _ in range(rand.randrange(4)):
                await checkpoint()
            scope.cancel()

    async def read() -> None:
        while True:
            pair: Any = await channel.get()
            got.append(pair[0])
            await checkpoint()

    with anyio.fail_after(30):
        async with anyio.create_task_group() as readers:
            readers.start_soon(read)
            async with anyio.create_task_group() as senders:
                senders.start_soon(cancel)
                for number in range(40):
                    senders.start_soon(send, number)
            await anyio.wait_all_tasks_blocked()
            readers.cancel_scope.cancel()
    assert put == set(got)
    assert len(put) >= 20
    assert len(got) == len(set(got))


async def test_one_that_is_cancelled_at_the_end_of_its_wait_stops_no_other() -> None:
    channel = AsyncChannel()
    scope = anyio.CancelScope()
    pairs: list[Any] = [(number, None) for number in range(4)]
    got: list[Any] = []

    async def send_in_scope() -> None:
        with scope:
            await channel.put(pairs[2])

    with anyio.fail_after(30):
        async with anyio.create_task_group() as senders:
            await channel.put(pairs[0])
            senders.start_soon(channel.put, pairs[1])
            await anyio.wait_all_tasks_blocked()
            senders.start_soon(send_in_scope)
            await anyio.wait_all_tasks_blocked()
            got.append(await channel.get())
            senders.start_soon(channel.put, pairs[3])
            scope.cancel()
            got += [await channel.get(), await channel.get()]
    assert got == [pairs[0], pairs[1], pairs[3]]
