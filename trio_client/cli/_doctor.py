"""`doctor`: check the setup."""

from __future__ import annotations

import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import typer

from .._version import __version__
from ._exits import NO, UsageError
from ._options import Json, session_of
from ._session import Session

__all__ = ["doctor"]

_PACKAGES = ("httpx", "httpx-sse", "pydantic", "tenacity", "anyio", "typer", "rich", "starlette", "uvicorn")
_QUICK = 10.0


def doctor(context: typer.Context, json: Json = False) -> int:
    """Show the key's source, the API's address and reply, and installed versions. No secret is shown.

    Sends one request, for one job of the list. Exits with 1 if something is wrong.

    Example:
      trio-client doctor
    """
    from .._core.config import DEFAULT_BASE_URL

    session = session_of(context)
    key, key_source = session.key()
    base_url, base_url_source = session.base_url()
    packages = {name: found for name in _PACKAGES if (found := _version(name)) is not None}
    python = f"{platform.python_version()} ({sys.platform})"
    healthy, answer = _reach(session) if key else (False, "not asked: there is no key")
    out = session.out
    if json:
        data: dict[str, Any] = {
            "trio_client": __version__,
            "python": python,
            "packages": packages,
            "config_file": str(session.config.path),
            "config_file_found": session.config.found,
            "api_key_source": key_source if key else None,
            "base_url": base_url or DEFAULT_BASE_URL,
            "base_url_source": base_url_source if base_url else "default",
            "answer": answer,
            "ok": healthy,
        }
        out.data(data)
        return 0 if healthy else NO
    facts = {
        "trio-client": __version__,
        "python": python,
        "packages": ", ".join(f"{each} {found}" for each, found in packages.items()),
        "config file": str(session.config.path) if session.config.found else f"none at {session.config.path}",
        "api key": f"present, from {key_source}" if key else "missing: set TRIO_API_KEY, or run `trio-client login`",
        "base url": f"{base_url}, from {base_url_source}" if base_url else f"{DEFAULT_BASE_URL}, the default",
        "answer": answer,
    }
    for name, text in facts.items():
        style = "bold" if name != "answer" else "bold green" if healthy else "bold red"
        out.line(out.clean(text), label=f"{name:<11}  ", style=style)
    return 0 if healthy else NO


def _reach(session: Session) -> tuple[bool, str]:
    """Return whether the API replies as it should, and what it replied."""
    from ..errors import TrioError

    try:
        with session.client(retry=False) as client:
            started = time.monotonic()
            client.jobs.list(limit=1, timeout=_QUICK)
            return True, f"200 in {(time.monotonic() - started) * 1000:.0f} ms"
    except (TrioError, UsageError) as error:
        return False, str(session.out.advice.apply(error))


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
