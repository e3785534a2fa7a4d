"""Methods, targets and the command line offer every field of the requests, and nothing else under its name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from trio_client import AsyncTrioClient, ClientConfig, TrioClient
from trio_client._async.live_digest import AsyncLiveDigest
from trio_client._async.live_monitor import AsyncLiveMonitor
from trio_client._core.endpoints import DEFAULT_DURATION_SECONDS
from trio_client._core.targets import WatchOptions
from trio_client._sync.live_digest import LiveDigest
from trio_client._sync.live_monitor import LiveMonitor
from trio_client.cli._app import app
from trio_client.cli._follow import SERVER_DEFAULT_SECONDS

OPENAPI = Path(__file__).resolve().parents[2] / "openapi" / "trio.yaml"
SCHEMAS = yaml.safe_load(OPENAPI.read_text("utf-8"))["components"]["schemas"]

# What belongs to a method and not to the request.
OF_EVERY_CALL = {"timeout", "extra_headers"}
OF_A_CREATE = {*OF_EVERY_CALL, "wait_for_slot", "tag_webhook_url", "reference"}
OF_A_STREAM = {*OF_EVERY_CALL, "wait_for_slot", "on_exit", "on_drop", "reference"}
OF_A_WATCH = {*OF_A_STREAM, "duration", "max_cost_usd", "price_per_minute_usd", "wait_for_stream"}
WEBHOOK = {"webhook_url"}  # a stream delivers its events itself

METHODS: list[tuple[Callable[..., Any], str, set[str], set[str]]] = [
    (client.check_once, "CheckOnceRequest", set(), OF_EVERY_CALL) for client in (TrioClient, AsyncTrioClient)
]
for monitor in (LiveMonitor, AsyncLiveMonitor):
    METHODS.extend(
        [
            (monitor.create, "LiveMonitorRequest", set(), OF_A_CREATE),
            (monitor.stream, "LiveMonitorRequest", WEBHOOK, OF_A_STREAM),
            (monitor.watch, "LiveMonitorRequest", WEBHOOK, OF_A_WATCH),
        ]
    )
for digest in (LiveDigest, AsyncLiveDigest):
    METHODS.extend(
        [
            (digest.create, "LiveDigestRequest", set(), OF_A_CREATE),
            (digest.stream, "LiveDigestRequest", WEBHOOK, OF_A_STREAM),
            (digest.watch, "LiveDigestRequest", WEBHOOK, OF_A_WATCH),
        ]
    )

# The options that are not called like their field, and the fields that a command leaves to Python programs.
OPTIONS = {
    "clip_duration_seconds": "clip_duration",
    "interval_seconds": "interval",
    "monitor_duration_seconds": "duration",
    "trigger_cooldown_seconds": "cooldown",
    "window_minutes": "window",
    "capture_interval_seconds": "capture_interval",
    "include_frame": "save_frame",
    "include_frames": "save_frames",
}


def fields(schema: str) -> set[str]:
    return set(SCHEMAS[schema]["properties"])


def parameters(function: Callable[..., Any]) -> set[str]:
    return set(inspect.signature(function).parameters) - {"self"}


@pytest.mark.parametrize(("method", "schema", "left_out", "own"), METHODS)
def test_a_method_takes_every_field_of_its_request(
    method: Callable[..., Any], schema: str, left_out: set[str], own: set[str]
) -> None:
    assert parameters(method) - own == fields(schema) - left_out


def test_a_target_takes_every_field_but_the_two_it_begins_with() -> None:
    options = set(WatchOptions.__annotations__)
    assert options - OF_A_WATCH == fields("LiveMonitorRequest") - WEBHOOK - {"stream_url", "condition"}


def test_a_target_takes_every_option_of_a_watch_but_the_wait_for_a_slot() -> None:
    options = set(WatchOptions.__annotations__)
    assert options == parameters(LiveMonitor.watch) - {"stream_url", "condition", "wait_for_slot"}


@pytest.mark.parametrize(
    ("command", "schema"),
    [("watch", "LiveMonitorRequest"), ("digest", "LiveDigestRequest"), ("check", "CheckOnceRequest")],
)
def test_a_command_has_an_option_for_every_field(command: str, schema: str) -> None:
    group: Any = typer.main.get_command(app)
    options = {parameter.name for parameter in group.commands[command].params}
    assert {OPTIONS.get(field, field) for field in fields(schema) - WEBHOOK} <= options


def test_the_default_duration_is_the_documented_one() -> None:
    documented = SCHEMAS["LiveMonitorRequest"]["properties"]["monitor_duration_seconds"]["default"]
    assert documented == DEFAULT_DURATION_SECONDS == SERVER_DEFAULT_SECONDS


def test_a_config_has_every_setting_that_can_travel() -> None:
    settings = parameters(TrioClient) - {"api_key", "http_client", "hooks"}
    assert set(ClientConfig.__dataclass_fields__) - {"key_variable"} == settings
