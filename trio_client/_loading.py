"""What is imported when it is first used fails with an error of this package where the system has no file to spare."""

from __future__ import annotations

import errno
from types import TracebackType

from .errors import ConfigurationError

__all__ = ["loading"]


class loading:  # noqa: N801 - read as `with loading():`
    """Raise ConfigurationError where a module that is imported inside cannot be read."""

    __slots__ = ()

    def __enter__(self) -> None:
        """Begin to import."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Report what the system said."""
        if isinstance(error, OSError):
            few = error.errno in (errno.EMFILE, errno.ENFILE)
            raise ConfigurationError(
                f"A part of trio_client could not be loaded: {error.strerror or error}.",
                advice="Raise the limit of open files (ulimit -n), or keep fewer open." if few else None,
            ) from error
