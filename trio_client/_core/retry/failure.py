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

__all__ = ["Effect", "FailureKind", "classify", "is_refusal", "is_worth_repeating", "may_repeat"]


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
_CUT_OFF_STATUSES = frozenset({444, 460, 499})
"""What proxies report where they, or the side that asked, hung up on a request that had been passed on.

444 and 499 are nginx's, and 499 is what gateways make of gRPC's CANCELLED; 460 is of AWS load balancers. Every other
4xx is written instead of passing the request on or carrying it out: 421 by RFC 9110 (15.5.20), 494 to 497 (nginx), 463
and 464 (AWS), since the request, or its certificate, was refused. A status of another class may come in the middle of
the work: 520 to 527 and 530 (Cloudflare), 561 (AWS), 529, 598 and 599 too.
"""


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
    return FailureKind.DEFINITE if is_refusal(status) else FailureKind.AMBIGUOUS


def is_refusal(status: int) -> bool:
    """Return whether a status says that the request was certainly not carried out, now or later.

    A 4xx does, also an undocumented one; redirects and failures in the middle of the work do not.
    """
    return 400 <= status < 500 and status not in _CUT_OFF_STATUSES


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
    return effect is Effect.SAFE and is_worth_repeating(error)


def is_worth_repeating(error: TrioError) -> bool:
    """Return whether asking again may help, as after a failure; an unexpected status such as a redirect stays one."""
    return not isinstance(error, APIStatusError) or (error.status_code >= 400 and not is_refusal(error.status_code))
