"""Those that are compared: the same calls to the same server, by this client and by what one would use without it.

Each module has a `Sync` or an `Async` client or both, whose methods do one thing each.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

OURS, OVER = "trio_client", "over aiohttp"


class Library(NamedTuple):
    """A library, and the module here that knows how it is used."""

    package: str
    module: str
    does: str


LIBRARIES = {
    library.package: library
    for library in (
        Library("trio_client", "ours", "typed, with retries, deadlines, bounds and typed errors"),
        Library("httpx", "plain", "dictionaries out of `.json()`; event streams by httpx-sse; no retries"),
        Library("httpx2", "plain", "the same with its successor, which reads event streams itself"),
        Library("openai", "generated", "its generic calls with models of the same replies; retries; no validation"),
        Library("aiohttp", "limit", "dictionaries; of events, what the row says: about the least that Python can do"),
    )
}
CONTENDERS = {**LIBRARIES, OVER: Library("httpx_aiohttp", "over", "this client through httpx-aiohttp")}


def present(*names: str) -> list[str]:
    """Return those of the libraries that are installed."""
    return [name for name in names if find_spec(CONTENDERS[name].package)]


def client(side: str, name: str, url: str) -> Any:
    """Return a new client of that library: `side` is `Sync` or `Async`."""
    library = CONTENDERS[name]
    return getattr(import_module(f".{library.module}", __name__), side)(url, library.package)
