"""`python -m trio_client.stub`: the stub server as a process."""

from __future__ import annotations

import argparse
import errno
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import get_args

from .documented.generations import GENERATIONS, NEWEST
from .engine.listing import ListOrder
from .server.commands import REAL_TIME, command_server, first_line, next_steps

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT, SIGTERM or SIGBREAK; one line on standard output has the address."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        server = command_server(
            host=options.host,
            port=options.port,
            speed=options.speed,
            max_jobs=options.max_jobs,
            api_keys=options.api_key,
            webhook_secret=options.webhook_secret,
            generation=options.generation,
            credits=options.credits,
            allow_remote=options.allow_remote,
            allow_hosts=options.allow_host or (),
            list_lag=options.list_lag,
            list_order=options.list_order,
            full_status=options.full_status,
            jobs_outlive_streams=options.jobs_outlive_streams,
        )
    except ValueError as error:
        parser.error(f"{error}.")
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):  # the last is Windows's, where process managers send it
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
    try:
        server.start()
    except OSError as error:
        advice = "; --port 0 takes a free port" if error.errno == errno.EADDRINUSE else ""
        print(f"cannot listen on {options.host}:{options.port}: {error.strerror}{advice}", file=sys.stderr)  # noqa: T201
        return 1
    print(first_line(server), flush=True)  # noqa: T201
    if sys.stderr.isatty():  # for people; programs read the line above
        print(*next_steps(server, has_own_keys=bool(options.api_key)), sep="\n", file=sys.stderr)  # noqa: T201
    # A wait without a limit cannot be interrupted by a signal on Windows.
    while not ended.wait(0.5):
        pass
    server.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trio_client.stub",
        description="A local server that behaves as the Trio API is documented.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port (default: %(default)s)")
    parser.add_argument(
        "--speed", type=float, default=REAL_TIME, help="stub-seconds per real second; 60: an hour a minute (default: 1)"
    )
    parser.add_argument("--max-jobs", type=int, default=10, help="concurrent jobs (default: %(default)s)")
    parser.add_argument(
        "--api-key", action="append", metavar="KEY", help="a key to accept; may be repeated; default: any"
    )
    parser.add_argument("--webhook-secret", metavar="SECRET", help="signs webhooks; default: they are not signed")
    parser.add_argument("--credits", type=float, help="the account's credits (default: no limit)")
    parser.add_argument(
        "--generation", choices=list(GENERATIONS), default=NEWEST, help="of the documentation (default: %(default)s)"
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        metavar="NAME",
        help="a host name to answer beside the loopback names; may be repeated",
    )
    parser.add_argument(
        "--list-lag", type=float, default=0.0, help="stub-seconds until a new job is listed (default: %(default)s)"
    )
    parser.add_argument(
        "--list-order", choices=get_args(ListOrder), default="newest", help="of jobs (default: %(default)s)"
    )
    parser.add_argument(
        "--full-status", type=int, default=429, help="HTTP status of a full account (default: %(default)s)"
    )
    parser.add_argument(
        "--jobs-outlive-streams",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="whether a job goes on when the reader of its event stream disconnects (default: it does)",
    )
    parser.add_argument("--allow-remote", action="store_true", help="allow an address that others can reach")
    return parser


if __name__ == "__main__":
    sys.exit(main())
