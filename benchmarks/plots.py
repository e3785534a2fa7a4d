"""Draw how cost grows, as SVG files that are the same for the same figures."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any


def write(curves: list[dict[str, Any]], folder: Path) -> None:
    matplotlib: Any = import_module("matplotlib")
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "trio_client"
    pyplot: Any = import_module("matplotlib.pyplot")
    for curve in curves:
        figure, axes = pyplot.subplots(figsize=(5.6, 3.2), layout="constrained")
        for name, points in curve["points"].items():
            axes.plot(*zip(*points, strict=True), marker="o", markersize=4, label=name)
        axes.set(xscale="log", yscale="log", xlabel=curve["x"], ylabel=curve["y"])
        lowest = min(y for points in curve["points"].values() for _, y in points)
        highest = max(y for points in curve["points"].values() for _, y in points)
        if highest < 20 * lowest:  # what is flat shall look flat
            middle = (lowest * highest) ** 0.5
            axes.set_ylim(middle / 10, middle * 10)
        axes.grid(alpha=0.3)
        if len(curve["points"]) > 1:
            axes.legend(frameon=False)
        figure.savefig(folder / f"growth-{curve['slug']}.svg", metadata={"Date": None})
        pyplot.close(figure)
