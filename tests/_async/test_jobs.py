"""Jobs: listed, read, waited for, followed and cancelled."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from raw_server import HOLD, RawServer

from trio_client import (
    APIConnectionError,
    AsyncTrioClient,
    CallInfo,
    Hooks,
    JobDetail,
    JobNotFoundError,
    PermissionDeniedError,
    RequestValidationError,
    ResponseWarning,
    RetryPolicy,
    ServerError,
    Started,
    Stopped,
    StreamInterruptedError,
    Timeout,
    Triggered,
    WaitTimeoutError,
)
from trio_client.stub import Scene, StubServer

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
YARD = "rtsp://camera.example/yard"
OPEN = "the gate is open"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
NOT_FOUND = {"error": {"code": "JOB_NOT_FOUND", "message": "There is no job with this id."}}
BAD_IDS = ["", ".", "..", "a/b", "a\\b", "a?b", "a#b", "%2e%2e", "a\n", None, 7]


class TestList:
    async def test_a_page_is_a_sequence_of_its_jobs(self, stub: StubServer, client: AsyncTrioClient) -> None:
        ids = stub.add_jobs(30)
        page = await client.jobs.list(limit=10, offset=5)
        newest_first = ids[::-1][5:15]
        assert newest_first == [job.job_id for job in page] == [job.job_id for job in page.jobs]
        assert (10, 30, 10, 5, True) == (len(page), page.total, page.limit, page.offset, page.has_more)
        assert newest_first[3] == page[3].job_id

    async def test_it_takes_one_request(self, stub: StubServer, client: AsyncTrioClient) -> None:
        stub.add_jobs(30)
        assert 20 == len(await client.jobs.list())
        (request,) = stub.requests
        assert ("GET", "/api/jobs", {"limit": "20", "offset": "0"}) == (request.method, request.path, request.query)

    async def test_the_last_page_has_no_more(self, stub: StubServer, client: AsyncTrioClient) -> None:
        stub.add_jobs(3)
        assert not (await client.jobs.list(limit=3)).has_more

    async def test_filters_are_the_servers(self, stub: StubServer, client: AsyncTrioClient) -> None:
        stub.add_jobs(2, status="running", job_type="live-digest")
        stub.add_jobs(3, status="running")
        stub.add_jobs(4, status="failed", job_type="live-digest")
        page = await client.jobs.list(status="running", type="live-digest")
        assert [("running", "live-digest")] * 2 == [(job.status, job.job_type) for job in page]
        assert {"status": "running", "type": "live-digest", "limit": "20", "offset": "0"} == stub.requests[0].query

    @pytest.mark.parametrize(
        "arguments",
        [
            {"status": "done"},
            {"type": "monitor"},
            {"limit": 0},
            {"limit": 1.5},
            {"limit": True},
            {"offset": -1},
            {"offset": "0"},
        ],
    )
    async def test_arguments_that_cannot_be_are_never_sent(
        self, stub: StubServer, client: AsyncTrioClient, arguments: dict[str, Any]
    ) -> None:
        with pytest.raises(RequestValidationError, match=next(iter(arguments))):
            await client.jobs.list(**arguments)
        iterated = {"page_size" if name == "limit" else name: value for name, value in arguments.items()}
        with pytest.raises(RequestValidationError, match=next(iter(iterated))):
            client.jobs.iterate(**iterated)
        assert [] == stub.requests

    async def test_a_job_that_cannot_be_read_does_not_hide_the_others(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        stub.fail_next(status=200, body={"jobs": [{"job_id": "a"}, {"status": "running"}, 7, {"job_id": "b"}]})
        with pytest.warns(ResponseWarning, match="2 of 4"):
            page = await client.jobs.list()
        assert ["a", "b"] == [job.job_id for job in page]


class TestIterate:
    async def test_every_job_comes_once_and_in_order(self, stub: StubServer, client: AsyncTrioClient) -> None:
        ids = stub.add_jobs(1000)
        assert ids[::-1] == [job.job_id async for job in client.jobs.iterate()]
        assert [str(offset) for offset in range(0, 1100, 100)] == [r.query["offset"] for r in stub.requests]

    async def test_pages_are_fetched_when_they_are_needed(self, stub: StubServer, client: AsyncTrioClient) -> None:
        stub.add_jobs(50)
        jobs = client.jobs.iterate(page_size=10)
        assert 0 == len(stub.requests)
        for _ in range(11):
            await jobs.__anext__()
        assert (2, 20) == (len(stub.requests), jobs.offset)

    @pytest.mark.parametrize(("limit", "requests"), [(0, []), (5, ["5"]), (10, ["10"]), (25, ["10", "10", "5"])])
    async def test_limit_is_how_many_come_in_all(
        self, stub: StubServer, client: AsyncTrioClient, limit: int, requests: list[str]
    ) -> None:
        stub.add_jobs(50)
        jobs = [job async for job in client.jobs.iterate(limit=limit, page_size=10)]
        assert (limit, requests) == (len(jobs), [request.query["limit"] for request in stub.requests])

    async def test_filters_and_offset_hold_for_every_page(self, stub: StubServer, client: AsyncTrioClient) -> None:
        ids = stub.add_jobs(7, status="stopped")
        stub.add_jobs(7, status="running")
        found = [job.job_id async for job in client.jobs.iterate(status="stopped", offset=2, page_size=3)]
        assert ids[::-1][2:] == found
        assert {"stopped"} == {request.query["status"] for request in stub.requests}

    async def test_a_server_with_smaller_pages_loses_nothing(self, stub: StubServer, client: AsyncTrioClient) -> None:
        stub.add_jobs(2500)
        assert 2500 == len([job async for job in client.jobs.iterate(page_size=2000)])

    async def test_a_job_made_meanwhile_makes_none_come_twice(self, stub: StubServer, client: AsyncTrioClient) -> None:
        ids = stub.add_jobs(30)
        found: list[str] = []
        async for job in client.jobs.iterate(page_size=10):
            found.append(job.job_id)
            if len(found) in (10, 20):
                stub.add_jobs(1)
        assert ids[::-1] == found

    async def test_a_loop_that_cancels_running_jobs_leaves_none(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        stub.add_jobs(250, status="running")
        async for job in client.jobs.iterate(status="running"):
            await client.jobs.cancel(job.job_id)
        assert (await client.jobs.list(status="running")).total == 0

    async def test_as_many_new_jobs_as_a_page_holds_do_not_end_the_list(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        ids = stub.add_jobs(20)
        found: list[str] = []
        async for job in client.jobs.iterate(page_size=5):
            found.append(job.job_id)
            if len(found) % 5 == 0 and len(found) < 20:
                stub.add_jobs(5)
        assert found == ids[::-1]

    async def test_a_failed_page_is_asked_for_again_by_going_on(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        ids = stub.add_jobs(20)
        jobs = client.jobs.iterate(page_size=10)
        found = [(await jobs.__anext__()).job_id for _ in range(10)]
        stub.fail_next(status=403)
        with pytest.raises(PermissionDeniedError):
            await jobs.__anext__()
        assert 10 == jobs.offset
        assert ids[::-1] == found + [job.job_id async for job in jobs]

    async def test_a_server_that_ignores_the_offset_does_not_go_on_for_ever(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        stub.fail_next(status=200, body={"jobs": [{"job_id": "a"}, {"job_id": "b"}], "total": 9}, times=9)
        with pytest.warns(ResponseWarning, match="offset"):
            found = [job.job_id async for job in client.jobs.iterate(page_size=2)]
        assert (["a", "b"], 2) == (found, len(stub.requests))


class TestGet:
    async def test_a_job_comes_with_its_settings_and_counters(self, stub: StubServer, client: AsyncTrioClient) -> None:
        job = await client.live_monitor.create(YARD, OPEN, interval_seconds=5, max_triggers=None)
        stub.clock.advance(17)
        detail = await client.jobs.get(job.job_id)
        assert (job.job_id, "running", YARD) == (detail.job_id, detail.status, detail.stream_url)
        assert detail.config is not None
        assert (OPEN, 5, None) == (
            detail.config.condition,
            detail.config.interval_seconds,
            detail.config.max_triggers,
        )
        assert detail.stats is not None
        assert (3, 1, 17) == (
            detail.stats.checks_performed,
            detail.stats.triggers_fired,
            detail.stats.elapsed_seconds,
        )

    async def test_an_unknown_job(self, stub: StubServer, client: AsyncTrioClient) -> None:
        with pytest.raises(JobNotFoundError) as caught:
            await client.jobs.get(UNKNOWN)
        assert ("JOB_NOT_FOUND", 1) == (caught.value.code, len(stub.requests))

    @pytest.mark.parametrize("job_id", BAD_IDS)
    @pytest.mark.parametrize("method", ["get", "cancel", "wait"])
    async def test_an_id_that_leads_elsewhere_is_never_sent(
        self, stub: StubServer, client: AsyncTrioClient, method: str, job_id: Any
    ) -> None:
        with pytest.raises(RequestValidationError):
            await getattr(client.jobs, method)(job_id)
        assert [] == stub.requests

    async def test_an_odd_id_is_one_segment_of_the_path(self, stub: StubServer, client: AsyncTrioClient) -> None:
        with pytest.raises(JobNotFoundError):
            await client.jobs.get("a+ä:@;=")
        assert "/api/jobs/a+ä:@;=" == stub.requests[0].path


class TestWait:
    async def test_it_returns_when_the_job_has_ended(
        self, stub: StubServer, client: AsyncTrioClient, pauses: Any
    ) -> None:
        job = await client.live_monitor.create(YARD, OPEN)
        seen: list[JobDetail] = []
        ended = await client.jobs.wait(job.job_id, on_update=seen.append)
        assert ended.stats is not None
        assert ("completed", "condition_triggered") == (ended.status, ended.stats.reason)
        assert [3.0] * 10 == pauses.seconds
        assert ("pending", "running", ended) == (seen[0].status, seen[1].status, seen[-1])
        assert 11 == len(seen)

    @pytest.mark.parametrize("status", ["completed", "stopped", "failed"])
    async def test_every_end_is_an_end(
        self, stub: StubServer, client: AsyncTrioClient, pauses: Any, status: Any
    ) -> None:
        (job_id,) = stub.add_jobs(1, status=status)
        assert status == (await client.jobs.wait(job_id)).status
        assert [] == pauses.seconds

    async def test_the_interval_is_the_callers(self, stub: StubServer, client: AsyncTrioClient, pauses: Any) -> None:
        job = await client.live_monitor.create(YARD, OPEN)
        await client.jobs.wait(job.job_id, poll_interval=7.5)
        assert [7.5] * 4 == pauses.seconds

    async def test_it_times_out_and_leaves_the_job_alone(
        self, stub: StubServer, client: AsyncTrioClient, pauses: Any
    ) -> None:
        pauses.monotonic = lambda: sum(pauses.seconds)
        (job_id,) = stub.add_jobs(1, status="running")
        with pytest.raises(WaitTimeoutError, match=job_id) as caught:
            await client.jobs.wait(job_id, timeout=10)
        assert isinstance(caught.value, TimeoutError)
        assert "it runs on (stream rtsp://" in str(caught.value)
        assert caught.value.last is not None
        assert "running" == caught.value.last.status
        assert [3, 3, 3, 1] == pauses.seconds
        assert {"GET"} == {request.method for request in stub.requests}

    async def test_an_outage_is_retried(self, stub: StubServer, client: AsyncTrioClient) -> None:
        job = await client.live_monitor.create(YARD, OPEN)
        stub.fail_next(method="GET", status=503, times=20)
        assert "completed" == (await client.jobs.wait(job.job_id)).status

    async def test_an_outage_without_end_is_not(self, stub: StubServer, client: AsyncTrioClient, pauses: Any) -> None:
        (job_id,) = stub.add_jobs(1, status="running")
        stub.fail_next(status=503, times=10_000)
        with pytest.raises(ServerError):
            await client.jobs.wait(job_id)
        assert 100 < sum(pauses.seconds) < 150

    async def test_it_ends_with_a_job_that_is_gone(self, stub: StubServer, client: AsyncTrioClient) -> None:
        (job_id,) = stub.add_jobs(1, status="running")
        stub.fail_next(status=404, body=NOT_FOUND)
        with pytest.raises(JobNotFoundError):
            await client.jobs.wait(job_id)
        assert 1 == len(stub.requests)

    @pytest.mark.parametrize(
        "arguments",
        [
            *({"timeout": 0}, {"timeout": -1}, {"timeout": True}, {"timeout": 10**400}),
            *({"poll_interval": 0}, {"poll_interval": math.inf}, {"poll_interval": 10**400}),
        ],
    )
    async def test_times_that_make_no_sense_are_refused(
        self, stub: StubServer, client: AsyncTrioClient, arguments: dict[str, Any]
    ) -> None:
        with pytest.raises(RequestValidationError, match=next(iter(arguments))):
            await client.jobs.wait(UNKNOWN, **arguments)
        assert [] == stub.requests


class TestCancel:
    async def test_a_job_is_stopped(self, stub: StubServer, client: AsyncTrioClient) -> None:
        job = await client.live_monitor.create(YARD, OPEN)
        stub.clock.advance(12)
        cancelled = await client.jobs.cancel(job.job_id)
        assert cancelled.final_stats is not None
        assert (job.job_id, "stopped", 1) == (
            cancelled.job_id,
            cancelled.status,
            cancelled.final_stats.checks_performed,
        )
        assert ("stopped", "cancelled") == (stub.jobs[0].status, stub.jobs[0].reason)

    async def test_a_job_that_has_ended_stays_as_it_is(self, stub: StubServer, client: AsyncTrioClient) -> None:
        (job_id,) = stub.add_jobs(1, status="completed")
        assert "completed" == (await client.jobs.cancel(job_id)).status

    async def test_it_uses_a_connection_of_its_own(self, stub: StubServer, client: AsyncTrioClient) -> None:
        (job_id,) = stub.add_jobs(1, status="running")
        await client.jobs.cancel(job_id)
        assert "close" == stub.requests[0].headers["connection"]

    async def test_an_unknown_job_is_an_error(self, stub: StubServer, client: AsyncTrioClient) -> None:
        with pytest.raises(JobNotFoundError):
            await client.jobs.cancel(UNKNOWN)
        assert 1 == len(stub.requests)

    async def test_an_unknown_job_may_be_ignored(self, stub: StubServer, client: AsyncTrioClient) -> None:
        cancelled = await client.jobs.cancel(UNKNOWN, missing_ok=True)
        assert (UNKNOWN, "stopped") == (cancelled.job_id, cancelled.status)

    @pytest.mark.parametrize("fault", [{"close": "reset"}, {"close": "fin"}, {"status": 500}, {"status": 502}])
    @pytest.mark.counts_reads
    async def test_a_job_that_is_gone_after_an_attempt_without_an_answer_was_cancelled(
        self, stub: StubServer, client: AsyncTrioClient, fault: dict[str, Any]
    ) -> None:
        (job_id,) = stub.add_jobs(1, status="running")
        stub.fail_next(method="DELETE", **fault)
        stub.fail_next(method="DELETE", status=404, body=NOT_FOUND)
        assert "stopped" == (await client.jobs.cancel(job_id)).status
        assert 2 == len(stub.requests)

    @pytest.mark.parametrize("fault", [{"status": 429}, {"status": 503, "headers": {"Retry-After": "1"}}])
    async def test_a_job_that_is_missing_after_a_refusal_is_an_error(
        self, stub: StubServer, client: AsyncTrioClient, fault: dict[str, Any]
    ) -> None:
        stub.fail_next(method="DELETE", **fault)
        with pytest.raises(JobNotFoundError):
            await client.jobs.cancel(UNKNOWN)
        assert 2 == len(stub.requests)

    async def test_it_is_sent_again_after_a_failure(self, stub: StubServer, connect: Connect) -> None:
        (job_id,) = stub.add_jobs(1, status="running")
        stub.fail_next(method="DELETE", status=500)
        stub.fail_next(method="DELETE", delay=5, processed=True)
        await connect(timeout=Timeout(response=0.5)).jobs.cancel(job_id)
        assert (0, 3) == (stub.running_jobs, len(stub.requests))


class TestCancelAll:
    @pytest.mark.parametrize("status", [None, ["running", "ended"], 5])
    async def test_a_status_that_is_none_stops_nothing(
        self, stub: StubServer, client: AsyncTrioClient, status: Any
    ) -> None:
        with pytest.raises(RequestValidationError, match="status is"):
            await client.jobs.cancel_all(status=status)
        assert [] == stub.requests

    async def test_only_an_unknown_outcome_can_be_reconciled(self, stub: StubServer, client: AsyncTrioClient) -> None:
        error: Any = ValueError("something else")
        with pytest.raises(RequestValidationError, match="CreateOutcomeUnknownError"):
            await client.jobs.reconcile(error)
        assert [] == stub.requests

    async def test_what_runs_or_is_about_to_is_stopped(self, stub: StubServer, client: AsyncTrioClient) -> None:
        running = stub.add_jobs(150, status="running")
        pending = stub.add_jobs(2, status="pending")
        stub.add_jobs(5, status="completed")
        report = await client.jobs.cancel_all()
        assert {*running, *pending} == {cancelled.job_id for cancelled in report.cancelled}
        assert ({}, 0) == (report.failed, stub.running_jobs)
        assert 152 == sum(request.method == "DELETE" for request in stub.requests)

    async def test_one_failure_stops_nothing(self, stub: StubServer, client: AsyncTrioClient) -> None:
        ids = stub.add_jobs(3, status="running")
        stub.fail_next(method="DELETE", path=f"/jobs/{ids[1]}", status=403)
        report = await client.jobs.cancel_all()
        assert {ids[0], ids[2]} == {cancelled.job_id for cancelled in report.cancelled}
        assert [ids[1]] == list(report.failed)
        assert isinstance(report.failed[ids[1]], PermissionDeniedError)

    async def test_a_job_that_has_vanished_meanwhile_counts_as_cancelled(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        (job_id,) = stub.add_jobs(1, status="running")
        stub.fail_next(method="DELETE", status=404, body=NOT_FOUND)
        report = await client.jobs.cancel_all()
        assert [job_id] == [cancelled.job_id for cancelled in report.cancelled]

    async def test_filters_narrow_it(self, stub: StubServer, client: AsyncTrioClient) -> None:
        (digest,) = stub.add_jobs(1, status="running", job_type="live-digest")
        stub.add_jobs(1, status="running")
        stub.add_jobs(1, status="pending", job_type="live-digest")
        report = await client.jobs.cancel_all(status=["running"], type="live-digest")
        assert [digest] == [cancelled.job_id for cancelled in report.cancelled]
        assert 2 == stub.running_jobs

    async def test_only_jobs_that_the_function_is_true_for_are_stopped(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        mine = [(await client.live_monitor.create("rtsp://mine/1", "a van")).job_id for _ in range(2)]
        other = await client.live_monitor.create("rtsp://other/1", "a van")
        report = await client.jobs.cancel_all(where=lambda job: (job.stream_url or "").startswith("rtsp://mine/"))
        assert {job.job_id for job in report.matched} == {job.job_id for job in report.cancelled} == set(mine)
        assert not (await client.jobs.get(other.job_id)).is_terminal

    async def test_a_dry_run_stops_nothing(self, stub: StubServer, client: AsyncTrioClient) -> None:
        ids = stub.add_jobs(3, status="running")
        report = await client.jobs.cancel_all(where=lambda job: job.job_id != ids[0], dry_run=True)
        assert {job.job_id for job in report.matched} == set(ids[1:])
        assert (report.cancelled, report.failed, stub.running_jobs) == ((), {}, 3)

    async def test_a_function_that_raises_stops_nothing(self, stub: StubServer, client: AsyncTrioClient) -> None:
        ids = stub.add_jobs(2, status="running")
        with pytest.raises(ZeroDivisionError):
            await client.jobs.cancel_all(where=lambda job: job.job_id == ids[1] or 1 // 0)
        assert stub.running_jobs == 2

    async def test_an_async_function_is_refused(self, stub: StubServer, client: AsyncTrioClient) -> None:
        async def mine(job: Any) -> bool:  # async-only
            return False  # async-only

        stub.add_jobs(1, status="running")
        for where in (
            mine,  # async-only
            lambda job: mine(job),  # async-only
            "running",
        ):
            with pytest.raises(RequestValidationError, match="where is"):
                await client.jobs.cancel_all(where=where)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        assert stub.running_jobs == 1


class TestEvents:
    async def test_polling_reports_a_job_from_start_to_end(self, stub: StubServer, client: AsyncTrioClient) -> None:
        job = await client.live_monitor.create(YARD, OPEN)
        async with client.jobs.events(job.job_id) as events:
            received = await events.collect()
        kinds = ["started", "progress", "progress", "triggered", "stopped"]
        assert kinds == [event.kind for event in received]
        assert {("poll", job.job_id, YARD)} == {(event.delivery, event.job_id, event.stream_url) for event in received}
        assert isinstance(events.outcome, Stopped)
        assert ("condition_triggered", "completed") == (events.outcome.reason, events.outcome.status)

    @pytest.mark.parametrize("interval", [0, math.inf, math.nan, 10**400, True])
    async def test_an_interval_that_makes_no_sense_is_refused(
        self, stub: StubServer, client: AsyncTrioClient, interval: float
    ) -> None:
        with pytest.raises(RequestValidationError, match="poll_interval"):
            client.jobs.events(UNKNOWN, poll_interval=interval)
        assert [] == stub.requests

    @pytest.mark.parametrize("interval", [1, 3, 20, 1000])
    async def test_every_trigger_is_emitted_once_however_rarely_the_job_is_polled(
        self, stub: StubServer, client: AsyncTrioClient, interval: int
    ) -> None:
        stub.scene(YARD, Scene(every=1))
        job = await client.live_monitor.create(YARD, OPEN, max_triggers=5, interval_seconds=5)
        received = await client.jobs.events(job.job_id, poll_interval=interval).collect()
        triggers = [event for event in received if isinstance(event, Triggered)]
        assert (5, {OPEN}, {None}) == (
            len(triggers),
            {trigger.condition for trigger in triggers},
            {trigger.explanation for trigger in triggers},
        )
        assert isinstance(received[0], Started)
        assert isinstance(received[-1], Stopped)

    async def test_from_now_on_nothing_is_emitted_that_was_counted_before(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        stub.scene(YARD, Scene(every=1))
        job = await client.live_monitor.create(YARD, OPEN, max_triggers=5, interval_seconds=5)
        stub.clock.advance(12)
        counted = (await client.jobs.get(job.job_id)).counters.triggers_fired or 0
        received = await client.jobs.events(job.job_id, from_start=False).collect()
        assert [event.number for event in received if isinstance(event, Triggered)] == [*range(counted + 1, 6)]
        assert {event.kind for event in received} <= {"triggered", "progress", "stopped"}

    async def test_it_never_cancels(self, stub: StubServer, client: AsyncTrioClient) -> None:
        job = await client.live_monitor.create(YARD, OPEN)
        async with client.jobs.events(job.job_id) as events:
            await events.until(Started)
        assert 1 == stub.running_jobs
        assert "DELETE" not in {request.method for request in stub.requests}

    @pytest.mark.own_connections
    async def test_a_poll_that_a_short_wait_cuts_off_is_not_repeated_within_it(
        self, connect: Callable[..., AsyncTrioClient]
    ) -> None:
        retries: list[CallInfo] = []
        with RawServer([HOLD]) as server:
            client = connect(base_url=server.base_url, hooks=Hooks(on_retry=retries.append))
            async with client.jobs.events(UNKNOWN) as events:
                assert await events.until(Started, timeout=0) is None
        assert [] == retries

    async def test_nothing_is_sent_before_it_is_needed(self, stub: StubServer, client: AsyncTrioClient) -> None:
        events = client.jobs.events(UNKNOWN)
        await events.close()
        assert [] == stub.requests

    async def test_a_job_that_is_gone_has_failed(self, stub: StubServer, client: AsyncTrioClient) -> None:
        (failed,) = await client.jobs.events(UNKNOWN).collect()
        assert ("failed", "JOB_NOT_FOUND", UNKNOWN, True) == (failed.kind, failed.code, failed.job_id, failed.terminal)

    @pytest.mark.parametrize(
        ("status", "body"), [(404, {"detail": "Not Found"}), (405, {"detail": "x"}), (404, "<html>")]
    )
    async def test_a_server_without_that_route_is_said_not_to_offer_it(
        self, stub: StubServer, client: AsyncTrioClient, status: int, body: Any
    ) -> None:
        stub.fail_next(path=f"/jobs/{UNKNOWN}", status=status, body=body, times=99)
        with pytest.raises(StreamInterruptedError, match=r"The server does not offer GET /jobs/\{job_id\}") as caught:
            await client.jobs.events(UNKNOWN).collect()
        assert caught.value.job_id == UNKNOWN

    async def test_a_job_whose_stream_goes_offline_has_failed(self, stub: StubServer, client: AsyncTrioClient) -> None:
        stub.scene(YARD, Scene(offline_at=20))
        job = await client.live_monitor.create(YARD, OPEN)
        received = await client.jobs.events(job.job_id).collect()
        assert ["started", "progress", "failed"] == [event.kind for event in received]

    async def test_an_outage_is_retried(self, stub: StubServer, client: AsyncTrioClient) -> None:
        job = await client.live_monitor.create(YARD, OPEN)
        stub.fail_next(method="GET", close="reset", times=10)
        received = await client.jobs.events(job.job_id).collect()
        assert ("started", "stopped") == (received[0].kind, received[-1].kind)

    async def test_an_outage_without_end_interrupts_it(self, stub: StubServer, connect: Connect) -> None:
        client = connect(retry=RetryPolicy(deadline=30))
        job = await client.live_monitor.create(YARD, OPEN, max_triggers=None)
        events = client.jobs.events(job.job_id)
        async with events:
            first = await events.until(Started)
            stub.fail_next(method="GET", close="reset", times=1000)
            with pytest.raises(StreamInterruptedError, match=job.job_id) as caught:
                await events.collect()
        assert (job.job_id, first) == (caught.value.job_id, caught.value.last)
        assert isinstance(caught.value.__cause__, APIConnectionError)
        assert 1 == stub.running_jobs
