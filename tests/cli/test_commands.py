"""`api`, `ask`, `login`, `streams prepare`, options before and after a command, and files as people save them."""

from __future__ import annotations

import codecs
import io
import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from trio_client.cli._app import app
from trio_client.cli._arguments import arranged
from trio_client.stub import Scene, StubServer
from trio_client.webhooks import sign

from .conftest import GATE, KEY, Run

JPEG = b"\xff\xd8\xff" + b"picture"


def stdin(content: bytes) -> Any:
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8")


@pytest.mark.parametrize(
    "args",
    [
        "--base-url URL --json jobs list",
        "jobs list --json --base-url URL",
        "jobs --base-url=URL list --json",
        "jobs list --base-url URL --json --limit 5",
    ],
)
def test_options_for_all_commands_come_before_or_after_the_command(
    run: Run, environment: StubServer, monkeypatch: pytest.MonkeyPatch, args: str
) -> None:
    monkeypatch.delenv("TRIO_BASE_URL")
    (job_id,) = environment.add_jobs(1)
    done = run(*args.replace("URL", environment.base_url).split())
    assert (done.code, json.loads(done.out)["job_id"]) == (0, job_id)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ("jobs wait ID --timeout 10m", "jobs wait ID --timeout 10m"),
        ("--timeout 5 jobs wait ID --timeout 10m", "--timeout 5 jobs wait ID --timeout 10m"),
        ("jobs get ID --timeout 10", "--timeout 10 jobs get ID"),
        ("osapi jobs list --api-prefix P", "osapi --api-prefix P jobs list"),
        ("api GET /jobs -f note=--json -v", "-v api GET /jobs -f note=--json"),
        ("watch -- --json --debug", "watch -- --json --debug"),
        ("check URL --nope", "check URL --nope"),
        ("--json stub", "stub --json"),
        ("--json login", "--json login"),
        ("jobs", "jobs --help"),
        ("", "--help"),
        ("nope --json list", "nope --json list"),
        ("jobs nope --debug", "jobs nope --debug"),
    ],
)
def test_an_option_belongs_to_the_innermost_command_that_has_it(args: str, expected: str) -> None:
    import typer

    assert arranged(args.split(), typer.main.get_command(app)) == expected.split()


def test_quiet_prints_results_without_notes(run: Run, environment: StubServer) -> None:
    loud = run("watch", GATE, "a van")
    quiet = run("watch", GATE, "a van", "--quiet")
    assert (len(quiet.out.splitlines()), quiet.err, bool(loud.err)) == (len(loud.out.splitlines()), "", True)


def test_no_color_lasts_for_one_run(run: Run, environment: StubServer) -> None:
    assert run("jobs", "list", "--no-color").code == 0
    assert "NO_COLOR" not in os.environ


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (("jobs", "list", "--limit", "x"), "whole number|valid integer"),
        (("jobs", "list", "--status", "x"), "'x' is not one of 'pending'"),
        (("stub", "--speed", "x"), "a number|valid float"),
        (("watch", GATE, "a\udcffb"), "CONDITION|UTF-8"),
    ],
)
def test_the_parsers_messages_are_plain(run: Run, environment: StubServer, args: tuple[str, ...], text: str) -> None:
    done = run(*args)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert any(each in done.err for each in text.split("|"))
    assert [each for each in ("Value error", "Input should", "unable to parse") if each in done.err] == []


def test_a_field_goes_into_the_query_of_a_get_and_into_the_body_otherwise(run: Run, environment: StubServer) -> None:
    environment.add_jobs(3, status="running")
    done = run("api", "get", "jobs", "-f", "status=running", "-F", "limit=2")
    assert (done.code, len(json.loads(done.out)["jobs"])) == (0, 2)
    done = run(
        "api", "POST", "/check-once", "-f", f"stream_url={GATE}", "-f", "condition=a van", "-F", "include_frame=true"
    )
    assert (done.code, "explanation" in json.loads(done.out)) == (0, True)
    assert json.loads(environment.requests[-1].body) == {
        "stream_url": GATE,
        "condition": "a van",
        "include_frame": True,
    }


