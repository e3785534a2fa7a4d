"""This client, as it comes."""

from __future__ import annotations

from trio_client import AsyncTrioClient, TrioClient

from .wire import CONDITION, JOB_ID, KEY, STREAM


class Sync:
    def __init__(self, url: str, _: str) -> None:
        self._client = TrioClient(KEY, base_url=url)

    def get(self) -> object:
        return self._client.jobs.get(JOB_ID)

    def post(self) -> object:
        return self._client.check_once(STREAM, CONDITION)

    def stream(self, condition: str, _typed: bool) -> int:
        with self._client.live_monitor.stream(STREAM, condition) as events:
            return sum(1 for _ in events)

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

    async def stream(self, condition: str, _typed: bool) -> int:
        seen = 0
        async with self._client.live_monitor.stream(STREAM, condition) as events:
            async for _ in events:
                seen += 1
        return seen

    async def close(self) -> None:
        await self._client.aclose()
