"""Modules whose names stand in annotations, and that are too large, or depend on this one, to be imported for that.

Annotations are texts here. What evaluates one (`typing.get_type_hints`, pydantic, FastAPI) gets what it names: from
the package itself, whose names are imported when they are used (`trio_client.Job`), or from a `Later`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["Later"]


class Later:
    """A module that is imported when something of it is asked for."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)
