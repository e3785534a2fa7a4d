"""The private names of uvicorn that the stub server uses: each is there, and the server does not start without it."""

from __future__ import annotations

import pytest
import uvicorn

from trio_client.stub import StubServer
from trio_client.stub.server import uvicorn_server
from trio_client.stub.server.uvicorn_server import PRIVATE_NAMES

METHODS = [name for name in PRIVATE_NAMES if name.startswith("Server.")]
ATTRIBUTES = [name for name in PRIVATE_NAMES if name not in METHODS]


def test_the_installed_uvicorn_has_every_private_name() -> None:
    with StubServer() as stub:
        assert stub.url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("name", METHODS)
def test_the_server_does_not_start_without_a_method_of_uvicorn(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(uvicorn.Server, name.removeprefix("Server."))
    with pytest.raises(RuntimeError, match=f"has no {name}, which the stub server needs for {PRIVATE_NAMES[name]}"):
        StubServer().start()


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_the_server_does_not_start_without_an_attribute_of_uvicorn(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = uvicorn_server._missing_name
    owner, *path = name.split(".")

    def without(**owners: object) -> str | None:
        return checked(**{key: _Without(value, path) if key == owner else value for key, value in owners.items()})

    monkeypatch.setattr(uvicorn_server, "_missing_name", without)
    stub = StubServer()
    with pytest.raises(RuntimeError, match=f"has no {name}, which the stub server needs for {PRIVATE_NAMES[name]}"):
        stub.start()
    monkeypatch.undo()
    with stub:
        assert stub.running_jobs == 0


class _Without:
    """Everything that another object has, but for what this path leads to."""

    def __init__(self, other: object, path: list[str]) -> None:
        self._other = other
        self._path = path

    def __getattr__(self, name: str) -> object:
        first, *rest = self._path
        if name != first:
            return getattr(self._other, name)
        if not rest:
            raise AttributeError(name)
        return _Without(getattr(self._other, name), rest)
