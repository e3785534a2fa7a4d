"""The client of OSAPI against the stub, and against replies no stub gives."""

from __future__ import annotations

import math
import socket
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from raw_server import RawServer, reply

from trio_client import (
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    CallInfo,
    ConfigurationError,
    CreateOutcomeUnknownError,
    Hooks,
    JobNotFoundError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RequestValidationError,
    ResponseValidationError,
    ResponseWarning,
    RetryPolicy,
    ServerError,
    Timeout,
    WaitTimeoutError,
    response_info,
)
from trio_client.osapi import AsyncOsapiClient, OsapiJob
from trio_client.stub import StubServer

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncOsapiClient]
ID = "550e8400-e29b-41d4-a716-446655440000"
NO_JOBS: dict[str, Any] = {"total_items": 0, "status_counts": None, "items": []}
BROADCAST: dict[str, Any] = {
    "id": ID,
    "status": "partial_failure",
    "created": "2026-08-16T12:32:43-07:00",
    "operation": {"type": "network.dns.update", "data": {"servers": ["192.0.2.53"]}},
    "result": None,
    "changed": True,
    "error": "",
    "hostname": "db-01.lab",
    "updated_at": "2026-08-16T12:32:45.123456789-07:00",
    "responses": {
        "web-01": {"status": "completed", "data": {"ok": [1]}, "changed": True, "error": "", "hostname": "web-01"},
        "db-01_lab": {"status": "failed", "data": None, "changed": None, "error": "denied", "hostname": "db-01.lab"},
    },
    "agent_states": {
        "web-01": {"status": "completed", "error": "", "duration": "1m2.045s"},
        "db-01.lab": {"status": "failed", "error": "denied", "duration": "850\u00b5s"},
    },
    "timeline": [
        {"timestamp": "2026-08-16T19:32:43Z", "event": "started", "hostname": "web-01", "message": "a", "error": ""},
        {"timestamp": "2026-08-16T19:32:43Z", "event": "failed", "hostname": "db-01.lab", "message": "", "error": "x"},
    ],
}
BROKEN: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "502": {"status": 502, "body": "<h1>Bad gateway</h1>"},
    "503": {"status": 503},
    "504": {"status": 504},
    "closed": {"close": "fin"},
    "reset": {"close": "reset"},
    "timeout": {"delay": 5},
    "cut": {"drop_after_bytes": 5},
    "html": {"status": 200, "body": "<html>Welcome</html>"},
    "empty": {"status": 200, "body": b""},
    "a list": {"status": 200, "body": [1, 2]},
    "not JSON": {"status": 200, "body": b'{"items": '},
}


@pytest.fixture
async def connect(stub: StubServer, pauses: Any) -> AsyncGenerator[Connect, None]:
    """Makes clients, of the stub's OSAPI side if nothing else is said; they are closed at the end of the test."""
    made: list[AsyncOsapiClient] = []

    def make(**options: Any) -> AsyncOsapiClient:
        client = AsyncOsapiClient(**{"token": "test-token", "base_url": stub.osapi_url, **options})
        made.append(client)
        return client

    yield make
    for client in made:
        await client.close()


@pytest.fixture
def client(connect: Connect) -> AsyncOsapiClient:
    return connect()


def sent(stub: StubServer) -> list[tuple[str, str]]:
    return [(request.method, request.path) for request in stub.requests]


