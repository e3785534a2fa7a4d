"""What one client and its copies with other options learn and share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from .._times import http_date
from ..errors import ConfigurationError
from .retry.quota import RetryQuota

if TYPE_CHECKING:
    from .creation import Intent

__all__ = ["ClientState"]

_DATE_LAG = 2.0  # seconds


@dataclass(slots=True)
class ClientState:
    """The memory of a client."""

    quota: RetryQuota = field(default_factory=RetryQuota)
    owned: set[str] = field(default_factory=set[str])
    """Ids of the jobs this client made, or stopped as its own: a job that is looked for is none of them."""
    nameless: dict[str, Intent] = field(default_factory=dict[str, "Intent"])
    """What made the jobs of open streams that have not named them yet, by reference: none is another create's job."""
    given_up: dict[str, Intent] = field(default_factory=dict[str, "Intent"])
    """What made the jobs that are looked for at the moment to be stopped, by reference."""
    closed: bool = False
    """Whether the client was closed; cleaning up goes on all the same."""
    last_date: tuple[str, float] | None = None
    """The newest reply's `Date`, and this machine's time when it came."""

    def check_open(self) -> None:
        """Raise ConfigurationError if the client was closed."""
        if self.closed:
            raise ConfigurationError(
                "This client is closed.", advice="Make the call before close(), or use a new client."
            )

    def for_cleanup(self) -> ClientState:
        """Return a state for cleaning up, which goes on after close() and when the client's retries are used up."""
        return ClientState(owned=self.owned, nameless=self.nameless, given_up=self.given_up, last_date=self.last_date)

    def server_now(self) -> datetime:
        """Return what the server's clock says now, as far as its replies tell.

        They tell whole seconds, cut off, and servers keep that text for up to a second: a clock that may be right is.
        """
        now = datetime.now(timezone.utc)
        if self.last_date is None:
            return now
        text, received = self.last_date
        sent = http_date(text)
        if sent is None:
            return now
        least = sent - received
        return now + timedelta(seconds=max(least, min(0.0, least + _DATE_LAG)))
