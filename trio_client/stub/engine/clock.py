"""The stub server's clock: it runs faster than real time and can be moved forward."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial

__all__ = ["Clock", "RealTime", "check_number", "keep_real_time"]


class RealTime:
    """The clock that runs on while freezegun has stopped the program's."""

    # Out of reach for freezegun, which replaces the functions of the time module in the globals of all modules.
    monotonic: staticmethod[[], float] = staticmethod(
        partial(time.clock_gettime, time.CLOCK_MONOTONIC) if hasattr(time, "clock_gettime") else time.monotonic
    )


class Clock:
    """Counts stub-seconds since the server was made, `speed` of them for each real second.

    Durations (intervals, monitor duration, cooldown, elapsed seconds) run on this clock. Points in time
    (`created_at`, `timestamp`) are real time, so that they agree with the clock of the program that asks.

    Args:
        speed: stub-seconds for each real second; 0 stops the clock, which then only `advance` moves.

    Example:
        >>> clock = Clock(speed=0)
        >>> clock.advance(30)
        >>> clock.now()
        30.0
    """

    def __init__(
        self,
        speed: float = 60.0,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        check_number("speed", speed)
        self._monotonic = monotonic
        self._wall = wall
        self._lock = threading.Lock()
        self._speed = float(speed)
        self._base = 0.0
        self._since = monotonic()
        self._last_stamp = 0
        self.on_change: Callable[[], None] | None = None

    @property
    def speed(self) -> float:
        """Stub-seconds for each real second. May be set while the server runs."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        check_number("speed", speed)
        with self._lock:
            self._base, self._since = self._now(), self._monotonic()
            self._speed = float(speed)
        self._changed()

    def __repr__(self) -> str:
        return f"<Clock at {self.now():.1f} s, speed {self._speed:g}>"

    def now(self) -> float:
        """Stub-seconds since the server was made."""
        with self._lock:
            return self._now()

    def advance(self, seconds: float) -> None:
        """Jump `seconds` stub-seconds forward; what is due by then happens at once and in order."""
        check_number("seconds", seconds)
        with self._lock:
            self._base += seconds
        self._changed()

    def real_seconds_until(self, moment: float) -> float | None:
        """Real seconds until the stub time `moment`; None if the clock is stopped before it."""
        with self._lock:
            ahead = moment - self._now()
            if ahead <= 0:
                return 0.0
            return ahead / self._speed if self._speed > 0 else None

    def timestamp(self) -> str:
        """The real time in ISO 8601, UTC, in microseconds; each one later than the one before."""
        with self._lock:
            stamp = max(int(self._wall() * 1_000_000), self._last_stamp + 1)
            self._last_stamp = stamp
        seconds, micros = divmod(stamp, 1_000_000)
        moment = datetime.fromtimestamp(seconds, tz=timezone.utc)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{micros:06d}Z"

    def _now(self) -> float:
        return self._base + (self._monotonic() - self._since) * self._speed

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()


def keep_real_time(loop: asyncio.AbstractEventLoop) -> None:
    """Let an event loop's timers fire also while the program under test has stopped its clock with freezegun."""
    loop.time = RealTime.monotonic  # type: ignore[method-assign]


def check_number(name: str, value: object) -> float:
    """A finite number of at least 0; anything else is refused."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise ValueError(f"{name} must be a finite number of at least 0, not {value!r}")
    return float(value)
