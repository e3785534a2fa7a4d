"""What was measured: one scenario, round by round, for each that took part."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from .budgets import BUDGETS
from .contenders import OURS


@dataclass(frozen=True)
class Plan:
    """How much is to be measured: the whole, or quickly what has a budget."""

    quick: bool = False
    only: str = ""

    def wants(self, scenario: str) -> bool:
        return self.only in scenario and not (self.quick and scenario not in BUDGETS)

    def rounds(self, number: int) -> int:
        return (number + 2) // 4 if self.quick else number


@dataclass(frozen=True)
class Measured:
    """The values of the rounds by contender, this client among them, and a sentence on what they are."""

    scenario: str
    unit: str
    values: dict[str, list[float]]
    note: str

    def as_json(self) -> dict[str, Any]:
        """Return the medians, the ratios of this client to each other round by round, and the budgets."""
        ours = self.values[OURS]
        ratios = {
            name: sorted(mine / other for mine, other in zip(ours, theirs, strict=False))
            for name, theirs in self.values.items()
            if name != OURS
        }
        return {
            "name": self.scenario,
            "unit": self.unit,
            "note": self.note,
            "medians": {name: figure(statistics.median(values)) for name, values in self.values.items()},
            "ratios": {
                name: {"median": figure(statistics.median(found)), "spread": [figure(found[0]), figure(found[-1])]}
                for name, found in ratios.items()
            },
            "budgets": BUDGETS.get(self.scenario, {}),
        }


def rows_of(part: str, plan: Plan) -> list[dict[str, Any]]:
    """Return the rows of one part; this runs in a process that has imported nothing for the others."""
    return [row.as_json() for row in import_module(part).measure(plan)]


def figure(value: float) -> float:
    """Return the value with as many digits as it is worth."""
    return float(f"{value:.4g}")


def exceeded(row: dict[str, Any]) -> list[str]:
    """Return the names whose budget is exceeded in a row of results: of ratios, of an own value, or of exponents."""
    found = dict(row.get("exponents", {}))
    if "medians" in row:
        found = {OURS: row["medians"][OURS]} | {name: ratio["median"] for name, ratio in row["ratios"].items()}
    return [name for name, budget in row["budgets"].items() if name in found and found[name] > budget]
