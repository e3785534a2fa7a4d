"""The stub's OSAPI side behaves as its documentation says."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from trio_client.stub import StubServer

ID = "550e8400-e29b-41d4-a716-446655440000"
AGENTS = ("db-01.lab.example", "web-01", "web-02")


@pytest.fixture
def osapi(stub: StubServer, tls: ssl.SSLContext) -> Iterator[httpx.Client]:
    headers = {"authorization": "Bearer test-token"}
    with httpx.Client(base_url=stub.osapi_url, headers=headers, verify=tls, trust_env=False, timeout=5) as client:
        yield client


@pytest.mark.parametrize("prefix", ["/api", ""])
def test_it_answers_with_and_without_the_prefix(stub: StubServer, osapi: httpx.Client, prefix: str) -> None:
    stub.osapi.add(id=ID)
    assert osapi.get(f"{prefix}/job").json()["items"][0]["id"] == ID
    assert osapi.get(f"{prefix}/job/{ID}").json()["id"] == ID
    assert osapi.post(f"{prefix}/job/{ID}/retry").status_code == 201
    assert osapi.delete(f"{prefix}/job/{ID}").status_code == 204


def test_an_empty_store_has_null_for_its_counts(osapi: httpx.Client) -> None:
    assert osapi.get("/api/job").json() == {"total_items": 0, "status_counts": None, "items": []}


def test_jobs_are_ordered_by_id_the_total_is_filtered_and_the_counts_are_not(
    stub: StubServer, osapi: httpx.Client
) -> None:
    ids = [stub.osapi.add(status=status) for status in ("failed", "completed", "completed")]
    page = osapi.get("/api/job", params={"status": "completed", "limit": 1}).json()
    assert ([job["id"] for job in page["items"]], page["total_items"]) == ([max(ids[1:])], 2)
    counts = {"submitted": 0, "processing": 0, "completed": 2, "failed": 1, "partial_failure": 0}
    assert page["status_counts"] == counts
    stub.osapi.add(status="skipped")
    assert osapi.get("/api/job").json()["status_counts"] == {**counts, "skipped": 1}


def test_without_a_limit_a_page_has_ten_jobs_and_past_the_end_none(stub: StubServer, osapi: httpx.Client) -> None:
    for _ in range(12):
        stub.osapi.add()
    assert len(osapi.get("/api/job").json()["items"]) == 10
    past = osapi.get("/api/job?offset=1000").json()
    assert (past["items"], past["total_items"]) == ([], 12)


def test_a_list_leaves_out_what_only_the_job_has(stub: StubServer, osapi: httpx.Client) -> None:
    detail: dict[str, Any] = {"responses": {"a": {}}, "agent_states": {"a": {}}, "timeline": [{}], "changed": True}
    stub.osapi.add(id=ID, hostname="a", **detail)
    (item,) = osapi.get("/api/job").json()["items"]
    assert set(item) == {"id", "status", "created", "operation", "hostname", "changed"}
    assert item["changed"] is None
    assert detail.items() <= osapi.get(f"/api/job/{ID}").json().items()


def test_records_that_cannot_be_read_are_counted_and_left_out(stub: StubServer, osapi: httpx.Client) -> None:
    job_id = stub.osapi.add()
    stub.osapi.add_unreadable(10)
    page = osapi.get("/api/job?limit=100").json()
    assert ([job["id"] for job in page["items"]], page["total_items"]) == ([job_id], 11)


def test_a_raw_job_is_shown_as_given(stub: StubServer, osapi: httpx.Client) -> None:
    stub.osapi.add_raw({})
    stub.osapi.add_raw({"id": ID, "timeline": 7})
    items = osapi.get("/api/job").json()["items"]
    assert sorted(items, key=len) == [{}, {"id": ID, "timeline": 7}]
    assert osapi.get(f"/api/job/{ID}").json() == {"id": ID, "timeline": 7}


def test_a_deleted_job_stays_counted(stub: StubServer, osapi: httpx.Client) -> None:
    stub.osapi.add(id=ID)
    assert osapi.delete(f"/api/job/{ID}").content == b""
    assert osapi.delete(f"/api/job/{ID}").status_code == 404
    page = osapi.get("/api/job").json()
    assert (page["total_items"], page["status_counts"]["completed"]) == (0, 1)


def test_a_retry_makes_a_job_that_is_done_in_time_and_notes_it_on_the_old_one(
    stub: StubServer, osapi: httpx.Client
) -> None:
    operation = {"type": "command.shell.execute", "data": {"command": "uptime"}}
    stub.osapi.add(id=ID, status="failed", operation=operation)
    made = osapi.post(f"/api/job/{ID}/retry", json={"target_hostname": "2b3c4d5e6f70418293a4b5c6d7e8f90a"}).json()
    assert (made["status"], made["revision"]) == ("created", 1)
    seen = []
    for _ in range(3):
        seen.append(osapi.get(f"/api/job/{made['job_id']}").json())
        stub.clock.advance(1)
    assert [job["status"] for job in seen] == ["submitted", "processing", "completed"]
    assert (seen[2]["operation"], seen[2]["hostname"]) == (operation, "web-02")
    old = osapi.get(f"/api/job/{ID}").json()
    assert (old["status"], old["timeline"][-1]["event"]) == ("failed", "retried")


@pytest.mark.parametrize(
    ("method", "path", "status", "shape"),
    [
        ("GET", "/api/job?limit=0", 400, "error"),
        ("GET", "/api/job?limit=101", 400, "error"),
        ("GET", "/api/job?offset=-1", 400, "error"),
        ("GET", "/api/job?status=skipped", 400, "error"),
        ("GET", "/api/job?status=", 400, "error"),
        ("GET", "/api/job?limit=ten", 400, "message"),
        ("GET", "/api/job/not-a-uuid", 400, "message"),
        ("GET", f"/api/job/{ID}", 404, "error"),
        ("DELETE", f"/api/job/{ID}", 404, "error"),
        ("POST", f"/api/job/{ID}/retry", 404, "error"),
        ("GET", "/api/jobs", 404, "message"),
        ("GET", "/api/v1/job", 404, "message"),
        ("POST", "/api/job", 405, "message"),
        ("GET", f"/api/job/{ID}/retry", 405, "message"),
    ],
)
def test_handlers_and_framework_write_different_errors(
    osapi: httpx.Client, method: str, path: str, status: int, shape: str
) -> None:
    answer = osapi.request(method, path)
    assert (answer.status_code, list(answer.json())) == (status, [shape])


def test_problems_of_several_parameters_are_reported_together(osapi: httpx.Client) -> None:
    text = osapi.get("/api/job?status=x&limit=101").json()["error"]
    assert re.search(r"'oneof' tag; .*'max' tag", text)


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"", None, 201),
        (b"{}", "application/json; charset=UTF-8", 201),
        (b'{"target_hostname": ""}', "application/json", 400),
        (b'{"target_hostname": 7}', "application/json", 400),
        (b"[]", "application/json", 400),
        (b"{", "application/json", 400),
        (b"{}", "text/plain", 415),
    ],
)
def test_the_body_of_a_retry_is_optional_and_checked(
    stub: StubServer, osapi: httpx.Client, content: bytes, media_type: str | None, status: int
) -> None:
    stub.osapi.add(id=ID)
    headers = {} if media_type is None else {"content-type": media_type}
    assert osapi.post(f"/api/job/{ID}/retry", content=content, headers=headers).status_code == status


def test_unknown_targets_and_operations_are_refused(stub: StubServer, osapi: httpx.Client) -> None:
    stub.osapi.agents = {"one": {"machine_id": "m1", "labels": {"a": "b.c"}}}
    stub.osapi.add(id=ID)

    def status(target: str | None) -> int:
        return osapi.post(f"/api/job/{ID}/retry", json={"target_hostname": target}).status_code

    assert [status(target) for target in ("one", "m1", "_all", "_any", "a:b", "a:b.c", None)] == [201] * 7
    assert [status(target) for target in ("x", "One", " one ", "a:c", "a:", "b:c", "m2")] == [400] * 7
    stub.osapi.update(ID, operation=None)
    assert osapi.post(f"/api/job/{ID}/retry").status_code == 400


def test_the_web_page_answers_every_unknown_get_outside_the_prefix(stub: StubServer, osapi: httpx.Client) -> None:
    stub.osapi.web_ui = True
    for path in ("/job", f"/job/{ID}", "/anything"):
        answer = osapi.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert osapi.get("/api/job").json()["items"] == []
    unknown = osapi.get("/api/nothing")
    assert (unknown.status_code, unknown.headers["content-type"][:10]) == (404, "text/plain")
    assert osapi.get("/api").text == osapi.get("/").text
    assert osapi.get("/index.html").headers["location"] == "./"
    refused = osapi.delete(f"/job/{ID}")
    assert (refused.status_code, refused.json()) == (405, {"message": "Method Not Allowed"})


@pytest.mark.parametrize(("served", "statuses"), [(["/api"], [200, 404]), ([""], [404, 200])])
def test_it_can_be_a_newer_or_an_older_server(
    stub: StubServer, osapi: httpx.Client, served: list[str], statuses: list[int]
) -> None:
    stub.osapi.prefixes = served
    assert [osapi.get(path).status_code for path in ("/api/job", "/job")] == statuses


@pytest.mark.parametrize("header", ["", "Bearer", "bearer test-token", "Basic abc", "test-token"])
def test_a_request_without_a_bearer_token_is_refused(osapi: httpx.Client, header: str) -> None:
    answer = osapi.get("/api/job", headers={"authorization": header})
    assert (answer.status_code, answer.json()) == (401, {"error": "Bearer token required"})


def test_tokens_have_scopes_where_that_is_wanted(stub: StubServer, osapi: httpx.Client) -> None:
    stub.osapi.add(id=ID)
    stub.osapi.tokens = {"reader": {"job:read"}, "writer": {"job:write"}}

    def statuses(token: str) -> list[int]:
        headers = {"authorization": f"Bearer {token}"}
        calls = [("GET", "/api/job"), ("GET", f"/api/job/{ID}"), ("POST", f"/api/job/{ID}/retry")]
        return [osapi.request(method, path, headers=headers).status_code for method, path in calls]

    assert (statuses("reader"), statuses("writer"), statuses("other")) == (
        [200, 200, 403],
        [403, 403, 201],
        [401, 401, 401],
    )
    refused = osapi.delete(f"/api/job/{ID}", headers={"authorization": "Bearer reader"})
    assert "job:write" in refused.json()["error"]


def test_a_host_name_is_accepted_and_no_agent_takes_the_job(stub: StubServer, osapi: httpx.Client) -> None:
    job_id = stub.osapi.add()
    made = osapi.post(f"/api/job/{job_id}/retry", json={"target_hostname": "web-01"}).json()["job_id"]
    stub.clock.advance(1_000)
    assert osapi.get(f"/api/job/{made}").json()["status"] == "submitted"


@pytest.mark.parametrize("target", [None, "_any", "_all"])
def test_every_agent_does_a_retry_without_one_target(stub: StubServer, osapi: httpx.Client, target: str | None) -> None:
    new = stub.osapi.retry(stub.osapi.add(), target)["job_id"]
    stub.clock.advance(5)
    job = osapi.get(f"/api/job/{new}").json()
    assert (job["status"], sorted(job["agent_states"])) == ("completed", ["db-01.lab.example", "web-01", "web-02"])


@pytest.mark.parametrize(
    ("outcomes", "statuses"),
    [
        ({}, ["submitted", "processing", "completed", "completed"]),
        ({"web-01": "absent"}, ["submitted", "processing", "completed", "completed"]),
        ({"web-01": "failed"}, ["submitted", "processing", "partial_failure", "partial_failure"]),
        ({"web-01": "mended"}, ["submitted", "processing", "partial_failure", "completed"]),
        ({"web-01": "skipped"}, ["submitted", "processing", "completed", "completed"]),
        ({"web-01": "too_large"}, ["submitted", "processing", "processing", "processing"]),
        (dict.fromkeys(AGENTS, "absent"), ["submitted"] * 4),
        (
            dict.fromkeys(AGENTS, "skipped"),
            ["submitted", "processing", "skipped", "skipped"],
        ),
    ],
)
def test_what_agents_make_of_a_job_can_be_scripted(
    stub: StubServer, osapi: httpx.Client, outcomes: dict[str, str], statuses: list[str]
) -> None:
    (job_id,) = osapi.post(f"{stub.url}/_stub/osapi", json={"run": [{"outcomes": outcomes}]}).json()["ids"]
    seen = []
    for seconds in (1, 1, 2, 1_000):
        seen.append(osapi.get(f"/api/job/{job_id}").json()["status"])
        stub.clock.advance(seconds)
    assert [*seen[:3], osapi.get(f"/api/job/{job_id}").json()["status"]] == statuses


@pytest.mark.parametrize(
    "wrong", [{"outcomes": {"web-01": "x"}}, {"outcomes": {"x": "failed"}}, {"target": "x"}, {"x": 1}]
)
def test_an_unknown_outcome_agent_or_target_is_refused(
    stub: StubServer, osapi: httpx.Client, wrong: dict[str, Any]
) -> None:
    assert osapi.post(f"{stub.url}/_stub/osapi", json={"run": [wrong]}).status_code == 422
    assert stub.osapi.jobs == []


def test_without_its_store_the_server_finds_no_job_and_lists_none(stub: StubServer, osapi: httpx.Client) -> None:
    stub.osapi.add(id=ID)
    stub.osapi.store_away = True
    calls = [
        ("GET", "/api/job"),
        ("GET", f"/api/job/{ID}"),
        ("DELETE", f"/api/job/{ID}"),
        ("POST", f"/api/job/{ID}/retry"),
    ]
    answers = [osapi.request(method, path) for method, path in calls]
    assert [answer.status_code for answer in answers] == [500, 404, 404, 404]
    assert answers[1].json() == {"error": f"job not found: {ID}"}
    stub.osapi.store_away = False
    assert osapi.get(f"/api/job/{ID}").status_code == 200


@pytest.mark.parametrize(
    ("text", "status", "problem"),
    [
        (ID, 404, "job not found"),
        (ID.upper(), 404, "job not found"),
        (f"urn:uuid:{ID}", 404, "job not found"),
        (f"%7B{ID}%7D", 404, "job not found"),
        (ID.replace("-", ""), 404, "job not found"),
        (f"urn:uuix:{ID}", 400, "invalid urn prefix"),
        (ID.replace("-", "_"), 400, "invalid UUID format"),
        ("%C3%A9", 400, "invalid UUID length: 2"),
    ],
)
def test_ids_are_read_in_every_form_of_a_uuid(osapi: httpx.Client, text: str, status: int, problem: str) -> None:
    answer = osapi.get(f"/api/job/{text}")
    assert (answer.status_code, problem in answer.text) == (status, True)
    assert status == 400 or answer.json() == {"error": f"job not found: {ID}"}


def test_every_answer_has_its_own_request_id(osapi: httpx.Client) -> None:
    ids = {osapi.get(path).headers["x-request-id"] for path in ("/api/job", "/job", "/nothing", "/job?limit=0")}
    assert len(ids) == 4
    assert osapi.get("/api/job", headers={"x-request-id": "mine"}).headers["x-request-id"] == "mine"


@pytest.mark.parametrize(
    ("content", "status", "text"),
    [
        (b'{"target_hostname": null}', 201, ""),
        (b"null", 201, ""),
        (b'{"TARGET_HOSTNAME": "_all"} trailing', 201, ""),
        (b"[1]", 400, "expected=gen.RetryJobRequest, got=array, field=, offset=1"),
        (b'{"target_hostname": 7}', 400, "expected=string, got=number, field=target_hostname"),
        (b"{", 400, "unexpected EOF"),
        (b"NaN", 400, "Syntax error"),
    ],
)
def test_the_body_of_a_retry_is_read_as_the_server_reads_json(
    stub: StubServer, osapi: httpx.Client, content: bytes, status: int, text: str
) -> None:
    job_id = stub.osapi.add()
    answer = osapi.post(f"/api/job/{job_id}/retry", content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, text in answer.text) == (status, True)


def test_numbers_and_repeated_parameters_are_refused_before_the_token(stub: StubServer, osapi: httpx.Client) -> None:
    stub.osapi.tokens = {}
    for query, text in (
        ("limit=ten", 'parsing "ten": invalid syntax'),
        ("limit=", 'parsing "": invalid syntax'),
        (f"offset={10**30}", "value out of range"),
        ("status=failed&status=failed", "multiple values for single value parameter 'status'"),
    ):
        answer = osapi.get(f"/api/job?{query}")
        assert (answer.status_code, text in answer.json()["message"]) == (400, True)
    assert osapi.get("/api/job?limit=0").status_code == 401
    assert osapi.get("/api/job?limit=1&unknown=2").status_code == 401


def test_requests_are_recorded_and_faults_apply_with_either_prefix(stub: StubServer, osapi: httpx.Client) -> None:
    stub.fail_next(path="/osapi/job", status=503, times=2)
    stub.fail_next(path="/jobs", status=500)
    answers = [osapi.get(path) for path in ("/api/job", "/job", "/api/job")]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[0].json() == {"error": "the server answered with status 503"}
    assert [request.path for request in stub.requests] == ["/osapi/api/job", "/osapi/job", "/osapi/api/job"]
    assert len(stub.faults) == 1


def test_a_reset_removes_everything(stub: StubServer, osapi: httpx.Client) -> None:
    stub.osapi.add()
    stub.osapi.web_ui, stub.osapi.tokens = True, {}
    stub.reset()
    assert (stub.osapi.jobs, osapi.get("/job").json()["status_counts"]) == ([], None)


def test_an_unknown_job_is_a_key_error(stub: StubServer) -> None:
    actions: list[Callable[[], object]] = [lambda: stub.osapi.update(ID, status="x"), lambda: stub.osapi.delete(ID)]
    for act in actions:
        with pytest.raises(KeyError):
            act()


def test_it_can_be_set_up_over_http(stub: StubServer, osapi: httpx.Client) -> None:
    body = {"jobs": [{"id": ID, "status": "failed"}], "tokens": {"a": ["job:read"]}, "web_ui": True}
    answer = osapi.post(f"{stub.url}/_stub/osapi", json=body)
    assert answer.json() == {"ids": [ID]}
    assert osapi.get("/api/job", headers={"authorization": "Bearer a"}).json()["items"][0]["status"] == "failed"
    assert osapi.post(f"{stub.url}/_stub/osapi", json={"nope": 1}).status_code == 422
