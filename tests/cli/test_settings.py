"""The sources of settings, `doctor`, help and completion."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from trio_client.cli._app import app
from trio_client.stub import StubServer

from .conftest import GATE, KEY, Run


@pytest.fixture
def file(home: Path) -> Path:
    path = home / "config.toml"
    path.touch(mode=0o600)
    return path


def test_without_a_key_the_error_names_the_places_for_one(run: Run, home: Path) -> None:
    done = run("jobs", "list")
    assert (done.code, done.out) == (2, "")
    places = "set TRIO_API_KEY, name a file with --api-key-file, run `trio-client login`, or put api_key into"
    assert f"{places} {home / 'config.toml'}." in done.err


def test_the_file_has_settings_that_flags_and_environment_lack(run: Run, stub: StubServer, file: Path) -> None:
    file.write_text(f'api_key = "key-of-the-file"\nbase_url = "{stub.base_url}"\n[watch]\ninterval = "20s"\n')
    assert run("watch", GATE, "a van").code == 0
    assert stub.jobs[0].request["interval_seconds"] == 20
    assert run("watch", GATE, "a van", "--interval", "30s").code == 0
    assert stub.jobs[1].request["interval_seconds"] == 30


def test_the_environment_wins_over_the_file_and_a_flag_over_both(
    run: Run, environment: StubServer, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('base_url = "http://127.0.0.1:1/api"')
    assert run("jobs", "list").code == 0
    monkeypatch.setenv("TRIO_BASE_URL", "http://127.0.0.1:1/api")
    assert run("--base-url", environment.base_url, "jobs", "list").code == 0


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_variable_counts_as_not_set(
    run: Run, stub: StubServer, home: Path, monkeypatch: pytest.MonkeyPatch, empty: str
) -> None:
    for name in ("TRIO_API_KEY", "TRIO_BASE_URL", "OSAPI_TOKEN", "OSAPI_URL"):
        monkeypatch.setenv(name, empty)
    assert "error: There is no API key: set TRIO_API_KEY, " in run("jobs", "list").err
    assert "error: There is no OSAPI token: set OSAPI_TOKEN, " in run("osapi", "jobs", "list").err
    (home / "api-key").touch(mode=0o600)
    (home / "api-key").write_text(f"{KEY}\n")
    (home / "config.toml").touch(mode=0o600)
    (home / "config.toml").write_text(f'base_url = "{stub.base_url}"')
    assert (run("jobs", "list").code, len(stub.requests)) == (0, 1)
    facts = json.loads(run("doctor", "--json").out)
    assert (facts["api_key_source"], facts["base_url"]) == (str(home / "api-key"), stub.base_url)
    (home / "config.toml").write_text("")
    assert json.loads(run("doctor", "--json", "--timeout", "0.001").out)["base_url_source"] == "default"


def test_the_key_can_come_from_a_file_or_from_standard_input(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("the-right-key\nanother line\n")
    with StubServer(api_keys=["the-right-key"]) as stub:
        monkeypatch.setenv("TRIO_API_KEY", "a-wrong-key")
        monkeypatch.setenv("TRIO_BASE_URL", stub.base_url)
        assert run("jobs", "list").code == 3
        assert run("--api-key-file", str(tmp_path / "key"), "jobs", "list").code == 0
        monkeypatch.setattr("sys.stdin", io.StringIO("the-right-key\n"))
        assert run("--api-key-file", "-", "jobs", "list").code == 0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("api_kye = 'x'", "api_kye is not a setting"),
        ("timeout = 'soon'", "timeout must be a number"),
        ("timeout = true", "timeout must be a number"),
        ("[watsh]\ninterval = 5", "watsh is not known"),
        ("[watch]\nintervall = 5", "watch.intervall is not known"),
        ("watch = 5", "watch is not a setting"),
        ("[jobs]\nlist = 5", "jobs.list must be a table"),
        ("[osapi]\nkey = 'x'", "osapi.key is not a setting"),
        ("api_key = ", "is not TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named(run: Run, file: Path, text: str, problem: str) -> None:
    file.write_text(text)
    done = run("jobs", "list")
    assert (done.code, problem in done.err) == (2, True)
    assert done.err.count("\n") == 1


def test_nested_commands_have_defaults_too(run: Run, environment: StubServer, file: Path) -> None:
    environment.add_jobs(5)
    environment.osapi.add()
    environment.osapi.add()
    file.write_text("[jobs.list]\nlimit = 2\n[osapi.jobs.list]\nlimit = 1\n")
    assert len(run("jobs", "list").out.splitlines()) == 2
    assert len(run("osapi", "jobs", "list").out.splitlines()) == 1


def test_a_file_given_by_config_must_exist(run: Run, tmp_path: Path) -> None:
    done = run("--config", str(tmp_path / "none.toml"), "jobs", "list")
    assert (done.code, "cannot be read" in done.err) == (2, True)


@pytest.mark.skipif(sys.platform == "win32", reason="needs file modes")
def test_a_settings_file_with_a_secret_that_others_can_read_is_a_warning(
    run: Run, environment: StubServer, file: Path
) -> None:
    file.write_text('api_key = "x-of-the-file"')
    assert run("jobs", "list").err == ""
    file.chmod(0o644)
    assert run("jobs", "list").err.startswith(f"warning: {file} holds a secret")


def test_doctor_shows_the_setup_without_secrets(run: Run, environment: StubServer) -> None:
    done = run("doctor")
    assert (done.code, KEY in done.out + done.err) == (0, False)
    assert "present, from TRIO_API_KEY" in done.out
    facts = json.loads(run("doctor", "--json").out)
    assert (facts["ok"], facts["packages"]["httpx"][:2]) == (True, "0.")


def test_doctor_shows_what_is_wrong(run: Run, environment: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIO_BASE_URL", "http://127.0.0.1:1/api")
    done = run("doctor")
    assert (done.code, "present" in done.out) == (1, True)
    monkeypatch.delenv("TRIO_API_KEY")
    done = run("doctor")
    assert (done.code, "missing: set TRIO_API_KEY" in done.out) == (1, True)


@pytest.mark.parametrize("group", ["", "jobs", "streams", "webhooks", "osapi", "osapi jobs"])
def test_a_group_alone_shows_its_help(run: Run, group: str) -> None:
    done = run(*group.split())
    assert (done.code, "Usage: trio-client" in done.out) == (0, True)


def commands(group: Any, path: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path}{name} ")
        else:
            yield f"{path}{name}"


COMMANDS = list(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_whole_help_screen_of_80_columns(
    run: Run, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = run(*command.split(), "--help")
    about, _, examples = done.out.partition("\nExample")
    lines = examples.partition("\n\n")[0].splitlines()[1:]
    assert done.code == 0
    assert [line for line in lines if line.startswith(f"  trio-client {command}")]  # whole, on a line of its own
    assert [line for line in lines if not line.startswith("  ")] == []
    assert [line for line in done.out.splitlines() if len(line) > 80] == []
    assert [found for found in ("\b", "<", "{", "None") if found in about] == []
    assert run("help", *command.split()).out == done.out


def test_help_breaks_no_sentence_and_fills_the_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert "With\n--endless, --total or --max-cost, another job starts whenever one ends.\n" in run("help", "watch").out
    assert "\nUsage: trio-client watch [OPTIONS] STREAM_URL CONDITION\n" in run("help", "watch").out
    assert run("help", "nothing").code == 2


def test_completion_completes_options(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_TRIO_CLIENT_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "trio-client jobs list --stat")
    monkeypatch.setenv("COMP_CWORD", "3")
    assert (run().code, run().out) == (0, "--status\n")


@pytest.mark.parametrize(
    ("statement", "forbidden"),
    [
        ("from trio_client.cli import main; main(['--version'])", ("typer", "rich", "httpx", "pydantic", "logging")),
        ("import trio_client.cli._app", ("rich", "httpx", "pydantic", "anyio", "asyncio", "trio_client.events")),
    ],
)
def test_startup_loads_only_what_it_needs(statement: str, forbidden: tuple[str, ...]) -> None:
    code = f"import sys; {statement}; print(sorted(set({forbidden!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_without_the_extra_the_error_says_how_to_install_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trio_client.cli.find_spec", lambda name: None)
    done = run("jobs", "list")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "pip install 'trio-client[cli]'" in done.err
