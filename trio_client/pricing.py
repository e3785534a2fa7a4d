"""What calls and jobs cost, by the published prices.

The prices are those of the vendor's own agent skill, March 2026: one credit is 0.01 USD; a check costs one credit,
a monitor or a digest two credits a minute. `hybrid` input costs more by an amount that is not published; what
`analyze_frame` costs is not published either. No endpoint tells the balance, so an estimate is all there can be.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Final, Literal, TypeAlias

from ._redaction import preview
from .errors import RequestValidationError

__all__ = ["PRICES_USD", "Kind", "estimate_usd", "price_per_minute_usd"]

Kind: TypeAlias = Literal["check-once", "live-monitor", "live-digest"]

PRICES_USD: Final[dict[str, float]] = {"check-once": 0.01, "live-monitor": 0.02, "live-digest": 0.02}
"""US dollars for one check, or for one minute of a job."""
_BY_THE_MINUTE = ("live-monitor", "live-digest")


def price_per_minute_usd(kind: Kind, *, input_mode: str | None = None, override: float | None = None) -> float:
    """Return what a minute of a job costs, in US dollars.

    Args:
        kind: `live-monitor` or `live-digest`.
        input_mode: the job's input mode; `hybrid` has no published price.
        override: the caller's own price, in US dollars a minute, which wins.

    Raises:
        RequestValidationError: there is no such kind of job, or its mode has no published price and no other was given.

    Example:
        >>> price_per_minute_usd("live-monitor")
        0.02
    """
    return _minute(kind, input_mode, override)


def _minute(kind: str, input_mode: str | None, override: float | None) -> float:
    if kind not in _BY_THE_MINUTE:
        raise _unknown(kind, _BY_THE_MINUTE)
    if override is not None:
        if not override > 0:
            raise RequestValidationError(
                f"price_per_minute_usd is {override!r}; it must be a positive number of US dollars.",
                field="price_per_minute_usd",
                value=override,
            )
        return override
    if input_mode == "hybrid":
        raise RequestValidationError(
            "input_mode 'hybrid' costs more than the published price, by an unknown amount.",
            advice="Pass price_per_minute_usd.",
            field="price_per_minute_usd",
            value=None,
        )
    return PRICES_USD[kind]


def _unknown(kind: object, known: Collection[str]) -> RequestValidationError:
    words = ", ".join(repr(word) for word in known)
    return RequestValidationError(
        f"kind is {preview(repr(kind))}; there are published prices for {words} only.", field="kind", value=kind
    )


def estimate_usd(
    kind: Kind,
    *,
    minutes: float = 0,
    checks: int = 0,
    input_mode: str | None = None,
    price_per_minute_usd: float | None = None,
) -> float:
    """Return what something costs by the published prices, in US dollars.

    Args:
        kind: `check-once`, `live-monitor` or `live-digest`.
        minutes: how long a job runs; each begun minute counts.
        checks: how many checks are made.
        input_mode: the job's input mode; `hybrid` needs a price from you.
        price_per_minute_usd: your own price for a minute of a job, in US dollars.

    Returns:
        The estimate.

    Raises:
        RequestValidationError: there is no published price for it, an amount is negative, or it is of what the kind is
            not paid by: a check has no minutes.

    Example:
        >>> estimate_usd("live-monitor", minutes=90)
        1.8
        >>> estimate_usd("check-once", checks=50)
        0.5

    Source: the vendor's agent skill, March 2026.
    """
    for name, amount in (("minutes", minutes), ("checks", checks)):
        if not amount >= 0:
            raise RequestValidationError(f"{name} is {amount!r}; it must be 0 or more.", field=name, value=amount)
    if kind not in PRICES_USD:
        raise _unknown(kind, PRICES_USD)
    by, other, amount = ("checks", "minutes", minutes) if kind == "check-once" else ("minutes", "checks", checks)
    if amount:
        raise RequestValidationError(
            f"{other} is {amount!r}, and a {kind} is paid by its {by}.", field=other, value=amount, advice="Pass those."
        )
    if kind == "check-once":
        return round(checks * PRICES_USD[kind], 6)
    return round(math.ceil(minutes) * _minute(kind, input_mode, price_per_minute_usd), 6)
