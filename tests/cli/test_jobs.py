"""`jobs`, `streams` and `osapi`: their output and exit codes."""

from __future__ import annotations

import json
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
    environment.add_jobs(2, status="running")
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    assert (run("jobs", "cancel", "--all").code, environment.running_jobs) == (1, 2)
    assert (run("jobs", "cancel", "--all", "--yes").code, environment.running_jobs) == (0, 0)
    assert run("jobs", "cancel").code == 2


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
