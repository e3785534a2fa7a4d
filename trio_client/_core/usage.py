"""What jobs have used: begun minutes, and their price."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .._stats import JobStats
from ..pricing import PRICES_USD

__all__ = ["JobMeter", "Usage", "known_price"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What the jobs of a stream or a watch have used so far. It is an estimate: no endpoint reports what was billed.

    Attributes:
        jobs: how many jobs were started.
        minutes_billed: their begun minutes, and those of jobs that creates whose reply was lost may have made.
        cost_usd: what these minutes cost in US dollars, by the published prices or `price_per_minute_usd`; `None`
            where no price is known, as for `hybrid` input.

    Example:
        >>> Usage(jobs=1, minutes_billed=2, cost_usd=0.04) + Usage(jobs=1, minutes_billed=1, cost_usd=0.02)
        Usage(jobs=2, minutes_billed=3, cost_usd=0.06)
    """

    jobs: int = 0
    minutes_billed: int = 0
    cost_usd: float | None = 0.0

    @classmethod
    def of(cls, jobs: int, minutes: int, price_per_minute_usd: float | None) -> Usage:
        """Return the usage of jobs of one price."""
        cost = None if price_per_minute_usd is None and minutes else round(minutes * (price_per_minute_usd or 0.0), 6)
        return cls(jobs, minutes, cost)

    def __add__(self, other: Usage) -> Usage:
        """Return both together; a cost that is not known leaves the sum unknown."""
        known = self.cost_usd is not None and other.cost_usd is not None
        cost = round((self.cost_usd or 0.0) + (other.cost_usd or 0.0), 6) if known else None
        return Usage(self.jobs + other.jobs, self.minutes_billed + other.minutes_billed, cost)


def known_price(path: str, body: Mapping[str, Any]) -> float | None:
    """Return the published price of a minute of the job that a request starts; `None`: there is none."""
    return None if body.get("input_mode") == "hybrid" else PRICES_USD.get(path.strip("/"))


class JobMeter:
    """How long jobs have run, one after another: by this clock, or by the server's count if that is more.

    Args:
        clock: the time, in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.began: float | None = None
        """When the job began; `None`: there is none, or it has ended."""
        self.jobs = 0
        """How many jobs were started."""
        self._ended_minutes = 0
        self._clock = clock
        self._counted = 0.0

    @property
    def seconds(self) -> float:
        """How many seconds the job has run, by this clock."""
        return 0.0 if self.began is None else self._clock() - self.began

    @property
    def minutes(self) -> int:
        """The begun minutes of the job; 0: there is none, or it has ended."""
        return 0 if self.began is None else max(1, math.ceil(max(self.seconds, self._counted) / 60.0))

    @property
    def total_minutes(self) -> int:
        """The begun minutes of all jobs so far."""
        return self._ended_minutes + self.minutes

    def started(self, ran: float = 0.0) -> None:
        """Note that a job runs; one that was looked up has run for `ran` seconds already."""
        self.began, self._counted = self._clock() - ran, 0.0
        self.jobs += 1

    def note(self, stats: JobStats | None) -> None:
        """Note the server's count."""
        if stats is None or "elapsed_seconds" not in stats:  # a stream's events seldom count it
            return
        self._counted = max(self._counted, stats.elapsed_seconds or 0.0)

    def ended(self, stats: JobStats | None = None) -> None:
        """Note that the job has ended."""
        self.note(stats)
        self._ended_minutes, self.began = self.total_minutes, None

    def left_unresolved(self) -> None:
        """Note that the job counts elsewhere from now on."""
        self.began = None
        self.jobs -= 1

    def usage(self, price_per_minute_usd: float | None) -> Usage:
        """Return what the jobs have used so far."""
        return Usage.of(self.jobs, self.total_minutes, price_per_minute_usd)
