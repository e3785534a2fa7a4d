"""Where tracing takes part in the calls of a client, as `contrib.otel` does."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from .call import Call
from .config import Settings
from .hooks import CallInfo

__all__ = ["CallSpan", "Spans"]


class CallSpan(Protocol):
    """The span of one call or event stream."""

    def current(self) -> AbstractContextManager[object]:
        """Return a block in which it is the current span; an error that leaves the block fails and ends it."""
        ...

    def fail(self, error: BaseException) -> None:
        """Record an error."""
        ...

    def end(self, result: object = None) -> None:
        """End it, with the result of the call if it has one."""
        ...


class Spans(Protocol):
    """Makes the spans of a client; `ClientState.spans` holds one."""

    def start(self, call: Call[Any], settings: Settings) -> CallSpan:
        """Start the span of a call before its first attempt."""
        ...

    def note_reply(self, info: CallInfo) -> None:
        """Record a reply on the current span."""
        ...

    def note_retry(self, info: CallInfo) -> None:
        """Record on the current span that another attempt follows."""
        ...