class TestSettings:
    async def test_token_and_address_come_from_the_environment(
        self, stub: StubServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OSAPI_TOKEN", " token-of-environment\n")
        monkeypatch.setenv("OSAPI_URL", stub.osapi_url + "/")
        async with AsyncOsapiClient() as client:
            await client.jobs.list()
        assert ["Bearer token-of-environment"] == [request.headers["authorization"] for request in stub.requests]

    def test_without_an_address_it_is_the_servers_own_default(self) -> None:
        assert "http://localhost:8080/api" == AsyncOsapiClient("t").base_url

    def test_plain_http_to_another_machine_is_allowed(self) -> None:
        assert "http://osapi.example/api" == AsyncOsapiClient("t", base_url="http://osapi.example").base_url

    @pytest.mark.parametrize("options", [{}, {"token": ""}, {"token": "Bearer x"}])
    def test_without_a_token_there_is_no_client(self, options: dict[str, Any]) -> None:
        with pytest.raises(ConfigurationError, match="token") as caught:
            AsyncOsapiClient(**options)
        assert "TRIO" not in str(caught.value)

    @pytest.mark.parametrize(("prefix", "path"), [("/api", "/osapi/api/job"), ("", "/osapi/job"), ("/", "/osapi/job")])
    async def test_the_prefix_stands_before_the_path(
        self, stub: StubServer, connect: Connect, prefix: str, path: str
    ) -> None:
        await connect(api_prefix=prefix).jobs.list()
        assert [("GET", path)] == sent(stub)

    @pytest.mark.parametrize("options", [{"api_prefix": "api"}, {"base_url": "http://h/api"}, {"max_body_bytes": 0}])
    def test_what_cannot_work_is_refused(self, options: dict[str, Any]) -> None:
        with pytest.raises(ConfigurationError):
            AsyncOsapiClient("t", **options)

    async def test_copies_with_other_options_share_the_connection(self, connect: Connect) -> None:
        with RawServer(reply(NO_JOBS)) as server:
            client = connect(base_url=server.base_url, api_prefix="")
            await client.jobs.list()
            async with client.with_options(timeout=3, retry=None, default_headers={"x-team": "blue"}) as copy:
                await copy.jobs.list()
            await client.jobs.list()
            assert (1, 3) == (server.connections, len(server.requests))
            assert b"x-team: blue" in server.requests[1].lower()

    async def test_a_closed_client_sends_nothing(self, stub: StubServer, client: AsyncOsapiClient) -> None:
        copy = client.with_options(strict=True)
        await client.close()
        await client.aclose()
        for each in (client, copy):
            with pytest.raises(ConfigurationError, match="closed"):
                await each.jobs.list()
        assert [] == stub.requests

    async def test_a_client_that_was_never_closed_is_reported(self, client: AsyncOsapiClient) -> None:
        await client.jobs.list()
        with pytest.warns(ResourceWarning, match="never closed"):
            client.__del__()

    async def test_the_token_is_in_no_text(self, stub: StubServer, connect: Connect) -> None:
        client = connect(token="planted-token-8761")
        stub.fail_next(status=401, body={"error": "bad token planted-token-8761"})
        with pytest.raises(AuthenticationError) as caught:
            await client.jobs.list()
        shown = [repr(client), repr(vars(client)), str(caught.value), repr(vars(caught.value))]
        assert "planted-token-8761" not in "".join(shown)

    async def test_hooks_see_every_request(self, stub: StubServer, connect: Connect) -> None:
        seen: list[Any] = []
        stub.fail_next(status=503)
        await connect(hooks=Hooks(on_response=seen.append, on_retry=seen.append)).jobs.list(limit=5)
        assert [503, 503, 200] == [info.status_code for info in seen]
        assert f"{stub.osapi_url}/api/job?limit=5" == seen[0].url


class TestList:
    async def test_what_is_not_given_is_not_sent(self, stub: StubServer, client: AsyncOsapiClient) -> None:
        await client.jobs.list()
        await client.jobs.list(status="failed", limit=100, offset=0)
        assert [{}, {"status": "failed", "limit": "100", "offset": "0"}] == [r.query for r in stub.requests]

    async def test_an_empty_store_is_an_empty_page_with_no_counts(self, client: AsyncOsapiClient) -> None:
        page = await client.jobs.list()
        assert ([], 0, {}, 0) == (page.items, page.total_items, page.status_counts, len(page))

    async def test_the_total_follows_the_filter_and_the_counts_do_not(
        self, stub: StubServer, client: AsyncOsapiClient
    ) -> None:
        for status in ("failed", "completed", "completed", "skipped"):
            stub.osapi.add(status=status)
        page = await client.jobs.list(status="completed", limit=1)
        assert (1, 2) == (len(page), page.total_items)
        assert {
            "submitted": 0,
            "processing": 0,
            "completed": 2,
            "failed": 1,
            "partial_failure": 0,
            "skipped": 1,
        } == page.status_counts

    async def test_a_list_is_a_summary_and_the_job_has_the_rest(
        self, stub: StubServer, client: AsyncOsapiClient
    ) -> None:
        stub.osapi.add(**BROADCAST)
        (summary,) = await client.jobs.list()
        detail = await client.jobs.get(ID)
        assert (None, None, None, None) == (
            summary.responses,
            summary.agent_states,
            summary.timeline,
            summary.changed,
        )
        assert [("web-01", "completed"), ("db-01.lab", "failed")] == [(a.hostname, a.status) for a in detail.agents()]

    async def test_every_field_of_a_page_can_be_read_from_typed_objects(
        self, stub: StubServer, client: AsyncOsapiClient
    ) -> None:
        documented = {"total_items": 12, "status_counts": {"completed": 11, "partial_failure": 1}, "items": [BROADCAST]}
        stub.fail_next(status=200, body=documented)
        page = await client.jobs.list()
        assert documented == {
            "total_items": page.total_items,
            "status_counts": page.status_counts,
            "items": [field_by_field(job) for job in page],
        }

    async def test_jobs_with_every_field_missing_are_listed(self, stub: StubServer, client: AsyncOsapiClient) -> None:
        stub.osapi.add_raw({})
        stub.osapi.add_raw({"id": None, "status": None, "operation": None, "timeline": None, "responses": None})
        page = await client.jobs.list()
        assert [None, None] == [job.id for job in page]
        assert 2 == len([job async for job in client.jobs.iterate()])

    async def test_an_item_that_is_no_job_is_left_out_with_a_warning(
        self, stub: StubServer, client: AsyncOsapiClient
    ) -> None:
        stub.fail_next(status=200, body={"total_items": 2, "items": [{"id": "a"}, 7]})
        with pytest.warns(ResponseWarning, match=r"items\[1\]"):
            assert ["a"] == [job.id for job in await client.jobs.list()]

    async def test_a_page_knows_the_reply_it_came_from(self, stub: StubServer, client: AsyncOsapiClient) -> None:
        info = response_info(await client.jobs.list())
        assert (200, 1, 32) == (info.status_code, info.attempts, len(info.request_id or ""))


def field_by_field(job: OsapiJob) -> dict[str, Any]:
    """A job as the reference page lists its fields, each taken from its attribute."""
    return {
        "id": job.id,
        "status": job.status,
        "created": job.created,
        "operation": job.operation,
        "result": job.result,
        "changed": job.changed,
        "error": job.error,
        "hostname": job.hostname,
        "updated_at": job.updated_at,
        "responses": {
            key: {
                "status": response.status,
                "data": response.data,
                "changed": response.changed,
                "error": response.error,
                "hostname": response.hostname,
            }
            for key, response in (job.responses or {}).items()
        },
        "agent_states": {
            key: {"status": state.status, "error": state.error, "duration": state.duration_text}
            for key, state in (job.agent_states or {}).items()
        },
        "timeline": [
            {
                "timestamp": event.timestamp,
                "event": event.event,
                "hostname": event.hostname,
                "message": event.message,
                "error": event.error,
            }
            for event in job.timeline or []
        ],
    }


class TestIterate:
    async def test_all_jobs_come_once_ordered_by_id(self, stub: StubServer, client: AsyncOsapiClient) -> None:
        ids = [stub.osapi.add() for _ in range(25)]
        got = [job.id async for job in client.jobs.iterate(page_size=10)]
        assert sorted(ids, reverse=True) == got
        assert ["0", "10", "20"] == [request.query["offset"] for request in stub.requests]

    async def test_short_and_empty_pages_do_not_end_it(self, stub: StubServer, client: AsyncOsapiClient) -> None:
        first = stub.osapi.add()
        stub.osapi.add_unreadable(25)
        last = stub.osapi.add()
        assert sorted((first, last), reverse=True) == [job.id async for job in client.jobs.iterate(page_size=10)]
        assert 3 == len(stub.requests)

    async def test_jobs_made_meanwhile_bring_none_twice(self, stub: StubServer, client: AsyncOsapiClient) -> None:
        ids = [stub.osapi.add() for _ in range(20)]
        got: list[str | None] = []
        async for job in client.jobs.iterate(page_size=5):
            got.append(job.id)
            stub.osapi.add()
            assert len(got) < 100
        assert sorted(ids, reverse=True) == [each for each in got if each in ids]
        assert len(got) == len(set(got))

    async def test_a_page_over_the_limit_is_asked_for_in_smaller_ones(self, stub: StubServer, connect: Connect) -> None:
        ids = [stub.osapi.add(result={"data": "x" * 9_000}) for _ in range(20)]
        client = connect(max_body_bytes=30_000)
        found = [str(job.id) async for job in client.jobs.iterate()]
        assert sorted(found) == sorted(ids)
        assert [each.query["limit"] for each in stub.requests[:7]] == ["100", "50", "25", "12", "6", "3", "3"]
        with pytest.raises(ResponseValidationError, match=r"limit=20 and offset=0.*page_size="):
            await client.jobs.list(limit=20, offset=0)

    async def test_a_job_over_the_limit_is_raised_after_those_before_it(
        self, stub: StubServer, connect: Connect
    ) -> None:
        for _ in range(3):
            stub.osapi.add()
        jobs = connect(max_body_bytes=900).jobs.iterate(page_size=2)
        stub.osapi.add(result={"data": "x" * 5_000})
        with pytest.raises(ResponseValidationError, match="limit=1 and offset=") as caught:
            [job async for job in jobs]
        begin = jobs.offset
        assert f"a page of 1 job from number {begin + 1} on." in caught.value.problem
        assert f"go on after that job with offset={begin + 1}" in (caught.value.advice or "")
        after = connect(max_body_bytes=900).jobs.iterate(page_size=2, offset=begin + 1)
        assert len([job async for job in after]) == 4 - begin - 1

    async def test_jobs_deleted_meanwhile_hide_no_others(self, stub: StubServer, client: AsyncOsapiClient) -> None:
        ids = sorted((stub.osapi.add() for _ in range(20)), reverse=True)
        got: list[str | None] = []
        async for job in client.jobs.iterate(page_size=5):
            got.append(job.id)
            if len(got) == 5:
                stub.osapi.delete(ids[0])
                stub.osapi.delete(ids[-1])
        assert sorted(map(str, got)) == sorted(ids[:-1])

    async def test_a_loop_that_deletes_what_it_gets_leaves_none(
        self, stub: StubServer, client: AsyncOsapiClient
    ) -> None:
        for number in range(60):
            stub.osapi.add(status="failed" if number % 6 == 0 else "completed")
        async for job in client.jobs.iterate(status="completed", page_size=7):
            await client.jobs.delete(str(job.id))
        assert {job["status"] for job in stub.osapi.jobs} == {"failed"}

    async def test_a_filter_and_a_limit_are_kept_to(self, stub: StubServer, client: AsyncOsapiClient) -> None:
        for number in range(20):
            stub.osapi.add(status="failed" if number % 2 else "completed")
        jobs = [job async for job in client.jobs.iterate(status="failed", limit=7, page_size=5, offset=1)]
        assert ["failed"] * 7 == [job.status for job in jobs]
        assert [("5", "1"), ("2", "6")] == [(r.query["limit"], r.query["offset"]) for r in stub.requests]

    async def test_after_an_error_it_goes_on_with_the_page_that_failed(
        self, stub: StubServer, client: AsyncOsapiClient
    ) -> None:
        ids = [stub.osapi.add() for _ in range(10)]
        jobs = client.jobs.iterate(page_size=5)
        got = [(await jobs.__anext__()).id for _ in range(5)]
        stub.fail_next(status=500, times=3)
        with pytest.raises(ServerError):
            await jobs.__anext__()
        assert 5 == jobs.offset
        assert sorted(ids, reverse=True) == got + [job.id async for job in jobs]

    async def test_a_list_without_end_is_left_with_a_warning(self, connect: Connect) -> None:
        endless = {"total_items": 10**9, "items": [{"id": "a"}]}
        with RawServer(reply(endless)) as server:
            client = connect(base_url=server.base_url, api_prefix="")
            with pytest.warns(ResponseWarning, match="ignore offset=1:"):
                assert ["a"] == [job.id async for job in client.jobs.iterate(page_size=1)]

    @pytest.mark.parametrize(
        "options", [{"limit": -1}, {"page_size": 0}, {"page_size": 101}, {"offset": -1}, {"status": "skipped"}]
    )
    async def test_a_value_outside_its_range_is_refused_at_once(
        self, stub: StubServer, client: AsyncOsapiClient, options: dict[str, Any]
    ) -> None:
        with pytest.raises(RequestValidationError):
            client.jobs.iterate(**options)
        assert [] == stub.requests


class TestGetAndDelete:
    async def test_a_job_without_any_field_but_its_id_is_a_job(
        self, stub: StubServer, client: AsyncOsapiClient
    ) -> None:
        stub.osapi.add_raw({"id": ID})
        job = await client.jobs.get(ID)
        assert {"id": ID} == job.model_dump(exclude_unset=True)

    async def test_an_unknown_job_is_named_as_such(self, client: AsyncOsapiClient) -> None:
        for call in (client.jobs.get, client.jobs.delete, client.jobs.retry):
            with pytest.raises(JobNotFoundError, match=ID):
                await call(ID)

    async def test_an_id_that_is_no_uuid_is_not_sent(self, stub: StubServer, client: AsyncOsapiClient) -> None:
        for call in (client.jobs.get, client.jobs.delete, client.jobs.retry, client.jobs.wait):
            with pytest.raises(RequestValidationError, match="UUID"):
                await call("../job")
        assert [] == stub.requests

    async def test_a_deleted_job_is_gone(self, stub: StubServer, client: AsyncOsapiClient) -> None:
        job_id = stub.osapi.add()
        assert await client.jobs.delete(job_id) is None  # type: ignore[func-returns-value]
        assert [] == stub.osapi.jobs
        with pytest.raises(JobNotFoundError):
            await client.jobs.delete(job_id)

    @pytest.mark.parametrize("fault", [name for name in BROKEN if name not in ("a list", "empty", "not JSON", "cut")])
    async def test_a_job_that_is_gone_at_the_second_attempt_was_deleted_by_the_first(
        self, stub: StubServer, connect: Connect, fault: str
    ) -> None:
        job_id = stub.osapi.add()
        stub.fail_next(method="DELETE", **BROKEN[fault], processed=True)
        client = connect(timeout=Timeout(response=0.5 if fault == "timeout" else 30.0))
        await client.jobs.delete(job_id)
        assert stub.osapi.jobs == []
        assert [request.method for request in stub.requests] == ["DELETE", "DELETE", "GET", "GET"]

    async def test_the_same_reply_proves_nothing_where_the_store_cannot_be_reached(
        self, stub: StubServer, client: AsyncOsapiClient
    ) -> None:
        job_id = stub.osapi.add()
        stub.fail_next(method="DELETE", status=500)
        stub.fail_next(method="DELETE", status=404, body={"error": f"job not found: {job_id}"})
        stub.fail_next(method="GET", status=500, body={"error": "error fetching jobs: deadline exceeded"}, times=9)
        with pytest.raises(ServerError, match="deadline exceeded"):
            await client.jobs.delete(job_id)
        assert len(stub.osapi.jobs) == 1

    async def test_a_list_that_is_not_found_proves_no_deletion(
        self, stub: StubServer, client: AsyncOsapiClient
    ) -> None:
        gone = {"error": "no such thing"}
        stub.fail_next(method="DELETE", status=500)
        stub.fail_next(method="DELETE", status=404, body=gone)
        stub.fail_next(method="GET", status=404, body=gone)
        with pytest.raises(NotFoundError, match="api_prefix") as caught:
            await client.jobs.delete(stub.osapi.add())
        assert NotFoundError is type(caught.value)

    async def test_a_path_that_is_not_there_is_no_deletion(self, stub: StubServer, client: AsyncOsapiClient) -> None:
        stub.fail_next(status=502)
        stub.fail_next(status=404, body={"message": "Not Found"})
        with pytest.raises(NotFoundError, match="api_prefix") as caught:
            await client.jobs.delete(stub.osapi.add())
        assert NotFoundError is type(caught.value)


class TestRetry:
    async def test_it_makes_a_new_job_of_the_old_ones_operation(
        self, stub: StubServer, client: AsyncOsapiClient
    ) -> None:
        stub.osapi.add(id=ID, operation={"type": "command.shell.execute", "data": {"command": "uptime"}})
        made = await client.jobs.retry(ID)
        job = await client.jobs.get(made.job_id)
        assert ("created", "command.shell.execute", "submitted") == (made.status, job.operation_type, job.status)
        assert made.time is not None
        assert ["retried"] == [event.event for event in (await client.jobs.get(ID)).timeline or []]

    @pytest.mark.parametrize("target", ["_any", "_all", "web-02", "group:web"])
    async def test_the_target_is_sent_as_given(self, stub: StubServer, client: AsyncOsapiClient, target: str) -> None:
        await client.jobs.retry(stub.osapi.add(), target)
        assert {"target_hostname": target} == stub.requests[-1].json
        assert "close" == stub.requests[-1].headers["connection"]

    async def test_an_unknown_host_is_a_bad_request(self, stub: StubServer, client: AsyncOsapiClient) -> None:
        with pytest.raises(BadRequestError, match="not found"):
            await client.jobs.retry(stub.osapi.add(), "nowhere")
        with pytest.raises(BadRequestError, match="operation"):
            job_id = stub.osapi.add(operation=None)
            stub.fail_next(method="GET", status=404, body={"error": "job not found"})  # no such job fits the schema
            await client.jobs.retry(job_id)

    @pytest.mark.parametrize("fault", [name for name in BROKEN if name != "timeout"])
    async def test_a_lost_one_is_found_by_the_note_of_the_old_job(
        self, stub: StubServer, client: AsyncOsapiClient, fault: str
    ) -> None:
        job_id = stub.osapi.add()
        first = await client.jobs.retry(job_id)
        stub.fail_next(method="POST", **BROKEN[fault], processed=True)
        found = await client.jobs.retry(job_id)
        assert found.job_id in {job["id"] for job in stub.osapi.jobs} - {job_id, first.job_id}
        assert (found.status, response_info(found).recovered) == ("submitted", True)
        assert [request.method for request in stub.requests].count("POST") == 2

    @pytest.mark.parametrize("fault", [name for name in BROKEN if name not in ("timeout", "cut")])
    async def test_one_that_may_have_worked_is_never_sent_again(
        self, stub: StubServer, client: AsyncOsapiClient, fault: str
    ) -> None:
        job_id = stub.osapi.add()
        stub.fail_next(method="POST", **BROKEN[fault], processed=False)
        with pytest.raises(CreateOutcomeUnknownError, match="not sent again") as caught:
            await client.jobs.retry(job_id, "_all")
        assert ({"target_hostname": "_all"}, f"/job/{job_id}/retry", ()) == (
            caught.value.request,
            caught.value.path,
            caught.value.candidates,
        )
        assert (1, 1) == (sum(each.method == "POST" for each in stub.requests), caught.value.attempts)
        assert len(stub.osapi.jobs) == 1

    async def test_where_the_old_notes_could_not_be_read_nothing_is_returned_by_guess(
        self, stub: StubServer, connect: Connect
    ) -> None:
        job_id = stub.osapi.add()
        stub.fail_next(method="GET", status=500)
        stub.fail_next(method="POST", close=True, processed=True)
        with pytest.raises(CreateOutcomeUnknownError, match="not sent again"):
            await connect(retry=None).jobs.retry(job_id)

    async def test_several_new_notes_are_named(self, stub: StubServer, client: AsyncOsapiClient) -> None:
        notes = [{"event": "retried", "message": f"Job retried as {ID[:-1]}{digit}"} for digit in "12"]
        job_id = stub.osapi.add(then={1: {"timeline": notes}})
        stub.fail_next(method="POST", close=True)
        with pytest.raises(CreateOutcomeUnknownError, match=f"{ID[:-1]}1, {ID[:-1]}2"):
            await client.jobs.retry(job_id)

    async def test_one_whose_answer_came_too_late_is_not_sent_again(self, stub: StubServer, connect: Connect) -> None:
        stub.fail_next(method="POST", delay=5, processed=True)
        found = await connect(timeout=Timeout(response=0.5)).jobs.retry(stub.osapi.add())
        assert response_info(found).recovered
        assert (1, 2) == (sum(each.method == "POST" for each in stub.requests), len(stub.osapi.jobs))

    async def test_an_answer_without_a_job_id_leaves_open_what_happened(
        self, stub: StubServer, client: AsyncOsapiClient
    ) -> None:
        stub.fail_next(method="POST", status=201, body={"status": "created"})
        with pytest.raises(CreateOutcomeUnknownError):
            await client.jobs.retry(stub.osapi.add())
        assert 1 == sum(each.method == "POST" for each in stub.requests)

    @pytest.mark.parametrize("status", [408, 425, 429])
    async def test_one_refused_before_work_is_sent_again(
        self, stub: StubServer, client: AsyncOsapiClient, status: int
    ) -> None:
        stub.fail_next(method="POST", status=status)
        await client.jobs.retry(stub.osapi.add())
        assert (2, 2) == (sum(each.method == "POST" for each in stub.requests), len(stub.osapi.jobs))

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 415, 422])
    async def test_a_definite_no_is_raised_as_it_is(
        self, stub: StubServer, client: AsyncOsapiClient, status: int
    ) -> None:
        stub.fail_next(method="POST", status=status)
        with pytest.raises(APIStatusError) as caught:
            await client.jobs.retry(stub.osapi.add())
        assert (status, 1) == (caught.value.status_code, sum(each.method == "POST" for each in stub.requests))

    async def test_a_server_that_is_not_there_was_sent_nothing(self, connect: Connect) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            with pytest.raises(APIConnectionError) as caught:
                await connect(base_url=f"http://127.0.0.1:{unused.getsockname()[1]}").jobs.retry(ID)
        assert (False, 3) == (caught.value.request_sent, caught.value.attempts)


