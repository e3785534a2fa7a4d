"""Where the two APIs are found on one server."""

from __future__ import annotations

__all__ = ["OSAPI_ROOT", "api_path"]

OSAPI_ROOT = "/osapi"


def api_path(path: str) -> str:
    """A path without the `/api` that may come first, or after `/osapi`."""
    root = OSAPI_ROOT if path.startswith(OSAPI_ROOT + "/") else ""
    rest = path.removeprefix(root)
    return root + (rest[4:] if rest == "/api" or rest.startswith("/api/") else rest)
