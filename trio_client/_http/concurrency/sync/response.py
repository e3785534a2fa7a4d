"""Close a response whatever state it is in."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

__all__ = ["close_response"]


def close_response(response: Any, chunks: Any) -> None:  # noqa: ARG001
    """Close a response; the iterator over its body needs no end of its own.

    Failures to close are ignored: nothing can be done about them.
    """
    with suppress(Exception):
        response.stream.close()  # httpx's own close() also records what is not read here
