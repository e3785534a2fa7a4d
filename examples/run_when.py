"""Wait until something is seen, then run a command and exit with its code; or time out and exit with 1.

python examples/run_when.py rtsp://gate.example/live "the gate is open" 10m -- notify-send "The gate is open"
"""

import argparse
import subprocess
import sys

from trio_client import Triggered, TrioClient, TrioError, exit_on_sigterm

UNITS = {"s": 1, "m": 60, "h": 3600}


def seconds(text: str) -> int:
    number, unit = text[:-1], text[-1:]
    if not number.isascii() or not number.isdigit() or unit not in UNITS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 30s, 10m or 2h")
    return int(number) * UNITS[unit]


def main() -> int:
    parser = argparse.ArgumentParser(description="Wait until something is seen, then run a command.")
    parser.add_argument("stream_url")
    parser.add_argument("condition")
    parser.add_argument("time_limit", type=seconds, help="how long to wait: 30s, 10m, 2h")
    parser.add_argument("command", nargs="+", help="the command, after --")
    options = parser.parse_args()
    stream = options.stream_url, options.condition
    with (
        TrioClient() as client,
        client.live_monitor.stream(*stream, monitor_duration_seconds=options.time_limit) as events,
    ):
        seen = events.until(Triggered)
    if seen is None:
        print("not seen", file=sys.stderr)
        return 1
    print(seen.explanation)
    return subprocess.run(options.command, check=False).returncode


if __name__ == "__main__":
    exit_on_sigterm()  # stop the job on SIGTERM too, which systemd and Docker send
    try:
        sys.exit(main())
    except KeyboardInterrupt as stop:  # Ctrl-C; or SIGTERM, which has an exit code of its own
        sys.exit(getattr(stop, "code", 130))
    except TrioError as error:  # no key, a key that is refused, no connection
        sys.exit(str(error))
