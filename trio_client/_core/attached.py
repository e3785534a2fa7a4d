"""Jobs that must not outlive this program: those of streams that own them."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["AttachedJob", "attach", "detach"]

_SECONDS_AT_EXIT = 3.0


@dataclass(eq=False, slots=True)
class AttachedJob:
    """One job of a stream in this process.

    It knows how to stop the job without the stream, which may be gone, and without an event loop.
    """

    stop: Callable[[str, float], bool]
    """Stop a job by its id within so many seconds; return whether that is certain."""
    job_id: str | None = None
    find: Callable[[], str | None] | None = None
    """Find the id of a job that its stream has not named yet."""

    def named(self, job_id: str) -> None:
        """Note the job's id."""
        self.job_id, self.find = job_id, None


_attached: set[AttachedJob] = set()
_lock = threading.Lock()


def attach(job: AttachedJob) -> None:
    """Have a job stopped at the end of the program."""
    with _lock:
        _attached.add(job)


def detach(job: AttachedJob) -> None:
    """Note that a job has ended, was stopped or is to be left running."""
    with _lock:
        _attached.discard(job)


def _forget() -> None:
    """A child process must never stop its parent's jobs."""
    if _lock.locked():  # by a thread that does not exist in the child
        _lock.release()
    _attached.clear()


def stop_attached() -> None:
    """Stop what is left, at most three seconds long, and name what could not be stopped."""
    with _lock:
        jobs = list(_attached)
        _attached.clear()
    if not jobs:
        return
    stopped: set[AttachedJob] = set()
    until = time.monotonic() + _SECONDS_AT_EXIT

    def stop(job: AttachedJob) -> None:
        if job.job_id is None and job.find is not None:
            job.job_id = job.find()
        left = until - time.monotonic()
        if left > 0 and job.job_id is not None and job.stop(job.job_id, left):
            stopped.add(job)

    threads: list[threading.Thread] = []
    for job in jobs:
        thread = threading.Thread(target=stop, args=(job,), daemon=True)
        try:
            thread.start()
        except RuntimeError:  # an interpreter that is shutting down starts no threads
            stop(job)
        else:
            threads.append(thread)
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    left_running = [job.job_id or "one whose id is not known" for job in jobs if job not in stopped]
    if left_running:
        sys.stderr.write(f"trio_client: could not confirm that these jobs were stopped: {', '.join(left_running)}\n")


atexit.register(stop_attached)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
