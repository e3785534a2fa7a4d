"""What is known of one failed attempt, and whether it may be made again.

The kinds follow what is *known*, not what is likely: a request of which a byte may have been written
and which brought no usable answer may have been carried out.
"""

from __future__ import annotations

import enum

from ...errors import (
    APIConnectionError,
    APIStatusError,
    ConfigurationError,
    MaxJobsReachedError,
    RateLimitError,
    RequestValidationError,
    TrioError,
)
from ..config import RetryPolicy

__all__ = ["Effect", "FailureKind", "classify", "may_repeat"]


class FailureKind(enum.Enum):
    """What kind of failure one attempt had."""

    NOT_SENT = "not sent"
    PERMANENT = "permanent"
    REFUSED = "refused before work"
    DEFINITE = "definite no"
    AMBIGUOUS = "ambiguous"


class Effect(enum.Enum):
    """What a request does to the server, and so what a repetition would do."""

    SAFE = "safe"
    """Reads, and stops: again is as good as once."""
    BILLED = "billed"
    """Costs its user a little each time: `check_once`, `analyze_frame`."""
    ONCE = "once"
    """Makes something: again may make it twice."""


_REFUSED_STATUSES = frozenset({408, 425, 429})


def classify(error: TrioError) -> FailureKind:
    """Return the kind of a failed attempt from the error that describes it."""
    if isinstance(error, APIConnectionError):
        if error.request_sent is not False:
            return FailureKind.AMBIGUOUS
        return FailureKind.PERMANENT if error.permanent else FailureKind.NOT_SENT
    if isinstance(error, (ConfigurationError, RequestValidationError)):
        return FailureKind.PERMANENT
    if isinstance(error, MaxJobsReachedError):
        return FailureKind.DEFINITE
    if isinstance(error, APIStatusError):
        return _classify_status(error.status_code, has_retry_after=error.retry_after is not None)
    return FailureKind.AMBIGUOUS


def _classify_status(status: int, *, has_retry_after: bool) -> FailureKind:
    if status in _REFUSED_STATUSES or (status == 503 and has_retry_after):
        return FailureKind.REFUSED
    # A 4xx is a refusal, also an undocumented one; redirects and failures in the middle of the work are not.
    return FailureKind.DEFINITE if 400 <= status < 500 else FailureKind.AMBIGUOUS


def may_repeat(error: TrioError, effect: Effect, policy: RetryPolicy) -> bool:
    """Return whether a request with this effect may be sent again after this failure."""
    kind = classify(error)
    if kind in (FailureKind.PERMANENT, FailureKind.DEFINITE):
        return False
    if kind is FailureKind.NOT_SENT:
        return True
    if effect is Effect.BILLED:
        return policy.retry_billed or isinstance(error, RateLimitError)
    if kind is FailureKind.REFUSED:
        return True
    return effect is Effect.SAFE and _is_worth_repeating(error)


def _is_worth_repeating(error: TrioError) -> bool:
    """An unexpected status such as a redirect will not change by asking again; a failure may."""
    return not isinstance(error, APIStatusError) or error.status_code >= 500
