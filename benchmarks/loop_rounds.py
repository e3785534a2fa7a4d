"""How many rounds of the event loop a call takes: each is a question to the system, and every waiting task's turn."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable

from trio_client import AsyncTrioClient

from .contenders.wire import CONDITION, JOB_ID, KEY, STREAM

TIMES = 30


class _Counting(selectors.DefaultSelector):
    rounds = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.rounds += 1
        return super().select(timeout)


def rounds_of_calls(url: str) -> dict[str, int]:
    """Return the most rounds that an async GET and POST take; a reply that is there early saves one."""
    selector = _Counting()
    loop = asyncio.SelectorEventLoop(selector)

    async def most(call: Callable[[], Awaitable[object]]) -> int:
        found: list[int] = []
        for _ in range(TIMES):
            before = selector.rounds
            await call()
            found.append(selector.rounds - before)
        return max(found[2:])  # the first connects

    async def count() -> dict[str, int]:
        async with AsyncTrioClient(KEY, base_url=url) as client:
            return {
                "GET": await most(lambda: client.jobs.get(JOB_ID)),
                "POST": await most(lambda: client.check_once(STREAM, CONDITION)),
            }

    try:
        return loop.run_until_complete(count())
    finally:
        loop.close()
