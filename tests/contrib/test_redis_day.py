"""A day of three processes that share job slots through Redis: left, frozen for longer than a lease, and killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import redis
from day_of_faults import DAY, Faults, span
from redis_server import RedisServer

from trio_client.stub import StubServer

PROGRAM = Path(__file__).with_name("watch_day_process.py")
SPEED, SLOTS = 1200, 3
TURN_SECONDS = 900
FROZEN_SECONDS = 4800  # twice a lease
LEFT, FROZEN, KILLED = range(3)


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as server:
        yield server


class Process:
    def __init__(self, number: int, base_url: str, redis_url: str, output: Path) -> None:
        self.number = number
        self._output = output
        arguments = [str(each) for each in (number, base_url, redis_url, SLOTS, SPEED, DAY)]
        with output.open("w") as file:
            self.popen = subprocess.Popen([sys.executable, str(PROGRAM), *arguments], stdout=file)

    def lines(self) -> list[list[Any]]:
        text = self._output.read_text()
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def of(self, what: str) -> list[list[Any]]:
        return [values for name, *values in self.lines() if name == what]


@pytest.mark.thorough
def test_a_day_of_processes_with_a_shared_pool_leaves_no_job_behind(redis_server: RedisServer, tmp_path: Path) -> None:
    samples = over = 0
    with StubServer(speed=SPEED, max_jobs=3 * SLOTS) as stub, Faults(stub) as faults, ExitStack() as ended:
        processes = [
            Process(number, stub.base_url, redis_server.url, tmp_path / f"{number}.jsonl") for number in range(3)
        ]
        for process in processes:
            ended.callback(process.popen.kill)

        def run_until(seconds: float) -> None:
            nonlocal samples, over
            while stub.clock.now() < seconds:
                samples += 1
                over += stub.running_jobs > SLOTS
                time.sleep(0.01)

        run_until(DAY / 3)
        os.kill(processes[FROZEN].popen.pid, signal.SIGSTOP)
        run_until(DAY / 3 + FROZEN_SECONDS)
        os.kill(processes[FROZEN].popen.pid, signal.SIGCONT)
        run_until(DAY * 2 / 3)
        processes[KILLED].popen.kill()
        killed_at = datetime.now(timezone.utc)
        run_until(DAY)
        for process in (processes[LEFT], processes[FROZEN]):
            assert process.popen.wait(60) == 0
            assert process.lines()[-1] == ["left"]
        with redis.Redis(port=redis_server.port) as client:
            assert client.keys("trio:slot:*") == []
        assert (stub.running_jobs, faults.count > 100) == (0, True)
        assert over < 0.01 * samples, (
            "the pool alone bounds it: the account has more; a process that was frozen while it created a job has one "
            "too many until it learns that its lease is lost"
        )

        jobs = {job.job_id: job.stream_url for job in stub.jobs}
        followed = {job_id for process in processes for (job_id,) in process.of("job")}
        assert len(followed) > 0.9 * len(jobs), "others were found after their reply was lost, and stopped"
        assert len(set(jobs.values())) == 9
        watched = 0.0
        for camera in sorted(set(jobs.values())):
            spans = sorted(span(stub, job_id) for job_id, url in jobs.items() if url == camera and job_id in followed)
            assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans)), "never two jobs for one camera"
            process = processes[int(camera.split("/")[3])]
            if process.number == KILLED:
                assert (spans[-1][1] - killed_at).total_seconds() * SPEED < TURN_SECONDS + 60 + SPEED * 3, (
                    "with 3 s of real time for a slow machine"
                )
            else:
                gaps = [
                    (datetime.fromisoformat(begin), datetime.fromisoformat(end))
                    for url, begin, end in process.of("gap")
                    if url == camera
                ]
                covered = spans[0][0]
                for begin, end in sorted([*spans, *gaps]):
                    assert begin <= covered, f"nothing watched {camera} from {covered} to {begin}, and no gap says so"
                    covered = max(covered, end)
            watched += sum((end - begin).total_seconds() for begin, end in spans)
        assert watched * SPEED / DAY / SLOTS > 0.5, "more than half of the slots' time is used"
