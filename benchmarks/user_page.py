"""The figures and plots of docs/performance.md, whose text is written by hand."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path
from typing import Any

from .contenders import OURS

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"
ASSETS = ROOT / "docs" / "assets"
BEGIN, END = "<!-- written by python -m benchmarks.page -->\n", "<!-- end -->\n"

FIGURES = (  # what it is for a user, the row of the results, and what it is compared with
    ("One call, such as `jobs.get`", "GET, sync", "httpx", "httpx alone, without retries"),
    ("One event of an async stream", "mixed hour, async", "httpx", "httpx with httpx-sse and pydantic"),
    ("One of a thousand open streams, with ten events", "1,000 streams at once", "httpx", "httpx with httpx-sse"),
    ("Verifying and reading a webhook of 1 KiB", "webhook of 1 KiB", "floor", "code that knows one payload only"),
    ("Loading the client", "import of the client", "dependencies", "loading its dependencies"),
)
PLOTS = {  # the file, and the curve of the results
    "calls-at-once.svg": "A call, by calls at once",
    "streams-at-once.svg": "A stream, by streams at once",
}
_COLORS = {OURS: "#4051b5", "httpx": "#c2410c"}
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 300, 64, 110, 40, 48


def figures(results: dict[str, Any]) -> str:
    """Return the table of figures."""
    rows = {row["name"]: row for part in results["parts"] for row in part["rows"]}
    lines = ["| what | processor time | compared with |", "|---|---:|---|"]
    for what, name, other, described in FIGURES:
        row = rows[name]
        unit = row["unit"].split()[0]
        value, ratio = _figure(row["medians"][OURS]), row["ratios"][other]["median"]
        lines.append(f"| {what} | {value} {unit} | {ratio:.2f} times {described} |")
    return "\n".join([*lines, ""])


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def page(results: dict[str, Any]) -> str:
    """Return the page with the figures of the results in the place of those that it has."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    return before + BEGIN + "\n" + figures(results) + "\n" + END + rest.partition(END)[2]


def plots(results: dict[str, Any]) -> dict[Path, str]:
    """Return the text of each plot."""
    curves = {curve["name"]: curve for curve in results["growth"]}
    return {ASSETS / file: plot(curves[name]) for file, name in PLOTS.items()}


def plot(curve: dict[str, Any]) -> str:
    """Return a curve as SVG, on logarithmic axes."""
    lines = {name: points for name, points in curve["points"].items() if name in _COLORS}
    sizes = [size for points in lines.values() for size, _ in points]
    values = [value for points in lines.values() for _, value in points]
    low, high = 10 ** math.floor(math.log10(min(values))), 10 ** math.ceil(math.log10(max(values)))

    def x(size: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * _share(size, min(sizes), max(sizes))

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * _share(value, low, high)

    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>{escape(curve['name'])}</title>",
        "<style>text{font:13px system-ui,sans-serif;fill:#333}.title{font-weight:600}.line{fill:none;stroke-width:2.5}"
        ".grid{stroke:#d8dce3}</style>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" rx="8" fill="#fff"/>',
        f'<text class="title" x="{_LEFT}" y="22">{escape(curve["y"])}</text>',
        f'<text x="{_LEFT}" y="{_HEIGHT - 10}">{escape(curve["x"])}</text>',
    ]
    value = low
    while value <= high:
        drawn.append(f'<path class="grid" d="M{_LEFT} {y(value):.1f}H{_WIDTH - _RIGHT}"/>')
        drawn.append(f'<text x="{_LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:,}</text>')
        value *= 10
    drawn += [
        f'<text x="{x(size):.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{size:,}</text>'
        for size in dict.fromkeys(sizes)
    ]
    for name, points in lines.items():
        path = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in points)
        drawn.append(f'<polyline class="line" stroke="{_COLORS[name]}" points="{path}"/>')
        drawn += [
            f'<circle cx="{x(size):.1f}" cy="{y(value):.1f}" r="3.5" fill="{_COLORS[name]}"/>' for size, value in points
        ]
        size, value = points[-1]
        drawn.append(f'<text x="{x(size) + 10:.1f}" y="{y(value) + 4:.1f}" style="fill:{_COLORS[name]}">{name}</text>')
    return "\n".join([*drawn, "</svg>", ""])


def _share(value: float, low: float, high: float) -> float:
    return math.log(value / low) / math.log(high / low)
