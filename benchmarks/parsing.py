"""One page of a hundred jobs, from the bytes of the reply to models."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module

from pydantic import TypeAdapter

from trio_client import ResponseValidationError
from trio_client._core.reply import Reply, parse
from trio_client.models import Job, JobPage

from .contenders import OURS, present
from .contenders.wire import models
from .measured import Measured, Plan
from .processes import in_turn
from .server import page

TITLE = "Replies"
ABOUT = """\
The bytes of one page of a hundred jobs, to models. "validate_json" is one call of pydantic on plain models without
unknown fields; this client's keep unknown fields and let unknown values pass. openai and anthropic build their
models without validating them."""
ROUNDS, TIMES = 15, 20


def measure(plan: Plan) -> Iterator[Measured]:
    if plan.wants("one page of 100 jobs"):
        yield one_page(plan, "one page of 100 jobs")
    if plan.wants("1 MiB of items that cannot be read"):
        yield unreadable(plan, "1 MiB of items that cannot be read")


def one_page(plan: Plan, name: str) -> Measured:
    body = page(100, 0).partition(b"\r\n\r\n")[2]
    if models().job.model_fields.keys() != Job.model_fields.keys():
        raise SystemExit(f"{name}: the models differ")
    adapter = TypeAdapter(models().page)
    readers: dict[str, Callable[[], object]] = {
        OURS: partial(ours, body),
        "validate_json": lambda: adapter.validate_json(body),
        **{library: partial(built, library, body) for library in present("openai", "anthropic")},
    }
    contenders: dict[str, Callable[[], float]] = {key: partial(micros, read) for key, read in readers.items()}
    note = "What a page costs beyond the wire, all checks of a reply included."
    return Measured(name, "µs a page", in_turn(contenders, plan.rounds(ROUNDS)), note)


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
    return parse(JobPage, Reply(200, {"content-type": "application/json"}, body), secrets=tuple)


def built(library: str, body: bytes) -> object:
    return models(import_module(library).BaseModel).page.construct(**json.loads(body))


def micros(read: Callable[[], object]) -> float:
    start = time.process_time()
    for _ in range(TIMES):
        read()
    return (time.process_time() - start) / TIMES * 1e6
