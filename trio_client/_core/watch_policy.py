"""The life of a watch, from its first job to its end.

`WatchPolicy.life` is a generator that does no I/O: it yields a command, is sent what came of it, and decides what is
next. Read it from top to bottom to see what a watch does; what performs the commands decides nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import datetime
from typing import NoReturn

from .._redaction import shown
from ..errors import (
    AuthenticationError,
    StreamInterruptedError,
    StreamUnavailableError,
    TrioError,
)
from ..events import Failed, Stopped
from . import watch_commands as do
from .watch_commands import Command, Outcome, RunningJob, UnresolvedCreate
from .watch_coverage import reason_of, reason_of_end
from .watch_slot import SLOT_LOST, SlotSteps
from .watch_steps import ClosedError, Life, is_unresolved, status_of

__all__ = ["WatchPolicy"]

_FINAL_MESSAGES_SECONDS = 5.0  # that a stopped job has to deliver what it had reported before


class WatchPolicy(SlotSteps):
    """Decide what a watch does next: one job after another, never two at once, none left behind."""

    def life(self) -> Generator[Command, Outcome, NoReturn]:
        """Yield what to do next; expects to be sent what came of it. It ends with `End`, again and again."""
        unresolved: Sequence[UnresolvedCreate] = ()
        try:
            yield from self._watch()
        except ClosedError:
            unresolved = self._take_unresolved()
        self._enter("ended")
        while True:  # a command that was under way while the watch was closed may still come to its outcome
            outcome = yield do.End(unresolved)
            unresolved = ()
            if isinstance(outcome, do.Closed):
                unresolved = self._take_unresolved()
            elif isinstance(outcome, do.Failure):
                self._note_unresolved(outcome.error, self._clock())

    def _watch(self) -> Life[None]:
        """Run one job after another until the watch is over."""
        while (over := self._allowance.over()) is None:
            job = yield from self._next_job()
            if job is not None:
                self._current.job = job
                self._enter("polling" if job.is_polled else "watching")
                yield from self._emit(self._coverage.regained(self.job_id, job.began))
                has_ended = yield from self._follow(job)
                self._current.last_job_id, self._current.job = self.job_id, None
                if has_ended:
                    return
        if over.reason == "duration_reached" and (left := self._allowance.seconds_left):
            self._coverage.lost("job_ended", "the rest of the duration is too short for a job")
            yield from self._wait(left)
        yield from self._end(over)

    # Between two jobs

    def _next_job(self) -> Life[RunningJob | None]:
        """Return the next job once it runs; `None`: there is none yet, or the watch is over meanwhile."""
        if self._current.pause:
            yield from self._wait(self._allowance.waits_to_the_end(self._current.pause))
            self._current.pause = 0.0
        has_slot = yield from self._acquire_slot()
        if not has_slot or self._allowance.over() is not None:
            return None
        self._allowance.reserve()
        self._enter("starting", self._coverage.reason)
        found = yield from self._resolve()
        sent = self._clock()
        outcome = found or (yield from self._do(do.Start(self._allowance.job_limit())))
        match outcome:
            case do.JobStarted(job, slot_delay):
                self._full.since = None
                self._allowance.job_started(self._ran_already(job))
                self._restarts.job_started()
                if job.began is not None and self._rules.on_drop == "restart":  # its stream was lost with the reply
                    self._restarts.dropped(slot_delay)
                return job
            case do.SlotRefused(error):
                yield from self._slot_refused(error)
            case do.SlotLost():
                yield from self._slot_lost()
            case do.Failure(error):
                self._note_unresolved(error, sent)
                yield from self._back_off(error)
            case _:
                pass
        return None

    def _resolve(self) -> Life[Outcome | None]:
        """Look up the jobs of unresolved creates; return one that was found, or the failure to look it up."""
        now = self._clock()
        for create in tuple(self._unresolved):
            create.looked_up(now)
            outcome = yield from self._do(do.Resolve(create))
            if isinstance(outcome, do.Failure):
                return outcome
            if isinstance(outcome, do.JobStarted):
                self._unresolved.remove(create)
                return outcome
            if now >= create.until:
                self._forget(create)
        return None

    def _back_off(self, error: TrioError, *, ran: float = 0.0, seen_alive: datetime | None = None) -> Life[None]:
        """Pause before the next attempt, or raise the error."""
        reason = reason_of(error)
        self._coverage.lost(reason, error.problem, since=seen_alive)
        self._enter("waiting_for_stream" if reason == "stream_unavailable" else "retrying", reason, error.problem)
        pause = self._backoff.after_error(error, ran)
        if pause is not None and isinstance(error, StreamUnavailableError) and not self._allowance.has_run:
            left = self._rules.wait_for_stream - self._allowance.seconds_passed
            pause = min(pause, left) if left > 0 else None
        if pause is None or (self._rules.on_drop == "raise" and isinstance(error, StreamInterruptedError)):
            yield from self._raise(error)
            return
        self._log.warning("A watched stream could not be followed (%s); trying again in %.1f s.", error, pause)
        self._current.pause = pause

    # While a job runs

    def _follow(self, job: RunningJob) -> Life[bool]:
        """Emit a job's events until it has ended or is abandoned; return whether the watch has ended with it."""
        self._current.polling, self._current.may_have_cancelled = job.is_polled, False
        self._current.polling_because = "connection_lost", None
        while True:
            if (over := self._allowance.expired()) is not None:
                yield from self._stop_for_good(over)
                return True
            yield from self._stop_lost()
            if self._restarts.is_due and (yield from self._restart(job)):
                return False
            outcome = yield from self._do(do.Read(self._allowance.expires_at()))
            match outcome:
                case do.Events(events):
                    self._note_polls(job)
                    self._restarts.saw(events)
                    for event in events:
                        self._allowance.note(getattr(event, "stats", None))
                    yield from self._emit(events)
                case do.JobEnded(events, end):
                    yield from self._emit(events)
                    return (yield from self._job_ended(end, job.seen_alive))
                case do.TimeSliceOver(lost):
                    if (yield from self._end_time_slice(job, lost=lost)):
                        return False
                case do.Dropped(error, delay) if self._may_poll(error):
                    if self._rules.on_drop == "restart":
                        self._restarts.dropped(delay)
                    yield from self._poll(error)
                case do.Dropped(error) | do.Unreachable(error):
                    if not (yield from self._keep_or_abandon(job, error)):
                        return False
                case _:
                    pass

    def _note_polls(self, job: RunningJob) -> None:
        """Say by the state whether the polls of a job are answered."""
        name, failure = self._current.state.name, job.poll_failure
        if failure is not None and name == "polling":
            self._unanswered(failure)
        elif failure is None and name == "retrying":
            self._enter("polling", *self._current.polling_because)

    def _unanswered(self, failure: TrioError) -> None:
        state = self._current.state
        if state.name == "polling":
            self._current.polling_because = state.reason, state.detail
        self._enter("retrying", "connection_lost", failure.problem)

    def _keep_or_abandon(self, job: RunningJob, error: TrioError) -> Life[bool]:
        """Keep a job that cannot be followed at the moment; return `False` if it was abandoned."""
        if self._rules.on_drop != "raise" and job.job_id is not None:
            pause = self._backoff.while_unreachable(error)
            if pause is None and not (yield from self._stop()):
                # Two jobs beside each other would both be billed; only a key that is refused will not work again.
                pause = None if isinstance(error.__cause__, AuthenticationError) else self._backoff.next_pause()
            if pause is not None:
                self._log.warning(
                    "Watched job %s cannot be polled (%s); retrying in %.1f s.", shown(job.job_id), error, pause
                )
                self._unanswered(error)
                yield from self._wait(self._allowance.within_job(pause))
                return True
        if self._rules.on_drop != "raise" and is_unresolved(error):
            ran = self._allowance.job_left_unresolved()
            self._note_unresolved(error.__cause__, self._clock() - ran, ran)
            yield from self._do(do.LeaveUnresolved())
        else:
            yield from self._do(do.Close(error))
            ran = self._allowance.job_ended()
        yield from self._back_off(error, ran=ran, seen_alive=job.seen_alive)
        return False

    def _restart(self, job: RunningJob) -> Life[bool]:
        """Replace the job of a dropped stream by one with a stream; return whether it was stopped.

        Polling brings no explanation and no picture. What the job had counted and the stream did not show is emitted.
        """
        if not self._allowance.pays_another_job():
            self._restarts.due = None
            return False
        if not (yield from self._stop()):
            self._restarts.postponed()
            return False
        end = yield from self._drain()
        yield from self._do(do.Close())
        self._restarts.restarted()
        self._allowance.job_ended(end.stats if end is not None else None)
        since = (end.occurred_at if end is not None else None) or job.seen_alive
        state = self._current.state
        detail = state.detail if state.name == "polling" else self._current.polling_because[1]
        self._coverage.lost("connection_lost", detail, since=since)
        self._current.pause = 0.0
        return True

    def _end_time_slice(self, job: RunningJob, *, lost: bool) -> Life[bool]:
        """Stop the job, since other watches wait for its slot, or one has it; return whether it was stopped."""
        may_be_stopped = job.job_id is not None or job.has_started  # otherwise no job would get to its start
        if not may_be_stopped or not (yield from self._stop()):
            yield from self._do(do.KeepSlot())
            return False
        yield from self._do(do.ReleaseSlot())
        end = yield from self._drain()
        end = end or Stopped(name="stopped", delivery="poll", status="stopped")
        yield from self._job_ended(end, job.seen_alive, "no_free_slot" if lost else "time_slice")
        return True

    # When a job, or the watch, has ended

    def _job_ended(
        self, end: Stopped | Failed, seen_alive: datetime | None, slice_end: str | None = None
    ) -> Life[bool]:
        """Report a job's end within the watch, or as the end of the watch; return whether it is the latter.

        `slice_end`: the reason of the gap, if the job's time slice is over.
        """
        yield from self._do(do.Close())
        if isinstance(end, Failed):
            slice_end = None
        self._restarts.job_ended()
        ran = self._allowance.job_ended(end.stats)
        stopped_by_us = slice_end is not None or self._current.may_have_cancelled
        if not stopped_by_us and isinstance(end, Stopped) and end.reason == "cancelled":
            if not isinstance((yield from self._do(do.CheckSlot())), do.SlotLost):
                yield from self._emit([end])
                return True
            yield from self._do(do.ReleaseSlot())
            stopped_by_us, slice_end = True, "no_free_slot"
        self._current.pause = 0.0 if stopped_by_us and isinstance(end, Stopped) else self._backoff.after_end(end, ran)
        detail = end.reason if isinstance(end, Stopped) else end.code or end.message
        reason = slice_end or reason_of_end(end)
        self._coverage.lost(
            reason, SLOT_LOST if reason == "no_free_slot" else detail, since=end.occurred_at or seen_alive
        )
        if self._current.pause:
            self._enter("waiting_for_stream" if reason == "stream_unavailable" else "retrying", reason, detail)
        yield from self._emit([status_of(end, "turn_over" if slice_end else detail)])
        return False

    def _stop_for_good(self, over: Stopped) -> Life[None]:
        """Stop the job because a limit of the watch is reached; emit what it had reported, then the end."""
        if (yield from self._stop()):
            yield from self._drain()
        yield from self._do(do.Close())
        self._allowance.job_ended()
        yield from self._end(over)

    def _drain(self) -> Life[Stopped | Failed | None]:
        """Emit the final messages of a stopped job; return its end, unless that does not arrive in time."""
        until = self._clock() + _FINAL_MESSAGES_SECONDS
        while True:
            outcome = yield from self._do(do.Read(until))
            match outcome:
                case do.Events(events):
                    yield from self._emit(events)
                case do.JobEnded(events, end):
                    yield from self._emit(events)
                    return end
                case do.Dropped(error) if self._may_poll(error):
                    yield from self._poll(error)
                case do.TimeSliceOver():  # the job that had the slot was stopped
                    yield from self._do(do.ReleaseSlot())
                case _:
                    return None
            if self._clock() > until:
                return None

    def _end(self, over: Stopped) -> Life[None]:
        over.job_id, over.occurred_at = self.job_id, self._server_now()
        yield from self._emit([*self._coverage.regained(self.job_id), over])
