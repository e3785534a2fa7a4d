"""What is measured over loopback: for each scenario, what this client does and what others do for the same.

`python -m benchmarks.contenders SCENARIO CONTENDER PORT` warms up, and then does one round for each line on its
standard input and prints the CPU seconds that it took.
"""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

URL = "http://127.0.0.1:{}/api"
KEY = {"authorization": "Bearer key"}
STREAM = "rtsp://camera.example/yard"
JOB_ID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
CALLS = 300
MANY, AT_ONCE = 1_000, 100
SMALL, SMALL_EVENTS = 200, 20_000
FRAME, FRAME_EVENTS = 300 * 1024, 100
STREAMS, EVENTS_EACH = 1_000, 10
PAGED = 20_000

Round = Callable[[], "Awaitable[None] | None"]


def monitor(events: int, size: int, together: int = 1) -> dict[str, str]:
    return {"stream_url": STREAM, "condition": f"events={events} size={size} together={together}"}


def expect(seen: int, wanted: int) -> None:
    if seen != wanted:
        raise SystemExit(f"{seen} instead of {wanted}")


# --- sequential calls


def ours_get_sync(url: str) -> Round:
    from trio_client import TrioClient

    client = TrioClient("key", base_url=url)

    def one_round() -> None:
        for _ in range(CALLS):
            client.jobs.get(JOB_ID)

    return one_round


def httpx_get_sync(url: str, module: str = "httpx") -> Round:
    client = __import__(module).Client(headers=KEY)

    def one_round() -> None:
        for _ in range(CALLS):
            client.get(f"{url}/jobs/{JOB_ID}").json()

    return one_round


def ours_post_sync(url: str) -> Round:
    from trio_client import TrioClient

    client = TrioClient("key", base_url=url)

    def one_round() -> None:
        for _ in range(CALLS):
            client.check_once(STREAM, "the gate is open")

    return one_round


def httpx_post_sync(url: str) -> Round:
    import httpx

    client = httpx.Client(headers=KEY)

    def one_round() -> None:
        for _ in range(CALLS):
            client.post(f"{url}/check-once", json={"stream_url": STREAM, "condition": "the gate is open"}).json()

    return one_round


def ours_get_async(url: str) -> Round:
    from trio_client import AsyncTrioClient

    client = AsyncTrioClient("key", base_url=url)

    async def one_round() -> None:
        for _ in range(CALLS):
            await client.jobs.get(JOB_ID)

    return one_round


def httpx_get_async(url: str) -> Round:
    import httpx

    client = httpx.AsyncClient(headers=KEY)

    async def one_round() -> None:
        for _ in range(CALLS):
            (await client.get(f"{url}/jobs/{JOB_ID}")).json()

    return one_round


def ours_post_async(url: str) -> Round:
    from trio_client import AsyncTrioClient

    client = AsyncTrioClient("key", base_url=url)

    async def one_round() -> None:
        for _ in range(CALLS):
            await client.check_once(STREAM, "the gate is open")

    return one_round


def httpx_post_async(url: str) -> Round:
    import httpx

    client = httpx.AsyncClient(headers=KEY)
    body = {"stream_url": STREAM, "condition": "the gate is open"}

    async def one_round() -> None:
        for _ in range(CALLS):
            (await client.post(f"{url}/check-once", json=body)).json()

    return one_round


# --- many calls at once


async def at_once(call: Callable[[], Awaitable[object]]) -> None:
    left = iter(range(MANY))

    async def work() -> None:
        for _ in left:
            await call()

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


def ours_warm(url: str) -> Round:
    from trio_client import AsyncTrioClient

    client = AsyncTrioClient("key", base_url=url)
    return lambda: at_once(lambda: client.jobs.get(JOB_ID))


def ours_cold(url: str) -> Round:
    from trio_client import AsyncTrioClient

    async def one_round() -> None:
        async with AsyncTrioClient("key", base_url=url) as client:
            await at_once(lambda: client.jobs.get(JOB_ID))

    return one_round


