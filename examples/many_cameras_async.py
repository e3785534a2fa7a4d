"""Watch many cameras at once, and count what they report: `many_cameras.py` in async code.

    python examples/many_cameras_async.py cameras.txt "the gate is open" --minutes 60 --turn 300

`cameras.txt` has one URL per line; a condition of its own may follow the URL.
"""

import argparse
import sys
from collections import Counter, defaultdict
from pathlib import Path

import anyio

from trio_client import AsyncTrioClient, CoverageGap, Failed, Target, Triggered, TrioError, exit_on_sigterm


async def main() -> int:
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
    try:
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
                            failed.add(target)
                            print(f"camera {targets[target]} failed: {message}")
    finally:  # after Ctrl-C too
        for target, number in targets.items():
            how = ", failed" if target in failed else ""
            print(f"camera {number}: {seen[target]} triggers, not watched for {blind[target]:.0f} s{how}")
    return int(bool(failed))


if __name__ == "__main__":
    exit_on_sigterm()  # stop all jobs on SIGTERM too, which systemd and Docker send
    try:
        sys.exit(anyio.run(main))
    except KeyboardInterrupt as stop:  # Ctrl-C; or SIGTERM, which has an exit code of its own
        sys.exit(getattr(stop, "code", 130))
    except TrioError as error:  # no key, a key that is refused, no connection
        sys.exit(str(error))
