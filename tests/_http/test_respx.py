"""Users who test with respx can: its routes see our requests, and we its replies."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
import respx

from trio_client import (
    APIConnectionError,
    APITimeoutError,
    AsyncTrioClient,
    AuthenticationError,
    CreateOutcomeUnknownError,
    RateLimitError,
    RetryPolicy,
    TrioClient,
    response_info,
)

BASE = "https://trio.machinefi.com/api"
JOB_ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
JOB = {"job_id": JOB_ID, "status": "pending", "job_type": "live-monitor", "stream_url": "rtsp://c/1"}
STREAM = b'event: started\ndata: {"job_id": "j-1"}\n\nevent: stopped\ndata: {"status": "completed"}\n\n'
QUICK = RetryPolicy(base_delay=0, reconcile_for=0)


@pytest.fixture(params=["own connections", "injected"])
def client(request: pytest.FixtureRequest) -> Iterator[TrioClient]:
    if request.param == "injected":
        with httpx.Client() as http_client, TrioClient("test-key", http_client=http_client, retry=QUICK) as client:
            yield client
    else:
        with TrioClient("test-key", retry=QUICK) as client:
            yield client


@respx.mock
def test_a_check(client: TrioClient) -> None:
    route = respx.post(f"{BASE}/check-once").respond(json={"triggered": True, "explanation": "A van.", "latency_ms": 5})
    result = client.check_once("rtsp://c/1", "a van is there")
    assert (True, "A van.") == (result.triggered, result.explanation)
    request = route.calls.last.request
    assert "Bearer test-key" == request.headers["authorization"]
    assert {"stream_url": "rtsp://c/1", "condition": "a van is there"} == json.loads(request.content)


@respx.mock
def test_a_create(client: TrioClient) -> None:
    route = respx.post(f"{BASE}/live-monitor").respond(json=JOB)
    job = client.live_monitor.create("rtsp://c/1", "a van is there")
    assert (JOB_ID, 1) == (job.job_id, route.call_count)
    assert "close" == route.calls.last.request.headers["connection"]


@respx.mock
def test_a_stream(client: TrioClient) -> None:
    respx.post(f"{BASE}/live-monitor").respond(content=STREAM, content_type="text/event-stream")
    with client.live_monitor.stream("rtsp://c/1", "a van is there") as events:
        assert ["started", "stopped"] == [event.kind for event in events]


@respx.mock
def test_a_page_and_its_query(client: TrioClient) -> None:
    respx.get(f"{BASE}/jobs", params={"status": "running", "limit": 2, "offset": 0}).respond(json={"jobs": [JOB]})
    (job,) = client.jobs.list(status="running", limit=2)
    assert JOB_ID == job.job_id


@respx.mock
def test_a_cancel(client: TrioClient) -> None:
    respx.delete(f"{BASE}/jobs/{JOB_ID}").respond(json={"job_id": JOB_ID, "status": "stopped", "message": "ok"})
    assert "stopped" == client.jobs.cancel(JOB_ID).status


@respx.mock
def test_an_error(client: TrioClient) -> None:
    respx.get(f"{BASE}/jobs").respond(401, json={"error": {"code": "UNAUTHORIZED", "message": "key revoked"}})
    with pytest.raises(AuthenticationError, match="key revoked"):
        client.jobs.list()


@respx.mock
def test_a_failure_and_a_success(client: TrioClient) -> None:
    route = respx.get(f"{BASE}/jobs")
    route.side_effect = [httpx.ReadError("reset"), httpx.Response(502), httpx.Response(200, json={"jobs": []})]
    assert 3 == response_info(client.jobs.list()).attempts


@pytest.mark.parametrize(
    ("failure", "error", "request_sent"),
    [
        (httpx.ConnectError("refused"), APIConnectionError, False),
        (httpx.ConnectTimeout("late"), APITimeoutError, False),
        (httpx.PoolTimeout("busy"), APITimeoutError, False),
        (httpx.ReadTimeout("late"), APITimeoutError, True),
        (httpx.WriteTimeout("late"), APITimeoutError, True),
        (httpx.ReadError("reset"), APIConnectionError, True),
        (httpx.WriteError("reset"), APIConnectionError, True),
        (httpx.RemoteProtocolError("closed"), APIConnectionError, True),
        (httpx.DecodingError("gzip"), APIConnectionError, None),
    ],
)
@respx.mock
def test_no_error_of_the_library_below_comes_through(
    client: TrioClient, failure: Exception, error: type[Exception], request_sent: bool | None
) -> None:
    route = respx.get(f"{BASE}/jobs").mock(side_effect=failure)
    with pytest.raises(error) as caught:
        client.jobs.list()
    assert (request_sent, 3) == (caught.value.request_sent, route.call_count)
    assert isinstance(caught.value.__cause__, Exception)


@respx.mock
def test_a_create_without_an_answer_is_sent_once(client: TrioClient) -> None:
    route = respx.post(f"{BASE}/live-monitor").mock(side_effect=httpx.ReadTimeout("late"))
    respx.get(f"{BASE}/jobs").respond(json={"jobs": []})
    with pytest.raises(CreateOutcomeUnknownError):
        client.live_monitor.create("rtsp://c/1", "a van is there")
    assert 1 == route.call_count


@respx.mock
def test_an_injected_client_adds_its_own_headers_but_no_credentials_cookies_or_redirects() -> None:
    jobs = respx.get(f"{BASE}/jobs").mock(return_value=httpx.Response(307, headers={"location": "https://e.example/"}))
    elsewhere = respx.get("https://e.example/").respond(json={"jobs": []})
    injected = httpx.Client(auth=("user", "pass"), follow_redirects=True, headers={"x-mine": "1"})
    with injected, TrioClient("test-key", http_client=injected) as client, pytest.raises(Exception, match="redirect"):
        client.jobs.list()
    headers = jobs.calls.last.request.headers
    assert ("Bearer test-key", "1", 0) == (headers["authorization"], headers["x-mine"], elsewhere.call_count)


@respx.mock
def test_an_injected_client_stays_open() -> None:
    respx.get(f"{BASE}/jobs").respond(json={"jobs": []})
    with httpx.Client() as injected:
        with TrioClient("test-key", http_client=injected) as client:
            client.jobs.list()
        assert not injected.is_closed


@respx.mock
def test_a_hint_too_long_to_wait_for(client: TrioClient) -> None:
    respx.get(f"{BASE}/jobs").respond(429, headers={"retry-after": "3600"})
    with pytest.raises(RateLimitError) as caught:
        client.jobs.list()
    assert 3600 == caught.value.retry_after


@pytest.mark.anyio
@respx.mock
async def test_the_async_client_over_its_own_connections() -> None:
    respx.get(f"{BASE}/jobs/{JOB_ID}").respond(json=JOB)
    respx.post(f"{BASE}/live-monitor").respond(content=STREAM, content_type="text/event-stream")
    async with AsyncTrioClient("test-key", retry=QUICK) as client:
        assert JOB_ID == (await client.jobs.get(JOB_ID)).job_id
        async with client.live_monitor.stream("rtsp://c/1", "a van is there") as events:
            assert ["started", "stopped"] == [event.kind for event in await events.collect()]


@pytest.mark.anyio
@respx.mock
async def test_the_async_client_over_an_injected_one() -> None:
    respx.get(f"{BASE}/jobs/{JOB_ID}").respond(json=JOB)
    respx.post(f"{BASE}/live-monitor").respond(content=STREAM, content_type="text/event-stream")
    async with (
        httpx.AsyncClient() as injected,
        AsyncTrioClient("test-key", http_client=injected, retry=QUICK) as client,
    ):
        assert JOB_ID == (await client.jobs.get(JOB_ID)).job_id
        async with client.live_monitor.stream("rtsp://c/1", "a van is there") as events:
            assert ["started", "stopped"] == [event.kind for event in await events.collect()]
