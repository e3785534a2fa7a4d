"""The error of a call that a test did not expect."""

from __future__ import annotations

from ..errors import ConfigurationError

__all__ = ["UnscriptedCallError"]


class UnscriptedCallError(ConfigurationError, AssertionError):
    """A call that `MockTrio` has no answer for. Nothing is sent again after it.

    Attributes:
        method: the HTTP method.
        path: the path that was asked for.
    """

    def __init__(self, message: str, *, method: str = "", path: str = "") -> None:
        super().__init__(message)
        self.method: str = method
        self.path: str = path
