"""The page of measurements says what was measured, and what is over its budget stands out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from benchmarks import page
from benchmarks.budgets import BUDGETS
from benchmarks.contenders import OURS
from benchmarks.growth import exponent
from benchmarks.measured import Measured, exceeded
from benchmarks.server import Gate


def measured(name: str, ours: list[float], other: str, theirs: list[float]) -> dict[str, Any]:
    return Measured(name, "µs", {OURS: ours, other: theirs}, "A note.").as_json()


def test_the_ratio_is_the_median_of_the_ratios_round_by_round() -> None:
    row = measured("x", [1, 2, 30], "httpx", [2, 2, 10])
    assert row["ratios"]["httpx"] == {"median": 1, "spread": [0.5, 3]}


@pytest.mark.parametrize(("ours", "over"), [([0.9], []), ([1.1], ["httpx"])])
def test_a_ratio_above_its_budget_is_exceeded_and_bold(ours: list[float], over: list[str]) -> None:
    row = measured("POST, sync", ours, "httpx", [1.0])
    assert exceeded(row) == over
    assert ("**" in page.table([row])[-1]) == bool(over)


def test_a_value_above_its_own_budget_is_exceeded() -> None:
    name = "100,000 jobs, their ids kept"
    assert exceeded(measured(name, [BUDGETS[name][OURS] + 1], "other", [1])) == [OURS]


@pytest.mark.parametrize("slope", [0, 1, 2])
def test_the_exponent_is_the_slope_on_logarithmic_axes(slope: int) -> None:
    assert exponent([(size, 3.0 * size**slope) for size in (1, 10, 100)]) == pytest.approx(slope)


def test_the_gate_holds_streams_until_all_are_open() -> None:
    async def passed() -> tuple[int, int]:
        gate = Gate()
        waiting = [asyncio.ensure_future(gate.wait(3)) for _ in range(2)]
        await asyncio.sleep(0)
        before = sum(one.done() for one in waiting)
        await gate.wait(3)
        await asyncio.gather(*waiting)
        return before, sum(one.done() for one in waiting)

    assert asyncio.run(passed()) == (0, 2)
