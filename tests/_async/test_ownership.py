"""A lost create finds its own job, and never takes another's."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from functools import partial  # async-only
from typing import Any

import pytest
from raw_server import CLOSE, RawServer, reply

from trio_client import (
    AsyncTrioClient,
    ConfigurationError,
    CreateOutcomeUnknownError,
    Hooks,
    JobLeakWarning,
    RequestValidationError,
    RetryPolicy,
    response_info,
)
from trio_client._time_source import RealTime, replaced
from trio_client.stub import Scene, StubServer

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
YARD = "rtsp://camera.example/yard"
OPEN = "the gate is open"
FAILED = reply({"error": "oops"}, "500 Internal Server Error")
QUICK = RetryPolicy(reconcile_for=0.3)
SSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"


def job(created_at: object, **changes: Any) -> dict[str, Any]:
    made = {"job_id": "a1", "status": "running", "stream_url": YARD, "job_type": "live-monitor"}
    return {**made, "created_at": created_at, **changes}


def listing(created_at: object, *, ahead: float = 0.0, **changes: Any) -> list[bytes]:
    """The replies to one lookup, by a server whose clock is some seconds ahead: two pages, and the job's settings."""
    date = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=ahead), usegmt=True)
    shown = job(created_at, **changes)
    return [reply({"jobs": [shown]}, date=date), reply({"jobs": []}, date=date), reply(shown, date=date)]


def now(ahead: float = 0.0) -> str:
    return (datetime.now(timezone.utc) + timedelta(seconds=ahead)).isoformat()


UNCERTAIN = [None, "", "an hour ago", "2026-02-01T10:00", [2026, 2, 1]]


class TestTimeOfAJob:
    @pytest.mark.parametrize("created_at", [*UNCERTAIN, "naive"])
    async def test_a_job_of_uncertain_time_is_a_candidate_and_not_adopted(
        self, connect: Connect, created_at: Any
    ) -> None:
        if created_at == "naive":
            created_at = now()[:19]
        with RawServer(FAILED, *listing(created_at)) as server:
            with pytest.raises(CreateOutcomeUnknownError) as caught:
                await connect(base_url=server.base_url, retry=QUICK).live_monitor.create(YARD, OPEN)
        old = created_at == "2026-02-01T10:00"  # whatever its zone
        assert [each.job_id for each in caught.value.candidates] == ([] if old else ["a1"])

    async def test_a_job_of_uncertain_time_is_not_stopped(self, connect: Connect) -> None:
        with RawServer([SSE, CLOSE], *listing("an hour ago")) as server:
            events = connect(base_url=server.base_url, retry=QUICK).live_monitor.stream(YARD, OPEN)
            with pytest.warns(JobLeakWarning, match="id is not known"):
                async with events:
                    pass
            assert not any(request.startswith(b"DELETE") for request in server.requests)

    @pytest.mark.parametrize("created_at", ["2026-02-01 10:00:00+00", "2026-02-01t10:00:00z", "1769940000", 1769940000])
    async def test_a_job_of_an_earlier_time_is_no_candidate_however_the_time_is_written(
        self, connect: Connect, created_at: Any
    ) -> None:
        with RawServer(FAILED, *listing(created_at)) as server:
            with pytest.raises(CreateOutcomeUnknownError) as caught:
                await connect(base_url=server.base_url, retry=QUICK).live_monitor.create(YARD, OPEN)
        assert caught.value.candidates == ()

    @pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S+00", "%Y-%m-%dt%H:%M:%Sz", "%Y%m%dT%H%M%SZ", "%s"])
    async def test_its_own_job_is_adopted_however_the_time_is_written(self, connect: Connect, form: str) -> None:
        moment = datetime.now(timezone.utc)
        created_at = str(int(moment.timestamp())) if form == "%s" else moment.strftime(form)
        with RawServer(FAILED, *listing(created_at)) as server:
            found = await connect(base_url=server.base_url, retry=QUICK).live_monitor.create(YARD, OPEN)
        assert (found.job_id, response_info(found).recovered) == ("a1", True)


OFF = [-3 * 86_400, -3600, -60, -8, 8, 60, 3600, 3 * 86_400]


class SteppedClock(RealTime):
    """A wall clock that is set while a create is under way."""

    def __init__(self, step: float) -> None:
        self._step = step
        self._asked = 0

    def wall_clock(self) -> float:
        self._asked += 1
        return super().wall_clock() + (self._step if self._asked > 1 else 0.0)


