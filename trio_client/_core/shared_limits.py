"""Limits in time and money that several watches have together."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

from .._numbers import plain, positive_limit
from .._redaction import preview
from ..errors import RequestValidationError

__all__ = ["SHORTEST_JOB", "SharedLimits", "Spender", "check_duration", "first_minute"]

SHORTEST_JOB = 5.0  # seconds: the least that monitor_duration_seconds accepts
_ROUNDING = 1e-9


class Spender(Protocol):
    """What spends of the shared money."""

    @property
    def committed_usd(self) -> float:
        """What it has spent, and what it has set aside for the minute that runs."""
        ...


class SharedLimits:
    """The limits of several watches together.

    Args:
        duration: seconds from the beginning; `None`: unlimited.
        max_cost_usd: US dollars in all; `None`: unlimited.
        clock: the time, in seconds.

    Raises:
        RequestValidationError: a limit leaves no time or no money for a job.
    """

    def __init__(self, duration: float | None, max_cost_usd: float | None, *, clock: Callable[[], float]) -> None:
        check_duration(duration)
        max_cost_usd = plain(max_cost_usd)
        if max_cost_usd is not None:
            positive_limit("max_cost_usd", max_cost_usd, "US dollars")
        self.began: float | None = None
        self._duration = duration
        self._max_cost_usd = max_cost_usd
        self._clock = clock
        self._spenders: list[Spender] = []
        self._spent_usd = 0.0

    @property
    def limits_money(self) -> bool:
        """Whether money is limited."""
        return self._max_cost_usd is not None

    @property
    def ends_at(self) -> float:
        """When the duration is over, by the clock."""
        return math.inf if self._duration is None or self.began is None else self.began + self._duration

    def begin(self) -> None:
        """Let the duration count from now on."""
        if self.began is None:
            self.began = self._clock()

    def join(self, spender: Spender, price_per_minute_usd: float | None) -> None:
        """Let one more watch spend.

        Raises:
            RequestValidationError: its price is not known, or its first minute costs more than all may.
        """
        if self._max_cost_usd is not None:
            first_minute(self._max_cost_usd, price_per_minute_usd)
            self._spenders.append(spender)

    def leave(self, spender: Spender) -> None:
        """Book what a watch has spent, which spends no more."""
        if self._max_cost_usd is not None:
            self._spenders.remove(spender)
            self._spent_usd += spender.committed_usd

    def pays(self, usd: float) -> bool:
        """Return whether there is that much left."""
        return usd <= self.left_usd + _ROUNDING

    @property
    def left_usd(self) -> float:
        """How many US dollars are left; infinity where money is not limited."""
        if self._max_cost_usd is None:
            return math.inf
        return self._max_cost_usd - self._spent_usd - sum(each.committed_usd for each in self._spenders)


def check_duration(duration: Any) -> None:
    """Check how long a watch is to last: no job is shorter than five seconds."""
    if duration is None:
        return
    positive_limit("duration", duration, "seconds")
    if duration < SHORTEST_JOB:
        raise RequestValidationError(
            f"duration is {preview(repr(duration))}; it must be at least {SHORTEST_JOB:g} seconds, the shortest job.",
            field="duration",
            value=duration,
        )


def first_minute(max_cost_usd: float, price_per_minute_usd: float | None) -> None:
    """Check that a limit of costs pays for a minute of a job whose price is known."""
    if price_per_minute_usd is None:
        raise RequestValidationError(
            "max_cost_usd needs a known price, and this watch has none.",
            advice="Pass price_per_minute_usd.",
            field="price_per_minute_usd",
            value=None,
        )
    if max_cost_usd < price_per_minute_usd:
        raise RequestValidationError(
            f"max_cost_usd is {max_cost_usd!r}; it must be at least {price_per_minute_usd:g}, the price of the first "
            "minute.",
            field="max_cost_usd",
            value=max_cost_usd,
        )
