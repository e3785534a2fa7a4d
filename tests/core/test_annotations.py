"""What functions say of their arguments can be evaluated at run time, as FastAPI, pydantic and others do."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
import typing
from collections.abc import Callable, Iterator
from typing import Any

import pydantic
import pytest

import trio_client
from trio_client import errors

MODULES = (
    "trio_client",
    "trio_client.contrib.otel",
    "trio_client.contrib.redis",
    "trio_client.errors",
    "trio_client.events",
    "trio_client.frames",
    "trio_client.models",
    "trio_client.osapi",
    "trio_client.pricing",
    "trio_client.sse",
    "trio_client.stub",
    "trio_client.testing",
    "trio_client.webhooks",
    "trio_client.webhooks.asgi",
    "trio_client.webhooks.wsgi",
)


def is_ours(thing: Any) -> bool:
    return (getattr(thing, "__module__", None) or "").startswith("trio_client")


def functions_of(thing: Any) -> Iterator[Any]:
    """The functions of this package that a public name reaches."""
    if inspect.isfunction(thing):
        yield thing
    if not inspect.isclass(thing):
        return
    for cls in filter(is_ours, thing.__mro__):
        for member in vars(cls).values():
            if isinstance(member, property):
                yield from filter(None, (member.fget, member.fset))
            else:
                yield inspect.unwrap(getattr(member, "__func__", member))


def public_functions() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in MODULES:
        module = importlib.import_module(name)
        for public in module.__all__:
            for function in functions_of(getattr(module, public)):
                if inspect.isfunction(function) and is_ours(function):
                    found[f"{function.__module__}.{function.__qualname__}"] = function
    return found


FUNCTIONS = public_functions()
WAYS: dict[str, Callable[[Any], object]] = {
    "typing.get_type_hints": typing.get_type_hints,
    "inspect.signature": lambda function: inspect.signature(function, eval_str=True),
    "pydantic.validate_call": pydantic.validate_call(config={"arbitrary_types_allowed": True}),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_annotations_of_every_public_function_can_be_evaluated(way: str) -> None:
    failures: dict[str, str] = {}
    for name, function in FUNCTIONS.items():
        if way == "pydantic.validate_call" and name.endswith("._read_null_as_empty"):
            continue  # a validator of pydantic's own, which nothing else calls
        try:
            WAYS[way](function)
        except Exception as error:
            failures[name] = repr(error)
    assert failures == {}
    assert len(FUNCTIONS) > 500


def test_they_name_the_types_themselves() -> None:
    hints = typing.get_type_hints(errors.WaitTimeoutError.__init__)
    assert hints["last"] == trio_client.JobDetail | trio_client.osapi.OsapiJob | None
    assert typing.get_type_hints(trio_client.TrioClient.live_monitor.fget)["return"].__name__ == "LiveMonitor"  # type: ignore[attr-defined]


def test_naming_them_imports_nothing() -> None:
    program = (
        "import sys, trio_client.errors, trio_client.sse; "
        "print({'pydantic', 'httpx_sse', 'trio_client.models'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
