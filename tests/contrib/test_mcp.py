"""The tools of the MCP server, through the official client without a process."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="mcp is not installed: it asks for newer versions than the lowest of the core")

import anyio
from mcp import Client
from mcp.server.mcpserver.exceptions import ToolError

from trio_client import AsyncTrioClient, Frame, JobLeakWarning
from trio_client.contrib.mcp import build_server
from trio_client.contrib.mcp._outputs import Watched
from trio_client.contrib.mcp._results import Masker, result
from trio_client.contrib.mcp._server import server_of
from trio_client.contrib.mcp._tools import Tools
from trio_client.errors import (
    APIConnectionError,
    APIStatusError,
    CreateOutcomeUnknownError,
    RequestValidationError,
    ServerError,
)
from trio_client.stub import Scene, StubServer

GATE = "rtsp://user:hunter2@gate.example/live"
GATE_MASKED = "rtsp://***@gate.example/live"
KEY = "key-of-the-tests"
JPEG = b"\xff\xd8\xff" + b"picture"


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer(speed=600, start_delay=0) as server:
        yield server


def use(stub: StubServer, body: Callable[[Any], Awaitable[Any]], **options: Any) -> Any:
    """Run the body with a client of the server; return what it returns."""

    async def run() -> Any:
        async with (
            AsyncTrioClient(KEY, base_url=stub.base_url) as trio,
            Client(build_server(trio, **options)) as client,
        ):
            return await body(client)

    return anyio.run(run)


def call(stub: StubServer, *calls: tuple[str, dict[str, Any]], **options: Any) -> list[Any]:
    """Return the results of calls, one after another, of one server."""

    async def body(client: Any) -> list[Any]:
        return [await client.call_tool(name, arguments) for name, arguments in calls]

    found: list[Any] = use(stub, body, **options)
    shown = json.dumps([result.model_dump(mode="json") for result in found])
    assert [secret for secret in ("hunter2", KEY) if secret in shown] == []
    return found


def text_of(result: Any) -> str:
    return str(result.content[0].text)


def watch(**arguments: Any) -> tuple[str, dict[str, Any]]:
    return "watch", {"stream_url": GATE, "condition": "a van", **arguments}


CHECK = ("check_once", {"stream_url": GATE, "condition": "a van"})


def test_the_tools_say_what_they_do_and_what_they_cost(stub: StubServer) -> None:
    async def body(client: Any) -> Any:
        return (await client.list_tools()).tools, client.instructions

    tools, instructions = use(stub, body)
    by_name = {tool.name: tool for tool in tools}
    assert list(by_name) == [
        "check_once",
        "ask_about_picture",
        "validate_stream",
        "watch",
        "list_jobs",
        "get_job",
        "cancel_job",
        "estimate_cost",
    ]
    assert [
        name for name, tool in by_name.items() if "$" not in tool.description and "Free" not in tool.description
    ] == ["cancel_job"]
    reading = [name for name, tool in by_name.items() if tool.annotations.read_only_hint]
    assert reading == ["validate_stream", "list_jobs", "get_job", "estimate_cost"]
    assert [name for name, tool in by_name.items() if tool.annotations.destructive_hint] == ["cancel_job"]
    assert [
        name for name in ("check_once", "watch", "ask_about_picture") if "untrusted" not in by_name[name].description
    ] == []
    assert "untrusted" in instructions
    seconds = by_name["watch"].input_schema["properties"]["seconds"]
    assert (seconds["default"], seconds["minimum"], seconds["maximum"]) == (45, 5, 600)


def test_every_tool_says_what_it_returns(stub: StubServer) -> None:
    async def body(client: Any) -> Any:
        return (await client.list_tools()).tools

    schemas = {tool.name: tool.output_schema for tool in use(stub, body)}
    assert [name for name, schema in schemas.items() if not (schema and schema["properties"])] == []
    assert {"triggered", "explanation", "cost_usd", "budget_left_usd"} <= set(schemas["check_once"]["required"])
    assert "frame_id" in schemas["watch"]["properties"]
    assert "frame_id" not in schemas["watch"]["required"]
    assert Watched.__required_keys__ == set(schemas["watch"]["required"])  # which some versions of mcp read
    assert [name for name, schema in schemas.items() if schema.get("additionalProperties") is False] == []


@pytest.mark.thorough
def test_without_docstrings_the_tools_keep_their_descriptions() -> None:
    code = (
        "import anyio; from trio_client import AsyncTrioClient; from trio_client.contrib.mcp import build_server\n"
        "server = build_server(AsyncTrioClient('key-of-the-tests'))\n"
        "print(*[tool.name for tool in anyio.run(server.list_tools) if not tool.description], sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-OO", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_check_returns_its_picture_once_and_it_can_be_asked_about(stub: StubServer) -> None:
    check = ("check_once", {**CHECK[1], "include_frame": True})
    seen, answer, unknown = call(
        stub,
        check,
        ("ask_about_picture", {"frame": "frame-1", "question": "What is in the picture?"}),
        ("ask_about_picture", {"frame": "frame-2", "question": "What is in the picture?"}),
    )
    assert [part.type for part in seen.content] == ["text", "image"]
    assert base64.b64decode(seen.content[1].data).startswith(b"\xff\xd8\xff")
    assert seen.content[1].data not in text_of(seen)
    assert (seen.structured_content["frame_id"], seen.structured_content["budget_left_usd"]) == ("frame-1", 0.99)
    assert json.loads(text_of(seen)) == seen.structured_content
    assert bool(answer.structured_content["answer"])
    assert (unknown.is_error, "There is no such picture" in text_of(unknown)) == (True, True)


def test_only_pictures_below_the_folder_can_be_asked_about(stub: StubServer, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "gate.jpg").write_bytes(JPEG)
    (folder / "key.txt").write_text("no picture")
    (tmp_path / "outside.jpg").write_bytes(JPEG)
    (folder / "link.jpg").symlink_to(tmp_path / "outside.jpg")
    names = [
        "in/gate.jpg",
        "key.txt",
        "../outside.jpg",
        str(tmp_path / "outside.jpg"),
        "link.jpg",
        "in",
        "a\0b",
        "nothing",
    ]
    found = call(stub, *(("ask_about_picture", {"frame": name, "question": "x"}) for name in names), pictures=folder)
    assert [result.is_error for result in found] == [False, *[True] * (len(names) - 1)]
    assert len({text_of(result) for result in found[1:]}) == 1
    assert len(stub.requests) == 1


def test_a_watch_returns_at_the_first_trigger_and_its_job_has_ended(stub: StubServer) -> None:
    reports: list[tuple[float, float | None]] = []

    async def report(progress: float, total: float | None, _: str | None) -> None:
        reports.append((progress, total))

    async def body(client: Any) -> Any:
        return await client.call_tool(*watch(seconds=600), progress_callback=report)

    result = use(stub, body)
    data = result.structured_content
    (job,) = stub.jobs
    assert (data["triggered"], data["event"]["kind"], data["outcome"]["kind"]) == (True, "triggered", "stopped")
    assert (data["job_id"], data["frame_id"], result.content[1].type) == (job.job_id, "frame-1", "image")
    assert (job.request["monitor_duration_seconds"], job.status, reports[0][1]) == (600, "completed", 600)


def test_a_watch_returns_when_its_time_is_up(stub: StubServer) -> None:
    stub.scene(GATE, Scene(holds=False))
    (result,) = call(stub, watch(seconds=60, interval_seconds=10))
    assert (result.is_error, result.structured_content["triggered"]) == (False, False)
    assert result.structured_content["outcome"]["reason"] == "max_duration_reached"


def test_what_a_call_cost_replaces_what_was_reserved_for_it(stub: StubServer) -> None:
    stub.scene(GATE, Scene(holds=True))
    (result,) = call(stub, watch(seconds=600))
    assert (result.structured_content["cost_usd"], result.structured_content["budget_left_usd"]) == (0.02, 0.98)


def test_a_call_that_could_exceed_the_budget_is_refused_with_what_is_left(stub: StubServer) -> None:
    check, refused, long = call(stub, CHECK, CHECK, watch(seconds=5), max_cost_usd=0.015)
    assert (check.is_error, refused.is_error, long.is_error, len(stub.requests)) == (False, True, True, 1)
    assert "may cost $0.01, and $0.01 of the budget of $0.01 is left" in text_of(refused) or "$0.00" in text_of(refused)
    assert "Nothing was started" in text_of(long)


def test_hybrid_needs_a_price(stub: StubServer) -> None:
    refused = call(stub, watch(input_mode="hybrid"), ("check_once", {**CHECK[1], "input_mode": "hybrid"}))
    assert [("--price-per-minute" in text_of(result), result.is_error) for result in refused] == [(True, True)] * 2
    assert stub.requests == []
    (allowed,) = call(stub, watch(input_mode="hybrid", seconds=60), price_per_minute_usd=0.5)
    assert (allowed.is_error, allowed.structured_content["cost_usd"]) == (False, 0.5)


def test_a_refusal_costs_nothing_and_a_failure_that_may_have_been_carried_out_costs_all(stub: StubServer) -> None:
    stub.fail_next(method="POST", status=400)
    stub.fail_next(method="POST", drop_after_bytes=0)
    refused, dropped, estimate = call(stub, CHECK, CHECK, ("estimate_cost", {"kind": "check-once", "checks": 3}))
    assert (refused.is_error, dropped.is_error) == (True, True)
    assert estimate.structured_content == {"cost_usd": 0.03, "budget_left_usd": 0.99}


@pytest.mark.parametrize(
    ("error", "cost"),
    [
        (RequestValidationError("no"), 0.0),
        (APIConnectionError("no", request_sent=False), 0.0),
        (APIConnectionError("no", request_sent=None), None),
        (ServerError("no", status_code=500), None),
        (APIStatusError("no", status_code=302), None),
        (APIStatusError("no", status_code=499), None),
        (APIStatusError("no", status_code=418), 0.0),
        (CreateOutcomeUnknownError("no"), None),
        (KeyboardInterrupt(), None),
    ],
)
def test_only_a_failure_that_certainly_did_nothing_is_free(error: BaseException, cost: float | None) -> None:
    from trio_client.contrib.mcp._budget import cost_of_failure

    assert cost_of_failure(error) == cost


@pytest.mark.parametrize(
    ("name", "arguments", "problem"),
    [
        ("watch", {"stream_url": GATE, "condition": ""}, "condition is empty"),
        ("watch", {"stream_url": GATE, "condition": "x", "seconds": 4}, "seconds is 4; it must be from 5 to 600"),
        ("watch", {"stream_url": GATE, "condition": "x", "seconds": 601}, "seconds is 601"),
        ("get_job", {"job_id": "nothing"}, "JOB_NOT_FOUND"),
        ("cancel_job", {"job_id": "a/b"}, "which is not an id"),
        ("list_jobs", {"limit": 0}, "limit is 0"),
        ("list_jobs", {"limit": 101}, "limit is 101"),
        ("estimate_cost", {"kind": "live-monitor", "checks": 1}, "is billed by its minutes"),
        (
            "estimate_cost",
            {"kind": "live-digest", "checks": 0},
            "minutes is missing: live-digest is billed by its minutes",
        ),
        ("estimate_cost", {"kind": "live-monitor"}, "minutes is missing: live-monitor is billed by its minutes"),
    ],
)
def test_an_error_has_a_text_for_the_model(
    stub: StubServer, name: str, arguments: dict[str, Any], problem: str
) -> None:
    (result,) = call(stub, (name, arguments))
    assert (result.is_error, problem in text_of(result)) == (True, True)


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("check_once", {"stream_url": GATE}, "condition is missing. Nothing was sent."),
        ("check_once", {}, "stream_url is missing; condition is missing. Nothing was sent."),
        ("check_once", {**CHECK[1], "condition": [GATE]}, "condition must be text. Nothing was sent."),
        (
            "check_once",
            {**CHECK[1], "input_mode": "hunter2", "include_frame": GATE},
            "input_mode must be one of frames, clip, hybrid; include_frame must be true or false. Nothing was sent.",
        ),
        ("watch", {**CHECK[1], "seconds": "hunter2"}, "seconds must be a whole number. Nothing was sent."),
        ("watch", {**CHECK[1], "interval_seconds": 5.5}, "interval_seconds must be a whole number. Nothing was sent."),
        ("estimate_cost", {"kind": "check-once", "minutes": GATE}, "minutes must be a number. Nothing was sent."),
        (
            "watch",
            {**CHECK[1], "secs": 600, "context": GATE},
            "watch has no argument 'secs', 'context'; it takes stream_url, condition, seconds, interval_seconds, "
            "input_mode, clip_duration_seconds. Nothing was sent.",
        ),
        (
            "validate_stream",
            {"stream_url": GATE, GATE: 1},
            "validate_stream has no argument 'rtsp://***@gate.example/live'; it takes stream_url. Nothing was sent.",
        ),
        (
            "get_job",
            {"job_id": "a", **{f"n{number}": 0 for number in range(9)}},
            "get_job has no argument 'n0', 'n1', 'n2', 'n3', 'n4', …; it takes job_id. Nothing was sent.",
        ),
    ],
)
def test_arguments_that_do_not_fit_are_named_without_their_values_and_nothing_is_sent(
    stub: StubServer, name: str, arguments: dict[str, Any], text: str
) -> None:
    (result,) = call(stub, (name, arguments))
    assert (result.is_error, text_of(result), stub.requests) == (True, text, [])


def test_the_error_of_arguments_carries_none_of_them(stub: StubServer) -> None:
    async def run() -> None:
        async with AsyncTrioClient(KEY, base_url=stub.base_url) as trio:
            server = build_server(trio)
            with pytest.raises(ToolError) as caught:
                await server.call_tool("check_once", {"stream_url": GATE})
            assert (caught.value.__cause__, caught.value.__context__) == (None, None)
            with pytest.raises(ToolError, match="Unknown tool"):
                await server.call_tool("nothing", {"stream_url": GATE})

    anyio.run(run)


@pytest.mark.parametrize("password", ["cost", "triggered", "latency_ms", "explanation", "budget_left"])
def test_a_password_that_is_a_part_of_a_name_in_a_result_hides_none(stub: StubServer, password: str) -> None:
    camera = f"rtsp://admin:{password}@gate.example/live"
    (job_id,) = stub.add_jobs(1, stream_url=camera)
    checked, shown, watched = call(
        stub,
        ("check_once", {"stream_url": camera, "condition": "a van"}),
        ("get_job", {"job_id": job_id}),
        ("watch", {"stream_url": camera, "condition": "a van"}),
    )
    assert [result.is_error for result in (checked, shown, watched)] == [False] * 3
    assert {"triggered", "explanation", "latency_ms", "cost_usd", "budget_left_usd"} <= set(checked.structured_content)
    assert {"kind", "explanation"} <= set(watched.structured_content["event"])
    assert "stats" in watched.structured_content["outcome"]
    assert shown.structured_content["stream_url"] == GATE_MASKED


def test_a_secret_in_a_key_that_the_server_made_up_is_masked() -> None:
    masker = Masker()
    masker.protect(GATE)
    sent = {"details": {"hunter2": 1, GATE: "hunter2", "seen": [{"cost_hunter2": GATE}]}, "cost_usd": 0.01}
    assert masker.value(sent) == {
        "details": {"***": 1, GATE_MASKED: "***", "seen": [{"cost_***": GATE_MASKED}]},
        "cost_usd": 0.01,
    }


def test_a_result_that_does_not_fit_is_not_said_to_be_a_call_that_was_not_sent(stub: StubServer) -> None:
    async def run() -> tuple[Any, Any]:
        async with AsyncTrioClient(KEY, base_url=stub.base_url) as trio:
            tools = Tools(trio, max_cost_usd=1, price_per_minute_usd=None, pictures=None)
            check = tools.check_once

            @wraps(check)
            async def unfit(**arguments: Any) -> Any:
                await check(**arguments)
                return result({"triggered": "hunter2"})

            vars(tools)["check_once"] = unfit
            async with Client(server_of(tools)) as client:
                refused = await client.call_tool("check_once", {**CHECK[1], "include_frame": "hunter2"})
                return refused, await client.call_tool(*CHECK)

    refused, unfit = anyio.run(run)
    assert (refused.is_error, text_of(refused)) == (True, "include_frame must be true or false. Nothing was sent.")
    assert (unfit.is_error, len(stub.requests)) == (True, 1)
    assert text_of(unfit).startswith("check_once was carried out, but its result does not fit the schema of the tool: ")
    assert [text for text in ("Nothing was sent", "hunter2") if text in text_of(unfit)] == []


def test_a_schema_says_that_there_are_no_other_arguments(stub: StubServer) -> None:
    async def body(client: Any) -> Any:
        return (await client.list_tools()).tools

    assert {tool.input_schema["additionalProperties"] for tool in use(stub, body)} == {False}


def test_jobs_are_listed_shown_and_cancelled(stub: StubServer) -> None:
    stub.add_jobs(3, stream_url=GATE)
    (job_id,) = stub.add_jobs(1, status="running", stream_url=GATE)
    listed, shown, cancelled = call(
        stub,
        ("list_jobs", {"status": "running"}),
        ("get_job", {"job_id": job_id}),
        ("cancel_job", {"job_id": job_id}),
    )
    (job,) = listed.structured_content["jobs"]
    assert (job["job_id"], job["stream_url"]) == (job_id, "rtsp://***@gate.example/live")
    assert (shown.structured_content["status"], cancelled.structured_content["status"]) == ("running", "stopped")
    assert stub.running_jobs == 0


def test_a_stream_is_validated(stub: StubServer) -> None:
    (result,) = call(stub, ("validate_stream", {"stream_url": GATE}))
    assert result.structured_content["is_live"] is True


def test_a_picture_that_is_too_large_is_not_shown_but_kept(stub: StubServer) -> None:
    from trio_client.contrib.mcp._pictures import Pictures, shown

    assert shown(Frame(JPEG + bytes(500 * 1024))) is None
    assert shown(Frame(b"no picture")) is None
    pictures = Pictures(None)
    ids = [pictures.keep(Frame(JPEG)) for _ in range(21)]
    assert pictures.named(ids[-1]).data == JPEG
    with pytest.raises(Exception, match="no such picture"):
        pictures.named(ids[0])


def test_a_call_that_the_client_cancels_stops_its_job_and_is_billed(stub: StubServer) -> None:
    stub.scene(GATE, Scene(holds=False))
    stub.clock.speed = 0

    async def until(condition: Callable[[], object]) -> None:
        while not condition():  # noqa: ASYNC110 - the server is in another thread
            await anyio.sleep(0.01)

    async def body(client: Any) -> Any:
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, *watch(seconds=60))
            await until(lambda: stub.running_jobs)
            group.cancel_scope.cancel()
        await until(lambda: not stub.running_jobs)
        return await client.call_tool("estimate_cost", {"kind": "check-once"})

    result = use(stub, body)
    assert (stub.jobs[0].reason, result.structured_content["budget_left_usd"]) == ("cancelled", 0.98)


@pytest.mark.thorough
def test_a_stop_that_is_not_confirmed_is_said_and_costs_all(stub: StubServer) -> None:
    stub.clock.speed = 0
    stub.scene(GATE, Scene(holds=False))
    stub.fail_next(method="DELETE", status=403, times=99)
    with pytest.warns(JobLeakWarning):
        (result,) = call(stub, watch(seconds=5))
    assert (result.is_error, "cancel_job" in result.structured_content["warning"]) == (False, True)
    assert result.structured_content["job_id"] == stub.jobs[0].job_id
    assert result.structured_content["budget_left_usd"] == 0.98
