"""One planted key and one planted camera password: neither may be found anywhere but on the wire."""

from __future__ import annotations

import copy
import io
import logging
import pickle
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from trio_client import (
    APIStatusError,
    AsyncTrioClient,
    ConfigurationError,
    CreateOutcomeUnknownError,
    Hooks,
    RetryPolicy,
    TrioClient,
    TrioError,
)
from trio_client.stub import StubServer
from trio_client.testing import freeze_retries

KEY = "planted-key-4711"
PASSWORD = "planted-password-0815"
CAMERA = f"rtsp://admin:{PASSWORD}@cam.example/1"
SECRETS = (KEY, PASSWORD)


@pytest.fixture
def stub() -> Iterator[StubServer]:
    """A server whose time passes quickly, since streams are read here."""
    with StubServer(speed=600) as server:
        yield server


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that any logger says, at every level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    # The HTTP library logs what a server sends unchanged, if its logger is enabled.
    handler.addFilter(lambda record: not record.getMessage().startswith("receive_response_headers"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def found(text: str) -> list[str]:
    """The lines that show a secret."""
    return [line for line in text.splitlines() if any(secret in line for secret in SECRETS)]


def everything_said(error: BaseException, *, with_locals: bool = False) -> str:
    """All that a crash reporter would collect of an exception: its chain, its tracebacks, its fields."""
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        report = traceback.TracebackException.from_exception(current, capture_locals=with_locals)
        fields = {name: value for name, value in vars(current).items() if name != "request"}  # what the user sent
        parts += [*report.format(chain=True), repr(current), str(current), repr(fields), repr(current.args)]
        current = current.__cause__ or current.__context__
    # This test's own frames hold the secrets as locals; they do not count.
    return "\n".join(part for part in parts if "test_secrets.py" not in part)


FAULTS: dict[str, dict[str, Any]] = {
    "401 that echoes the key": {"status": 401, "body": {"error": {"code": "X", "message": f"bad key {KEY}"}}},
    "400 that echoes the camera": {
        "status": 400,
        "body": {"error": {"code": "INVALID_URL", "message": f"no: {CAMERA}"}},
    },
    "422 that echoes the password": {"status": 422, "body": {"detail": [{"loc": ["body", "a"], "msg": PASSWORD}]}},
    "500 in HTML": {"status": 500, "body": f"<html>{KEY} {CAMERA}</html>"},
    "200 that is no JSON": {"status": 200, "body": f"{KEY} {CAMERA}"},
    "200 that is an array": {"status": 200, "body": [CAMERA, KEY]},
    "redirect": {"status": 302, "headers": {"location": f"https://x:{PASSWORD}@other.example/?k={KEY}"}},
    "reset": {"close": "reset"},
    "close": {"close": True},
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize(
    "act",
    [
        lambda client: client.check_once(CAMERA, "x"),
        lambda client: client.live_monitor.create(CAMERA, "x"),
        lambda client: client.live_monitor.stream(CAMERA, "x").collect(),
        lambda client: client.streams.validate(CAMERA),
    ],
    ids=["check_once", "create", "stream", "validate"],
)
def test_no_error_and_no_log_shows_a_secret(
    name: str, act: Callable[[TrioClient], object], stub: StubServer, log: io.StringIO
) -> None:
    heard: list[str] = []
    hooks = Hooks(*[lambda info: heard.append(repr(info))] * 4)
    retry = RetryPolicy(reconcile_for=0, max_attempts=2, base_delay=0)
    stub.fail_next(method="POST", times=2, **FAULTS[name])
    client = TrioClient(KEY, base_url=stub.base_url, retry=retry, hooks=hooks)
    with client, pytest.raises(TrioError) as caught:
        act(client)
    assert found(everything_said(caught.value)) == []
    assert [line for line in found(everything_said(caught.value, with_locals=True)) if KEY in line] == []
    assert found(log.getvalue()) == []
    assert found("".join(heard)) == []
    assert heard


def test_a_pickled_error_shows_no_secret_except_the_request_to_reconcile(stub: StubServer) -> None:
    stub.fail_next(method="POST", status=500)
    with TrioClient(KEY, base_url=stub.base_url, retry=RetryPolicy(reconcile_for=0, max_attempts=1)) as client:
        with pytest.raises(CreateOutcomeUnknownError) as caught:
            client.live_monitor.create(CAMERA, "x")
    assert KEY.encode() not in pickle.dumps(caught.value)
    assert caught.value.request["stream_url"] == CAMERA  # the user's own value stays in its field
    assert found(repr(caught.value)) == []


def test_an_unreachable_server_leads_to_no_secret_in_errors_or_logs(log: io.StringIO) -> None:
    with TrioClient(KEY, base_url="http://127.0.0.1:9", retry=None) as client, pytest.raises(TrioError) as caught:
        client.check_once(CAMERA, "x")
    assert found(everything_said(caught.value)) == []
    assert found(log.getvalue()) == []


@pytest.mark.parametrize("key", [f"{KEY}\n", f"{KEY}\x00x", f"{KEY} x", f"“{KEY}”", f"Bearer {KEY}", f"'{KEY}'"])
def test_a_refused_key_is_not_quoted(key: str) -> None:
    if key.strip() == KEY:
        assert found(repr(TrioClient(key))) == []
        return
    with pytest.raises(ConfigurationError) as caught:
        TrioClient(key)
    assert found(str(caught.value)) == []


@pytest.mark.parametrize("make", [TrioClient, AsyncTrioClient])
def test_a_client_shows_no_secret(make: Any) -> None:
    client = make(KEY, default_headers={"x-camera": "1"})
    texts: list[str] = []
    seen: set[int] = set()

    def visit(value: Any, depth: int) -> None:
        if id(value) in seen or depth > 6:
            return
        seen.add(id(value))
        texts.append(repr(value))
        for inner in vars(value).values() if hasattr(value, "__dict__") else ():
            visit(inner, depth + 1)

    visit(client, 0)
    assert len(texts) > 20
    assert found("\n".join(texts)) == []


def test_a_client_is_not_pickled() -> None:
    with pytest.raises(TypeError, match="ClientConfig"):
        pickle.dumps(TrioClient(KEY))
    assert found(repr(copy.copy(TrioClient(KEY)))) == []


def test_what_comes_back_shows_no_camera_password(stub: StubServer, log: io.StringIO) -> None:
    shown: list[object] = []
    with TrioClient(KEY, base_url=stub.base_url) as client:
        job = client.live_monitor.create(CAMERA, "x")
        shown += [job, client.jobs.get(job.job_id), client.jobs.list(), client.jobs.cancel(job.job_id)]
        with client.live_monitor.stream(CAMERA, "x") as events:
            shown += [next(events), events, client.streams.validate(CAMERA)]
    assert job.stream_url == CAMERA
    assert found("".join(f"{value!r} {value!s}" for value in shown)) == []
    assert found(log.getvalue()) == []


def test_a_leak_warning_shows_no_secret(stub: StubServer) -> None:
    with TrioClient(KEY, base_url=stub.base_url) as client, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        stub.fail_next(method="DELETE", status=400, times=99)
        options = {"monitor_duration_seconds": 86_400, "max_triggers": None}
        with freeze_retries(), client.live_monitor.stream(CAMERA, "x", **options) as events:
            next(events)
    assert [warning.category.__name__ for warning in caught] == ["JobLeakWarning"]
    assert found(str(caught[0].message)) == []


def test_the_key_goes_on_the_wire(stub: StubServer) -> None:
    with TrioClient(KEY, base_url=stub.base_url) as client:
        client.jobs.list()
    assert stub.requests[-1].headers["authorization"] == f"Bearer {KEY}"


def test_the_status_error_keeps_what_is_useful(stub: StubServer) -> None:
    stub.fail_next(status=401, body={"error": {"code": "X", "message": f"bad key {KEY}"}})
    with TrioClient(KEY, base_url=stub.base_url) as client, pytest.raises(APIStatusError, match=r"bad key \*\*\*"):
        client.jobs.list()
