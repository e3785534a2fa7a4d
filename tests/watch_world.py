"""A world without sockets for the policy of a watch: it performs commands and keeps the books."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

from trio_client import errors
from trio_client._core import watch_commands as do
from trio_client._core.watch_limits import watch_limits
from trio_client._core.watch_policy import WatchPolicy
from trio_client._core.watch_restart import RestartRule
from trio_client.events import CoverageGap, Delivery, Event, Failed, Progress, Stopped

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
PRICE = 0.02


@dataclass
class Job:
    """A job of the server, and what the client knows of it."""

    job_id: str | None
    began_at: float
    limit: float
    has_started: bool = True
    is_polled: bool = False
    poll_failure: errors.TrioError | None = None
    seen_alive: datetime | None = None
    began: datetime | None = None
    ended_at: float | None = None

    def end(self, now: float) -> None:
        """Note that it has ended: now, or when its time was up."""
        if self.ended_at is None:
            self.ended_at = min(now, self.began_at + self.limit)

    def minutes(self) -> int:
        """Return the minutes it is billed for, once it has ended."""
        assert self.ended_at is not None
        return max(1, math.ceil((self.ended_at - self.began_at) / 60 - 1e-9))


@dataclass
class World:
    """The clock, the jobs, and what was emitted; each method is one outcome of the pending command."""

    duration: float | None = None
    max_cost: float | None = None
    on_exit: Literal["cancel", "leave"] = "cancel"
    on_drop: Literal["restart", "poll", "raise"] = "poll"
    cooldown: float = 0.0
    window: float | None = None
    wait_for_slot: float | None = None
    wait_for_stream: float = 0.0
    queues: bool = False
    is_slot_lost: bool = False
    slot_commands: list[str] = field(default_factory=list[str])
    now: float = 0.0
    states: list[str] = field(default_factory=list[str])
    jobs: list[Job] = field(default_factory=list[Job])
    running: Job | None = None
    unresolved: list[errors.CreateOutcomeUnknownError] = field(default_factory=list[errors.CreateOutcomeUnknownError])
    emitted: list[Event] = field(default_factory=list[Event])
    raised: list[errors.TrioError] = field(default_factory=list[errors.TrioError])
    waits: list[float] = field(default_factory=list[float])

    def __post_init__(self) -> None:
        self.policy = WatchPolicy(
            watch_limits("live-monitor", self.duration, self.max_cost, PRICE),
            on_exit=self.on_exit,
            on_drop=self.on_drop,
            restart_rule=RestartRule(self.cooldown, self.window),
            wait_for_slot=self.wait_for_slot,
            wait_for_stream=self.wait_for_stream,
            clock=lambda: self.now,
            server_now=self.time,
            rand=lambda: 1.0,
        )
        self._unnamed: dict[int, Job] = {}  # by the error of its create
        self._life = self.policy.life()
        self.command: do.Command = next(self._life)
        self._perform()

    def time(self, seconds: float | None = None) -> datetime:
        """Return a moment by the server's clock."""
        return NOON + timedelta(seconds=self.now if seconds is None else seconds)

    def send(self, outcome: do.Outcome) -> None:
        """Send an outcome of the pending command."""
        self.command = self._life.send(outcome)
        self._perform()

    def _perform(self) -> None:
        """Perform the commands that have only one outcome."""
        waited = False
        while True:
            match self.command:
                case do.Emit(events):
                    self.emitted += events
                case do.Raise(error):
                    self.raised.append(error)
                case do.Wait(until):
                    self.waits.append(round(until - self.now, 6) + (self.waits.pop() if waited else 0.0))
                    self.now = max(self.now, until)
                    if not waited:
                        self.states.append(self.policy.state.name)
                    waited = True
                case do.Poll():
                    assert self.running is not None
                    self.running.is_polled = True
                case do.ReleaseSlot() | do.KeepSlot():
                    self.slot_commands.append(type(self.command).__name__)
                case do.CheckSlot():
                    self.command = self._life.send(do.SlotLost() if self.is_slot_lost else do.Granted())
                    self.is_slot_lost = False
                    continue
                case do.Acquire() if not self.queues:
                    self.command = self._life.send(do.Granted())
                    continue
                case do.Close() | do.LeaveUnresolved():
                    self.end_running()
                    waited = False
                case _:
                    return
            self.command = self._life.send(do.Done())

    def end_running(self) -> None:
        """Note that the running job has ended, or is left alone."""
        if self.running is not None:
            self.running.end(self.now)
        self.running = None

    # Outcomes

    def start(self, *, named: bool = True, ran: float = 0.0) -> Job:
        """A job starts, or is found."""
        assert isinstance(self.command, (do.Start, do.Resolve)), self.command
        assert self.running is None, "never two jobs"
        limit = self.command.limit if isinstance(self.command, do.Start) else None
        if isinstance(self.command, do.Resolve) and (lost := self._unnamed.get(id(self.command.create.error))):
            ran = self.now - lost.began_at  # it is that job
        job = Job(f"job_{len(self.jobs)}" if named else None, self.now - ran, math.inf if limit is None else limit)
        job.began = self.time(self.now - ran) if isinstance(self.command, do.Resolve) else None
        job.seen_alive = self.time()
        self.jobs.append(job)
        self.running = job
        if isinstance(self.command, do.Resolve):
            self.unresolved.remove(self.command.create.error)
        self.send(do.JobStarted(job))
        return job

    def refuse(self, pause: float = 3.0) -> None:
        """The account has no free slot; the lease is over when the next attempt makes sense, or at the deadline."""
        assert isinstance(self.command, do.Start), self.command
        error = errors.MaxJobsReachedError("full", status_code=429, code="MAX_JOBS_REACHED")
        began, queues, self.queues = self.now, self.queues, True
        self.send(do.SlotRefused(error))
        self.queues = queues
        if isinstance(self.command, do.Acquire):
            self.send(do.Queued(error))
            self.states.append(self.policy.state.name)
        while isinstance(self.command, do.AwaitSlot):
            attempt = min(began + pause, self.command.deadline)
            self.now = max(self.now, min(attempt, self.command.until))
            self.send(do.TimeUp() if self.now < attempt else do.Granted(waited=True))
        if self.now > began:
            self.waits.append(round(self.now - began, 6))

    def queue(self) -> None:
        """Other watches are first to get a slot."""
        assert isinstance(self.command, do.Acquire), self.command
        self.send(do.Queued())

    def wait_in_queue(self) -> None:
        """The time to wait for the lease is up."""
        assert isinstance(self.command, do.AwaitSlot), self.command
        self.now = max(self.now, self.command.until)
        self.send(do.TimeUp())

    def grant(self, seconds: float = 0.0, *, waited: bool = True) -> None:
        """There is a lease."""
        if isinstance(self.command, do.AwaitSlot):
            self.now = max(self.now, min(self.now + seconds, self.command.until))
        self.send(do.Granted(waited))

    def fail(self, error: errors.TrioError) -> None:
        """The start, or the lookup, fails."""
        assert isinstance(self.command, (do.Start, do.Resolve)), self.command
        if isinstance(self.command, do.Start) and isinstance(error, errors.CreateOutcomeUnknownError):
            self.unresolved.append(error)
        self.send(do.Failure(error))

    def events(self, seconds: float = 10.0, *events: Event) -> None:
        """The job reports something."""
        job = self._read(seconds)
        job.has_started = True
        if job.ended_at is None:
            job.seen_alive = self.time()
        job.job_id = job.job_id or f"job_{self.jobs.index(job)}"
        delivery: Delivery = "poll" if job.is_polled else "sse"
        progress = Progress(name="progress", delivery=delivery, job_id=job.job_id, occurred_at=self.time())
        self.send(do.Events(events or (progress,)))

    def end(self, seconds: float = 10.0, reason: str = "max_duration_reached", **fields: Any) -> None:
        """The job ends."""
        job = self._read(seconds)
        self._end(job, Stopped(name="stopped", reason=reason, status="stopped", **fields))

    def break_down(self, seconds: float = 10.0, code: str = "STREAM_OFFLINE") -> None:
        """The job fails."""
        self._end(self._read(seconds), Failed(name="failed", code=code))

    def drop(self, seconds: float = 10.0, cause: errors.TrioError | None = None, *, slot_delay: float = 0.0) -> None:
        """The stream is disconnected."""
        job = self._read(seconds)
        self.send(do.Dropped(interrupted(job, cause), slot_delay))

    def drop_unnamed(self, seconds: float = 1.0) -> None:
        """The stream is disconnected before it named its job, which is not found in the list."""
        job = self._read(seconds)
        lost = unresolved() if math.isinf(job.limit) else unresolved(monitor_duration_seconds=job.limit)
        self.unresolved.append(lost)
        self._unnamed[id(lost)] = job
        self.send(do.Dropped(interrupted(job, lost)))

    def lose_sight(self, seconds: float = 10.0, cause: errors.TrioError | None = None) -> None:
        """The job cannot be polled."""
        job = self._read(seconds)
        self.send(do.Unreachable(interrupted(job, cause or errors.APIConnectionError("refused", request_sent=False))))

    def time_up(self) -> None:
        """Nothing happens until the time given is up."""
        assert isinstance(self.command, do.Read)
        assert self.command.until is not None
        self.now = max(self.now, self.command.until)
        self.send(do.TimeUp())

    def end_time_slice(self, seconds: float = 10.0, *, lost: bool = False) -> None:
        """Another watch wants the slot, or has it."""
        self._read(seconds)
        self.send(do.TimeSliceOver(lost))

    def lose_slot(self) -> None:
        """Another process has the slot before the job is created."""
        assert isinstance(self.command, do.Start), self.command
        self.send(do.SlotLost())

    def stop(self, *, confirmed: bool = True, possible: bool = True) -> None:
        """The stop succeeds, or cannot be confirmed."""
        assert isinstance(self.command, do.Stop), self.command
        assert self.running is not None
        if confirmed:
            self.running.end(self.now)
        self.send(do.StopTried(confirmed, possible))

    def stop_lost(self, *, confirmed: bool = True) -> None:
        """The job of an unresolved create turns up beside the running one."""
        assert isinstance(self.command, do.StopLost), self.command
        assert self.running is not None
        if confirmed:
            self.unresolved.remove(self.command.create.error)
        self.send(do.StopTried(confirmed))

    def close(self) -> None:
        """The user leaves."""
        self.send(do.Closed())
        assert isinstance(self.command, do.End)
        self.end_running()
        for create in self.command.unresolved:
            self.unresolved.remove(create.error)

    def _read(self, seconds: float) -> Job:
        assert isinstance(self.command, do.Read), self.command
        assert self.running is not None, "there is a job to read from"
        until = math.inf if self.command.until is None else self.command.until
        self.now = max(self.now, min(self.now + seconds, until, self.running.began_at + self.running.limit))
        return self.running

    def _end(self, job: Job, end: Stopped | Failed) -> None:
        job.end(self.now)
        end.occurred_at = self.time(job.ended_at)
        self.send(do.JobEnded((), end))

    # What can be seen from outside

    @property
    def gaps(self) -> list[CoverageGap]:
        """The gaps that were emitted."""
        return [event for event in self.emitted if isinstance(event, CoverageGap)]

    @property
    def outcome(self) -> Event | None:
        """The event that ended the watch."""
        return self.emitted[-1] if isinstance(self.command, do.End) and self.emitted else None

    def cost(self) -> float:
        """What the jobs are billed that the watch started knowingly."""
        return PRICE * sum(job.minutes() for job in self.jobs if job.began is None)


def unresolved(**body: Any) -> errors.CreateOutcomeUnknownError:
    """Return the error of a create whose outcome is unknown."""
    return errors.CreateOutcomeUnknownError("m", path="/live-monitor", reference="r", request=body, sent_at=NOON)


def interrupted(job: Job, cause: errors.TrioError | None = None) -> errors.StreamInterruptedError:
    """Return the error of a job that cannot be followed any more."""
    error = errors.StreamInterruptedError("dropped", job_id=job.job_id)
    error.__cause__ = cause
    return error