class TestRead:
    @pytest.mark.parametrize("fault", BROKEN)
    async def test_it_is_sent_again(self, stub: StubServer, connect: Connect, fault: str) -> None:
        client = connect(timeout=Timeout(response=0.5 if fault == "timeout" else 30.0))
        stub.fail_next(**BROKEN[fault])
        page = await client.jobs.list()
        assert (2, 2) == (len(stub.requests), response_info(page).attempts)

    @pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 409, 410, 413, 415, 418, 422, 301, 304])
    async def test_a_definite_answer_is_final(self, stub: StubServer, client: AsyncOsapiClient, status: int) -> None:
        stub.fail_next(status=status)
        with pytest.raises(APIStatusError) as caught:
            await client.jobs.get(ID)
        assert (status, 1, 1) == (
            caught.value.status_code,
            len(stub.requests),
            caught.value.attempts,
        )

    @pytest.mark.parametrize("status", [429, 503])
    async def test_retry_after_is_waited_for(
        self, stub: StubServer, client: AsyncOsapiClient, pauses: Any, status: int
    ) -> None:
        stub.fail_next(status=status, headers={"Retry-After": "17"})
        await client.jobs.list()
        assert [17.0] == pauses.seconds

    async def test_an_absurd_retry_after_is_raised_at_once(
        self, stub: StubServer, client: AsyncOsapiClient, pauses: Any
    ) -> None:
        stub.fail_next(status=429, headers={"Retry-After": "86400"})
        with pytest.raises(RateLimitError):
            await client.jobs.list()
        assert [] == pauses.seconds

    async def test_attempts_are_bounded(self, stub: StubServer, client: AsyncOsapiClient, pauses: Any) -> None:
        stub.fail_next(status=500, times=9)
        with pytest.raises(ServerError) as caught:
            await client.jobs.list()
        assert (3, 3, 2) == (
            len(stub.requests),
            caught.value.attempts,
            len(pauses.seconds),
        )

    async def test_a_reply_over_the_limit_is_not_read(self, stub: StubServer, connect: Connect) -> None:
        stub.fail_next(status=200, body=b'{"items": []}'.ljust(1001), times=2)
        with pytest.raises(ResponseValidationError, match="max_body_bytes"):
            await connect(max_body_bytes=1000).jobs.list()

    @pytest.mark.parametrize("prefix", ["https://u:planted@h", "//u:planted@h", "/a?password=planted", "u:planted@h"])
    async def test_a_prefix_that_is_refused_shows_no_password(self, prefix: str) -> None:
        with pytest.raises(ConfigurationError, match="api_prefix is") as caught:
            AsyncOsapiClient("t", api_prefix=prefix)
        assert "planted" not in f"{caught.value} {caught.value!r}"

    async def test_a_redirect_is_not_followed(self, stub: StubServer, client: AsyncOsapiClient) -> None:
        stub.fail_next(status=307, body=b"", headers={"location": "https://elsewhere.example/"})
        with pytest.raises(APIStatusError, match=r"elsewhere\.example"):
            await client.jobs.list()
        assert 1 == len(stub.requests)