class TestClocks:
    @pytest.mark.parametrize("ahead", OFF)
    async def test_a_lost_create_finds_its_job_by_the_servers_clock(self, connect: Connect, ahead: float) -> None:
        with RawServer(FAILED, *listing(now(ahead), ahead=ahead)) as server:
            found = await connect(base_url=server.base_url, retry=QUICK).live_monitor.create(YARD, OPEN)
        assert (found.job_id, response_info(found).recovered) == ("a1", True)

    @pytest.mark.parametrize("ahead", [each for each in OFF if abs(each) >= 60])
    async def test_a_job_of_now_by_this_machines_clock_is_another_where_the_server_differs(
        self, connect: Connect, ahead: float
    ) -> None:
        with RawServer(FAILED, *listing(now(), ahead=ahead)) as server:
            with pytest.raises(CreateOutcomeUnknownError) as caught:
                await connect(base_url=server.base_url, retry=QUICK).live_monitor.create(YARD, OPEN)
        assert caught.value.candidates == ()

    @pytest.mark.parametrize("step", [3600, -3600, -120])
    async def test_a_wall_clock_that_is_set_meanwhile_changes_nothing(self, connect: Connect, step: float) -> None:
        with RawServer(FAILED, *listing(now())) as server:
            client = connect(base_url=server.base_url, retry=QUICK)
            with replaced(SteppedClock(step)):
                found = await client.live_monitor.create(YARD, OPEN)
        assert (found.job_id, response_info(found).recovered) == ("a1", True)

    async def test_a_server_without_a_date_gives_candidates_only(self, connect: Connect) -> None:
        shown = job(now())
        pages = [reply({"jobs": [shown]}, dated=False), reply({"jobs": []}, dated=False), reply(shown, dated=False)]
        with RawServer(reply({}, "500 Internal Server Error", dated=False), *pages) as server:
            client = connect(base_url=server.base_url, retry=QUICK)
            with pytest.raises(CreateOutcomeUnknownError) as caught:
                await client.live_monitor.create(YARD, OPEN)
        assert [each.job_id for each in caught.value.candidates] == ["a1"]

    @pytest.mark.parametrize("dated", [True, False])
    async def test_another_process_adopts_by_the_servers_clock_or_not_at_all(
        self, connect: Connect, dated: bool
    ) -> None:
        failed = reply({}, "500 Internal Server Error", dated=dated)
        with RawServer(failed, reply({"jobs": []}, dated=dated), *listing(now())) as server:
            here = connect(base_url=server.base_url, retry=RetryPolicy(reconcile_for=0))
            with pytest.raises(CreateOutcomeUnknownError) as caught:
                await here.live_monitor.create(YARD, OPEN)
            error = pickle.loads(pickle.dumps(caught.value))
            there = connect(base_url=server.base_url)
            if dated:
                found = await there.jobs.reconcile(error)
                assert found is not None
                assert found.job_id == "a1"
            else:
                assert await there.jobs.reconcile(error) is None
                assert [each.job_id for each in error.candidates] == ["a1"]


@pytest.mark.parametrize(
    ("asked", "listed", "found"),
    [
        ("https://youtu.be/dQw4w9WgXcQ", "https://www.youtube.com/watch?v=dQw4w9WgXcQ", True),
        ("rtsp://user:secret@Camera.example:554/yard", "rtsp://***@camera.example/yard", True),
        ("rtsp://one:secret@camera.example/yard", "rtsp://two:***@camera.example/yard", False),
    ],
)
async def test_a_lost_create_finds_its_job_whatever_form_its_url_has(
    connect: Connect, asked: str, listed: str, found: bool
) -> None:
    with RawServer(FAILED, *listing(now(), stream_url=listed)) as server:
        create = connect(base_url=server.base_url, retry=QUICK).live_monitor.create
        if found:
            assert (await create(asked, OPEN)).job_id == "a1"
        else:
            with pytest.raises(CreateOutcomeUnknownError):
                await create(asked, OPEN)


@pytest.mark.thorough
async def test_the_callers_own_idempotency_key_is_the_reference(stub: StubServer, connect: Connect) -> None:
    announced: list[str | None] = []
    client = connect(hooks=Hooks(on_intent=lambda info: announced.append(info.reference)))
    key = {"idempotency-key": "order 7/a"}
    hook = "https://h.example/x"
    job = await client.live_monitor.create(YARD, OPEN, webhook_url=hook, tag_webhook_url=True, extra_headers=key)
    assert response_info(job).reference == "order 7/a"
    async with client.live_monitor.stream(YARD, OPEN, extra_headers={"Idempotency-Key": "order 8"}):
        pass
    assert announced == ["order 7/a", "order 8"]
    create, stream = (request for request in stub.requests if request.method == "POST")
    assert (create.headers["idempotency-key"], stream.headers["idempotency-key"]) == ("order 7/a", "order 8")
    assert create.json["webhook_url"] == f"{hook}?client_ref=order%207%2Fa"


