"""OSAPI's requests, its settings, and when a job has ended."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from asked import asking_for, client_settings

from trio_client._core.error_reply import error_from
from trio_client._core.osapi import (
    OSAPI,
    Ending,
    clean_prefix,
    delete_job,
    get_job,
    list_jobs,
    retry_job,
    retry_outcome_unknown,
    with_prefix,
)
from trio_client._core.reply import Reply
from trio_client._core.retry.failure import Effect
from trio_client.errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    JobNotFoundError,
    NotFoundError,
    PermissionDeniedError,
    RequestValidationError,
    ServerError,
)
from trio_client.osapi import OsapiJob

ID = "550e8400-e29b-41d4-a716-446655440000"


def test_what_is_not_given_is_not_sent() -> None:
    assert ("GET", "/job", None) == (list_jobs().method, list_jobs().target, list_jobs().content)


def test_what_is_given_is_sent() -> None:
    assert (
        "/job?status=partial_failure&limit=100&offset=0"
        == list_jobs(status="partial_failure", limit=100, offset=0).target
    )
    assert "/job?limit=1" == list_jobs(limit=1).target


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("status", value) for value in ("skipped", "", "Completed", "pending", 7)],
        *[("limit", value) for value in (0, 101, -1, "10", 1.0, True)],
        *[("offset", value) for value in (-1, "0", 1.5, False)],
    ],
)
def test_a_value_outside_its_range_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(RequestValidationError, match=field) as caught:
        list_jobs(**{field: value})
    assert (field, value) == (caught.value.field, caught.value.value)


def test_each_call_has_its_path_and_its_effect() -> None:
    described = [(call.method, call.target, call.effect) for call in (get_job(ID), delete_job(ID), retry_job(ID))]
    assert [
        ("GET", f"/job/{ID}", Effect.SAFE),
        ("DELETE", f"/job/{ID}", Effect.SAFE),
        ("POST", f"/job/{ID}/retry", Effect.ONCE),
    ] == described
    assert retry_job(ID).fresh_connection


@pytest.mark.parametrize(
    "id",
    [
        "",
        "a",
        ID[:-1],
        ID + "0",
        f" {ID}",
        f"{ID}\n",
        ID.replace("-", ""),
        f"{{{ID}}}",
        "../job",
        ID[:-1] + "g",
        None,
        7,
    ],
)
def test_an_id_that_is_no_uuid_is_refused(id: Any) -> None:
    for describe in (get_job, delete_job, retry_job):
        with pytest.raises(RequestValidationError, match="not a UUID") as caught:
            describe(id)
        assert ("id", id) == (caught.value.field, caught.value.value)


def test_a_retry_names_its_target_only_if_there_is_one() -> None:
    assert (b"{}", b'{"target_hostname":"_all"}') == (retry_job(ID).content, retry_job(ID, "_all").content)
    with pytest.raises(RequestValidationError, match="target_hostname is empty"):
        retry_job(ID, "")


def test_a_retry_that_may_have_worked_is_reported_with_what_was_sent() -> None:
    cause, when = ServerError("broken", status_code=500), datetime(2026, 1, 1, tzinfo=timezone.utc)
    cause.attempts = 1
    error = retry_outcome_unknown(retry_job(ID, "_all"), cause, when)
    assert ({"target_hostname": "_all"}, f"/job/{ID}/retry", when, 1) == (
        error.request,
        error.path,
        error.sent_at,
        error.attempts,
    )
    assert "not sent again" in str(error)


@pytest.mark.parametrize(
    ("given", "expected"), [("/api", "/api"), ("/api/", "/api"), ("", ""), ("/", ""), ("/a/b.c", "/a/b.c")]
)
def test_a_prefix_is_a_path_or_nothing(given: str, expected: str) -> None:
    assert expected == clean_prefix(given)


@pytest.mark.parametrize("prefix", ["api", "/a//b", "/../a", "/a?b", "/a b", "/a#", "/ä", "/%2e", None, 7])
def test_a_prefix_that_leads_elsewhere_is_refused(prefix: Any) -> None:
    with pytest.raises(ConfigurationError, match="api_prefix"):
        clean_prefix(prefix)


def test_a_prefix_is_quoted_without_its_password() -> None:
    with pytest.raises(ConfigurationError) as caught:
        clean_prefix("https://user:p-w-d@host")
    assert "p-w-d" not in str(caught.value)


def test_a_prefix_that_the_address_has_already_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"OSAPI_URL.*api_prefix=''"):
        with_prefix("http://osapi.example/api", "/api")
    assert "http://api/api" == with_prefix("http://api", "/api")
    assert "http://osapi.example/api" == with_prefix("http://osapi.example/api", "")


def refused(status: int, content: bytes, media_type: str = "application/json") -> APIStatusError:
    reply = Reply(status, {"content-type": media_type, "x-request-id": "r-17"}, content)
    return error_from(reply, asking_for(OsapiJob), client_settings(OSAPI), wall_clock=0.0)


@pytest.mark.parametrize(
    ("status", "content", "media_type", "kind", "said"),
    [
        (400, b'{"error": "Limit: max"}', "application/json", BadRequestError, "Limit: max"),
        (400, b'{"message": "Invalid format"}', "application/json; charset=UTF-8", BadRequestError, "Invalid format"),
        (401, b'{"error": "Bearer token required"}', "application/json", AuthenticationError, "OSAPI_TOKEN"),
        (
            403,
            b'{"error": "job:write is required"}',
            "application/json",
            PermissionDeniedError,
            "job:write is required",
        ),
        (403, b"", "", PermissionDeniedError, "job:read to list and get, job:write"),
        (404, b'{"error": "job not found"}', "application/json", JobNotFoundError, "Check the id"),
        (404, b'{"message": "Not Found"}', "application/json", NotFoundError, "api_prefix"),
        (
            404,
            b"404 page not found\n",
            "text/plain; charset=utf-8",
            NotFoundError,
            "404 page not found. Check base_url",
        ),
        (404, b"<html>", "text/html", NotFoundError, "api_prefix"),
        (415, b'{"message": "Unsupported Media Type"}', "application/json", APIStatusError, "Unsupported"),
        (
            500,
            b'{"error": "failed to list jobs", "details": "x", "code": 17}',
            "application/json",
            ServerError,
            "failed",
        ),
    ],
)
def test_both_shapes_of_an_error_and_texts_are_read(
    status: int, content: bytes, media_type: str, kind: type[APIStatusError], said: str
) -> None:
    error = refused(status, content, media_type)
    assert type(error) is kind
    assert said in str(error)
    assert "TRIO" not in str(error)
    assert "r-17" == error.request_id


class TestEnding:
    def polls(self, *statuses: str, settle: float = 0.0, every: float = 1.0) -> list[bool]:
        now = [0.0]
        ending, reached = Ending(settle, lambda: now[0]), []
        for status in statuses:
            reached.append(ending.reached(OsapiJob(status=status)))
            now[0] += every
        return reached

    @pytest.mark.parametrize("status", ["completed", "failed", "partial_failure", "skipped"])
    def test_an_end_is_one_at_once(self, status: str) -> None:
        assert [False, False, True] == self.polls("submitted", "processing", status)

    @pytest.mark.parametrize("status", ["failed", "partial_failure"])
    def test_a_failure_must_have_stayed_for_the_time_to_settle(self, status: str) -> None:
        assert [False, False, True] == self.polls(status, status, status, settle=2)

    @pytest.mark.parametrize("status", ["completed", "skipped"])
    def test_what_is_no_failure_needs_not_settle(self, status: str) -> None:
        assert [False, True] == self.polls("failed", status, settle=100)

    def test_a_failure_after_a_recovery_starts_settle_again(self) -> None:
        statuses = ("failed", "failed", "processing", "failed", "failed", "failed")
        assert [False, False, False, False, False, True] == self.polls(*statuses, settle=2)

    def test_the_last_poll_is_at_the_end_of_settle(self) -> None:
        now = [0.0]
        ending = Ending(4.0, lambda: now[0])
        assert 3.0 == ending.next_poll(3.0)
        ending.reached(OsapiJob(status="failed"))
        assert 3.0 == ending.next_poll(3.0)
        now[0] = 3.0
        ending.reached(OsapiJob(status="failed"))
        assert 1.0 == ending.next_poll(3.0)
        now[0] = 9.0  # that poll failed; the next is not at once
        assert 3.0 == ending.next_poll(3.0)
