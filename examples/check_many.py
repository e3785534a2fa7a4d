"""Ask one question about many streams, at a limited rate and with a progress bar.

    python examples/check_many.py cameras.txt "the lights are on" --per-second 2

`cameras.txt` has one URL per line. If the check of a camera fails, the others go on.
"""

import argparse
import asyncio
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from trio_client import AsyncTrioClient, TrioError, pricing


class Pace:
    """Spaces calls evenly, `per_second` of them in a second."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second
        self._next = 0.0

    async def wait(self) -> None:
        now = asyncio.get_running_loop().time()
        starts_at = max(now, self._next)
        self._next = starts_at + self._gap
        await asyncio.sleep(starts_at - now)


async def main() -> None:
    parser = argparse.ArgumentParser(description="Ask one question about many streams.")
    parser.add_argument("cameras", type=Path, help="a file with one URL per line")
    parser.add_argument("condition")
    parser.add_argument("--per-second", type=float, default=2.0, help="how many checks to start (default: %(default)s)")
    parser.add_argument(
        "--at-once", type=int, default=8, help="how many checks may run at the same time (default: %(default)s)"
    )
    options = parser.parse_args()
    try:
        cameras = options.cameras.read_text("utf-8").split()
    except OSError as error:
        parser.error(f"{options.cameras} cannot be read: {error.strerror}")
    # The rest of an address may hold a password or a token.
    hosts = [urlsplit(url).hostname or "(no host)" for url in cameras]
    print(f"{len(cameras)} cameras, about ${pricing.estimate_usd('check-once', checks=len(cameras)):.2f}")
    pace, at_once, counts = Pace(options.per_second), asyncio.Semaphore(options.at_once), Counter()

    async def check(client: AsyncTrioClient, number: int, url: str) -> None:
        async with at_once:
            await pace.wait()
            try:
                result = await client.check_once(url, options.condition)
            except TrioError as error:
                counts["failed"] += 1
                answer = f"failed: {error}"
            else:
                counts["yes" if result.triggered else "no"] += 1
                answer = ("yes: " if result.triggered else "no: ") + (result.explanation or "")
            print(f"{number + 1}. {hosts[number]}\t{answer}")
            show_progress(sum(counts.values()), len(cameras))

    async with AsyncTrioClient() as client:
        await asyncio.gather(*(check(client, number, url) for number, url in enumerate(cameras)))
    print(f"\n{counts['yes']} yes, {counts['no']} no, {counts['failed']} failed")


def show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        filled = 40 * done // total
        print(f"\r[{'#' * filled}{'.' * (40 - filled)}] {done}/{total}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except TrioError as error:  # no key, a key that is refused, no connection
        sys.exit(str(error))
