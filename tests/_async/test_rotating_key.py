"""A function in place of the key: asked before each request, and never while jobs are stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from trio_client import AsyncTrioClient, ConfigurationError
from trio_client.stub import StubServer

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
YARD = "rtsp://camera.example/yard"


def keys(stub: StubServer) -> list[str]:
    return [request.headers["authorization"].removeprefix("Bearer ") for request in stub.requests]


def numbered() -> Callable[[], str]:
    numbers: Iterator[int] = iter(range(1, 1000))
    return lambda: f"key-number-{next(numbers)}"


async def test_it_is_asked_before_each_request_and_each_retry(stub: StubServer, connect: Connect, pauses: Any) -> None:
    client = connect(api_key=numbered())
    stub.fail_next(status=503, times=2)
    await client.jobs.list()
    await client.jobs.list()
    assert [int(key.rpartition("-")[2]) for key in keys(stub)] == [1, 2, 3, 4]


async def test_nothing_is_asked_before_the_first_request() -> None:
    async with AsyncTrioClient(lambda: 1 // 0):  # type: ignore[arg-type,return-value]  # pyright: ignore[reportArgumentType]
        pass


@pytest.mark.parametrize("value", [None, "", "  ", 7, b"key", "Bearer x", "two words", "a\nb"])
async def test_what_is_no_key_is_a_configuration_error_and_nothing_is_sent(
    stub: StubServer, connect: Connect, value: Any
) -> None:
    client = connect(api_key=lambda: value)
    with pytest.raises(ConfigurationError, match="The function api_key returned"):
        await client.jobs.list()
    with pytest.raises(ConfigurationError, match="The function api_key returned"):
        await client.live_monitor.create(YARD, "a van")
    assert stub.requests == []


async def test_one_that_raises_is_a_configuration_error_and_nothing_is_sent(stub: StubServer, connect: Connect) -> None:
    def fail() -> str:
        raise OSError("the vault says: secret-of-the-vault")

    with pytest.raises(ConfigurationError, match="api_key raised OSError; nothing was sent") as caught:
        await connect(api_key=fail).jobs.list()
    assert isinstance(caught.value.__cause__, OSError)
    assert "secret-of-the-vault" not in str(caught.value)
    assert stub.requests == []


async def test_while_a_job_is_stopped_the_last_key_is_used(stub: StubServer, connect: Connect) -> None:
    answers = iter(["key-number-1"])
    client = connect(api_key=lambda: next(answers))  # raises from then on
    async with client.live_monitor.stream(YARD, "a van", monitor_duration_seconds=3600) as events:
        stub.clock.advance(3)
        await events.__anext__()
    assert stub.running_jobs == 0
    assert set(keys(stub)) == {"key-number-1"}
    assert "DELETE" in {request.method for request in stub.requests}


async def test_a_stop_whose_key_is_refused_asks_for_another(stub: StubServer, connect: Connect) -> None:
    answers = iter(["key-number-1", "key-number-2"])
    client = connect(api_key=lambda: next(answers))
    async with client.live_monitor.stream(YARD, "a van", monitor_duration_seconds=3600) as events:
        stub.clock.advance(3)
        await events.__anext__()
        stub.fail_next(method="DELETE", status=401)
    assert stub.running_jobs == 0
    assert keys(stub) == ["key-number-1", "key-number-1", "key-number-2", "key-number-2"]


async def test_keys_are_masked_in_texts_also_the_one_before(stub: StubServer, connect: Connect) -> None:
    client = connect(api_key=numbered())
    await client.jobs.list()
    stub.fail_next(status=400, body={"error": {"code": "X", "message": "not key-number-1, not key-number-2"}})
    with pytest.raises(Exception, match="not") as caught:
        await client.jobs.list()
    assert "key-number-2" not in str(caught.value)
    assert "key-number" not in repr(client) + repr(vars(client))


# async-only: begin
async def test_an_async_function_is_refused() -> None:
    async def ask() -> str:
        return "key"

    with pytest.raises(ConfigurationError, match="async function"):
        AsyncTrioClient(ask)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


# async-only: end
