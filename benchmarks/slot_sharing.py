"""Simulate processes that share an account's job slots, with the rules that `watch_many` follows.

    python -m benchmarks.slot_sharing

No server and no network: events on one clock, so that hours take seconds.
"""

from __future__ import annotations

import heapq
import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count

from trio_client._core.time_slices import TimeSlices

__all__ = ["Result", "Setting", "simulate"]

_CREATE_SECONDS = 0.05
_STOP_SECONDS = 0.05
_JOB_SECONDS = 600.0  # the API's default


@dataclass(frozen=True)
class Setting:
    """What is simulated.

    Attributes:
        cameras: of each process.
        slots: of the account.
        turn: seconds.
        hours: how long.
        each: the most jobs of a process, if that is limited.
        lag: seconds after the end of a job in which the account still counts it.
        dies: when the first process is killed, in seconds.
        joins: seconds between the starts of two processes.
    """

    cameras: tuple[int, ...]
    slots: int = 10
    turn: float = 300.0
    hours: float = 10.0
    each: int | None = None
    lag: float = 0.0
    dies: float | None = None
    joins: float = 1.0


@dataclass
class Result:
    """What came of it, after the first two turns; the starts are those of processes that were not killed."""

    starts: list[list[int]]
    waits: list[float] = field(default_factory=list[float])
    refused: int = 0
    idle: float = 0.0
    most: int = 0
    seconds: float = 0.0

    @property
    def worst_ratio(self) -> float:
        """The starts of the camera that started least, by those of the one that started most."""
        flat = [number for process in self.starts for number in process]
        return min(flat) / max(1, *flat)

    @property
    def process_ratio(self) -> float:
        """The same of the processes' starts per camera."""
        rates = [sum(process) / len(process) for process in self.starts]
        return min(rates) / max(rates)

    @property
    def refused_per_minute(self) -> float:
        """Refused creates a minute and process."""
        return self.refused / (self.seconds / 60) / len(self.starts)

    def wait(self, percent: int) -> float:
        """Seconds that a camera waits for its next start."""
        return statistics.quantiles(self.waits, n=100)[percent - 1] if len(self.waits) > 1 else 0.0


class _World:
    """The clock, the account and what is to come."""

    def __init__(self, setting: Setting, seed: int) -> None:
        self.now = 0.0
        self.setting = setting
        self.rand = random.Random(seed)
        self.held = 0
        self.measured_from = 2 * setting.turn
        self.result = Result([[0] * cameras for cameras in setting.cameras])
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._busy = 0.0

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), do))

    def take(self) -> bool:
        if self.held >= self.setting.slots:
            return False
        self.held += 1
        self.result.most = max(self.result.most, self.held)
        return True

    def free(self, seconds: float = 0.0) -> None:
        def freed() -> None:
            self.held -= 1

        self.later(seconds + self.setting.lag, freed)

    def run(self) -> Result:
        until = self.setting.hours * 3600
        while self._events and self._events[0][0] <= until:
            moment, _, do = heapq.heappop(self._events)
            self._busy += self.held * max(0.0, moment - max(self.now, self.measured_from))
            self.now = moment
            do()
        self.result.seconds = self.now - self.measured_from
        self.result.idle = 1 - self._busy / (self.setting.slots * self.result.seconds)
        return self.result


class _Process:
    """A process with its cameras."""

    def __init__(self, world: _World, number: int) -> None:
        self._world = world
        self._starts = world.result.starts[number]
        self._slices = TimeSlices(
            world.setting.turn, clock=lambda: world.now, slots=world.setting.each, rand=world.rand.random
        )
        self._slices.watches = len(self._starts)
        self._waiting: dict[int, float] = {}
        self._ends: dict[int, float] = {}  # when the job ends by itself
        self._wakes = 0
        self.is_dead = False

    def begin(self) -> None:
        for camera in range(len(self._starts)):
            self._slices.acquire(camera)
            self._waiting[camera] = self._world.now
        self._share()

    def die(self) -> None:
        self.is_dead = True
        for end in self._ends.values():
            self._world.free(end - self._world.now)

    def _share(self) -> None:
        self._wakes += 1
        for camera in self._slices.overdue():
            self._after(_STOP_SECONDS, partial(self._stopped, camera))
        for camera in self._slices.grant():
            self._after(_CREATE_SECONDS, partial(self._created, camera))
        wake = self._slices.wake_in()
        if wake is not None:
            number = self._wakes
            self._after(wake, lambda: self._share() if number == self._wakes else None)

    def _after(self, seconds: float, do: Callable[[], None]) -> None:
        self._world.later(seconds, lambda: None if self.is_dead else do())

    def _created(self, camera: int) -> None:
        world = self._world
        measures = world.now >= world.measured_from
        if world.take():
            self._slices.started(camera)
            end = self._ends[camera] = world.now + min(_JOB_SECONDS, self._slices.job_seconds)
            self._after(end - world.now, lambda: self._ended(camera) if self._ends.get(camera) == end else None)
            waited = world.now - self._waiting.pop(camera, world.now)
            if measures:
                self._starts[camera] += 1
                world.result.waits.append(waited)
        else:
            self._slices.refused(camera)
            self._waiting.setdefault(camera, world.now)
            world.result.refused += measures
        self._share()

    def _stopped(self, camera: int) -> None:
        if self._ends.pop(camera, None) is not None:
            self._world.free()
        self._slices.release(camera)
        self._next(camera)

    def _ended(self, camera: int) -> None:
        """Note that a job has ended by itself: the next one starts within the time slice."""
        del self._ends[camera]
        self._world.free()
        self._next(camera)

    def _next(self, camera: int) -> None:
        if self._slices.acquire(camera):
            self._after(_CREATE_SECONDS, partial(self._created, camera))
        else:
            self._waiting[camera] = self._world.now
        self._share()


def simulate(setting: Setting, seed: int = 0) -> Result:
    """Return what came of one run."""
    world = _World(setting, seed)
    processes = [_Process(world, number) for number in range(len(setting.cameras))]
    for number, process in enumerate(processes):
        world.later(number * setting.joins, process.begin)
    if setting.dies is not None:
        world.later(setting.dies, processes[0].die)
    result = world.run()
    return result if setting.dies is None else replace(result, starts=result.starts[1:])


_SETTINGS = {
    "one process, 20 cameras": Setting((20,)),
    "the same, turns of 30 s": Setting((20,), turn=30),
    "3 processes, 20 cameras each": Setting((20,) * 3),
    "the same, slots=3 each (9 of 10 slots)": Setting((20,) * 3, each=3),
    "the same, ended jobs count for 5 s more": Setting((20,) * 3, lag=5),
    "the same, the first is killed after an hour": Setting((20,) * 3, dies=3600),
    "5 processes, 40 cameras each": Setting((40,) * 5),
    "10 processes, 20 cameras each": Setting((20,) * 10),
    "2 processes, 10 cameras each": Setting((10,) * 2, joins=0),
    "3 processes, 20 cameras each, turns of 2 s": Setting((20,) * 3, turn=2, hours=45 / 3600),
}


def main() -> None:
    """Print a table."""
    print("| | least / most started | refused a minute, process | slots idle | wait, median | wait, 99 % |")
    print("|---|---|---|---|---|---|")
    for name, setting in _SETTINGS.items():
        result = simulate(setting)
        ratios = f"{result.worst_ratio:.2f} | {result.refused_per_minute:.1f} | {result.idle:.1%}"
        print(f"| {name} | {ratios} | {result.wait(50):.0f} s | {result.wait(99):.0f} s |")


if __name__ == "__main__":
    main()
