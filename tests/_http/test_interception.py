"""Tools that patch httpx's transports see every call of the client's own connections: no mocked call is billed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

import httpx
import pytest
import respx
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pytest_httpx import HTTPXMock
from raw_server import RawServer, reply

from trio_client import AsyncTrioClient, TrioClient

JOB = {"job_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7", "status": "pending", "stream_url": "rtsp://c/1"}
CREATE = ("rtsp://c/1", "a van is there")


@pytest.fixture
def server() -> Iterator[RawServer]:
    with RawServer(reply({"job_id": "billed"})) as server:
        yield server


def test_a_create_mocked_by_pytest_httpx_does_not_leave(server: RawServer, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", json=JOB)
    with TrioClient("k", base_url=server.base_url) as client:
        assert client.live_monitor.create(*CREATE).job_id == JOB["job_id"]
    assert server.connections == 0


@pytest.mark.anyio
async def test_an_async_create_mocked_by_pytest_httpx_does_not_leave(server: RawServer, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", json=JOB)
    async with AsyncTrioClient("k", base_url=server.base_url) as client:
        assert (await client.live_monitor.create(*CREATE)).job_id == JOB["job_id"]
    assert server.connections == 0


@pytest.mark.parametrize("using", ["httpx", "httpcore"])
def test_a_create_mocked_by_respx_does_not_leave(server: RawServer, using: str) -> None:
    with respx.mock(using=using) as router, TrioClient("k", base_url=server.base_url) as client:
        router.post().respond(json=JOB)
        assert client.live_monitor.create(*CREATE).job_id == JOB["job_id"]
    assert server.connections == 0


@pytest.mark.anyio
@pytest.mark.parametrize("using", ["httpx", "httpcore"])
async def test_an_async_create_mocked_by_respx_does_not_leave(server: RawServer, using: str) -> None:
    with respx.mock(using=using) as router:
        router.post().respond(json=JOB)
        async with AsyncTrioClient("k", base_url=server.base_url) as client:
            assert (await client.live_monitor.create(*CREATE)).job_id == JOB["job_id"]
    assert server.connections == 0


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    if version("opentelemetry-instrumentation-httpx") < "0.50":
        pytest.skip("this release patches httpx.Client, not its transports")
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = HTTPXClientInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    yield exporter
    instrumentor.uninstrument()


def test_opentelemetry_sees_each_call_as_it_leaves(server: RawServer, spans: InMemorySpanExporter) -> None:
    with TrioClient("k", base_url=server.base_url) as client:
        client.live_monitor.create(*CREATE)
    assert (len(spans.get_finished_spans()), len(server.requests)) == (1, 1)
    assert b"\r\ntraceparent: " in server.requests[0].lower()


@pytest.mark.anyio
async def test_opentelemetry_sees_each_async_call_as_it_leaves(server: RawServer, spans: InMemorySpanExporter) -> None:
    async with AsyncTrioClient("k", base_url=server.base_url) as client:
        await client.live_monitor.create(*CREATE)
    assert (len(spans.get_finished_spans()), len(server.requests)) == (1, 1)
    assert b"\r\ntraceparent: " in server.requests[0].lower()


def test_a_call_that_opentelemetry_refuses_does_not_leave(server: RawServer, spans: InMemorySpanExporter) -> None:
    def refuse(*_: object) -> None:
        raise httpx.ConnectError("refused by a hook")

    HTTPXClientInstrumentor().uninstrument()
    HTTPXClientInstrumentor().instrument(request_hook=refuse)
    with TrioClient("k", base_url=server.base_url, retry=None) as client, pytest.raises(Exception, match="refused"):
        client.live_monitor.create(*CREATE)
    assert server.connections == 0


def test_a_body_that_a_recorder_below_has_read_is_not_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """vcrpy patches this method, and reads the body of what it records."""
    send, recorded = httpx.HTTPTransport.handle_request, []

    def record(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        response = send(self, request)
        recorded.append(response.read())
        return response

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", record)
    with RawServer(reply(JOB)) as server, TrioClient("k", base_url=server.base_url) as client:
        assert [client.jobs.get("a").job_id, client.jobs.get("a").job_id] == [JOB["job_id"]] * 2
    assert len(recorded) == 2


@pytest.mark.anyio
async def test_a_body_that_a_recorder_below_an_async_client_has_read_is_not_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send = httpx.AsyncHTTPTransport.handle_async_request

    async def record(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        response = await send(self, request)
        await response.aread()
        return response

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", record)
    with RawServer(reply(JOB)) as server:
        async with AsyncTrioClient("k", base_url=server.base_url) as client:
            assert (await client.jobs.get("a")).job_id == JOB["job_id"]
