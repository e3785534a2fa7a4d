"""Write all jobs of the account to a CSV file.

    python examples/jobs_to_csv.py jobs.csv

Items of the job list do not say how long a job ran, so the details of each ended job are requested for its cost.
"""

import argparse
import csv
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from trio_client import JobNotFoundError, TrioClient, TrioError
from trio_client.pricing import cost_of

COLUMNS = ("job_id", "type", "status", "created", "host", "checks", "triggers", "usd")


def host(url: str | None) -> str | None:
    """The host alone: the rest of a camera's address may hold a password or a token."""
    with suppress(ValueError):  # it is no URL
        return urlsplit(url or "").hostname
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description="Write all jobs of the account to a CSV file.")
    parser.add_argument("path", type=Path, help="the file to write")
    path = parser.parse_args().path
    count = 0
    with TrioClient() as client, path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for job in client.jobs.iterate():  # page by page, never the whole list at once
            created = job.created_time.isoformat() if job.created_time is not None else ""
            counts = job.counters.checks_performed, job.counters.triggers_fired
            usd = cost_of(job)
            if usd is None:
                with suppress(JobNotFoundError):  # expired meanwhile
                    usd = cost_of(client.jobs.get(job.job_id))
            writer.writerow((job.job_id, job.job_type, job.status, created, host(job.stream_url), *counts, usd))
            count += 1
    print(f"{count} jobs in {path}")


if __name__ == "__main__":
    try:
        main()
    except TrioError as error:  # no key, a key that is refused, no connection
        sys.exit(str(error))
