"""The events of one job, as its readers get them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

__all__ = ["JobEvent", "JobEvents"]

# A stream must get every event even if its reader is slow; the others are only shown to a person.
STREAMED_EVENTS_KEPT = 20_000
EVENTS_KEPT = 16


@dataclass(frozen=True)
class JobEvent:
    """One event of a job, under its SSE name."""

    name: str
    timestamp: str
    data: dict[str, Any]
    terminal: bool = False


class JobEvents:
    """The latest events, oldest first, how many there were in all, and how often their streams were dropped."""

    def __init__(self, *, streamed: bool) -> None:
        self._kept: deque[JobEvent] = deque(maxlen=STREAMED_EVENTS_KEPT if streamed else EVENTS_KEPT)
        self.count: int = 0
        self.drops: int = 0

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, index: int) -> JobEvent:
        return self._kept[index]

    def __reversed__(self) -> Iterator[JobEvent]:
        return reversed(self._kept)

    def append(self, event: JobEvent) -> None:
        """Add the newest event."""
        self._kept.append(event)
        self.count += 1

    def since(self, index: int) -> tuple[list[JobEvent], int]:
        """The events after the first `index` ones that are still kept, and the index to ask with next."""
        newest_first = list(islice(reversed(self._kept), max(0, self.count - index)))
        return newest_first[::-1], self.count

    def shorten(self) -> None:
        """Keep only the latest events from now on: a stream that was left cannot be entered again."""
        self._kept = deque(self._kept, maxlen=EVENTS_KEPT)
