"""Run a command once something is seen, and exit as it does; give up after a while.

python examples/run_when.py rtsp://gate.example/live "the gate is open" 10m -- notify-send "The gate is open"
"""

import subprocess
import sys

from trio_client import Triggered, TrioClient, exit_on_sigterm

UNITS = {"s": 1, "m": 60, "h": 3600}


def main(stream_url: str, condition: str, patience: str, command: list[str]) -> int:
    seconds = int(patience[:-1]) * UNITS[patience[-1]]
    with (
        TrioClient() as client,
        client.live_monitor.stream(stream_url, condition, monitor_duration_seconds=seconds) as events,
    ):
        seen = events.until(Triggered)
    if seen is None:
        print("It was not seen.", file=sys.stderr)
        return 1
    print(seen.explanation)
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    exit_on_sigterm()  # systemd and Docker end programs with SIGTERM: stop the job then, too
    split = sys.argv.index("--")
    sys.exit(main(*sys.argv[1:split], command=sys.argv[split + 1 :]))
