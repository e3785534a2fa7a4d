"""A reply becomes a model or an error of ours, whatever the server sends."""

from __future__ import annotations

import json
import logging
import tracemalloc
import warnings
from datetime import datetime, timezone
from typing import Any

import pytest
from asked import KEY, asking_for, client_settings
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from trio_client import errors, models
from trio_client._core.error_reply import error_from
from trio_client._core.reply import Reply, check_strictly, is_success, parse

SETTINGS = client_settings()


def reply(body: object, status: int = 200, **headers: str) -> Reply:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    found = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"content-type": "application/json", **found}, content)


def refused(body: object, status: int = 400, *, camera: str | None = None, **headers: str) -> errors.APIStatusError:
    call = asking_for(models.JobDetail, stream_url=camera)
    return error_from(reply(body, status, **headers), call, SETTINGS, wall_clock=0.0)


def read(model: type[BaseModel], body: object, status: int = 200) -> Any:
    return parse(reply(body, status), asking_for(model), SETTINGS)


def envelope(code: str | None, message: str = "It failed.", remediation: str | None = None) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "remediation": remediation}}


# which error


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequestError),
        (401, errors.AuthenticationError),
        (402, errors.InsufficientCreditsError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (422, errors.UnprocessableEntityError),
        (429, errors.RateLimitError),
        (500, errors.ServerError),
        (502, errors.ServerError),
        (503, errors.ServerError),
        (504, errors.ServerError),
        (599, errors.ServerError),
        *((status, errors.APIStatusError) for status in (100, 301, 304, 308, 405, 408, 413, 415, 418, 425, 451)),
    ],
)
@pytest.mark.parametrize("body", [b"", envelope("SOMETHING_NEW"), {"detail": "No."}, b"<html>"])
def test_the_status_decides_the_class_where_the_code_does_not(
    status: int, kind: type[errors.APIStatusError], body: object
) -> None:
    error = refused(body, status)
    assert (kind, status) == (type(error), error.status_code)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("NOT_LIVESTREAM", 400, errors.StreamUnavailableError),
        ("STREAM_OFFLINE", 400, errors.StreamUnavailableError),
        ("STREAM_FETCH_FAILED", 400, errors.StreamUnavailableError),
        ("FRAME_CAPTURE_FAILED", 400, errors.StreamUnavailableError),
        ("CLIP_CAPTURE_FAILED", 400, errors.StreamUnavailableError),
        ("not_livestream", 400, errors.StreamUnavailableError),
        ("JOB_NOT_FOUND", 404, errors.JobNotFoundError),
        ("Job_Not_Found", 404, errors.JobNotFoundError),
        ("MAX_JOBS_REACHED", 400, errors.MaxJobsReachedError),
        ("MAX_JOBS_REACHED", 403, errors.MaxJobsReachedError),
        ("MAX_JOBS_REACHED", 429, errors.MaxJobsReachedError),
        ("MAX_JOBS_REACHED", 503, errors.MaxJobsReachedError),
        ("INVALID_URL", 400, errors.BadRequestError),
        ("BAD_REQUEST", 400, errors.BadRequestError),
        ("A_CODE_OF_TOMORROW", 429, errors.RateLimitError),
    ],
)
def test_a_known_code_decides_the_class_in_any_case(code: str, status: int, kind: type[errors.APIStatusError]) -> None:
    error = refused(envelope(code), status)
    assert (kind, code, status) == (type(error), error.code, error.status_code)


@pytest.mark.parametrize(
    ("body", "code", "message", "remediation"),
    [
        (envelope("A", "It failed.", "Do this."), "A", "It failed.", "Do this."),
        (envelope(None, "It failed."), None, "It failed.", None),
        ({"error": "It failed."}, None, "It failed.", None),
        ({"error": "x", "message": "It failed."}, None, "It failed.", None),
        ({"code": "A", "message": "It failed."}, "A", "It failed.", None),
        ({"detail": "It failed."}, None, "It failed.", None),
        (envelope("A", "  It failed.\n"), "A", "It failed.", None),
        (b"\xef\xbb\xbf" + json.dumps(envelope("A")).encode(), "A", "It failed.", None),
    ],
)
def test_code_message_and_remedy_are_found_in_every_known_shape(
    body: object, code: str | None, message: str, remediation: str | None
) -> None:
    error = refused(body)
    assert (code, message, remediation) == (error.code, error.message, error.remediation)


