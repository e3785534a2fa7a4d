"""One contender in a process of its own.

`python -m benchmarks.contenders LIBRARY URL` does one round for each line on its standard input, and prints the CPU
seconds that it took. A line is a JSON list: the name of a method of `Rounds`, and its arguments.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from ..payloads import events_in
from . import client

Round = Callable[[], "Awaitable[None] | None"]


class Rounds:
    """What can be done in one round; each method prepares it and returns it."""

    def __init__(self, library: str, url: str) -> None:
        self._library, self._url = library, url
        self._kept: list[Any] = []

    async def close(self) -> None:
        while self._kept:
            await _finish(self._kept.pop().close())

    def _client(self, side: str) -> Any:
        """Return a client that is used in every round."""
        self._kept.append(client(side, self._library, self._url))
        return self._kept[-1]

    def calls_sync(self, method: str, count: int) -> Round:
        call = getattr(self._client("Sync"), method)

        def one_round() -> None:
            for _ in range(count):
                call()

        return one_round

    def calls_async(self, method: str, count: int) -> Round:
        call = getattr(self._client("Async"), method)

        async def one_round() -> None:
            for _ in range(count):
                await call()

        return one_round

    def gets_warm(self, count: int, at_once: int) -> Round:
        call = self._client("Async").get
        return lambda: _at_once(call, count, at_once)

    def gets_cold(self, count: int, at_once: int) -> Round:
        async def one_round() -> None:
            one = client("Async", self._library, self._url)
            await _at_once(one.get, count, at_once)
            await one.close()

        return one_round

    def stream_sync(self, times: int, shape: str, read: bool) -> Round:
        stream = self._client("Sync").stream
        events = times * events_in(shape) + 2
        return lambda: _expect(stream(f"times={times} shape={shape} together=1", read), events)

    def stream_async(self, times: int, shape: str, read: bool) -> Round:
        return self.streams(1, times, shape, read)

    def streams(self, together: int, times: int, shape: str, read: bool) -> Round:
        stream = self._client("Async").stream
        condition = f"times={times} shape={shape} together={together}"
        events = times * events_in(shape) + 2

        async def one_round() -> None:
            for seen in await asyncio.gather(*(stream(condition, read) for _ in range(together))):
                _expect(seen, events)

        return one_round

    def jobs(self, count: int) -> Round:
        jobs = self._client("Sync").jobs
        return lambda: _expect(jobs(count), count)

    def clients(self, count: int) -> Round:
        url = self._url.replace("http:", "https:")

        def one_round() -> None:
            for _ in range(count):
                client("Sync", self._library, url).close()

        return one_round


async def _at_once(call: Callable[[], Awaitable[object]], count: int, at_once: int) -> None:
    left = iter(range(count))

    async def work() -> None:
        for _ in left:
            await call()

    await asyncio.gather(*(work() for _ in range(at_once)))


async def _finish(done: Awaitable[None] | None) -> None:
    if done is not None:
        await done


def _expect(seen: int, wanted: int) -> None:
    if seen != wanted:
        raise SystemExit(f"{seen} instead of {wanted}")


async def main() -> None:
    library, url = sys.argv[1:]
    rounds, last, one_round = Rounds(library, url), "", None
    for line in sys.stdin:
        if line != last or one_round is None:
            await rounds.close()
            name, *arguments = json.loads(line)
            one_round, last = getattr(rounds, name)(*arguments), line
        gc.collect()
        start = time.process_time()
        await _finish(one_round())
        print(time.process_time() - start, flush=True)
    await rounds.close()


if __name__ == "__main__":
    asyncio.run(main())
