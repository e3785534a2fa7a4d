"""What things cost, by the published prices."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from trio_client import RequestValidationError
from trio_client.models import Job, JobDetail
from trio_client.pricing import cost_of, estimate_usd, price_per_minute_usd


@pytest.mark.parametrize(
    ("kind", "arguments", "usd"),
    [
        ("live-monitor", {"minutes": 90}, 1.8),
        ("live-digest", {"minutes": 0.1}, 0.02),
        ("check-once", {"checks": 50}, 0.5),
        ("live-monitor", {"minutes": 2, "input_mode": "hybrid", "price_per_minute_usd": 0.05}, 0.1),
        ("live-monitor", {}, 0.0),
        ("live-monitor", {"minutes": Fraction(5, 2)}, 0.06),  # a number of another library, as numpy's are
    ],
)
def test_an_estimate_is_the_published_price_times_what_is_used(kind: Any, arguments: Any, usd: float) -> None:
    assert usd == estimate_usd(kind, **arguments)


@pytest.mark.parametrize(
    ("kind", "arguments", "field"),
    [
        ("live_monitor", {"minutes": 5}, "kind"),
        ("analyze-frame", {"checks": 5}, "kind"),
        ("live-monitor", {"checks": 5}, "checks"),
        ("check-once", {"minutes": 5}, "minutes"),
        ("live-monitor", {"minutes": -1}, "minutes"),
        ("live-monitor", {"minutes": math.inf}, "minutes"),
        ("live-monitor", {"minutes": math.nan}, "minutes"),
        ("live-monitor", {"minutes": 5, "input_mode": "hybrid"}, "price_per_minute_usd"),
        *(("live-monitor", {"minutes": value}, "minutes") for value in ("3", True, None, 10**400)),
        *(("check-once", {"checks": value}, "checks") for value in ("3", True, 10**400)),
        *(
            ("live-monitor", {"minutes": 5, "price_per_minute_usd": value}, "price_per_minute_usd")
            for value in (0, "0.1", True, math.inf, 10**400)
        ),
    ],
)
def test_what_has_no_published_price_is_named(kind: Any, arguments: Any, field: str) -> None:
    with pytest.raises(RequestValidationError) as caught:
        estimate_usd(kind, **arguments)
    assert field == caught.value.field


def test_a_check_has_no_price_by_the_minute() -> None:
    kind: Any = "check-once"
    with pytest.raises(RequestValidationError, match=r"only 'live-monitor', 'live-digest' have published prices"):
        price_per_minute_usd(kind)


def job(kind: str | None = "live-monitor", **fields: Any) -> JobDetail:
    return JobDetail.model_validate({"job_id": "a", "job_type": kind, "status": "stopped", **fields})


@pytest.mark.parametrize(
    ("fields", "usd"),
    [
        ({"stats": {"elapsed_seconds": 60}}, 0.02),
        ({"stats": {"elapsed_seconds": 60.5}}, 0.04),
        ({"stats": {"elapsed_seconds": 2}}, 0.02),
        ({"details": {"elapsed_seconds": "90"}}, 0.04),
        ({"stats": {"elapsed_seconds": 600}, "status": "running"}, 0.2),
        ({"stats": {"elapsed_seconds": 600}, "config": {"input_mode": "hybrid"}}, None),
        ({"details": {"elapsed_seconds": 600, "input_mode": "hybrid"}}, None),
        ({"stats": {"elapsed_seconds": None}}, None),
        ({"stats": {"elapsed_seconds": -1}}, None),
        ({"created_at": "2026-01-01T00:00:00Z"}, None),
        ({"kind": "live-digest", "stats": {"elapsed_seconds": 61}}, 0.04),
        ({"kind": "live-something", "stats": {"elapsed_seconds": 61}}, None),
    ],
)
def test_a_job_costs_its_begun_minutes(fields: dict[str, Any], usd: float | None) -> None:
    assert cost_of(job(**fields)) == usd


def test_a_job_that_runs_costs_the_minutes_since_it_was_made() -> None:
    made = (datetime.now(timezone.utc) - timedelta(seconds=150)).isoformat()
    assert cost_of(Job(job_id="a", job_type="live-monitor", status="running", created_at=made)) == 0.06
    assert cost_of(Job(job_id="a", job_type="live-monitor", status="pending", created_at=made)) is None


def test_money_may_be_decimal() -> None:
    price: Any = Decimal("0.05")
    minutes: Any = Decimal("2.5")
    assert (0.15, 0.05) == (
        estimate_usd("live-monitor", minutes=minutes, price_per_minute_usd=price),
        price_per_minute_usd("live-monitor", override=price),
    )
    with pytest.raises(RequestValidationError, match="minutes"):
        estimate_usd("live-monitor", minutes=Decimal("sNaN"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
