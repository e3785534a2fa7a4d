"""`check`, `watch` and `digest`: output for programs, and exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trio_client.stub import Scene, StubServer

from .conftest import GATE, KEY, Run


def test_a_check_prints_yes_or_no_and_why(run: Run, environment: StubServer) -> None:
    environment.scene(GATE, Scene(holds=True, seen="A van stands at the gate."))
    done = run("check", GATE, "a van")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("yes  A van stands at the gate.")


@pytest.mark.parametrize(("holds", "code"), [(True, 0), (False, 1)])
def test_a_check_can_exit_by_its_answer(run: Run, environment: StubServer, holds: bool, code: int) -> None:
    environment.scene(GATE, Scene(holds=holds))
    assert run("check", GATE, "a van", "--exit-code").code == code


def test_a_check_saves_its_picture(run: Run, environment: StubServer, tmp_path: Path) -> None:
    done = run("check", GATE, "a van", "--save-frame", str(tmp_path / "gate"), "--json")
    assert str(tmp_path / "gate.jpg") == json.loads(done.out)["frame_path"]
    assert (tmp_path / "gate.jpg").read_bytes().startswith(b"\xff\xd8")


def test_a_missing_folder_is_an_error_before_the_check_is_billed(
    run: Run, environment: StubServer, tmp_path: Path
) -> None:
    done = run("check", GATE, "a van", "--save-frame", str(tmp_path / "no" / "gate.jpg"))
    assert (done.code, environment.requests) == (2, [])


def test_a_watch_prints_events_and_no_password(run: Run, environment: StubServer) -> None:
    done = run("watch", GATE, "a van")
    assert done.code == 0
    kinds = [line.split()[1] for line in done.out.splitlines()]
    assert kinds == ["started", "triggered", "stopped"]
    assert "Completed after 00:30: 3 checks, 1 trigger, about $0.02." in done.err
    assert "hunter2" not in done.out + done.err
    assert "rtsp://***@gate.example/live" in done.out


def test_progress_is_printed_on_request(run: Run, environment: StubServer) -> None:
    kinds = [line.split()[1] for line in run("watch", GATE, "a van", "--progress").out.splitlines()]
    assert kinds == ["started", "progress", "progress", "triggered", "stopped"]


def test_json_is_one_event_per_line_with_pictures_in_files(run: Run, environment: StubServer, tmp_path: Path) -> None:
    done = run("watch", GATE, "a van", "--json", "--save-frames", str(tmp_path / "frames"))
    events = [json.loads(line) for line in done.out.splitlines()]
    assert [event["kind"] for event in events] == ["started", "progress", "progress", "triggered", "stopped"]
    assert Path(events[3]["frame_path"]).read_bytes().startswith(b"\xff\xd8")
    assert "hunter2" not in done.out
    assert done.err == ""


def test_only_options_that_were_given_are_sent(run: Run, environment: StubServer) -> None:
    run("watch", GATE, "a van", "--interval", "5s", "--duration", "1m", "--max-triggers", "unlimited")
    request = environment.jobs[0].request
    assert {
        "stream_url": GATE,
        "condition": "a van",
        "interval_seconds": 5,
        "monitor_duration_seconds": 60,
        "max_triggers": None,
    } == request


def test_a_watch_stays_within_its_budget(run: Run, environment: StubServer) -> None:
    done = run("watch", GATE, "a van", "--max-cost", "0.02", "--json")
    end = json.loads(done.out.splitlines()[-1])
    assert (done.code, end["kind"]) == (0, "stopped")
    assert environment.running_jobs == 0
    assert environment.jobs[0].request["monitor_duration_seconds"] == 60


def test_a_watch_whose_job_fails_exits_with_1(
    run: Run, environment: StubServer, eventually: Callable[[Callable[[], object]], None]
) -> None:
    environment.scene(GATE, Scene(holds=False))

    def fail_it() -> None:
        eventually(lambda: environment.jobs)
        environment.fail_job(environment.jobs[0].job_id)

    with ThreadPoolExecutor(1) as threads:
        failing = threads.submit(fail_it)
        done = run("watch", GATE, "a van", "--duration", "24h")
        failing.result()
    assert (done.code, done.out.splitlines()[-1].split()[1]) == (1, "failed")


def test_a_watch_without_a_trigger_can_exit_with_1(run: Run, environment: StubServer) -> None:
    environment.scene(GATE, Scene(holds=False))
    assert run("watch", GATE, "a van", "--duration", "30", "--exit-code").code == 1


def test_a_digest_prints_its_summaries(run: Run, environment: StubServer) -> None:
    done = run("digest", GATE, "--window", "1m", "--max-windows", "2")
    assert [line.split()[1] for line in done.out.splitlines()] == ["started", "summary", "summary", "stopped"]
    assert "Completed after 02:00: 2 frames, 2 summaries, about $0.04." in done.err


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (("watch", GATE, "x", "--interval", "4"), "--interval is 4; it must be from 5 to 300 seconds."),
        (("watch", GATE, "x", "--interval", "soon"), "--interval is 'soon'; it must be a duration"),
        (("watch", GATE, "x", "--interval", "5.5"), "it must be a whole number of seconds"),
        (("watch", GATE, "x", "--max-triggers", "many"), "it must be a whole number, or 'unlimited'"),
        (("watch", GATE, ""), "CONDITION is empty"),
        (("watch", GATE), "Missing argument"),
        (("watch", GATE, "x", "--max-cost", "0.001"), "--max-cost is 0.001; it must be at least 0.02"),
        (("watch", GATE, "x", "--input-mode", "hybrid", "--max-cost", "1"), "Pass --price-per-minute."),
        (("watch", GATE, "x", "--max-cost", "1e999"), "--max-cost is infinite"),
        (("watch", GATE, "x", "--total", "1h", "--wait-for-slot", "1m"), "--wait-for-slot is for one job"),
        (("digest", GATE, "--window", "90s"), "it must be whole minutes"),
        (("nope",), "No such command"),
    ],
)
def test_an_invalid_command_is_one_line_and_nothing_is_sent(
    run: Run, environment: StubServer, args: tuple[str, ...], problem: str
) -> None:
    done = run(*args)
    assert (done.code, done.out, environment.requests) == (2, "", [])
    assert done.err.startswith("error: ")
    assert problem in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("status", "code"), [(402, "INSUFFICIENT_CREDITS"), (409, "CONFLICT"), (422, "VALIDATION_ERROR"), (400, "BAD")]
)
def test_a_refusal_shows_the_servers_advice(run: Run, environment: StubServer, status: int, code: str) -> None:
    body = {"error": {"code": code, "message": "No.", "remediation": "Ask \x1b[31mnicely."}}
    environment.fail_next(path="/check-once", status=status, body=body)
    done = run("check", GATE, "x")
    assert (done.code, done.out, done.err) == (3, "", f"error: {status} {code}: No. Ask \\x1b[31mnicely.\n")


def test_a_refused_key_is_reported_with_where_it_came_from(run: Run, environment: StubServer) -> None:
    environment.fail_next(path="/check-once", status=401)
    body = {"error": {"code": "UNAUTHORIZED", "message": "No.", "remediation": "Ask nicely."}}
    environment.fail_next(path="/check-once", status=401, body=body)
    said = [run("check", GATE, "x").err for _ in range(2)]
    assert said[0].endswith(
        "Use a valid API key (header 'Authorization: Bearer <key>'). The key came from TRIO_API_KEY.\n"
    )
    assert said[1] == "error: 401 UNAUTHORIZED: No. Ask nicely. The key came from TRIO_API_KEY.\n"


def test_a_wrong_base_url_is_named(run: Run, environment: StubServer) -> None:
    wrong = f"{environment.base_url}/api"
    done = run("--base-url", wrong, "check", GATE, "x")
    assert (done.code, f"(base URL: {wrong})" in done.err) == (3, True)


def test_no_reply_has_its_own_exit_code(run: Run, environment: StubServer) -> None:
    environment.fail_next(path="/check-once", close=True, times=9)
    done = run("check", GATE, "x")
    assert done.code == 4
    assert "Traceback" not in done.err


def test_terminal_escapes_from_a_server_are_printed_escaped(run: Run, environment: StubServer) -> None:
    environment.scene(GATE, Scene(holds=True, seen="\x1b]0;owned\x07\u202egate\x9b2J"))
    for args in (("check", GATE, "a van"), ("watch", GATE, "a van"), ("watch", GATE, "a van", "--json")):
        shown = run(*args).out
        assert "\\" in shown
        assert [char for char in shown if not char.isprintable() and char != "\n"] == []


def test_a_key_that_a_server_echoes_is_masked(run: Run, environment: StubServer) -> None:
    environment.scene(GATE, Scene(holds=True, seen=f"your key is {KEY} and hunter2"))
    for args in (("watch", GATE, "a van"), ("watch", GATE, "a van", "--json"), ("check", GATE, "a van", "--json")):
        shown = run(*args).out
        assert "your key is *** and ***" in shown


def test_an_unexpected_error_is_one_line_too(
    run: Run, environment: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr("trio_client._sync.client.TrioClient.check_once", fail)
    done = run("check", GATE, "x")
    assert (
        done.code,
        done.err,
    ) == (1, "error: KeyError: 'surprise'. This is a bug in trio-client; --debug shows where.\n")
    debugged = run("check", GATE, "x", "--debug")
    assert (debugged.code, "Traceback" in debugged.err, debugged.err.endswith(done.err)) == (1, True, True)
