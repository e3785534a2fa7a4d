"""The API in process, for the sync client."""

from __future__ import annotations

import builtins
import contextlib
import gc
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from trio_client import (
    APIConnectionError,
    APITimeoutError,
    CheckResult,
    CreateOutcomeUnknownError,
    Job,
    JobDetail,
    JobNotFoundError,
    JobPage,
    MaxJobsReachedError,
    RetryPolicy,
    Started,
    Stopped,
    Triggered,
    TrioClient,
    TrioError,
    response_info,
)
from trio_client.osapi import OsapiClient, OsapiJob, OsapiJobPage
from trio_client.stub import Scene
from trio_client.testing import MockRequest, MockTrio, UnscriptedCallError, make, sse

GATE = ("rtsp://gate.example/live", "a van is at the gate")


@pytest.fixture
def mock() -> Iterator[MockTrio]:
    with MockTrio() as mock:
        yield mock


@pytest.fixture
def client(mock: MockTrio) -> TrioClient:
    return mock.client()


def mock_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "trio-mock"]


# What is scripted


def test_a_model_is_the_reply(mock: MockTrio, client: TrioClient) -> None:
    mock.on("POST", "/check-once").reply(make(CheckResult, explanation="Two vans."))
    assert "Two vans." == client.check_once(*GATE).explanation


@pytest.mark.parametrize(
    "body", [{"jobs": [], "total": 7}, '{"jobs": [], "total": 7}', b'{"jobs": [], "total": 7}', make(JobPage, total=7)]
)
def test_json_of_any_type_is_the_reply(mock: MockTrio, client: TrioClient, body: Any) -> None:
    mock.on("GET", "/jobs").reply(body)
    assert 7 == client.jobs.list().total


def test_json_may_contain_models(mock: MockTrio, client: TrioClient) -> None:
    mock.on("GET", "/jobs").reply({"jobs": [make(Job, job_id="a"), make(Job, job_id="b")]})
    assert ["a", "b"] == [job.job_id for job in client.jobs.list()]


def test_fields_that_were_not_set_are_not_sent(mock: MockTrio) -> None:
    mock.on("GET", "/jobs/{job_id}").reply(make(JobDetail, config=None, stats=None))
    body = mock.http_client().get("https://trio.machinefi.com/api/jobs/x").json()
    assert {"job_id", "status", "job_type", "created_at", "stream_url"} == body.keys()


def test_a_whole_response_can_be_sent_repeatedly(mock: MockTrio, client: TrioClient) -> None:
    mock.on("GET", "/jobs").reply(httpx.Response(200, json={"jobs": []}, headers={"x-request-id": "r-1"}))
    assert ["r-1", "r-1"] == [response_info(client.jobs.list()).request_id for _ in range(2)]


def test_a_function_makes_the_reply(mock: MockTrio, client: TrioClient) -> None:
    mock.on("POST", "/live-monitor").reply(lambda request: make(Job, stream_url=request.json["stream_url"]))
    assert "rtsp://c/7" == client.live_monitor.create("rtsp://c/7", "a van").stream_url


def test_headers_and_status_are_as_scripted(mock: MockTrio, client: TrioClient) -> None:
    mock.on("GET", "/jobs").reply({"jobs": []}, status=206, headers={"X-Request-Id": "r-9"})
    info = response_info(client.jobs.list())
    assert (206, "r-9", "application/json") == (info.status_code, info.request_id, info.headers["content-type"])


def test_answers_follow_in_order_and_the_last_one_repeats(mock: MockTrio, client: TrioClient) -> None:
    route = mock.on("GET", "/jobs/{job_id}").reply(make(JobDetail, status="pending"), times=2)
    route.reply(make(JobDetail, status="running"), times=1).reply(make(JobDetail, status="completed"))
    seen = [client.jobs.get("a1").status for _ in range(5)]
    assert ["pending", "pending", "running", "completed", "completed"] == seen
    assert 5 == len(route.requests)


def test_routes_added_later_take_precedence(mock: MockTrio, client: TrioClient) -> None:
    mock.on("GET", "/jobs").reply(make(JobPage, total=1))
    mock.on("get", "/jobs").reply(make(JobPage, total=2), times=1)
    assert [2, 1, 1] == [client.jobs.list().total for _ in range(3)]


def test_a_route_can_match_some_requests_only(mock: MockTrio, client: TrioClient) -> None:
    mock.on("GET", "/jobs", where=lambda request: request.query.get("status") == "failed").reply(make(JobPage, total=3))
    assert [3, 0] == [client.jobs.list(status=status).total for status in ("failed", "running")]


