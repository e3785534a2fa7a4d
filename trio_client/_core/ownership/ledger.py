"""The record of every create of a client, and which job in the list is whose.

A job list says what runs on the account, not who made it: another create of this client, another process, or a
person. So a job is taken for that of a create only if it can be no other's (`adopt`, `claim`), and what is known to be
another's is never a candidate.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from ..._time_source import REAL
from ..._times import CLOCK_SKEW
from ...errors import CreateOutcomeUnknownError
from ...models import Job
from .intent import Intent
from .matching import Candidate, MadeBetween, PageTimes, candidate

__all__ = ["CreateRecord", "CreateState", "Ledger"]

_NEW_SECONDS = 10.0
"""For how long after its create a job may be unknown to a server whose reads lag."""
_APART = 3 * CLOCK_SKEW.total_seconds()
"""Seconds between two creates after which neither's job can be taken for the other's."""


class CreateState(Enum):
    """How far a create, and its job, have come."""

    PLANNED = auto()
    SENT = auto()
    RUNNING = auto()
    UNRESOLVED = auto()
    LEFT_RUNNING = auto()
    """It is the caller's."""
    ENDED = auto()
    STOPPED = auto()
    LEAKED = auto()


@dataclass(eq=False, slots=True)
class CreateRecord:
    """One create. Only the ledger changes it.

    Attributes:
        intent: what is to be made.
        state: how far it has come.
        job_id: the id of its job, once known.
        stopping: whether its job is being looked up in order to be stopped.
        sent: when it was sent, by the ledger's clock; `None`: not yet, or by another process.
        made_by: when its job was made at the latest, by the same clock; `None`: it may still be made.
        made_between: when its job was made, by the server's clock, where another process has sent it and knew that.
        error: what says that the outcome is unknown: while it exists, the lookup may be retried.
    """

    intent: Intent
    state: CreateState = CreateState.PLANNED
    job_id: str | None = None
    stopping: bool = False
    sent: float | None = None
    made_by: float | None = None
    made_between: MadeBetween | None = None
    error: weakref.ref[CreateOutcomeUnknownError] | None = None

    @property
    def is_unresolved(self) -> bool:
        """Whether it may or may not have made a job."""
        return self.state is CreateState.UNRESOLVED

    @property
    def has_unknown_id(self) -> bool:
        """Whether it certainly made a job, or is about to, of which only the id is not known."""
        return self.job_id is None and self.state not in (CreateState.PLANNED, CreateState.UNRESOLVED)

    @property
    def may_be_looked_up(self) -> bool:
        """Whether its job may still be looked up in the list, by its owner or the holder of its error."""
        if self.job_id is not None:
            return False
        if self.error is not None:
            return self.error() is not None
        return self.state in (CreateState.PLANNED, CreateState.SENT, CreateState.RUNNING, CreateState.UNRESOLVED)


