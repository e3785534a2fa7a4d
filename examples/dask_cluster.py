"""Spread checks or watches of many streams over a Dask cluster; the result is a table.

    python examples/dask_cluster.py checks cameras.txt "the lights are on" checks.csv
    python examples/dask_cluster.py watches cameras.txt "a person enters" watches.csv --minutes 30 --slots 10

It needs `dask[dataframe,distributed]`. Without `--scheduler tcp://…:8786` it starts a cluster on this machine. Each
worker reads the key from its own environment: only a `ClientConfig` travels. Dask retries nothing, because the client
knows which requests may be retried.

All watches share the account's job slots through a semaphore of the cluster. When workers join or leave, cameras move;
one that moves is stopped on its old worker first. Cameras that could not be watched have a column in the table.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from trio_client import (
    ClientConfig,
    CoverageGap,
    Failed,
    RequestValidationError,
    Started,
    Target,
    Triggered,
    TrioClient,
    TrioError,
)

try:
    import dask
    import pandas as pd
    from distributed import Client, LocalCluster, Queue, Semaphore, as_completed, get_worker, wait
except ModuleNotFoundError as error:
    sys.exit(f"This example needs {error.name}; install it with: pip install 'dask[dataframe,distributed]'")


class DaskSlots:
    """Job slots that the workers of a cluster share: a `SlotPool` and its leases in one, which Dask itself renews."""

    lease_seconds = None

    def __init__(self, slots: Semaphore) -> None:
        self.slots = slots

    async def acquire(self) -> "DaskSlots":
        while not await anyio.to_thread.run_sync(self.slots.acquire, 0.2):
            pass
        return self

    async def renew(self) -> bool:
        return True  # Dask has no call that says whether the lease is still held

    async def release(self) -> None:
        await anyio.to_thread.run_sync(self.slots.release)


def client_here(config: ClientConfig) -> TrioClient:
    """Return this worker's client, which serves all of its threads."""
    worker: Any = get_worker()
    if not hasattr(worker, "trio_client"):
        worker.trio_client = config.client()
    return worker.trio_client


def check(url: str, condition: str, config: ClientConfig) -> dict[str, Any]:
    try:
        result = client_here(config).check_once(url, condition)
    except TrioError as error:
        return {"stream": shown(url), "failed": str(error)}
    return {"stream": shown(url), "triggered": result.triggered, "explanation": result.explanation}


def watch_here(*arguments: Any) -> None:
    """Watch the cameras that a queue lists, on one worker."""
    anyio.run(watch, *arguments)


async def watch(
    condition: str, config: ClientConfig, turn: float, duration: float, slots: Semaphore, cameras: Queue, found: Queue
) -> None:
    async with config.async_client() as client:
        watches = client.watch_many(turn_seconds=turn, slots=DaskSlots(slots), duration=duration)
        async with watches as events, anyio.create_task_group() as tasks:

            async def follow_assignments() -> None:
                assigned: set[str] = set()
                while (urls := await next_assignment(cameras)) is not None:
                    for url in assigned.difference(urls):
                        if url in {target.key for target in events.targets}:
                            await events.remove(url)
                        await anyio.to_thread.run_sync(found.put, (url, "left"))
                    for url in set(urls) - assigned:
                        try:
                            await events.add(Target(url, condition, key=url))
                        except RequestValidationError:
                            await anyio.to_thread.run_sync(found.put, (url, "failed"))
                    assigned = set(urls)
                tasks.cancel_scope.cancel()

            tasks.start_soon(follow_assignments)
            async for target, event in events:
                is_over = isinstance(event, Failed) and event.terminal
                if is_over or isinstance(event, (Started, Triggered, CoverageGap)):
                    await anyio.to_thread.run_sync(found.put, (target.key, event.kind))
            tasks.cancel_scope.cancel()  # none of its cameras can be watched, or its time is up


async def next_assignment(cameras: Queue) -> list[str] | None:
    """Wait for the next list of cameras, and return the newest; `None` is the end."""
    while True:
        lists = await anyio.to_thread.run_sync(partial(cameras.get, batch=True))  # a timeout would be logged
        if lists:
            return None if None in lists else lists[-1]
        await anyio.sleep(0.2)


class Share:
    """The cameras of one worker, and the task that watches them there."""

    def __init__(self, task: Any, cameras: Queue) -> None:
        self.task = task
        self.cameras = cameras
        self.urls: list[str] = []


