"""Ask one question about many streams: so many at once, so many a second, with a progress bar.

    python examples/check_many.py cameras.txt "the lights are on" --per-second 2

`cameras.txt` has one URL a line. A camera that cannot be looked at does not keep the others from being asked.
"""

import argparse
import asyncio
import sys
from collections import Counter
from pathlib import Path

from trio_client import AsyncTrioClient, TrioError, pricing


class Pace:
    """Let at most so many pass in a second."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second
        self._next = 0.0

    async def wait(self) -> None:
        now = asyncio.get_running_loop().time()
        turn = max(now, self._next)
        self._next = turn + self._gap
        await asyncio.sleep(turn - now)


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("cameras", type=Path)
    parser.add_argument("condition")
    parser.add_argument("--per-second", type=float, default=2.0)
    parser.add_argument("--at-once", type=int, default=8)
    options = parser.parse_args()
    cameras = options.cameras.read_text("utf-8").split()
    print(f"{len(cameras)} cameras, about ${pricing.estimate_usd('check-once', checks=len(cameras)):.2f}")
    pace, places, counts = Pace(options.per_second), asyncio.Semaphore(options.at_once), Counter()

    async def look(client: AsyncTrioClient, url: str) -> None:
        async with places:
            await pace.wait()
            try:
                result = await client.check_once(url, options.condition)
            except TrioError as error:
                counts["failed"] += 1
                answer = f"failed: {error}"
            else:
                counts["yes" if result.triggered else "no"] += 1
                answer = ("yes: " if result.triggered else "no: ") + (result.explanation or "")
            print(f"{url.rpartition('@')[2]}\t{answer}")
            show_progress(sum(counts.values()), len(cameras))

    async with AsyncTrioClient() as client:
        await asyncio.gather(*(look(client, url) for url in cameras))
    print(f"\n{counts['yes']} yes, {counts['no']} no, {counts['failed']} failed")


def show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        filled = 40 * done // total
        print(f"\r[{'#' * filled}{'.' * (40 - filled)}] {done}/{total}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
