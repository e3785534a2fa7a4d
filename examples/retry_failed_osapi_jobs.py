"""Retry the failed jobs of an OSAPI server, on every agent, and report the results.

    python examples/retry_failed_osapi_jobs.py

OSAPI_TOKEN and OSAPI_URL name the token and the address.
"""

import sys

from trio_client import CreateOutcomeUnknownError, TrioError
from trio_client.osapi import OsapiClient


def main() -> int:
    still_failing = 0
    with OsapiClient() as client:
        failed = list(client.jobs.iterate(status="failed"))  # all of them before the first retry, which makes a new job
        print(f"{len(failed)} jobs have failed")
        for old in failed:
            try:
                new = client.jobs.retry(old.id or "")
            except CreateOutcomeUnknownError as error:
                print(f"{old.id}: {error}", file=sys.stderr)  # if a job was made, the old job's timeline names it
                continue
            job = client.jobs.wait(new.job_id, timeout=300, poll_interval=1)
            still_failing += job.status != "completed"
            print(f"{old.operation_type}: {old.error} -> {job.status}")
    return 1 if still_failing else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except TrioError as error:  # no token, one that is refused, no connection
        sys.exit(str(error))