class Spread:
    """Keeps cameras spread evenly over the workers. A camera moves on once its old worker has left it."""

    def __init__(self, urls: list[str]) -> None:
        self.urls = urls
        self.failed: set[str] = set()
        self.shares: dict[str, Share] = {}
        self.holders: dict[str, str] = {}

    def follow(self, workers: set[str], begin: Callable[[str], Share]) -> None:
        """Begin on new workers; the cameras of lost workers go to the others."""
        self.shares = {
            address: share for address, share in self.shares.items() if address in workers and not share.task.done()
        }
        self.holders = {url: address for url, address in self.holders.items() if address in self.shares}
        for address in workers - set(self.shares):
            self.shares[address] = begin(address)

    def assign(self) -> None:
        """Send each worker the list of its cameras, if it has changed."""
        for number, (address, share) in enumerate(self.shares.items()):
            mine = [url for url in self.urls[number :: len(self.shares)] if url not in self.failed]
            urls = [url for url in mine if url in share.urls or url not in self.holders]
            self.holders.update(dict.fromkeys(urls, address))
            if urls != share.urls:
                share.cameras.put(urls)
                share.urls = urls


def spread(cluster: Client, urls: list[str], options: argparse.Namespace, config: ClientConfig) -> list[dict[str, Any]]:
    """Watch on all workers; return what was found, and print what failed."""
    slots, found = Semaphore(options.slots, "trio-slots"), Queue()
    slots.register()
    counts: dict[str, Counter[str]] = {url: Counter() for url in urls}
    until = time.monotonic() + options.minutes * 60
    tasks: dict[Any, str] = {}
    plan = Spread(urls)
    failed: set[str] = set()

    def begin(address: str) -> Share:
        # The duration ends a worker's watches even if this program is killed.
        duration = max(until - time.monotonic(), 0) + 30
        arguments = (options.condition, config, options.turn, duration, slots, cameras := Queue(), found)
        task = cluster.submit(watch_here, *arguments, workers=[address], pure=False, retries=0)
        tasks[task] = address
        return Share(task, cameras)

    def count() -> None:
        for url, kind in found.get(batch=True):
            if kind == "left":
                plan.holders.pop(url, None)
            else:
                counts[url][kind] += 1
            if kind == "failed":
                plan.failed.add(url)

    def report() -> None:
        for task, address in tasks.items():
            if task.status in ("error", "cancelled", "lost") and address not in failed:
                failed.add(address)
                print(f"{address} has lost its watches: {task.exception()!r}", file=sys.stderr)

    try:
        while time.monotonic() < until:
            # Not `scheduler_info`, which is a cache that the client empties every few seconds.
            plan.follow(set(cluster.nthreads()) - failed, begin)
            plan.assign()
            time.sleep(0.2)
            count()
            report()
    finally:
        for share in plan.shares.values():
            share.cameras.put(None)
    with suppress(TimeoutError):
        wait([share.task for share in plan.shares.values()], timeout=60)  # the task of a lost worker never ends
    count()
    report()
    for task, address in tasks.items():
        if not task.done():
            print(f"{address} has not ended its watches: jobs may run until they end by themselves.", file=sys.stderr)
    return [
        {"stream": shown(url), **{kind: each[kind] for kind in ("started", "triggered", "gap", "failed")}}
        for url, each in counts.items()
    ]


def shown(url: str) -> str:
    """The host alone: the rest of a camera's address may hold a password or a token."""
    return urlsplit(url).hostname or "no host"


def main() -> None:
    parser = argparse.ArgumentParser(description="Spread checks or watches of many streams over a Dask cluster.")
    parser.add_argument("what", choices=("checks", "watches"))
    parser.add_argument("cameras", type=Path, help="a file with one URL per line")
    parser.add_argument("condition")
    parser.add_argument("table", type=Path, help="the CSV file to write")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long to watch (default: %(default)g)")
    parser.add_argument("--slots", type=int, default=10, help="job slots of all workers (default: %(default)s)")
    parser.add_argument("--turn", type=float, default=300.0, help="seconds per camera while others wait")
    parser.add_argument("--scheduler", help="the address of a cluster (default: start one here)")
    options = parser.parse_args()
    urls = options.cameras.read_text("utf-8").split()
    config = ClientConfig()
    # The calls of a worker that died may have been billed: Dask must not retry them.
    dask.config.set({"distributed.scheduler.allowed-failures": 0})
    place = options.scheduler or LocalCluster(n_workers=2, threads_per_worker=4, dashboard_address=None)
    with Client(place) as cluster:
        if options.what == "checks":
            arguments = (options.condition, config)
            futures = [cluster.submit(check, url, *arguments, pure=False, retries=0) for url in urls]
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
