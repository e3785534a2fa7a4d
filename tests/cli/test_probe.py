"""`probe` finds out how a server behaves, within its budget, and leaves no job running."""

from __future__ import annotations

import json
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from raw_server import CLOSE, RawServer, reply

from trio_client.cli._probe_listener import Listener
from trio_client.cli._probe_run import Plan, Probe
from trio_client.cli._probe_wire import Wire
from trio_client.stub import Scene, StubServer
from trio_client.testing import MockTrio

from .conftest import GATE, KEY, Run, Spawn

CONDITION = "the gate is visible"


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch, run: Run, tmp_path: Path) -> Any:
    """Runs a probe of a stub, and returns how it ended and the facts by name."""

    def run_probe(stub: StubServer, *args: str) -> tuple[Any, dict[str, dict[str, Any]]]:
        monkeypatch.setenv("TRIO_API_KEY", KEY)
        monkeypatch.setenv("TRIO_BASE_URL", stub.base_url)
        stub.scene(GATE, Scene(holds=True))
        done = run("probe", GATE, CONDITION, "--out", str(tmp_path / "out"), *args)
        file = tmp_path / "out" / "facts.jsonl"
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        return done, {fact["name"]: fact for fact in map(json.loads, lines)}

    return run_probe


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def differing(facts: dict[str, dict[str, Any]]) -> set[str]:
    return {name for name, fact in facts.items() if fact["verdict"] == "differs"}


@pytest.mark.thorough
def test_nothing_differs_at_the_newest_documentation(probe: Any, tmp_path: Path) -> None:
    port = free_port()
    with StubServer(speed=60, max_jobs=3) as stub:
        extra = ["--listen", str(port), "--webhook-url", f"http://127.0.0.1:{port}/hook", "--allow-second-job"]
        done, facts = probe(stub, "--yes", "--json", "--fill-slots", *extra)
        assert stub.running_jobs == 0
    assert (done.code, differing(facts)) == (0, set())
    assert "skipped" not in {fact["verdict"] for fact in facts.values()}
    assert facts["full_account"]["seen"] == {"slots": 3, "status": 429, "code": "MAX_JOBS_REACHED"}
    assert facts["webhook_repeated_after_500"]["seen"] is True
    assert [json.loads(line) for line in done.out.splitlines()] == list(facts.values())
    report = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert "`StubServer()` behaves as what was seen here" in report
    recorded = (tmp_path / "out" / "session.jsonl").read_text("utf-8")
    assert [each for each in (KEY, "hunter2") if each in recorded + report + done.out + done.err] == []
    assert MockTrio.replay(tmp_path / "out" / "session.jsonl") is not None


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("generation", "expected"),
    [
        (
            "G1",
            {
                *("monitor_with_accept_event_stream", "digest_without_accept", "digest_event_names"),
                *("status_after_trigger", "bad_key"),
            },
        ),
        (
            "G2",
            {
                *("monitor_with_accept_event_stream", "monitor_without_accept", "digest_without_accept"),
                *("digest_event_names", "list_item_fields"),
            },
        ),
        ("G3", {"monitor_stream_ends_with", "digest_event_names"}),
    ],
)
def test_older_documentation_differs_where_it_says_so(probe: Any, generation: Any, expected: set[str]) -> None:
    with StubServer(speed=120, generation=generation) as stub:
        done, facts = probe(stub, "--yes")
        assert stub.running_jobs == 0
    assert (done.code, differing(facts)) == (0, expected)
    assert all(generation in facts[name]["generations"] for name in expected)


@pytest.mark.thorough
def test_what_the_documentation_leaves_open_is_found_out(probe: Any, tmp_path: Path) -> None:
    options: dict[str, Any] = {"list_lag": 120, "list_order": "oldest", "jobs_outlive_streams": False}
    with StubServer(speed=60, **options) as stub:
        stub.add_jobs(2)
        done, facts = probe(stub, "--yes")
    assert done.code == 0
    assert 1.5 <= facts["list_lag_seconds"]["seen"] <= 3.5
    assert facts["list_order"]["seen"] == "oldest"
    assert facts["job_outlives_stream"]["seen"] is False
    assert "jobs_outlive_streams=False" in (tmp_path / "out" / "report.md").read_text("utf-8")


