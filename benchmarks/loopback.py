"""Calls, pages and event streams over loopback, by the CPU time of the client's process.

There is one process for each contender, and one server that is not the bottleneck.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from .budgets import BUDGETS
from .contenders import OURS, present
from .measured import Measured, Plan
from .processes import Contender, Server, in_turn

TITLE = "Over loopback"
ABOUT = """\
One process for each library and one server that is not the bottleneck; what counts is the CPU time of the client's
process. httpx and httpx2 return dictionaries and repeat nothing; this client returns typed replies, and its retries,
deadlines, bounds and hooks are at work. openai, by its generic calls, has retries and fills models of the same replies
without validating them. aiohttp shows about the least that Python takes. glibc is set to keep the memory that is
freed, in all of them: whether it maps new memory for each picture otherwise depends on what was allocated before."""
MANY, ROUNDS, FEW = 21, 8, 3


class Scenario(NamedTuple):
    """A round, with how many things it does; against whom, the budgets say."""

    name: str
    times: int
    thing: str
    round: str
    arguments: tuple[object, ...]
    note: str
    rounds: int = ROUNDS


SCENARIOS = (
    Scenario(
        "GET, sync", 50, "a call", "calls_sync", ("get", 50), "One job is asked for again and again, typed.", MANY
    ),
    Scenario("POST, sync", 50, "a call", "calls_sync", ("post", 50), "`check_once`, one after the other.", MANY),
    Scenario("GET, async", 50, "a call", "calls_async", ("get", 50), "The same GETs under asyncio.", MANY),
    Scenario("POST, async", 50, "a call", "calls_async", ("post", 50), "The same checks under asyncio.", MANY),
    Scenario(
        "create, sync",
        50,
        "a call",
        "calls_sync",
        ("create", 50),
        "`live_monitor.create`, each on a connection of its own; httpx sends `Connection: close`.",
        MANY,
    ),
    Scenario("create, async", 50, "a call", "calls_async", ("create", 50), "The same in asyncio.", MANY),
    Scenario(
        "1,000 GETs, 100 at once, cold",
        1000,
        "a call",
        "gets_cold",
        (1000, 100),
        "A new client has to open its connections; httpx checks each of them at the start and end of every request.",
        FEW,
    ),
    Scenario(
        "1,000 GETs, 100 at once, warm",
        1000,
        "a call",
        "gets_warm",
        (1000, 100),
        "The connections are open already.",
        FEW,
    ),
    Scenario(
        "progress, sync",
        10_000,
        "an event",
        "stream_sync",
        (10_000, "progress", True),
        "One stream of checks of 200 bytes; httpx makes a pydantic model of each event, as one does by hand. "
        "Of each event its kind, job, time and counters are read.",
        MANY,
    ),
    Scenario(
        "progress, async",
        10_000,
        "an event",
        "stream_async",
        (10_000, "progress", True),
        "The same under asyncio, where a read takes all that has arrived.",
        MANY,
    ),
    Scenario(
        "mixed hour, sync",
        40 * 41,
        "an event",
        "stream_sync",
        (40, "hour", True),
        "Forty checks to a trigger of 60 KiB, whose explanation is read.",
        MANY,
    ),
    Scenario(
        "mixed hour, async",
        40 * 41,
        "an event",
        "stream_async",
        (40, "hour", True),
        "The same under asyncio.",
        MANY,
    ),
    Scenario(
        "triggers of 300 KiB, sync",
        50,
        "an event",
        "stream_sync",
        (50, "trigger_300k", False),
        "Triggers with a picture; httpx leaves the text as it is, this client returns typed events.",
        MANY,
    ),
    Scenario(
        "triggers of 300 KiB, async",
        50,
        "an event",
        "stream_async",
        (50, "trigger_300k", False),
        "The same under asyncio.",
        MANY,
    ),
    Scenario(
        "1,000 streams at once",
        1000,
        "a stream",
        "streams",
        (1000, 10, "progress", False),
        "The server sends no event before all are open, then ten to each; again only this client's are typed.",
        FEW,
    ),
    Scenario(
        "5,000 jobs, 100 a page",
        5_000,
        "a job",
        "jobs",
        (5_000,),
        "A list read to its end, job by job; httpx counts the dictionaries of each page.",
        MANY,
    ),
    Scenario(
        "one client more",
        10,
        "a client",
        "clients",
        (10,),
        "A client for https in a process that has made one: this one shares the TLS settings, httpx makes them anew.",
    ),
)


def measure(plan: Plan) -> Iterator[Measured]:
    scenarios = [scenario for scenario in SCENARIOS if plan.wants(scenario.name)]
    if not scenarios:
        return
    names = {name for scenario in scenarios for name in BUDGETS[scenario.name]}
    with contending(present(OURS, *sorted(names))) as contenders:
        for scenario in scenarios:
            yield measured(scenario, contenders, [OURS, *BUDGETS[scenario.name]], plan)


@contextmanager
def contending(names: list[str]) -> Generator[dict[str, Contender]]:
    """Give a process of each, and a server to all of them."""
    with Server() as url:
        contenders = {name: Contender(name, url) for name in names}
        yield contenders
        for contender in contenders.values():
            contender.end()


def measured(scenario: Scenario, contenders: dict[str, Contender], names: list[str], plan: Plan) -> Measured:
    rounds: dict[str, Callable[[], float]] = {
        name: partial(contenders[name].round, scenario.round, *scenario.arguments)
        for name in names
        if name in contenders
    }
    number = plan.rounds(scenario.rounds)
    warm = number == 1 and scenario.round.startswith("gets")  # by the calls of the scenarios before
    seconds = in_turn(rounds, number, warm_up=not warm)
    micros = {name: [value / scenario.times * 1e6 for value in values] for name, values in seconds.items()}
    return Measured(scenario.name, f"µs {scenario.thing}", micros, scenario.note)