def test_a_list_of_refused_fields_is_read() -> None:
    detail = [
        {"loc": ["body", "interval_seconds"], "msg": "Input should be at least 5", "type": "ge"},
        {"loc": ["query", "limit"], "msg": "Too large"},
        {"loc": ["body"]},
        {"msg": "No place"},
        {"loc": ["body", "config", 0, "name"], "msg": "Bad"},
        "nonsense",
        None,
    ]
    error = refused({"detail": detail}, 422)
    assert isinstance(error, errors.UnprocessableEntityError)
    assert {
        "interval_seconds": "Input should be at least 5",
        "limit": "Too large",
        "body": "No place",
        "config.0.name": "Bad",
    } == error.fields
    assert "interval_seconds: Input should be at least 5; limit: Too large" in str(error)


def test_the_remedy_of_the_server_is_in_the_message_and_ours_only_where_it_has_none() -> None:
    assert "401 A: It failed. Do this." == str(refused(envelope("A", remediation="Do this."), 401))
    assert "401: It failed. Check the API key (TRIO_API_KEY, or api_key=)." == str(refused(envelope(None), 401))
    assert "wait_for_slot" in str(refused(envelope("MAX_JOBS_REACHED"), 403))


def test_the_request_id_is_kept_and_named() -> None:
    error = refused(envelope("A"), x_request_id="req-7")
    assert "req-7" == error.request_id
    assert str(error).endswith("(request id req-7)")


@pytest.mark.parametrize(("status", "hint", "seconds"), [(429, "7", 7.0), (503, "8", 8.0), (429, "soon", None)])
def test_the_wait_that_is_asked_for_is_kept(status: int, hint: str, seconds: float | None) -> None:
    assert seconds == getattr(refused(b"", status, retry_after=hint), "retry_after")  # noqa: B009 - of two classes


@pytest.mark.parametrize(
    ("body", "content_type", "words"),
    [
        (b"", "", "the server gave no reason."),
        (b"<html><title>502</title>", "text/html; charset=utf-8", "HTML page"),
        (b"upstream\ndied", "text/plain", r"502: upstream\ndied."),
        (b"\xff\xfe\x00", "application/json", "no reason that can be read"),
        (b"[" * 100_000, "application/json", "no reason that can be read"),
        (b"null", "application/json", "no reason that can be read"),
        (b'"down"', "application/json", "no reason that can be read"),
        (b"[1, 2]", "application/json", "no reason that can be read"),
        (b'{"error": {"message": 5, "code": []}}', "application/json", "no reason that can be read"),
        (b'{"error": null, "detail": {"a": 1}}', "application/json", "no reason that can be read"),
    ],
)
def test_a_body_without_a_reason_still_becomes_words(body: bytes, content_type: str, words: str) -> None:
    error = refused(body, 502, content_type=content_type)
    assert words in str(error)
    assert None is error.code


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_names_its_target_without_credentials(status: int) -> None:
    error = refused(b"", status, location="https://user:secret@evil.example/api")
    assert "redirects to https://***@evil.example/api, which is not followed" in str(error)
    assert "redirects without saying where to" in str(refused(b"", status))


def test_what_the_server_echoes_of_key_and_camera_password_is_masked_everywhere() -> None:
    said = f"Bearer {KEY} cannot open rtsp://user:hunter2@cam/1 with hunter2"
    bodies: list[object] = [
        envelope(said, said, said),
        {"error": said},
        {"detail": said},
        {"detail": [{"loc": ["body", said], "msg": said}]},
        said.encode(),
    ]
    for body in bodies:
        for status in (400, 422, 307):
            error = refused(body, status, camera="rtsp://user:hunter2@cam/1", x_request_id=said, location=said)
            shown = "".join(map(str, [error, repr(error), vars(error)]))
            assert KEY not in shown
            assert "user:" not in shown
            assert "hunter2" not in shown


def test_the_preview_of_a_body_is_short_printable_and_masked() -> None:
    error = refused(b"\x1b[31m" + f"{KEY} rtsp://a:b@c/1\r\n".encode() * 1000, 500)
    assert error.body_preview.startswith(r"\x1b[31m*** rtsp://***@c/1\r\n")
    assert error.body_preview.isprintable()
    assert 500 == len(error.body_preview)


def test_no_part_of_a_key_remains_where_the_preview_is_cut() -> None:
    for extra in range(len(KEY)):
        error = refused(b"x" * extra + KEY.encode() * 1000, 500, content_type="text/plain")
        assert "0123" not in error.body_preview + str(error)


def test_messages_from_the_server_cannot_reach_the_terminal_as_control_characters() -> None:
    error = refused(envelope("A\n", "\x1b[2Jgone\r\nINFO forged line", "\x07"), x_request_id="a\x1bb")
    assert str(error).isprintable()


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_2xx_is_a_success(status: int) -> None:
    assert is_success(status)