@pytest.mark.thorough
async def test_a_reference_is_the_key_of_a_create_and_of_a_stream(stub: StubServer, client: AsyncTrioClient) -> None:
    job = await client.live_monitor.create(YARD, OPEN, reference="order 7")
    assert response_info(job).reference == "order 7"
    async with client.live_digest.stream(YARD, reference="order 8"):
        pass
    keys = [request.headers["idempotency-key"] for request in stub.requests if request.method == "POST"]
    assert keys == ["order 7", "order 8"]


@pytest.mark.parametrize("given", [{"reference": "order"}, {"extra_headers": {"idempotency-KEY": "order"}}])
@pytest.mark.thorough
async def test_each_job_of_a_watch_has_a_reference_of_its_own(
    stub: StubServer, client: AsyncTrioClient, given: dict[str, Any]
) -> None:
    stub.scene(YARD, Scene(every=1))
    stub.fail_next(path="/live-monitor", status=429, body={"error": {"code": "MAX_JOBS_REACHED", "message": "full"}})
    events = client.live_monitor.watch(YARD, OPEN, max_triggers=1, **given)
    seen: list[str | None] = []
    async with events:
        seen.append(events.reference)
        while len(stub.jobs) < 3:
            stub.clock.advance(30)
            await anext(events)
            seen.append(events.reference)
    keys = [request.headers["idempotency-key"] for request in stub.requests if request.method == "POST"]
    assert keys == ["order", "order", "order-2", "order-3"]
    assert list(dict.fromkeys(seen)) == ["order", "order-2", "order-3"]


async def test_a_reference_of_a_watch_may_be_a_little_shorter(client: AsyncTrioClient) -> None:
    client.live_digest.watch(YARD, reference="x" * 240)
    with pytest.raises(RequestValidationError, match="1 to 240 printable ASCII"):
        client.live_digest.watch(YARD, reference="x" * 241)
    with pytest.raises(RequestValidationError, match="beside an Idempotency-Key"):
        client.live_monitor.watch(YARD, OPEN, reference="x", extra_headers={"Idempotency-Key": "y"})


@pytest.mark.thorough
async def test_a_stream_has_its_reference_and_a_follower_has_none(stub: StubServer, client: AsyncTrioClient) -> None:
    named, unnamed = (client.live_monitor.stream(YARD, OPEN, reference=each) for each in ("order 7", None))
    assert named.reference == "order 7"
    async with unnamed as events:
        assert events.reference == stub.requests[0].headers["idempotency-key"]
        assert events.job_id is None or client.jobs.events(events.job_id).reference is None


@pytest.mark.parametrize("reference", ["", " x", "x ", "x" * 256, "t\u00fcr", "a\nb", 7])
async def test_a_reference_that_no_header_can_carry_is_refused(
    stub: StubServer, client: AsyncTrioClient, reference: Any
) -> None:
    with pytest.raises(RequestValidationError, match="printable ASCII"):
        await client.live_monitor.create(YARD, OPEN, reference=reference)
    with pytest.raises(RequestValidationError, match="printable ASCII"):
        client.live_monitor.stream(YARD, OPEN, reference=reference)
    with pytest.raises(RequestValidationError, match="beside an Idempotency-Key"):
        await client.live_monitor.create(YARD, OPEN, reference="x", extra_headers={"Idempotency-Key": "y"})
    assert stub.requests == []


async def test_without_one_the_reference_is_in_the_reply_too(stub: StubServer, client: AsyncTrioClient) -> None:
    job = await client.live_monitor.create(YARD, OPEN)
    assert response_info(job).reference == stub.requests[0].headers["idempotency-key"]


# async-only: begin
class AsyncHook:
    async def __call__(self, info: object) -> None: ...


@pytest.mark.parametrize("wrap", [lambda hook: hook, lambda hook: partial(hook), lambda hook: partial(partial(hook))])
async def test_an_async_hook_is_refused(wrap: Any) -> None:
    async def hook(info: object) -> None: ...

    for each in (hook, AsyncHook()):
        with pytest.raises(ConfigurationError, match="on_retry is an async function"):
            AsyncTrioClient("k", hooks=Hooks(on_retry=wrap(each)))


# async-only: end
