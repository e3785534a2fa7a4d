"""Spread looks at a large list of streams, or watches of them, over a Dask cluster; the result is a DataFrame.

    python examples/dask_cluster.py looks cameras.txt "the lights are on" looks.csv
    python examples/dask_cluster.py watches cameras.txt "a person enters" watches.csv --minutes 30 --slots 10

Without `--scheduler tcp://…:8786` a cluster of this machine's processors is started. The key is in each worker's own
environment, and goes over no wire: what travels is a `ClientConfig`. Failed requests are repeated by the client, which
knows what may be repeated; so Dask is told to repeat nothing.

The watches of all workers share the account's job slots through a semaphore of the cluster. Workers may join and leave:
their cameras move, and events come back through a queue.
"""

import argparse
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import dask
import pandas as pd
from distributed import Client, LocalCluster, Queue, Semaphore, as_completed, get_worker

from trio_client import ClientConfig, CoverageGap, SlotLease, SlotPool, Target, Triggered, TrioClient, TrioError


class DaskSlots(SlotPool):
    """Job slots that the workers of a cluster share: leases of a semaphore, which the cluster itself renews."""

    def __init__(self, slots: Semaphore) -> None:
        self.slots = slots

    async def acquire(self) -> SlotLease:
        while not await anyio.to_thread.run_sync(self.slots.acquire, 0.2):
            pass
        return DaskLease(self.slots)


class DaskLease(SlotLease):
    lease_seconds = None

    def __init__(self, slots: Semaphore) -> None:
        self.slots = slots

    async def renew(self) -> bool:
        return True  # Dask offers no way to ask

    async def release(self) -> None:
        await anyio.to_thread.run_sync(self.slots.release)


def client_here(config: ClientConfig) -> TrioClient:
    """Return this worker's client: one serves all of its threads."""
    worker: Any = get_worker()
    if not hasattr(worker, "trio_client"):
        worker.trio_client = config.client()
    return worker.trio_client


def look(url: str, condition: str, config: ClientConfig) -> dict[str, Any]:
    try:
        result = client_here(config).check_once(url, condition)
    except TrioError as error:
        return {"stream": shown(url), "failed": str(error)}
    return {"stream": shown(url), "triggered": result.triggered, "explanation": result.explanation}


def watch_here(
    condition: str, config: ClientConfig, turn: float, slots: Semaphore, cameras: Queue, found: Queue
) -> None:
    """Watch, on one worker, the cameras that a queue names, until it says None."""
    slots.register()
    anyio.run(watch, condition, config, turn, slots, cameras, found)


async def watch(
    condition: str, config: ClientConfig, turn: float, slots: Semaphore, cameras: Queue, found: Queue
) -> None:
    async with config.async_client() as client:
        watches = client.watch_many(turn_seconds=turn, slots=DaskSlots(slots))
        async with watches as events, anyio.create_task_group() as tasks:

            async def follow_assignment() -> None:
                while True:
                    urls = await next_assignment(cameras)
                    if urls is None:
                        tasks.cancel_scope.cancel()
                        return
                    watched = {str(target.key) for target in events.targets}
                    for url in watched.difference(urls):
                        await events.remove(url)
                    for url in set(urls) - watched:
                        await events.add(Target(url, condition, key=url))

            tasks.start_soon(follow_assignment)
            async for target, event in events:
                if isinstance(event, (Triggered, CoverageGap)):
                    await anyio.to_thread.run_sync(found.put, (target.key, event.kind))


async def next_assignment(cameras: Queue) -> list[str] | None:
    """Return the next list of cameras, once there is one; `None`: the end."""
    while True:
        with suppress(TimeoutError):  # in short waits, since a thread cannot be cancelled
            return await anyio.to_thread.run_sync(cameras.get, 0.5)


def spread(cluster: Client, urls: list[str], options: argparse.Namespace, config: ClientConfig) -> list[dict[str, Any]]:
    """Keep the cameras spread evenly over the workers that there are; return what was found."""
    slots, found = Semaphore(options.slots, "trio-slots"), Queue("trio-events")
    workers: dict[str, tuple[Any, Queue]] = {}
    counts: dict[str, Counter[str]] = {url: Counter() for url in urls}
    until = time.monotonic() + options.minutes * 60
    while time.monotonic() < until:
        present = set(cluster.scheduler_info(n_workers=-1)["workers"])
        if present != set(workers):
            for address in set(workers) - present:
                del workers[address]
            for address in present - set(workers):
                cameras = Queue(f"trio-cameras {address}")
                arguments = (options.condition, config, options.turn, slots, cameras, found)
                task = cluster.submit(watch_here, *arguments, workers=[address], pure=False, retries=0)
                workers[address] = task, cameras
            for number, (_, cameras) in enumerate(workers.values()):
                cameras.put(urls[number :: len(workers)])
        with suppress(TimeoutError):
            url, kind = found.get(timeout="500ms")
            counts[url][kind] += 1
    for _, cameras in workers.values():
        cameras.put(None)
    for task, _ in workers.values():
        task.result()
    return [{"stream": shown(url), "triggers": each["triggered"], "gaps": each["gap"]} for url, each in counts.items()]


def shown(url: str) -> str:
    return url.rpartition("@")[2]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("looks", "watches"))
    parser.add_argument("cameras", type=Path)
    parser.add_argument("condition")
    parser.add_argument("table", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long the streams are watched")
    parser.add_argument("--slots", type=int, default=10, help="how many jobs all workers run at most")
    parser.add_argument("--turn", type=float, default=300.0, help="seconds that a stream is watched while others wait")
    parser.add_argument("--scheduler", help="the address of a cluster; by default one of this machine")
    options = parser.parse_args()
    urls = options.cameras.read_text("utf-8").split()
    config = ClientConfig()
    # A worker that dies takes its calls with it: they may have been billed, so they are not made again unasked.
    dask.config.set({"distributed.scheduler.allowed-failures": 0})
    place = options.scheduler or LocalCluster(n_workers=2, threads_per_worker=4, dashboard_address=None)
    with Client(place) as cluster:
        if options.what == "looks":
            arguments = (options.condition, config)
            futures = [cluster.submit(look, url, *arguments, pure=False, retries=0) for url in urls]
            rows = [done.result() for done in as_completed(futures)]
        else:
            rows = spread(cluster, urls, options, config)
    table = pd.DataFrame(rows).sort_values("stream")
    table.to_csv(options.table, index=False)
    print(table.describe(include="all").to_string())
    if not options.scheduler:
        place.close()


if __name__ == "__main__":
    main()
