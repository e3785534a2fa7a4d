"""`doctor`: is everything in place?"""

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
    r"""Tell whether there is a key, where the API is, whether it answers, and what is installed. No secret is shown.

    It sends one request, for one job of the list. Exits with 1 if something is wrong.

    \b
    Example:
      trio-client doctor
    """
    session = session_of(context)
    key, key_source = session.key()
    base_url, base_url_source = session.base_url()
    packages = {name: found for name in _PACKAGES if (found := _version(name)) is not None}
    facts: dict[str, Any] = {
        "trio-client": __version__,
        "python": f"{platform.python_version()} ({sys.platform})",
        "packages": packages,
        "config file": str(session.config.path) if session.config.found else f"none at {session.config.path}",
        "api key": f"present, from {key_source}" if key else "missing: set TRIO_API_KEY",
        "base url": (base_url or "the API's own") + (f", from {base_url_source}" if base_url else ""),
    }
    well, facts["answer"] = _reach(session) if key else (False, "not asked: there is no key")
    out = session.out
    if json:
        out.data(facts | {"ok": well})
        return 0 if well else NO
    for name, value in facts.items():
        text = ", ".join(f"{each} {found}" for each, found in packages.items()) if name == "packages" else str(value)
        style = "bold" if name != "answer" else "bold green" if well else "bold red"
        out.line(out.clean(text), label=f"{name:<11}  ", style=style)
    return 0 if well else NO


def _reach(session: Session) -> tuple[bool, str]:
    """Return whether the API answers as it should, and what it said."""
    from ..errors import TrioError

    try:
        with session.client(retry=False) as client:
            begun = time.monotonic()
            client.jobs.list(limit=1, timeout=_QUICK)
            return True, f"200 in {(time.monotonic() - begun) * 1000:.0f} ms"
    except (TrioError, UsageError) as error:
        return False, str(session.out.advice.apply(error))


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
