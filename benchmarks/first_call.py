"""What the first calls in an event loop hold it up for, in a fresh process: `python -m benchmarks.first_call URL`.

It prints how many modules were imported in the event loop's thread once the client was entered, and the longest time
in ms for which a task that wants to run each millisecond did not, entering included.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from typing import Any

from trio_client import AsyncTrioClient

EVENTS = "times=2 shape=progress together=1"


async def gaps(found: list[float]) -> None:
    last = time.perf_counter()
    while True:
        await asyncio.sleep(0.001)
        now = time.perf_counter()
        found.append(now - last)
        last = now


async def main(url: str) -> None:
    imported: list[str] = []
    entered = False

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "import" and entered and threading.current_thread() is threading.main_thread():
            imported.append(arguments[0])

    sys.addaudithook(note)
    found: list[float] = []
    heartbeat = asyncio.create_task(gaps(found))
    await asyncio.sleep(0.01)
    async with AsyncTrioClient("key", base_url=url) as client:
        entered = True
        job = await client.jobs.get("a")
        await client.jobs.list(limit=2)
        async with client.live_monitor.stream("rtsp://camera.example/yard", EVENTS, on_exit="leave") as events:
            read = [event.to_dict() async for event in events]
        entered = False
    heartbeat.cancel()
    assert job.status == "running"
    assert len(read) == 4
    print(json.dumps({"modules": imported, "gap": max(found) * 1e3}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
