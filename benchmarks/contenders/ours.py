"""This client, as it comes."""

from __future__ import annotations

from trio_client import AsyncTrioClient, TrioClient
from trio_client.events import Event, Triggered

from .wire import CONDITION, JOB_ID, KEY, STREAM


def fields_of(event: Event) -> tuple[object, ...]:
    """Read what a program reads of an event."""
    facts = event.explanation if isinstance(event, Triggered) else getattr(event, "stats", None)
    return event.kind, event.job_id, event.occurred_at, facts


class Sync:
    def __init__(self, url: str, _: str) -> None:
        self._client = TrioClient(KEY, base_url=url)

    def get(self) -> object:
        return self._client.jobs.get(JOB_ID)

    def post(self) -> object:
        return self._client.check_once(STREAM, CONDITION)

    def create(self) -> object:
        return self._client.live_monitor.create(STREAM, CONDITION)

    def stream(self, condition: str, read: bool) -> int:
        seen = 0
        with self._client.live_monitor.stream(STREAM, condition) as events:
            for event in events:
                seen += 1
                if read:
                    fields_of(event)
        return seen

    def jobs(self, count: int) -> int:
        return sum(1 for _ in self._client.jobs.iterate(limit=count))

    def close(self) -> None:
        self._client.close()


class Async:
    def __init__(self, url: str, _: str) -> None:
        self._client = AsyncTrioClient(KEY, base_url=url)

    async def get(self) -> object:
        return await self._client.jobs.get(JOB_ID)

    async def post(self) -> object:
        return await self._client.check_once(STREAM, CONDITION)

    async def create(self) -> object:
        return await self._client.live_monitor.create(STREAM, CONDITION)

    async def stream(self, condition: str, read: bool) -> int:
        seen = 0
        async with self._client.live_monitor.stream(STREAM, condition) as events:
            async for event in events:
                seen += 1
                if read:
                    fields_of(event)
        return seen

    async def close(self) -> None:
        await self._client.aclose()
