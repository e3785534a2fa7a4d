"""Intended uses, type-checked and never run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from httpx_sse import ServerSentEvent
from typing_extensions import assert_type

from trio_client import (
    NOT_GIVEN,
    AsyncTrioClient,
    CallInfo,
    CancelledJob,
    CancelReport,
    CheckResult,
    CreateOutcomeUnknownError,
    Event,
    EventStream,
    Failed,
    Frame,
    FrameAnswer,
    Hooks,
    Job,
    JobDetail,
    JobPage,
    JobStats,
    RetryPolicy,
    Started,
    Stopped,
    StreamValidation,
    Target,
    TargetStream,
    Timeout,
    Triggered,
    TrioClient,
    Usage,
    WatchState,
    events,
    models,
    osapi,
    response_info,
    sse,
    testing,
    webhooks,
)
from trio_client.stub import StubServer


def construct() -> None:
    TrioClient()
    TrioClient("key", base_url="http://127.0.0.1:1", timeout=5, retry=None, default_headers={"x-a": "b"})
    TrioClient(timeout=Timeout(connect=1), retry=RetryPolicy(max_attempts=2), http_client=httpx.Client())
    TrioClient(hooks=Hooks(on_retry=hook), strict=True, trust_env=False, max_body_bytes=1, allow_plain_http=True)
    AsyncTrioClient(http_client=httpx.AsyncClient())


def hook(info: CallInfo) -> None:
    assert_type(info.status_code, int | None)


def many(client: TrioClient) -> None:
    targets = [Target("rtsp://a", "b", key="gate", interval_seconds=30, input_mode="clip", duration=20, on_drop="poll")]
    with client.watch_many(targets, turn_seconds=60, duration=20, max_cost_usd=1) as stream:
        assert_type(stream, TargetStream)
        for target, event in stream:
            assert_type(target, Target)
            assert_type(event, Event)
        assert_type(stream.until(Triggered, timeout=20), tuple[Target, Triggered] | None)
        assert_type(stream.until(Triggered, Failed), tuple[Target, Triggered | Failed] | None)
        stream.add(Target(lambda: "rtsp://a", "b", key="yard"))
        stream.remove("yard")
        assert_type(stream.outcomes, dict[Target, Stopped | Failed])
        assert_type(stream.states, dict[Target, WatchState])
        assert_type(stream.usage, Usage)
        assert_type(stream.collect(), list[tuple[Target, Event]])


def calls(client: TrioClient) -> None:
    assert_type(client.check_once("rtsp://a", "b", input_mode="clip", include_frame=True), CheckResult)
    assert_type(client.analyze_frame(b"", "c"), FrameAnswer)
    client.analyze_frame(Path("a.jpg"), "c", timeout=Timeout(), extra_headers={"x-a": "b"})
    client.analyze_frame(Frame("aaaa"), "c")
    assert_type(client.streams.validate("rtsp://a"), StreamValidation)
    assert_type(client.live_monitor.create("rtsp://a", "b", max_triggers=None, wait_for_slot=5), Job)
    client.live_monitor.create("rtsp://a", "b", max_triggers=NOT_GIVEN, webhook_url=None)
    assert_type(client.jobs.list(status="running", type="live-monitor"), JobPage)
    assert_type(client.jobs.get("id"), JobDetail)
    assert_type(client.jobs.wait("id", timeout=5, on_update=print), JobDetail)
    assert_type(client.jobs.cancel("id", missing_ok=True), CancelledJob)
    assert_type(client.jobs.cancel_all(status=["running"]), CancelReport)
    assert_type(client.with_options(retry=None), TrioClient)
    assert_type(client.request("GET", "/metrics")["jobs"], object)  # type: ignore[assert-type] # it is Any
    assert_type(client.request("GET", "/jobs", response_type=JobPage), JobPage)


def pages(client: TrioClient) -> list[str]:
    page = client.jobs.list()
    assert_type(page[0], Job)
    assert_type(page.has_more, bool)
    assert_type(page[0].status, models.JobStatus | str | None)
    assert_type(page[0].job_type, models.JobType | str | None)
    status: str = page[0].status or "unknown"
    Job(job_id="a1", status=status)
    assert_type(response_info(page).attempts, int)
    jobs: Iterator[Job] = client.jobs.iterate(limit=5)
    return [job.job_id for job in page] + [job.job_id for job in jobs]


def fields(detail: JobDetail) -> None:
    assert_type(detail.stats, JobStats | None)
    assert_type(detail.created_time, datetime | None)
    assert_type(detail.is_terminal, bool)
    if detail.stats is not None:
        assert_type(detail.stats.checks_performed, int | None)


def follow(client: TrioClient) -> None:
    with client.live_monitor.stream("rtsp://a", "b", on_exit="leave", on_drop="raise") as stream:
        assert_type(stream, EventStream)
        assert_type(stream.until(Triggered), Triggered | None)
        assert_type(stream.until(Triggered, Failed), Triggered | Failed | None)
        assert_type(stream.until(Triggered, Failed, Stopped, timeout=5), Triggered | Failed | Stopped | None)
        several = stream.until(Triggered | Failed) or stream.until(Triggered, Failed, Stopped, Started)
        if several is not None:
            assert_type(several.job_id, str | None)
            print(several.kind)
        assert_type(stream.collect(), list[Event])
        for event in stream:
            match event:
                case Triggered(explanation=why, frame=frame):
                    assert_type(why, str | None)
                    assert_type(frame, Frame | None)
                case Failed():
                    assert_type(event.code, str | None)
                case _:
                    assert_type(event.job_id, str | None)


def narrow(event: Event) -> str | None:
    if event.kind == "triggered":
        return event.explanation
    if event.kind == "summary":
        return event.summary
    return None


async def many_async(client: AsyncTrioClient) -> None:
    async with client.watch_many([Target("rtsp://a", "b")]) as pairs:
        assert_type(await pairs.until(Triggered), tuple[Target, Triggered] | None)
        assert_type(await pairs.until(Triggered, Failed), tuple[Target, Triggered | Failed] | None)
        found = await pairs.until(Triggered | Failed, timeout=5)
        if found is not None:
            target, event = found
            assert_type(target, Target)
            print(event.kind)


async def follow_async(client: AsyncTrioClient) -> None:
    async with client.live_monitor.watch("rtsp://a", "b") as watch:
        assert_type(await watch.until(Triggered, Failed), Triggered | Failed | None)
    async with client.live_digest.stream("rtsp://a", window_minutes=1, max_windows=None) as stream:
        async for event in stream:
            assert_type(event, Event)
    async for job in client.jobs.iterate(status="failed"):
        assert_type(job, Job)
    await client.close()
    await client.aclose()


def receive(body: bytes, request: httpx.Request) -> None:
    assert_type(webhooks.parse(body), Event)
    assert_type(webhooks.unwrap(body, request.headers, ["a", "b"]), Event)
    webhooks.verify(body, [(b"x-trio-signature", b"00")], "a", signature_header="X-Other")
    assert_type(webhooks.sign(body, "a"), str)


def decode(chunks: list[bytes]) -> None:
    for event in sse.decode(chunks):
        assert_type(event, ServerSentEvent)
        assert_type(events.from_sse(event), Event)
    assert_type(events.from_payload({"type": "x"}, delivery="poll"), Event)


def reconcile_later(client: TrioClient, error: CreateOutcomeUnknownError) -> None:
    assert_type(client.jobs.reconcile(error), Job | None)
    assert_type(error.candidates, tuple[Job, ...])


def test_with_the_kit(stub: StubServer) -> None:
    assert_type(testing.make(Job, status="running"), Job)
    assert_type(testing.make(Triggered, delivery="webhook"), Triggered)
    script = testing.sse(testing.make(Triggered)).delay(1).raw(b"a").split(7).drop()
    assert_type(script, testing.SseScript)
    assert_type(bytes(script), bytes)
    assert_type(script.response(), httpx.Response)
    with testing.MockTrio(max_jobs=1) as mock:
        route = mock.on("GET", "/jobs", where=lambda request: request.query == {}).fail(503, times=2)
        assert_type(route.reply(script).reply(testing.make(JobPage)).reply({"jobs": []}), testing.Route)
        route.reply(lambda request: testing.make(Job, stream_url=request.json["stream_url"])).reply(httpx.ReadError(""))
        assert_type(mock.client(strict=True), TrioClient)
        assert_type(mock.async_client(), AsyncTrioClient)
        TrioClient(http_client=mock.http_client())
        AsyncTrioClient(http_client=mock.async_http_client())
        assert_type(mock.requests[0].json, object)  # type: ignore[assert-type] # it is Any
        assert_type(mock.stub, StubServer)
    with testing.freeze_retries(stub.clock) as waits:
        assert_type(waits, list[float])


@testing.freeze_retries()
async def frozen_test(client: AsyncTrioClient) -> int:
    return len(await client.jobs.list())


async def use_frozen_test(client: AsyncTrioClient) -> None:
    assert_type(await frozen_test(client), int)


def list_osapi_jobs(client: osapi.OsapiClient) -> None:
    osapi.OsapiClient("token", base_url="http://127.0.0.1:1", api_prefix="", timeout=5, retry=None, strict=True)
    page = client.jobs.list(status="partial_failure", limit=100, offset=0)
    assert_type(page, osapi.OsapiJobPage)
    assert_type(page.items, list[osapi.OsapiJob])
    assert_type(page.total_items, int | None)
    assert_type(page.status_counts, dict[str, int])
    for job in page:
        assert_type(job, osapi.OsapiJob)
    jobs: Iterator[osapi.OsapiJob] = client.jobs.iterate(status="failed", limit=5, page_size=100)
    assert_type(next(jobs).id, str | None)


def change_osapi_jobs(client: osapi.OsapiClient) -> None:
    assert_type(client.jobs.retry("id", "_all").job_id, str)
    assert_type(client.jobs.wait("id", timeout=5, settle=30, on_update=print), osapi.OsapiJob)
    client.jobs.delete("id", timeout=5)
    assert_type(client.with_options(retry=None), osapi.OsapiClient)


def read_osapi_job(job: osapi.OsapiJob) -> None:
    assert_type(job.operation_type, str | None)
    assert_type(job.created_time, datetime | None)
    assert_type(job.updated_time, datetime | None)
    assert_type(job.is_terminal, bool)
    for agent in job.agents():
        assert_type(agent, osapi.OsapiAgent)
        assert_type(agent.duration, timedelta | None)
    for state in (job.agent_states or {}).values():
        assert_type(state.duration, timedelta | None)
        assert_type(state.duration_text, str | None)
    for event in job.timeline or []:
        assert_type(event.time, datetime | None)


async def follow_osapi_jobs(client: osapi.AsyncOsapiClient) -> None:
    assert_type(await client.jobs.list(), osapi.OsapiJobPage)
    async for job in client.jobs.iterate():
        assert_type(job, osapi.OsapiJob)
    assert_type(await client.jobs.get("id"), osapi.OsapiJob)
