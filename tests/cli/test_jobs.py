"""`jobs`, `streams`, `osapi`: what programs and people read of them."""

from __future__ import annotations

import json

import pytest

from trio_client.stub import Scene, StubServer

from .conftest import GATE, Run


def test_the_list_is_tab_separated_for_programs(run: Run, environment: StubServer) -> None:
    ids = environment.add_jobs(3, stream_url=GATE)
    done = run("jobs", "list")
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert ids[::-1] == [row[0] for row in rows]
    assert {("live-monitor", "completed", "rtsp://***@gate.example/live")} == {(row[1], row[2], row[4]) for row in rows}
    assert rows[0][3].endswith("Z")


def test_all_pages_are_read_on_request(run: Run, environment: StubServer) -> None:
    environment.add_jobs(120)
    assert 20 == len(run("jobs", "list").out.splitlines())
    assert 120 == len({json.loads(line)["job_id"] for line in run("jobs", "list", "--all", "--json").out.splitlines()})


def test_filters_reach_the_server(run: Run, environment: StubServer) -> None:
    environment.add_jobs(2)
    (failed,) = environment.add_jobs(1, status="failed", job_type="live-digest")
    done = run("jobs", "list", "--status", "failed", "--type", "live-digest")
    assert [failed] == [line.split("\t")[0] for line in done.out.splitlines()]
    assert 2 == run("jobs", "list", "--status", "lost").code


def test_one_job_is_shown_with_settings_and_counters(run: Run, environment: StubServer) -> None:
    run("watch", GATE, "a van")
    job_id = environment.jobs[0].job_id
    shown = dict(line.split(None, 1) for line in run("jobs", "get", job_id).out.splitlines())
    assert (job_id, "a van", "3") == (shown["job"], shown["condition"], shown["checks_performed"])
    assert job_id == json.loads(run("jobs", "get", job_id, "--json").out)["job_id"]


def test_an_unknown_job_is_refused(run: Run, environment: StubServer) -> None:
    done = run("jobs", "get", "3f0c3b1e-3c3f-4d7c-9d7a-1c9f4a1f2b3c")
    assert (3, "") == (done.code, done.out)
    assert done.err.startswith("error: 404 JOB_NOT_FOUND")


def test_one_failure_does_not_keep_others_from_being_cancelled(run: Run, environment: StubServer) -> None:
    (running,) = environment.add_jobs(1, status="running")
    done = run("jobs", "cancel", "no-such-job", running)
    assert (3, f"{running}  stopped\n", 0) == (done.code, done.out, environment.running_jobs)
    assert "error: no-such-job: 404 JOB_NOT_FOUND" in done.err


def test_all_jobs_are_cancelled_only_after_a_yes(
    run: Run, environment: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.add_jobs(2, status="running")
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    assert (1, 2) == (run("jobs", "cancel", "--all").code, environment.running_jobs)
    assert (0, 0) == (run("jobs", "cancel", "--all", "--yes").code, environment.running_jobs)
    assert 2 == run("jobs", "cancel").code


def test_waiting_tells_how_a_job_ended(run: Run, environment: StubServer) -> None:
    (failed,) = environment.add_jobs(1, status="failed")
    (completed,) = environment.add_jobs(1)
    (running,) = environment.add_jobs(1, status="running")
    codes = [
        run("jobs", "wait", each, "--timeout", "0.05", "--poll", "0.01").code for each in (completed, failed, running)
    ]
    assert [0, 1, 6] == codes


def test_following_a_job_by_polling_shows_its_end(run: Run, environment: StubServer) -> None:
    environment.scene(GATE, Scene(every=2))
    run("watch", GATE, "a van")
    done = run("jobs", "watch", environment.jobs[0].job_id, "--poll", "0.05")
    assert 0 == done.code
    assert "stopped" == done.out.splitlines()[-1].split()[1]


def test_a_job_of_odd_shape_can_be_followed(run: Run, environment: StubServer) -> None:
    odd = {"job_id": "a", "status": "completed", "stats": {"elapsed_seconds": "long", "checks_performed": "x"}}
    environment.fail_next(path="/jobs/a", status=200, body=odd, times=9)
    done = run("jobs", "watch", "a", "--poll", "0.01")
    assert (0, "completed") == (done.code, done.out.splitlines()[-1].split()[2])
    assert "Traceback" not in done.err


@pytest.mark.parametrize(("scene", "code"), [(Scene(), 0), (Scene(live=False), 1)])
def test_validating_tells_by_the_exit_code_too(run: Run, environment: StubServer, scene: Scene, code: int) -> None:
    environment.scene(GATE, scene)
    done = run("streams", "validate", GATE)
    assert (code, "hunter2" in done.out + done.err) == (done.code, False)


def test_osapi_jobs_are_listed_read_retried_and_deleted(run: Run, environment: StubServer) -> None:
    job_id = environment.osapi.add(status="failed", error="no route to host", hostname="web-01")
    environment.osapi.add()
    row = run("osapi", "jobs", "list", "--status", "failed").out.split("\t")
    assert [job_id, "failed", "web-01"] == [row[0], row[1], row[3]]
    assert 2 == len(run("osapi", "jobs", "list", "--all").out.splitlines())
    assert "no route to host" in run("osapi", "jobs", "get", job_id).out
    again = json.loads(run("osapi", "jobs", "retry", job_id, "--json").out)
    assert job_id != again["job_id"]
    assert f"{job_id}  deleted\n" == run("osapi", "jobs", "delete", job_id).out
    assert 3 == run("osapi", "jobs", "get", job_id).code
    assert 2 == run("osapi", "jobs", "get", "no-uuid").code
