"""Digests that are started and left to themselves."""

from __future__ import annotations

from typing import Any

import pytest

from trio_client import AsyncTrioClient, RequestValidationError
from trio_client.stub import StubServer

pytestmark = pytest.mark.anyio

YARD = "rtsp://camera.example/yard"


async def test_a_digest_is_a_pending_job(stub: StubServer, client: AsyncTrioClient) -> None:
    job = await client.live_digest.create(YARD)
    assert ("pending", "live-digest") == (job.status, job.job_type)
    (request,) = stub.requests
    assert ("/api/live-digest", {"stream_url": YARD}) == (request.path, request.json)


async def test_every_option_is_sent(stub: StubServer, client: AsyncTrioClient) -> None:
    options: dict[str, Any] = {
        "window_minutes": 60,
        "capture_interval_seconds": 10,
        "webhook_url": "https://hooks.example/trio",
        "max_windows": None,
        "include_frames": True,
    }
    await client.live_digest.create(YARD, **options)
    assert {"stream_url": YARD, **options} == stub.requests[0].json


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("window_minutes", 0),
        ("window_minutes", 61),
        ("capture_interval_seconds", 9),
        ("capture_interval_seconds", 301),
        ("max_windows", 0),
        ("include_frames", 1),
    ],
)
async def test_a_value_outside_its_range_is_named_and_never_sent(
    stub: StubServer, client: AsyncTrioClient, field: str, value: Any
) -> None:
    with pytest.raises(RequestValidationError, match=field):
        await client.live_digest.create(YARD, **{field: value})
    assert [] == stub.requests


async def test_a_digest_whose_answer_was_lost_is_found(stub: StubServer, client: AsyncTrioClient) -> None:
    stub.fail_next(path="/live-digest", close="reset", processed=True)
    job = await client.live_digest.create(YARD, window_minutes=5)
    assert stub.jobs[0].job_id == job.job_id
    assert 1 == [request.method for request in stub.requests].count("POST")
    assert "live-digest" == stub.requests[1].query["type"]
