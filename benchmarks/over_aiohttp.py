"""The async client over the connections of aiohttp, against bare aiohttp."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .contenders import OURS, OVER, present
from .loopback import SCENARIOS, contending, measured
from .measured import Measured, Plan

TITLE = "Over the connections of aiohttp"
ABOUT = """\
The same with `AsyncTrioClient(http_client=HttpxAiohttpClient())` of httpx-aiohttp in the column trio_client. aiohttp
reads each line here and parses its JSON; each stream has a connection that nothing has used before, as with this
client."""
PREFIX = "over aiohttp: "


def measure(plan: Plan) -> Iterator[Measured]:
    (streams,) = (each for each in SCENARIOS if each.round == "streams")
    names = present(OVER, "aiohttp")
    if len(names) < 2 or not plan.wants(PREFIX + streams.name):
        return
    with contending(names) as contenders:
        found = measured(streams, contenders, names, plan)
    values = {OURS: found.values[OVER], "aiohttp": found.values["aiohttp"]}
    note = "The server sends no event before all are open, then ten to each."
    yield replace(found, scenario=PREFIX + streams.name, values=values, note=note)
