"""Each method describes its parameters whole, as the OpenAPI file does, since editors show one docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from trio_client import AsyncTrioClient, Target, TrioClient
from trio_client._async.jobs import AsyncJobs
from trio_client._async.live_digest import AsyncLiveDigest
from trio_client._async.live_monitor import AsyncLiveMonitor
from trio_client._async.osapi_jobs import AsyncOsapiJobs
from trio_client._async.streams import AsyncStreams
from trio_client._sync.jobs import Jobs
from trio_client._sync.live_digest import LiveDigest
from trio_client._sync.live_monitor import LiveMonitor
from trio_client._sync.osapi_jobs import OsapiJobs
from trio_client._sync.streams import Streams

DOCUMENT = yaml.safe_load((Path(__file__).resolve().parents[2] / "openapi" / "trio.yaml").read_text("utf-8"))
SCHEMAS = DOCUMENT["components"]["schemas"]

DOCUMENTED: list[tuple[Any, str]] = [
    (TrioClient.check_once, "CheckOnceRequest"),
    (AsyncTrioClient.check_once, "CheckOnceRequest"),
    (Target, "LiveMonitorRequest"),
]
for monitor in (LiveMonitor, AsyncLiveMonitor):
    DOCUMENTED += [(each, "LiveMonitorRequest") for each in (monitor.create, monitor.stream, monitor.watch)]
for digest in (LiveDigest, AsyncLiveDigest):
    DOCUMENTED += [(each, "LiveDigestRequest") for each in (digest.create, digest.stream, digest.watch)]

PUBLIC = [TrioClient, Jobs, Streams, LiveMonitor, LiveDigest, OsapiJobs]
PUBLIC += [AsyncTrioClient, AsyncJobs, AsyncStreams, AsyncLiveMonitor, AsyncLiveDigest, AsyncOsapiJobs]

# What a watch asks for where the caller says nothing is not the server's default.
OWN_DEFAULTS = {("watch", "max_triggers"), ("Target", "max_triggers")}
# Where a digest has something else to say than a monitor about a parameter that is not the API's.
OF_DIGESTS = {
    "on_drop",  # it restarts at a window's end
    "price_per_minute_usd",  # it has no input mode, and so always a published price
}


def descriptions(documented: Any) -> dict[str, str]:
    """Return the descriptions of the parameters, by name, each on one line."""
    text = inspect.cleandoc(documented.__doc__)
    found: dict[str, str] = {}
    for section in re.finditer(r"(?m)^(?:Args|Keyword Args):\n((?: +.*\n)+)", text + "\n"):
        for each in re.finditer(r"(?m)^ {4}(\w+): (.*\n(?: {8}.*\n)*)", section[1]):
            found[each[1]] = " ".join(each[2].split())
    return found


def expected(schema: dict[str, Any]) -> Iterator[str]:
    """Yield what a description must say: the field's own, in our notation, its range and its default."""
    first, *others = re.split(r"(?<=\.) ", schema["description"].rstrip())
    yield first[0].lower() + first[1:].rstrip(".") if not first.startswith("YouTube") else first.rstrip(".")
    for sentence in others:
        yield sentence.replace("Null", "`None`").rstrip(".")
    if "minimum" in schema:
        yield (
            f"{schema['minimum']:,} to {schema['maximum']:,}"
            if "maximum" in schema
            else f"{schema['minimum']:,} or more"
        )
    if "maxLength" in schema:
        yield f"{schema['minLength']:,} to {schema['maxLength']:,} characters"
    for value in SCHEMAS["InputMode"]["enum"] if "InputMode" in schema.get("$ref", "") else ():
        yield f"`{value}`"


def default_of(schema: dict[str, Any]) -> str:
    value = schema["default"]
    shown = {True: "yes", False: "no"}[value] if isinstance(value, bool) else f"`{value}`"
    return f"(server's default: {value if isinstance(value, int) and not isinstance(value, bool) else shown})"


@pytest.mark.parametrize(
    ("documented", "request_name"), DOCUMENTED, ids=lambda each: getattr(each, "__qualname__", each)
)
def test_a_parameter_is_described_as_the_api_describes_it(documented: Any, request_name: str) -> None:
    said = descriptions(documented)
    left_out = {"webhook_url"} - said.keys()  # a stream delivers its events itself
    for name, schema in SCHEMAS[request_name]["properties"].items():
        if name in left_out:
            continue
        beginning, *others = expected(schema)
        assert said[name].startswith(beginning)
        assert [part for part in others if part not in said[name]] == [], said[name]
        if "default" in schema and (documented.__name__, name) not in OWN_DEFAULTS:
            assert default_of(schema) in said[name]


@pytest.mark.parametrize("documented", [each for each, _ in DOCUMENTED], ids=lambda each: each.__qualname__)
def test_every_parameter_is_described(documented: Any) -> None:
    parameters = inspect.signature(documented).parameters.keys() - {"self"}
    assert parameters - descriptions(documented).keys() == set()


@pytest.mark.parametrize("method", ["create", "stream", "watch"])
def test_a_digest_describes_what_it_shares_with_a_monitor_alike(method: str) -> None:
    of_monitor, of_digest = (descriptions(getattr(each, method)) for each in (LiveMonitor, LiveDigest))
    of_requests = SCHEMAS["LiveMonitorRequest"]["properties"].keys() | SCHEMAS["LiveDigestRequest"]["properties"].keys()
    shared = (of_monitor.keys() & of_digest.keys()) - of_requests - (OF_DIGESTS if method == "watch" else set())
    assert {name: of_digest[name] for name in shared} == {name: of_monitor[name] for name in shared}


def test_a_target_describes_its_options_as_a_watch_does() -> None:
    of_target, of_watch = descriptions(Target), descriptions(LiveMonitor.watch)
    options = of_watch.keys() - {"stream_url", "condition", "wait_for_slot"}
    assert {name: of_target[name] for name in options} == {name: of_watch[name] for name in options}


def test_max_triggers_says_what_leaving_it_out_means() -> None:
    for monitor in (LiveMonitor, AsyncLiveMonitor):
        for method in (monitor.create, monitor.stream):
            assert "**Left unset, the job ends at its first trigger.**" in descriptions(method)["max_triggers"]
        for documented in (monitor.watch, Target):
            assert "**Left unset, a watch is unlimited**" in descriptions(documented)["max_triggers"]


def public_functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    for owner in PUBLIC:
        for name, member in inspect.getmembers(owner, inspect.isfunction):
            if not name.startswith("_"):
                yield f"{owner.__name__}.{name}", member


def test_no_description_is_only_a_reference_to_another() -> None:
    text = {name: inspect.getdoc(function) or "" for name, function in public_functions()}
    reference = re.compile(r"\bas in `|\bas `[\w.]+` does\b|: as `|^As `|\blike `[\w.]+`\.$", re.MULTILINE)
    assert {name: found[0] for name, each in text.items() if (found := reference.search(each))} == {}