@pytest.mark.parametrize("status", [100, 199, 300, 304, 400, 500])
def test_anything_else_is_an_error(status: int) -> None:
    assert not is_success(status)
    assert isinstance(refused(b"", status), errors.APIStatusError)


PROBLEM = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["error", "detail", "code", "message", "loc", "msg"]) | st.text(), inner)
    ),
    max_leaves=10,
)


@given(st.binary(max_size=300) | PROBLEM.map(lambda value: json.dumps(value).encode()))
def test_no_error_body_makes_it_raise_anything_else(body: bytes) -> None:
    error = refused(body, 422)
    assert str(error).startswith("422")
    assert str(error).isprintable()


# which model

USELESS = {
    "nothing": b"",
    "array": b"[1, 2]",
    "text": b'"ok"',
    "null": b"null",
    "number": b"5",
    "true": b"true",
    "not JSON": b"It worked!",
    "cut JSON": b'{"job_id": "a',
    "two values": b'{"job_id": "a"}{"job_id": "b"}',
    "HTML": b"<!doctype html><title>Welcome</title>",
    "deep array": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"job_id": "a", "details":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
    "invalid UTF-8": b'{"job_id": "\xff"}',
    "UTF-16": '{"job_id": "a"}'.encode("utf-16"),
    "lone surrogate": b'{"job_id": "\\ud800"}',
    "raw NUL": b'{"job_id": "\x00"}',
    "no id": b'{"status": "running"}',
    "null id": b'{"job_id": null}',
    "empty id": b'{"job_id": ""}',
    "logical id": b'{"job_id": true}',
    "huge": b'{"x": "' + b"a" * 10_000_000 + b'"}',
}


@pytest.mark.parametrize("name", USELESS)
@pytest.mark.parametrize("model", [models.Job, models.JobDetail, models.CancelledJob])
def test_a_useless_reply_is_one_documented_error(name: str, model: type[BaseModel]) -> None:
    with pytest.raises(errors.ResponseValidationError, match=f"not a usable {model.__name__}") as caught:
        read(model, USELESS[name])
    error = caught.value
    assert 200 == error.status_code
    assert len(error.body_preview) <= 500
    assert (None, True) == (error.__cause__, error.__suppress_context__ or error.__context__ is None)


def test_the_error_names_the_field_but_never_its_value() -> None:
    with pytest.raises(errors.ResponseValidationError, match="job_id: Input should be a valid string") as caught:
        read(models.Job, {"job_id": {"key": "hunter2"}})
    assert "job_id" == caught.value.field
    assert "hunter2" not in str(caught.value)


def test_the_error_of_an_html_page_suspects_the_address() -> None:
    page = Reply(200, {"content-type": "Text/HTML; charset=utf-8"}, b"<html>")
    with pytest.raises(errors.ResponseValidationError, match="it is an HTML page, so base_url probably leads to"):
        parse(page, asking_for(models.Job), SETTINGS)


