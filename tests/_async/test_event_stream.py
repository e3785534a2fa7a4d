"""Streams of events that start a job, own it, and lose nothing when they are dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import anyio
import pytest
from anyio.abc import TaskStatus
from raw_server import CLOSE, HOLD, RawServer, dribble, reply

from trio_client import (
    AsyncTrioClient,
    AuthenticationError,
    CallInfo,
    CreateOutcomeUnknownError,
    Event,
    Failed,
    Hooks,
    JobLeakWarning,
    MaxJobsReachedError,
    Progress,
    RequestValidationError,
    Started,
    Stopped,
    StreamInterruptedError,
    Summary,
    Triggered,
    UnknownEvent,
)
from trio_client.stub import Scene, StubServer

from .conftest import Pauses, PollAfterSilence

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
YARD = "rtsp://camera.example/yard"
OPEN = "the gate is open"
WHOLE = ["started", "progress", "progress", "triggered", "stopped"]
SSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
START = b'event: started\ndata: {"job_id": "j-1"}\n\n'
SEEN = b'event: triggered\ndata: {"job_id": "j-1", "explanation": "A van."}\n\n'


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]


def methods(stub: StubServer) -> list[str]:
    return [request.method for request in stub.requests]


class TestWhole:
    async def test_it_reports_a_monitor_from_start_to_end(self, stub: StubServer, client: AsyncTrioClient) -> None:
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(100)
            received = await events.collect()
        assert WHOLE == kinds(received)
        assert {("sse", stub.jobs[0].job_id)} == {(event.delivery, event.job_id) for event in received}
        assert all(event.occurred_at is not None and event.occurred_at.tzinfo is timezone.utc for event in received)
        assert ["POST"] == methods(stub)

    async def test_its_events_carry_what_was_sent(self, stub: StubServer, client: AsyncTrioClient) -> None:
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(100)
            started, first, _, triggered, stopped = await events.collect()
        assert isinstance(started, Started)
        assert YARD == started.stream_url
        assert isinstance(first, Progress)
        assert first.stats is not None
        assert 1 == first.stats.checks_performed
        assert isinstance(triggered, Triggered)
        assert (OPEN, True, 850) == (triggered.condition, triggered.triggered, triggered.latency_ms)
        assert triggered.explanation is not None
        assert triggered.frame is not None
        assert "image/jpeg" == triggered.frame.media_type
        assert isinstance(stopped, Stopped)
        assert stopped.stats is not None
        assert ("condition_triggered", "completed", 1) == (
            stopped.reason,
            stopped.status,
            stopped.stats.triggers_fired,
        )

    async def test_it_reports_a_digest(self, stub: StubServer, client: AsyncTrioClient) -> None:
        digest = client.live_digest.stream(
            YARD, window_minutes=1, capture_interval_seconds=30, max_windows=1, include_frames=True
        )
        async with digest as events:
            stub.clock.advance(100)
            received = await events.collect()
        assert ["started", "progress", "progress", "summary", "stopped"] == kinds(received)
        assert (2, 2) == (received[2].frames_captured, received[2].frames_needed)
        summary = received[3]
        assert isinstance(summary, Summary)
        assert (1, 2, True) == (summary.window_minutes, summary.frame_count, summary.grid is not None)
        assert summary.summary

    async def test_what_is_asked_for_is_sent(self, stub: StubServer, client: AsyncTrioClient) -> None:
        async with client.live_monitor.stream(YARD, OPEN, interval_seconds=5, max_triggers=None):
            stub.clock.advance(1)
        request = stub.requests[0]
        assert ("/api/live-monitor", "text/event-stream") == (request.path, request.headers["accept"])
        assert {
            "stream_url": YARD,
            "condition": OPEN,
            "interval_seconds": 5,
            "max_triggers": None,
        } == request.json
        assert {"idempotency-key"} <= request.headers.keys()

    async def test_a_trigger_does_not_end_it(self, stub: StubServer, client: AsyncTrioClient) -> None:
        stub.scene(YARD, Scene(every=1))
        async with client.live_monitor.stream(YARD, OPEN, max_triggers=3) as events:
            stub.clock.advance(100)
            assert ["started", "triggered", "triggered", "triggered", "stopped"] == kinds(await events.collect())

    async def test_events_come_one_by_one_as_they_happen(self, stub: StubServer, client: AsyncTrioClient) -> None:
        async with client.live_monitor.stream(YARD, OPEN) as events:
            for seconds, kind in zip([1, 9, 10, 10], WHOLE, strict=False):
                stub.clock.advance(seconds)
                assert kind == (await events.__anext__()).kind

    async def test_a_failure_is_an_event(self, stub: StubServer, client: AsyncTrioClient) -> None:
        stub.scene(YARD, Scene(offline_at=20))
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(100)
            received = await events.collect()
        failed = received[-1]
        assert isinstance(failed, Failed)
        assert ("STREAM_OFFLINE", True) == (failed.code, failed.terminal)
        assert failed.remediation
        assert failed is events.outcome
        assert ["POST"] == methods(stub)

    @pytest.mark.parametrize(("dialect", "expected"), [("A", WHOLE), ("B", WHOLE), ("C", ["status", *WHOLE[1:]])])
    async def test_every_dialect_is_understood(
        self, stub: StubServer, client: AsyncTrioClient, dialect: Any, expected: list[str]
    ) -> None:
        stub.fail_next(dialect=dialect)
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(100)
            received = await events.collect()
        assert expected == kinds(received)
        assert stub.jobs[0].job_id == events.job_id

    async def test_without_a_block_it_starts_with_the_first_event(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        events = client.live_monitor.stream(YARD, OPEN, monitor_duration_seconds=5)
        assert [] == stub.requests
        stub.clock.speed = 600
        assert ["started", "stopped"] == [event.kind async for event in events]
        assert ["POST"] == methods(stub)

    async def test_every_event_carries_the_stream_that_is_watched(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(600)
            received = await events.collect()
        assert {event.stream_url for event in received} == {YARD}


class TestState:
    async def test_nothing_is_sent_before_it_is_entered(self, stub: StubServer, client: AsyncTrioClient) -> None:
        events = client.live_monitor.stream(YARD, OPEN)
        assert (None, None, None) == (events.job_id, events.last, events.outcome)
        await events.close()
        assert [] == [event async for event in events]
        assert [] == stub.requests

    async def test_arguments_are_checked_before_that(self, stub: StubServer, client: AsyncTrioClient) -> None:
        with pytest.raises(RequestValidationError, match="interval_seconds"):
            client.live_monitor.stream(YARD, OPEN, interval_seconds=1)
        with pytest.raises(RequestValidationError, match="window_minutes"):
            client.live_digest.stream(YARD, window_minutes=0)
        assert [] == stub.requests

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            ({"on_exit": "Cancel"}, r"on_exit is 'Cancel'; it must be one of 'cancel', 'leave'"),
            ({"on_exit": True}, r"on_exit is True"),
            ({"on_drop": None}, r"on_drop is None; it must be one of 'poll', 'raise'"),
            ({"wait_for_slot": -1}, r"wait_for_slot is -1; it must be 0 or more seconds"),
        ],
    )
    async def test_a_word_that_would_let_the_job_run_on_is_refused(
        self, stub: StubServer, client: AsyncTrioClient, options: dict[str, Any], text: str
    ) -> None:
        with pytest.raises(RequestValidationError, match=text):
            client.live_monitor.stream(YARD, OPEN, **options)
        with pytest.raises(RequestValidationError, match=text):
            client.live_digest.stream(YARD, **options)
        assert [] == stub.requests

    async def test_until_takes_types_of_events_and_nothing_else(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        kind: Any = "triggered"
        with pytest.raises(RequestValidationError, match=r"'triggered'; it must be event types"):
            await client.live_monitor.stream(YARD, OPEN).until(kind)
        assert [] == stub.requests

    async def test_until_refuses_to_wait_for_nothing(self, stub: StubServer, client: AsyncTrioClient) -> None:
        kinds: Any = ()
        with pytest.raises(RequestValidationError, match=r"no event type.*until\(Triggered\); collect\(\) reads"):
            await client.live_monitor.stream(YARD, OPEN).until(*kinds)
        assert [] == stub.requests

    async def test_it_knows_its_job_its_last_event_and_its_outcome(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        async with client.live_monitor.stream(YARD, OPEN) as events:
            assert events.job_id is None
            stub.clock.advance(100)
            first = await events.__anext__()
            assert (first, stub.jobs[0].job_id, None) == (events.last, events.job_id, events.outcome)
            received = await events.collect()
            assert (received[-1], received[-1]) == (events.last, events.outcome)
        assert stub.jobs[0].job_id == events.job_id

    async def test_until_returns_an_event_and_goes_on_after_it(self, stub: StubServer, client: AsyncTrioClient) -> None:
        stub.scene(YARD, Scene(every=2))
        async with client.live_monitor.stream(YARD, OPEN, max_triggers=2) as events:
            stub.clock.advance(100)
            first = await events.until(Triggered)
            second = await events.until(Stopped, Triggered)
            assert isinstance(first, Triggered)
            assert isinstance(second, Triggered)
            assert first.occurred_at is not None
            assert second.occurred_at is not None
            assert first.occurred_at < second.occurred_at
            assert await events.until(Summary) is None
            assert events.outcome is not None

    async def test_after_its_end_there_is_nothing(self, stub: StubServer, client: AsyncTrioClient) -> None:
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(100)
            assert 5 == len(await events.collect())
            assert [] == await events.collect()

    async def test_an_abandoned_stream_is_reported_with_its_job(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        events = client.live_monitor.stream(YARD, OPEN)
        stub.clock.speed = 600
        await events.__anext__()
        with pytest.warns(ResourceWarning, match=stub.jobs[0].job_id):
            events.__del__()
        await events.close()


class TestLeaving:
    async def test_leaving_by_break_stops_the_job_and_makes_sure_of_it(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(15)
            async for _ in events:
                break
        job = stub.jobs[0]
        assert ("stopped", "cancelled", 0) == (job.status, job.reason, stub.running_jobs)
        path = f"/api/jobs/{job.job_id}"
        assert [("DELETE", path), ("GET", path)] == [(r.method, r.path) for r in stub.requests[1:]]

    @pytest.mark.parametrize("kind", ["stream", "watch"])
    async def test_its_outcome_is_what_the_cancel_led_to_with_the_final_counters(
        self, stub: StubServer, client: AsyncTrioClient, kind: str
    ) -> None:
        stub.scene(YARD, Scene(holds=False))
        async with getattr(client.live_monitor, kind)(YARD, OPEN) as events:
            stub.clock.advance(25)
            await events.until(Progress)
            assert events.outcome is None
        end = events.outcome
        assert isinstance(end, Stopped)
        assert (end.job_id, end.stream_url, end.reason, end.status) == (events.job_id, YARD, "cancelled", "stopped")
        assert end.stats is not None
        assert end.stats.checks_performed == 2
        assert end.occurred_at is not None
        assert await events.collect() == []

    @pytest.mark.thorough
    async def test_it_has_no_outcome_where_its_stop_was_not_confirmed_or_not_asked_for(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        async with client.live_monitor.stream(YARD, OPEN, on_exit="leave") as kept:
            pass
        stub.fail_next(method="DELETE", status=403, times=99)
        with pytest.warns(JobLeakWarning):
            async with client.live_monitor.stream(YARD, OPEN) as leaked:
                pass
        assert (kept.outcome, leaked.outcome) == (None, None)

    async def test_its_outcome_is_an_end_that_had_arrived_and_was_not_read(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(600)
            async for event in events:
                if event.kind == "triggered":
                    break
        assert events.outcome is not None
        assert events.outcome.kind == "stopped"

    async def test_an_exception_stops_the_job_and_goes_on(self, stub: StubServer, client: AsyncTrioClient) -> None:
        with pytest.raises(ZeroDivisionError):
            async with client.live_monitor.stream(YARD, OPEN) as events:
                stub.clock.advance(15)
                async for event in events:
                    print(1 / len(event.kind[:0]))
        assert (0, ["POST", "DELETE", "GET"]) == (stub.running_jobs, methods(stub))

    @pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, GeneratorExit])
    async def test_an_interrupt_stops_the_job_and_goes_on(
        self, stub: StubServer, client: AsyncTrioClient, interrupt: type[BaseException]
    ) -> None:
        with pytest.raises(interrupt):
            async with client.live_monitor.stream(YARD, OPEN):
                stub.clock.advance(15)
                raise interrupt
        assert 0 == stub.running_jobs

    @pytest.mark.own_connections
    async def test_a_job_whose_id_has_not_arrived_is_found_and_stopped(
        self, stub: StubServer, client: AsyncTrioClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("trio_client._async.owned_stream._START_SECONDS", 0.05)
        async with client.live_monitor.stream(YARD, OPEN):
            pass
        assert ("stopped", 0) == (stub.jobs[0].status, stub.running_jobs)
        assert ("POST", "DELETE", "GET") == (methods(stub)[0], *methods(stub)[-2:])

    async def test_a_job_that_was_stopped_is_not_taken_for_that_of_a_lost_answer(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        stub.fail_next(path="/live-monitor", drop_after_bytes=1)
        async with client.live_monitor.stream(YARD, OPEN):
            stub.clock.advance(5)
        assert "stopped" == stub.jobs[0].status
        stub.fail_next(path="/live-monitor", status=502)
        with pytest.raises(CreateOutcomeUnknownError) as caught:
            await client.live_monitor.create(YARD, OPEN)
        assert [] == list(caught.value.candidates)

    async def test_close_stops_the_job_once(self, stub: StubServer, client: AsyncTrioClient) -> None:
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(15)
            await events.__anext__()
            await events.close()
            await events.aclose()
            assert [] == await events.collect()
        assert (0, 1) == (stub.running_jobs, methods(stub).count("DELETE"))

    async def test_leave_lets_the_job_run(self, stub: StubServer, client: AsyncTrioClient) -> None:
        async with client.live_monitor.stream(YARD, OPEN, on_exit="leave") as events:
            stub.clock.advance(15)
            await events.__anext__()
        assert (1, ["POST"]) == (stub.running_jobs, methods(stub))

    async def test_a_job_that_has_ended_is_not_cancelled(self, stub: StubServer, client: AsyncTrioClient) -> None:
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(100)
            await events.until(Stopped)
        assert ["POST"] == methods(stub)

    async def test_it_is_stopped_though_the_client_was_closed(self, stub: StubServer, client: AsyncTrioClient) -> None:
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(15)
            await events.__anext__()
            await client.close()
        assert 0 == stub.running_jobs

    @pytest.mark.parametrize(
        "fault",
        [
            {"status": 500, "times": 5},
            {"status": 429, "headers": {"Retry-After": "1"}},
            {"close": "reset", "times": 5},
            {"close": "fin", "processed": True},
        ],
    )
    async def test_stopping_is_tried_until_it_is_certain(
        self, stub: StubServer, client: AsyncTrioClient, fault: dict[str, Any]
    ) -> None:
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(15)
            await events.__anext__()
            stub.fail_next(method="DELETE", **fault)
        assert 0 == stub.running_jobs

    async def test_a_job_that_is_gone_is_stopped(self, stub: StubServer, client: AsyncTrioClient, pauses: Any) -> None:
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(15)
            await events.__anext__()
            stub.reset()
        assert {"DELETE"} == set(methods(stub))
        assert 5 < sum(pauses.seconds) < 10.5  # until ten seconds are over, the server's reads might lag

    async def test_a_job_that_could_not_be_stopped_is_named(
        self, stub: StubServer, client: AsyncTrioClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        with pytest.warns(JobLeakWarning) as warned:
            async with client.live_monitor.stream(YARD, OPEN) as events:
                stub.clock.advance(15)
                await events.__anext__()
                stub.fail_next(method="DELETE", status=500, times=100)
        job_id = stub.jobs[0].job_id
        assert job_id in str(warned[0].message)
        assert any(job_id in record.getMessage() for record in caplog.records if record.levelname == "ERROR")
        assert 1 == stub.running_jobs

    @pytest.mark.parametrize("fault", [{"status": 404, "body": "<html>Not Found</html>"}, {"status": 409}])
    async def test_an_answer_that_says_nothing_of_the_job_is_not_believed(
        self, stub: StubServer, client: AsyncTrioClient, fault: dict[str, Any]
    ) -> None:
        async with client.live_monitor.stream(YARD, OPEN):
            stub.clock.advance(5)
            stub.fail_next(method="DELETE", **fault)
        assert (0, ["DELETE", "GET", "DELETE", "GET"]) == (stub.running_jobs, methods(stub)[1:])

    async def test_a_conflict_with_a_job_that_has_ended_is_no_leak(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(5)
            assert isinstance(await events.__anext__(), Started)
            stub.clock.advance(1000)
            stub.fail_next(method="DELETE", status=409)
        assert ["DELETE", "GET"] == methods(stub)[1:]

    async def test_an_error_under_way_keeps_its_place_and_names_the_job(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        with pytest.warns(JobLeakWarning), pytest.raises(ZeroDivisionError) as caught:
            async with client.live_monitor.stream(YARD, OPEN) as events:
                stub.clock.advance(15)
                await events.__anext__()
                stub.fail_next(method="DELETE", status=500, times=100)
                print(1 / 0)
        assert stub.jobs[0].job_id in "".join(caught.value.__notes__)

    # async-only: begin
    async def test_cancelling_the_task_stops_the_job(self, stub: StubServer, client: AsyncTrioClient) -> None:
        reached: list[str] = []

        async def watch(*, task_status: TaskStatus[None]) -> None:
            async with client.live_monitor.stream(YARD, OPEN) as events:
                task_status.started()
                async for event in events:
                    reached.append(event.kind)
                    tasks.cancel_scope.cancel()
            reached.append("not reached")

        async with anyio.create_task_group() as tasks:
            await tasks.start(watch)
            stub.clock.advance(5)
        assert (["started"], 0) == (reached, stub.running_jobs)
        assert ["POST", "DELETE", "GET"] == methods(stub)

    async def test_a_timeout_stops_the_job(self, stub: StubServer, client: AsyncTrioClient) -> None:
        with anyio.CancelScope() as scope:
            async with client.live_monitor.stream(YARD, OPEN) as events:
                stub.clock.advance(5)
                await events.until(Started)
                scope.deadline = anyio.current_time() + 0.1
                await events.collect()
        assert (True, 0) == (scope.cancelled_caught, stub.running_jobs)
        assert ["POST", "DELETE", "GET"] == methods(stub)

    async def test_a_timeout_inside_the_block_leaves_the_stream_usable(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        async with client.live_monitor.stream(YARD, OPEN) as events:
            with anyio.move_on_after(0.05) as scope:
                await events.collect()
            assert scope.cancelled_caught
            stub.clock.advance(100)
            assert "stopped" == (await events.collect())[-1].kind

    @pytest.mark.own_connections
    async def test_a_timeout_around_one_step_loses_nothing(self, stub: StubServer, client: AsyncTrioClient) -> None:
        async with client.live_monitor.stream(YARD, OPEN, max_triggers=None) as events:
            stub.clock.advance(1)
            assert isinstance(await events.__anext__(), Started)
            for seconds in (1, 40):
                with anyio.move_on_after(0.05) as scope:
                    await events.until(Triggered)
                assert scope.cancelled_caught
                stub.clock.advance(seconds)
            found = await events.until(Triggered)
            assert found is not None
            assert ("sse", True) == (found.delivery, found.frame is not None)

    async def test_after_a_timeout_the_lookup_of_a_job_with_unknown_id_is_repeated(
        self, stub: StubServer, client: AsyncTrioClient, pauses: Any
    ) -> None:
        stub.fail_next(path="/live-monitor", drop_after_bytes=1)
        stub.fail_next(method="GET", path="/jobs", status=500, times=4)
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(5)
            scope = anyio.CancelScope()
            pause = pauses.async_sleep

            async def cancel(seconds: float) -> None:
                scope.cancel()
                await pause(seconds)

            pauses.async_sleep = cancel
            with scope:
                await events.collect()
            pauses.async_sleep = pause
            received = await events.collect()
        assert ("started", "stopped") == (received[0].kind, received[-1].kind)

    @pytest.mark.thorough
    async def test_a_cancellation_does_not_wait_for_ever_for_a_server_that_hangs(
        self, stub: StubServer, client: AsyncTrioClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("trio_client._async.job_stop._CLEANUP_SECONDS", 0.3)
        stub.fail_next(method="DELETE", delay=60, times=9)
        with pytest.warns(JobLeakWarning), anyio.fail_after(15):
            with anyio.CancelScope() as scope:
                async with client.live_monitor.stream(YARD, OPEN) as events:
                    stub.clock.advance(5)
                    await events.until(Started)
                    scope.deadline = anyio.current_time() + 0.1
                    await events.collect()

    # async-only: end


class TestDropped:
    @pytest.mark.parametrize("count", [0, 1, 2, 3])
    async def test_the_same_job_is_followed_and_never_started_again(
        self, stub: StubServer, client: AsyncTrioClient, count: int
    ) -> None:
        stub.fail_next(drop_after_events=count)
        async with client.live_monitor.stream(YARD, OPEN, max_triggers=None, monitor_duration_seconds=65) as events:
            stub.clock.advance(25)
            received = await events.collect()
        assert {stub.jobs[0].job_id} == {event.job_id for event in received}
        assert (1, 1) == (len(stub.jobs), methods(stub).count("POST"))
        assert ["sse"] * count == [event.delivery for event in received][:count]
        assert {"poll"} == {event.delivery for event in received[count:]}
        assert ("started", "stopped") == (received[0].kind, received[-1].kind)
        assert (1, 1) == (kinds(received).count("started"), kinds(received).count("stopped"))
        assert "DELETE" not in methods(stub)

    @pytest.mark.parametrize("count", range(6))
    async def test_every_trigger_is_emitted_once_wherever_it_drops(
        self, stub: StubServer, client: AsyncTrioClient, count: int
    ) -> None:
        stub.scene(YARD, Scene(every=1))
        stub.fail_next(drop_after_events=count)
        async with client.live_monitor.stream(YARD, OPEN, max_triggers=4) as events:
            stub.clock.advance(100)
            received = await events.collect()
        assert ["started", *["triggered"] * 4, "stopped"] == kinds(received)
        assert [event.delivery for event in received] == ["sse"] * count + ["poll"] * (6 - count)
        polled = [event for event in received if isinstance(event, Triggered) and event.delivery == "poll"]
        assert {None} >= {event.explanation for event in polled}
        assert {OPEN} >= {event.condition for event in polled}

    @pytest.mark.parametrize("size", [0, 1, 10, 200, 500, 2000, 5000])
    async def test_a_drop_inside_an_event_loses_nothing(
        self, stub: StubServer, client: AsyncTrioClient, size: int
    ) -> None:
        stub.fail_next(drop_after_bytes=size, path="/live-monitor")
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(100)
            received = await events.collect()
        assert (1, 1, 1) == tuple(kinds(received).count(kind) for kind in ("started", "triggered", "stopped"))
        assert 1 == methods(stub).count("POST")

    async def test_a_job_with_unknown_id_is_looked_up_until_the_list_has_it(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        stub.fail_next(drop_after_bytes=1, path="/live-monitor")
        stub.fail_next(method="GET", path="/jobs", status=500, times=7)
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(5)
            received = await events.collect()
        assert WHOLE[0] == received[0].kind
        assert isinstance(events.outcome, Stopped)
        assert 1 == methods(stub).count("POST")

    async def test_a_drop_before_the_job_is_known_raises_if_no_job_is_found(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        stub.fail_next(drop_after_bytes=1, path="/live-monitor")
        stub.fail_next(method="GET", path="/jobs", status=500, times=10_000)
        with pytest.warns(JobLeakWarning), pytest.raises(StreamInterruptedError, match=r"jobs\.list\(\)") as caught:
            async with client.live_monitor.stream(YARD, OPEN) as events:
                stub.clock.advance(5)
                await events.collect()
        assert isinstance(caught.value.__cause__, CreateOutcomeUnknownError)
        stub._state.faults.clear()
        found = await client.jobs.reconcile(caught.value.__cause__)
        assert found is not None
        assert stub.jobs[0].job_id == found.job_id

    async def test_a_lost_create_does_not_take_the_job_of_an_equal_stream(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        async with client.live_monitor.stream(YARD, OPEN) as events:  # it has not named its job yet
            stub.fail_next(path="/live-monitor", status=500)
            with pytest.raises(CreateOutcomeUnknownError):
                await client.live_monitor.create(YARD, OPEN)
            stub.clock.advance(5)
            assert await events.until(Started) is not None
            assert 1 == stub.running_jobs

    async def test_an_end_without_a_terminal_event_is_no_end(self, stub: StubServer, client: AsyncTrioClient) -> None:
        stub.fail_next(omit_terminal=True)
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(100)
            received = await events.collect()
        assert WHOLE == kinds(received)
        assert "poll" == received[-1].delivery
        assert isinstance(events.outcome, Stopped)

    @pytest.mark.parametrize("count", [0, 1])
    async def test_the_job_of_a_silent_stream_is_polled(
        self, stub: StubServer, client: AsyncTrioClient, poll_after_silence: PollAfterSilence, count: int
    ) -> None:
        poll_after_silence(0.2)
        stub.fail_next(silent_after_events=count)
        async with client.live_monitor.stream(YARD, OPEN, max_triggers=None) as events:
            stub.clock.advance(45)
            received = [await events.__anext__() for _ in range(count + 1)]
            assert "started" == received[0].kind
            assert {"poll"} == {event.delivery for event in received[count:]}
            assert await events.until(Triggered) is not None
        assert 1 == methods(stub).count("POST")

    @pytest.mark.own_connections
    async def test_a_silent_stream_of_a_job_with_nothing_to_report_is_kept(
        self, stub: StubServer, connect: Connect, poll_after_silence: PollAfterSilence
    ) -> None:
        poll_after_silence(0.2)
        polls = 0

        def count_polls(info: CallInfo) -> None:
            nonlocal polls
            polls += info.method == "GET"
            if polls == 2:  # the stream has been silent twice
                stub.clock.advance(300)

        client = connect(hooks=Hooks(on_response=count_polls))
        async with client.live_digest.stream(YARD, window_minutes=2, max_windows=2) as events:
            stub.clock.advance(5)
            received = await events.collect()
        assert (2, 2) == (polls, kinds(received).count("summary"))
        assert {"sse"} == {event.delivery for event in received}

    async def test_a_job_that_goes_on_after_the_drop_is_stopped_on_leaving(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        stub.fail_next(drop_after_events=1)
        async with client.live_monitor.stream(YARD, OPEN, max_triggers=None) as events:
            stub.clock.advance(5)
            await events.until(Triggered)
        assert (0, 1) == (stub.running_jobs, methods(stub).count("DELETE"))

    async def test_raise_raises_and_stops_the_job(self, stub: StubServer, client: AsyncTrioClient) -> None:
        stub.fail_next(drop_after_events=1)
        with pytest.raises(StreamInterruptedError) as caught:
            async with client.live_monitor.stream(YARD, OPEN, on_drop="raise") as events:
                stub.clock.advance(5)
                await events.collect()
        assert stub.jobs[0].job_id == caught.value.job_id
        assert isinstance(caught.value.last, Started)
        assert (0, ["POST", "DELETE", "GET"]) == (stub.running_jobs, methods(stub))

    async def test_after_an_interruption_the_next_step_says_the_same(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        stub.fail_next(drop_after_events=1)
        async with client.live_monitor.stream(YARD, OPEN, on_drop="raise") as events:
            stub.clock.advance(5)
            for _ in range(2):
                with pytest.raises(StreamInterruptedError, match=stub.jobs[0].job_id):
                    await events.collect()

    async def test_raise_without_a_block_stops_the_job_too(self, stub: StubServer, client: AsyncTrioClient) -> None:
        stub.fail_next(drop_after_events=1)
        events = client.live_monitor.stream(YARD, OPEN, on_drop="raise")
        stub.clock.speed = 100
        with pytest.raises(StreamInterruptedError):
            await events.collect()
        assert 0 == stub.running_jobs

    async def test_a_job_that_is_gone_after_the_drop_has_failed(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(5)
            await events.__anext__()
            stub.reset()
            (failed,) = await events.collect()
        assert ("failed", "JOB_NOT_FOUND") == (failed.kind, failed.code)

    async def test_an_event_over_the_limit_is_left_out_and_the_job_followed(
        self, stub: StubServer, connect: Connect
    ) -> None:
        stub.scene(YARD, Scene(frame=b"\xff\xd8\xff" + b"x" * 10_000))
        async with connect(max_body_bytes=5000).live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(100)
            received = await events.collect()
        assert WHOLE == kinds(received)
        assert ("poll", "poll") == (received[3].delivery, received[4].delivery)
        assert 1 == methods(stub).count("POST")


class TestStarting:
    async def test_a_job_instead_of_a_stream_is_adopted(self, stub: StubServer, client: AsyncTrioClient) -> None:
        headers = {"accept": "application/json"}  # as a proxy on the way might have it
        async with client.live_monitor.stream(YARD, OPEN, extra_headers=headers) as events:
            assert "polling" == stub.jobs[0].delivery
            assert stub.jobs[0].job_id == events.job_id
            received = await events.collect()
        assert WHOLE == kinds(received)
        assert 1 == methods(stub).count("POST")

    async def test_an_adopted_job_is_owned(self, stub: StubServer, client: AsyncTrioClient) -> None:
        headers = {"accept": "application/json"}
        async with client.live_monitor.stream(YARD, OPEN, extra_headers=headers) as events:
            await events.until(Started)
        assert 0 == stub.running_jobs

    @pytest.mark.parametrize(
        "fault",
        [
            {"close": "reset"},
            {"close": "fin"},
            {"status": 500},
            {"status": 200, "body": "<html>Welcome</html>"},
            {"status": 200, "body": b""},
            {"status": 204},
            {"status": 307},
        ],
    )
    async def test_a_job_whose_stream_never_came_is_found_and_followed(
        self, stub: StubServer, client: AsyncTrioClient, fault: dict[str, Any]
    ) -> None:
        stub.fail_next(path="/live-monitor", processed=True, **fault)
        async with client.live_monitor.stream(YARD, OPEN) as events:
            assert stub.jobs[0].job_id == events.job_id
            received = await events.collect()
        assert ("started", "stopped") == (received[0].kind, received[-1].kind)
        assert (1, 1) == (len(stub.jobs), methods(stub).count("POST"))

    async def test_an_unknown_outcome_is_raised_on_entering(self, stub: StubServer, client: AsyncTrioClient) -> None:
        stub.fail_next(path="/live-monitor", close=True)
        with pytest.raises(CreateOutcomeUnknownError):
            async with client.live_monitor.stream(YARD, OPEN):
                pytest.fail("the block was entered")
        assert 1 == methods(stub).count("POST")

    async def test_a_refusal_is_raised_on_entering(self, stub: StubServer, client: AsyncTrioClient) -> None:
        stub.fail_next(path="/live-monitor", status=401)
        events = client.live_monitor.stream(YARD, OPEN)
        with pytest.raises(AuthenticationError):
            async with events:
                pytest.fail("the block was entered")
        assert [] == await events.collect()
        assert (0, ["POST"]) == (stub.running_jobs, methods(stub))

    async def test_it_can_wait_for_a_slot(self, stub: StubServer, client: AsyncTrioClient, pauses: Any) -> None:
        stub.add_jobs(9, status="running")
        await client.live_monitor.create("rtsp://camera.example/2", OPEN, monitor_duration_seconds=5)
        with pytest.raises(MaxJobsReachedError):
            async with client.live_monitor.stream(YARD, OPEN):
                pytest.fail("the block was entered")
        async with client.live_monitor.stream(YARD, OPEN, wait_for_slot=30) as events:
            stub.clock.advance(100)
            assert WHOLE == kinds(await events.collect())
        assert [3.0, 3.0] == pauses.seconds

    async def test_a_refusal_before_work_is_followed_by_another_attempt(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        stub.fail_next(path="/live-monitor", status=429, headers={"Retry-After": "1"})
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(100)
            await events.collect()
        assert (2, 1) == (methods(stub).count("POST"), len(stub.jobs))


class TestBytes:
    """What only a server of bytes can send; `on_exit="leave"` since there is no job to stop."""

    @pytest.mark.own_connections
    async def test_the_id_of_a_job_that_is_left_at_once_is_known(self, connect: Connect) -> None:
        with RawServer([SSE, 0.1, START, HOLD]) as server:
            async with connect(base_url=server.base_url).live_monitor.stream(YARD, OPEN, on_exit="leave") as events:
                pass
        assert events.job_id == "j-1"

    async def test_a_job_that_is_left_before_it_has_a_name_is_logged(
        self, connect: Connect, caplog: pytest.LogCaptureFixture
    ) -> None:
        with RawServer([SSE, b": a comment\n\n", CLOSE]) as server:
            async with connect(base_url=server.base_url).live_monitor.stream(YARD, OPEN, on_exit="leave") as events:
                pass
        assert events.job_id is None
        (line,) = (record.getMessage() for record in caplog.records if record.levelname == "WARNING")
        assert "left before it named its job, which runs on" in line
        assert "rtsp://" in line

    async def collect(self, connect: Connect, *script: Any) -> list[Event]:
        with RawServer(script) as server:
            client = connect(base_url=server.base_url)
            async with client.live_monitor.stream(YARD, OPEN, on_exit="leave") as events:
                return await events.collect()

    async def test_nothing_is_read_after_the_terminal_event(self, connect: Connect) -> None:
        wire = b"event: stopped\ndata: {}\n\nevent: triggered\ndata: {}\n\n"
        assert ["stopped"] == kinds(await self.collect(connect, SSE, wire, HOLD))

    async def test_every_byte_may_come_alone(self, connect: Connect) -> None:
        wire = 'event: triggered\r\ndata: {"explanation": "Tür \u2028 🚪"}\r\n\r\nevent: stopped\ndata: {}\n\n'.encode()
        triggered, stopped = await self.collect(connect, SSE, *[bytes([byte]) for byte in wire])
        assert ("Tür \u2028 🚪", "stopped") == (triggered.explanation, stopped.kind)

    async def test_content_that_is_no_json_is_kept(self, connect: Connect) -> None:
        wire = b"event: news\ndata: [1, \ndata: x\n\nevent: stopped\ndata: {}\n\n"
        news, _ = await self.collect(connect, SSE, wire)
        assert isinstance(news, UnknownEvent)
        assert ("news", "[1, \nx") == (news.name, news.raw)

    @pytest.mark.parametrize("media_type", ["Text/Event-Stream", "text/event-stream; charset=latin-1"])
    async def test_the_media_type_is_compared_without_case_and_parameters(
        self, connect: Connect, media_type: str
    ) -> None:
        head = SSE.replace(b"text/event-stream", media_type.encode())
        wire = 'data: {"type": "triggered", "explanation": "ö"}\n\nevent: stopped\ndata: {}\n\n'.encode()
        triggered, _ = await self.collect(connect, head, wire)
        assert "ö" == triggered.explanation

    async def test_comments_and_a_byte_order_mark_are_no_events(self, connect: Connect) -> None:
        start, end = b"\xef\xbb\xbfevent: started\ndata: {}\n\n", b"event: stopped\ndata: {}\n\n"
        received = await self.collect(connect, SSE, start + b": keep-alive\n\n" * 1000 + end)
        assert ["started", "stopped"] == kinds(received)

    async def test_an_event_repeated_with_its_id_is_emitted_once(self, connect: Connect) -> None:
        one, two = b'id: 7\nevent: triggered\ndata: {"n": 1}\n\n', b'id: 8\nevent: triggered\ndata: {"n": 2}\n\n'
        other = one.replace(b'"n": 1', b'"n": 3')  # the id again, but something else
        bare = b'event: triggered\ndata: {"n": 4}\n\n'
        received = await self.collect(
            connect, SSE, one + two + one + two, one + other + bare + bare, b"event: stopped\ndata: {}\n\n"
        )
        assert [1, 2, 3, 4, 4] == [event.raw["n"] for event in received if isinstance(event, Triggered)]

    @pytest.mark.thorough
    async def test_an_event_that_dribbles_in_for_too_long_drops_the_stream(
        self, connect: Connect, poll_after_silence: PollAfterSilence
    ) -> None:
        poll_after_silence(1.0)
        job = {"job_id": "j-1", "status": "completed"}
        alive = {"job_id": "j-1", "status": "running"}
        comments: list[Any] = [0.15, b": alive\n\n"] * 10  # for longer than that, so the job is polled
        endless = dribble(b"data: " + b"x" * 2000, 0.01)
        with RawServer([SSE, START, *comments, START, *endless, HOLD], reply(alive), reply(job)) as server:
            async with connect(base_url=server.base_url).live_monitor.stream(YARD, OPEN, on_exit="leave") as events:
                received = await events.collect()
            assert ["started", "started", "stopped"] == kinds(received)
            assert [b"GET /api/jobs/j-1 " in each for each in server.requests] == [False, True, True]

    @pytest.mark.own_connections
    async def test_events_that_wait_while_the_caller_does_something_else_are_read(
        self, connect: Connect, pauses: Pauses
    ) -> None:
        def chunks(*pieces: bytes) -> bytes:
            return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)

        go = threading.Event()
        head, comment = SSE[:-2] + b"Transfer-Encoding: chunked\r\n\r\n", b": alive\n\n"
        script = [head, chunks(START, comment), go, chunks(comment, SEEN), HOLD]
        with RawServer(script, reply({"job_id": "j-1", "status": "running"})) as server:
            async with connect(base_url=server.base_url).live_monitor.stream(YARD, OPEN, on_exit="leave") as events:
                assert await events.until(Started) is not None
                assert await events.until(Triggered, timeout=0.1) is None  # it reads the comment
                pauses.seconds.append(3600)
                go.set()
                found = await events.until(Triggered)
            assert found is not None
            assert (found.delivery, found.explanation, len(server.requests)) == ("sse", "A van.", 1)

    @pytest.mark.own_connections
    @pytest.mark.parametrize("rest", [[HOLD], [0.05, b": alive\n\n"] * 1000], ids=["nothing", "comments"])
    async def test_many_short_waits_find_a_silent_stream_too(
        self, connect: Connect, poll_after_silence: PollAfterSilence, rest: list[Any]
    ) -> None:
        poll_after_silence(0.2)
        with RawServer([SSE, START, *rest], reply({"job_id": "j-1", "status": "completed"})) as server:
            async with connect(base_url=server.base_url).live_monitor.stream(YARD, OPEN, on_exit="leave") as events:
                assert await events.until(Started) is not None
                for _ in range(1000):
                    assert await events.until(Triggered, timeout=0.1) is None
                    if events.outcome is not None:
                        break
            assert isinstance(events.outcome, Stopped)
            assert events.outcome.delivery == "poll"

    @pytest.mark.own_connections
    async def test_events_are_read_though_the_poll_of_their_silent_stream_is_cut_off(
        self, connect: Connect, poll_after_silence: PollAfterSilence
    ) -> None:
        poll_after_silence(0.2)
        polled = threading.Event()
        slow: list[Any] = [polled.set, 0.3, reply({"job_id": "j-1", "status": "running"})]
        with RawServer([SSE, START, polled, 0.3, SEEN, HOLD], slow) as server:
            async with connect(base_url=server.base_url).live_monitor.stream(YARD, OPEN, on_exit="leave") as events:
                assert await events.until(Started) is not None
                for _ in range(300):
                    found = await events.until(Triggered, timeout=0.1)
                    if found is not None:
                        break
            assert found is not None
            assert (found.delivery, found.explanation) == ("sse", "A van.")

    async def test_a_flood_of_comments_is_a_drop(self, connect: Connect) -> None:
        job = {"job_id": "j-1", "status": "completed"}
        flood = (b": " + b"x" * 60_000 + b"\n") * 20
        with RawServer([SSE, START, flood, HOLD], reply(job)) as server:
            async with connect(base_url=server.base_url).live_monitor.stream(YARD, OPEN, on_exit="leave") as events:
                received = await events.collect()
        assert [(event.kind, event.delivery) for event in received] == [("started", "sse"), ("stopped", "poll")]

    async def test_events_before_one_that_is_too_large_are_emitted_first(self, connect: Connect) -> None:
        whole = b'event: started\ndata: {"job_id": "a1"}\n\nevent: triggered\ndata: {"job_id": "a1"}\n\n'
        ended = reply({"job_id": "a1", "status": "stopped", "message": "m"})
        with RawServer([SSE + whole + b"data: " + 5000 * b"x", CLOSE], ended) as server:
            client = connect(base_url=server.base_url, max_body_bytes=2000)
            received: list[str] = []
            with pytest.raises(StreamInterruptedError) as caught:
                async with client.live_monitor.stream(YARD, OPEN, on_drop="raise") as events:
                    async for event in events:
                        received.append(event.kind)  # noqa: PERF401 - what comes before the error counts
        assert ["started", "triggered"] == received
        assert isinstance(caught.value.last, Triggered)

    async def test_an_event_without_end_stops_at_the_limit(self, connect: Connect) -> None:
        job = {"job_id": "j-1", "status": "completed"}
        endless = [SSE, START + b"data: ", *[b"x" * 65_536] * 200, HOLD]
        with RawServer(endless, reply(job)) as server:
            client = connect(base_url=server.base_url, max_body_bytes=1_000_000)
            async with client.live_monitor.stream(YARD, OPEN, on_exit="leave") as events:
                received = await events.collect()
            assert ["started", "stopped"] == kinds(received)
            assert b"GET /api/jobs/j-1 " in server.requests[1]

    async def test_the_moment_of_an_event_is_the_servers(self, connect: Connect) -> None:
        wire = b'event: stopped\ndata: {"timestamp": "2026-03-01T12:00:00+02:00"}\n\n'
        (stopped,) = await self.collect(connect, SSE, wire, CLOSE)
        assert datetime(2026, 3, 1, 10, tzinfo=timezone.utc) == stopped.occurred_at


@pytest.mark.own_connections
@pytest.mark.parametrize("seconds", [0, 0.001])
async def test_until_reads_what_has_come_however_short_it_waits(
    stub: StubServer, client: AsyncTrioClient, seconds: float
) -> None:
    async with client.live_monitor.stream("rtsp://cam/1", "x", interval_seconds=5) as events:
        for _ in range(100):
            if (found := await events.until(Triggered, timeout=seconds)) is not None:
                break
            stub.clock.advance(1)
    assert found is not None
    assert "sse" == found.delivery


async def test_until_returns_when_the_time_is_up_and_the_stream_stays_open(connect: Connect) -> None:
    with StubServer(speed=0) as stub:
        client = connect(base_url=stub.base_url)
        async with client.live_monitor.stream("rtsp://cam/1", "x", interval_seconds=5) as events:
            assert await events.until(Triggered, timeout=0.05) is None
            assert await events.until(Triggered, timeout=0) is None
            stub.clock.advance(30)
            assert await events.until(Triggered, timeout=10) is not None
        assert (1, 0) == (methods(stub).count("POST"), stub.running_jobs)


async def test_a_polled_job_can_be_read_for_a_while(client: AsyncTrioClient, stub: StubServer) -> None:
    stub.scene("rtsp://cam/1", Scene(holds=False))
    job = await client.live_monitor.create("rtsp://cam/1", "x", monitor_duration_seconds=36_000)
    async with client.jobs.events(job.job_id) as events:
        assert await events.until(Triggered, timeout=8) is None
        stub.scene("rtsp://cam/1", Scene())
        assert await events.until(Triggered, timeout=600) is not None


async def test_a_negative_timeout_is_refused(client: AsyncTrioClient) -> None:
    with pytest.raises(RequestValidationError, match="timeout"):
        await client.live_monitor.stream("rtsp://cam/1", "x").until(Triggered, timeout=-1)
