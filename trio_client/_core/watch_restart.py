"""When the job of a dropped stream is replaced by one with a stream."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..events import Event, Started, Triggered

__all__ = ["RestartPlan", "RestartRule"]

_INTERVAL = 60.0  # seconds between two restarts
_MAX_FRUITLESS = 2  # restarts in a row whose stream delivers nothing


@dataclass(frozen=True, slots=True)
class RestartRule:
    """What a restart must not cut off.

    Attributes:
        cooldown: seconds after a trigger without another; a new job would begin them anew.
        window: seconds of a digest's window, which a new job would begin anew; `None`: no digest.
    """

    cooldown: float = 0.0
    window: float | None = None


class RestartPlan:
    """Decide when to restart. The first restart comes at once, the next not within a minute of it.

    A stream that drops after every second event costs at most twice as much.
    """

    def __init__(self, rule: RestartRule, *, clock: Callable[[], float]) -> None:
        self.due: float | None = None
        """When to restart; `None`: not at all."""
        self._rule = rule
        self._clock = clock
        self._has_streamed = False
        self._fruitless = 0
        self._job_began = 0.0
        self._last_trigger = -math.inf
        self._last_restart = -math.inf

    def job_started(self) -> None:
        """Note that a job runs: it has its own cooldown and windows."""
        self.due = None
        self._job_began = self._clock()
        self._last_trigger = -math.inf

    def job_ended(self) -> None:
        """Note that a job has ended by itself: the next starts with a stream."""
        self._fruitless = 0

    def saw(self, events: Sequence[Event]) -> None:
        """Note the events of a job."""
        if any(event.delivery == "sse" and not isinstance(event, Started) for event in events):
            self._has_streamed, self._fruitless = True, 0
        if any(isinstance(event, Triggered) for event in events):
            self._last_trigger = self._clock()

    def dropped(self, slot_delay: float) -> None:
        """Plan the restart of a job whose stream was dropped.

        Args:
            slot_delay: seconds to keep the job, since its slot could be lost in between.
        """
        if not self._has_streamed or self._fruitless >= _MAX_FRUITLESS or math.isinf(slot_delay):
            self.due = None
            return
        now = self._clock()
        self.due = max(now + slot_delay, self._last_restart + _INTERVAL, self._end_of_window(now))

    @property
    def is_due(self) -> bool:
        """Whether to restart now: not while the cooldown of a trigger runs."""
        now = self._clock()
        return self.due is not None and now >= self.due and now >= self._last_trigger + self._rule.cooldown

    def restarted(self) -> None:
        """Note a restart."""
        self._last_restart = self._clock()
        self._fruitless += 1

    def postponed(self) -> None:
        """Note that the job could not be stopped: that is retried."""
        self.due = self._clock() + _INTERVAL

    def _end_of_window(self, now: float) -> float:
        window = self._rule.window
        return now if window is None else self._job_began + window * math.ceil((now - self._job_began) / window)
