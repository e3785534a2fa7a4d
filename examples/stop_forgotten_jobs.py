"""Stop jobs that have run for too long: those that a crashed program or a colleague left behind.

    python examples/stop_forgotten_jobs.py 2 --really

Without `--really` it only lists them. Run it from cron.
"""

import argparse
import sys
from datetime import datetime, timedelta, timezone

from trio_client import TrioClient, TrioError


def main() -> int:
    parser = argparse.ArgumentParser(description="Stop jobs that have run for too long.")
    parser.add_argument("hours", type=float, help="how long a job may run, in hours")
    parser.add_argument("--really", action="store_true", help="stop them; without it, they are only listed")
    options = parser.parse_args()
    failures = 0
    before = datetime.now(timezone.utc) - timedelta(hours=options.hours)
    with TrioClient() as client:
        running = list(client.jobs.iterate(status="running"))
        for job in running:
            if job.created_time is None or job.created_time > before:
                continue
            print(job.job_id, job.job_type, "since", job.created_at)
            if options.really:
                try:
                    print("  ->", client.jobs.cancel(job.job_id, missing_ok=True).status)
                except TrioError as error:
                    failures += 1
                    print("  ->", error, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except TrioError as error:  # no key, a key that is refused, no connection
        sys.exit(str(error))