def httpx_warm(url: str, module: str = "httpx") -> Round:
    library: Any = __import__(module)
    limits = library.Limits(max_connections=1000, max_keepalive_connections=100)
    client = library.AsyncClient(headers=KEY, limits=limits)

    async def call() -> None:
        (await client.get(f"{url}/jobs/{JOB_ID}")).json()

    return lambda: at_once(call)


def httpx_cold(url: str, module: str = "httpx") -> Round:
    library: Any = __import__(module)
    limits = library.Limits(max_connections=1000, max_keepalive_connections=100)

    async def one_round() -> None:
        async with library.AsyncClient(headers=KEY, limits=limits) as client:

            async def call() -> None:
                (await client.get(f"{url}/jobs/{JOB_ID}")).json()

            await at_once(call)

    return one_round


# --- event streams


def ours_stream_sync(url: str, size: int, count: int) -> Round:
    from trio_client import TrioClient

    client = TrioClient("key", base_url=url)

    def one_round() -> None:
        seen = 0
        with client.live_monitor.stream(**monitor(count, size)) as events:
            for _ in events:
                seen += 1
        expect(seen, count + 2)

    return one_round


def httpx_stream_sync(url: str, size: int, count: int, read: Callable[[Any], object] | None = None) -> Round:
    import httpx
    import httpx_sse

    client = httpx.Client(headers=KEY)

    def one_round() -> None:
        seen = 0
        source = httpx_sse.connect_sse(client, "POST", f"{url}/live-monitor", json=monitor(count, size))
        with source as events:
            for event in events.iter_sse():
                if read is not None:
                    read(event)
                seen += 1
        expect(seen, count + 2)

    return one_round


def ours_stream_async(url: str, size: int, count: int, together: int = 1) -> Round:
    from trio_client import AsyncTrioClient

    client = AsyncTrioClient("key", base_url=url)

    async def one_round() -> None:
        seen = 0
        async with client.live_monitor.stream(**monitor(count, size, together)) as events:
            async for _ in events:
                seen += 1
        expect(seen, count + 2)

    return one_round


def httpx_stream_async(url: str, size: int, count: int, read: Callable[[Any], object] | None = None) -> Round:
    import httpx
    import httpx_sse

    client = httpx.AsyncClient(headers=KEY)

    async def one_round() -> None:
        seen = 0
        source = httpx_sse.aconnect_sse(client, "POST", f"{url}/live-monitor", json=monitor(count, size))
        async with source as events:
            async for event in events.aiter_sse():
                if read is not None:
                    read(event)
                seen += 1
        expect(seen, count + 2)

    return one_round


def typed() -> Callable[[Any], object]:
    """Return what makes a model of an event, as one would by hand."""
    from pydantic import BaseModel

    class Event(BaseModel):
        job_id: str | None = None
        timestamp: datetime | None = None
        checks_performed: int | None = None
        triggers_fired: int | None = None
        explanation: str | None = None
        frame_b64: str | None = None

    return lambda event: Event.model_validate(json.loads(event.data))


def ours_streams(url: str) -> Round:
    one = ours_stream_async(url, SMALL, EVENTS_EACH, together=STREAMS)

    async def one_round() -> None:
        await asyncio.gather(*(one() for _ in range(STREAMS)))  # type: ignore[arg-type]

    return one_round


def httpx_streams(url: str) -> Round:
    import httpx
    import httpx_sse

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    client = httpx.AsyncClient(headers=KEY, limits=limits, timeout=httpx.Timeout(60))
    body = monitor(EVENTS_EACH, SMALL, together=STREAMS)

    async def one() -> None:
        seen = 0
        source = httpx_sse.aconnect_sse(client, "POST", f"{url}/live-monitor", json=body)
        async with source as events:
            async for _ in events.aiter_sse():
                seen += 1
        expect(seen, EVENTS_EACH + 2)

    async def one_round() -> None:
        await asyncio.gather(*(one() for _ in range(STREAMS)))

    return one_round


