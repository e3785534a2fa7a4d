"""How an event stream is sent, and how a test makes it misbehave. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Dialect", "LineEnd", "StreamScript"]

Dialect = Literal["A", "B", "C", "D"]
LineEnd = Literal["lf", "cr", "crlf"]


@dataclass(frozen=True)
class StreamScript:
    """The misbehavior of one event stream; the fields are those of `Fault` with the same names.

    Args:
        drop_after_events: end the connection after this many events.
        silent_after_events: send this many events and then no more.
        omit_terminal: leave out the `stopped` or `error` event.
        dialect: how events are named.
        line_end: how lines end.
        bom: start with a byte order mark.
        split_at: send each event in two pieces, the first of this many bytes.
    """

    drop_after_events: int | None = None
    silent_after_events: int | None = None
    omit_terminal: bool = False
    dialect: Dialect = "A"
    line_end: LineEnd = "lf"
    bom: bool = False
    split_at: int | None = None

    def drops_after(self, sent: int) -> bool:
        """Whether the connection ends after this many events."""
        return sent == self.drop_after_events

    def silent_after(self, sent: int) -> bool:
        """Whether no more is sent after this many events."""
        return self.silent_after_events is not None and sent >= self.silent_after_events
