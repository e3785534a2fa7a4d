"""All jobs of the stub server: they are created, listed, cancelled and moved along with the clock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import islice
from typing import Any

from ..documented.errors import ApiError
from .agenda import Agenda
from .clock import Clock
from .digest import DigestJob
from .job import TERMINAL, Delivery, Job, JobStart, JobStatus, JobType, Surroundings
from .job_events import JobEvent
from .listing import Listing
from .monitor import MonitorJob
from .scene_book import SceneBook

__all__ = ["JOBS_KEPT", "JobStore"]

JOBS_KEPT = 250_000


class JobStore:
    """Jobs in order of creation. Safe to use from any thread; steps that are due are taken before anything is read.

    `on_events` is called with a job and its new events, in order, in the thread that moved time forward.
    """

    def __init__(
        self,
        clock: Clock,
        scenes: SceneBook,
        *,
        max_jobs: int,
        start_delay: float,
        listing: Listing | None = None,
        full_status: int | None = None,
    ) -> None:
        self.lock: threading.RLock = threading.RLock()
        self.max_jobs = max_jobs
        self.on_events: Callable[[Job, list[JobEvent]], None] | None = None
        self._clock = clock
        self._start_delay = start_delay
        self._listing = listing or Listing()
        self._full_status = full_status
        self._around = Surroundings(scene_at=scenes.scene_at, timestamp=clock.timestamp)
        self._jobs: dict[str, Job] = {}
        self._active: dict[str, None] = {}  # in order of creation
        self._ended_minutes = 0
        self._agenda = Agenda()

    def create(self, job_type: JobType, request: dict[str, Any], delivery: Delivery) -> Job:
        """Start a job, unless all of the account's job slots are taken."""
        with self.lock:
            self.run_due()
            if len(self._active) >= self.max_jobs:
                message = f"The limit of {self.max_jobs} concurrent jobs is reached."
                raise ApiError("MAX_JOBS_REACHED", message, status=self._full_status)
            job = self._make(job_type, request, delivery)
            self._agenda.add(job)
            return job

    def fill(self, number: int, *, status: JobStatus, job_type: JobType, stream_url: str) -> list[str]:
        """Add jobs that never change, beyond the limit on concurrent jobs. Returns their ids."""
        if not 0 <= number <= JOBS_KEPT:
            raise ValueError(f"the number of jobs must be 0 to {JOBS_KEPT}, not {number}")
        request = {"stream_url": stream_url, "condition": "Is the gate open?"}
        if job_type == "live-digest":
            request = {"stream_url": stream_url}
        with self.lock:
            ids: list[str] = []
            for _ in range(number):
                job = self._make(job_type, request, "polling")
                job.freeze(status)
                if not job.active:
                    self._active.pop(job.job_id, None)
                ids.append(job.job_id)
            return ids

    def get(self, job_id: str) -> Job:
        """One job; JOB_NOT_FOUND if no job has this id."""
        with self.lock:
            self.run_due()
            job = self._jobs.get(job_id)
            if job is None:
                raise ApiError("JOB_NOT_FOUND", "There is no job with this id.")
            return job

    def cancel(self, job_id: str) -> tuple[Job, bool]:
        """End a job; the flag is False if it had ended before."""
        return self._change(job_id, Job.cancel)

    def trigger(self, job_id: str) -> tuple[Job, bool]:
        """Make the condition of a monitor hold now; the flag is False if it cannot."""

        def trigger(job: Job, now: float, around: Surroundings) -> bool:
            return isinstance(job, MonitorJob) and job.trigger(now, around)

        return self._change(job_id, trigger)

    def fail(self, job_id: str) -> tuple[Job, bool]:
        """End a job as if its stream had gone offline; the flag is False if it had ended before."""
        return self._change(job_id, Job.fail)

    def page(self, *, status: str | None, job_type: str | None, limit: int, offset: int) -> tuple[list[Job], int]:
        """A page of the matching jobs in the order of the list, and how many match in all."""
        with self.lock:
            self.run_due()
            listing, everything = self._listing, self._jobs.values()
            offset = min(offset, len(self._jobs))
            if status is None and job_type is None and listing.is_plain:  # no copy of very many jobs
                ordered = iter(everything) if listing.order == "oldest" else reversed(everything)
                return list(islice(ordered, offset, offset + limit)), len(self._jobs)
            listed = listing.listed(everything, self._clock.now())
            jobs = [job for job in listed if status in (None, job.status) and job_type in (None, job.job_type)]
            return jobs[offset : offset + limit], len(jobs)

    def all(self) -> list[Job]:
        """Every job, oldest first."""
        with self.lock:
            self.run_due()
            return list(self._jobs.values())

    def active(self, limit: int) -> list[Job]:
        """The newest jobs that are pending or running, newest first."""
        with self.lock:
            self.run_due()
            return [self._jobs[job_id] for job_id in islice(reversed(self._active), limit)]

    def running(self) -> int:
        """How many jobs are pending or running."""
        with self.lock:
            self.run_due()
            return len(self._active)

    def minutes(self) -> int:
        """The begun minutes of stub time that jobs ran, each at least one; those that `fill` added do not count."""
        with self.lock:
            self.run_due()
            now = self._clock.now()
            active = (self._jobs[job_id] for job_id in self._active)
            return self._ended_minutes + sum(job.minutes(now) for job in active if not job.frozen)

    def run_due(self) -> float | None:
        """Take every step that is due by now, in order. Returns the stub time of the next one."""
        with self.lock:
            now = self._clock.now()
            while (job := self._agenda.take(now)) is not None:
                if job.removed or not job.active:
                    continue
                made = job.events.count
                job.step(self._around)
                self._agenda.add(job)
                self._report(job, made)
            return self._agenda.next_due()

    def clear(self) -> list[Job]:
        """Remove all jobs; returns them, each marked as removed."""
        with self.lock:
            jobs = list(self._jobs.values())
            for job in jobs:
                job.removed = True
            self._jobs.clear()
            self._active.clear()
            self._ended_minutes = 0
            self._agenda.clear()
            return jobs

    def _change(self, job_id: str, change: Callable[[Job, float, Surroundings], bool]) -> tuple[Job, bool]:
        with self.lock:
            job = self.get(job_id)
            made = job.events.count
            changed = change(job, self._clock.now(), self._around)
            self._report(job, made)
            return job, changed

    def _make(self, job_type: JobType, request: dict[str, Any], delivery: Delivery) -> Job:
        if len(self._jobs) >= JOBS_KEPT:
            self._remove_oldest()
        make = MonitorJob if job_type == "live-monitor" else DigestJob
        job = make(request, JobStart(self._clock.now(), self._clock.timestamp(), self._start_delay, delivery))
        self._jobs[job.job_id] = job
        self._active[job.job_id] = None
        return job

    def _report(self, job: Job, made: int) -> None:
        if not job.active and job.job_id in self._active:
            del self._active[job.job_id]
            self._ended_minutes += job.minutes(self._clock.now())
        events, _ = job.events.since(made)
        if events and self.on_events is not None:
            self.on_events(job, events)

    def _remove_oldest(self) -> None:
        for job_id, job in self._jobs.items():
            if job.status in TERMINAL:
                job.removed = True
                del self._jobs[job_id]
                return
        raise ApiError("MAX_JOBS_REACHED", f"The stub server keeps no more than {JOBS_KEPT} jobs.")
