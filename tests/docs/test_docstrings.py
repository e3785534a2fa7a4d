"""Every example in a public docstring does what it shows."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

import trio_client
from trio_client.stub import StubServer

from .runner import run_examples


def documented() -> Iterator[tuple[str, str]]:
    """Yield the name and text of each docstring with an example, in the client's own modules."""
    for module_info in pkgutil.walk_packages(trio_client.__path__, "trio_client."):
        if module_info.name.endswith("__main__") or module_info.name.startswith("trio_client._pyinstaller."):
            continue  # a program, and what only PyInstaller can import
        if module_info.name.startswith("trio_client.contrib.mcp") and find_spec("mcp") is None:
            continue  # with the lowest versions of the core's dependencies
        module = importlib.import_module(module_info.name)
        for name, value in inspect.getmembers(module):
            if getattr(value, "__module__", None) == module.__name__ and not name.startswith("_"):
                yield from _docstrings(f"{module.__name__}.{name}", value)


def _docstrings(name: str, value: Any) -> Iterator[tuple[str, str]]:
    text = inspect.getdoc(value) or ""
    if ">>>" in text and (inspect.isclass(value) or inspect.isfunction(value)):
        yield name, text
    if inspect.isclass(value):
        for attribute, member in vars(value).items():
            function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
            if inspect.isfunction(function) and ">>>" in (function.__doc__ or ""):
                yield f"{name}.{attribute}", inspect.getdoc(function) or ""


EXAMPLES = dict(documented())


def test_there_are_examples_for_both_clients() -> None:
    assert {"trio_client._sync.jobs.Jobs.iterate", "trio_client._async.jobs.AsyncJobs.iterate"} <= EXAMPLES.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name: str, stub_environment: StubServer) -> None:
    module = importlib.import_module(name.rsplit(".", 1)[0] if name.count(".") == 2 else _module_of(name))
    namespace: dict[str, Any] = {**vars(module)}
    if not name.startswith("trio_client.stub"):
        namespace |= {"TrioClient": trio_client.TrioClient, "AsyncTrioClient": trio_client.AsyncTrioClient}
    if name.endswith(".cancel"):
        stub_environment.clock.speed = 0  # a job that is to be cancelled must not end before
    assert run_examples(EXAMPLES[name], name, namespace) > 0


def _module_of(name: str) -> str:
    while name:
        name = name.rpartition(".")[0]
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        return name
    raise AssertionError