@pytest.mark.thorough
def test_every_job_is_short_and_one_runs_at_a_time(probe: Any) -> None:
    with StubServer(speed=120, max_jobs=1) as stub:
        done, facts = probe(stub, "--yes")
        creates = [each.json for each in stub.requests if each.method == "POST" and "live-" in each.path]
        assert {body["monitor_duration_seconds"] for body in creates if "interval_seconds" in body} == {60}
        assert {body["max_windows"] for body in creates if "window_minutes" in body} == {1}
        assert len(stub.jobs) == 5
    assert (done.code, differing(facts)) == (0, set())


def test_nothing_is_started_without_consent(environment: StubServer, run: Run, tmp_path: Path) -> None:
    done = run("probe", GATE, CONDITION, "--out", str(tmp_path / "out"))
    assert done.code == 2
    assert "This starts 5 short jobs" in done.err
    assert "costs up to 0.10 USD" in done.err
    assert "add --yes" in done.err
    assert environment.requests == []


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (("--max-cost", "0.05"), "--max-cost 0.05 is not enough: this probe costs at least 0.10 USD."),
        (("--max-cost", "nan"), "is not enough"),
        (("--listen", "8099"), "--listen and --webhook-url belong together"),
        (("--webhook-url", "https://me.example/hook"), "--listen and --webhook-url belong together"),
    ],
)
def test_a_probe_that_cannot_work_is_refused(
    environment: StubServer, run: Run, tmp_path: Path, args: tuple[str, ...], problem: str
) -> None:
    done = run("probe", GATE, CONDITION, "--out", str(tmp_path / "out"), "--yes", *args)
    assert (done.code, problem in done.err) == (2, True)
    assert environment.requests == []


def test_a_stream_that_is_not_live_is_refused(environment: StubServer, run: Run, tmp_path: Path) -> None:
    environment.scene(GATE, Scene(live=False))
    done = run("probe", GATE, CONDITION, "--out", str(tmp_path / "out"), "--yes")
    assert (done.code, "The stream is not live" in done.err) == (2, True)
    assert environment.jobs == []


