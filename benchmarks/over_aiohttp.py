"""The async client over the connections of aiohttp, against bare aiohttp and against its own connections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .contenders import OURS, OVER, present
from .loopback import SCENARIOS, Scenario, contending, measured
from .measured import Measured, Plan

TITLE = "Over the connections of aiohttp"
ABOUT = """\
Some of the scenarios above once more, with `AsyncTrioClient(http_client=HttpxAiohttpClient())` of httpx-aiohttp in the
column trio_client; "own connections" is the same client without it. Of the streams, aiohttp reads each line here and
parses its JSON; each has a connection that nothing has used before, as with this client."""
OWN = "own connections"
NOTES = {
    "gets_cold": "All open their connections anew.",
    "gets_warm": "The connections are open already.",
    "streams": "The server sends no event before all are open, then ten to each.",
}


def measure(plan: Plan) -> Iterator[Measured]:
    names = present(OVER, "aiohttp", *([] if plan.quick else [OURS]))
    prefix = "over aiohttp: "
    scenarios = [each for each in SCENARIOS if each.name.startswith("1,000") and plan.wants(prefix + each.name)]
    if "aiohttp" not in names or not scenarios:
        return
    with contending(names) as contenders:
        for scenario in scenarios:
            found = measured(_parsing(scenario), contenders, names, plan, (OVER, "aiohttp"))
            columns = {OVER: OURS, "aiohttp": "aiohttp", OURS: OWN}
            values = {column: found.values[name] for name, column in columns.items() if name in found.values}
            yield replace(found, scenario=prefix + scenario.name, values=values, note=NOTES[scenario.round])


def _parsing(scenario: Scenario) -> Scenario:
    """Return the scenario with events that are parsed, as those of this client are."""
    if scenario.round != "streams":
        return scenario
    return scenario._replace(arguments=(*scenario.arguments[:-1], True))
