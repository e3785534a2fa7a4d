"""Compare this client with what one would use without it, over loopback, by the CPU time of the client's process.

Each scenario has one process for each contender, and one server that is not the bottleneck. The rounds go in turn over
the contenders, so that what disturbs one disturbs the others; the ratio is the median of the ratios round by round.

Run it with `python -m benchmarks.loopback`; it prints a markdown table. `--quick` does fewer rounds, and
`--only TEXT` the scenarios with that text in their name.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec

from .contenders import SCENARIOS

ROUNDS, QUICK_ROUNDS = 9, 3
# The most that this client may take, as a ratio to a contender.
BUDGETS = {
    ("GET, sync", "httpx"): 1.0,
    ("POST, sync", "httpx"): 1.0,
    ("GET, async", "httpx"): 1.0,
    ("POST, async", "httpx"): 1.0,
    ("1,000 GETs, 100 at once, cold", "httpx"): 0.125,
    ("1,000 GETs, 100 at once, cold", "httpx2"): 1.0,
    ("1,000 GETs, 100 at once, warm", "httpx"): 0.55,
    ("1,000 GETs, 100 at once, warm", "httpx2"): 1.0,
    ("events of 200 B, sync, typed", "httpx-sse, typed"): 1.0,
    ("events of 200 B, async, typed", "httpx-sse, typed"): 1.0,
    ("events of 300 KiB, sync", "httpx-sse, untyped"): 0.80,
    ("events of 300 KiB, async", "httpx-sse, untyped"): 0.95,
    ("1,000 streams at once", "httpx-sse, untyped"): 0.75,
    ("20,000 jobs, 100 a page", "httpx, dicts"): 1.2,
    ("one client more (https)", "httpx"): 0.05,
}


class Contender:
    """A process that does one round when told to."""

    def __init__(self, scenario: str, name: str, port: int) -> None:
        command = [sys.executable, "-m", "benchmarks.contenders", scenario, name, str(port)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def round(self) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().split()
        if not answer:
            raise SystemExit("A contender failed; its error is above.")
        return float(answer[1])

    def end(self) -> None:
        self._process.communicate()


def measure(scenario: str, port: int, rounds: int) -> dict[str, list[float]]:
    names = [name for name in SCENARIOS[scenario] if name != "httpx2" or find_spec("httpx2")]
    contenders = {name: Contender(scenario, name, port) for name in names}
    times: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds + 1):
        for name in names if number % 2 else names[::-1]:
            seconds = contenders[name].round()
            if number:  # the first warms up
                times[name].append(seconds)
    for contender in contenders.values():
        contender.end()
    return times


def row(scenario: str, times: dict[str, list[float]]) -> str:
    cells: list[str] = []
    ours = times["ours"]
    for name, theirs in times.items():
        if name == "ours":
            continue
        ratio = statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))
        budget = BUDGETS[scenario, name]
        verdict = " **exceeded**" if ratio > budget else ""
        cells.append(
            f"| {scenario} | {name} | {statistics.median(theirs) * 1e3:.1f} | "
            f"{statistics.median(ours) * 1e3:.1f} | {ratio:.3f} | {budget:g}{verdict} |"
        )
    return "\n".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare this client with what one would use without it.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--only", default="", help="only scenarios with this text in their name")
    arguments = parser.parse_args()
    rounds = QUICK_ROUNDS if arguments.quick else ROUNDS
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("httpx", "httpx-sse") if find_spec(name.replace("-", "_"))
    )
    print(f"Python {platform.python_version()}, {versions}, medians of {rounds} rounds, CPU of the client's process\n")
    print("| scenario | against | theirs, ms | trio_client, ms | ratio | budget |")
    print("|---|---|---:|---:|---:|---:|")
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    port = int(server.stdout.readline())
    try:
        for scenario in SCENARIOS:
            if arguments.only in scenario:
                print(row(scenario, measure(scenario, port, rounds)), flush=True)
    finally:
        server.communicate()


if __name__ == "__main__":
    main()
