"""`login`: save the API key where the command line finds it."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import typer

from ._exits import UsageError
from ._options import session_of
from ._session import saved_key_path

__all__ = ["login"]

_LONGEST_KEY = 64 * 1024


def login(context: typer.Context) -> int:
    """Save the API key for this command line, in a file that only you can read.

    Asks for the key without showing it, or reads it from standard input. TRIO_API_KEY, --api-key-file and the settings
    file win over the saved key, and Python programs do not read it. To log out, delete the file.

    Examples:
      trio-client login
      trio-client login < key.txt
    """
    session = session_of(context)
    out = session.out
    if sys.stdin.isatty():
        from getpass import getpass

        key = getpass("API key (not shown): ")
    else:
        key = sys.stdin.readline(_LONGEST_KEY)
    key = key.strip().removeprefix("\ufeff").strip()
    if not key:
        raise UsageError("No key was given; nothing was saved.")
    out.secrets.append(key)
    from .. import TrioClient

    TrioClient(key).close()  # refuses what cannot be a key
    path = saved_key_path(session.config)
    try:
        _write(path, key)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}.") from error
    out.note(f"Saved the key in {path}. Check it with `trio-client doctor`.")
    used, source = session.key()
    if used != key:
        out.warn(f"The key from {source} is used instead, as long as it is set.")
    return 0


def _write(path: Path, key: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".api-key-")  # which has mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{key}\n")
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
