"""Connections belong to the process that made them, since a fork must not share its parent's; and how they end."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Protocol

__all__ = ["abandon", "close_response", "current_owner"]


class _Closable(Protocol):
    def close(self) -> None: ...


class _Process:
    """The owner of connections in this process and none that it was forked from; the system need not be asked."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        self.owner = object()


_process = _Process()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_process.renew)


def current_owner() -> object:
    """Return what connections made now belong to: this process."""
    return _process.owner


def abandon(connections: Iterable[_Closable]) -> None:
    """Close this process's ends of connections; the parent process keeps its own."""
    for connection in connections:
        connection.close()


def close_response(response: Any, chunks: Any) -> None:  # noqa: ARG001
    """Close a response; the iterator over its body needs no end of its own.

    Failures to close are ignored: nothing can be done about them.
    """
    with suppress(Exception):
        response.stream.close()  # httpx's own close() also records what is not read here
