"""What is sent again after a failure, and what never is."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import anyio.lowlevel
import pytest
from raw_server import HOLD, RawServer, dribble, reply

from trio_client import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncTrioClient,
    CreateOutcomeUnknownError,
    Job,
    RateLimitError,
    RetryPolicy,
    ServerError,
    Timeout,
    TrioError,
    response_info,
)
from trio_client.stub import StubServer

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
YARD = "rtsp://camera.example/yard"
OPEN = "the gate is open"

BROKEN: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "502": {"status": 502, "body": "<h1>Bad gateway</h1>"},
    "503": {"status": 503},
    "504": {"status": 504},
    "closed": {"close": "fin"},
    "reset": {"close": "reset"},
    "timeout": {"delay": 5},
    "cut": {"drop_after_bytes": 10},
}
# What leaves open whether a create was carried out; `cut` means that it was.
AMBIGUOUS: dict[str, dict[str, Any]] = {
    **{name: fault for name, fault in BROKEN.items() if name not in ("cut", "timeout")},
    "redirect": {"status": 307, "headers": {"location": "https://elsewhere.example/"}},
    "html": {"status": 200, "body": "<html>Welcome</html>"},
    "empty": {"status": 200, "body": b""},
    "no content": {"status": 204},
    "no job id": {"status": 200, "body": {"status": "pending"}},
    "a list": {"status": 200, "body": [1, 2]},
    "not JSON": {"status": 200, "body": b'{"job_id": '},
}


def sent(stub: StubServer, method: str) -> int:
    """How many requests with this method arrived."""
    return sum(request.method == method for request in stub.requests)


class TestRead:
    @pytest.mark.counts_reads
    @pytest.mark.parametrize("fault", BROKEN)
    async def test_it_is_sent_again(self, stub: StubServer, connect: Connect, fault: str) -> None:
        client = connect(timeout=Timeout(response=0.5 if fault == "timeout" else 30.0))
        stub.fail_next(**BROKEN[fault])
        page = await client.jobs.list()
        assert (2, 2) == (len(stub.requests), response_info(page).attempts)

    @pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 409, 410, 413, 415, 418, 422, 301, 304])
    async def test_a_definite_answer_is_final(self, stub: StubServer, client: AsyncTrioClient, status: int) -> None:
        stub.fail_next(status=status)
        with pytest.raises(APIStatusError) as caught:
            await client.jobs.list()
        assert (status, 1, 1) == (caught.value.status_code, len(stub.requests), caught.value.attempts)

    @pytest.mark.parametrize("status", [408, 425, 429])
    async def test_a_refusal_before_work_is_not(self, stub: StubServer, client: AsyncTrioClient, status: int) -> None:
        stub.fail_next(status=status)
        await client.jobs.list()
        assert 2 == len(stub.requests)

    async def test_attempts_are_bounded_and_their_number_is_reported(
        self, stub: StubServer, client: AsyncTrioClient, pauses: Any
    ) -> None:
        stub.fail_next(status=500, times=9)
        with pytest.raises(ServerError) as caught:
            await client.jobs.list()
        assert (3, 3, 2) == (len(stub.requests), caught.value.attempts, len(pauses.seconds))

    async def test_waits_are_random_below_a_bound_that_doubles(
        self, stub: StubServer, connect: Connect, pauses: Any
    ) -> None:
        client = connect(retry=RetryPolicy(max_attempts=6, base_delay=1, max_delay=4))
        stub.fail_next(status=500, times=5)
        await client.jobs.list()
        assert all(0 <= wait <= bound for wait, bound in zip(pauses.seconds, [1, 2, 4, 4, 4], strict=True))
        assert 5 == len(set(pauses.seconds))

    async def test_a_connection_that_was_closed_while_idle_costs_no_attempt(self, connect: Connect) -> None:
        with RawServer([reply({"jobs": []}), "close"], reply({"jobs": []})) as server:
            client = connect(base_url=server.base_url)
            await client.jobs.list()
            server.wait_for_closing()
            for _ in range(3):  # the event loop has to hear of it # async-only
                await anyio.lowlevel.checkpoint()  # async-only
            page = await client.jobs.list()
        assert (1, 2) == (response_info(page).attempts, server.connections)


class TestRetryAfter:
    @pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
    async def test_it_is_waited_for(self, stub: StubServer, client: AsyncTrioClient, pauses: Any, status: int) -> None:
        stub.fail_next(status=status, headers={"Retry-After": "17"})
        await client.jobs.list()
        assert [17.0] == pauses.seconds

    @pytest.mark.parametrize("hint", ["61", "86400", "1000000000000000000", "Fri, 31 Dec 2199 23:59:59 GMT"])
    async def test_an_absurd_one_is_raised_at_once(
        self, stub: StubServer, client: AsyncTrioClient, pauses: Any, hint: str
    ) -> None:
        stub.fail_next(status=429, headers={"Retry-After": hint})
        with pytest.raises(RateLimitError) as caught:
            await client.jobs.list()
        assert caught.value.retry_after is not None
        assert caught.value.retry_after > 60
        assert ([], 1) == (pauses.seconds, len(stub.requests))

    @pytest.mark.parametrize("hint", ["-5", "nan", "inf", "soon", "", "1e3", "Fri, 31 Dec 1999 23:59:59 GMT", "٣"])
    async def test_one_without_sense_is_an_ordinary_wait(self, connect: Connect, pauses: Any, hint: str) -> None:
        refused = reply({}, "429 Too Many Requests", retry_after=hint)
        with RawServer(refused, reply({"jobs": []})) as server:
            await connect(base_url=server.base_url).jobs.list()
        (wait,) = pauses.seconds
        assert 0 <= wait <= 0.5

    async def test_a_date_is_read_against_the_servers_own_clock(self, connect: Connect, pauses: Any) -> None:
        refused = reply(
            {},
            "429 Too Many Requests",
            date="Fri, 31 Dec 1999 23:59:50 GMT",
            retry_after="Sat, 01 Jan 2000 00:00:02 GMT",
        )
        with RawServer(refused, reply({"jobs": []})) as server:
            await connect(base_url=server.base_url).jobs.list()
        assert [12.0] == pauses.seconds

    @pytest.mark.parametrize("status", [400, 404, 409, 423, 451])
    async def test_it_makes_no_failure_repeatable(self, stub: StubServer, client: AsyncTrioClient, status: int) -> None:
        stub.fail_next(status=status, headers={"Retry-After": "7"})
        with pytest.raises(APIStatusError) as caught:
            await client.jobs.list()
        assert (caught.value.retry_after, len(stub.requests)) == (7.0, 1)

    @pytest.mark.parametrize("hint", ["0", "1", "Fri, 31 Dec 1999 23:59:59 GMT"])
    @pytest.mark.parametrize("status", [500, 502, 504])
    async def test_it_makes_no_second_create(self, stub: StubServer, connect: Connect, status: int, hint: str) -> None:
        stub.fail_next(path="/live-monitor", status=status, headers={"Retry-After": hint})
        with pytest.raises(CreateOutcomeUnknownError):
            await connect(retry=RetryPolicy(reconcile_for=0)).live_monitor.create(YARD, OPEN)
        assert sent(stub, "POST") == 1

    @pytest.mark.parametrize("hint", ["0", "Fri, 31 Dec 1999 23:59:59 GMT"])
    async def test_a_503_with_one_that_has_passed_is_refused_before_work(
        self, stub: StubServer, client: AsyncTrioClient, hint: str
    ) -> None:
        stub.fail_next(path="/live-monitor", status=503, headers={"Retry-After": hint})
        await client.live_monitor.create(YARD, OPEN)
        assert sent(stub, "POST") == 2

    async def test_it_lengthens_the_wait_for_a_slot(
        self, stub: StubServer, client: AsyncTrioClient, pauses: Any
    ) -> None:
        full = {"error": {"code": "MAX_JOBS_REACHED", "message": "full"}}
        for hint in ("20", "3600", "1"):
            stub.fail_next(path="/live-monitor", status=429, body=full, headers={"Retry-After": hint})
        await client.live_monitor.create(YARD, OPEN, wait_for_slot=100)
        assert pauses.seconds == [20.0, 60.0, 3.0]

    async def test_it_lengthens_the_wait_between_two_polls(
        self, stub: StubServer, connect: Connect, pauses: Any
    ) -> None:
        client = connect(retry=RetryPolicy(max_attempts=1))
        job = await client.live_monitor.create(YARD, OPEN)
        stub.fail_next(path=f"/jobs/{job.job_id}", status=503, headers={"Retry-After": "8"})
        await client.jobs.wait(job.job_id)
        assert pauses.seconds[0] == 8.0

    async def test_one_beyond_the_deadline_is_raised_at_once(
        self, stub: StubServer, connect: Connect, pauses: Any
    ) -> None:
        stub.fail_next(status=429, headers={"Retry-After": "30"})
        with pytest.raises(RateLimitError) as caught:
            await connect(retry=RetryPolicy(deadline=20)).jobs.list()
        assert (30.0, []) == (caught.value.retry_after, pauses.seconds)


class TestCreate:
    @pytest.mark.parametrize("fault", [*AMBIGUOUS, "cut"])
    async def test_a_job_whose_answer_was_lost_is_found_and_never_made_twice(
        self, stub: StubServer, client: AsyncTrioClient, fault: str
    ) -> None:
        stub.fail_next(path="/live-monitor", **{**BROKEN, **AMBIGUOUS}[fault], processed=True)
        job = await client.live_monitor.create(YARD, OPEN, interval_seconds=30)
        assert [stub.jobs[0].job_id] == [record.job_id for record in stub.jobs] == [job.job_id]
        assert (1, True) == (sent(stub, "POST"), response_info(job).recovered)

    async def test_an_event_stream_in_place_of_the_job_is_not_read_to_its_end(self, connect: Connect) -> None:
        made = datetime.now(timezone.utc).isoformat()
        job = {"job_id": "a1", "status": "running", "stream_url": YARD, "job_type": "live-digest", "created_at": made}
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n"
        stream = [head + b'event: job_started\ndata: {"job_id": "a1"}\n\n', HOLD]
        listing = reply({"jobs": [job]}), reply({"jobs": []})
        with RawServer(stream, *listing, reply(job)) as server:
            found = await connect(base_url=server.base_url).live_digest.create(YARD)
            assert 1 == sum(b"POST" in request for request in server.requests)
        assert ("a1", True) == (found.job_id, response_info(found).recovered)

    async def test_a_job_whose_answer_came_too_late_is_found(self, stub: StubServer, connect: Connect) -> None:
        stub.fail_next(path="/live-monitor", delay=5, processed=True)
        client = connect(timeout=Timeout(response=0.5))
        job = await client.live_monitor.create(YARD, OPEN)
        assert ([job.job_id], 1) == ([record.job_id for record in stub.jobs], sent(stub, "POST"))

    @pytest.mark.parametrize("fault", AMBIGUOUS)
    async def test_a_job_that_was_not_made_is_not_made_by_trying_again(
        self, stub: StubServer, client: AsyncTrioClient, pauses: Any, fault: str
    ) -> None:
        stub.fail_next(path="/live-monitor", **AMBIGUOUS[fault])
        with pytest.raises(CreateOutcomeUnknownError, match="may be running") as caught:
            await client.live_monitor.create(YARD, OPEN)
        assert (1, 0, ()) == (sent(stub, "POST"), len(stub.jobs), caught.value.candidates)
        assert pytest.approx(15) == sum(pauses.seconds)

    async def test_the_error_carries_what_was_sent_and_why_it_failed(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        stub.fail_next(path="/live-monitor", status=502)
        with pytest.raises(CreateOutcomeUnknownError) as caught:
            await client.live_monitor.create(YARD, OPEN)
        error = caught.value
        assert ("/live-monitor", {"stream_url": YARD, "condition": OPEN}) == (error.path, error.request)
        assert stub.requests[0].headers["idempotency-key"] == error.reference
        assert isinstance(error.__cause__, ServerError)
        assert 1 == error.attempts

    async def test_of_two_jobs_that_fit_none_is_taken(self, stub: StubServer, connect: Connect) -> None:
        other = await connect().live_monitor.create(YARD, OPEN)
        stub.fail_next(path="/live-monitor", close=True, processed=True)
        with pytest.raises(CreateOutcomeUnknownError) as caught:
            await connect().live_monitor.create(YARD, OPEN)
        ids = {job.job_id for job in caught.value.candidates}
        assert {record.job_id for record in stub.jobs} == ids
        assert other.job_id in ids
        assert (2, 2) == (stub.running_jobs, sent(stub, "POST"))

    async def test_a_job_of_this_client_is_not_taken_for_another(
        self, stub: StubServer, client: AsyncTrioClient
    ) -> None:
        first = await client.live_monitor.create(YARD, OPEN)
        stub.fail_next(path="/live-monitor", close=True, processed=True)
        second = await client.live_monitor.create(YARD, OPEN)
        assert [first.job_id, second.job_id] == [record.job_id for record in stub.jobs]

    @pytest.mark.parametrize(
        "other", [{"condition": "rain"}, {"stream_url": "rtsp://other.example/"}, {"interval_seconds": 11}]
    )
    async def test_a_job_with_other_settings_is_not_taken(
        self, stub: StubServer, connect: Connect, other: dict[str, Any]
    ) -> None:
        wanted = {"stream_url": YARD, "condition": OPEN, "interval_seconds": 10}
        await connect().live_monitor.create(**{**wanted, **other})
        stub.fail_next(path="/live-monitor", close=True)
        with pytest.raises(CreateOutcomeUnknownError) as caught:
            await connect().live_monitor.create(**wanted)
        assert () == caught.value.candidates

    async def test_the_tag_distinguishes_two_equal_jobs(self, stub: StubServer, connect: Connect) -> None:
        options = {"webhook_url": "http://127.0.0.1:9/hook", "tag_webhook_url": True}
        await connect().live_monitor.create(YARD, OPEN, **options)
        stub.fail_next(path="/live-monitor", close=True, processed=True)
        job = await connect().live_monitor.create(YARD, OPEN, **options)
        assert stub.jobs[1].job_id == job.job_id

    async def test_a_list_that_fails_at_first_is_asked_again(self, stub: StubServer, client: AsyncTrioClient) -> None:
        stub.fail_next(path="/live-monitor", close=True, processed=True)
        stub.fail_next(path="/jobs", status=500, times=4)
        job = await client.live_monitor.create(YARD, OPEN)
        assert (stub.jobs[0].job_id, 1) == (job.job_id, sent(stub, "POST"))

    async def test_a_job_that_appears_later_is_found_by_a_repeated_lookup(
        self, stub: StubServer, client: AsyncTrioClient, connect: Connect
    ) -> None:
        stub.fail_next(path="/live-monitor", close=True)
        with pytest.raises(CreateOutcomeUnknownError) as caught:
            await client.live_monitor.create(YARD, OPEN)
        assert await client.jobs.reconcile(caught.value) is None
        assert (1, []) == (sent(stub, "POST"), stub.jobs)
        same = {"Idempotency-Key": caught.value.reference}  # as when the server works on a request late
        late = await connect().live_monitor.create(YARD, OPEN, extra_headers=same)
        job = await client.jobs.reconcile(caught.value)
        assert isinstance(job, Job)
        assert (late.job_id, 2) == (job.job_id, sent(stub, "POST"))

    @pytest.mark.parametrize(
        "refusal",
        [
            {"status": 429},
            {"status": 429, "headers": {"Retry-After": "2"}},
            {"status": 503, "headers": {"Retry-After": "2"}},
            {"status": 408},
            {"status": 425},
        ],
    )
    async def test_a_refusal_before_work_is_followed_by_another_attempt(
        self, stub: StubServer, client: AsyncTrioClient, refusal: dict[str, Any]
    ) -> None:
        stub.fail_next(path="/live-monitor", times=2, **refusal)
        job = await client.live_monitor.create(YARD, OPEN)
        assert (3, 1, False) == (sent(stub, "POST"), len(stub.jobs), response_info(job).recovered)
        assert 1 == len({request.headers["idempotency-key"] for request in stub.requests})

    @pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 413, 415, 418, 422])
    async def test_a_definite_no_is_raised_as_it_is(
        self, stub: StubServer, client: AsyncTrioClient, status: int
    ) -> None:
        stub.fail_next(path="/live-monitor", status=status)
        with pytest.raises(APIStatusError) as caught:
            await client.live_monitor.create(YARD, OPEN)
        assert (status, 1) == (caught.value.status_code, len(stub.requests))

    async def test_a_server_that_is_not_there_was_sent_nothing(self, connect: Connect, pauses: Any) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            place = f"127.0.0.1:{unused.getsockname()[1]}"
            with pytest.raises(APIConnectionError, match=place) as caught:
                await connect(base_url=f"http://{place}/api").live_monitor.create(YARD, OPEN)
        assert (False, 3, 2) == (caught.value.request_sent, caught.value.attempts, len(pauses.seconds))

    async def test_an_adopted_job_can_be_used_like_any_other(self, stub: StubServer, client: AsyncTrioClient) -> None:
        stub.fail_next(path="/live-monitor", close=True, processed=True)
        job = await client.live_monitor.create(YARD, OPEN)
        await client.jobs.cancel(job.job_id)
        assert 0 == stub.running_jobs

    async def test_reconciling_can_be_turned_off(self, stub: StubServer, connect: Connect, pauses: Any) -> None:
        stub.fail_next(path="/live-monitor", close=True)
        with pytest.raises(CreateOutcomeUnknownError):
            await connect(retry=RetryPolicy(reconcile_for=0)).live_monitor.create(YARD, OPEN)
        assert [] == pauses.seconds


class TestBilled:
    @pytest.mark.parametrize("fault", [name for name in BROKEN if name != "timeout"])
    async def test_a_check_that_may_have_been_made_is_not_repeated(
        self, stub: StubServer, client: AsyncTrioClient, fault: str
    ) -> None:
        stub.fail_next(**BROKEN[fault])
        with pytest.raises(TrioError):
            await client.check_once(YARD, OPEN)
        assert 1 == len(stub.requests)

    @pytest.mark.parametrize("fault", [name for name in BROKEN if name != "timeout"])
    async def test_it_is_repeated_if_the_policy_says_so(self, stub: StubServer, connect: Connect, fault: str) -> None:
        stub.fail_next(**BROKEN[fault])
        await connect(retry=RetryPolicy(retry_billed=True)).check_once(YARD, OPEN)
        assert 2 == len(stub.requests)

    async def test_a_rate_limit_is_waited_for(self, stub: StubServer, client: AsyncTrioClient, pauses: Any) -> None:
        stub.fail_next(status=429, headers={"Retry-After": "3"})
        await client.check_once(YARD, OPEN)
        assert ([3.0], 2) == (pauses.seconds, len(stub.requests))


class TestDeadline:
    @pytest.mark.own_connections
    @pytest.mark.parametrize(
        "script",
        [
            dribble(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 1000, 0.02),
            [reply(b"", content_length="1000"), *dribble(b"x" * 1000, 0.02)],
            [HOLD],
            [b"HTTP/1.1 200 OK\r\n", HOLD],
            [reply(b"{", content_length="1000"), HOLD],
        ],
        ids=["dribbled head", "dribbled body", "nothing", "half a head", "half a body"],
    )
    @pytest.mark.thorough
    async def test_neither_silence_nor_dribble_can_stretch_it(self, connect: Connect, script: Any) -> None:
        with RawServer(script) as server:
            begun = time.monotonic()
            with pytest.raises(APITimeoutError, match=r"RetryPolicy\.deadline") as caught:
                await connect(base_url=server.base_url, retry=RetryPolicy(deadline=1)).jobs.list()
            assert time.monotonic() - begun < 12  # `HOLD`, or a thousand bytes, would take longer
        assert ("deadline", 1) == (caught.value.phase, len(server.requests))

    async def test_it_bounds_the_whole_call_with_its_waits(
        self, stub: StubServer, connect: Connect, pauses: Any
    ) -> None:
        policy = RetryPolicy(max_attempts=1000, deadline=30, base_delay=8)
        stub.fail_next(status=500, times=1000)
        with pytest.raises(ServerError):
            await connect(retry=policy).jobs.list()
        assert sum(pauses.seconds) < 30
        assert len(stub.requests) < 100


async def test_an_outage_does_not_multiply_the_load(stub: StubServer, client: AsyncTrioClient) -> None:
    stub.fail_next(status=503, times=1000)
    for _ in range(100):
        with pytest.raises(ServerError):
            await client.jobs.list()
    assert 100 + 500 // 14 == len(stub.requests)


async def test_retries_come_back_with_success(stub: StubServer, client: AsyncTrioClient) -> None:
    stub.fail_next(status=503, times=60)
    for _ in range(20):
        with pytest.raises(ServerError):
            await client.jobs.list()
    stub.reset()
    for _ in range(40):
        await client.jobs.list()
    stub.fail_next(status=503)
    page = await client.jobs.list()
    assert 2 == response_info(page).attempts
