"""The command line, `trio-client`. It needs the extra `cli`: `pip install 'trio-client[cli]'`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec

from .._version import __version__

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        arguments: the arguments after the program's name; by default those of this process.

    Returns:
        0: done; others are listed in the documentation of the command line.

    Example:
        >>> main(["--version"])
        trio-client ...
        0
    """
    args = sys.argv[1:] if arguments is None else list(arguments)
    if args == ["--version"]:  # answered without importing anything else
        print(f"trio-client {__version__}")
        return 0
    for needed in ("typer", "rich"):
        if find_spec(needed) is None:
            text = f"The trio-client command needs {needed}; install it with: pip install 'trio-client[cli]'"
            print(text, file=sys.stderr)
            return 2
    from ._app import run

    return run(args)