def test_a_part_in_braces_matches_one_path_segment(mock: MockTrio, client: TrioClient) -> None:
    mock.on("GET", "/jobs/{job_id}").reply(make(JobDetail))
    assert 0 == client.jobs.list().total
    assert make(Job).job_id == client.jobs.get("anything").job_id


def test_an_api_error_is_scripted_by_status_and_code(mock: MockTrio, client: TrioClient) -> None:
    mock.on("GET", "/jobs/{job_id}").fail(404, "JOB_NOT_FOUND", "gone")
    with pytest.raises(JobNotFoundError, match="gone"):
        client.jobs.get("a1")
    mock.on("POST", "/live-monitor").fail(429, "MAX_JOBS_REACHED")
    with pytest.raises(MaxJobsReachedError):
        client.live_monitor.create(*GATE)


def test_an_exception_of_the_http_library_is_raised(mock: MockTrio, client: TrioClient) -> None:
    mock.on("GET", "/jobs").reply(httpx.ConnectError("refused"))
    with pytest.raises(APIConnectionError) as caught:
        client.jobs.list()
    assert (False, 3) == (caught.value.request_sent, caught.value.attempts)


def test_retries_take_no_time_and_are_recorded(mock: MockTrio, client: TrioClient) -> None:
    mock.on("GET", "/jobs").fail(429, "RATE_LIMITED", headers={"retry-after": "20"}, times=2).reply(make(JobPage))
    assert 3 == response_info(client.jobs.list()).attempts
    assert [20, 20] == mock.waits


def test_deadlines_see_skipped_time(mock: MockTrio) -> None:
    mock.on("GET", "/jobs").fail(429, headers={"retry-after": "40"})
    client = mock.client(retry=RetryPolicy(max_attempts=50, deadline=100, max_delay=60))
    with pytest.raises(TrioError):
        client.jobs.list()
    assert [40, 40] == mock.waits


def test_a_delayed_reply_takes_no_real_time(mock: MockTrio) -> None:
    mock.on("GET", "/jobs").reply(make(JobPage), delay=59)
    assert response_info(mock.client().jobs.list()).elapsed >= 59
    mock.on("GET", "/jobs").reply(make(JobPage), delay=61)
    with pytest.raises(APITimeoutError) as caught:
        mock.client(retry=None).jobs.list()
    assert "response" == caught.value.phase


def test_a_scripted_stream_arrives_in_its_chunks(mock: MockTrio, client: TrioClient) -> None:
    mock.on("POST", "/live-monitor").reply(sse(make(Started)).comment("hb").event(make(Triggered)).event(make(Stopped)))
    with client.live_monitor.stream(*GATE) as events:
        assert ["started", "triggered", "stopped"] == [event.kind for event in events]


def test_a_script_can_be_played_again(mock: MockTrio, client: TrioClient) -> None:
    mock.on("POST", "/live-monitor").reply(sse(make(Started), make(Stopped)).split(3))
    for _ in range(2):
        with client.live_monitor.stream(*GATE) as events:
            assert ["started", "stopped"] == [event.kind for event in events]


def test_a_scripted_drop_is_followed_by_polling(mock: MockTrio, client: TrioClient) -> None:
    mock.on("POST", "/live-monitor").reply(sse(make(Started)).drop())
    mock.on("GET", "/jobs/{job_id}").reply(make(JobDetail), times=3).reply(make(JobDetail, status="completed"))
    with client.live_monitor.stream(*GATE) as events:
        received = [(event.kind, event.delivery) for event in events]
    assert (("started", "sse"), ("stopped", "poll"), [3.0] * 3) == (received[0], received[-1], mock.waits)


def test_a_silence_beyond_the_limit_times_out(mock: MockTrio, client: TrioClient) -> None:
    mock.on("POST", "/live-monitor").reply(sse(make(Started)).delay(3600).event(make(Stopped)))
    mock.on("GET", "/jobs/{job_id}").reply(make(JobDetail, status="completed"))
    with client.live_monitor.stream(*GATE) as events:
        assert "poll" == events.collect()[-1].delivery


def test_a_silence_within_the_limit_is_survived(mock: MockTrio, client: TrioClient) -> None:
    mock.on("POST", "/live-monitor").reply(sse(make(Started)).delay(20).event(make(Stopped)))
    with client.live_monitor.stream(*GATE) as events:
        assert ["sse", "sse"] == [event.delivery for event in events]
    assert ["POST"] == [request.method for request in mock.requests]


