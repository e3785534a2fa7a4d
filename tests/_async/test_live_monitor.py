"""Monitors that are started and left to themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from trio_client import (
    AsyncTrioClient,
    MaxJobsReachedError,
    RequestValidationError,
    StreamUnavailableError,
    UnprocessableEntityError,
    response_info,
)
from trio_client.stub import Scene, StubServer

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
YARD = "rtsp://camera.example/yard"
OPEN = "the gate is open"
HOOK = "https://hooks.example/trio"


async def test_a_monitor_is_a_pending_job(stub: StubServer, client: AsyncTrioClient) -> None:
    job = await client.live_monitor.create(YARD, OPEN)
    (record,) = stub.jobs
    assert (record.job_id, "pending", "live-monitor", YARD) == (job.job_id, job.status, job.job_type, job.stream_url)
    assert ("polling", False) == (record.delivery, response_info(job).recovered)
    assert job.created_time is not None


async def test_what_is_not_given_is_not_sent(stub: StubServer, client: AsyncTrioClient) -> None:
    await client.live_monitor.create(YARD, OPEN)
    (request,) = stub.requests
    assert b'{"stream_url":"rtsp://camera.example/yard","condition":"the gate is open"}' == request.body
    assert ("POST", "/api/live-monitor", "application/json") == (
        request.method,
        request.path,
        request.headers["accept"],
    )


async def test_every_option_is_sent(stub: StubServer, client: AsyncTrioClient) -> None:
    options: dict[str, Any] = {
        "webhook_url": HOOK,
        "interval_seconds": 5,
        "input_mode": "frames",
        "clip_duration_seconds": 1,
        "monitor_duration_seconds": 86_400,
        "trigger_cooldown_seconds": 0,
        "max_triggers": None,
    }
    await client.live_monitor.create(YARD, OPEN, **options)
    assert {"stream_url": YARD, "condition": OPEN, **options} == stub.requests[0].json


async def test_a_webhook_url_makes_a_job_that_delivers_there(stub: StubServer, client: AsyncTrioClient) -> None:
    await client.live_monitor.create(YARD, OPEN, webhook_url=HOOK)
    (record,) = stub.jobs
    assert ("webhook", HOOK) == (record.delivery, record.config["webhook_url"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stream_url", ""),
        ("stream_url", "x" * 501),
        ("condition", ""),
        ("condition", "x" * 1001),
        ("webhook_url", ""),
        ("webhook_url", "https://h.example/" + "x" * 2083),
        ("webhook_url", "ftp://hooks.example"),
        ("webhook_url", "hooks.example"),
        ("interval_seconds", 4),
        ("interval_seconds", 301),
        ("interval_seconds", 7.5),
        ("input_mode", "video"),
        ("clip_duration_seconds", 0),
        ("clip_duration_seconds", 11),
        ("monitor_duration_seconds", 4),
        ("trigger_cooldown_seconds", -1),
        ("trigger_cooldown_seconds", 3601),
        ("max_triggers", 0),
        ("max_triggers", True),
    ],
)
async def test_a_value_outside_its_range_is_named_and_never_sent(
    stub: StubServer, client: AsyncTrioClient, field: str, value: Any
) -> None:
    with pytest.raises(RequestValidationError, match=field) as caught:
        await client.live_monitor.create(**{"stream_url": YARD, "condition": OPEN, field: value})
    assert (field, value) == (caught.value.field, caught.value.value)
    assert [] == stub.requests


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stream_url", "rtsp://c.example/" + "x" * 483),
        ("condition", "x" * 1000),
        ("interval_seconds", 300),
        ("clip_duration_seconds", 10),
        ("monitor_duration_seconds", 5),
        ("monitor_duration_seconds", 10**9),
        ("trigger_cooldown_seconds", 3600),
        ("max_triggers", 1),
        ("max_triggers", 10**9),
    ],
)
async def test_the_ends_of_the_ranges_are_inside(
    stub: StubServer, client: AsyncTrioClient, field: str, value: Any
) -> None:
    await client.live_monitor.create(**{"stream_url": YARD, "condition": OPEN, field: value})
    assert value == stub.requests[0].json[field]


async def test_a_stream_that_is_offline_starts_nothing(stub: StubServer, client: AsyncTrioClient) -> None:
    stub.scene(YARD, Scene(live=False))
    with pytest.raises(StreamUnavailableError):
        await client.live_monitor.create(YARD, OPEN)
    assert (0, 1) == (stub.running_jobs, len(stub.requests))


async def test_a_refusal_names_the_fields(stub: StubServer, client: AsyncTrioClient) -> None:
    detail = [{"loc": ["body", "condition"], "msg": "too vague", "type": "value_error"}]
    stub.fail_next(status=422, body={"detail": detail})
    with pytest.raises(UnprocessableEntityError, match="condition: too vague") as caught:
        await client.live_monitor.create(YARD, OPEN)
    assert {"condition": "too vague"} == caught.value.fields
    assert 1 == len(stub.requests)


async def test_the_limit_of_jobs_is_an_error_of_its_own(connect: Connect) -> None:
    with StubServer(speed=0, max_jobs=0) as full:
        with pytest.raises(MaxJobsReachedError) as caught:
            await connect(base_url=full.base_url).live_monitor.create(YARD, OPEN)
        assert ("MAX_JOBS_REACHED", 1) == (caught.value.code, len(full.requests))


async def test_the_limit_of_jobs_is_an_error_under_any_status(stub: StubServer, client: AsyncTrioClient) -> None:
    stub.fail_next(status=503, body={"error": {"code": "MAX_JOBS_REACHED", "message": "full"}})
    with pytest.raises(MaxJobsReachedError):
        await client.live_monitor.create(YARD, OPEN)
    assert 1 == len(stub.requests)


async def test_wait_for_slot_asks_again_until_a_job_has_ended(
    stub: StubServer, client: AsyncTrioClient, pauses: Any
) -> None:
    stub.add_jobs(9, status="running")
    await client.live_monitor.create(YARD, OPEN, monitor_duration_seconds=5)
    job = await client.live_monitor.create(YARD, OPEN, wait_for_slot=60)
    assert [3.0, 3.0] == pauses.seconds
    assert [job.job_id] == [record.job_id for record in stub.jobs if record.status == "pending"]
    assert 4 == len(stub.requests)


async def test_wait_for_slot_times_out(stub: StubServer, client: AsyncTrioClient, pauses: Any) -> None:
    pauses.monotonic = lambda: sum(pauses.seconds)
    stub.add_jobs(10, status="running")
    with pytest.raises(MaxJobsReachedError):
        await client.live_monitor.create(YARD, OPEN, wait_for_slot=4)
    assert [3, 1] == pauses.seconds


async def test_the_tag_in_the_webhook_url_is_the_reference_of_the_create(
    stub: StubServer, client: AsyncTrioClient
) -> None:
    await client.live_monitor.create(YARD, OPEN, webhook_url=f"{HOOK}?a=1&b=&a=2#end", tag_webhook_url=True)
    (request,) = stub.requests
    sent = urlsplit(request.json["webhook_url"])
    tag = ("client_ref", request.headers["idempotency-key"])
    assert [("a", "1"), ("b", ""), ("a", "2"), tag] == parse_qsl(sent.query, keep_blank_values=True)
    assert (HOOK, "end") == (f"{sent.scheme}://{sent.netloc}{sent.path}", sent.fragment)


async def test_a_tag_needs_a_webhook_url(stub: StubServer, client: AsyncTrioClient) -> None:
    with pytest.raises(RequestValidationError, match="webhook_url"):
        await client.live_monitor.create(YARD, OPEN, tag_webhook_url=True)
    assert [] == stub.requests


async def test_a_reply_with_a_job_id_is_a_job_whatever_else_is_odd_about_it(
    stub: StubServer, client: AsyncTrioClient
) -> None:
    stub.fail_next(status=200, body={"job_id": "j-1", "status": "warming up", "camera": {"lens": 2}, "created_at": 7})
    job = await client.live_monitor.create(YARD, OPEN)
    assert ("j-1", "warming up", False) == (job.job_id, job.status, job.is_terminal)
    assert {"lens": 2} == job.camera
    assert 1 == len(stub.requests)


async def test_the_password_of_a_camera_is_sent_and_never_shown(stub: StubServer, client: AsyncTrioClient) -> None:
    url = "rtsp://user:pass-word@camera.example/yard"
    job = await client.live_monitor.create(url, OPEN)
    assert (url, url) == (stub.requests[0].json["stream_url"], job.stream_url)
    assert "pass-word" not in f"{job!r} {job}"
