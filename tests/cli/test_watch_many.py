"""`watch-many`: the file of cameras, what is printed elsewhere than on a terminal, and how it ends."""

from __future__ import annotations

import io
import json
import os
import re
import signal
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest
from redis_server import RedisServer
from rich.console import Console

from trio_client import CoverageGap, Failed, Started, Target, Triggered, Usage, WatchState
from trio_client.cli._fleet import Fleet, totals
from trio_client.cli._fleet_view import FleetView
from trio_client.cli._watch_many_run import _print_all
from trio_client.stub import Scene, StubServer

from .conftest import GATE, Run, Spawn

YARD = "rtsp://yard.example/live"
FILE = f"""
[defaults]
condition = "a van"
interval_seconds = 5
max_cost_usd = 0.02

[cameras.gate]
stream_url = "{GATE}"
max_triggers = 1

[cameras."the yard"]
stream_url = "{YARD}"
condition = "the yard is empty"
wait_for_stream = inf
monitor_duration_seconds = 60
extra_headers = {{ "x-site" = "yard" }}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cameras.toml"
    path.write_text(FILE)
    return path


def test_each_trigger_is_a_line_and_no_password_is_printed(run: Run, environment: StubServer, file: Path) -> None:
    environment.scene(YARD, Scene(holds=False))
    done = run("watch-many", str(file))
    (line,) = done.out.splitlines()
    assert line.split()[1:4] == ["gate", "A", "white"]
    assert done.err.startswith("Watching 2 cameras; each trigger is printed as a line.\n")
    assert "2 cameras, 1 trigger, 2 jobs, about $0.04." in done.err
    assert "hunter2" not in done.out + done.err
    assert (0, 0) == (done.code, environment.running_jobs)
    requests = {job.stream_url: job.request for job in environment.jobs}
    assert (5, 1) == (requests[GATE]["interval_seconds"], requests[GATE]["max_triggers"])
    assert (60, "the yard is empty") == (requests[YARD]["monitor_duration_seconds"], requests[YARD]["condition"])


def test_json_is_every_event_with_its_target(run: Run, environment: StubServer, file: Path, tmp_path: Path) -> None:
    done = run("watch-many", str(file), "--json", "--save-frames", str(tmp_path / "frames"))
    events = [json.loads(line) for line in done.out.splitlines()]
    assert {"gate", "the yard"} == {event["target"] for event in events}
    assert {"started", "progress", "triggered", "stopped"} <= {event["kind"] for event in events}
    pictures = [event["frame_path"] for event in events if event["kind"] == "triggered" and event["target"] == "gate"]
    assert Path(pictures[0]).read_bytes().startswith(b"\xff\xd8")
    assert re.fullmatch(r"\d{8}T\d{6}Z-gate-[0-9a-f]{8}-1\.jpg", Path(pictures[0]).name)
    assert (0, "") == (done.code, done.err)


def test_a_picture_is_named_by_its_camera_without_passwords(run: Run, environment: StubServer, tmp_path: Path) -> None:
    name = f"Süd / 2: {GATE} " + "x" * 300
    file = tmp_path / "cameras.toml"
    file.write_text(FILE.replace("[cameras.gate]", f'[cameras."{name}"]'), "utf-8")
    assert run("watch-many", str(file), "--save-frames", str(tmp_path / "frames")).code == 0
    names = [path.name for path in (tmp_path / "frames").iterdir()]
    assert any(re.fullmatch(r"[0-9TZ]+-Süd-2-[\w-]{30,}-[0-9a-f]{8}-1\.jpg", name) for name in names), names
    assert "hunter2" not in "".join(names)


def test_a_camera_that_fails_is_a_warning_and_an_exit_code(run: Run, environment: StubServer, file: Path) -> None:
    environment.scene(GATE, Scene(vod=True))
    done = run("watch-many", str(file))
    assert "warning: gate: NOT_LIVESTREAM:" in done.err
    assert "1 failed" in done.err
    assert 1 == done.code


def test_limits_hold_for_all_cameras(run: Run, environment: StubServer, file: Path) -> None:
    assert (
        0 == run("watch-many", str(file), "--total", "5s", "--max-cost", "0.02", "--turn", "10m", "--slots", "1").code
    )
    assert 1 == len(environment.jobs)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[cameras.a]\nstream_url = 'rtsp://a'\n", "cameras.a: condition is missing."),
        ("[cameras.a]\nstream_url = 1\ncondition = 'x'", "cameras.a: stream_url must be text."),
        ("[cameras.a]\nurl = 'rtsp://a'\n", "cameras.a.url is not known; did you mean stream_url?"),
        ("[cameras.a]\ninterval = '30s'\n", "cameras.a.interval is not known; did you mean interval_seconds?"),
        ("[cameras.a]\nkey = 'b'\n", "cameras.a.key is not known; there are stream_url, condition,"),
        ("[defaults]\nzoom = 3\n", "defaults.zoom is not known; there are stream_url, condition,"),
        ("[camera.a]\n", "camera is not known; there are [defaults] and [cameras.NAME]."),
        ("cameras = 3\n", "cameras must be a table."),
        ("cameras.a = 3\n", "cameras.a must be a table."),
        ("[defaults]\ncondition = 'x'\n", "names no cameras; add a table [cameras.NAME]"),
        ("[cameras.a\n", "is not TOML:"),
        ("[cameras.a]\n[cameras.a]\n", "is not TOML:"),
        (
            "[defaults]\ncondition = 'x'\n[cameras.a]\nstream_url = 'rtsp://a'\n[cameras.b]\nstream_url = 'rtsp://a'\n",
            "cameras.a and cameras.b are the same camera: their stream_url and condition are equal.",
        ),
        (
            "[cameras.a]\nstream_url = 'rtsp://a'\ncondition = 'x'\ninterval_seconds = '30s'\n",
            "cameras.a: interval_seconds is '30s'",
        ),
        (
            "[cameras.a]\nstream_url = 'rtsp://a'\ncondition = 'x'\ninterval_seconds = 3\n",
            "cameras.a: interval_seconds is 3",
        ),
        ("[cameras.a]\nstream_url = 'rtsp://a'\ncondition = 'x'\non_drop = 'stop'\n", "cameras.a: on_drop"),
        ("[cameras.a]\nstream_url = 'rtsp://a'\ncondition = 'x'\nduration = '20 s'\n", "cameras.a: duration is '20 s'"),
    ],
)
def test_what_is_wrong_with_the_file_is_named_before_anything_is_sent(
    run: Run, environment: StubServer, tmp_path: Path, text: str, problem: str
) -> None:
    path = tmp_path / "cameras.toml"
    path.write_text(text)
    done = run("watch-many", str(path))
    assert f"error: {path}" in done.err
    assert problem in done.err
    assert (2, "", []) == (done.code, done.out, environment.requests)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--slots", "0"], "--slots is 0"),
        (["--slots", "many"], "--slots"),
        (["--total", "4s"], "--total is 4"),
        (["--turn", "fast"], "--turn is 'fast'"),
        (["--max-cost", "0"], "--max-cost is 0"),
        (["--max-cost", "0.01"], "--max-cost is 0.01"),
    ],
)
def test_a_bad_option_is_named_before_anything_is_sent(
    run: Run, environment: StubServer, file: Path, arguments: list[str], problem: str
) -> None:
    done = run("watch-many", str(file), *arguments)
    assert problem in done.err
    assert (2, []) == (done.code, environment.requests)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["redis://:hunter2@127.0.0.1:1/0"], "Redis does not answer"),
        (["http://:hunter2@redis.example"], "no address of Redis"),
        (["redis://127.0.0.1:1/0", "--slots", "0"], "slots is 0"),
    ],
)
def test_a_redis_that_cannot_be_used_is_named_before_anything_is_sent(
    run: Run, environment: StubServer, file: Path, options: list[str], named: str
) -> None:
    done = run("watch-many", str(file), "--redis", *options)
    assert done.code != 0
    assert named in done.err
    assert "hunter2" not in done.err
    assert environment.requests == []


@pytest.mark.thorough
def test_job_slots_are_shared_through_redis(run: Run, environment: StubServer, file: Path, tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        assert run("watch-many", str(file), "--redis", server.url, "--slots", "1", "--total", "5s").code == 0
    assert environment.running_jobs == 0


def test_a_file_that_is_not_there_is_named(run: Run, environment: StubServer, tmp_path: Path) -> None:
    done = run("watch-many", str(tmp_path / "none.toml"))
    assert f"{tmp_path / 'none.toml'} cannot be read: No such file" in done.err
    assert 2 == done.code


@pytest.mark.thorough
@pytest.mark.skipif(os.name == "nt", reason="needs signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_all_jobs_and_says_so(
    spawn: Spawn, still: StubServer, file: Path, number: signal.Signals
) -> None:
    process = spawn("watch-many", str(file), "--json", server=still)
    assert process.stdout is not None
    assert {"gate", "the yard"} == {json.loads(process.stdout.readline())["target"] for _ in range(2)}
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert 128 + number == process.returncode
    assert "Interrupted; all jobs were cancelled. 2 cameras, 0 triggers, 2 jobs" in err
    assert 0 == still.running_jobs


@pytest.mark.thorough
@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_a_second_signal_exits_at_once_and_says_what_may_still_run(
    spawn: Spawn, still: StubServer, file: Path, eventually: Callable[..., None]
) -> None:
    still.fail_next(method="DELETE", delay=30, times=9)
    process = spawn("watch-many", str(file), "--json", server=still)
    assert process.stdout is not None
    started = {json.loads(process.stdout.readline())["target"] for _ in range(2)}
    assert {"gate", "the yard"} == started
    process.send_signal(signal.SIGINT)
    eventually(lambda: any(request.method == "DELETE" for request in still.requests))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    ids = [job.job_id for job in still.jobs]
    assert re.search(r"Interrupted again; jobs \S+, \S+ may still be running\. Cancel them with", err)
    assert all(err.count(job_id) >= 2 for job_id in ids), err
    assert 5 == process.returncode


def test_an_event_that_comes_while_the_last_watch_leaves_is_printed() -> None:
    gate = Target(GATE, "a van", key="gate")
    pairs = [None, (gate, Failed(code="x")), (gate, Failed(code="y"))]
    timeouts = []

    class Events:
        """Its last watch puts its end and leaves after the wait for it was over."""

        targets = ()
        states: ClassVar[Any] = {}
        usages: ClassVar[Any] = {}

        def until(self, _kind: Any, *, timeout: float) -> Any:
            timeouts.append(timeout)
            return pairs.pop(0) if pairs else None

    printed = []
    fleet = Fleet([gate])
    printer = SimpleNamespace(print=lambda target, event: printed.append((target, event.code)))
    _print_all(cast("Any", Events()), fleet, cast("Any", printer))
    assert printed == [(gate, "x"), (gate, "y")]
    assert timeouts[1:] == [0, 0, 0]


def test_the_table_has_what_the_events_said() -> None:
    one, two = Target("rtsp://a", "x", key="a"), Target("rtsp://b", "x", key="b")
    fleet, now = Fleet([one, two]), datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
    ago = lambda seconds: now - timedelta(seconds=seconds)  # noqa: E731
    states = {one: WatchState("watching", ago(5)), two: WatchState("waiting_for_slot", ago(7))}
    fleet.add(one, Started(name="started", delivery="sse", job_id="1"))
    fleet.add(one, Triggered(name="triggered", delivery="sse", job_id="1", explanation="A van.", occurred_at=now))
    fleet.add(one, CoverageGap(name="gap", delivery="poll", started_at=ago(60), ended_at=ago(40), reason="x"))
    fleet.update(states, {one: Usage(1, 2, 0.04), two: Usage()})
    first, second = fleet.cameras.values()
    assert ("watching", 1, (now, "A van."), 20.0, 0.04) == (
        first.state,
        first.triggers,
        first.last,
        first.blind_seconds(now),
        first.cost_usd,
    )
    assert ("waiting for slot", 7.0) == (second.state, second.blind_seconds(now))
    fleet.add(two, CoverageGap(name="gap", delivery="poll", started_at=ago(9), reason="no_free_slot"))
    assert (9.0, ["1"]) == (second.blind_seconds(now), fleet.running)
    failed = Failed(name="failed", delivery="poll", code="NOT_LIVESTREAM")
    fleet.finish({two: failed}, {one: Usage(1, 2, None), two: Usage()}, now)
    assert ("failed", 9.0, "ended") == (second.state, second.blind_seconds(now + timedelta(60)), first.state)
    assert "2 cameras, 1 trigger, 1 job, 1 failed, cost not known" == totals(fleet)


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("count", [3, 20, 40])
def test_the_table_fits_the_terminal(width: int, count: int) -> None:
    now = datetime.now(timezone.utc)
    targets = [Target(f"rtsp://{number}", "x", key=f"a camera with a long name {number}") for number in range(count)]
    fleet = Fleet(targets)
    fleet.add(targets[0], Triggered(name="triggered", delivery="sse", explanation="A van. " * 30, occurred_at=now))
    fleet.update({target: WatchState("waiting_for_slot", now) for target in targets}, {})
    console = Console(width=width, height=24, file=io.StringIO(), color_system=None)
    view = FleetView(console, fleet, clean=str)
    with console.capture() as capture:
        console.print(view.render())
    lines = capture.get().splitlines()
    assert len(lines) <= 23
    assert max(map(len, lines)) <= width
    assert ("and 21 more: 21 waiting for slot" in lines) == (count == 40)
    assert "waiting for slot" in lines[2]
    assert "A van." in lines[2]
    with view:
        pass
    assert console.file.getvalue().count("waiting for slot") >= count  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue,reportUnknownMemberType]
