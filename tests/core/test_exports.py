"""What can be imported, and what importing costs."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import trio_client

PUBLIC_MODULES = (
    "errors",
    "events",
    "frames",
    "models",
    "sse",
    "webhooks",
    "webhooks.asgi",
    "webhooks.wsgi",
    "osapi",
    "stub",
    "cli",
    "contrib.mcp",
    "contrib.otel",
    "contrib.redis",
    "testing",
)


FAILED_CALL = """
import httpx
from trio_client import BadRequestError, TrioClient
transport = httpx.MockTransport(lambda request: httpx.Response(400))
client = TrioClient("the-key", base_url="http://127.0.0.1:1", http_client=httpx.Client(transport=transport))
try:
    client.jobs.list()
except BadRequestError:  # which no further attempt would change
    pass
"""


def test_every_exported_name_exists() -> None:
    assert [name for name in trio_client.__all__ if not hasattr(trio_client, name)] == []


def test_no_name_is_exported_twice() -> None:
    assert len(trio_client.__all__) == len(set(trio_client.__all__))


@pytest.mark.parametrize("module", ["errors", "events"])
def test_everything_of_a_shared_module_is_exported_at_the_top(module: str) -> None:
    names = importlib.import_module(f"trio_client.{module}").__all__
    classes = {name for name in names if name[0].isupper() and name not in ("Delivery", "TimeoutPhase")}
    assert classes - set(trio_client.__all__) == set()


@pytest.mark.parametrize("module", PUBLIC_MODULES)
def test_public_modules_declare_what_is_public(module: str) -> None:
    if module == "contrib.mcp":
        pytest.importorskip(
            "mcp", reason="mcp is not installed: it asks for newer versions than the lowest of the core"
        )
    loaded = importlib.import_module(f"trio_client.{module}")
    assert [name for name in loaded.__all__ if not hasattr(loaded, name)] == []


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nope'"):
        trio_client.Nope  # noqa: B018


def test_dir_lists_the_exports() -> None:
    assert dir(trio_client) == sorted(trio_client.__all__)


@pytest.mark.parametrize(
    ("statement", "forbidden"),
    [
        ("import trio_client", ("httpx", "pydantic", "tenacity", "anyio", "starlette", "trio_client.stub")),
        (
            "from trio_client import TrioClient",
            ("tenacity", "starlette", "uvicorn", "jsonschema", "typer", "aiohttp"),
        ),
        (
            "from trio_client import TrioClient",
            ("trio_client.stub", "trio_client._async", "trio_client.models._strict"),
        ),
        ("import trio_client.webhooks", ("httpx", "httpx_sse", "anyio")),
        ("import trio_client.sse", ("httpx", "httpx_sse", "pydantic", "anyio")),
        ("import trio_client.osapi", ("httpx", "pydantic", "anyio", "starlette")),
        ("from trio_client.osapi import OsapiClient", ("trio_client.stub", "trio_client._async", "tenacity")),
        ("import trio_client.testing", ("httpx", "pydantic", "anyio", "pytest", "trio_client.stub")),
        ("import trio_client.testing.pytest_plugin", ("httpx", "pydantic", "anyio", "starlette", "trio_client.stub")),
        ("from trio_client.testing import MockTrio", ("trio_client.stub", "starlette", "uvicorn", "pytest")),
        ("from trio_client import TrioClient", ("trio_client.models._osapi", "trio_client._sync.osapi")),
        (FAILED_CALL, ("tenacity",)),
    ],
)
def test_imports_load_nothing_that_is_not_needed(statement: str, forbidden: tuple[str, ...]) -> None:
    code = f"import sys\n{statement}\nprint(sorted(set({forbidden!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