class TestRefusals:
    async def test_both_error_shapes_are_read(self, stub: StubServer, client: AsyncOsapiClient) -> None:
        for body in ({"error": "the limit is wrong"}, {"message": "the limit is wrong"}):
            stub.fail_next(status=400, body=body)
            with pytest.raises(BadRequestError, match="the limit is wrong") as caught:
                await client.jobs.list()
            assert "the limit is wrong" == caught.value.message

    async def test_the_web_page_in_the_place_of_the_list_says_that_the_prefix_is_wrong(
        self, stub: StubServer, connect: Connect
    ) -> None:
        stub.osapi.web_ui = True
        with pytest.raises(ResponseValidationError, match="api_prefix is probably wrong"):
            await connect(api_prefix="").jobs.list()
        assert 0 == len(await connect().jobs.list())

    @pytest.mark.parametrize(
        ("served", "web_ui", "prefix"), [([""], False, "/api"), (["/api"], False, ""), (["/api"], True, "/api/v1")]
    )
    async def test_a_path_that_does_not_exist_advises_to_check_the_prefix(
        self, stub: StubServer, connect: Connect, served: list[str], web_ui: bool, prefix: str
    ) -> None:
        stub.osapi.prefixes, stub.osapi.web_ui = served, web_ui
        with pytest.raises(NotFoundError, match="api_prefix") as caught:
            await connect(api_prefix=prefix).jobs.list()
        assert NotFoundError is type(caught.value)

    async def test_a_missing_scope_is_named(self, stub: StubServer, connect: Connect) -> None:
        stub.osapi.tokens = {"reader": ["job:read"], "none": []}
        job_id = stub.osapi.add()
        reader, powerless = connect(token="reader"), connect(token="none")
        assert 1 == len(await reader.jobs.list())
        for call in (reader.jobs.delete, reader.jobs.retry):
            with pytest.raises(PermissionDeniedError, match="job:write"):
                await call(job_id)
        with pytest.raises(PermissionDeniedError, match="job:read"):
            await powerless.jobs.get(job_id)
        with pytest.raises(AuthenticationError, match="OSAPI_TOKEN"):
            await connect(token="stranger").jobs.list()

    async def test_strict_holds_replies_against_the_schema(self, stub: StubServer, connect: Connect) -> None:
        client = connect(strict=True)
        assert {} == (await client.jobs.list()).status_counts  # null, on an empty store
        stub.osapi.add(**{**BROADCAST, "result": {}})
        assert 1 == len(await client.jobs.list())
        assert ID == (await client.jobs.get(ID)).id
        await client.jobs.delete(ID)


