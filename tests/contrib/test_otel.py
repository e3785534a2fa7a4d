"""A span for each call and each stream, without secrets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, get_current_span

from trio_client import (
    APIConnectionError,
    AsyncTrioClient,
    CallInfo,
    Hooks,
    JobNotFoundError,
    RetryPolicy,
    TrioClient,
)
from trio_client.contrib.otel import instrument
from trio_client.osapi import OsapiClient
from trio_client.stub import Scene, StubServer
from trio_client.testing import freeze_retries

CAMERA = "rtsp://user:hunter2@gate.example/live"
KEY = "key-of-the-tests"
QUICK = RetryPolicy(base_delay=0)


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer(speed=600, start_delay=0) as server:
        server.scene(CAMERA, Scene(holds=True, seen="A very private scene."))
        yield server


class Spans:
    """Collects what is exported."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def all(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    def one(self) -> ReadableSpan:
        (span,) = self.all()
        return span

    def text(self) -> str:
        return json.dumps([json.loads(span.to_json()) for span in self.all()])


@pytest.fixture
def spans() -> Spans:
    return Spans()


@pytest.fixture
def client(stub: StubServer, spans: Spans) -> Iterator[TrioClient]:
    with TrioClient(KEY, base_url=stub.base_url, retry=QUICK) as made:
        yield instrument(made, spans.provider)


def test_a_call_is_one_span_with_the_usual_attributes(client: TrioClient, stub: StubServer, spans: Spans) -> None:
    client.jobs.list()
    span = spans.one()
    assert ("GET /jobs", SpanKind.CLIENT, StatusCode.UNSET) == (span.name, span.kind, span.status.status_code)
    assert {
        "http.request.method": "GET",
        "trio_client.operation": "jobs.list",
        "url.template": "/jobs",
        "http.response.status_code": 200,
        "server.address": "127.0.0.1",
        "server.port": int(stub.url.rpartition(":")[2]),
    } == dict(span.attributes or {})


def test_retries_are_events_of_the_calls_span(client: TrioClient, stub: StubServer, spans: Spans) -> None:
    stub.fail_next(path="/jobs", status=503, times=2)
    client.jobs.list()
    span = spans.one()
    assert ["retry", "retry"] == [event.name for event in span.events]
    assert "ServerError" == (span.events[0].attributes or {})["error.type"]
    assert (200, 2) == tuple(
        (span.attributes or {})[name] for name in ("http.response.status_code", "http.request.resend_count")
    )


def test_an_error_reply_is_recorded_on_the_span(client: TrioClient, spans: Spans) -> None:
    with pytest.raises(JobNotFoundError):
        client.jobs.get("no-such-job")
    span = spans.one()
    assert ("GET /jobs/{job_id}", StatusCode.ERROR) == (span.name, span.status.status_code)
    attributes = span.attributes or {}
    assert (404, "JobNotFoundError", "JOB_NOT_FOUND") == (
        attributes["http.response.status_code"],
        attributes["error.type"],
        attributes["trio_client.error_code"],
    )
    assert "no-such-job" not in spans.text()


def test_a_call_without_a_reply_ends_its_span(spans: Spans) -> None:
    with TrioClient(KEY, base_url="http://127.0.0.1:1/api", retry=None) as made:
        with pytest.raises(APIConnectionError):
            instrument(made, spans.provider).jobs.list()
    assert "APIConnectionError" == (spans.one().attributes or {})["error.type"]


def test_a_stream_is_one_span_until_its_connection_ends(client: TrioClient, spans: Spans) -> None:
    with client.live_monitor.stream(CAMERA, "a van") as events:
        next(events)
        assert [] == spans.all()
        assert not get_current_span().get_span_context().is_valid  # it is not the readers' current span
        events.collect()
    span = spans.one()
    assert ("POST /live-monitor", StatusCode.UNSET) == (span.name, span.status.status_code)


def test_a_dropped_stream_is_an_error_and_polls_have_their_own_spans(
    client: TrioClient, stub: StubServer, spans: Spans
) -> None:
    stub.fail_next(path="/live-monitor", drop_after_events=1)
    with freeze_retries(stub.clock), client.live_monitor.stream(CAMERA, "a van") as events:
        events.collect()
    first, *others = spans.all()
    assert "POST /live-monitor" == first.name
    assert "APIConnectionError" == (first.attributes or {})["error.type"]
    assert {"GET /jobs/{job_id}"} == {span.name for span in others}


def test_leaving_a_stream_shows_the_cancel(client: TrioClient, stub: StubServer, spans: Spans) -> None:
    stub.scene(CAMERA, Scene(holds=False))
    with client.live_monitor.stream(CAMERA, "a van", monitor_duration_seconds=86_400) as events:
        next(events)
    assert {"POST /live-monitor", "DELETE /jobs/{job_id}"} <= {span.name for span in spans.all()}


def test_spans_name_jobs_and_hold_no_secrets(client: TrioClient, stub: StubServer, spans: Spans) -> None:
    job = client.live_monitor.create(CAMERA, "a private question", webhook_url="http://127.0.0.1:1/secret-path")
    assert job.job_id == (spans.one().attributes or {})["trio_client.job_id"]
    client.check_once(CAMERA, "a private question", include_frame=True)
    client.streams.prepare(CAMERA)
    client.request("GET", "/healthz")
    for secret in (KEY, "hunter2", "gate.example", "private", "secret-path", "healthz"):
        assert secret not in spans.text()


def test_hooks_are_still_called_and_derived_clients_are_instrumented(stub: StubServer, spans: Spans) -> None:
    received: list[CallInfo] = []
    with TrioClient(KEY, base_url=stub.base_url, hooks=Hooks(on_response=received.append)) as made:
        instrument(made, spans.provider).with_options(timeout=5).jobs.list()
    assert (1, 1) == (len(received), len(spans.all()))


def test_instrumenting_a_client_again_replaces_the_tracer(client: TrioClient, spans: Spans) -> None:
    again = Spans()
    instrument(client.with_options(timeout=5), again.provider)
    client.jobs.list()
    assert (len(spans.all()), len(again.all())) == (0, 1)


def test_a_span_is_the_child_of_the_callers(client: TrioClient, spans: Spans) -> None:
    with spans.provider.get_tracer("tests").start_as_current_span("outer") as outer:
        client.jobs.list()
    inner = spans.all()[0]
    assert inner.parent is not None
    assert outer.get_span_context().span_id == inner.parent.span_id


def test_the_async_client_and_osapi_are_traced(stub: StubServer, spans: Spans) -> None:
    async def calls() -> None:
        async with instrument(AsyncTrioClient(KEY, base_url=stub.base_url), spans.provider) as client:
            await asyncio.gather(*(client.jobs.list(limit=1) for _ in range(3)))
            async with client.live_monitor.stream(CAMERA, "a van") as events:
                await events.collect()

    asyncio.run(calls())
    with instrument(OsapiClient("token", base_url=stub.osapi_url), spans.provider) as osapi:
        osapi.jobs.get(stub.osapi.add())
    names = [span.name for span in spans.all()]
    assert ["GET /jobs"] * 3 + ["POST /live-monitor", "GET /job/{job_id}"] == names


def test_a_cancelled_call_ends_its_span(stub: StubServer, spans: Spans) -> None:
    async def cancelled() -> None:
        stub.fail_next(path="/jobs", delay=60)
        async with instrument(AsyncTrioClient(KEY, base_url=stub.base_url), spans.provider) as client:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.jobs.list(), 0.5)

    asyncio.run(cancelled())
    assert "CancelledError" == (spans.one().attributes or {})["error.type"]
