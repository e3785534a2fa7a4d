"""The error of a call that a test did not expect."""

from __future__ import annotations

from ..errors import ConfigurationError

__all__ = ["UnscriptedCallError"]


class UnscriptedCallError(ConfigurationError, AssertionError):
    """A call that `MockTrio` has no answer for. It is never retried.

    Attributes:
        method: the HTTP method.
        path: the path of the request.
    """

    def __init__(self, message: str, *, method: str = "", path: str = "") -> None:
        super().__init__(message)
        self.method: str = method
        self.path: str = path