def test_a_body_comes_from_a_file_or_from_standard_input(
    run: Run, environment: StubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps({"stream_url": GATE, "condition": "a café"}, ensure_ascii=False)
    (tmp_path / "body.json").write_bytes(text.encode("utf-16"))
    assert run("api", "POST", "/check-once", "--data", f"@{tmp_path / 'body.json'}").code == 0
    monkeypatch.setattr("sys.stdin", stdin(codecs.BOM_UTF8 + text.encode()))
    assert run("api", "POST", "/check-once", "--data", "-").code == 0
    assert [json.loads(each.body)["condition"] for each in environment.requests] == ["a café"] * 2


def test_all_prints_the_items_of_every_page_once(run: Run, environment: StubServer) -> None:
    ids = environment.add_jobs(45)
    done = run("api", "GET", "/jobs?limit=20", "--all")
    assert [json.loads(line)["job_id"] for line in done.out.splitlines()] == ids[::-1]


@pytest.mark.parametrize(
    ("asked", "limits"), [([], ["100", "50", *["25"] * 5]), (["-F", "limit=40"], ["40", *["20"] * 5])]
)
def test_a_page_that_is_too_large_is_asked_for_once_and_then_in_halves(
    run: Run, monkeypatch: pytest.MonkeyPatch, asked: list[str], limits: list[str]
) -> None:
    queries: list[dict[str, str]] = []

    class List(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = dict(parse_qsl(urlsplit(self.path).query))
            queries.append(query)
            limit, offset = int(query["limit"]), int(query["offset"])
            items = [{"id": f"clip-{number}"} for number in range(80)][offset : offset + limit]
            body = json.dumps({"clips": items, "total": 80}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body) if limit <= 30 else 17 * 2**20))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """The output is the command's."""

    with ThreadingHTTPServer(("127.0.0.1", 0), List) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("TRIO_BASE_URL", f"http://127.0.0.1:{server.server_port}/api")
        monkeypatch.setenv("TRIO_API_KEY", KEY)
        done = run("api", "GET", "/clips", "--all", *asked)
        server.shutdown()
        thread.join()
    assert (done.code, [json.loads(line)["id"] for line in done.out.splitlines()]) == (
        0,
        [f"clip-{number}" for number in range(80)],
    )
    assert [query["limit"] for query in queries] == limits


def test_an_event_stream_prints_events(run: Run, environment: StubServer) -> None:
    body = json.dumps({"stream_url": GATE, "condition": "a van"})
    done = run("api", "POST", "/live-monitor", "--data", body)
    kinds = [json.loads(line)["kind"] for line in done.out.splitlines()]
    assert (kinds[0], kinds[-2:]) == ("started", ["triggered", "stopped"])
    assert (done.code, "hunter2" in done.out) == (0, False)


def test_a_stream_can_be_declined_by_a_header(run: Run, environment: StubServer) -> None:
    fields = ("-f", f"stream_url={GATE}", "-f", "condition=a van")
    done = run("api", "POST", "/live-monitor", *fields, "-H", "Accept: application/json")
    assert (done.code, json.loads(done.out)["job_id"]) == (0, environment.jobs[0].job_id)


def test_a_raw_post_is_never_repeated_and_says_so(run: Run, environment: StubServer) -> None:
    environment.fail_next(method="POST", drop_after_bytes=0)
    done = run("api", "POST", "/check-once", "-f", f"stream_url={GATE}", "-f", "condition=x")
    assert (done.code, "not repeated" in done.err, len(environment.requests)) == (5, True, 1)
    environment.fail_next(method="POST", status=503)
    assert run("api", "POST", "/check-once", "-f", f"stream_url={GATE}", "-f", "condition=x").code == 3
    assert run("api", "GET", "/nothing-there").code == 3