def test_the_preview_of_a_useless_reply_is_masked() -> None:
    with pytest.raises(errors.ResponseValidationError) as caught:
        read(models.Job, f'{{"stream_url": "rtsp://u:hunter2@cam/1", "key": "{KEY}"}}'.encode())
    assert '{"stream_url": "rtsp://***@cam/1", "key": "***"}' == caught.value.body_preview


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/vnd.api+json; charset=latin-1"])
def test_json_is_accepted_whatever_it_is_called(content_type: str) -> None:
    page = Reply(200, {"content-type": content_type}, b'{"job_id": "a"}')
    found = parse(page, asking_for(models.Job), SETTINGS)
    assert "a" == found.job_id


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": True},
        {"status": ["running"], "created_at": {}, "stream_url": False},
        {"config": "none"},
        {"config": {"condition": "x", "interval_seconds": "often"}},
        {"stats": [1]},
        {"details": "none"},
    ],
)
def test_a_job_with_an_id_is_kept_whatever_else_is_wrong_with_it(
    wrong: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    job = read(models.Job, {"job_id": "a", "message": "hello", **wrong})
    assert ("a", "hello") == (job.job_id, job.message)
    for name in wrong.keys() - {"config"}:
        assert None is getattr(job, name)
    assert {logging.WARNING} == {record.levelno for record in caplog.records}
    for name in wrong:
        assert name in caplog.text


def test_only_the_unreadable_part_of_a_setting_is_left_out() -> None:
    job = read(models.JobDetail, {"job_id": "a", "config": {"condition": "x", "interval_seconds": "often", "new": 1}})
    assert {"condition": "x", "new": 1} == job.config.model_dump(exclude_unset=True)


@pytest.mark.parametrize("latency", ["fast", [], {}])
def test_a_check_keeps_its_answer_whatever_else_is_wrong_with_it(latency: object) -> None:
    result = read(models.CheckResult, {"triggered": True, "explanation": "A van.", "latency_ms": latency})
    assert (True, "A van.", None) == (result.triggered, result.explanation, result.latency_ms)


def test_a_number_that_should_be_text_is_text() -> None:
    job = read(models.Job, {"job_id": 48213, "created_at": 1772366400, "status": 5})
    assert ("48213", "1772366400", "5") == (job.job_id, job.created_at, job.status)
    assert job.created_time == datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


def test_a_check_without_its_answer_is_useless() -> None:
    with pytest.raises(errors.ResponseValidationError, match="triggered"):
        read(models.CheckResult, {"explanation": "A van."})


# pages


def test_a_malformed_job_is_left_out_with_a_warning_and_the_others_are_delivered() -> None:
    items = [{"job_id": "a"}, {"status": "running"}, 5, None, {"job_id": "b", "status": 7}, {"job_id": "c"}]
    with pytest.warns(
        errors.ResponseWarning, match=r"^3 of 6 jobs in the page .* left out: jobs\[1\], jobs\[2\], jobs\[3\]"
    ):
        page = read(models.JobPage, {"jobs": items, "total": 6, "limit": 20, "offset": 0, "new": True})
    assert ["a", "b", "c"] == [job.job_id for job in page]
    assert (6, 20, 0, True) == (page.total, page.limit, page.offset, page.new)


def test_a_warning_about_many_jobs_is_short() -> None:
    with pytest.warns(errors.ResponseWarning, match="1000 of 1000") as caught:
        assert 0 == len(read(models.JobPage, {"jobs": [None] * 1000}))
    assert len(str(caught[0].message)) < 400


@pytest.mark.parametrize("total", ["many", None, -1, 0, 2.5, 1e300, [], True])
def test_a_wrong_total_loses_no_job(total: object) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        page = read(models.JobPage, {"jobs": [{"job_id": "a"}], "total": total})
    assert ["a"] == [job.job_id for job in page]


@pytest.mark.parametrize("jobs", [None, {}, "a", 5])
def test_a_page_without_a_list_is_useless(jobs: object) -> None:
    with pytest.raises(errors.ResponseValidationError, match="not a usable JobPage"):
        read(models.JobPage, {"jobs": jobs})


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["jobs", "job_id", "status", "config", "stats", "total"]) | st.text(), inner)
    ),
    max_leaves=12,
)


@given(ANY.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=100))
@pytest.mark.filterwarnings("ignore::trio_client.errors.ResponseWarning")
@pytest.mark.parametrize("model", [models.Job, models.JobPage, models.CheckResult, models.StreamValidation])
@pytest.mark.thorough
def test_only_a_model_or_our_error_ever_comes_out(model: type[BaseModel], body: bytes) -> None:
    try:
        found = read(model, body)
    except errors.ResponseValidationError:
        return
    assert type(found) is model
    assert repr(found)
    assert found.model_dump_json()


# strict


def test_strict_refuses_every_deviation_from_the_documented_schema() -> None:
    whole = {"job_id": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "status": "pending", "job_type": "live-monitor"}
    whole |= {"created_at": "2026-03-01T12:00:00Z", "stream_url": "rtsp://cam/1"}
    check_strictly(reply(whole), asking_for(models.Job), SETTINGS)
    for deviation in ({"status": "paused"}, {"created_at": None}, {"stream_url": 5}):
        with pytest.raises(errors.ResponseValidationError, match="by the documented schema") as caught:
            check_strictly(reply({**whole, **deviation}), asking_for(models.Job), SETTINGS)
        assert next(iter(deviation)) in str(caught.value)


def test_strict_has_nothing_to_say_of_undocumented_replies() -> None:
    class Other(BaseModel):
        pass

    assert None is check_strictly(reply(b"not even JSON"), asking_for(Other), SETTINGS)


# pages of which little can be read


@pytest.mark.parametrize("body", [{"jobs": None, "total": 0}, {"total": 0}, {"total": "0", "limit": 20}])
def test_a_page_without_jobs_and_a_total_of_0_is_empty(body: dict[str, Any]) -> None:
    page = parse(reply(body), asking_for(models.JobPage), SETTINGS)
    assert (list(page), page.total) == ([], 0)


