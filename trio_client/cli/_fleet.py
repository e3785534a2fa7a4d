"""What the watches of `watch-many` have reported so far, by camera. No I/O: the table is made from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

from .._core.targets import Target
from .._core.usage import Usage
from .._core.watch_state import WatchState
from ..events import CoverageGap, Event, Failed, Started, StatusChanged, Stopped, Triggered
from ._text import plural

__all__ = ["Camera", "Fleet", "totals"]


@dataclass(slots=True)
class Camera:
    """One camera.

    Attributes:
        name: its name in the file.
        state: what its watch is doing; `ended` and `failed` at its end.
        triggers: how many there were.
        last: the time and the text of the latest trigger.
        job_id: the running job, if there is one.
        cost_usd: US dollars so far; `None`: no price is known.
        idle_since: since when nothing watches it; `None`: something does, or its watch has ended.
    """

    name: str
    state: str = "starting"
    triggers: int = 0
    last: tuple[datetime, str] | None = None
    job_id: str | None = None
    cost_usd: float | None = 0.0
    idle_since: datetime | None = None
    _blind: float = 0.0
    _gap_since: datetime | None = None

    def blind_seconds(self, now: datetime) -> float:
        """Return for how long nothing watched it, until now if nothing does."""
        since = self._gap_since or self.idle_since
        return self._blind + (0.0 if since is None else max(0.0, (now - since).total_seconds()))

    def add(self, event: Event) -> None:
        """Take an event into account."""
        self.job_id = event.job_id or self.job_id
        match event:
            case Triggered(explanation=text):
                self.triggers += 1
                self.last = (event.occurred_at or datetime.now(timezone.utc), text or "")
            case CoverageGap(started_at=since, ended_at=until):
                self._add_gap(since, until)
            case Started():
                self._gap_since = None
            case StatusChanged(reason="turn_over"):
                self.job_id = None
            case _:
                pass
        if isinstance(event, (Stopped, Failed)):
            self.end(event, datetime.now(timezone.utc))

    def end(self, outcome: Stopped | Failed | None, now: datetime) -> None:
        """Note that its watch has ended, and how; `None`: it was left while it waited."""
        self.state = "failed" if isinstance(outcome, Failed) else "ended"
        self._blind = self.blind_seconds(now)
        self.job_id, self._gap_since, self.idle_since = None, None, None

    def _add_gap(self, since: datetime | None, until: datetime | None) -> None:
        if since is not None and until is not None:
            self._blind += max(0.0, (until - since).total_seconds())
        self._gap_since = since if until is None else None


class Fleet:
    """All cameras, in the order of the file."""

    def __init__(self, targets: Iterable[Target]) -> None:
        self.cameras: dict[Target, Camera] = {target: Camera(str(target.key)) for target in targets}
        self.usage: Usage = Usage()

    def add(self, target: Target, event: Event) -> None:
        """Take an event into account."""
        self.cameras[target].add(event)

    def update(self, states: Mapping[Target, WatchState], usages: Mapping[Target, Usage]) -> None:
        """Take over what the watches are doing, and what they have used."""
        for target, state in states.items():
            camera = self.cameras[target]
            camera.state = state.name.replace("_", " ")
            camera.idle_since = None if state.name in ("watching", "polling") else state.since
        for target, usage in usages.items():
            self.cameras[target].cost_usd = usage.cost_usd
        self.usage = sum(usages.values(), Usage())

    def finish(
        self, outcomes: Mapping[Target, Stopped | Failed], usages: Mapping[Target, Usage], now: datetime
    ) -> None:
        """Take over how the watches have ended."""
        self.update({}, usages)
        for target, camera in self.cameras.items():
            camera.end(outcomes.get(target), now)

    @property
    def triggers(self) -> int:
        """How many triggers there were in all."""
        return sum(camera.triggers for camera in self.cameras.values())

    @property
    def running(self) -> list[str]:
        """The jobs that run, as far as their events say."""
        return [camera.job_id for camera in self.cameras.values() if camera.job_id is not None]

    @property
    def failed(self) -> int:
        """How many watches have ended with a failure."""
        return sum(camera.state == "failed" for camera in self.cameras.values())


def totals(fleet: Fleet) -> str:
    """Return what all cameras have in common, as one line."""
    parts = [plural(len(fleet.cameras), "camera"), plural(fleet.triggers, "trigger"), plural(fleet.usage.jobs, "job")]
    if fleet.failed:
        parts.append(f"{fleet.failed} failed")
    parts.append("cost not known" if fleet.usage.cost_usd is None else f"about ${fleet.usage.cost_usd:.2f}")
    return ", ".join(parts)
