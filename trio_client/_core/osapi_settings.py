"""What is particular to the OSAPI service: its address, and what to say when something is wrong with it."""

from __future__ import annotations

import re
from types import MappingProxyType
from urllib.parse import urlsplit

from ..errors import (
    AuthenticationError,
    ConfigurationError,
    JobNotFoundError,
    NotFoundError,
    PermissionDeniedError,
)
from .config import Service

__all__ = ["DEFAULT_BASE_URL", "OSAPI", "clean_prefix", "with_prefix"]

DEFAULT_BASE_URL = "http://localhost:8080"
_PREFIX = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")
_WHICH_PREFIX = "servers since April 2026 want api_prefix='/api' (the default), older ones api_prefix=''"

OSAPI = Service(
    # A current server answers every GET outside /api, known or not, with the index page of its web UI.
    html_means=f"it is an HTML page, so api_prefix is probably wrong: {_WHICH_PREFIX}",
    advice=MappingProxyType(
        {
            AuthenticationError: "Check the token (OSAPI_TOKEN, or token=), and that it has not expired.",
            PermissionDeniedError: "Use a token with the scope: job:read to list and get, job:write to change jobs.",
            NotFoundError: f"Check base_url and api_prefix: {_WHICH_PREFIX}.",
        }
    ),
    worded=MappingProxyType({404: JobNotFoundError}),  # the framework's own 404, for a path, says `message`
)


def clean_prefix(prefix: str) -> str:
    """Return the path before the endpoints, without a slash at its end; empty for none."""
    cleaned = prefix.rstrip("/") if isinstance(prefix, str) else None  # pyright: ignore[reportUnnecessaryIsInstance]
    if cleaned is None or not _PREFIX.fullmatch(cleaned):
        raise ConfigurationError(f"api_prefix is {prefix!r}; it must be a path such as '/api', or '' for none.")
    return cleaned


def with_prefix(base_url: str, prefix: str) -> str:
    """Return what the endpoints' paths are appended to."""
    if prefix and urlsplit(base_url).path.endswith(prefix):
        raise ConfigurationError(
            f"base_url {base_url!r} ends with {prefix!r}, and api_prefix adds it once more.",
            advice="Leave it out of base_url (OSAPI_URL), or pass api_prefix=''.",
            field="api_prefix",
        )
    return base_url + prefix