@pytest.mark.parametrize("body", [{"jobs": None, "total": 2}, {"jobs": None}, {}, {"jobs": 5, "total": 0}])
def test_a_page_without_jobs_that_is_not_said_to_be_empty_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(errors.ResponseValidationError):
        parse(reply(body), asking_for(models.JobPage), SETTINGS)


@pytest.mark.parametrize("bad", [b"0", b"{}", b'""', b"null", b'{"job_id":null}'])
def test_a_page_of_more_than_1000_items_that_cannot_be_read_is_refused(bad: bytes) -> None:
    def page(count: int) -> Reply:
        return reply(b'{"jobs":[{"job_id":"a"},' + b",".join([bad] * count) + b',{"job_id":"b"}],"total":5}')

    with pytest.warns(errors.ResponseWarning, match="1000 of 1002 jobs"):
        assert [job.job_id for job in parse(page(1000), asking_for(models.JobPage), SETTINGS)] == ["a", "b"]
    with pytest.raises(errors.ResponseValidationError, match="more than 1,000 of its jobs cannot be read"):
        parse(page(1001), asking_for(models.JobPage), SETTINGS)


@pytest.mark.parametrize("bad", [b"0", b"{}", b'""'])
def test_a_page_of_items_that_cannot_be_read_costs_no_more_memory_than_one_that_can(bad: bytes) -> None:
    def peak(item: bytes) -> int:
        body = b'{"jobs":[' + b",".join([item] * (2**20 // (len(item) + 1))) + b'],"total":5}'
        tracemalloc.start()
        try:
            parse(reply(body), asking_for(models.JobPage), SETTINGS)
        except errors.ResponseValidationError:
            pass
        finally:
            used = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return used

    good = b'{"job_id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","status":"running","job_type":"live-monitor"}'
    assert peak(bad) < 1.2 * peak(good)


# what an application raises as FastAPI's `detail`


@pytest.mark.parametrize(
    ("body", "code", "message", "remediation"),
    [
        (
            {"detail": {"code": "NOT_LIVESTREAM", "message": "No.", "remediation": "Go live."}},
            "NOT_LIVESTREAM",
            "No.",
            "Go live.",
        ),
        ({"detail": {"error": {"code": "STREAM_OFFLINE", "message": "Off."}}}, "STREAM_OFFLINE", "Off.", None),
        ({"detail": {"msg": "Wrong."}}, None, "Wrong.", None),
        ({"detail": {"detail": "Deep."}}, None, "Deep.", None),
        ({"detail": {"error": "Worded."}}, None, "Worded.", None),
        ({"detail": "Plain."}, None, "Plain.", None),
    ],
)
def test_the_detail_of_an_error_is_read_whatever_it_is(
    body: dict[str, Any], code: str | None, message: str, remediation: str | None
) -> None:
    error = refused(body)
    assert (error.code, error.message, error.remediation) == (code, message, remediation)


@pytest.mark.parametrize(
    ("status", "error"), [(500, errors.ServerError), (302, errors.APIStatusError), (499, errors.APIStatusError)]
)
def test_a_server_that_fails_has_not_found_out_that_a_job_is_gone(
    status: int, error: type[errors.APIStatusError]
) -> None:
    found = refused({"error": {"code": "JOB_NOT_FOUND"}}, status)
    assert (error, "JOB_NOT_FOUND") == (type(found), found.code)


@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_a_job_not_found_is_one_under_every_refusal(status: int) -> None:
    assert isinstance(refused({"error": {"code": "JOB_NOT_FOUND"}}, status), errors.JobNotFoundError)


def test_a_job_not_found_in_a_detail_is_one() -> None:
    assert isinstance(refused({"detail": {"code": "JOB_NOT_FOUND"}}, 404), errors.JobNotFoundError)


@pytest.mark.parametrize(
    "body",
    [
        {"request_id": "r-1"},
        {"error": {"message": "No.", "request_id": "r-1"}, "request_id": "other"},
        {"detail": {"request_id": "r-1"}},
        {"error": {"message": "No."}, "request_id": "r-1"},
    ],
)
def test_the_request_id_of_a_body_is_used_where_no_header_has_one(body: dict[str, Any]) -> None:
    assert refused(body).request_id == "r-1"
    assert refused(body, x_request_id="from-the-header").request_id == "from-the-header"


def test_a_request_id_that_is_a_number_becomes_text_and_a_secret_in_it_is_masked() -> None:
    assert refused({"request_id": 48213}).request_id == "48213"
    assert KEY not in (refused({"request_id": f"r-{KEY}"}).request_id or "")
