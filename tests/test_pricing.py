"""What things cost, by the published prices."""

from __future__ import annotations

from typing import Any

import pytest

from trio_client import RequestValidationError
from trio_client.pricing import estimate_usd, price_per_minute_usd


@pytest.mark.parametrize(
    ("kind", "arguments", "usd"),
    [
        ("live-monitor", {"minutes": 90}, 1.8),
        ("live-digest", {"minutes": 0.1}, 0.02),
        ("check-once", {"checks": 50}, 0.5),
        ("live-monitor", {"minutes": 2, "input_mode": "hybrid", "price_per_minute_usd": 0.05}, 0.1),
        ("live-monitor", {}, 0.0),
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
        ("live-monitor", {"minutes": 5, "input_mode": "hybrid"}, "price_per_minute_usd"),
        ("live-monitor", {"minutes": 5, "price_per_minute_usd": 0}, "price_per_minute_usd"),
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
