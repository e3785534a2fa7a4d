"""The published prices of calls and jobs.

They are those of the vendor's own agent skill, March 2026: one credit is 0.01 USD; a check costs one credit, a monitor
or a digest two credits a minute. The surcharge for `hybrid` input and the price of `analyze_frame` are not published.
No endpoint reports the balance, so costs can only be estimated.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timezone
from typing import Final, Literal, TypeAlias

import trio_client

from ._numbers import not_negative, plain, positive_limit
from ._redaction import preview
from ._response_info import response_info
from ._times import http_date
from .errors import RequestValidationError

__all__ = ["PRICES_USD", "Kind", "cost_of", "estimate_usd", "price_per_minute_usd"]

Kind: TypeAlias = Literal["check-once", "live-monitor", "live-digest"]

PRICES_USD: Final[dict[str, float]] = {"check-once": 0.01, "live-monitor": 0.02, "live-digest": 0.02}
"""US dollars for one check, or for one minute of a job."""
_BY_THE_MINUTE = ("live-monitor", "live-digest")


def price_per_minute_usd(kind: Kind, *, input_mode: str | None = None, override: float | None = None) -> float:
    """Return the price of a minute of a job, in US dollars.

    Args:
        kind: `live-monitor` or `live-digest`.
        input_mode: the job's input mode; `hybrid` has no published price.
        override: your price per minute in US dollars, used instead of the published one.

    Raises:
        RequestValidationError: the kind is unknown, or its mode has no published price and none was given.

    Example:
        >>> price_per_minute_usd("live-monitor")
        0.02
    """
    return _minute(kind, input_mode, override)


def _minute(kind: str, input_mode: str | None, override: float | None) -> float:
    if kind not in _BY_THE_MINUTE:
        raise _unknown(kind, _BY_THE_MINUTE)
    if override is not None:
        price: float = plain(override)
        advice = "Leave it out for the published price."
        positive_limit("price_per_minute_usd", price, "US dollars", advice=advice)
        return price
    if input_mode == "hybrid":
        raise RequestValidationError(
            "input_mode 'hybrid' costs more than the published price, by an unknown amount.",
            advice="Pass price_per_minute_usd.",
            field="price_per_minute_usd",
            value=None,
        )
    return PRICES_USD[kind]


def _unknown(kind: object, known: Collection[str]) -> RequestValidationError:
    known_kinds = ", ".join(map(repr, known))
    return RequestValidationError(
        f"kind is {preview(repr(kind))}; only {known_kinds} have published prices.", field="kind", value=kind
    )


def estimate_usd(
    kind: Kind,
    *,
    minutes: float = 0,
    checks: int = 0,
    input_mode: str | None = None,
    price_per_minute_usd: float | None = None,
) -> float:
    """Return the cost of checks or of a job by the published prices, in US dollars.

    Args:
        kind: `check-once`, `live-monitor` or `live-digest`.
        minutes: how long a job runs, rounded up to full minutes.
        checks: the number of checks.
        input_mode: the job's input mode; `hybrid` needs `price_per_minute_usd`.
        price_per_minute_usd: your price per minute in US dollars, if it differs from the published price.

    Returns:
        The estimate.

    Raises:
        RequestValidationError: there is no published price, an amount is negative or infinite, or the kind is not
            billed by it: a check has no minutes.

    Example:
        >>> estimate_usd("live-monitor", minutes=90)
        1.8
        >>> estimate_usd("check-once", checks=50)
        0.5

    Source: the vendor's agent skill, March 2026.
    """
    minutes, checks = plain(minutes), plain(checks)
    for name, amount in (("minutes", minutes), ("checks", checks)):
        not_negative(name, amount, name, finite=True)
    if kind not in PRICES_USD:
        raise _unknown(kind, PRICES_USD)
    by, other, amount = ("checks", "minutes", minutes) if kind == "check-once" else ("minutes", "checks", checks)
    if amount:
        raise RequestValidationError(
            f"{other} is {amount!r}, and a {kind} is billed by its {by}.",
            field=other,
            value=amount,
            advice="Pass those.",
        )
    if kind == "check-once":
        return round(checks * PRICES_USD[kind], 6)
    return round(math.ceil(minutes) * _minute(kind, input_mode, price_per_minute_usd), 6)


def cost_of(job: trio_client.Job | trio_client.JobDetail) -> float | None:
    """Return what a job has cost so far by the published prices, in US dollars: its begun minutes.

    Args:
        job: a job of a list, or one in detail. Whether its mode is `hybrid` may be known of the latter alone.

    Returns:
        The estimate; `None` for a job in `hybrid` mode or of an unknown type, or where it is not known how long it ran.

    Example:
        >>> from trio_client.models import Job
        >>> job = Job(job_id="a", job_type="live-monitor", status="stopped", stats={"elapsed_seconds": 61})
        >>> cost_of(job)
        0.04

    Source: the vendor's agent skill, March 2026; the API's "Job statistics" guide (`elapsed_seconds`).
    """
    price = PRICES_USD.get(job.job_type or "live-monitor") if job.job_type in (None, *_BY_THE_MINUTE) else None
    mode = job.config.input_mode if job.config is not None else None
    seconds = _elapsed(job)
    if price is None or seconds is None or "hybrid" in (mode, (job.details or {}).get("input_mode")):
        return None
    return round(max(1, math.ceil(seconds / 60)) * price, 6)


def _elapsed(job: trio_client.Job | trio_client.JobDetail) -> float | None:
    """Return how many seconds a job has run: as counted, or of a running one since it was made."""
    counted = job.counters.elapsed_seconds
    if counted is not None and math.isfinite(counted) and counted >= 0:
        return counted
    made = job.created_time
    if job.status != "running" or made is None:
        return None
    now = datetime.now(timezone.utc)
    with suppress(LookupError):  # by the server's clock, where the job is a reply of its own
        replied = http_date(response_info(job).headers.get("date", ""))
        now = now if replied is None else datetime.fromtimestamp(replied, timezone.utc)
    return max(0.0, (now - made).total_seconds())
