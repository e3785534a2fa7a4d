"""A reply that may not be the API's names the base URL, whatever wrong address it came from."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from raw_server import RawServer

from trio_client import RetryPolicy, TrioClient
from trio_client.errors import (
    APIStatusError,
    AuthenticationError,
    CreateOutcomeUnknownError,
    JobNotFoundError,
    NotFoundError,
    ResponseValidationError,
    TrioError,
)
from trio_client.stub import StubServer

KEY = "trio-0123456789abcdef"
CAMERA = "rtsp://a/b"


def answer(status: int, body: str = "", content_type: str = "text/html", **headers: str) -> bytes:
    head = {"Content-Type": content_type, "Content-Length": str(len(body)), **headers}
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in head.items())]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def client_at(base_url: str) -> TrioClient:
    return TrioClient(KEY, base_url=base_url, retry=RetryPolicy(max_attempts=1, reconcile_for=0))


CALLS: dict[str, Callable[[TrioClient], object]] = {
    "list": lambda client: client.jobs.list(),
    "get": lambda client: client.jobs.get("a-job"),
    "cancel": lambda client: client.jobs.cancel("a-job"),
    "check_once": lambda client: client.check_once(CAMERA, "a van"),
    "create": lambda client: client.live_monitor.create(CAMERA, "a van"),
    "stream": lambda client: client.live_monitor.stream(CAMERA, "a van").collect(),
    "request_events": lambda client: client.request_events("GET", "/news").collect(),
}
WRONG: dict[str, tuple[bytes, type[TrioError]]] = {
    "404 with a code": (answer(404, '{"error": {"code": "NO_ROUTE"}}', "application/json"), NotFoundError),
    "404 without": (answer(404, "Not Found", "text/plain"), NotFoundError),
    "405": (answer(405, '{"detail": "Method Not Allowed"}', "application/json"), APIStatusError),
    "401 page": (answer(401, "<html>"), AuthenticationError),
    "301 to https": (answer(301, Location="https://a.example/api"), APIStatusError),
    "302 to a login": (answer(302, Location="https://a.example/login?to=%2Fapi"), APIStatusError),
    "308 to nowhere": (answer(308), APIStatusError),
    "login page": (answer(200, "<html>Sign in</html>"), ResponseValidationError),
    "JSON of something else": (answer(200, '{"hello": "world"}', "application/json"), ResponseValidationError),
    "plain text": (answer(200, "It works!", "text/plain"), ResponseValidationError),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("wrong", WRONG)
def test_a_reply_that_may_be_something_elses_names_the_base_url(wrong: str, call: str) -> None:
    reply, kind = WRONG[wrong]
    with RawServer(reply) as server, client_at(server.base_url) as client, pytest.raises(TrioError) as caught:
        CALLS[call](client)
    assert f"(base URL: {server.base_url})" in caught.value.problem
    if isinstance(caught.value, CreateOutcomeUnknownError):
        assert isinstance(caught.value.__cause__, kind)
    else:
        assert isinstance(caught.value, kind)


@pytest.mark.parametrize("path", ["/api/api", "/v1", "/api/jobs", "/osapi"])
def test_a_wrong_path_of_the_right_server_is_named(stub: StubServer, path: str) -> None:
    wrong = stub.base_url.removesuffix("/api") + path
    with client_at(wrong) as client:
        for call in ("list", "check_once", "create"):
            with pytest.raises(APIStatusError) as caught:
                CALLS[call](client)
            assert f"(base URL: {wrong})" in caught.value.problem


def test_replies_of_the_api_do_not_name_it(stub: StubServer) -> None:
    with client_at(stub.base_url) as client:
        with pytest.raises(JobNotFoundError) as unknown_job:
            client.jobs.get("a-job")
        stub.fail_next(status=401)
        with pytest.raises(AuthenticationError) as wrong_key:
            client.jobs.list()
    assert "base URL" not in f"{unknown_job.value} {wrong_key.value}"


def test_secrets_in_the_base_url_are_masked() -> None:
    with RawServer(answer(404)) as server, client_at(f"{server.base_url}/token=hunter2") as client:
        with pytest.raises(NotFoundError) as caught:
            client.jobs.list()
    assert f"(base URL: {server.base_url}/token=***)" in str(caught.value)


def test_a_redirect_says_where_to() -> None:
    with RawServer(answer(301, Location="https://a.example/api")) as server, client_at(server.base_url) as client:
        with pytest.raises(APIStatusError, match=r"redirects to https://a\.example/api, which is not followed"):
            client.jobs.list()


def test_a_create_says_that_its_job_could_not_be_looked_up_either() -> None:
    page, refusal = answer(200, "<html>"), answer(500, "down", "text/plain")
    with RawServer(page) as server, client_at(server.base_url) as client:
        with pytest.raises(CreateOutcomeUnknownError, match="looking up its job failed in the same way"):
            CALLS["create"](client)
    with RawServer(page, refusal) as server, client_at(server.base_url) as client:
        with pytest.raises(CreateOutcomeUnknownError, match=r"looking up its job failed too \(500: down\)"):
            CALLS["create"](client)
