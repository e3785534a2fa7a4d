"""Write the pages about performance from benchmarks/results.json.

All measurements go into docs/contributing/measurements.md; the figures and plots of docs/performance.md are replaced.
`python -m benchmarks.page`; with `--check` it only says whether the pages are up to date and every budget was measured.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from . import user_page
from .budgets import BUDGETS
from .contenders import LIBRARIES, OURS
from .measured import exceeded

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "docs" / "contributing" / "measurements.md"
FLAT, LINEAR, EVEN = 0.15, 1.1, 3
_OTHERS = LIBRARIES.keys() - {OURS}  # no straight line fits their curves

INTRODUCTION = """\
All measurements; [Performance](../performance.md) says what they mean for users. This page is written by `python -m
benchmarks.page` from `benchmarks/results.json`, the last run of `make bench`.

**How to read it.** The column `trio_client` is the median of the rounds, in the unit that the row names. Every other
column is a ratio: the cost of this client divided by that of the other in the same round, and of those the median, so
below 1 this client is cheaper. (It is not the quotient of two medians: the machine's speed changes from one
round to the next.) A figure in brackets is the budget, the most that the ratio (or the value) may be; only the median
counts. What is over its budget is bold, and fails `make bench`."""

CAVEATS = """\
## What these numbers are not

- They come from one machine that serves and asks at once, over loopback, without TLS. A real network and the
  service's own time come on top.
- It is processor time of the client's process, not waiting time. What a library leaves to threads counts, what the
  server does does not.
- Seconds differ between machines, and on one machine from one run to the next. Ratios differ less, as the rounds go in
  turn: what disturbs one disturbs the others. Where the machine has other work, a tenth is noise all the same;
  `benchmarks/results.json` has the lowest and the highest ratio of each row.
- The others do less or something else: see the text above each table.

## Measure it yourself

```console
$ make bench        # everything: about five minutes; writes the results and this page
$ make bench-quick  # what has a budget, in fewer rounds: under a minute; writes nothing
```

Both install the other libraries into an environment of their own, `.venvs/bench`. One that is not there is left out,
with a word. `.venvs/bench/bin/python -m benchmarks --only streams` measures what has that text in its name."""


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Return a Markdown table of rows that were measured for the same contenders, or for some of them."""
    others = list(dict.fromkeys(name for row in rows for name in row["ratios"]))
    lines = ["| | unit | " + " | ".join([OURS, *others]) + " |", "|---|---|" + "---:|" * (len(others) + 1)]
    for row in rows:
        values = {OURS: _figure(row["medians"][OURS])}
        values |= {name: f"{ratio['median']:.3g}" for name, ratio in row["ratios"].items()}
        cells = [_cell(name, values, row) for name in (OURS, *others)]
        lines.append(f"| {row['name']} | {row['unit']} | {' | '.join(cells)} |")
    return lines


def _cell(name: str, values: dict[str, str], row: dict[str, Any]) -> str:
    if name not in values:
        return ""
    budget = row["budgets"].get(name)
    cell = values[name] if budget is None else f"{values[name]} (≤ {budget:g})"
    return f"**{cell}**" if name in exceeded(row) else cell


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def _word(exponent: float, points: list[tuple[float, float]]) -> str:
    values = [value for _, value in points]
    if abs(exponent) <= FLAT:
        return "flat" if max(values) < EVEN * min(values) else "uneven"
    if exponent < 0:
        return "falling"
    if exponent > LINEAR:
        return "steeper than linear"
    return "linear" if exponent > 2 - LINEAR else "less than linear"


def text() -> str:
    """Return the page."""
    results = json.loads(RESULTS.read_text("utf-8"))
    machine = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items() if name != OURS)
    lines = [
        "---",
        "search:",
        "  boost: 0.2",
        "---",
        "",
        "# Measurements",
        "",
        INTRODUCTION,
        "",
        f"Measured on {machine['date']}: {machine['processor']}, {machine['cores']} cores, {machine['system']}, "
        f"Python {machine['python']}; {versions}.",
        "",
        "| library | what it does here |",
        "|---|---|",
        *(f"| {library.package} | {library.does} |" for library in LIBRARIES.values()),
    ]
    for part in results["parts"]:
        lines += ["", f"## {part['title']}", "", part["about"], "", *table(part["rows"]), ""]
        lines += [f"- **{row['name']}**: {row['note']}" for row in part["rows"]]
    lines += ["", "## Growth", ""]
    lines += ["The exponent is the slope of the curve on logarithmic axes: 0 is flat, 1 is linear.", ""]
    for curve in results["growth"]:
        exponents = "; ".join(_exponent(curve, name) for name in curve["exponents"] if name not in _OTHERS)
        sizes = [size for size, _ in next(iter(curve["points"].values()))]
        lines += [f"- **{curve['name']}** ({sizes[0]:,} to {sizes[-1]:,}): {exponents}. {curve['note']}"]
    return "\n".join([*lines, "", CAVEATS, ""])


def _exponent(curve: dict[str, Any], name: str) -> str:
    exponent, budget = curve["exponents"][name], curve["budgets"].get(name)
    text = f"{name} {exponent:.2f}" + ("" if budget is None else f" (≤ {budget:g})")
    return (f"**{text}**" if name in exceeded(curve) else text) + f", {_word(exponent, curve['points'][name])}"


def written() -> dict[Path, str]:
    """Return the files that follow from the results."""
    results = json.loads(RESULTS.read_text("utf-8"))
    return {PAGE: text(), user_page.PAGE: user_page.page(results), **user_page.plots(results)}


def write() -> None:
    """Write the pages."""
    for path, content in written().items():
        path.write_text(content, "utf-8")


def unmeasured() -> list[str]:
    """Return the budgets that the results know nothing of."""
    results = json.loads(RESULTS.read_text("utf-8"))
    rows = {row["name"]: {OURS, *row["ratios"]} for part in results["parts"] for row in part["rows"]}
    rows |= {curve["name"]: {*curve["exponents"]} for curve in results["growth"]}
    return [
        f"{name} ({other})" for name, budget in BUDGETS.items() for other in budget if other not in rows.get(name, ())
    ]


def main() -> int:
    if "--check" not in sys.argv:
        write()
        return 0
    problems = [f"No measurement for a budget: {name}" for name in unmeasured()]
    problems += [
        f"{path.relative_to(ROOT)} is not what benchmarks/results.json says: python -m benchmarks.page"
        for path, content in written().items()
        if not path.exists() or path.read_text("utf-8") != content
    ]
    print(*problems, sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
