"""Many calls at once over few connections."""

# async-only: begin
from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from raw_server import HOLD, RawServer, reply
from trio_client import APITimeoutError, AsyncTrioClient, Timeout
from trio_client.stub import StubServer

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
NO_JOBS = reply({"jobs": []})


async def test_more_calls_than_places_wait_for_their_turn(connect: Connect) -> None:
    with RawServer([0.05, NO_JOBS]) as server:
        client = connect(base_url=server.base_url)
        done: list[int] = []

        async def call() -> None:
            done.append(len(await client.jobs.list()))

        async with anyio.create_task_group() as tasks:
            for _ in range(200):
                tasks.start_soon(call)
        assert [0] * 200 == done
        assert server.connections <= 100


async def test_who_finds_no_place_in_time_is_told_so(connect: Connect) -> None:
    with RawServer([HOLD]) as server:
        client = connect(base_url=server.base_url, retry=None)

        async with anyio.create_task_group() as tasks:
            for _ in range(100):
                tasks.start_soon(client.jobs.list)
            while len(server.requests) < 100:
                await anyio.sleep(0.01)
            with pytest.raises(APITimeoutError, match=r"Timeout\.pool") as caught:
                await client.jobs.list(timeout=Timeout(pool=0.02))
            tasks.cancel_scope.cancel()
        assert ("pool", False) == (caught.value.phase, caught.value.request_sent)
        assert 100 == len(server.requests)


async def test_cancelled_calls_leave_their_places_free(stub: StubServer, client: AsyncTrioClient) -> None:
    async def some(moments: int) -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(30):
                tasks.start_soon(client.jobs.list)
            for _ in range(moments):
                await anyio.sleep(0)
            tasks.cancel_scope.cancel()

    for round_ in range(20):
        await some(round_)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            for _ in range(100):
                tasks.start_soon(client.jobs.list)


async def test_streams_take_no_place_from_calls(stub: StubServer, connect: Connect) -> None:
    with StubServer(speed=0, max_jobs=200) as server:
        client = connect(base_url=server.base_url)

        async with anyio.create_task_group() as tasks, anyio.create_task_group() as opening:
            entered: list[object] = []

            async def watch() -> None:
                async with client.live_monitor.stream("rtsp://c/1", "open", on_exit="leave") as events:
                    entered.append(events)
                    async for _ in events:
                        pass

            for _ in range(110):
                opening.start_soon(watch)
            while len(entered) < 110:
                await anyio.sleep(0.01)
            assert 20 == len(await client.jobs.list(timeout=Timeout(pool=0.5)))
            opening.cancel_scope.cancel()
            tasks.cancel_scope.cancel()


# async-only: end
