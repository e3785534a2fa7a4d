"""What the documentation leaves open can be chosen, so that a program is tested against the API as it is."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from trio_client import MaxJobsReachedError, TrioClient
from trio_client.stub import StubServer, create_app

YARD = "rtsp://camera.example/yard"
MONITOR = {"stream_url": YARD, "condition": "Is the gate open?"}
Connect = Callable[..., httpx.Client]


def listed(client: httpx.Client, **query: Any) -> list[str]:
    return [job["job_id"] for job in client.get("/jobs", params=query).json()["jobs"]]


def test_a_new_job_is_listed_after_the_lag_and_found_by_its_id_at_once(connect: Connect) -> None:
    with StubServer(speed=0, list_lag=3) as stub:
        client = connect(stub)
        job_id = client.post("/live-monitor", json=MONITOR).json()["job_id"]
        assert (listed(client), client.get("/jobs").json()["total"]) == ([], 0)
        assert client.get(f"/jobs/{job_id}").status_code == 200
        stub.clock.advance(2.9)
        assert listed(client) == []
        stub.clock.advance(0.2)
        assert (listed(client), client.get("/jobs").json()["total"]) == ([job_id], 1)


@pytest.mark.thorough
def test_a_create_that_is_listed_late_is_still_found(connect: Connect) -> None:
    with StubServer(speed=1, list_lag=1.5) as stub:
        stub.fail_next(path="/live-monitor", close=True, processed=True)
        with TrioClient("key", base_url=stub.base_url) as client:
            job = client.live_monitor.create(YARD, "Is the gate open?")
        assert job.job_id == stub.jobs[0].job_id
        assert len(stub.jobs) == 1


def test_jobs_are_listed_in_the_order_that_was_chosen(connect: Connect) -> None:
    for order in ("newest", "oldest", "id"):
        with StubServer(speed=0, list_order=order) as stub:
            ids = stub.add_jobs(30)
            expected = {"newest": ids[::-1], "oldest": ids, "id": sorted(ids)}[order]
            client = connect(stub)
            assert listed(client, limit=100) == expected
            assert listed(client, limit=10, offset=10, status="completed") == expected[10:20]
            with TrioClient("key", base_url=stub.base_url) as trio:
                assert [job.job_id for job in trio.jobs.iterate(page_size=7)] == expected


def test_a_full_account_is_refused_with_the_status_that_was_chosen(connect: Connect) -> None:
    with StubServer(speed=0, max_jobs=0, full_status=403) as stub:
        reply = connect(stub).post("/live-monitor", json=MONITOR)
        assert (reply.status_code, reply.json()["error"]["code"]) == (403, "MAX_JOBS_REACHED")
        with TrioClient("key", base_url=stub.base_url) as client, pytest.raises(MaxJobsReachedError):
            client.live_monitor.create(YARD, "Is the gate open?")


@pytest.mark.parametrize("outlives", [True, False])
def test_a_job_outlives_its_stream_or_ends_with_it(connect: Connect, outlives: bool) -> None:
    with StubServer(speed=0, jobs_outlive_streams=outlives) as stub:
        headers = {"accept": "text/event-stream"}
        with connect(stub).stream("POST", "/live-monitor", json=MONITOR, headers=headers):
            stub.clock.advance(2)
        until = time.monotonic() + 5
        while not outlives and stub.running_jobs and time.monotonic() < until:
            time.sleep(0.01)
        job = stub.jobs[0]
        assert (job.status, job.reason) == (("running", None) if outlives else ("stopped", "cancelled"))


def test_a_stream_that_was_read_to_its_end_ends_its_job_as_always(connect: Connect) -> None:
    with StubServer(speed=600, jobs_outlive_streams=False) as stub:
        with TrioClient("key", base_url=stub.base_url) as client:
            events = client.live_monitor.stream(YARD, "Is the gate open?").collect()
        assert events[-1].kind == "stopped"
        assert stub.jobs[0].reason == "condition_triggered"


def test_a_dropped_stream_whose_job_ended_with_it_is_reported_as_stopped() -> None:
    with StubServer(speed=600, jobs_outlive_streams=False) as stub:
        stub.fail_next(path="/live-monitor", drop_after_events=2)
        with TrioClient("key", base_url=stub.base_url) as client:
            with client.live_monitor.stream(YARD, "Is the gate open?") as events:
                ends = [event for event in events if event.terminal]
        assert [(end.kind, end.delivery) for end in ends] == [("stopped", "poll")]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"list_lag": -1}, "list_lag must be a finite number of at least 0, not -1"),
        ({"list_order": "random"}, "list_order must be one of newest, oldest, id, not 'random'"),
        ({"full_status": 200}, "full_status must be an HTTP status of 400 to 599, not 200"),
        ({"full_status": True}, "full_status must be an HTTP status"),
    ],
)
def test_what_is_not_possible_is_refused(options: dict[str, Any], problem: str) -> None:
    for make in (StubServer, create_app):
        with pytest.raises(ValueError, match=re.escape(problem)):
            make(**options)


FLAGS = ["--list-lag", "2.5", "--list-order", "id", "--full-status", "409", "--no-jobs-outlive-streams"]
OPTIONS = {"list_lag": 2.5, "list_order": "id", "full_status": 409, "jobs_outlive_streams": False}


def test_both_commands_have_the_options(monkeypatch: pytest.MonkeyPatch) -> None:
    from trio_client.cli import main as trio_client
    from trio_client.stub.__main__ import main

    made: list[dict[str, Any]] = []

    class Stub(StubServer):
        def __init__(self, **options: Any) -> None:
            made.append({name: options[name] for name in OPTIONS})
            raise ValueError("enough")

    monkeypatch.setattr("trio_client.stub.server.commands.StubServer", Stub)
    with pytest.raises(SystemExit):
        main(FLAGS)
    assert trio_client(["stub", *FLAGS]) == 2
    assert made == [OPTIONS, OPTIONS]
