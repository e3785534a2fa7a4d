"""Watch many cameras at once, and keep a tally; with more cameras than job slots they take turns.

    python examples/many_cameras.py cameras.txt "the gate is open" --minutes 60 --turn 300

`cameras.txt` has a URL a line, and behind it, if you like, what to watch for there.
"""

import argparse
import time
from collections import Counter, defaultdict
from pathlib import Path

from trio_client import CoverageGap, Failed, Target, Triggered, TrioClient, exit_on_sigterm


def main() -> None:
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
    end = time.monotonic() + options.minutes * 60
    with TrioClient() as client, client.watch_many(targets, turn_seconds=options.turn) as events:
        # None: the time is up, or no watch is left. Leaving the block stops all jobs.
        while pair := events.until(Triggered, CoverageGap, Failed, timeout=max(0.0, end - time.monotonic())):
            target, event = pair
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
    main()
