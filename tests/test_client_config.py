from __future__ import annotations

import pickle
from typing import Any

import pytest

from trio_client import ClientConfig, ConfigurationError, RetryPolicy, Timeout
from trio_client.stub import StubServer


def test_it_travels_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMERA_KEY", "planted-key")
    config = ClientConfig(key_variable="CAMERA_KEY", timeout=Timeout(connect=1), retry=RetryPolicy(max_attempts=2))
    travelled = pickle.dumps(config)
    assert b"planted-key" not in travelled
    assert pickle.loads(travelled) == config


def test_each_process_reads_its_own_key(monkeypatch: pytest.MonkeyPatch, stub: StubServer) -> None:
    config = pickle.loads(pickle.dumps(ClientConfig(key_variable="CAMERA_KEY", base_url=stub.base_url)))
    monkeypatch.setenv("CAMERA_KEY", "key-of-the-worker")
    with config.client() as client:
        client.jobs.list()
    assert stub.requests[-1].headers["authorization"] == "Bearer key-of-the-worker"


@pytest.mark.anyio
async def test_the_async_client_is_made_the_same_way(monkeypatch: pytest.MonkeyPatch, stub: StubServer) -> None:
    monkeypatch.setenv("TRIO_API_KEY", "key")
    async with ClientConfig(base_url=stub.base_url).async_client() as client:
        assert (await client.jobs.list()).total == 0


@pytest.mark.parametrize("key", ["sk-secret-1234", "trio_secret", "", None])
def test_a_key_in_the_place_of_its_variable_is_refused_without_quoting_it(key: Any) -> None:
    with pytest.raises(ConfigurationError, match="key_variable must be the name") as caught:
        ClientConfig(key)
    assert not key or key not in str(caught.value)


def test_a_missing_key_names_its_variable() -> None:
    with pytest.raises(ConfigurationError, match="CAMERA_KEY"):
        ClientConfig(key_variable="CAMERA_KEY").client()
