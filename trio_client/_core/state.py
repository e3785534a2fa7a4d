"""What one client and its copies with other options learn and share."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .._time_source import TimeSource, current
from .._times import DATE_LAG, reply_time
from ..errors import ConfigurationError
from .ownership import Ledger
from .retry.backoff import RetryQuota
from .slot_queue import SlotQueue

if TYPE_CHECKING:
    from .spans import Spans

__all__ = ["ClientState", "OpenStreams", "ServerClock"]

_MOST_IDS = 1000
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


class ServerClock:
    """What the `Date` of a server's replies says about its clock, in seconds since the epoch.

    A Date is the time at some moment of its call, so that a reply which arrives late says little. What several say is
    put together; where they contradict each other, a clock was set, and the newest counts.
    """

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: tuple[str, float, float] | None = None  # the newest Date; the least and most ahead of our clock

    def note(self, headers: Mapping[str, str], *, sent: float, received: float) -> None:
        """Note a reply, and when its request was sent and it had arrived, by our clock."""
        date, known = headers.get("date", ""), self._known
        if known is not None and date == known[0]:
            return
        moment = reply_time(headers)
        if moment is None:
            return
        least, most = moment - received, moment + DATE_LAG.total_seconds() - sent
        if known is not None and least <= known[2] and known[1] <= most:
            least, most = max(least, known[1]), min(most, known[2])
        self._known = date, least, most

    def least(self, moment: float) -> float | None:
        """Return the earliest that the server's clock was at a moment of ours; `None`: no reply says."""
        return None if self._known is None else moment + self._known[1]

    def most(self, moment: float) -> float | None:
        """Return the latest that the server's clock was at a moment of ours; `None`: no reply says."""
        return None if self._known is None else moment + self._known[2]

    def nearest(self, time: float, moment: float) -> float:
        """Return what is nearest to a time of what the server's clock may have been at a moment of ours."""
        return time if self._known is None else min(max(time, moment + self._known[1]), moment + self._known[2])


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
    server_clock: ServerClock = field(default_factory=ServerClock)
    """What the `Date` of replies says, by the ledger's clock."""
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

        Where this machine's clock may be right by them, it is believed.
        """
        here = self.time.wall_clock()
        return datetime.fromtimestamp(self.server_clock.nearest(here, self.ledger.clock()), timezone.utc)

    def earliest_server_time(self, moment: float) -> datetime | None:
        """Return the earliest that the server's clock was at a moment of the ledger's; `None`: no reply says."""
        return _time_or_none(self.server_clock.least(moment))

    def latest_server_time(self, moment: float) -> datetime | None:
        """Return the latest that the server's clock was at a moment of the ledger's; `None`: no reply says."""
        return _time_or_none(self.server_clock.most(moment))


def _time_or_none(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)
