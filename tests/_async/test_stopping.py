"""A stop is certain, or said not to be: what a server's or a proxy's reply proves, and what it does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from raw_server import CLOSE, HOLD, RawServer, reply

from trio_client import (
    APIStatusError,
    AsyncTrioClient,
    JobLeakWarning,
    JobNotFoundError,
    NotFoundError,
    ResponseValidationError,
    RetryPolicy,
    Started,
    Stopped,
    StreamInterruptedError,
    TrioError,
)
from trio_client.stub import Scene, StubServer

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
YARD = "rtsp://camera.example/yard"
OPEN = "the gate is open"
GONE = {"status": 404, "body": {"error": {"code": "JOB_NOT_FOUND", "message": "No such job."}}}
PAGES: dict[str, dict[str, Any]] = {
    "a page": {"status": 404, "body": "<html>Not Found</html>"},
    "FastAPI's": {"status": 404, "body": {"detail": "Not Found"}},
    "text": {"status": 404, "body": "404 page not found"},
    "nothing": {"status": 404, "body": b""},
    "a success page": {"status": 200, "body": "<html>Welcome</html>"},
    "a firewall's": {"status": 403, "body": "<html>Request blocked</html>"},
    "a proxy's 400": {"status": 400, "body": "<html>Bad Request</html>"},
}


def methods(stub: StubServer) -> list[str]:
    return [request.method for request in stub.requests]


@pytest.fixture
def stub(stub: StubServer) -> StubServer:
    stub.scene(YARD, Scene(holds=False))
    return stub


class TestCancel:
    @pytest.mark.parametrize("page", PAGES)
    async def test_a_reply_that_is_not_about_the_job_proves_no_stop(
        self, stub: StubServer, client: AsyncTrioClient, page: str
    ) -> None:
        (job_id,) = stub.add_jobs(1, status="running")
        stub.fail_next(method="DELETE", times=9, **PAGES[page])
        with pytest.raises((APIStatusError, ResponseValidationError)):
            await client.jobs.cancel(job_id, missing_ok=True)
        assert stub.running_jobs == 1

    async def test_cancel_all_does_not_count_it(self, stub: StubServer, client: AsyncTrioClient) -> None:
        (job_id,) = stub.add_jobs(1, status="running")
        stub.fail_next(method="DELETE", **PAGES["FastAPI's"])
        report = await client.jobs.cancel_all()
        assert (report.cancelled, list(report.failed)) == ((), [job_id])

    async def test_an_unknown_job_counts_as_cancelled_if_asked_for(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        with pytest.raises(JobNotFoundError):
            await client.jobs.cancel("a1")
        assert (await client.jobs.cancel("a1", missing_ok=True)).status == "stopped"
        assert methods(stub) == ["DELETE", "DELETE"]

    async def test_a_job_that_was_just_made_is_not_believed_to_be_unknown(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        job = await client.live_monitor.create(YARD, OPEN)
        stub.fail_next(method="DELETE", times=2, **GONE)
        with pytest.raises(JobNotFoundError):
            await client.jobs.cancel(job.job_id)
        assert (await client.jobs.cancel(job.job_id, missing_ok=True)).status == "stopped"
        assert (methods(stub).count("DELETE"), stub.running_jobs) == (3, 0)

    async def test_after_ten_seconds_it_is_believed(
        self, stub: StubServer, client: AsyncTrioClient, pauses: Any
    ) -> None:
        job = await client.live_monitor.create(YARD, OPEN)
        stub.reset()
        await client.jobs.cancel(job.job_id, missing_ok=True)
        assert 5 < sum(pauses.seconds) < 10.5


class TestLeaving:
    @pytest.mark.parametrize("page", PAGES)
    async def test_a_page_proves_no_stop_and_the_stop_is_repeated(
        self, stub: StubServer, client: AsyncTrioClient, page: str
    ) -> None:
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(5)
            await events.until(Started)
            stub.fail_next(method="DELETE", times=2, **PAGES[page])
            stub.fail_next(method="GET", **PAGES[page])
        assert (stub.jobs[0].status, stub.running_jobs) == ("stopped", 0)

    @pytest.mark.parametrize("page", PAGES)
    async def test_a_stop_that_only_pages_answer_is_reported(
        self, stub: StubServer, client: AsyncTrioClient, page: str
    ) -> None:
        with pytest.warns(JobLeakWarning):
            async with client.live_monitor.stream(YARD, OPEN) as events:
                stub.clock.advance(5)
                await events.until(Started)
                stub.fail_next(method="DELETE", times=999, **PAGES[page])
        assert stub.running_jobs == 1

    async def test_a_job_that_reads_lag_behind_is_stopped(self, stub: StubServer, client: AsyncTrioClient) -> None:
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(5)
            await events.until(Started)
            stub.fail_next(method="DELETE", times=2, **GONE)
        assert (methods(stub).count("DELETE"), stub.running_jobs) == (3, 0)

    async def test_asked_to_wait_longer_it_tries_once_more_at_the_end_of_its_time(
        self, stub: StubServer, client: AsyncTrioClient, pauses: Any
    ) -> None:
        async with client.live_monitor.stream(YARD, OPEN) as events:
            stub.clock.advance(5)
            await events.until(Started)
            stub.fail_next(method="DELETE", status=429, headers={"Retry-After": "300"})
        assert (methods(stub).count("DELETE"), stub.running_jobs) == (2, 0)
        assert 5 < sum(pauses.seconds) < 10.5


class TestFollowing:
    @pytest.mark.parametrize("page", PAGES)
    async def test_a_page_is_an_outage_and_not_the_end_of_the_job(
        self, stub: StubServer, client: AsyncTrioClient, page: str
    ) -> None:
        stub.fail_next(drop_after_events=1)
        async with client.live_monitor.stream(YARD, OPEN, monitor_duration_seconds=60) as events:
            stub.clock.advance(5)
            await events.until(Started)
            stub.fail_next(method="GET", times=3, **PAGES[page])
            assert await events.until(Stopped) is not None
        assert events.outcome is not None
        assert events.outcome.delivery == "poll"

    async def test_it_is_retried_for_no_longer_than_the_deadline(
        self, stub: StubServer, connect: Connect, pauses: Any
    ) -> None:
        stub.fail_next(drop_after_events=1)
        stub.fail_next(method="GET", times=999, **PAGES["a page"])
        client = connect(retry=RetryPolicy(deadline=30))
        with pytest.raises(StreamInterruptedError, match="cannot be polled"):
            async with client.live_monitor.stream(YARD, OPEN, monitor_duration_seconds=600) as events:
                stub.clock.advance(5)
                await events.collect()
        assert 30 <= sum(pauses.seconds) < 60

    async def test_a_refusal_of_the_api_is_final(self, stub: StubServer, client: AsyncTrioClient) -> None:
        stub.fail_next(drop_after_events=1)
        async with client.live_monitor.stream(YARD, OPEN, monitor_duration_seconds=600) as events:
            stub.clock.advance(5)
            await events.until(Started)
            stub.fail_next(method="GET", status=403, body={"error": {"code": "FORBIDDEN", "message": "no"}})
            with pytest.raises(StreamInterruptedError):
                await events.collect()

    async def test_a_job_that_reads_lag_behind_has_not_ended(self, stub: StubServer, client: AsyncTrioClient) -> None:
        stub.fail_next(drop_after_events=1)
        async with client.live_monitor.stream(YARD, OPEN, monitor_duration_seconds=60) as events:
            stub.clock.advance(5)
            await events.until(Started)
            stub.fail_next(method="GET", times=2, **GONE)
            assert await events.until(Stopped) is not None

    async def test_a_wait_for_a_job_that_was_just_made_retries_both(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        job = await client.live_monitor.create(YARD, OPEN, monitor_duration_seconds=60)
        stub.fail_next(method="GET", times=2, **GONE)
        stub.fail_next(method="GET", times=2, **PAGES["a page"])
        assert (await client.jobs.wait(job.job_id)).status == "stopped"

    @pytest.mark.parametrize("page", PAGES)
    async def test_a_page_in_place_of_a_job_that_was_never_reached_is_raised(
        self, stub: StubServer, client: AsyncTrioClient, page: str
    ) -> None:
        stub.fail_next(method="GET", times=9, **PAGES[page])
        with pytest.raises(TrioError) as caught:
            await client.jobs.wait("a1")
        assert isinstance(caught.value, (APIStatusError, ResponseValidationError))
        with pytest.raises((NotFoundError, APIStatusError, ResponseValidationError)):
            await client.jobs.get("a1")

    async def test_a_watch_does_not_start_a_second_job_beside_one_that_reads_lag_behind(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        stub.fail_next(drop_after_events=1)
        async with client.live_monitor.watch(YARD, OPEN, on_drop="poll", duration=100) as events:
            stub.clock.advance(5)
            await events.until(Started)
            stub.fail_next(method="GET", times=2, **GONE)
            await events.collect()
        assert methods(stub).count("POST") == 1


async def test_a_page_in_place_of_a_candidate_hides_no_job(stub: StubServer, client: AsyncTrioClient) -> None:
    stub.fail_next(path="/live-monitor", status=502, processed=True)
    stub.fail_next(method="GET", path="/jobs/", times=2, **PAGES["a page"])
    job = await client.live_monitor.create(YARD, OPEN)
    assert [job.job_id] == [each.job_id for each in stub.jobs]


class TestRepliesAboutAnotherJob:
    """A cache, or a connection that a forged or late reply has put out of step, returns what belongs to another job."""

    HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
    STARTED = HEAD + b'event: started\ndata: {"job_id": "own"}\n\n'

    @staticmethod
    def job(job_id: str, status: str) -> bytes:
        return reply({"job_id": job_id, "status": status})

    async def test_a_poll_of_another_job_is_not_the_end(self, connect: Connect) -> None:
        polls = [self.job("other", "completed"), self.job("own", "running"), self.job("own", "stopped")]
        with RawServer([self.STARTED, CLOSE], *polls) as server:
            async with connect(base_url=server.base_url).live_monitor.stream(YARD, OPEN) as events:
                ends = [(event.kind, event.job_id) for event in await events.collect() if event.terminal]
        assert ends == [("stopped", "own")]
        assert len(server.requests) == 4

    async def test_the_status_of_another_job_confirms_no_stop(self, connect: Connect) -> None:
        replies = [self.job("own", "stopped"), self.job("other", "stopped"), self.job("own", "stopped")]
        with RawServer([self.STARTED, HOLD], *replies) as server:
            async with connect(base_url=server.base_url).live_monitor.stream(YARD, OPEN) as events:
                await anext(events)
        assert events.outcome is not None
        assert [request.split()[0] for request in server.requests] == [b"POST", b"DELETE", b"GET", b"GET"]

    async def test_a_stop_that_only_another_job_confirms_is_reported(self, connect: Connect) -> None:
        with RawServer([self.STARTED, HOLD], self.job("own", "stopped"), self.job("other", "stopped")) as server:
            with pytest.warns(JobLeakWarning, match="own"):
                async with connect(base_url=server.base_url).live_monitor.stream(YARD, OPEN) as events:
                    await anext(events)
        assert events.outcome is None

    async def test_a_call_about_one_job_says_once_that_it_got_another(
        self, connect: Connect, caplog: pytest.LogCaptureFixture
    ) -> None:
        with RawServer(*[self.job("other", "running")] * 2, self.job("other", "stopped")) as server:
            client = connect(base_url=server.base_url)
            got = await client.jobs.get("own")
            ended = await client.jobs.wait("own", poll_interval=0.01)
            cancelled = await client.jobs.cancel("own")
        assert ["other"] * 3 == [got.job_id, ended.job_id, cancelled.job_id]
        lines = [record for record in caplog.records if "is about job other" in record.getMessage()]
        assert 1 == len(lines)
        assert lines[0].getMessage().startswith("The reply about job own is about job other.")

    async def test_another_form_of_the_same_id_is_no_other_job(
        self, connect: Connect, caplog: pytest.LogCaptureFixture
    ) -> None:
        with RawServer(self.job("6F1ED002-AB59-5C5E-9E04-000000000001", "running")) as server:
            await connect(base_url=server.base_url).jobs.get("6f1ed002ab595c5e9e04000000000001")
        assert [] == caplog.records

    @pytest.mark.parametrize("name", ["stopped", "error"])
    async def test_a_stream_that_ends_another_job_is_dropped(self, connect: Connect, name: str) -> None:
        foreign = b"event: %s\ndata: %s\n\n" % (name.encode(), json.dumps({"job_id": "other"}).encode())
        with RawServer([self.STARTED + foreign, HOLD], self.job("own", "completed")) as server:
            async with connect(base_url=server.base_url).live_monitor.stream(YARD, OPEN) as events:
                ends = [(event.delivery, event.job_id) for event in await events.collect() if event.terminal]
        assert ends == [("poll", "own")]
        assert [request.split()[0] for request in server.requests] == [b"POST", b"GET"]
