"""The steps of a watch that its life is made of, and what it knows meanwhile."""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias, TypeVar

from .._job_context import ContextLog, JobContext
from .._stats import JobStats
from ..errors import CreateOutcomeUnknownError, MaxJobsReachedError, TrioError
from ..events import Event, Failed, StatusChanged, Stopped
from . import watch_commands as do
from .shared_limits import SharedLimits
from .usage import Usage
from .watch_backoff import WatchBackoff
from .watch_commands import Command, Outcome, RunningJob, UnresolvedCreate
from .watch_coverage import Coverage, Subject, reason_of
from .watch_limits import Allowance, WatchLimits
from .watch_restart import RestartPlan, RestartRule
from .watch_state import WatchState, WatchStateName

__all__ = ["ClosedError", "Life", "WatchSteps", "is_unresolved", "status_of"]

_T = TypeVar("_T")
Life: TypeAlias = Generator[Command, Outcome, _T]


class ClosedError(Exception):
    """The watch was closed."""


@dataclass(frozen=True, slots=True)
class _Rules:
    on_exit: Literal["cancel", "leave"]
    on_drop: Literal["restart", "poll", "raise"]
    wait_for_slot: float | None
    wait_for_stream: float


@dataclass(slots=True)
class _Full:
    """Since when the account has had no free slot for the next job, and what its last refusal said."""

    since: float | None = None
    refusal: MaxJobsReachedError | None = None


@dataclass(slots=True)
class _Current:
    """The job of the moment, what the watch is doing, and how long it pauses before the next job."""

    state: WatchState
    job: RunningJob | None = None
    last_job_id: str | None = None
    polling: bool = False
    polling_because: tuple[str | None, str | None] = ("connection_lost", None)  # reason and detail, while polls fail
    may_have_cancelled: bool = False
    pause: float = 0.0  # before the next job, in seconds


