"""How cost grows with size, as fitted exponents."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import fmean
from typing import Any, NamedTuple

from trio_client.sse import decode

from .budgets import BUDGETS
from .contenders import OURS
from .measured import figure
from .processes import Contender, Server, in_turn
from .shapes import KIB, MIB, cut, stream

ROUNDS = 3
WITH_HTTPX = (OURS, "httpx")
CALLS, STREAMS = (1, 10, 100, 500), (10, 100, 300, 1_000)
SIZES = [200, 2 * KIB, 16 * KIB, 128 * KIB, MIB, 2 * MIB, 4 * MIB, 8 * MIB]


class Growth(NamedTuple):
    """What was measured at each size, by contender."""

    name: str
    x: str
    y: str
    points: dict[str, list[tuple[float, float]]]
    note: str

    def as_json(self) -> dict[str, Any]:
        """Return the points and the slope of the line through them, both axes logarithmic."""
        return {
            **self._asdict(),
            "points": {name: [[x, figure(y)] for x, y in points] for name, points in self.points.items()},
            "exponents": {name: round(exponent(points), 2) for name, points in self.points.items()},
            "budgets": BUDGETS.get(self.name, {}),
        }


def exponent(points: list[tuple[float, float]]) -> float:
    """Return the slope of the line of least squares through the logarithms: 0 is flat, 1 is linear."""
    xs, ys = [math.log(x) for x, _ in points], [math.log(y) for _, y in points]
    middle = fmean(xs), fmean(ys)
    return sum((x - middle[0]) * (y - middle[1]) for x, y in zip(xs, ys, strict=True)) / sum(
        (x - middle[0]) ** 2 for x in xs
    )


def measure() -> Iterator[Growth]:
    with Server() as url:
        yield Growth(
            "A call, by calls at once",
            "calls at once",
            "µs of CPU a call",
            _by_size(url, CALLS, WITH_HTTPX, lambda size: ("gets_warm", (500, size)), lambda _: 500),
            "A free connection is taken from the end of a list, so it does not matter how many there are; this client "
            "uses a hundred at most and lets further calls wait. httpx checks all of them.",
        )
        yield Growth(
            "A stream, by streams at once",
            "streams at once",
            "µs of CPU a stream",
            _by_size(url, STREAMS, WITH_HTTPX, lambda size: ("streams", (size, 10, "progress", False)), float),
            "Each stream has a connection of its own and knows nothing of the others. Those of httpx contend for the "
            "connections that it has kept, up to a hundred.",
        )
    yield Growth(
        "Decoding an event, by its size",
        "bytes of the event",
        "µs of CPU",
        {
            f"in chunks of {name}": [(size, micros(size, chunk)) for size in SIZES]
            for name, chunk in (("64 KiB", 64 * KIB), ("1 KiB", KIB))
        },
        "No byte is examined again when the next chunk comes. The step at 8 MiB is memory that the system maps anew "
        "for each event: where the allocator keeps it, as in the table of decoding, there is none.",
    )


def _by_size(
    url: str,
    sizes: tuple[int, ...],
    names: tuple[str, ...],
    rounds: Callable[[int], tuple[str, tuple[object, ...]]],
    parts: Callable[[int], float],
) -> dict[str, list[tuple[float, float]]]:
    """Return the CPU time of a round at each size, in millionths of a second for each part of it."""
    contenders = {name: Contender(name, url) for name in names}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for size in sizes:
        what, arguments = rounds(size)
        seconds = in_turn(
            {name: partial(contender.round, what, *arguments) for name, contender in contenders.items()}, 1
        )
        for name in names:
            found[name].append((size, seconds[name][0] / parts(size) * 1e6))
    for contender in contenders.values():
        contender.end()
    return found


def micros(size: int, chunk: int) -> float:
    """Return the least CPU time in which one event of that size is decoded."""
    times = max(1, min(500, 2 * MIB // size))
    chunks = cut(stream(size, 1), chunk)

    def once() -> float:
        start = time.process_time()
        for _ in range(times):
            for _ in decode(chunks):
                pass
        return (time.process_time() - start) / times * 1e6

    return min(in_turn({OURS: partial(once)}, ROUNDS)[OURS])