def test_a_probe_needs_a_key(
    environment: StubServer, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRIO_API_KEY")
    done = run("probe", GATE, CONDITION, "--out", str(tmp_path / "out"), "--yes")
    assert (done.code, "There is no API key" in done.err) == (2, True)


@pytest.mark.thorough
def test_ctrl_c_stops_the_job_under_way(spawn: Spawn, tmp_path: Path) -> None:
    with StubServer(speed=1, start_delay=0) as stub:
        stub.scene(GATE, Scene(holds=False))
        process = spawn("probe", GATE, CONDITION, "--out", str(tmp_path / "out"), "--yes", server=stub)
        until = time.monotonic() + 20
        while not stub.running_jobs and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        assert (process.returncode, stub.running_jobs, len(stub.jobs)) == (130, 0, 1), err
    assert (tmp_path / "out" / "report.md").exists()


@pytest.mark.thorough
def test_a_job_that_may_still_run_is_named(probe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trio_client.cli._probe_run._STOP_SECONDS", 0.5)
    with StubServer(speed=600) as stub:
        stub.fail_next(method="DELETE", path="/jobs", status=503, times=1000)
        stub.fail_next(method="GET", path="/jobs/", status=503, times=1000)
        done, _ = probe(stub, "--yes", "--max-cost", "0.10")
        assert done.code == 5
        assert stub.jobs[0].job_id in done.err


def test_its_key_for_this_machine_goes_to_no_proxy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with RawServer(reply({"jobs": []})) as server, RawServer(reply({"jobs": []})) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url.removesuffix("/api"))
        for host in ("127.0.0.1", "localhost", "127.0.0.2"):
            wire = Wire(server.base_url.replace("127.0.0.1", host), KEY, tmp_path / "session.jsonl", frames=False)
            wire.send("list", "GET", "/jobs")
            wire.close()
    assert proxy.requests == []


def test_it_sends_no_cookies_back(tmp_path: Path) -> None:
    with RawServer(reply({"jobs": []}, set_cookie="planted=1")) as server:
        wire = Wire(server.base_url, KEY, tmp_path / "session.jsonl", frames=False)
        for _ in range(2):
            wire.send("list", "GET", "/jobs")
        wire.close()
    assert [each for each in server.requests if b"planted" in each] == []


def test_it_reads_no_reply_without_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("trio_client.cli._probe_wire._MAX_BYTES", 2**20)
    with RawServer(
        [b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n", *[b"x" * 2**18] * 64, CLOSE]
    ) as server:
        wire = Wire(server.base_url, KEY, tmp_path / "session.jsonl", frames=False)
        found = wire.send("list", "GET", "/jobs")
        wire.close()
    assert len(found.content) < 2 * 2**20


@pytest.mark.parametrize("job_id", ["a b\n", "../other", "..", "a?b#c", "\ud800"])
def test_an_id_of_any_characters_is_stopped_by_one_segment(tmp_path: Path, job_id: str) -> None:
    plan = Plan(GATE, CONDITION, None, second_job=False, fill_slots=False, max_cost=1)
    with RawServer(reply({"job_id": job_id, "status": "stopped"})) as server:
        wire = Wire(server.base_url, KEY, tmp_path / "session.jsonl", frames=False)
        probe = Probe(plan, wire, None, lambda _: None, running=[job_id])
        probe.stop_all()
        wire.close()
    assert probe.running == []
    targets = [each.split(b" ")[1] for each in server.requests]
    assert len(targets) == 2
    assert all(each.startswith(b"/api/jobs/") and each.count(b"/") == 3 and b"?" not in each for each in targets)


def test_its_listener_holds_no_more_than_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trio_client.cli._probe_listener._MAX_HELD_BYTES", 4_000)
    listener = Listener(port := free_port())
    with httpx.Client(trust_env=False) as sender:
        for _ in range(4):
            with suppress(httpx.TransportError):  # what is refused is not read
                sender.post(f"http://127.0.0.1:{port}/", content=b"x" * 1_000)
    listener.close()
    assert [each.answered for each in listener.deliveries] == [500, 200]


def test_its_listener_counts_the_headers_of_empty_deliveries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trio_client.cli._probe_listener._MAX_HELD_BYTES", 20_000)
    listener = Listener(port := free_port())
    with httpx.Client(trust_env=False) as sender:
        url, headers = f"http://127.0.0.1:{port}/", {"x-filler": "x" * 8_000}
        answers = [sender.post(url, headers=headers).status_code for _ in range(4)]
    listener.close()
    assert answers == [500, 200, 503, 503]
    assert len(listener.deliveries) == 2


@pytest.mark.parametrize("length", ["1" * 18, "9" * 5_000, "-1", "ten", "1 0"])
def test_its_listener_refuses_a_length_that_is_none(length: str) -> None:
    listener = Listener(port := free_port())
    with socket.create_connection(("127.0.0.1", port)) as sender:
        sender.sendall(f"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\nxx".encode())
        answer = b""
        while piece := sender.recv(1_000):
            answer += piece
    listener.close()
    assert answer.split(b" ", 2)[1] == b"400"
    assert listener.deliveries == []


def test_its_listener_gives_back_what_was_announced_and_did_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trio_client.cli._probe_listener._MAX_HELD_BYTES", 4_500)
    listener = Listener(port := free_port())
    for _ in range(4):
        with socket.create_connection(("127.0.0.1", port)) as sender:
            sender.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2000\r\n\r\nxx")
            sender.shutdown(socket.SHUT_WR)
            while sender.recv(1_000):
                pass
    reply = httpx.post(f"http://127.0.0.1:{port}/", content=b"x" * 1_000, trust_env=False)
    listener.close()
    assert reply.status_code == 200
