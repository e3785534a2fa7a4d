"""The page about the stub server names every option and path, and its commands for other languages work."""

from __future__ import annotations

import inspect
import re
import shlex
from dataclasses import fields
from pathlib import Path

import httpx
import pytest

from trio_client.stub import Fault, StubServer, create_app
from trio_client.stub.__main__ import main
from trio_client.stub.documented.generations import GENERATIONS
from trio_client.stub.engine.job_store import JOBS_KEPT
from trio_client.stub.engine.records import BYTES_KEPT, ENTRIES_KEPT
from trio_client.stub.page.live import MAX_FEEDS

PAGE = (Path(__file__).parents[2] / "docs" / "stub.md").read_text("utf-8")
ACTIONS = ("/drop", "/fail", "/cancel")


def test_every_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    for name in inspect.signature(StubServer).parameters:
        assert f"`{name}`" in PAGE
    with pytest.raises(SystemExit):
        main(["--help"])
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    assert {option for option in options if f"`{option}`" not in PAGE} == set()


def test_every_fault_and_generation_is_named() -> None:
    for field in fields(Fault):
        assert f"`{field.name}`" in PAGE
    assert " | ".join(f"`{name}`" for name in GENERATIONS) in PAGE


def test_every_control_path_is_named() -> None:
    app = create_app()._app  # type: ignore[attr-defined]
    while not hasattr(app, "routes"):
        app = app._app
    paths = {route.path for route in app.routes if route.path.startswith("/_stub/")} - {"/_stub/page/{name}"}
    assert len(paths) > 15
    for path in paths:
        shown = path.replace("{job_id}", "{id}")
        short = shown.removeprefix("/_stub/jobs/{id}")
        assert f"`{shown}`" in PAGE or (short in ACTIONS and f"`{short}`" in PAGE), path


def test_the_limits_are_those_of_the_code() -> None:
    text = " ".join(PAGE.split())
    assert f"{JOBS_KEPT:,} jobs, the latest {ENTRIES_KEPT:,} requests and {BYTES_KEPT // 2**20} MiB of them" in text
    assert f"{MAX_FEEDS} open pages" in text


def test_the_commands_for_other_languages_work(stub: StubServer) -> None:
    (block,) = re.findall(r"```sh\nSTUB=.*?\n(.*?)```", PAGE, re.DOTALL)
    statuses: list[int] = []
    with httpx.Client(trust_env=False) as client:
        for line in block.splitlines():
            curl, url, *rest = shlex.split(line.replace("$STUB", stub.url))
            assert curl == "curl"
            given = dict(zip(rest[::2], rest[1::2], strict=True))
            assert given.keys() <= {"-H", "--json"}
            name, _, value = given.get("-H", "accept: */*").partition(": ")
            method = "POST" if "--json" in given else "GET"
            reply = client.request(method, url, headers={name: value}, content=given.get("--json"))
            statuses.append(reply.status_code)
            if url.endswith("/_stub/jobs"):
                assert [job["status"] for job in reply.json()["jobs"]] == ["completed"]
    assert statuses == [200, 200, 200, 429, 200, 200, 200, 200, 200]