@pytest.mark.parametrize("times", [0, -1])
def test_an_answer_is_for_at_least_one_request(mock: MockTrio, times: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        mock.on("GET", "/jobs").reply(times=times)


@pytest.mark.parametrize("place", ["where", "reply"])
def test_an_assertion_in_a_script_is_not_taken_for_a_network_failure(place: str) -> None:
    def check(request: MockRequest) -> Any:
        assert request.query["limit"] == "5", "the limit is wrong"
        return make(JobPage)

    def application(client: TrioClient) -> None:
        with contextlib.suppress(TrioError):
            client.jobs.list()

    with pytest.raises(UnscriptedCallError, match="for GET /jobs failed: AssertionError: the limit is wrong") as caught:
        with MockTrio() as mock:
            if place == "where":
                mock.on("GET", "/jobs", where=check).reply(make(JobPage))
            else:
                mock.on("GET", "/jobs").reply(check)
            application(mock.client())
    assert isinstance(caught.value.__cause__, AssertionError)
    assert 1 == len(mock.requests)


def test_a_script_may_raise_errors_of_the_http_library(mock: MockTrio, client: TrioClient) -> None:
    def refuse(request: MockRequest) -> Any:
        raise httpx.ConnectError(f"nothing listens at {request.path}")

    mock.on("GET", "/jobs").reply(refuse)
    with pytest.raises(APIConnectionError, match="nothing listens at /jobs"):
        client.jobs.list()


# What the stub server answers


def test_the_stub_server_answers_calls_that_are_not_scripted(mock: MockTrio, client: TrioClient) -> None:
    job = client.live_monitor.create(*GATE)
    assert [job.job_id] == [each.job_id for each in client.jobs.list()]
    assert "completed" == client.jobs.wait(job.job_id).status
    assert [3.0] * 10 == mock.waits
    assert 30 == mock.stub.clock.now()


def test_events_arrive_as_they_happen(mock: MockTrio, client: TrioClient) -> None:
    seen: list[tuple[str, float, str]] = []
    with client.live_monitor.stream(*GATE) as events:
        for event in events:
            (job,) = mock.stub.jobs
            seen.append((event.kind, mock.stub.clock.now(), job.status))
    assert [
        ("started", 1, "running"),
        ("progress", 10, "running"),
        ("progress", 20, "running"),
        ("triggered", 30, "completed"),
        ("stopped", 30, "completed"),
    ] == seen


def test_leaving_a_stream_stops_its_job(mock: MockTrio, client: TrioClient) -> None:
    with client.live_monitor.stream(*GATE, max_triggers=None) as events:
        assert events.until(Triggered) is not None
        assert 1 == mock.stub.running_jobs
    assert (0, "cancelled") == (mock.stub.running_jobs, mock.stub.jobs[0].reason)


def test_hours_pass_instantly(mock: MockTrio, client: TrioClient) -> None:
    mock.stub.scene(GATE[0], Scene(at=[7000]))
    with client.live_monitor.stream(*GATE, monitor_duration_seconds=7200, interval_seconds=100) as events:
        assert events.until(Triggered) is not None
    assert 7000 == mock.stub.clock.now()


def test_a_watch_sees_skipped_time(mock: MockTrio, client: TrioClient) -> None:
    with client.live_monitor.watch(*GATE, interval_seconds=60, duration=3600) as events:
        ends = [event.kind for event in events][-1]
    assert "stopped" == ends
    assert 3500 < mock.stub.clock.now() < 3700


@pytest.mark.parametrize(
    "fault",
    [{"drop_after_events": 2}, {"silent_after_events": 2}, {"drop_after_bytes": 10}, {"omit_terminal": True}],
    ids=str,
)
def test_faults_of_the_stub_server_apply(mock: MockTrio, client: TrioClient, fault: dict[str, int]) -> None:
    mock.stub.fail_next(path="/live-monitor", **fault)
    with client.live_monitor.stream(*GATE) as events:
        received = [(event.kind, event.delivery) for event in events]
    assert ("stopped", "poll") == received[-1]
    assert 1 == [kind for kind, _ in received].count("triggered")
    assert 1 == len(mock.stub.jobs)


@pytest.mark.parametrize("close", ["fin", "reset"])
def test_after_a_disconnect_without_a_reply_the_outcome_is_unknown(
    mock: MockTrio, client: TrioClient, close: Any
) -> None:
    mock.stub.fail_next(method="GET", close=close)
    assert 2 == response_info(client.jobs.list()).attempts
    mock.stub.fail_next(method="POST", close=close)
    with pytest.raises(CreateOutcomeUnknownError):
        client.live_monitor.create(*GATE)
    mock.stub.fail_next(method="POST", close=close, processed=True)
    assert response_info(client.live_monitor.create(*GATE)).recovered


def test_options_configure_the_stub_server() -> None:
    with MockTrio(max_jobs=1, api_keys=["k"]) as mock:
        client = mock.client(api_key="k")
        client.live_monitor.create(*GATE)
        with pytest.raises(MaxJobsReachedError):
            client.live_monitor.create(*GATE)


def test_an_unknown_option_is_an_error_at_once() -> None:
    with pytest.raises(TypeError, match="'sped'"):
        MockTrio(sped=3)
    with pytest.raises(TypeError, match="could have max_jobs"):
        MockTrio(scripted_only=True, max_jobs=1)


def test_with_a_speed_time_passes_on_its_own() -> None:
    with MockTrio(speed=6000) as mock, mock.client().live_monitor.stream(*GATE) as events:
        assert ["started", "progress", "progress", "triggered", "stopped"] == [event.kind for event in events]


def test_the_body_of_a_slow_reply_times_out_in_real_time(mock: MockTrio) -> None:
    mock.stub.fail_next(path="/jobs", delay=30)
    with pytest.raises(APITimeoutError):
        mock.client(timeout=0.05, retry=None).jobs.list()


def test_a_client_made_by_the_caller_can_use_it(mock: MockTrio) -> None:
    with TrioClient("any", http_client=mock.http_client()) as client:
        assert 0 == client.jobs.list().total


def test_osapi_is_mocked_too(mock: MockTrio) -> None:
    through = {"http_client": mock.http_client()}
    client = OsapiClient("token", base_url="http://localhost/osapi", **through)
    mock.stub.osapi.add(hostname="web-01")
    assert 1 == client.jobs.list().total_items
    mock.on("GET", "/job").reply(make(OsapiJobPage, items=[make(OsapiJob, status="failed")]))
    assert "failed" == client.jobs.list()[0].status


def test_many_threads_share_one(mock: MockTrio, client: TrioClient) -> None:
    def follow(number: int) -> list[str]:
        with client.live_monitor.stream(f"rtsp://c/{number}", "a van") as events:
            return [event.kind for event in events]

    with ThreadPoolExecutor(8) as pool:
        received = list(pool.map(follow, range(8)))
    assert [["started", "progress", "progress", "triggered", "stopped"]] * 8 == received


# Requests


def test_requests_are_recorded(mock: MockTrio, client: TrioClient) -> None:
    mock.on("GET", "/jobs").reply(make(JobPage))
    client.jobs.list(status="running", extra_headers={"X-Mine": "1"})
    client.check_once(*GATE)
    listed, checked = mock.requests
    assert ("GET", "/jobs", "running", "1") == (
        listed.method,
        listed.path,
        listed.query["status"],
        listed.headers["x-mine"],
    )
    assert ("POST", "/check-once", GATE[1], None) == (
        checked.method,
        checked.path,
        checked.json["condition"],
        listed.json,
    )
    assert "test-key" not in repr(mock.requests)


# What is not scripted


REFUSED: list[tuple[Callable[[TrioClient], object], str]] = [
    (lambda client: client.check_once(*GATE), 'mock.on("POST", "/check-once").reply(make(CheckResult))'),
    (lambda client: client.jobs.get("a1"), 'mock.on("GET", "/jobs/{job_id}").reply(make(JobDetail))'),
    (lambda client: client.live_monitor.create(*GATE), 'mock.on("POST", "/live-monitor").reply(make(Job))'),
    (
        lambda client: client.live_monitor.stream(*GATE).collect(),
        'mock.on("POST", "/live-monitor").reply(sse(make(Started), make(Triggered), make(Stopped)))',
    ),
    (lambda client: client.request("GET", "/metrics"), 'mock.on("GET", "/metrics").reply({...})'),
]


@pytest.mark.parametrize(("call", "advice"), REFUSED)
def test_a_call_that_is_not_scripted_is_an_error_that_says_how_to_script_it(
    call: Callable[[TrioClient], object], advice: str
) -> None:
    mock = MockTrio(scripted_only=True)
    with pytest.raises(UnscriptedCallError) as caught:
        call(mock.client())
    assert advice in str(caught.value)
    assert 1 == len(mock.requests)


@pytest.mark.parametrize(("_", "advice"), REFUSED)
def test_the_advice_can_be_followed(_: object, advice: str) -> None:
    import trio_client

    mock = MockTrio(scripted_only=True)
    names = {name: getattr(trio_client, name) for name in trio_client.__all__}
    eval(advice, {**names, "mock": mock, "make": make, "sse": sse})
    assert 1 == len(mock._routes)


def test_the_error_lists_the_scripted_routes() -> None:
    mock = MockTrio(scripted_only=True)
    mock.on("GET", "/jobs").reply(make(JobPage), times=1)
    mock.on("POST", "/check-once")
    mock.client().jobs.list()
    with pytest.raises(UnscriptedCallError) as caught:
        mock.client().jobs.list()
    assert "Scripted: POST /check-once (without a reply), GET /jobs (used up)." in str(caught.value)
    assert ("GET", "/jobs") == (caught.value.method, caught.value.path)
    assert str(caught.value) == str(pickle.loads(pickle.dumps(caught.value)))


def test_code_under_test_cannot_hide_an_unscripted_call() -> None:
    def application(client: TrioClient) -> None:
        try:
            client.jobs.list()
        except TrioError:
            return

    with pytest.raises(UnscriptedCallError, match="GET /jobs is not scripted"), MockTrio(scripted_only=True) as mock:
        application(mock.client())


def test_a_route_that_was_never_called_is_an_error_if_asked() -> None:
    with (
        pytest.raises(UnscriptedCallError) as caught,
        MockTrio(assert_all_called=True) as mock,
        mock.client() as client,
    ):
        mock.on("GET", "/job").reply(make(JobPage))
        mock.on("GET", "/jobs").reply(make(JobPage), times=2)
        client.jobs.list()
    assert str(caught.value) == "Scripted and never called: GET /job. The calls were: GET /jobs."
    assert (caught.value.method, caught.value.path) == ("GET", "/job")


def test_an_attribute_asks_for_every_route_to_be_called() -> None:
    with MockTrio() as mock:
        mock.on("GET", "/jobs").reply(make(JobPage))
    with pytest.raises(UnscriptedCallError, match="There were no calls"), MockTrio() as mock:
        mock.assert_all_called = True
        mock.on("GET", "/jobs").reply(make(JobPage))


def test_another_error_takes_precedence_over_a_route_that_was_never_called() -> None:
    with pytest.raises(KeyError), MockTrio(assert_all_called=True) as mock:
        mock.on("GET", "/jobs").reply(make(JobPage))
        raise KeyError


def test_another_error_takes_precedence_over_an_unscripted_call() -> None:
    with pytest.raises(KeyError), MockTrio(scripted_only=True) as mock:
        with pytest.raises(UnscriptedCallError):
            mock.client().jobs.list()
        raise KeyError


def test_without_the_extra_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.split(".")[0] in ("starlette", "uvicorn"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *args, **kwargs)

    for name in [name for name in sys.modules if name.startswith("trio_client.stub")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    mock = MockTrio()
    with pytest.raises(UnscriptedCallError, match=r"pip install 'trio-client\[stub\]'") as caught:
        mock.client().jobs.list()
    assert 'mock.on("GET", "/jobs").reply(make(JobPage))' in str(caught.value)
    with pytest.raises(ModuleNotFoundError, match=r"trio-client\[stub\]"):
        mock.stub  # noqa: B018


# Its own life


def test_closing_ends_its_thread(mock: MockTrio, client: TrioClient) -> None:
    before = len(mock_threads())
    client.jobs.list()
    assert before + 1 == len(mock_threads())
    mock.close()
    mock.close()
    assert before == len(mock_threads())


def test_closing_ends_an_open_stream(mock: MockTrio, client: TrioClient) -> None:
    events = client.live_monitor.stream(*GATE, on_exit="leave", on_drop="raise")
    with events:
        assert "started" == next(events).kind
        mock.close()
        with pytest.raises(TrioError):
            list(events)


def test_a_call_after_closing_is_an_error(mock: MockTrio) -> None:
    client = mock.client(retry=None)
    client.jobs.list()
    mock.close()
    with pytest.raises(APIConnectionError, match="this MockTrio is closed"):
        client.jobs.list()


def test_a_mock_that_was_not_closed_leaves_nothing_running(
    eventually: Callable[[Callable[[], object]], None],
) -> None:
    before = len(mock_threads())
    MockTrio().client().jobs.list()

    def gone() -> bool:
        gc.collect()
        return len(mock_threads()) <= before

    eventually(gone)


def test_an_unused_mock_starts_no_thread() -> None:
    before = len(mock_threads())
    with MockTrio() as mock:
        mock.on("GET", "/jobs").reply(make(JobPage))
        mock.client().jobs.list()
        assert before == len(mock_threads())


def test_the_repr_counts_routes_and_requests(mock: MockTrio) -> None:
    mock.on("GET", "/jobs").reply(make(JobPage))
    mock.client().jobs.list()
    assert "<MockTrio, 1 scripted, 1 requests>" == repr(mock)
    assert isinstance(mock.requests[0], MockRequest)