# --- pages


def ours_pages(url: str) -> Round:
    from trio_client import TrioClient

    client = TrioClient("key", base_url=url)
    return lambda: expect(sum(1 for _ in client.jobs.iterate(limit=PAGED)), PAGED)


def httpx_pages(url: str) -> Round:
    import httpx

    client = httpx.Client(headers=KEY)

    def one_round() -> None:
        seen = 0
        for offset in range(0, PAGED, 100):
            seen += len(client.get(f"{url}/jobs", params={"limit": 100, "offset": offset}).json()["jobs"])
        expect(seen, PAGED)

    return one_round


# --- a client more


def ours_client(url: str) -> Round:
    from trio_client import TrioClient

    def one_round() -> None:
        for _ in range(10):
            with TrioClient("key", base_url=url.replace("http:", "https:")) as client:
                assert client

    return one_round


def httpx_client(url: str) -> Round:
    import httpx

    def one_round() -> None:
        for _ in range(10):
            with httpx.Client(headers=KEY, base_url=url.replace("http:", "https:")) as client:
                assert client

    return one_round


SCENARIOS: dict[str, dict[str, Callable[[str], Round]]] = {
    "GET, sync": {"httpx": httpx_get_sync, "ours": ours_get_sync},
    "POST, sync": {"httpx": httpx_post_sync, "ours": ours_post_sync},
    "GET, async": {"httpx": httpx_get_async, "ours": ours_get_async},
    "POST, async": {"httpx": httpx_post_async, "ours": ours_post_async},
    "1,000 GETs, 100 at once, cold": {
        "httpx": httpx_cold,
        "ours": ours_cold,
        "httpx2": lambda url: httpx_cold(url, "httpx2"),
    },
    "1,000 GETs, 100 at once, warm": {
        "httpx": httpx_warm,
        "ours": ours_warm,
        "httpx2": lambda url: httpx_warm(url, "httpx2"),
    },
    "events of 200 B, sync, typed": {
        "httpx-sse, typed": lambda url: httpx_stream_sync(url, SMALL, SMALL_EVENTS, typed()),
        "ours": lambda url: ours_stream_sync(url, SMALL, SMALL_EVENTS),
    },
    "events of 200 B, async, typed": {
        "httpx-sse, typed": lambda url: httpx_stream_async(url, SMALL, SMALL_EVENTS, typed()),
        "ours": lambda url: ours_stream_async(url, SMALL, SMALL_EVENTS),
    },
    "events of 300 KiB, sync": {
        "httpx-sse, untyped": lambda url: httpx_stream_sync(url, FRAME, FRAME_EVENTS),
        "ours": lambda url: ours_stream_sync(url, FRAME, FRAME_EVENTS),
    },
    "events of 300 KiB, async": {
        "httpx-sse, untyped": lambda url: httpx_stream_async(url, FRAME, FRAME_EVENTS),
        "ours": lambda url: ours_stream_async(url, FRAME, FRAME_EVENTS),
    },
    "1,000 streams at once": {"httpx-sse, untyped": httpx_streams, "ours": ours_streams},
    "20,000 jobs, 100 a page": {"httpx, dicts": httpx_pages, "ours": ours_pages},
    "one client more (https)": {"httpx": httpx_client, "ours": ours_client},
}


async def rounds(one_round: Round) -> None:
    for line in sys.stdin:
        gc.collect()
        start = time.process_time()
        done = one_round()
        if done is not None:
            await done
        cpu = time.process_time() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(line.strip(), cpu, peak, flush=True)


def main() -> None:
    scenario, contender, port = sys.argv[1:]
    asyncio.run(rounds(SCENARIOS[scenario][contender](URL.format(port))))


if __name__ == "__main__":
    main()
