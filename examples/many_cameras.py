"""Watch many cameras at once, and count what they report. With fewer job slots than cameras, they take turns.

    python examples/many_cameras.py cameras.txt "the gate is open" --minutes 60 --turn 300

`cameras.txt` has one URL per line; a condition of its own may follow the URL.
"""

import argparse
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

from trio_client import CoverageGap, Failed, Target, Triggered, TrioClient, TrioError, exit_on_sigterm


def main() -> None:
    parser = argparse.ArgumentParser(description="Watch many cameras at once, and count what they report.")
    parser.add_argument("cameras", type=Path, help="a file with one URL per line")
    parser.add_argument("condition")
    parser.add_argument("--minutes", type=float, default=60.0, help="how long to watch (default: %(default)g)")
    parser.add_argument(
        "--turn", type=float, default=300.0, help="seconds per camera while others wait (default: %(default)g)"
    )
    options = parser.parse_args()
    targets: dict[Target, int] = {}
    try:
        lines = options.cameras.read_text("utf-8").splitlines()
    except OSError as error:
        parser.error(f"{options.cameras} cannot be read: {error.strerror}")
    for number, line in enumerate(lines, 1):
        url, _, condition = line.strip().partition(" ")
        if url:
            targets[Target(url, condition or options.condition, interval_seconds=30)] = number
    seen: Counter[Target] = Counter()
    blind: defaultdict[Target, float] = defaultdict(float)
    failed: set[Target] = set()
    end = time.monotonic() + options.minutes * 60
    code = 0
    try:
        with TrioClient() as client, client.watch_many(targets, turn_seconds=options.turn) as events:
            # None: time is up, or every watch has ended. Leaving the block stops all jobs.
            while pair := events.until(Triggered, CoverageGap, Failed, timeout=max(0.0, end - time.monotonic())):
                target, event = pair
                match event:
                    case Triggered(explanation=what):
                        seen[target] += 1
                        print(f"camera {targets[target]}: {what}")
                    case CoverageGap(started_at=since, ended_at=until) if since and until:
                        blind[target] += (until - since).total_seconds()
                    case Failed(message=message):
                        failed.add(target)
                        print(f"camera {targets[target]} failed: {message}")
    except KeyboardInterrupt as stop:  # Ctrl-C; or SIGTERM, which has an exit code of its own
        code = getattr(stop, "code", 130)
    for target, number in targets.items():
        how = ", failed" if target in failed else ""
        print(f"camera {number}: {seen[target]} triggers, not watched for {blind[target]:.0f} s{how}")
    sys.exit(code or bool(failed))


if __name__ == "__main__":
    exit_on_sigterm()  # stop all jobs on SIGTERM too, which systemd and Docker send
    try:
        main()
    except TrioError as error:  # no key, a key that is refused, no connection
        sys.exit(str(error))
