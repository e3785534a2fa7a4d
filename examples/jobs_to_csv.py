"""Write all jobs of the account to a CSV file.

python examples/jobs_to_csv.py jobs.csv
"""

import argparse
import csv
from pathlib import Path

from trio_client import TrioClient
from trio_client.pricing import cost_of

COLUMNS = ("job_id", "type", "status", "created", "stream", "checks", "triggers", "usd")


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
            writer.writerow((job.job_id, job.job_type, job.status, created, job.stream_url, *counts, cost_of(job)))
            count += 1
    print(f"{count} jobs in {path}")


if __name__ == "__main__":
    main()
