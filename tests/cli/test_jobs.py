"""`jobs`, `streams` and `osapi`: their output and exit codes."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from trio_client.stub import Scene, StubServer

from .conftest import GATE, Run


def test_the_list_is_tab_separated_for_programs(run: Run, environment: StubServer) -> None:
    ids = environment.add_jobs(3, stream_url=GATE)
    done = run("jobs", "list")
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert [row[0] for row in rows] == ids[::-1]
    assert {(row[1], row[2], row[4]) for row in rows} == {("live-monitor", "completed", "rtsp://***@gate.example/live")}
    assert rows[0][3].endswith("Z")


def test_all_reads_every_page(run: Run, environment: StubServer) -> None:
    environment.add_jobs(120)
    assert len(run("jobs", "list").out.splitlines()) == 20
    assert len({json.loads(line)["job_id"] for line in run("jobs", "list", "--all", "--json").out.splitlines()}) == 120


def test_filters_reach_the_server(run: Run, environment: StubServer) -> None:
    environment.add_jobs(2)
    (failed,) = environment.add_jobs(1, status="failed", job_type="live-digest")
    done = run("jobs", "list", "--status", "failed", "--type", "live-digest")
    assert [line.split("\t")[0] for line in done.out.splitlines()] == [failed]
    assert run("jobs", "list", "--status", "lost").code == 2


def test_one_job_is_shown_with_settings_and_counters(run: Run, environment: StubServer) -> None:
    run("watch", GATE, "a van")
    job_id = environment.jobs[0].job_id
    shown = dict(line.split(None, 1) for line in run("jobs", "get", job_id).out.splitlines())
    assert (shown["job"], shown["condition"], shown["checks_performed"]) == (job_id, "a van", "3")
    assert json.loads(run("jobs", "get", job_id, "--json").out)["job_id"] == job_id


def test_a_limit_that_a_job_does_not_have_is_shown_as_unlimited(run: Run, environment: StubServer) -> None:
    for number in ("unlimited", "7"):
        job_id = run("jobs", "create", GATE, "a van", "--max-triggers", number).out.strip()
        shown = dict(line.split(None, 1) for line in run("jobs", "get", job_id).out.splitlines())
        assert (shown["max_triggers"], "max_windows" in shown) == (number, False)


def test_an_unknown_job_is_refused(run: Run, environment: StubServer) -> None:
    done = run("jobs", "get", "3f0c3b1e-3c3f-4d7c-9d7a-1c9f4a1f2b3c")
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("error: 404 JOB_NOT_FOUND")


def test_cancel_continues_after_a_failure(run: Run, environment: StubServer) -> None:
    (running,) = environment.add_jobs(1, status="running")
    done = run("jobs", "cancel", "no-such-job", running)
    assert (done.code, done.out, environment.running_jobs) == (3, f"{running}  stopped\n", 0)
    assert "error: no-such-job: 404 JOB_NOT_FOUND" in done.err


def test_all_jobs_are_cancelled_only_after_confirmation(
    run: Run, environment: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = environment.add_jobs(2, status="running")
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    refused = run("jobs", "cancel", "--all")
    assert (refused.code, refused.out, environment.running_jobs) == (1, "", 2)
    assert refused.err.startswith("2 jobs are pending or running:\n")
    assert [job_id for job_id in ids if job_id not in refused.err] == []
    monkeypatch.setattr("typer.confirm", lambda *_, **__: True)
    assert (run("jobs", "cancel", "--all").code, environment.running_jobs) == (0, 0)
    assert run("jobs", "cancel").code == 2


def test_all_jobs_are_named_and_kept_without_a_terminal_to_ask_on(run: Run, environment: StubServer) -> None:
    (job_id,) = environment.add_jobs(1, status="running")
    done = run("jobs", "cancel", "--all", "--quiet")
    assert (done.code, done.out, environment.running_jobs) == (2, "", 1)
    assert done.err.startswith(f"1 job is pending or running:\n  {job_id}  running")
    assert "add --yes" in done.err
    assert (run("jobs", "cancel", "--all", "--yes").code, environment.running_jobs) == (0, 0)
    done = run("jobs", "cancel", "--all")
    assert (done.code, done.err) == (0, "No job was pending or running.\n")


def test_a_limit_holds_over_all_pages(run: Run, environment: StubServer) -> None:
    environment.add_jobs(120)
    assert len(run("jobs", "list", "--all", "--limit", "110").out.splitlines()) == 110
    assert len(run("jobs", "list").out.splitlines()) == 20


def test_a_created_job_runs_on(run: Run, environment: StubServer) -> None:
    done = run("jobs", "create", GATE, "a van", "--duration", "1h", "--webhook-url", "http://127.0.0.1:9/hook?key=p-w")
    (job,) = environment.jobs
    assert (done.code, done.out) == (0, f"{job.job_id}\n")
    assert f"trio-client jobs cancel {job.job_id}" in done.err
    wanted = {"stream_url": GATE, "condition": "a van", "monitor_duration_seconds": 3600}
    assert job.request == {**wanted, "webhook_url": "http://127.0.0.1:9/hook?key=p-w"}
    shown = run("jobs", "create", GATE, "a van", "--json", "--quiet")
    assert (json.loads(shown.out)["job_id"], shown.err) == (environment.jobs[1].job_id, "")


def test_a_digest_is_created_without_a_condition(run: Run, environment: StubServer) -> None:
    assert run("jobs", "create", "--digest", GATE, "--window", "2m", "--max-windows", "3").code == 0
    assert environment.jobs[0].request == {"stream_url": GATE, "window_minutes": 2, "max_windows": 3}


@pytest.mark.parametrize(
    "args",
    [
        ("--digest", GATE, "a van"),
        (GATE,),
        (GATE, "a van", "--window", "2m"),
        ("--digest", GATE, "--interval", "10s"),
        (GATE, "a van", "--webhook-url", "ftp://nowhere"),
    ],
)
def test_a_create_that_cannot_work_sends_nothing(run: Run, environment: StubServer, args: tuple[str, ...]) -> None:
    done = run("jobs", "create", *args)
    assert (done.code, done.out, done.err.count("\n"), environment.requests) == (2, "", 1, [])


def test_wait_exits_by_how_the_job_ended(run: Run, environment: StubServer) -> None:
    (failed,) = environment.add_jobs(1, status="failed")
    (completed,) = environment.add_jobs(1)
    (running,) = environment.add_jobs(1, status="running")
    codes = [
        run("jobs", "wait", each, "--timeout", "0.05", "--poll", "0.01").code for each in (completed, failed, running)
    ]
    assert codes == [0, 1, 6]


def test_following_a_job_by_polling_shows_its_end(run: Run, environment: StubServer) -> None:
    environment.scene(GATE, Scene(every=2))
    run("watch", GATE, "a van")
    done = run("jobs", "watch", environment.jobs[0].job_id, "--poll", "0.05")
    assert done.code == 0
    assert done.out.splitlines()[-1].split()[1] == "stopped"


def test_a_job_with_malformed_counters_can_be_followed(run: Run, environment: StubServer) -> None:
    odd = {"job_id": "a", "status": "completed", "stats": {"elapsed_seconds": "long", "checks_performed": "x"}}
    environment.fail_next(path="/jobs/a", status=200, body=odd, times=9)
    done = run("jobs", "watch", "a", "--poll", "0.01")
    assert (done.code, done.out.splitlines()[-1].split()[2]) == (0, "completed")
    assert "Traceback" not in done.err


@pytest.mark.parametrize(("scene", "code"), [(Scene(), 0), (Scene(live=False), 1)])
def test_validate_exits_with_1_if_the_stream_is_not_live(
    run: Run, environment: StubServer, scene: Scene, code: int
) -> None:
    environment.scene(GATE, scene)
    done = run("streams", "validate", GATE)
    assert (code, "hunter2" in done.out + done.err) == (done.code, False)


def test_osapi_jobs_are_listed_shown_retried_and_deleted(run: Run, environment: StubServer) -> None:
    job_id = environment.osapi.add(status="failed", error="no route to host", hostname="web-01")
    environment.osapi.add()
    row = run("osapi", "jobs", "list", "--status", "failed").out.split("\t")
    assert [row[0], row[1], row[3]] == [job_id, "failed", "web-01"]
    assert len(run("osapi", "jobs", "list", "--all").out.splitlines()) == 2
    assert "no route to host" in run("osapi", "jobs", "get", job_id).out
    again = json.loads(run("osapi", "jobs", "retry", job_id, "--json").out)
    assert job_id != again["job_id"]
    assert run("osapi", "jobs", "delete", job_id).out == f"{job_id}  deleted\n"
    assert run("osapi", "jobs", "get", job_id).code == 3
    assert run("osapi", "jobs", "get", "no-uuid").code == 2


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ({"status": 403, "body": {"error": {"code": "FORBIDDEN", "message": "no"}}}, 3),
        ({"status": 404, "body": {"error": {"code": "JOB_NOT_FOUND", "message": "no"}}}, 3),
        ({"status": 404, "body": "<html>Not Found</html>"}, 5),
        ({"status": 200, "body": "<html>Welcome</html>"}, 5),
        ({"status": 409, "body": {"detail": "busy"}}, 5),
    ],
)
def test_a_cancel_that_is_not_confirmed_has_an_exit_code_of_its_own(
    run: Run, environment: StubServer, reply: dict[str, Any], code: int
) -> None:
    (job_id,) = environment.add_jobs(1, status="running")
    environment.fail_next(method="DELETE", times=9, **reply)
    assert run("jobs", "cancel", job_id).code == code