class TestWait:
    async def test_a_store_that_is_away_does_not_end_the_wait(self, stub: StubServer, client: AsyncOsapiClient) -> None:
        polls = 0

        def update(job: OsapiJob) -> None:
            nonlocal polls
            polls += 1
            if polls == 1:
                stub.fail_next(method="GET", path=f"/job/{job.id}", status=404, body={"error": "job not found"})
                stub.fail_next(method="GET", path="/job?", status=500, times=3)

        job_id = stub.osapi.add(status="processing", then={8: {"status": "completed"}})
        assert (await client.jobs.wait(job_id, on_update=update)).status == "completed"

    async def test_a_server_without_its_store_is_waited_for(self, stub: StubServer, connect: Connect) -> None:
        seen: list[tuple[str, int | None]] = []

        def follow(info: CallInfo) -> None:
            seen.append((info.url.removeprefix(stub.osapi_url), info.status_code))
            stub.osapi.store_away = "processing" in states and len(seen) < 9

        states: list[str | None] = []
        job_id = stub.osapi.add(status="processing", then={20: {"status": "completed"}})
        client = connect(hooks=Hooks(on_response=follow))
        job = await client.jobs.wait(job_id, on_update=lambda job: states.append(job.status))
        assert (job.status, job.id) == ("completed", job_id)
        assert {(f"/api/job/{job_id}", 404), ("/api/job?limit=1", 500)} <= set(seen)

    async def test_a_store_that_is_away_from_the_first_poll_on_is_waited_for(
        self, stub: StubServer, client: AsyncOsapiClient
    ) -> None:
        job_id = stub.osapi.add(status="completed")
        stub.fail_next(method="GET", path=f"/job/{job_id}", status=404, body={"error": "job not found"})
        stub.fail_next(method="GET", path="/job?", status=500, times=3)
        assert (await client.jobs.wait(job_id)).status == "completed"

    async def test_a_job_that_never_was_is_not_found(self, stub: StubServer, client: AsyncOsapiClient) -> None:
        with pytest.raises(JobNotFoundError):
            await client.jobs.wait("00000000-0000-4000-8000-000000000000")

    async def test_a_list_that_is_not_found_does_not_end_the_wait(
        self, stub: StubServer, client: AsyncOsapiClient
    ) -> None:
        def update(job: OsapiJob) -> None:
            if len(stub.requests) == 1:
                stub.fail_next(method="GET", path=f"/job/{job.id}", status=404, body={"error": "job not found"})
                stub.fail_next(method="GET", path="/job", status=404, body={"error": "no such thing"})

        job_id = stub.osapi.add(status="processing", then={8: {"status": "completed"}})
        assert (await client.jobs.wait(job_id, on_update=update)).status == "completed"

    async def test_a_job_that_is_deleted_meanwhile_is_not_found(
        self, stub: StubServer, client: AsyncOsapiClient
    ) -> None:
        job_id = stub.osapi.add(status="processing")
        with pytest.raises(JobNotFoundError):
            await client.jobs.wait(job_id, on_update=lambda job: stub.osapi.delete(job_id))

    async def test_a_page_in_the_place_of_the_job_is_raised_at_once(self, stub: StubServer, connect: Connect) -> None:
        stub.fail_next(status=200, body="<html></html>", headers={"Content-Type": "text/html"}, times=99)
        with pytest.raises(ResponseValidationError, match="HTML page"):
            await connect().jobs.wait(stub.osapi.add(status="processing"), timeout=5)
        assert len(stub.requests) == 2

    async def test_a_job_that_was_never_seen_says_why(self, stub: StubServer, client: AsyncOsapiClient) -> None:
        stub.fail_next(method="GET", status=500, times=1000)
        with pytest.raises(WaitTimeoutError, match="it was never seen: 500") as caught:
            await client.jobs.wait(stub.osapi.add(status="processing"), timeout=5)
        assert isinstance(caught.value.__cause__, ServerError)

    async def test_a_job_that_stays_submitted_was_taken_by_no_agent(
        self, stub: StubServer, client: AsyncOsapiClient
    ) -> None:
        with pytest.raises(WaitTimeoutError, match=r"submitted\); no agent has taken it"):
            await client.jobs.wait(stub.osapi.add(status="submitted"), timeout=5)

    async def test_it_returns_the_job_at_its_end(self, stub: StubServer, client: AsyncOsapiClient, pauses: Any) -> None:
        seen: list[str | None] = []
        job_id = stub.osapi.add(status="submitted", then={4: {"status": "processing"}, 8: {"status": "completed"}})
        job = await client.jobs.wait(job_id, on_update=lambda job: seen.append(job.status))
        assert ("completed", [3.0, 3.0, 3.0]) == (job.status, pauses.seconds)
        assert ["submitted", "submitted", "processing", "completed"] == seen

    @pytest.mark.parametrize("status", ["completed", "failed", "partial_failure", "skipped"])
    async def test_every_end_is_returned_alike(self, stub: StubServer, client: AsyncOsapiClient, status: str) -> None:
        job = await client.jobs.wait(stub.osapi.add(status=status))
        assert (status, 1) == (job.status, len(stub.requests))

    async def test_a_failed_job_that_recovers_during_settle_is_returned_as_recovered(
        self, stub: StubServer, client: AsyncOsapiClient
    ) -> None:
        steps = {40: {"status": "processing"}, 50: {"status": "completed"}}
        job_id = stub.osapi.add(status="failed", then=steps)
        assert "failed" == (await client.jobs.wait(job_id)).status
        assert "completed" == (await client.jobs.wait(job_id, settle=60)).status

    async def test_a_failure_that_stays_is_the_end_after_settle(
        self, stub: StubServer, client: AsyncOsapiClient, pauses: Any
    ) -> None:
        pauses.monotonic = lambda: sum(pauses.seconds)
        job = await client.jobs.wait(stub.osapi.add(status="failed"), settle=10, poll_interval=4)
        assert ("failed", [4, 4, 2]) == (job.status, pauses.seconds)

    async def test_at_the_timeout_a_failure_is_returned_before_settle_is_over(
        self, stub: StubServer, client: AsyncOsapiClient, pauses: Any
    ) -> None:
        pauses.monotonic = lambda: sum(pauses.seconds)
        job = await client.jobs.wait(stub.osapi.add(status="failed"), settle=1000, timeout=10)
        assert ("failed", 10) == (job.status, sum(pauses.seconds))

    async def test_a_job_that_does_not_end_in_time_is_named_with_its_last_state(
        self, stub: StubServer, client: AsyncOsapiClient, pauses: Any
    ) -> None:
        pauses.monotonic = lambda: sum(pauses.seconds)
        job_id = stub.osapi.add(status="processing")
        with pytest.raises(WaitTimeoutError, match=job_id) as caught:
            await client.jobs.wait(job_id, timeout=10)
        assert caught.value.last is not None
        assert "processing" == caught.value.last.status
        assert 10 == sum(pauses.seconds)

    async def test_a_job_deleted_meanwhile_is_not_found(self, stub: StubServer, client: AsyncOsapiClient) -> None:
        job_id = stub.osapi.add(status="processing")
        with pytest.raises(JobNotFoundError):
            await client.jobs.wait(job_id, on_update=lambda _: stub.osapi.delete(job_id))

    async def test_failures_that_pass_are_retried(self, stub: StubServer, connect: Connect) -> None:
        job_id = stub.osapi.add(status="completed")
        stub.fail_next(status=503, times=8)
        job = await connect(retry=RetryPolicy(base_delay=0)).jobs.wait(job_id)
        assert ("completed", 9) == (job.status, len(stub.requests))

    @pytest.mark.parametrize(
        "options", [{"timeout": 0}, {"poll_interval": 0}, {"poll_interval": math.inf}, {"settle": "1"}]
    )
    async def test_a_value_outside_its_range_is_refused(
        self, stub: StubServer, client: AsyncOsapiClient, options: dict[str, Any]
    ) -> None:
        with pytest.raises(RequestValidationError):
            await client.jobs.wait(ID, **options)
        assert [] == stub.requests
