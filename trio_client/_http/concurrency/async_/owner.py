"""Connections belong to the event loop that made them."""

from __future__ import annotations

from collections.abc import Iterable

import anyio.lowlevel

__all__ = ["abandon", "current_owner"]


def current_owner() -> object:
    """Return what connections made now belong to: the running event loop."""
    return anyio.lowlevel.current_token()


def abandon(connections: Iterable[object]) -> None:
    """Do nothing: only the event loop that made connections could close them, and it is gone."""
