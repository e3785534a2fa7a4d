"""Watch through the night within a budget, and keep a log to read in the morning.

    python examples/overnight.py rtsp://yard.example/live "a person is in the yard" night.jsonl --hours 8 --budget 10

The log has a line for each trigger, and one for each gap in which the camera was not watched.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import TextIO

from trio_client import (
    CoverageGap,
    Failed,
    Stopped,
    Triggered,
    TrioClient,
    TrioError,
    WatchStream,
    exit_on_sigterm,
    pricing,
)


def main() -> None:
    exit_on_sigterm()  # stop the job on SIGTERM too, which systemd and Docker send
    parser = argparse.ArgumentParser(description="Watch through the night within a budget, and keep a log.")
    parser.add_argument("stream_url")
    parser.add_argument("condition")
    parser.add_argument("log", type=Path, help="the file to append to, one JSON object per line")
    parser.add_argument("--hours", type=float, default=8.0, help="how long to watch (default: %(default)g)")
    parser.add_argument("--budget", type=float, default=10.0, help="US dollars (default: %(default)g)")
    options = parser.parse_args()
    estimate = pricing.estimate_usd("live-monitor", minutes=options.hours * 60)
    print(f"about ${estimate:.2f} for {options.hours:g} hours, at most ${options.budget:.2f}")
    try:
        watch(options.stream_url, options.condition, options.log, hours=options.hours, budget=options.budget)
    except KeyboardInterrupt as stop:  # Ctrl-C; or SIGTERM, which has an exit code of its own
        sys.exit(getattr(stop, "code", 130))


def watch(stream_url: str, condition: str, log: Path, *, hours: float, budget: float) -> None:
    with TrioClient() as client, log.open("a", encoding="utf-8") as file:
        watched = client.live_monitor.watch(
            stream_url,
            condition,
            interval_seconds=30,
            trigger_cooldown_seconds=300,
            monitor_duration_seconds=3600,  # the most that can be billed if this program is killed
            duration=hours * 3600,
            max_cost_usd=budget,
        )
        try:
            follow(watched, file)
        finally:  # after Ctrl-C too
            usage = watched.usage
            print(f"jobs: {usage.jobs}, minutes billed: {usage.minutes_billed}, about ${usage.cost_usd or 0.0:.2f}")


def follow(watched: WatchStream, file: TextIO) -> None:
    with watched as events:
        for event in events:
            match event:
                case Triggered(explanation=what):
                    line = {"at": str(event.occurred_at), "what": what}
                case CoverageGap(started_at=since, ended_at=until, reason=reason):
                    line = {"blind_from": str(since), "until": str(until), "because": reason}
                case Stopped(reason=reason):
                    print("ended:", reason)
                    continue
                case Failed(message=message):
                    print("failed:", message)
                    continue
                case _:
                    continue
            print(json.dumps(line), file=file, flush=True)


if __name__ == "__main__":
    try:
        main()
    except TrioError as error:  # no key, a key that is refused, no connection
        sys.exit(str(error))
