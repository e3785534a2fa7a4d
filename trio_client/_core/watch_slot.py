"""How a watch gets the slot of its next job, since the account limits how many jobs run."""

from __future__ import annotations

import math

from ..errors import MaxJobsReachedError
from . import watch_commands as do
from .watch_steps import Life, WatchSteps

__all__ = ["SLOT_LOST", "SlotSteps"]

SLOT_LOST = "the lease of the job slot was lost"
_QUEUED_SECONDS = 5.0  # after which waiting for the lease of a slot is a gap


class SlotSteps(WatchSteps):
    """The steps by which a watch acquires a slot, and waits for a free one."""

    def _acquire_slot(self) -> Life[bool]:
        """Wait for the lease of a slot, and return whether there is one.

        That time is a gap, unless others only had to start first.
        """
        asked_at = self._server_now()
        outcome = yield from self._do(do.Acquire())
        if not self._allowance.has_begun:
            self._allowance.begin()
        if isinstance(outcome, do.Queued):
            self._queued(outcome)
        while not isinstance(outcome, do.Granted):
            opens = self._coverage.opens_in()
            until = self._clock() + (_QUEUED_SECONDS if opens is None else opens)
            deadline = self._slot_deadline()
            outcome = yield from self._do(do.AwaitSlot(min(until, deadline), deadline))
            if isinstance(outcome, do.TimeUp) or (isinstance(outcome, do.Granted) and outcome.waited):
                self._coverage.lost("no_free_slot", since=asked_at)
            yield from self._emit(self._coverage.opened(self.job_id))
            if self._allowance.over() is not None:
                yield from self._do(do.ReleaseSlot())
                return False
            if isinstance(outcome, do.TimeUp) and self._clock() >= deadline and self._full.refusal is not None:
                yield from self._do(do.ReleaseSlot())
                self._full.since = None
                yield from self._raise(self._full.refusal)
                return False
        return True

    def _queued(self, outcome: do.Queued) -> None:
        """Note that others are first, or that the account has refused the attempt before."""
        if self._full.since is None:
            self._full.since, self._full.refusal = self._clock(), outcome.refusal
        if self._current.state.name != "waiting_for_slot":
            self._enter("waiting_for_slot", "no_free_slot")

    def _slot_deadline(self) -> float:
        """Return until when a slot is waited for."""
        seconds = self._rules.wait_for_slot
        return math.inf if seconds is None or self._full.since is None else self._full.since + seconds

    def _slot_refused(self, error: MaxJobsReachedError) -> Life[None]:
        self._coverage.lost("no_free_slot", error.problem)
        self._enter("waiting_for_slot", "no_free_slot", error.problem)
        if self._full.since is None:
            self._full.since = self._clock()
        self._full.refusal = error
        if self._slot_deadline() <= self._clock():
            yield from self._raise(error)

    def _slot_lost(self) -> Life[None]:
        self._coverage.lost("no_free_slot", SLOT_LOST)
        self._enter("waiting_for_slot", "no_free_slot", SLOT_LOST)
        yield from self._do(do.ReleaseSlot())
