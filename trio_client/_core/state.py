"""What one client and its copies with other options learn and share."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from .._time_source import TimeSource, current
from .._times import http_date
from ..errors import ConfigurationError
from .ownership import Ledger
from .retry.backoff import RetryQuota
from .slot_queue import SlotQueue

if TYPE_CHECKING:
    from .spans import Spans

__all__ = ["ClientState", "OpenStreams"]

_MOST_IDS = 1000
_DATE_LAG = timedelta(seconds=2)
_SHORTEST_STOP = 0.5  # seconds: what a stop gets though the time is up


class OpenStreams:
    """Streams that were opened and are not closed yet, also while their jobs are being stopped.

    It does not keep them alive: one that the program has dropped can be noticed.
    """

    def __init__(self) -> None:
        self._streams: dict[int, tuple[weakref.ref[Any], object]] = {}

    def add(self, stream: object, owner: object) -> None:
        """Note an open stream, and the event loop or the process that it belongs to."""
        number = id(stream)
        reference = weakref.ref(stream, lambda _: self._streams.pop(number, None))
        self._streams[number] = reference, owner

    def discard(self, stream: object) -> None:
        """Note that a stream is closed, and its job stopped or left running."""
        self._streams.pop(id(stream), None)

    def __contains__(self, stream: object) -> bool:
        return id(stream) in self._streams

    def __bool__(self) -> bool:
        return bool(self._streams)

    def of(self, owner: object) -> list[Any]:
        """Return the open streams of an event loop, or of this process."""
        found = [reference() for reference, each in list(self._streams.values()) if each == owner]
        return [stream for stream in found if stream is not None]


@dataclass(slots=True)
class ClientState:
    """The memory of a client."""

    quota: RetryQuota = field(default_factory=RetryQuota)
    ledger: Ledger = field(default_factory=Ledger)
    """Which job in the list is whose."""
    open_streams: OpenStreams = field(default_factory=OpenStreams)
    slots: SlotQueue = field(default_factory=SlotQueue)
    """Which of its streams probes for a free job slot."""
    stop_until: float | None = None
    """When the stops are to be over, by the client's clock, once the client is being closed."""
    closed: bool = False
    """Whether the client was closed; cleaning up goes on all the same."""
    cleaning: bool = False
    """Whether jobs are being stopped, for which the last key is used as long as it is taken."""
    last_date: tuple[str, float] | None = None
    """The newest reply's `Date`, and when it came, by the ledger's clock."""
    own_time: TimeSource | None = None
    """What this client goes by instead of the process's time source."""
    spans: Spans | None = None
    """What makes a span for each call."""
    async_http_client: Callable[[], object] | None = None
    """Makes the HTTP client that an event loop of its own sends through; set where a test kit answers."""

    mistaken_ids: set[str] = field(default_factory=set[str])
    """The jobs about which it was logged that a reply was about another."""

    def is_first_mistake(self, job_id: str) -> bool:
        """Return whether a reply about another job than this one is to be logged: once for each job is enough."""
        if len(self.mistaken_ids) >= _MOST_IDS:
            self.mistaken_ids.clear()
        known = job_id in self.mistaken_ids
        self.mistaken_ids.add(job_id)
        return not known

    @property
    def time(self) -> TimeSource:
        """The time source that every wait and deadline of the client asks."""
        return self.own_time or current()

    def check_open(self) -> None:
        """Raise ConfigurationError if the client was closed."""
        if self.closed:
            raise ConfigurationError(
                "This client is closed.", advice="Make the call before close(), or use a new client."
            )

    def stop_seconds(self, longest: float) -> float:
        """Return how long a stop may take: less while the client is being closed."""
        left = longest if self.stop_until is None else self.stop_until - self.time.monotonic()
        return min(longest, max(_SHORTEST_STOP, left))

    def for_cleanup(self) -> ClientState:
        """Return a state for cleaning up, which goes on after close() and when the client's retries are used up."""
        return replace(self, cleaning=True, closed=False, quota=RetryQuota())

    def server_now(self) -> datetime:
        """Return what the server's clock says now, as far as its replies say.

        They give whole seconds, cut off, and servers keep that text for up to a second. Where this machine's clock
        may be right by that, it is believed.
        """
        now = datetime.fromtimestamp(self.time.wall_clock(), timezone.utc)
        least = self.server_time(self.ledger.clock())
        return now if least is None else min(max(now, least), least + _DATE_LAG)

    def server_time(self, moment: float) -> datetime | None:
        """Return what the server's clock said at a moment of the ledger's clock; `None` if no reply says."""
        text, received = self.last_date or ("", 0.0)
        sent = http_date(text)
        return (
            None if sent is None else datetime.fromtimestamp(sent, timezone.utc) + timedelta(seconds=moment - received)
        )
