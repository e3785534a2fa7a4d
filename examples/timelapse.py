"""Save a picture of a stream every N seconds; its name says whether a condition held.

    python examples/timelapse.py rtsp://site.example/live "the crane moves" pictures --every 60 --count 30

Each picture is a check, which is billed. A check that fails is reported and skipped.
"""

import argparse
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

from trio_client import AuthenticationError, TrioClient, TrioError, pricing


def main() -> None:
    parser = argparse.ArgumentParser(description="Save a picture of a stream every N seconds.")
    parser.add_argument("stream_url")
    parser.add_argument("condition")
    parser.add_argument("folder", type=Path, help="where to save the pictures")
    parser.add_argument("--every", type=float, default=60.0, help="seconds between two pictures (default: %(default)g)")
    parser.add_argument("--count", type=int, default=30, help="how many pictures (default: %(default)s)")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    print(f"about ${pricing.estimate_usd('check-once', checks=options.count):.2f}")
    with TrioClient() as client:
        begun = time.monotonic()
        for number in range(options.count):
            time.sleep(max(0.0, begun + number * options.every - time.monotonic()))
            try:
                result = client.check_once(options.stream_url, options.condition, include_frame=True)
            except AuthenticationError:
                raise  # no later check will succeed either
            except TrioError as error:
                print(f"check {number + 1}: {error}")
                continue
            if result.frame is not None:
                stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S")
                answer = "yes" if result.triggered else "no"
                print(result.frame.save(options.folder / f"{stamp}-{number + 1:04}-{answer}"))


if __name__ == "__main__":
    try:
        main()
    except TrioError as error:  # no key, a key that is refused, no connection
        sys.exit(str(error))