class _Process:
    """What all ledgers of this process share: one lock. A fork leaves no thread to release it, so it is made anew."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        self.lock = threading.Lock()


_process = _Process()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_process.renew)


class Ledger:
    """The creates of one client and of its copies with other options. Safe to use from any thread.

    Args:
        clock: monotonic seconds; real ones, since they are compared with a server's time.
        few: how many records are kept without asking which of them can be dropped.
    """

    def __init__(self, *, clock: Callable[[], float] = REAL.monotonic, few: int = 16) -> None:
        self.clock = clock
        self._records: set[CreateRecord] = set()
        self._few = self._many = few

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, record: CreateRecord) -> bool:
        return record in self._records

    def plan(self, intent: Intent) -> CreateRecord:
        """Return a new record of a create that was not sent yet."""
        record = CreateRecord(intent)
        with _process.lock:
            if len(self._records) >= self._many:
                self._drop_unmatchable()
            self._records.add(record)
        return record

    def sent(self, record: CreateRecord) -> None:
        """Note that a create is about to be sent, perhaps again after a refusal."""
        with _process.lock:
            record.state, record.sent = CreateState.SENT, self.clock()

    def forget(self, record: CreateRecord) -> None:
        """Drop a create that certainly made no job, or whose job is not looked up any more."""
        with _process.lock:
            self._records.discard(record)

    def running(self, record: CreateRecord, job_id: str | None = None) -> None:
        """Note that there is a job, and its id, if it is known already."""
        with _process.lock:
            if record.state is not CreateState.RUNNING:
                record.state, record.made_by = CreateState.RUNNING, self.clock()
            record.job_id = job_id or record.job_id

    def unresolved(self, record: CreateRecord, *, within: float = 0.0) -> None:
        """Note that it is not known which job is this create's, if it made one: by now, or within that many seconds."""
        with _process.lock:
            if record.state is CreateState.SENT:
                record.state, record.made_by = CreateState.UNRESOLVED, self.clock() + within

    def reported(self, record: CreateRecord, error: CreateOutcomeUnknownError) -> None:
        """Note the error that was raised for an unresolved create: the record is kept for as long as the error."""
        with _process.lock:
            record.error = weakref.ref(error)

    def reopen(self, error: CreateOutcomeUnknownError) -> CreateRecord:
        """Return the record of an unresolved create; one of another process gets a new one."""
        intent = Intent.of(error)
        with _process.lock:
            mine = [each for each in self._records if each.error and each.intent.reference == intent.reference]
            for record in sorted(mine, key=lambda each: each.error is None or each.error() is not error):
                return record  # the one that raised this very error, or else a copy of it
        made_between = None
        if error.sent_at is not None and error.made_before is not None:
            made_between = MadeBetween(error.sent_at, error.made_before)
        return CreateRecord(intent, CreateState.UNRESOLVED, made_by=self.clock(), made_between=made_between)

    def ended(self, record: CreateRecord, state: CreateState) -> None:
        """Note how a job ended; its id stays known for as long as another create could match it."""
        with _process.lock:
            record.state = state

    def is_known(self, job_id: str) -> bool:
        """Return whether a create of this client is known to have made a job."""
        with _process.lock:
            return any(each.job_id == job_id for each in self._records)

    def not_found_grace(self, job_id: str) -> float:
        """Return for how many more seconds "no such job" proves nothing, since reads may lag behind the create."""
        with _process.lock:
            made = [each.made_by for each in self._records if each.job_id == job_id and each.made_by is not None]
        return max(0.0, min(_NEW_SECONDS, max(made) + _NEW_SECONDS - self.clock())) if made else 0.0

    def candidates(self, record: CreateRecord, jobs: Iterable[Job], times: PageTimes) -> list[Candidate]:
        """Return the list items that can be a create's job, by what list items show and by whose job is whose."""
        made_between = record.made_between
        if record.sent is not None:
            made_between = MadeBetween.on(times, record.sent, record.made_by)
        with _process.lock:
            taken = self._taken(record)
        found = (candidate(job, record.intent, made_between) for job in jobs if job.job_id not in taken)
        return [each for each in found if each is not None]

    def is_contested(self, record: CreateRecord) -> bool:
        """Whether what the list shows may be the job of an identical request, whose id is not known yet."""
        with _process.lock:
            return self._is_contested(record)

    def adopt(self, record: CreateRecord, found: Sequence[Candidate]) -> str | None:
        """Return the id of a create's job, which is its own from now on, or `None` where that would be a guess.

        Args:
            record: the create.
            found: the candidates whose settings are those that were sent.
        """
        with _process.lock:
            return self._take(record, found, at_most=1)

    def stopping(self, record: CreateRecord, value: bool) -> None:
        """Note whether a job is being looked up in order to be stopped."""
        with _process.lock:
            record.stopping = value

    def claim(self, record: CreateRecord, found: Sequence[Candidate]) -> str | None:
        """Return the id of the job that is to be stopped for a create, or `None` if that would be a guess.

        Where several identical requests are stopped at once, each gets one of as many jobs that fit.
        """
        with _process.lock:
            equal = sum(each.stopping and each.has_unknown_id for each in self._identical(record))
            return self._take(record, found, at_most=max(1, equal + record.has_unknown_id))

    def _take(self, record: CreateRecord, found: Sequence[Candidate], *, at_most: int) -> str | None:
        taken = self._taken(record)
        free = [each for each in found if each.job.job_id not in taken]
        if not 0 < len(free) <= at_most or not all(each.timed for each in free) or self._is_contested(record):
            return None
        record.job_id, record.state = free[0].job.job_id, CreateState.RUNNING
        self._records.add(record)
        return record.job_id

    def _taken(self, record: CreateRecord) -> set[str | None]:
        return {each.job_id for each in self._records if each is not record}

    def _is_contested(self, record: CreateRecord) -> bool:
        return any(each.has_unknown_id and not each.stopping for each in self._identical(record))

    def _identical(self, record: CreateRecord) -> list[CreateRecord]:
        """Return the other creates with the same request, if they were sent at about the same time."""
        return [
            each
            for each in self._records
            if each is not record and each.intent.equals(record.intent) and _overlap(each, record)
        ]

    def _drop_unmatchable(self) -> None:
        """Drop the records whose job no create can be taken for any more."""
        now = self.clock()
        looked_up = [each for each in self._records if each.may_be_looked_up]
        self._records = {
            each
            for each in self._records
            if each.may_be_looked_up
            or each.made_by is None
            or now - each.made_by <= _APART
            or any(_overlap(each, other) for other in looked_up)
        }
        self._many = max(self._few, 2 * len(self._records))


def _overlap(one: CreateRecord, other: CreateRecord) -> bool:
    """Return whether the job of one create can be taken for the job of another, by when they were made."""
    return _may_precede(one, other) and _may_precede(other, one)


def _may_precede(one: CreateRecord, other: CreateRecord) -> bool:
    """Return whether one create can have been sent before the job of another was made."""
    return one.sent is None or other.made_by is None or one.sent <= other.made_by + _APART
