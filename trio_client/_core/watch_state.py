"""What a watch is doing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

__all__ = ["WatchState", "WatchStateName"]

WatchStateName: TypeAlias = Literal[
    "starting", "watching", "polling", "waiting_for_slot", "waiting_for_stream", "retrying", "ended"
]


@dataclass(frozen=True, slots=True)
class WatchState:
    """What a watch is doing, and why.

    Attributes:
        name: `starting` (a job is being started), `watching` (events arrive as they happen), `polling` (its
            counters are polled), `waiting_for_slot` (the account runs as many jobs as it may),
            `waiting_for_stream` (the stream is unavailable), `retrying` (after a failure, such as of a poll; the job
            may run on) or `ended`.
        since: when that began (UTC, by the server's clock as far as it is known).
        reason: why, as a code of `CoverageGap.reason`; `None`: all is well.
        detail: the text of the failure.
        job_id: the id of the running job, once known.
    """

    name: WatchStateName
    since: datetime
    reason: str | None = None
    detail: str | None = None
    job_id: str | None = None
