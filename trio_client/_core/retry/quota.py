"""A budget for the retries of a whole client."""

from __future__ import annotations

import threading

from .outcome import Outcome

__all__ = ["RetryQuota"]


class RetryQuota:
    """Bound the retries of a whole client, so that an outage does not multiply its load.

    Each retry takes tokens, more for a failure than for a refusal; a success gives tokens back. When they are
    used up, failures are raised at once until successes return. Safe across threads.
    """

    __slots__ = ("_capacity", "_lock", "_tokens")

    COST = 14
    COST_WHEN_REFUSED = 5
    CAPACITY = 500

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = self._tokens = capacity
        self._lock = threading.Lock()

    def take(self, outcome: Outcome) -> bool:
        """Take the tokens of one retry; return whether there were enough."""
        cost = self.COST_WHEN_REFUSED if outcome is Outcome.REFUSED else self.COST
        with self._lock:
            if self._tokens < cost:
                return False
            self._tokens -= cost
            return True

    def give_back(self, retries: int) -> None:
        """Return tokens after a success that took `retries` retries."""
        if not retries and self._tokens >= self._capacity:
            return  # the usual case, without the lock
        with self._lock:
            self._tokens = min(self._capacity, self._tokens + (retries * self.COST or 1))
