"""The stores of handled webhooks in Redis, against a real Redis server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import redis.asyncio

from trio_client import ConfigurationError, RequestValidationError
from trio_client.contrib.redis import AsyncRedisDuplicateStore, RedisDuplicateStore

pytestmark = pytest.mark.apps


@pytest.fixture(params=[False, True], ids=["bytes", "text"])
def client(redis_url: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    with redis.Redis.from_url(redis_url, decode_responses=request.param) as client:
        yield client


def test_a_claim_is_given_once_and_ends_in_done_or_new(client: Any) -> None:
    store = RedisDuplicateStore(client, prefix="a:")
    assert [store.claim("k"), store.claim("k")] == ["new", "busy"]
    store.release("k")
    assert store.claim("k") == "new"
    store.confirm("k")
    assert store.claim("k") == "done"
    assert 0 < client.ttl("a:k") <= 86_400


@pytest.mark.anyio
async def test_the_async_store_does_the_same(redis_url: str, anyio_backend: str) -> None:
    if anyio_backend != "asyncio":
        pytest.skip("redis.asyncio knows asyncio alone")
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        store = AsyncRedisDuplicateStore(client)
        assert [await store.claim("k"), await store.claim("k")] == ["new", "busy"]
        await store.release("k")
        assert await store.claim("k") == "new"
        await store.confirm("k")
        assert await AsyncRedisDuplicateStore(client).claim("k") == "done"
        assert 0 < await client.ttl("trio:k") <= 86_400


def test_of_many_threads_one_gets_the_claim(client: Any) -> None:
    store = RedisDuplicateStore(client, prefix="b:")
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


def test_a_claim_of_a_crashed_process_expires(client: Any) -> None:
    store = RedisDuplicateStore(client, lease_seconds=300, prefix="c:")
    store.claim("k")
    assert 0 < client.ttl("c:k") <= 300
    client.delete("c:k")  # what the lease does in time
    assert store.claim("k") == "new"


def test_the_wrong_kind_of_client_is_named() -> None:
    with pytest.raises(ConfigurationError, match="AsyncRedisDuplicateStore"):
        RedisDuplicateStore(redis.asyncio.Redis())  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"redis\.asyncio"):
        AsyncRedisDuplicateStore(redis.Redis())  # type: ignore[arg-type]
    with pytest.raises(RequestValidationError, match="ttl"):
        RedisDuplicateStore("redis://redis.example", ttl=0)
