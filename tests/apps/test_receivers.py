"""Each receiver in examples/webhooks/ runs under its real server and is sent real deliveries."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from trio_client import TrioClient
from trio_client.stub import StubServer

from .conftest import EXAMPLES, SECRET, Program, Run, answers, free_port, wait_for

pytestmark = pytest.mark.apps

UVICORN = "-m uvicorn --log-level warning --port {port} {name}:app"
WAITRESS = "-m waitress --listen=127.0.0.1:{port} {name}:app"
SERVERS = {
    "asgi_app": [UVICORN],
    "django_app": [WAITRESS],
    "fastapi_app": [UVICORN],
    "flask_app": [WAITRESS],
    "redis_app": [UVICORN, f"{UVICORN} --workers 2"],
    "sql_app": [f"{UVICORN} --workers 2"],
    "starlette_app": [UVICORN],
    "wsgi_app": ["wsgi_app.py {port}", WAITRESS],
}
CASES = [(name, command) for name, commands in SERVERS.items() for command in commands]


def test_every_example_is_run() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {*SERVERS, "inbox"}


@pytest.mark.parametrize(("name", "command"), CASES, ids=[f"{name}-{command.split()[1]}" for name, command in CASES])
def test_a_receiver_answers_rightly(
    name: str, command: str, run: Run, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    environment = {"REDIS_URL": request.getfixturevalue("redis_url")} if name == "redis_app" else {}
    environment |= {"EVENTS_DB": str(tmp_path / "events.db")} if name == "sql_app" else {}
    port = free_port()
    program = run(*command.format(port=port, name=name).split(), **environment)
    wait_for(lambda: answers(port) or program.ended, f"{name} starts")
    url = f"http://127.0.0.1:{port}/hooks/trio"
    with StubServer(speed=1000, webhook_secret=SECRET, webhook_timeout=30) as stub:
        assert statuses(stub, url, 3) == [200] * 3
        assert statuses(stub, url, 6, copies=1) == [200] * 6
        assert statuses(stub, url, 9, unsigned=True) == [401] * 9
        assert statuses(stub, url, 9, tampered=True) == [401] * 9
    assert httpx.get(url).status_code == 405
    expected = ["started", "triggered", "stopped"] * 2
    wait_for(lambda: len(handled(program)) >= len(expected), "the handlers have run")
    program.process.terminate()
    program.process.wait(20)
    assert sorted(handled(program)) == sorted(expected)
    assert SECRET not in program.output


@pytest.mark.parametrize(
    ("script", "by"),
    [
        ({}, {"webhook"}),
        ({"copies": 2}, {"webhook"}),
        ({"reverse": True}, {"webhook", "poll"}),
        ({"unsigned": True}, {"poll"}),
    ],
    ids=["delivered", "duplicated", "reordered", "deliveries stay away"],
)
def test_the_inbox_receives_everything_once(script: dict[str, object], by: set[str], run: Run) -> None:
    port = free_port()
    with StubServer(speed=300, webhook_secret=SECRET, webhook_timeout=30) as stub:
        stub.webhooks.update(**script)
        target = f"http://127.0.0.1:{port}/"
        program = run("inbox.py", str(port), target, TRIO_API_KEY="key", TRIO_BASE_URL=stub.base_url)
        wait_for(lambda: program.ended, "the program ends", seconds=60)
    assert program.process.returncode == 0, program.output
    received = [line.split(", by ") for line in program.output.splitlines() if ", by " in line]
    received = [each for each in received if each[0] != "progress"]
    assert sorted(kind for kind, _ in received) == ["started", "stopped", "triggered"]
    assert received[-1][0] == "stopped"
    assert {delivery for _, delivery in received} <= by


def statuses(stub: StubServer, url: str, count: int, **script: object) -> list[int | None]:
    """Run a job whose deliveries follow a script, and return how they were answered."""
    stub.webhooks.reset()
    stub.webhooks.update(**script)
    before = len(stub.deliveries)
    with TrioClient("key", base_url=stub.base_url) as client:
        client.live_monitor.create("rtsp://gate.example/live", "a van is at the gate", webhook_url=url)
    wait_for(lambda: len(stub.deliveries) >= before + count, f"{count} deliveries {script}")
    return [delivery.status for delivery in stub.deliveries[before:]]


def handled(program: Program) -> list[str]:
    """Return the kinds of the events that the example's handler has printed."""
    lines = (line.partition(":")[0] for line in program.output.splitlines())
    return [kind for kind in lines if kind in ("started", "triggered", "stopped")]
