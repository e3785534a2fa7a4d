"""A client that goes on to another event loop leaves nothing open in the one before."""

from __future__ import annotations

import gc
import warnings

import anyio
import pytest

from trio_client import AsyncTrioClient
from trio_client.stub import StubServer


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_no_connection_is_left_to_the_end_of_an_event_loop(backend: str, stub: StubServer) -> None:
    client = AsyncTrioClient("key", base_url=stub.base_url)

    async def call() -> int:
        return len(await client.jobs.list()) + len(await client.jobs.list())

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            assert anyio.run(call, backend=backend) == 0
            gc.collect()
        anyio.run(client.close, backend=backend)
        gc.collect()
    assert [str(each.message) for each in caught if issubclass(each.category, ResourceWarning)] == []


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_client_that_is_closed_leaves_nothing_to_the_end_of_its_event_loop(backend: str, stub: StubServer) -> None:
    async def call() -> None:
        async with AsyncTrioClient("key", base_url=stub.base_url) as client:
            await client.jobs.list()
        del client
        gc.collect()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        anyio.run(call, backend=backend)
        gc.collect()
    assert [str(each.message) for each in caught if issubclass(each.category, ResourceWarning)] == []
