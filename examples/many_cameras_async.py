"""Watch many cameras at once in an async program, and keep a tally, as `many_cameras.py` does in a plain script.

    python examples/many_cameras_async.py cameras.txt "the gate is open" --minutes 60 --turn 300

`cameras.txt` has a URL a line, and behind it, if you like, what to watch for there.
"""

import argparse
from collections import Counter, defaultdict
from pathlib import Path

import anyio

from trio_client import AsyncTrioClient, CoverageGap, Failed, Target, Triggered, exit_on_sigterm


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("cameras", type=Path)
    parser.add_argument("condition")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--turn", type=float, default=300.0, help="seconds for each, while others wait")
    options = parser.parse_args()
    targets: dict[Target, int] = {}
    for number, line in enumerate(options.cameras.read_text("utf-8").splitlines(), 1):
        url, _, condition = line.strip().partition(" ")
        if url:
            targets[Target(url, condition or options.condition, interval_seconds=30)] = number
    seen: Counter[Target] = Counter()
    blind: defaultdict[Target, float] = defaultdict(float)
    with anyio.move_on_after(options.minutes * 60):  # leaving the block stops all jobs
        async with AsyncTrioClient() as client, client.watch_many(targets, turn_seconds=options.turn) as events:
            async for target, event in events:
                match event:
                    case Triggered(explanation=what):
                        seen[target] += 1
                        print(f"camera {targets[target]}: {what}")
                    case CoverageGap(started_at=since, ended_at=until) if since and until:
                        blind[target] += (until - since).total_seconds()
                    case Failed(message=message):
                        print(f"camera {targets[target]} failed: {message}")
    for target, number in targets.items():
        print(f"camera {number}: {seen[target]} times, blind for {blind[target]:.0f} s")


if __name__ == "__main__":
    exit_on_sigterm()  # systemd and Docker end programs with SIGTERM: stop all jobs then, too
    anyio.run(main)
