"""Mocks of the standard library that are specified by a client have its resources."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import AsyncMock, MagicMock, create_autospec, patch

import pytest

import trio_client
from trio_client import AsyncTrioClient, TrioClient
from trio_client.osapi import AsyncOsapiClient, OsapiClient

CLIENTS: list[type[Any]] = [TrioClient, AsyncTrioClient, OsapiClient, AsyncOsapiClient]
MOCKS: dict[str, Callable[[type[Any]], Any]] = {
    "create_autospec": lambda client: create_autospec(client, instance=True),
    "MagicMock": lambda client: MagicMock(spec=client),
    "MagicMock of an object": lambda client: MagicMock(spec=client("key")),
    "spec_set": lambda client: MagicMock(spec_set=client),
}


def calls_of_resources(client: type[Any]) -> Iterator[tuple[str, str]]:
    """The public methods of what a client has: `jobs.get` and so on."""
    made = client("key")
    for name in dir(made):
        if name.startswith("_") or callable(getattr(made, name)):
            continue
        for call, _ in inspect.getmembers(getattr(made, name), callable):
            if not call.startswith("_"):
                yield name, call


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("how", MOCKS)
def test_every_resource_and_call_is_there(client: type[Any], how: str) -> None:
    names = list(calls_of_resources(client))
    assert ("jobs", "get") in names
    mock = MOCKS[how](client)
    for resource, call in names:
        getattr(getattr(mock, resource), call).return_value = "made up"
        assert getattr(getattr(mock, resource), call)() == "made up"


@pytest.mark.parametrize("client", CLIENTS)
def test_every_resource_is_a_property(client: type[Any]) -> None:
    for resource in {resource for resource, _ in calls_of_resources(client)}:
        assert isinstance(inspect.getattr_static(client, resource), property)


def test_a_patched_class_makes_mocks_with_resources() -> None:
    with patch("trio_client.TrioClient", autospec=True) as patched:
        patched.return_value.live_monitor.create.return_value.job_id = "a1"
        client = trio_client.TrioClient("key")
        assert client.live_monitor.create("rtsp://gate.example/live", "a van").job_id == "a1"
        with pytest.raises(TypeError, match="unexpected keyword"):
            trio_client.TrioClient(kee="key")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


@pytest.mark.anyio
async def test_calls_of_an_async_client_are_mocked_by_an_async_mock() -> None:
    client = create_autospec(AsyncTrioClient, instance=True)
    client.jobs.get = AsyncMock(return_value="a job")
    client.check_once.return_value = "an answer"
    assert await client.jobs.get("a1") == "a job"
    assert await client.check_once("rtsp://gate.example/live", "a van") == "an answer"


@pytest.mark.parametrize("name", ["jobs", "streams", "live_monitor", "live_digest"])
def test_a_resource_is_made_once_and_anew_with_other_options(name: str) -> None:
    client = TrioClient("key")
    other = client.with_options(timeout=1)
    assert getattr(client, name) is getattr(client, name)
    assert getattr(other, name) is not getattr(client, name)
