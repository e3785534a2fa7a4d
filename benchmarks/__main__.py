"""Measure everything, and say where a budget is exceeded: in bold, and by the exit status.

`python -m benchmarks` writes benchmarks/results.json and the page made of it; `--quick` and `--only` write nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sys
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

from . import growth, imports, loopback, memory, over_aiohttp, page, parsing, sse_decoder, stub, webhooks
from .contenders import LIBRARIES, present
from .measured import Plan, exceeded, rows_of
from .processes import fresh

PARTS = (loopback, over_aiohttp, sse_decoder, parsing, webhooks, imports, memory, stub)
KEEPING = (loopback, over_aiohttp, sse_decoder)
PACKAGES = ("httpx-sse", "pydantic", "anyio", "typer", "uvicorn", "starlette")
OPEN_FILES = 4096


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    cpus = Path("/proc/cpuinfo")
    models = [line.partition(": ")[2] for line in cpus.read_text().splitlines() if line.startswith("model name")]
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "processor": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in (*present(*LIBRARIES), *PACKAGES)},
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure everything, against budgets.")
    parser.add_argument("--quick", action="store_true", help="only what has a budget, in fewer rounds")
    parser.add_argument("--only", default="", help="only scenarios with this text in their name")
    arguments = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # it would have only this package compiled at every import
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < OPEN_FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, hard))
    for name in LIBRARIES:
        if not present(name):
            print(f"{name} is not installed, and left out.", flush=True)
    plan = Plan(arguments.quick, arguments.only)
    results: dict[str, Any] = {"machine": machine(), "parts": [], "growth": []}
    for part in PARTS:
        rows = fresh(rows_of, part.__name__, plan, keep_memory=part in KEEPING)
        if rows:
            results["parts"].append({"title": part.TITLE, "about": part.ABOUT.replace("\n", " "), "rows": rows})
            print("", *page.table(rows), sep="\n", flush=True)
    if not (arguments.quick or arguments.only):
        for curve in growth.measure():
            results["growth"].append(curve.as_json())
            print(f"\n{curve.name}: {results['growth'][-1]['exponents']}", flush=True)
        page.RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")
        page.write()
    rows = [row for part in results["parts"] for row in part["rows"]] + results["growth"]
    beyond = [
        f"{row.get('scenario', row.get('name'))} ({', '.join(names)})" for row in rows if (names := exceeded(row))
    ]
    print("", *(f"Over its budget: {name}" for name in beyond), sep="\n")
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main())