@pytest.mark.parametrize(
    "args",
    [
        ("GET", "https://elsewhere.example/jobs"),
        ("GET", "/../jobs"),
        ("GET", "/jobs", "--data", "{}"),
        ("POST", "/jobs", "--data", "{}", "-f", "a=b"),
        ("POST", "/jobs", "--data", "no json"),
        ("POST", "/jobs", "--data", "@/nothing/there"),
        ("POST", "/jobs", "-F", "a=text"),
        ("POST", "/jobs", "-F", "a=NaN"),
        ("POST", "/jobs", "-f", "a"),
        ("POST", "/jobs", "--all"),
        ("GET", "/jobs", "-H", "no colon"),
    ],
)
def test_a_raw_request_that_cannot_work_is_not_sent(run: Run, environment: StubServer, args: tuple[str, ...]) -> None:
    done = run("api", *args)
    assert (done.code, done.err.count("\n"), environment.requests) == (2, 1, [])


def test_a_picture_is_asked_about(run: Run, environment: StubServer, tmp_path: Path) -> None:
    assert run("check", GATE, "x", "--save-frame", str(tmp_path / "gate.jpg")).code == 0
    done = run("ask", str(tmp_path / "gate.jpg"), "What is in the picture?")
    assert (done.code, bool(done.out.strip())) == (0, True)
    data = json.loads(run("ask", str(tmp_path / "gate.jpg"), "Is the gate open?", "--json").out)
    assert sorted(data) == ["answer", "latency_ms", "triggered"]
    assert run("ask", str(tmp_path / "nothing.jpg"), "x").code == 2


def test_a_stream_is_prepared(run: Run, environment: StubServer) -> None:
    done = run("streams", "prepare", GATE)
    assert (done.code, done.out.startswith("ready"), "hunter2" in done.out) == (0, True, False)
    assert json.loads(run("streams", "prepare", GATE, "--json").out)["success"] is True


def test_login_saves_the_key_for_the_command_line_alone(
    run: Run, stub: StubServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIO_BASE_URL", stub.base_url)
    monkeypatch.delenv("TRIO_API_KEY", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"\ufeff{KEY}\n"))
    done = run("login")
    file = home / "api-key"
    assert (done.code, file.read_text(), KEY in done.out + done.err) == (0, f"{KEY}\n", False)
    assert [each.name for each in home.iterdir()] == ["api-key"]
    if os.name != "nt":
        assert file.stat().st_mode & 0o777 == 0o600
    assert run("jobs", "list").code == 0
    assert f"present, from {file}" in run("doctor").out
    monkeypatch.setenv("TRIO_API_KEY", "another")
    assert "present, from TRIO_API_KEY" in run("doctor").out
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{KEY}\n"))
    assert "The key from TRIO_API_KEY is used instead" in run("login").err


