"""What goes wrong in a day of a camera, every few minutes."""

from __future__ import annotations

import random
import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any

from trio_client._times import parse_time
from trio_client.stub import Scene, StubServer

if TYPE_CHECKING:
    from typing_extensions import Self

CAMERA = "rtsp://cam.example/1"
DAY = 24 * 3600
SPEED = 2400
EVERY = 300  # stub-seconds between two faults, on average

NO_SLOT = {"error": {"code": "MAX_JOBS_REACHED", "message": "full"}}
FAULTS: list[dict[str, Any]] = [
    {"method": "POST", "status": 500},
    {"method": "POST", "status": 503, "headers": {"Retry-After": "1"}},
    {"method": "POST", "status": 429, "body": NO_SLOT, "times": 2},
    {"method": "POST", "status": 502, "processed": True},
    {"method": "POST", "close": "reset"},
    {"method": "POST", "close": "reset", "processed": True},
    {"method": "POST", "drop_after_bytes": 40},
    {"method": "POST", "drop_after_events": 1},
    {"method": "POST", "drop_after_events": 3},
    {"method": "POST", "omit_terminal": True},
    {"method": "GET", "path": "/jobs", "status": 500, "times": 2},
    {"method": "GET", "path": "/jobs", "close": "reset"},
    {"method": "GET", "path": "/jobs", "status": 429, "headers": {"Retry-After": "1"}},
]


class Faults:
    """What goes wrong during the day, in a thread of its own."""

    def __init__(self, stub: StubServer) -> None:
        self.count = 0
        self._stub = stub
        self._dice = random.Random(24)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._dice.uniform(0.5, 1.5) * EVERY / SPEED):
            self.count += 1
            if self._dice.random() < 0.1:
                self._stub.scene(CAMERA, Scene(offline_at=self._dice.uniform(10, 200)))
            else:
                self._stub.scene(CAMERA, Scene())
                self._stub.fail_next(**self._dice.choice(FAULTS))


def span(stub: StubServer, job_id: str) -> tuple[datetime, datetime]:
    """Return when a job began and ended, by the server's events."""
    job = next(job for job in stub._state.jobs.all() if job.job_id == job_id)
    begin, end = parse_time(job.created_at), parse_time(job.events[-1].timestamp)
    assert begin is not None
    assert end is not None
    return begin, end
