"""The stub's OSAPI side answers as a real server was seen to: `osapi_exchanges.json` holds what was recorded there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from trio_client.stub import StubServer

EXCHANGES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("osapi_exchanges.json").read_text("utf-8"))
# Requests that the stub answers otherwise, by their note: the endpoints that make jobs are not part of the job API.
EXCEPTIONS = {
    "hostname of any agent, no agents are there": "a job whose agents are all `absent` is `stub.osapi.run`'s",
    "unknown agent": "`stub.osapi.run` raises for a target that is unknown; a retry has the same check and text",
    "hostname of any agent": "`stub.osapi.run()` makes the job that this makes",
    "command on one host": "`stub.osapi.run(operation=…, target=…)` makes the job that this makes",
    "long command, slower than job_timeout": "the job is there all the same, and reads `processing` as the stub's do",
    "PKI on: command": "agents of the stub are enrolled; no exchange of the job API shows whether PKI is on",
}
HEADERS = ("content-type", "allow", "location", "vary")
# The stub does not read what a token says: a test names its scopes, or leaves it unknown.
SCOPES = {
    "no roles": (),
    "token: read": ("job:read",),
    "permissions job:read only": ("job:read",),
    "permissions node:read only": ("node:read",),
    "permissions unknown": ("job:everything",),
    "permissions empty": ("job:read",),
    "permissions job:write only": ("job:write",),
}
COMMAND = {"type": "command.exec.execute", "data": {"command": "echo", "args": ["r"]}}
DB, WEB = "0d1e2f3a4b5c46d7a8e9f0a1b2c3d4e5", "1a2b3c4d5e6f40718293a4b5c6d7e8f9"
RUN: dict[str, dict[str, Any]] = {
    "detail of a skipped job": {"target": DB, "outcomes": {"db-01.lab.example": "skipped"}},
    "detail of a failed job after all deliveries": {"target": WEB, "outcomes": {"web-01": "failed"}},
    "detail: partial failure": {"outcomes": {"db-01.lab.example": "failed"}},
    "detail: a failure that a later delivery mended": {"target": DB, "outcomes": {"db-01.lab.example": "mended"}},
    "detail: command that ended with 1": {"target": WEB},
    "detail: broadcast while one of three agents is stopped": {"outcomes": {"db-01.lab.example": "absent"}},
    "detail: ntp of all agents, unsupported on two": {
        "operation": {"type": "node.ntp.get", "data": {}},
        "outcomes": {"db-01.lab.example": "failed", "web-01": "skipped", "web-02": "skipped"},
    },
}
RETRIED = {
    "detail: retry without a target": None,
    "detail: retry to label group:web": "group:web",
    "detail: retry to a machine id": "2b3c4d5e6f70418293a4b5c6d7e8f90a",
    "detail: retry to web-01": "web-01",
}


def named(exchange: dict[str, Any]) -> str:
    return f"{EXCHANGES.index(exchange)} {exchange['note']}"


def is_exception(exchange: dict[str, Any]) -> bool:
    return exchange["note"] in EXCEPTIONS


@pytest.fixture
def server(stub: StubServer) -> StubServer:
    """A stub whose OSAPI side has the prefix of a current server."""
    stub.osapi.prefixes = ["/api"]
    return stub


@pytest.mark.parametrize("exchange", [each for each in EXCHANGES if not is_exception(each)], ids=named)
def test_it_answers_a_recorded_request_as_the_real_server(server: StubServer, exchange: dict[str, Any]) -> None:
    server.osapi.web_ui = exchange["server"] == "ui on"
    server.osapi.tokens = tokens_of(exchange)
    prepare(server, exchange)
    request, expected = exchange["request"], exchange["response"]
    with httpx.Client(base_url=server.osapi_url, trust_env=False) as client:
        content, headers = request.get("body"), {name: text.strip() for name, text in request["headers"].items()}
        reply = client.request(request["method"], request["path"], headers=headers, content=content)
    assert reply.status_code == expected["status"]
    assert given(reply.headers) == given(expected["headers"])
    assert len(reply.headers["x-request-id"]) == 32
    if reply.headers.get("content-type") != "application/json":
        assert reply.text == expected["body"]
        return
    answer = reply.json()
    if "error" not in expected["body"] and "message" not in expected["body"]:
        assert shape(answer) == shape(expected["body"])
    elif expected["status"] in (401, 403):
        assert list(answer) == list(expected["body"]) == ["error"]
    else:
        assert answer == expected["body"]


@pytest.mark.parametrize("note", RUN)
def test_a_job_that_agents_did_has_the_fields_of_a_real_one(server: StubServer, note: str) -> None:
    job_id = server.osapi.run(**{"operation": COMMAND, **RUN[note]})
    server.clock.advance(10)
    assert fields(server.osapi.detail(job_id)) == fields(body_of(note))


@pytest.mark.parametrize("note", RETRIED)
def test_a_retried_job_has_the_fields_of_a_real_one(server: StubServer, note: str) -> None:
    old = server.osapi.add(operation=COMMAND)
    new = server.osapi.retry(old, RETRIED[note])["job_id"]
    server.clock.advance(10)
    assert fields(server.osapi.detail(new)) == fields(body_of(note))
    assert server.osapi.detail(old)["timeline"][-1]["message"] == f"Job retried as {new}"


def test_the_exceptions_are_few_and_used() -> None:
    left_out = [each for each in EXCHANGES if is_exception(each)]
    assert sorted(each["note"] for each in left_out) == sorted(EXCEPTIONS)
    assert all(each["request"]["path"].startswith("/api/node/") for each in left_out)


def body_of(note: str) -> dict[str, Any]:
    (found,) = [each["response"]["body"] for each in EXCHANGES if each["note"] == note]
    return found


def tokens_of(exchange: dict[str, Any]) -> dict[str, tuple[str, ...]] | None:
    if exchange["response"]["status"] == 401:
        return {}
    for end, scopes in SCOPES.items():
        if exchange["note"].endswith(end):
            return {"TOKEN": scopes}
    return {"TOKEN": ("job:read", "job:write")}


def prepare(server: StubServer, exchange: dict[str, Any]) -> None:
    """Give the stub the jobs that the real server had, as far as the reply needs them."""
    status, body = exchange["response"]["status"], exchange["response"]["body"]
    parts = urlsplit(exchange["request"]["path"]).path.split("/")
    server.osapi.store_away = exchange["note"].startswith("the store is away")
    if status in (201, 204) and len(parts) > 3:
        server.osapi.add(id=parts[3])
    elif status == 200 and isinstance(body, dict):
        for job in body.get("items", [body]):
            server.osapi.add(**job)
        for name in body.get("status_counts") or ():  # what the page does not show was counted all the same
            server.osapi.delete(server.osapi.add(status=name))


def given(headers: Any) -> dict[str, str | None]:
    return {name: headers.get(name) for name in HEADERS}


def shape(value: dict[str, Any]) -> dict[str, Any]:
    """The names and types of a reply; of a page also its counts' names, and its jobs' ids in their order."""
    if "items" not in value:
        return fields(value)
    counts = value["status_counts"] and sorted(value["status_counts"])
    items = [fields(job) | {"id": job["id"]} for job in value["items"]]
    return {**fields(value), "status_counts": counts, "items": items}


def fields(value: Any) -> Any:
    """The names and types of a job; of texts only what is the same in each job of a kind."""
    if isinstance(value, dict):
        fixed = {name: value[name] for name in ("event", "status", "message") if isinstance(value.get(name), str)}
        inner = {"data": "any", "result": "any", "operation": "any"}
        return {name: inner.get(name) or fields(item) for name, item in value.items()} | fixed
    if isinstance(value, list):
        return sorted({json.dumps(fields(item), sort_keys=True) for item in value})
    return type(value).__name__