def test_login_asks_without_showing_the_key(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("getpass.getpass", lambda prompt: " typed-key ")
    assert (run("login").code, (home / "api-key").read_text()) == (0, "typed-key\n")


@pytest.mark.parametrize("key", ["", "a\x00b", '"quoted"'])
def test_login_refuses_what_is_no_key(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{key}\n"))
    assert (run("login").code, list(home.iterdir())) == (2, [])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_files_with_a_byte_order_mark_are_read(
    run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    key, secret, body = tmp_path / "key", tmp_path / "secret", tmp_path / "body.json"
    content = '{"type": "job_started", "data": {"job_id": "a1"}}'
    for path, text in ((key, f"{KEY}\r\n"), (secret, "s3cret\n"), (body, content)):
        path.touch(mode=0o600)
        path.write_bytes(text.encode(encoding))
    (home / "config.toml").write_bytes("timeout = 20\n".encode(encoding))
    with StubServer(api_keys=[KEY]) as server:
        monkeypatch.setenv("TRIO_BASE_URL", server.base_url)
        assert run("jobs", "list", "--api-key-file", str(key)).code == 0
    signature = sign(content.encode(), "s3cret")
    args = ("webhooks", "verify", "--signature", signature, "--secret-file", str(secret), "--body", str(body))
    assert (run(*args).code, run(*args).out[:13]) == (0, "fits  started")


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX locale")
@pytest.mark.thorough
def test_a_condition_is_utf_8_in_a_plain_c_locale(stub: StubServer) -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    variables = {**os.environ, **plain, "TRIO_API_KEY": KEY, "TRIO_BASE_URL": stub.base_url}
    command = [os.fsencode(sys.executable), b"-m", b"trio_client", b"check", GATE.encode()]
    subprocess.run([*command, "ein Café".encode()], env=variables, check=True, capture_output=True)
    assert json.loads(stub.requests[0].body)["condition"] == "ein Café"
    refused = subprocess.run([*command, b"caf\xe9"], env=variables, check=False, capture_output=True, text=True)
    assert (refused.returncode, "LC_ALL=C" in refused.stderr, len(stub.requests)) == (2, True, 1)


def test_doctor_has_stable_keys(run: Run, environment: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    found = json.loads(run("doctor", "--json").out)
    assert (found["ok"], found["base_url"], found["api_key_source"]) == (True, environment.base_url, "TRIO_API_KEY")
    monkeypatch.delenv("TRIO_BASE_URL")
    monkeypatch.delenv("TRIO_API_KEY")
    assert "https://trio.machinefi.com/api, the default" in run("doctor").out
    other = json.loads(run("doctor", "--json").out)
    assert (sorted(other), other["api_key_source"], other["ok"]) == (sorted(found), None, False)


def test_an_address_in_use_suggests_a_free_port(run: Run, environment: StubServer) -> None:
    port = environment.base_url.rpartition(":")[2].partition("/")[0]
    for args in (("stub",), ("webhooks", "listen", "--unsigned")):
        done = run(*args, "--port", port)
        assert (done.code, "Pass --port 0" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (("jobs", "list", "--timeout", "-1"), "--timeout is -1.0; it must be a positive number"),
        (("jobs", "list", "--base-url", "foo"), "--base-url 'foo' must begin with https://"),
        (("watch", GATE, "x", "--max-cost", "1", "--input-mode", "hybrid"), "--input-mode 'hybrid' costs more"),
    ],
)
def test_a_message_names_the_option(run: Run, environment: StubServer, args: tuple[str, ...], problem: str) -> None:
    done = run(*args)
    assert (done.code, done.err.startswith(f"error: {problem}")) == (2, True), done.err


@pytest.mark.parametrize(
    "args", [("stub",), ("webhooks", "listen", "--unsigned"), ("webhooks", "listen", "--unsigned", "--json")]
)
@pytest.mark.parametrize("port", ["-5", "65536", "99999"])
def test_a_port_that_does_not_exist_is_refused(run: Run, args: tuple[str, ...], port: str) -> None:
    done = run(*args, "--port", port)
    assert (done.code, done.err) == (2, f"error: --port is {port}; it must be from 0 to 65535.\n")


def test_a_probe_refuses_a_port_that_does_not_exist(run: Run, environment: StubServer, tmp_path: Path) -> None:
    folder = tmp_path / "found"
    done = run(
        *("probe", GATE, "a van", "--out", str(folder), "--yes"),
        *("--listen", "99999", "--webhook-url", "https://hooks.example/"),
    )
    assert (done.code, done.err) == (2, "error: --listen is 99999; it must be from 0 to 65535.\n")
    assert (environment.requests, folder.exists()) == ([], False)


def test_a_question_of_the_parser_ends_as_a_question(run: Run) -> None:
    assert run("wach").err == "error: No such command 'wach'. Did you mean 'watch'? Try `trio-client --help`.\n"


def test_one_check_is_not_one_checks(run: Run, environment: StubServer) -> None:
    environment.scene(GATE, Scene(holds=True))
    done = run("watch", GATE, "a van")
    assert ": 1 check, 1 trigger" in done.err
    assert " 1 checks" not in done.out + done.err


def test_the_help_of_a_command_names_all_options_of_the_program(run: Run) -> None:
    said, named = run("--help").out, run("jobs", "get", "--help").out.partition("Options for all commands")[2]
    options = set(re.findall(r"--[a-z-]+", said.partition("Options:")[2].partition("Examples:")[0]))
    of_the_program_alone = {"--version", "--install-completion", "--show-completion", "--help"}
    assert set(re.findall(r"--[a-z-]+", named)) - {"--help"} == options - of_the_program_alone
