"""`osapi`: what its jobs print, and what its errors advise."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trio_client.stub import StubServer

from .conftest import Run, Spawn
from .test_terminal import Terminal

UNKNOWN = "550e8400-e29b-41d4-a716-446655440000"
COMMAND = {"type": "command.exec.execute", "data": {"command": "grep"}}


def outcome(exit_code: int, stdout: str = "", stderr: str = "") -> dict[str, Any]:
    return {"changed": True, "duration_ms": 2, "exit_code": exit_code, "stdout": stdout, "stderr": stderr}


def fields(text: str) -> dict[str, str]:
    return {line[:9].strip(): line[11:] for line in text.partition("\n\n")[0].splitlines()}


def test_a_command_that_ended_with_1_shows_its_exit_code_and_output(run: Run, environment: StubServer) -> None:
    result = outcome(1, "first line\nsecond line\n", "no such file\x1b[2J")
    response = {"web-01": {"status": "completed", "data": result, "hostname": "web-01"}}
    job_id = environment.osapi.add(operation=COMMAND, result=result, responses=response, hostname="web-01")
    done = run("osapi", "jobs", "get", job_id)
    shown = fields(done.out)
    assert (done.code, shown["status"], shown["exit code"]) == (0, "completed", "1")
    assert "stdout     first line\n           second line\n" in done.out
    assert shown["stderr"] == "no such file\\x1b[2J"
    assert "web-01  completed  exit code 1" in done.out


def test_each_agent_of_a_broadcast_shows_its_exit_code(run: Run, environment: StubServer) -> None:
    responses = {
        f"web-0{code}": {"status": "completed", "data": outcome(code), "hostname": f"web-0{code}"} for code in (0, 1)
    }
    job_id = environment.osapi.add(operation=COMMAND, responses=responses)
    done = run("osapi", "jobs", "get", job_id)
    assert "web-00  completed  exit code 0\nweb-01  completed  exit code 1\n" in done.out
    assert "exit code" not in fields(done.out)


@pytest.mark.parametrize(
    ("result", "shown"),
    [({"hostname": "web-01"}, '{"hostname": "web-01"}'), ([1, "a\u202e"], '[1, "a\\u202e"]'), ("text", '"text"')],
)
def test_any_other_result_is_shown_as_json(run: Run, environment: StubServer, result: Any, shown: str) -> None:
    job_id = environment.osapi.add(result=result)
    assert fields(run("osapi", "jobs", "get", job_id).out)["result"] == shown


@pytest.mark.parametrize("result", [None, {"exit_code": None}, {"exit_code": "1"}, [], "exit_code"])
def test_a_result_without_an_exit_code_has_none(run: Run, environment: StubServer, result: Any) -> None:
    job_id = environment.osapi.add(result=result)
    done = run("osapi", "jobs", "get", job_id)
    assert (done.code, "exit code" in fields(done.out)) == (0, False)


def test_a_retried_job_names_its_retry(run: Run, environment: StubServer) -> None:
    note = {"event": "retried", "hostname": "_api", "message": f"Job retried as {UNKNOWN}"}
    job_id = environment.osapi.add(status="failed", timeline=[{"event": "submitted", "message": "-"}, note])
    assert fields(run("osapi", "jobs", "get", job_id).out)["retried"] == f"Job retried as {UNKNOWN}"


def test_an_unknown_job_names_the_command_that_lists_jobs(run: Run, environment: StubServer) -> None:
    for command in ("get", "delete", "retry"):
        done = run("osapi", "jobs", command, UNKNOWN)
        assert done.code == 3
        assert "`trio-client osapi jobs list` shows the jobs there are" in done.err
        assert "`trio-client jobs list`" not in done.err


def test_the_prefix_can_be_given(run: Run, environment: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    environment.osapi.add()
    monkeypatch.setenv("OSAPI_URL", f"{environment.osapi_url}/api")
    done = run("osapi", "jobs", "list")
    assert (done.code, done.out) == (2, "")
    assert "--api-prefix ''" in done.err
    assert len(run("osapi", "--api-prefix", "", "jobs", "list").out.splitlines()) == 1
    done = run("osapi", "--api-prefix", "api", "jobs", "list")
    assert done.code == 2
    assert done.err.startswith("error: --api-prefix is 'api'; it must be a path")


@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [(200, "text/html", "<html>"), (404, "text/html", "<html>"), (405, "application/json", '{"message": "No"}')],
)
def test_a_wrong_prefix_is_explained_by_its_option(
    run: Run, environment: StubServer, status: int, content_type: str, body: str
) -> None:
    headers = {"Content-Type": content_type}
    environment.fail_next(path="/osapi", times=9, status=status, body=body.encode(), headers=headers)
    done = run("osapi", "jobs", "get", UNKNOWN)
    assert done.code in (3, 4)
    assert "--api-prefix: servers since April 2026 want /api" in done.err
    assert "api_prefix=" not in done.err


def test_a_page_that_is_too_large_is_explained_by_options(run: Run, environment: StubServer) -> None:
    environment.fail_next(path="/osapi", times=9, status=200, body=b" " * (17 * 2**20))
    done = run("osapi", "jobs", "list")
    assert done.code == 4
    assert "Ask for fewer jobs at once: --limit N, or --all --page-size N." in done.err
    assert "a page of 20 jobs from number 1 on." in done.err
    assert "max_body_bytes" not in done.err


def test_all_jobs_are_listed_in_pages_of_the_size_given(run: Run, environment: StubServer) -> None:
    ids = {environment.osapi.add() for _ in range(5)}
    done = run("osapi", "jobs", "list", "--all", "--page-size", "2", "--json")
    assert {json.loads(line)["id"] for line in done.out.splitlines()} == ids
    assert len(environment.requests) == 3
    assert run("osapi", "jobs", "list", "--page-size", "2").code == 2
    done = run("osapi", "jobs", "list", "--all", "--page-size", "101")
    assert (done.code, "--page-size is 101" in done.err) == (2, True)


@pytest.mark.thorough
def test_a_long_host_name_leaves_the_id_whole(spawn: Spawn, still: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("OSAPI_TOKEN", "token-of-the-tests")
    monkeypatch.setenv("OSAPI_URL", still.osapi_url)
    long = "a-host-with-a-very-long-name.rack-17.data-center.example"
    ids = [still.osapi.add(hostname=long, status="partial_failure") for _ in range(2)]
    text = Terminal(spawn, still, "osapi", "jobs", "list").end()
    assert all(each in text for each in ids)
    assert all(len(line) <= 80 for line in text.splitlines())
