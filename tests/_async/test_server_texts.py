"""What a server wrote is cut and printable wherever a text repeats it."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable

import pytest
from raw_server import CLOSE, RawServer, reply

from trio_client import (
    AsyncTrioClient,
    CreateOutcomeUnknownError,
    Hooks,
    JobInfo,
    JobLeakWarning,
    RetryPolicy,
    StreamInterruptedError,
    TrioError,
    WaitTimeoutError,
)
from trio_client.osapi import AsyncOsapiClient

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
KEY = "key-that-a-server-repeats"
FORGED = f"x\n2026-01-01 forged line \x1b]52;c;aGk=\x07 {KEY} " + "y" * 200_000
ONCE = RetryPolicy(max_attempts=1, reconcile_for=0, deadline=1)
JOB = {"job_id": FORGED, "status": FORGED, "stream_url": "rtsp://cam/1", "job_type": "live-monitor"}
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


def started(job_id: str) -> bytes:
    return b"event: started\ndata: %s\n\n" % json.dumps({"job_id": job_id}).encode()


def check(*texts: str) -> None:
    """Every text is one printable line of some length, and holds no key."""
    assert texts
    for text in texts:
        assert text.isprintable()
        assert len(text) < 1500
        assert KEY not in text


def said(error: TrioError) -> list[str]:
    return [str(error), repr(error), *traceback.format_exception_only(error)[-1].rstrip("\n").split("\n", 1)]


async def test_a_wait_that_is_over_repeats_no_more_than_the_start_of_a_status(connect: Connect) -> None:
    with RawServer(reply(JOB)) as server:
        client = connect(api_key=KEY, base_url=server.base_url)
        with pytest.raises(WaitTimeoutError) as caught:
            await client.jobs.wait("a1", timeout=1)
    check(*said(caught.value))
    assert caught.value.last is not None
    assert caught.value.last.status == FORGED


async def test_a_leak_warning_and_the_log_repeat_no_more_than_the_start_of_an_id(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "trio_client")
    refused = reply({"error": {"code": FORGED, "message": FORGED, "remediation": FORGED}}, "400 Bad Request")
    seen: list[JobInfo] = []
    with RawServer([HEAD, started(FORGED), CLOSE], refused) as server:
        client = connect(api_key=KEY, base_url=server.base_url, retry=ONCE, hooks=Hooks(on_job=seen.append))
        events = client.live_monitor.stream("rtsp://cam/1", "a van")
        with pytest.warns(JobLeakWarning) as caught:
            async with events:
                await anext(events)
                check(repr(events))
    check(*(str(each.message) for each in caught))
    check(*(record.getMessage() for record in caplog.records))
    check(*(str(vars(record)["trio_job_id"]) for record in caplog.records))
    check(*map(repr, seen))
    assert [info.job_id for info in seen] == [FORGED]


async def test_a_job_whose_id_no_request_can_name_is_not_left_in_silence(connect: Connect) -> None:
    pages = [reply({"jobs": [JOB]}), reply({"jobs": []})]
    with RawServer(reply(JOB), *pages) as server:
        client = connect(api_key=KEY, base_url=server.base_url, retry=ONCE)
        with pytest.raises(CreateOutcomeUnknownError) as caught:
            async with client.live_monitor.stream("rtsp://cam/1", "a van"):
                pass
    check(*said(caught.value))


async def test_a_dropped_stream_repeats_no_more_than_the_start_of_an_id(connect: Connect) -> None:
    with RawServer([HEAD, started(FORGED), CLOSE], reply({}, "400 Bad Request")) as server:
        client = connect(api_key=KEY, base_url=server.base_url, retry=ONCE)
        stream = client.live_monitor.stream("rtsp://cam/1", "a van", on_drop="raise", on_exit="leave")
        with pytest.raises(StreamInterruptedError) as caught:
            async with stream as events:
                await events.collect()
        check(*said(caught.value), repr(stream))


async def test_candidates_are_named_by_no_more_than_the_start_of_their_ids(connect: Connect) -> None:
    jobs = [{**JOB, "job_id": f"a{number}\n{FORGED}", "status": "running"} for number in range(3)]
    pages = [reply({"jobs": jobs}), reply({"jobs": []}), *(reply({**job, "job_id": "a"}) for job in jobs)]
    with RawServer(reply({"error": "oops"}, "500 Internal Server Error"), *pages) as server:
        with pytest.raises(TrioError) as caught:
            await connect(api_key=KEY, base_url=server.base_url, retry=ONCE).live_monitor.create(
                "rtsp://cam/1", "a van"
            )
    assert isinstance(caught.value, CreateOutcomeUnknownError)
    check(str(caught.value))


async def test_an_osapi_job_that_does_not_end_is_described_by_the_start_of_its_status() -> None:
    job_id = "550e8400-e29b-41d4-a716-446655440000"
    with RawServer(reply({"id": job_id, "status": FORGED})) as server:
        client = AsyncOsapiClient(KEY, base_url=server.base_url.removesuffix("/api"))
        try:
            with pytest.raises(WaitTimeoutError) as caught:
                await client.jobs.wait(job_id, timeout=0.2, poll_interval=0.1)
        finally:
            await client.close()
    check(*said(caught.value))
