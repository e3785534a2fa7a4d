"""How long to wait before a retry: exponential backoff, and what the server's Retry-After asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ..._times import http_date
from ..config import RetryPolicy

__all__ = ["backoff", "retry_after"]

_DIGITS = re.compile(r"[0-9]{1,300}(?:\.[0-9]{1,9})?")  # as a float it is finite


def backoff(policy: RetryPolicy, failures: int, rand: Callable[[], float]) -> float:
    """Return how many seconds to wait after N failures: full jitter under a doubling bound."""
    bound = min(policy.base_delay * 2.0 ** min(failures - 1, 60), policy.max_delay)
    return rand() * bound


def retry_after(headers: Mapping[str, str], *, wall_clock: float) -> float | None:
    """Return the wait a reply asks for, in seconds, or `None` where it asks for none that makes sense.

    A date is read against the reply's own `Date`, so that a wrong clock on either side does not matter.
    """
    text = headers.get("retry-after", "").strip()
    if _DIGITS.fullmatch(text):
        return float(text)
    until = http_date(text)
    if until is None:
        return None
    now = http_date(headers.get("date", ""))
    seconds = until - (wall_clock if now is None else now)
    return seconds if seconds > 0 else None
