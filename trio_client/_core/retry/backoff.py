"""Whether to retry a call, and how long to wait before: exponential backoff, the server's Retry-After, a quota."""

from __future__ import annotations

import math
import random
import re
import threading
from collections.abc import Callable, Mapping

from ..._times import http_date
from ...errors import APIStatusError, APITimeoutError, ResponseValidationError, TrioError
from ..config import RetryPolicy
from .failure import Effect, FailureKind, classify, may_repeat

__all__ = ["Attempts", "RetryQuota", "backoff", "lengthened", "retry_after"]

_MOST_UNUSABLE_REPLIES = 2  # one may be a proxy's hiccup; the second is what the server sends
_DIGITS = re.compile(r"[0-9]{1,300}(?:\.[0-9]{1,9})?")  # as a float it is finite


def backoff(policy: RetryPolicy, failures: int, rand: Callable[[], float]) -> float:
    """Return how many seconds to wait after N failures: full jitter under a doubling bound."""
    bound = min(policy.base_delay * 2.0 ** min(failures - 1, 60), policy.max_delay)
    return rand() * bound


def retry_after(headers: Mapping[str, str], *, wall_clock: float) -> float | None:
    """Return the wait a reply asks for, in seconds; `None` where it has neither digits nor a date.

    A date is read against the reply's own `Date`, so that a wrong clock on either side does not matter. One that has
    passed asks for no wait, and yet is there: with it, a 503 says that no work was done.
    """
    text = headers.get("retry-after", "").strip()
    if _DIGITS.fullmatch(text):
        return float(text)
    until = http_date(text)
    if until is None:
        return None
    now = http_date(headers.get("date", ""))
    return max(0.0, until - (wall_clock if now is None else now))


def lengthened(seconds: float, error: TrioError, policy: RetryPolicy) -> float:
    """Return a wait that happens anyway: at least as long as the error's Retry-After, up to `max_retry_after`."""
    asked = error.retry_after if isinstance(error, APIStatusError) else None
    return seconds if asked is None else max(seconds, min(asked, policy.max_retry_after))


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

    def take(self, kind: FailureKind) -> bool:
        """Take the tokens of one retry; return whether there were enough."""
        cost = self.COST_WHEN_REFUSED if kind is FailureKind.REFUSED else self.COST
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


class Attempts:
    """The decisions of one call: retry or raise, and after how long.

    Pure but for the injected clock and random source.
    """

    __slots__ = (
        "_clock",
        "_deadline",
        "_divisible",
        "_effect",
        "_policy",
        "_quota",
        "_rand",
        "ambiguous",
        "made",
        "replied",
        "started",
        "wait",
    )

    def __init__(
        self,
        policy: RetryPolicy,
        effect: Effect,
        quota: RetryQuota,
        *,
        clock: Callable[[], float],
        rand: Callable[[], float] = random.random,
        divisible: bool = False,
    ) -> None:
        self._policy = policy
        self._divisible = divisible
        self._effect = effect
        self._quota = quota
        self._clock = clock
        self._rand = rand
        self.started = clock()
        self._deadline = self.started + policy.deadline
        self.made = 0
        self.replied = 0  # which attempt was the last that got a reply
        self.wait = 0.0
        self.ambiguous = False  # whether an earlier attempt may have been carried out

    @property
    def time_left(self) -> float:
        """Seconds until the call's deadline; never negative."""
        return max(0.0, self._deadline - self._clock())

    @property
    def elapsed(self) -> float:
        """Seconds since the call began."""
        return self._clock() - self.started

    def succeeded(self) -> None:
        """Note the end of the call with a usable reply."""
        self._quota.give_back(self.made - 1)

    def should_retry(self, error: BaseException) -> bool:
        """Return whether to send the request again; `wait` then says after how many seconds."""
        if not isinstance(error, TrioError):
            return False
        error.attempts = self.made
        error.acted_before = self.ambiguous
        self.ambiguous = self.ambiguous or classify(error) is FailureKind.AMBIGUOUS
        if self.made >= self._policy.max_attempts or not may_repeat(error, self._effect, self._policy):
            return False
        if isinstance(error, APITimeoutError) and error.phase == "deadline":
            return False
        if isinstance(error, ResponseValidationError) and (
            self.made >= _MOST_UNUSABLE_REPLIES or (self._divisible and error.field == "max_body_bytes")
        ):
            return False
        wait = self._wait_after(error)
        if wait is None or not self._quota.take(classify(error)):
            return False
        self.wait = wait
        return True

    def _wait_after(self, error: TrioError) -> float | None:
        wait = backoff(self._policy, self.made, self._rand)
        hint = error.retry_after if isinstance(error, APIStatusError) else None
        if hint is not None and math.isfinite(hint):
            if hint > self._policy.max_retry_after:
                return None
            wait = max(wait, hint)
        return wait if wait < self.time_left else None
