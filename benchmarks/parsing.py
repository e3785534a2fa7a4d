"""Replies whose items cannot be read, from their bytes to an error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from trio_client import ResponseValidationError
from trio_client._core.config import Settings
from trio_client._core.endpoints import list_jobs
from trio_client._core.reply import Reply, parse
from trio_client._core.secret import Secret
from trio_client.models import JobPage

from .contenders import OURS
from .measured import Measured, Plan
from .processes import in_turn

TITLE = "Replies"
ABOUT = "From the bytes of a page of jobs to models, or to the error that says what cannot be read."
ROUNDS, TIMES = 15, 20
SETTINGS = Settings("https://api.example", Secret("key"))


def measure(plan: Plan) -> Iterator[Measured]:
    name = "1 MiB of items that cannot be read"
    if plan.wants(name):
        yield unreadable(plan, name)


def unreadable(plan: Plan, name: str) -> Measured:
    job = b'{"job_id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","status":"running","job_type":"live-monitor"}'

    def body(item: bytes) -> bytes:
        return b'{"jobs":[' + b",".join([item] * (2**20 // (len(item) + 1))) + b"]}"

    def read(content: bytes) -> None:
        with suppress(ResponseValidationError):
            ours(content)

    contenders: dict[str, Callable[[], float]] = {
        OURS: partial(micros, partial(read, body(b"{}"))),
        "readable": partial(micros, partial(read, body(job))),
    }
    note = "A page of `{}` is refused after 1,000 of them; beside it one of the same size whose jobs can be read."
    return Measured(name, "µs a page", in_turn(contenders, plan.rounds(ROUNDS)), note)


def ours(body: bytes) -> JobPage:
    return parse(Reply(200, {"content-type": "application/json"}, body), list_jobs(), SETTINGS)


def micros(read: Callable[[], object]) -> float:
    start = time.process_time()
    for _ in range(TIMES):
        read()
    return (time.process_time() - start) / TIMES * 1e6
