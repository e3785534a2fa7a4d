"""What every call has in common: key, headers, connections, limits."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from pydantic import BaseModel
from raw_server import RawServer, reply

import trio_client
from trio_client import (
    APIStatusError,
    APITimeoutError,
    AsyncTrioClient,
    ConfigurationError,
    RequestValidationError,
    ResponseValidationError,
    RetryPolicy,
    ServerError,
    Timeout,
    response_info,
)
from trio_client.stub import StubServer

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
YARD = "rtsp://camera.example/yard"
NO_JOBS = {"jobs": [], "total": 0, "limit": 20, "offset": 0}


async def test_key_and_address_come_from_the_environment(stub: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIO_API_KEY", " key-of-environment\n")
    monkeypatch.setenv("TRIO_BASE_URL", stub.base_url)
    async with AsyncTrioClient() as client:
        await client.jobs.list()
    assert ["Bearer key-of-environment"] == [request.headers["authorization"] for request in stub.requests]


async def test_arguments_win_over_the_environment(stub: StubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIO_API_KEY", "key-of-environment")
    monkeypatch.setenv("TRIO_BASE_URL", "https://nowhere.invalid/api")
    async with AsyncTrioClient("argument", base_url=f"{stub.base_url}//") as client:
        await client.jobs.list()
    assert [("/api/jobs", "Bearer argument")] == [(r.path, r.headers["authorization"]) for r in stub.requests]


def test_without_a_key_there_is_no_client() -> None:
    with pytest.raises(ConfigurationError, match="TRIO_API_KEY"):
        AsyncTrioClient()


@pytest.mark.own_connections
async def test_a_read_carries_these_headers_and_no_others(stub: StubServer, client: AsyncTrioClient) -> None:
    await client.jobs.list()
    assert {
        "host": stub.url.removeprefix("http://"),
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": f"trio-client/{trio_client.__version__} python/{platform.python_version()}",
        "authorization": "Bearer test-key",
    } == stub.requests[0].headers


async def test_a_create_says_what_it_sends_and_closes_its_connection(stub: StubServer, client: AsyncTrioClient) -> None:
    await client.live_monitor.create(YARD, "the gate is open")
    headers = stub.requests[0].headers
    assert ("application/json", "close") == (headers["content-type"], headers["connection"])
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", headers["idempotency-key"])


async def test_headers_of_the_call_win_over_those_of_the_client(stub: StubServer, connect: Connect) -> None:
    client = connect(default_headers={"X-Team": "blue", "X-Site": "north"})
    await client.jobs.list(extra_headers={"x-team": "red", "User-Agent": "mine"})
    headers = stub.requests[0].headers
    assert ("red", "north", "mine") == (headers["x-team"], headers["x-site"], headers["user-agent"])


@pytest.mark.parametrize("name", ["Authorization", "Host", "Content-Length", "Connection", "X Team", "X\nTeam"])
async def test_headers_that_belong_to_the_client_are_refused(
    stub: StubServer, client: AsyncTrioClient, name: str
) -> None:
    with pytest.raises(ConfigurationError, match="extra_headers"):
        await client.jobs.list(extra_headers={name: "x"})
    assert [] == stub.requests


@pytest.mark.own_connections
async def test_cookies_are_not_stored(stub: StubServer, client: AsyncTrioClient) -> None:
    stub.fail_next(headers={"set-cookie": "session=1; Path=/"})
    await client.jobs.list()
    await client.jobs.list()
    assert [False, False] == ["cookie" in request.headers for request in stub.requests]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_error_that_names_its_target_without_its_password(
    stub: StubServer, client: AsyncTrioClient, status: int
) -> None:
    stub.fail_next(status=status, body=b"", headers={"location": "http://user:pass-word@elsewhere.example/api"})
    with pytest.raises(APIStatusError, match=r"elsewhere\.example") as caught:
        await client.jobs.list()
    assert status == caught.value.status_code
    assert "pass-word" not in str(caught.value)
    assert 1 == len(stub.requests)


@pytest.mark.own_connections  # the first call through another client has one to itself
async def test_copies_with_other_options_share_the_connection(connect: Connect) -> None:
    with RawServer(reply(NO_JOBS)) as server:
        client = connect(base_url=server.base_url)
        await client.jobs.list()
        await client.with_options(timeout=3, default_headers={"x-team": "blue"}).jobs.list()
        assert (1, 2) == (server.connections, len(server.requests))
        assert b"x-team: blue" in server.requests[1].lower()


@pytest.mark.own_connections
async def test_closing_a_copy_closes_nothing(connect: Connect) -> None:
    with RawServer(reply(NO_JOBS)) as server:
        client = connect(base_url=server.base_url)
        async with client.with_options(timeout=3) as copy:
            await copy.jobs.list()
        await client.jobs.list()
        assert 1 == server.connections


async def test_options_of_a_copy_leave_the_original_alone(stub: StubServer, client: AsyncTrioClient) -> None:
    client.with_options(retry=None, strict=True, default_headers={"x-team": "blue"})
    stub.fail_next(status=500)
    await client.jobs.list()
    assert [False, False] == ["x-team" in request.headers for request in stub.requests]


async def test_a_closed_client_sends_nothing(stub: StubServer, client: AsyncTrioClient) -> None:
    copy = client.with_options(timeout=3)
    await client.jobs.list()
    await client.close()
    await client.aclose()
    for each in (client, copy):
        with pytest.raises(ConfigurationError, match="closed"):
            await each.jobs.list()
        with pytest.raises(ConfigurationError, match="closed"):
            await each.live_monitor.create(YARD, "the gate is open")
        with pytest.raises(ConfigurationError, match="closed"):
            await each.live_monitor.stream(YARD, "the gate is open").collect()
    assert 1 == len(stub.requests)


@pytest.mark.own_connections
async def test_a_client_that_was_never_closed_is_reported(client: AsyncTrioClient) -> None:
    await client.jobs.list()
    with pytest.warns(ResourceWarning, match="never closed"):
        client.__del__()


async def test_the_key_is_in_no_text_about_a_client(connect: Connect) -> None:
    client = connect(api_key="planted-key-8761")
    inside = [repr(vars(part)) for part in (client, client.jobs, *vars(client).values()) if hasattr(part, "__dict__")]
    shown = [repr(client), str(client), *inside]
    assert "planted-key-8761" not in "".join(shown)
    assert client.base_url in repr(client)


class TestRequest:
    async def test_it_reaches_any_endpoint_with_the_key(self, stub: StubServer, client: AsyncTrioClient) -> None:
        page = await client.request("get", "/jobs", params={"limit": 5, "offset": None})
        assert {"jobs": [], "total": 0, "limit": 5, "offset": 0} == page
        (request,) = stub.requests
        assert ("GET", {"limit": "5"}) == (request.method, request.query)
        assert "Bearer test-key" == request.headers["authorization"]

    async def test_it_sends_json_and_query_as_they_are(self, stub: StubServer, client: AsyncTrioClient) -> None:
        stub.fail_next(status=200, body={})
        await client.request("POST", "/new/thing", params={"a": [1, "b c"], "flag": True}, json={"x": [1.5, None]})
        (request,) = stub.requests
        assert (b'{"x":[1.5,null]}', "/api/new/thing") == (request.body, request.path)
        assert {"a": "b c", "flag": "true"} == request.query

    async def test_the_reply_becomes_the_type_asked_for(self, stub: StubServer, client: AsyncTrioClient) -> None:
        class Point(BaseModel):
            x: int

        for wanted, body, expected in [
            (list, [1, "a"], [1, "a"]),
            (Point, {"x": 3}, Point(x=3)),
            (list[Point], [{"x": 1}], [Point(x=1)]),
            (int, 7, 7),
        ]:
            stub.fail_next(status=200, body=body)
            assert expected == await client.request("GET", "/x", response_type=wanted)  # type: ignore[call-overload]

    async def test_a_reply_of_another_type_is_an_error(self, stub: StubServer, client: AsyncTrioClient) -> None:
        stub.fail_next(status=200, body=[1], times=2)
        with pytest.raises(ResponseValidationError):
            await client.request("GET", "/x")

    @pytest.mark.parametrize(
        ("method", "idempotent", "sent"),
        [
            ("GET", None, 3),
            ("PUT", None, 3),
            ("DELETE", None, 3),
            ("POST", None, 1),
            ("POST", True, 3),
            ("PUT", False, 1),
        ],
    )
    async def test_only_what_is_idempotent_is_repeated(
        self, stub: StubServer, client: AsyncTrioClient, method: str, idempotent: bool | None, sent: int
    ) -> None:
        stub.fail_next(status=500, times=9)
        with pytest.raises(ServerError) as caught:
            await client.request(method, "/x", idempotent=idempotent)
        assert (sent, sent) == (len(stub.requests), caught.value.attempts)

    @pytest.mark.parametrize(
        "path", ["jobs", "", "/a/../b", "/a/%2e%2e/b", "/a?x=1", "/a#b", "/a\\b", "/ä", "/a b", "/a\n"]
    )
    async def test_a_path_that_leads_elsewhere_is_refused(
        self, stub: StubServer, client: AsyncTrioClient, path: str
    ) -> None:
        with pytest.raises(RequestValidationError):
            await client.request("GET", path)
        assert [] == stub.requests

    async def test_what_is_not_json_is_refused(self, stub: StubServer, client: AsyncTrioClient) -> None:
        with pytest.raises(RequestValidationError, match="json"):
            await client.request("POST", "/x", json={"x": object()})
        assert [] == stub.requests


async def test_a_reply_up_to_the_limit_is_read(stub: StubServer, connect: Connect) -> None:
    client = connect(max_body_bytes=1000)
    body = b'{"jobs": []}'.ljust(1000)
    stub.fail_next(status=200, body=body)
    assert 0 == len(await client.jobs.list())
    stub.fail_next(status=200, body=body + b" ", times=2)
    with pytest.raises(ResponseValidationError, match=r"1,000 bytes.*max_body_bytes"):
        await client.jobs.list()


@pytest.mark.parametrize("limit", [0, -1, 1.5, None])
def test_a_limit_that_makes_no_sense_is_refused(limit: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_body_bytes"):
        AsyncTrioClient("k", max_body_bytes=limit)


async def test_a_result_knows_the_reply_it_came_from(stub: StubServer, client: AsyncTrioClient) -> None:
    stub.fail_next(status=503)
    stub.fail_next(headers={"X-Request-Id": "r-17"})
    info = response_info(await client.jobs.list())
    assert (200, "r-17", 2, False) == (info.status_code, info.request_id, info.attempts, info.recovered)
    assert "application/json" == info.headers["content-type"]
    assert info.elapsed > 0


async def test_an_error_knows_the_request_id(stub: StubServer, client: AsyncTrioClient) -> None:
    stub.fail_next(status=403, headers={"X-Request-Id": "r-17"})
    with pytest.raises(APIStatusError, match="r-17") as caught:
        await client.jobs.list()
    assert "r-17" == caught.value.request_id


async def test_a_late_reply_is_a_timeout(stub: StubServer, client: AsyncTrioClient) -> None:
    stub.fail_next(delay=5, times=3)
    with pytest.raises(APITimeoutError, match=r"Timeout\.response") as caught:
        await client.jobs.list(timeout=Timeout(response=0.05))
    assert ("response", True, 3) == (caught.value.phase, caught.value.request_sent, caught.value.attempts)


async def test_the_timeout_of_a_call_wins_over_the_clients(stub: StubServer, connect: Connect) -> None:
    client = connect(timeout=0.05, retry=None)
    stub.fail_next(delay=0.2)
    assert 0 == len(await client.jobs.list(timeout=5))


async def test_strict_accepts_what_is_documented(stub: StubServer, connect: Connect) -> None:
    client = connect(strict=True)
    job = await client.live_monitor.create(YARD, "the gate is open")
    digest = await client.live_digest.create(YARD)
    await client.check_once(YARD, "the gate is open", include_frame=True)
    await client.analyze_frame(b"picture", "What?")
    await client.streams.validate(YARD)
    await client.streams.prepare(YARD)
    assert 2 == len(await client.jobs.list())
    await client.jobs.get(job.job_id)
    await client.jobs.get(digest.job_id)
    await client.jobs.cancel(job.job_id)
    assert 10 == len(stub.requests)


@pytest.mark.parametrize(
    "page",
    [
        {"jobs": [], "total": "0", "limit": 20, "offset": 0},
        {**NO_JOBS, "offset": None},
        {**NO_JOBS, "jobs": [{"job_id": "j", "status": "paused"}]},
    ],
)
async def test_only_strict_refuses_what_deviates(stub: StubServer, client: AsyncTrioClient, page: Any) -> None:
    stub.fail_next(status=200, body=page, times=3)
    await client.jobs.list()
    with pytest.raises(ResponseValidationError, match="documented schema"):
        await client.with_options(strict=True).jobs.list()


async def test_retry_none_is_one_attempt(stub: StubServer, connect: Connect) -> None:
    stub.fail_next(status=503)
    with pytest.raises(ServerError) as caught:
        await connect(retry=None).jobs.list()
    assert (1, 1) == (len(stub.requests), caught.value.attempts)


async def test_the_policy_bounds_the_attempts(stub: StubServer, connect: Connect) -> None:
    stub.fail_next(status=503, times=9)
    with pytest.raises(ServerError):
        await connect(retry=RetryPolicy(max_attempts=5)).jobs.list()
    assert 5 == len(stub.requests)


async def test_a_reply_that_arrives_late_does_not_set_the_servers_clock_back(monkeypatch: pytest.MonkeyPatch) -> None:
    noon = datetime(2026, 11, 30, 12, tzinfo=timezone.utc)
    moments, dates = iter([100.0, 100.0, 101.0, 111.0]), iter([noon, noon + timedelta(seconds=1)])

    def respond(_: httpx.Request) -> httpx.Response:
        date = format_datetime(next(dates), usegmt=True)
        return httpx.Response(200, json=NO_JOBS, headers={"date": date})

    http_client = httpx.AsyncClient(transport=httpx.MockTransport(respond))
    async with http_client, AsyncTrioClient("the-key", http_client=http_client) as client:
        state = client._transport.state
        monkeypatch.setattr(state.ledger, "clock", lambda: next(moments))
        await client.jobs.list()
        await client.jobs.list()
        assert noon + timedelta(seconds=10) == state.earliest_server_time(110.0)
