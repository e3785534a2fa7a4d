"""Let two workers watch cameras through drops, outages, SIGTERM, kills and a full account; report what was stored.

`python scripts/soak.py [SECONDS]`, 600 by default. It is no part of the tests.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from trio_client import AsyncTrioClient, Hooks, JobInfo, Target, Triggered, exit_on_sigterm
from trio_client.stub import StubServer

CAMERAS = 3  # of each worker
TABLES = """
CREATE TABLE IF NOT EXISTS jobs (job_id TEXT PRIMARY KEY, ended INTEGER NOT NULL DEFAULT 0); -- 1: watched, 2: left
CREATE TABLE IF NOT EXISTS triggers (job_id TEXT, dedup TEXT UNIQUE, delivery TEXT);
"""
FULL = {"error": {"code": "MAX_JOBS_REACHED", "message": "full"}}
FAULTS: list[dict[str, object]] = [
    {"method": "POST", "status": 500},
    {"method": "POST", "status": 503, "times": 5},
    {"method": "POST", "close": "reset", "processed": True},
    {"method": "POST", "status": 429, "body": FULL, "times": 2},
    {"method": "GET", "status": 500, "times": 3},
]


async def work(name: str, database: sqlite3.Connection) -> None:
    """Stop what the run before has left, then watch until the program is ended."""

    is_left = False

    def note(job: JobInfo) -> None:
        if job.event == "started":
            database.execute("INSERT OR IGNORE INTO jobs (job_id) VALUES (?)", (job.job_id,))
        else:
            database.execute("UPDATE jobs SET ended = ? WHERE job_id = ?", (2 if is_left else 1, job.job_id))

    targets = [Target(f"rtsp://{name}.example/{number}", "x", wait_for_stream=1e9) for number in range(CAMERAS)]
    async with AsyncTrioClient("soak", hooks=Hooks(on_job=note)) as client:
        for (job_id,) in database.execute("SELECT job_id FROM jobs WHERE NOT ended").fetchall():
            await client.jobs.cancel(job_id, missing_ok=True)
            database.execute("UPDATE jobs SET ended = 2 WHERE job_id = ?", (job_id,))
        async with client.watch_many(targets, turn_seconds=60) as events:
            try:
                async for _, event in events:
                    if isinstance(event, Triggered):
                        row = (event.job_id, event.dedup_key, event.delivery)
                        database.execute("INSERT OR IGNORE INTO triggers VALUES (?, ?, ?)", row)
            finally:
                is_left = True  # no reader is left for what the jobs that run now still report


def start(name: str, folder: Path, stub: StubServer) -> subprocess.Popen[bytes]:
    command = [sys.executable, __file__, "worker", name, str(folder / f"{name}.db")]
    return subprocess.Popen(command, env={**os.environ, "TRIO_BASE_URL": stub.base_url})


def disturb(stub: StubServer, workers: dict[str, subprocess.Popen[bytes]], folder: Path, dice: random.Random) -> str:
    """Do one thing that goes wrong, and return its name."""
    what = dice.choice(["drop", "drop", "fault", "fault", "full", "SIGTERM", "kill"])
    running = [job for job in stub.jobs if job.status == "running"]
    if what == "drop" and running:
        stub.drop_stream(dice.choice(running).job_id)
    elif what == "fault":
        stub.fail_next(**dice.choice(FAULTS))  # type: ignore[arg-type]
    elif what == "full":
        stub.max_jobs = dice.choice([3, 10])
    elif what in ("SIGTERM", "kill"):
        name = dice.choice([*workers])
        workers[name].send_signal(signal.SIGTERM if what == "SIGTERM" else signal.SIGKILL)
        workers[name].wait(30)
        workers[name] = start(name, folder, stub)
    return what


def main(seconds: float) -> int:
    dice = random.Random(7)
    done: Counter[str] = Counter()
    with StubServer(speed=60, max_jobs=10) as stub, tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        workers = {name: start(name, folder, stub) for name in ("north", "south")}
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(dice.uniform(1, 5))
            done[disturb(stub, workers, folder, dice)] += 1
        for worker in workers.values():
            worker.send_signal(signal.SIGTERM)
            worker.wait(30)
        return report(stub, folder, [*workers], done)


def report(stub: StubServer, folder: Path, names: list[str], done: Counter[str]) -> int:
    """Print the figures; return 1 if a trigger of a watched job is missing or stored twice, or a job still runs."""
    stored: Counter[str] = Counter()
    deliveries: Counter[str] = Counter()
    ended: set[str] = set()
    for name in names:
        database = sqlite3.connect(folder / f"{name}.db")
        ended |= {job_id for (job_id,) in database.execute("SELECT job_id FROM jobs WHERE ended = 1")}
        for job_id, delivery in database.execute("SELECT job_id, delivery FROM triggers"):
            stored[job_id] += 1
            deliveries[delivery] += 1
        database.close()
    fired = {job.job_id: job.stats["triggers_fired"] for job in stub.jobs}
    wrong = {job_id: (fired[job_id], stored[job_id]) for job_id in ended if fired[job_id] != stored[job_id]}
    print(f"disturbances: {dict(done)}")
    print(f"jobs: {len(fired)}, watched to their end: {len(ended)}, still running: {stub.running_jobs}")
    print(f"triggers stored: {sum(stored.values())} {dict(deliveries)}; jobs whose count differs: {wrong}")
    return 1 if wrong or stub.running_jobs else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        exit_on_sigterm()
        connection = sqlite3.connect(sys.argv[3], isolation_level=None)
        connection.executescript(TABLES)
        asyncio.run(work(sys.argv[2], connection))
    else:
        sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 600.0))
