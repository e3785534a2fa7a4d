# async-only: file
"""One watch's share of the job slots of `watch_many`."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import anyio

from .._core.time_slices import TimeSlices
from ..errors import MaxJobsReachedError

if TYPE_CHECKING:
    from .pooled_slots import AsyncPooledSlot

__all__ = ["AsyncSharedSlotLease"]


class AsyncSharedSlotLease:
    """One watch's share of the job slots.

    Args:
        slices: which watches may run a job.
        number: that of the watch.
        share: lets those start that may.
    """

    def __init__(self, slices: TimeSlices, number: int, *, share: Callable[[], None]) -> None:
        self._slices = slices
        self._share = share
        self._number = number
        self._granted: anyio.Event | None = None
        self._is_over = False
        self._reading: anyio.CancelScope | None = None
        self._slot: AsyncPooledSlot | None = None

    def acquire(self) -> bool:
        """Ask to start a job; return whether that may be done at once."""
        self._is_over = False
        if self._slices.acquire(self._number):
            return True
        self._return_slot()
        self._granted = anyio.Event()
        self._share()
        return self._granted.is_set()

    @property
    def refusal(self) -> MaxJobsReachedError | None:
        """Return `None`: a target waits for a slot as long as it takes."""
        return None

    async def wait(self, until: float, deadline: float) -> bool:  # noqa: ARG002 - a time limit cancels it
        """Wait for a slot; return whether slots are few, or others only had to start first."""
        assert self._granted is not None
        await self._granted.wait()
        return self._slices.limited

    def grant(self, slot: AsyncPooledSlot | None = None) -> None:
        """Let the watch start its job, in the slot of a pool if there is one."""
        self._slot = slot
        if self._granted is not None:
            self._granted.set()

    @property
    def is_lost(self) -> bool:
        """Whether another process has got the pool's slot."""
        return self._slot is not None and self._slot.is_lost

    async def confirm(self) -> bool:
        """Return whether the pool's slot is still held, as far as it can be reached."""
        return self._slot is None or await self._slot.confirm()

    def started(self) -> None:
        """Note that the job runs."""
        self._slices.started(self._number)
        self._share()

    def refused(self, error: MaxJobsReachedError) -> None:  # noqa: ARG002 - attempts are made at a pace of their own
        """Note that there is no slot: the first in the queue gets the next that becomes free."""
        self._slices.refused(self._number)
        self._return_slot()
        self._share()

    def job_limit(self, limit: float | None) -> float | None:
        """Bound a job that shares slots, so that a process that is killed does not hold one for long."""
        longest = min(math.inf if limit is None else limit, self._slices.job_seconds)
        return longest if math.isfinite(longest) else None

    def restart_delay(self) -> float:
        """Keep a job to the end of its time slice where its slot could be lost."""
        return math.inf if self._slices.keeps_jobs else 0.0

    def time_slice(self) -> AbstractContextManager[object]:
        """End what runs inside when the time slice is over."""
        self._reading = scope = anyio.CancelScope()
        if self._is_over:
            scope.cancel()
        return scope

    def end_time_slice(self) -> None:
        """End the time slice: another watch waits for the slot, or has it."""
        self._is_over = True
        if self._reading is not None:
            self._reading.cancel()

    def keep(self) -> None:
        """Note that the job could not be stopped: that is retried after a while."""
        self._is_over = False
        self._slices.not_stopped(self._number)
        self._share()

    def release(self) -> None:
        """Pass the slot on."""
        self._is_over = False
        self._slices.release(self._number)
        self._return_slot()
        self._share()

    def _return_slot(self) -> None:
        if self._slot is not None:
            self._slot.give_back()
            self._slot = None
