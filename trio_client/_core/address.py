"""The address of what is watched, or the function of the caller that returns it: addresses may expire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import iscoroutine
from typing import Any, TypeAlias

from .._redaction import kind_of, preview
from ..errors import RequestValidationError, StreamUnavailableError
from .validation import is_async

__all__ = ["Address", "AsyncStreamUrl", "StreamUrl", "function_failed"]

StreamUrl: TypeAlias = str | Callable[[], str]
AsyncStreamUrl: TypeAlias = str | Callable[[], str] | Callable[[], Awaitable[str]]
_NOT_ASKED_YET = "rtsp://not-asked-yet"


class Address:
    """Where a watched stream is: always the same, or what a function says before each job.

    Args:
        given: what the caller passed.
        may_be_async: whether the function may be async.

    Attributes:
        function: the function; `None`: there is none.
        url: the address of the current job.
    """

    def __init__(self, given: AsyncStreamUrl, *, may_be_async: bool = False) -> None:
        self.function: Callable[[], Any] | None = None
        self.url: Any = given
        if not callable(given):
            return
        self.function, self.url = given, _NOT_ASKED_YET
        if not may_be_async and is_async(given):
            raise RequestValidationError(
                "stream_url is an async function, which AsyncTrioClient alone can await.",
                advice="Pass a plain function.",
                field="stream_url",
                value=given,
            )

    @property
    def known(self) -> str | None:
        """The address, if it is known."""
        return None if self.url == _NOT_ASKED_YET else self.url

    def answered(self, value: object) -> RequestValidationError | None:
        """Take what the function returned; return the error of what is no text."""
        if isinstance(value, str):
            self.url = value
            return None
        if iscoroutine(value):
            value.close()
        return RequestValidationError(
            f"The function stream_url returned {kind_of(value)}; it must return the address as text.",
            field="stream_url",
            value=None,
        )


def function_failed(error: Exception) -> StreamUnavailableError:
    """Return what it means that the function raised: the stream cannot be watched at the moment."""
    text = f"The function stream_url raised {type(error).__name__}: {preview(str(error))}."
    failed = StreamUnavailableError(text, status_code=0)
    failed.problem = text
    failed.__cause__ = error.with_traceback(None)
    return failed