class WatchSteps:
    """What a watch knows, and the steps it takes.

    Args:
        limits: in time and money.
        on_exit: whether closing the watch stops what it may have started.
        on_drop: whether the job of a dropped stream is replaced, or polled, or the error raised.
        restart_rule: what a restart must not cut off.
        wait_for_slot: seconds to wait for a free job slot; `None`: as long as it takes.
        wait_for_stream: seconds to wait before the first job for a stream that is unavailable.
        clock: the time, in seconds.
        server_now: the time by the server's clock.
        log: takes lines about what goes wrong; it names the camera and the job.
        subject: what is watched; its stream may change from job to job.
        rand: a random number from 0 to 1.
    """

    def __init__(
        self,
        limits: WatchLimits,
        *,
        on_exit: Literal["cancel", "leave"],
        on_drop: Literal["restart", "poll", "raise"],
        restart_rule: RestartRule,
        wait_for_slot: float | None,
        wait_for_stream: float,
        clock: Callable[[], float],
        server_now: Callable[[], datetime],
        log: ContextLog | None = None,
        subject: Subject | None = None,
        rand: Callable[[], float] = random.random,
    ) -> None:
        self._rules = _Rules(on_exit, on_drop, wait_for_slot, wait_for_stream)
        self._clock = clock
        self._server_now = server_now
        self._log = log or JobContext().log
        self.subject: Subject = subject or Subject()
        self._unresolved: list[UnresolvedCreate] = []
        self._allowance = Allowance(limits, clock=clock, unresolved=self._unresolved)
        self._backoff = WatchBackoff(rand=rand)
        self._coverage = Coverage(server_now, self.subject)
        self._restarts = RestartPlan(restart_rule, clock=clock)
        self._full = _Full()
        self._current = _Current(WatchState("starting", server_now()))

    @property
    def state(self) -> WatchState:
        """What the watch is doing."""
        job = self._current.job
        return replace(self._current.state, job_id=job.job_id if job is not None else None)

    @property
    def job_id(self) -> str | None:
        """The id of the current job, or of the last one between two."""
        return self.state.job_id or self._current.last_job_id

    @property
    def usage(self) -> Usage:
        """What the jobs of the watch have used so far."""
        return self._allowance.usage

    @property
    def is_only_attempt(self) -> bool:
        """Whether the first job is about to start, and no stream is waited for: what fails now is raised as it is."""
        return self._rules.wait_for_stream == 0 and not self._allowance.has_run

    def join(self, limits: SharedLimits) -> None:
        """Let the watch spend of what several watches have together."""
        self._allowance.join(limits)

    def leave(self) -> None:
        """Spend no more of what several watches have together."""
        self._allowance.leave()

    def job_closed(self, stats: JobStats | None) -> None:
        """Note that the job that ran when the watch was closed counts no further."""
        self._allowance.job_ended(stats)

    def _do(self, command: Command) -> Life[Outcome]:
        outcome = yield command
        if isinstance(outcome, do.Closed):
            raise ClosedError
        return outcome

    def _stop(self) -> Life[bool]:
        """Cancel the job; return whether it has certainly ended."""
        outcome = yield from self._do(do.Stop())
        if not isinstance(outcome, do.StopTried):
            return False
        self._current.may_have_cancelled = self._current.may_have_cancelled or outcome.possible
        return outcome.confirmed

    def _may_poll(self, error: TrioError) -> bool:
        """Whether a dropped stream is followed by polling: its job's id is known, or not looked up yet."""
        return not self._current.polling and self._rules.on_drop != "raise" and not is_unresolved(error)

    def _poll(self, error: TrioError) -> Life[None]:
        """Follow the job of a dropped stream by polling."""
        self._current.polling = True
        self._enter("polling", reason_of(error), error.problem)
        yield from self._do(do.Poll())

    def _wait(self, seconds: float) -> Life[None]:
        """Wait, and emit the gap that becomes long enough meanwhile."""
        until = self._clock() + seconds
        opens = self._coverage.opens_in()
        if opens is not None and 0 < opens <= seconds:
            yield from self._do(do.Wait(self._clock() + opens))
        yield from self._emit(self._coverage.opened(self.job_id))
        yield from self._do(do.Wait(until))

    def _emit(self, events: Sequence[Event]) -> Life[None]:
        for event in events:
            if event.stream_url is None:
                event.stream_url = self.subject.stream_url
        if events:
            yield from self._do(do.Emit(events))

    def _raise(self, error: TrioError) -> Life[None]:
        yield from self._do(do.Raise(error))

    def _enter(self, name: WatchStateName, reason: str | None = None, detail: str | None = None) -> None:
        """Note what the watch is doing from now on."""
        since = self._current.state.since if name == self._current.state.name else self._server_now()
        self._current.state = WatchState(name, since, reason, detail)

    def _stop_lost(self) -> Life[None]:
        """Stop the job of an unresolved create that turns up beside the running one: both would be billed."""
        now = self._clock()
        for create in tuple(self._unresolved):
            if now >= create.until:
                self._forget(create)
            elif now >= create.next_lookup:
                create.looked_up(now)
                outcome = yield from self._do(do.StopLost(create))
                if isinstance(outcome, do.StopTried) and outcome.confirmed:
                    self._forget(create)

    def _note_unresolved(self, error: BaseException | None, sent: float, ran: float = 0.0) -> None:
        if isinstance(error, CreateOutcomeUnknownError) and all(each.error is not error for each in self._unresolved):
            create = UnresolvedCreate(error, sent)
            create.until = max(create.until, sent + ran)  # its stream showed it running until then
            self._unresolved.append(create)

    def _forget(self, create: UnresolvedCreate) -> None:
        """Note that the job of an unresolved create does not run any more, if there was one."""
        self._unresolved.remove(create)
        self._allowance.lost_job_ended(create)

    def _take_unresolved(self) -> Sequence[UnresolvedCreate]:
        taken = tuple(self._unresolved)
        for create in taken:
            self._forget(create)
        return taken if self._rules.on_exit == "cancel" else ()

    def _ran_already(self, job: RunningJob) -> float:
        """Return how many seconds a job that had to be looked up has run, by the server's clock."""
        return 0.0 if job.began is None else max(0.0, (self._server_now() - job.began).total_seconds())


def is_unresolved(error: TrioError) -> bool:
    """Return whether a stream was dropped before it named its job, which was then not found in the list."""
    return isinstance(error.__cause__, CreateOutcomeUnknownError)


def status_of(end: Stopped | Failed, reason: str | None) -> StatusChanged:
    """Return a job's end as an event that does not end the watch."""
    return StatusChanged(
        name=end.name,
        delivery=end.delivery,
        job_id=end.job_id,
        stream_url=end.stream_url,
        occurred_at=end.occurred_at,
        raw=end.raw,
        status=end.status if isinstance(end, Stopped) else "failed",
        reason=reason,
        stats=end.stats,
    )
