"""Spread looks at a large list of streams, or watches of them, over a Dask cluster; the result is a DataFrame.

    python examples/dask_cluster.py looks cameras.txt "the lights are on" looks.csv
    python examples/dask_cluster.py watches cameras.txt "a person enters" watches.csv --minutes 30

Without `--scheduler tcp://…:8786` a cluster of this machine's processors is started. The key is in each worker's own
environment, and goes over no wire: what travels is a `ClientConfig`. Failed requests are repeated by the client, which
knows what may be repeated; so Dask is told to repeat nothing.
"""

import argparse
from pathlib import Path
from typing import Any

import dask
import pandas as pd
from distributed import Client, LocalCluster, as_completed, get_worker

from trio_client import ClientConfig, CoverageGap, Triggered, TrioClient, TrioError


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


def watch(url: str, condition: str, config: ClientConfig, seconds: float) -> dict[str, Any]:
    row: dict[str, Any] = {"stream": shown(url), "triggers": 0, "gaps": 0}
    try:
        with client_here(config).live_monitor.watch(url, condition, duration=seconds) as events:
            for event in events:
                row["triggers"] += isinstance(event, Triggered)
                row["gaps"] += isinstance(event, CoverageGap)
    except TrioError as error:
        row["failed"] = str(error)
    return row


def shown(url: str) -> str:
    return url.rpartition("@")[2]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("looks", "watches"))
    parser.add_argument("cameras", type=Path)
    parser.add_argument("condition")
    parser.add_argument("table", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long each stream is watched")
    parser.add_argument("--scheduler", help="the address of a cluster; by default one of this machine")
    options = parser.parse_args()
    cameras = options.cameras.read_text("utf-8").split()
    config = ClientConfig()
    work, arguments = (look, ()) if options.what == "looks" else (watch, (options.minutes * 60,))
    # A worker that dies takes its calls with it: they may have been billed, so they are not made again unasked.
    dask.config.set({"distributed.scheduler.allowed-failures": 0})
    place = options.scheduler or LocalCluster(n_workers=2, threads_per_worker=4, dashboard_address=None)
    with Client(place) as cluster:
        futures = [
            cluster.submit(work, url, options.condition, config, *arguments, pure=False, retries=0) for url in cameras
        ]
        rows = [done.result() for done in as_completed(futures)]
    table = pd.DataFrame(rows).sort_values("stream")
    table.to_csv(options.table, index=False)
    print(table.describe(include="all").to_string())
    if not options.scheduler:
        place.close()


if __name__ == "__main__":
    main()
