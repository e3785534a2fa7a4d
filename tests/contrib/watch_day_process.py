"""A process of the day with a shared pool: it watches three cameras by a faster clock, and prints what it sees."""

from __future__ import annotations

import json
import sys
from datetime import timedelta

import anyio

from trio_client import AsyncTrioClient, CoverageGap, Target
from trio_client._core import state
from trio_client._core.slot_pool import SlotLease
from trio_client._time_source import REAL, RealTime, replaced
from trio_client.contrib.redis import RedisSlotPool

TURN_SECONDS, LEASE_SECONDS = 900.0, 2400.0  # by the clock of the clients


class FastTime(RealTime):
    def __init__(self, speed: float) -> None:
        self._speed = speed

    def monotonic(self) -> float:
        return REAL.monotonic() * self._speed

    async def async_sleep(self, seconds: float) -> None:
        await REAL.async_sleep(seconds / self._speed)


class ScaledLease:
    """A lease that Redis holds for its seconds of real time."""

    lease_seconds = LEASE_SECONDS

    def __init__(self, lease: SlotLease) -> None:
        self.renew = lease.renew
        self.release = lease.release


class ScaledPool:
    def __init__(self, pool: RedisSlotPool) -> None:
        self._pool = pool
        self.check = pool.check
        self.contended = pool.contended

    async def acquire(self) -> ScaledLease:
        return ScaledLease(await self._pool.acquire())


async def main(number: int, base_url: str, redis_url: str, slots: int, speed: float, seconds: float) -> None:
    pool = ScaledPool(RedisSlotPool(redis_url, slots=slots, lease_seconds=LEASE_SECONDS / speed))
    targets = [Target(f"rtsp://cam.example/{number}/{camera}", "x", interval_seconds=30) for camera in range(3)]
    async with AsyncTrioClient("the-key", base_url=base_url) as client:
        watches = client.watch_many(targets, turn_seconds=TURN_SECONDS, slots=pool, duration=seconds)
        async with watches as events:
            async for target, event in events:
                if event.job_id:
                    print(json.dumps(["job", event.job_id]), flush=True)
                if isinstance(event, CoverageGap) and event.started_at and event.ended_at:
                    times = event.started_at.isoformat(), event.ended_at.isoformat()
                    print(json.dumps(["gap", target.stream_url, *times]), flush=True)
    print(json.dumps(["left"]), flush=True)


if __name__ == "__main__":
    _, NUMBER, BASE_URL, REDIS_URL, SLOTS, SPEED, SECONDS = sys.argv
    state.DATE_LAG = timedelta(days=1)  # the server's clock is this machine's, however late its Date is on a busy one
    with replaced(FastTime(float(SPEED))):
        anyio.run(main, int(NUMBER), BASE_URL, REDIS_URL, int(SLOTS), float(SPEED), float(SECONDS))
