"""The fixtures, found by pytest without any import. Nothing of the package is loaded until one of them is used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .. import AsyncTrioClient, TrioClient
    from ..stub import StubServer
    from ._mock import MockTrio

__all__ = [
    "pytest_configure",
    "trio_async_client",
    "trio_mock",
    "trio_stub",
    "trio_stub_options",
    "trio_sync_client",
    "trio_waits",
]

_USUAL_SPEED = 600.0
_KEY = "test-key"


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", "trio_stub(**options): options of the StubServer behind the fixture trio_stub")


@pytest.fixture
def trio_stub_options() -> dict[str, Any]:
    """Options of the `StubServer` behind `trio_stub`; define a fixture of this name to change them for many tests."""
    return {}


@pytest.fixture
def trio_stub(
    request: pytest.FixtureRequest, trio_stub_options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[StubServer]:
    """A running stub server on a free port, ten minutes of stream time a second; clients without arguments find it.

    `@pytest.mark.trio_stub(speed=0, max_jobs=1)` on a test, class or module sets its options.
    """
    from ..stub import StubServer

    options: dict[str, Any] = {"speed": _USUAL_SPEED, **trio_stub_options}
    for marker in reversed(list(request.node.iter_markers("trio_stub"))):
        if marker.args:
            raise pytest.UsageError(f"@pytest.mark.trio_stub takes options by name, such as speed=0, not {marker.args}")
        options |= marker.kwargs
    with StubServer(**options) as stub:
        monkeypatch.setenv("TRIO_API_KEY", _key_for(options))
        monkeypatch.setenv("TRIO_BASE_URL", stub.base_url)
        monkeypatch.setenv("OSAPI_TOKEN", _key_for(options))
        monkeypatch.setenv("OSAPI_URL", stub.osapi_url)
        yield stub


@pytest.fixture
def trio_sync_client(trio_stub: StubServer) -> Iterator[TrioClient]:  # noqa: ARG001 - the client finds it
    """A client of the stub server, closed at the end of the test."""
    from .. import TrioClient

    with TrioClient(trust_env=False) as client:
        yield client


@pytest.fixture
def trio_async_client(trio_stub: StubServer) -> Iterator[AsyncTrioClient]:  # noqa: ARG001 - the client finds it
    """An async client of the stub server, for any event loop, whatever runs it; closed at the end of the test.

    It keeps no connection between two calls: when this fixture ends, the event loop that could close one may be gone.
    """
    from .. import AsyncTrioClient
    from .._async.base_client import keep_no_connections

    client = AsyncTrioClient(trust_env=False)
    keep_no_connections(client)
    yield client
    with suppress(StopIteration):  # no connection is open, so closing waits for nothing and needs no event loop
        client.close().send(None)


@pytest.fixture
def trio_mock() -> Iterator[MockTrio]:
    """A `MockTrio`; the test fails if something was asked for that it could not answer."""
    from ._mock import MockTrio

    with MockTrio() as mock:
        yield mock


@pytest.fixture
def trio_waits(request: pytest.FixtureRequest) -> Iterator[list[float]]:
    """`freeze_retries` for the whole test: the waits of its clients, which move the clock of `trio_stub` along."""
    from ._waits import freeze_retries

    stub: StubServer | None = None
    if "trio_stub" in request.fixturenames:
        stub = request.getfixturevalue("trio_stub")
    with freeze_retries(stub.clock if stub is not None else None) as waits:
        yield waits


def _key_for(options: dict[str, Any]) -> str:
    keys = options.get("api_keys") or [_KEY]
    return keys if isinstance(keys, str) else next(iter(keys))
