"""A client that sends through an httpx client of the user's own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any

import httpx
import pytest
from raw_server import HOLD, RawServer, reply

from trio_client import (
    APIConnectionError,
    APITimeoutError,
    AsyncTrioClient,
    ResponseValidationError,
    Timeout,
    Triggered,
    response_info,
)
from trio_client.stub import StubServer

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
YARD = "rtsp://camera.example/yard"
OPEN = "the gate is open"


@pytest.fixture
async def http_client() -> AsyncGenerator[httpx.AsyncClient, None]:
    async with httpx.AsyncClient(headers={"x-mine": "1"}, auth=("user", "pass"), trust_env=False) as http_client:
        yield http_client


@pytest.fixture
def injected(connect: Connect, http_client: httpx.AsyncClient) -> AsyncTrioClient:
    return connect(http_client=http_client)


async def test_calls_go_through_it_with_our_key_and_its_headers(stub: StubServer, injected: AsyncTrioClient) -> None:
    await injected.jobs.list()
    headers = stub.requests[0].headers
    assert ("Bearer test-key", "1", "identity") == (
        headers["authorization"],
        headers["x-mine"],
        headers["accept-encoding"],
    )


async def test_it_is_not_closed_with_the_client(
    stub: StubServer, injected: AsyncTrioClient, http_client: httpx.AsyncClient
) -> None:
    await injected.jobs.list()
    await injected.close()
    assert 200 == (await http_client.get(f"{stub.url}/healthz")).status_code


async def test_what_costs_money_leaves_no_connection_behind(stub: StubServer, injected: AsyncTrioClient) -> None:
    job = await injected.live_monitor.create(YARD, OPEN)
    await injected.jobs.cancel(job.job_id)
    assert ["close", "close"] == [request.headers["connection"] for request in stub.requests]


async def test_a_stream_is_read_to_its_end(stub: StubServer, injected: AsyncTrioClient) -> None:
    async with injected.live_monitor.stream(YARD, OPEN) as events:
        stub.clock.advance(100)
        received = [event.kind for event in await events.collect()]
    assert ["started", "progress", "progress", "triggered", "stopped"] == received


async def test_a_stream_that_is_left_stops_its_job(stub: StubServer, injected: AsyncTrioClient) -> None:
    async with injected.live_monitor.stream(YARD, OPEN, max_triggers=None) as events:
        stub.clock.advance(100)
        await events.until(Triggered)
    assert 0 == stub.running_jobs


async def test_a_dropped_stream_is_followed(stub: StubServer, injected: AsyncTrioClient) -> None:
    stub.fail_next(drop_after_events=2)
    async with injected.live_monitor.stream(YARD, OPEN) as events:
        received = []
        stub.clock.advance(25)
        received = await events.collect()
    assert ("poll", "stopped") == (received[-1].delivery, received[-1].kind)


@pytest.mark.parametrize("fault", [{"close": "reset"}, {"close": "fin"}, {"status": 502}])
async def test_a_create_whose_answer_was_lost_is_found(
    stub: StubServer, injected: AsyncTrioClient, fault: dict[str, Any]
) -> None:
    stub.fail_next(path="/live-monitor", processed=True, **fault)
    job = await injected.live_monitor.create(YARD, OPEN)
    assert ([job.job_id], True) == ([record.job_id for record in stub.jobs], response_info(job).recovered)


async def test_our_timeouts_hold(connect: Connect, http_client: httpx.AsyncClient) -> None:
    with RawServer([HOLD]) as server:
        client = connect(base_url=server.base_url, http_client=http_client, retry=None)
        with pytest.raises(APITimeoutError) as caught:
            await client.jobs.list(timeout=Timeout(response=0.05))
    assert "response" == caught.value.phase


async def test_our_limits_hold(connect: Connect, http_client: httpx.AsyncClient) -> None:
    script = [reply(b"", content_length=str(10 * 2**30)), HOLD]
    with RawServer(script) as server, pytest.raises(ResponseValidationError, match="max_body_bytes"):
        await connect(base_url=server.base_url, http_client=http_client).jobs.list()


async def test_a_client_that_was_closed_by_its_owner_is_an_error_of_ours(
    injected: AsyncTrioClient, http_client: httpx.AsyncClient
) -> None:
    await http_client.aclose()
    with pytest.raises(APIConnectionError):
        await injected.jobs.list()


async def test_a_connection_that_cannot_be_closed_hides_no_event(connect: Connect) -> None:
    class Stream(httpx.ByteStream):
        async def aclose(self) -> None:
            raise OSError("it was closed already")

    body = b'event: started\ndata: {"job_id": "a1"}\n\nevent: stopped\ndata: {"job_id": "a1"}\n\n'
    answer = httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Stream(body))
    through = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer))
    async with connect(http_client=through).live_monitor.stream(YARD, OPEN) as events:
        assert ["started", "stopped"] == [event.kind for event in await events.collect()]
    await through.aclose()
