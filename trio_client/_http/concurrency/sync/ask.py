"""Ask a function of the caller for something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["ask"]


def ask(function: Callable[[], Any]) -> Any:
    """Return what a function returns."""
    return function()
