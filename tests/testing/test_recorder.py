"""A session is recorded as it happens, without secrets, and replays as it was."""

from __future__ import annotations

import base64
import gzip
import inspect
import json
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import httpx_aiohttp
import pytest
from raw_server import RESET, RawServer

from trio_client import (
    APIConnectionError,
    APITimeoutError,
    AsyncTrioClient,
    ConfigurationError,
    CreateOutcomeUnknownError,
    Frame,
    JobNotFoundError,
    RetryPolicy,
    ServerError,
    Started,
    Stopped,
    StreamInterruptedError,
    Triggered,
    TrioClient,
)
from trio_client.models import JobPage
from trio_client.stub import StubServer
from trio_client.testing import MockTrio, Recorder, UnscriptedCallError, make, sse
from trio_client.testing._recording_mask import RecordingMask

KEY = "sk-recorded-0123456789"
CAMERA = "rtsp://operator:hunter2pass@gate.example/live?token=t0psecret"
SECRETS = (KEY, "hunter2pass", "operator:", "t0psecret", "s3ss10n")
JPEG = Frame(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "session.jsonl"


@pytest.fixture(scope="module")
def stub() -> Iterator[StubServer]:
    with StubServer(speed=600) as server:
        yield server


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def session(client: TrioClient) -> list[Any]:
    seen: list[Any] = []
    with client.live_monitor.stream(CAMERA, "a van is at the gate") as events:
        seen += [(event.kind, event.occurred_at) for event in events]
    seen.append([job.status for job in client.jobs.list()])
    with pytest.raises(JobNotFoundError):
        client.jobs.get("gone")
    with client.live_monitor.stream(CAMERA, "a van is at the gate", max_triggers=None) as events:
        seen.append(events.until(Triggered) is not None)
    seen.append(events.outcome and events.outcome.kind)
    job = client.live_monitor.create(CAMERA, "a van is at the gate", webhook_url="https://me.example/hook")
    seen.append(client.jobs.wait(job.job_id).status)
    return seen


@pytest.mark.thorough
def test_a_session_replays_to_the_same_output(stub: StubServer, path: Path) -> None:
    with Recorder(path) as recorder:
        with TrioClient(KEY, base_url=stub.base_url, http_client=recorder.http_client()) as client:
            recorded = session(client)
    with MockTrio.replay(path) as mock, mock.client() as client:
        assert session(client) == recorded
    with MockTrio.replay(path, ordered=True) as mock, mock.client() as client:
        assert session(client) == recorded


@pytest.mark.anyio
async def test_an_async_session_replays_to_the_same_output(stub: StubServer, path: Path) -> None:
    async def session(client: AsyncTrioClient) -> list[Any]:
        async with client.live_monitor.stream(CAMERA, "a van is at the gate") as events:
            seen: list[Any] = [(event.kind, event.occurred_at) async for event in events]
        return [*seen, (await client.jobs.list()).total]

    with Recorder(path) as recorder:
        http_client = recorder.async_http_client()
        async with AsyncTrioClient(KEY, base_url=stub.base_url, http_client=http_client) as client:
            recorded = await session(client)
    with MockTrio.replay(path) as mock:
        async with mock.async_client() as client:
            assert await session(client) == recorded


def test_every_line_is_a_step_with_the_number_of_its_exchange(stub: StubServer, path: Path) -> None:
    with Recorder(path) as recorder:
        with TrioClient(KEY, base_url=stub.base_url, http_client=recorder.http_client()) as client:
            client.jobs.list()
            client.jobs.list()
    steps = [(line["exchange"], line["step"]) for line in lines(path)]
    exchange = ["request", "head", "piece", "end"]
    assert steps == [(0, "recording"), *((1, step) for step in exchange), *((2, step) for step in exchange)]
    assert {tuple(line)[:3] for line in lines(path)} == {("exchange", "step", "at")}


def test_a_line_is_in_the_file_when_the_step_has_happened(path: Path, stub: StubServer) -> None:
    with Recorder(path) as recorder:
        with TrioClient(KEY, base_url=stub.base_url, http_client=recorder.http_client()) as client:
            with client.live_monitor.stream(CAMERA, "a van is at the gate") as events:
                next(events)
                assert "event: started" in lines(path)[-1]["text"]


@pytest.mark.thorough
def test_a_killed_process_leaves_a_recording_that_can_be_read(path: Path) -> None:
    code = (
        "import os, sys\n"
        "from trio_client.testing import MockTrio, Recorder, make, sse\n"
        "from trio_client import Started, Triggered\n"
        "with MockTrio() as mock:\n"
        "    mock.on('POST', '/live-monitor').reply(sse(make(Started), make(Triggered)))\n"
        "    http_client = Recorder(sys.argv[1]).http_client(mock.http_client())\n"
        "    for event in mock.client(http_client=http_client).live_monitor.stream('rtsp://a/b', 'a van'):\n"
        "        if event.kind == 'triggered': os._exit(1)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert "triggered" in lines(path)[-1]["text"]
    with pytest.raises(UnscriptedCallError, match="ends in the middle of POST /live-monitor"):
        with MockTrio.replay(path) as mock, suppress(StreamInterruptedError):
            mock.client().live_monitor.stream("rtsp://a/b", "a van", on_exit="leave").collect()


def echoing(chunks: Callable[[bytes], list[bytes]], media_type: str) -> httpx.MockTransport:
    """A server that repeats all it was sent, cut into pieces."""

    def answer(request: httpx.Request) -> httpx.Response:
        seen = {"url": CAMERA, "auth": request.headers["authorization"], "cookie": request.headers.get("cookie", "")}
        body = json.dumps({"job_id": "a", "status": "running", "stream_url": CAMERA, "echo": json.dumps(seen)})
        content = body.encode() if media_type == "application/json" else f"event: started\ndata: {body}\n\n".encode()
        headers = {"content-type": media_type, "set-cookie": "session=s3ss10n", "x-echo": KEY, "location": CAMERA}
        return httpx.Response(200, headers=headers, content=iter(chunks(content)))

    return httpx.MockTransport(answer)


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("media_type", ["application/json", "text/event-stream"])
def test_no_secret_is_in_the_file_wherever_the_body_is_cut(path: Path, size: int, media_type: str) -> None:
    transport = echoing(lambda body: [body[at : at + size] for at in range(0, len(body), size)], media_type)
    with Recorder(path) as recorder, httpx.Client(transport=transport) as inner:
        headers = {"cookie": "session=s3ss10n", "x-camera-token": "t0psecret"}
        options: dict[str, Any] = {"base_url": "https://api.example/api", "default_headers": headers, "retry": None}
        with TrioClient(KEY, http_client=recorder.http_client(inner), **options) as client:
            if media_type == "application/json":
                client.live_monitor.create(CAMERA, f"the key is {KEY}")
            else:
                for event in client.request_events("POST", "/live-monitor", json={"stream_url": CAMERA}):
                    assert event.stream_url == CAMERA
    text = path.read_text("utf-8")
    assert [secret for secret in SECRETS if secret in text] == []
    body = next(line for line in lines(path) if line["step"] == "request")["body"]
    assert body["stream_url"] == "rtsp://***@gate.example/live?token=***"
    replies = "".join(line["text"] for line in lines(path) if line["step"] == "piece")
    assert json.loads(re.sub(r"^event: \w+\ndata: ", "", replies))["job_id"] == "a"


def test_no_secret_is_in_a_body_that_the_server_compressed(path: Path) -> None:
    content = gzip.compress(json.dumps({"jobs": [], "total": 0, "echo": KEY}).encode())
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, content=iter([content])))
    with Recorder(path) as recorder, httpx.Client(transport=transport) as inner:
        TrioClient(KEY, base_url="https://a.example", http_client=recorder.http_client(inner)).jobs.list()
    assert json.loads(lines(path)[3]["text"]) == {"jobs": [], "total": 0, "echo": "***"}
    with MockTrio.replay(path) as mock, mock.client() as client:
        assert client.jobs.list().total == 0


def test_without_frames_a_tiny_picture_of_the_same_type_takes_their_place(path: Path) -> None:
    def record(frames: bool) -> str:
        with MockTrio() as mock, Recorder(path, frames=frames) as recorder:
            mock.on("POST", "/live-monitor").reply(sse(make(Started), make(Triggered, frame=JPEG), make(Stopped)))
            client = mock.client(http_client=recorder.http_client(mock.http_client()))
            client.live_monitor.stream("rtsp://a/b", "a van").collect()
            client.analyze_frame(JPEG.data, "What is it?")
        return path.read_text("utf-8")

    assert record(True).count(JPEG.base64) == 2
    assert JPEG.base64 not in record(False)
    with MockTrio.replay(path) as mock, mock.client() as client:
        kept = client.live_monitor.stream("rtsp://a/b", "a van").collect()[1]
        assert isinstance(kept, Triggered)
        assert kept.frame is not None
        assert kept.frame.media_type == "image/jpeg"
        client.analyze_frame(JPEG.data, "What is it?")


PICTURES = {
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/gif": b"GIF89a",
    "image/bmp": b"BM",
    "image/webp": b"RIFF0000WEBP",
}


@pytest.mark.parametrize("media_type", PICTURES)
@pytest.mark.parametrize("prefix", ["", "data:image/x;base64,"])
def test_every_type_of_picture_has_a_tiny_one(media_type: str, prefix: str) -> None:
    large = base64.b64encode(PICTURES[media_type] + bytes(900)).decode()
    masked = json.loads(RecordingMask([], frames=False).text(json.dumps({"frame_b64": prefix + large})))["frame_b64"]
    assert masked.startswith(prefix)
    assert len(masked) < 400
    assert Frame(masked).media_type == media_type
    assert Frame(masked).data


def test_two_recordings_of_one_scripted_session_are_alike(tmp_path: Path) -> None:
    def record(name: str) -> str:
        with MockTrio() as mock, Recorder(tmp_path / name) as recorder:
            mock.on("POST", "/live-monitor").reply(sse(make(Started), make(Triggered), make(Stopped)))
            mock.on("GET", "/jobs").fail(503, times=1)
            client = mock.client(http_client=recorder.http_client(mock.http_client()))
            client.live_monitor.stream("rtsp://me:pw123456@a/b", "a van").collect()
            client.jobs.list()
        text = (tmp_path / name).read_text("utf-8")
        text = re.sub(r'"at": "[^"]*"', '"at": ""', text)
        text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z?|\w+, \d\d \w+ \d{4} [\d:]+ GMT", "date", text)
        return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{32}\b", "id", text)

    assert record("a") == record("b")


def test_failures_replay_as_they_failed(path: Path) -> None:
    failures = [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("nonsense")]

    def outcomes(client: TrioClient) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        for _ in failures:
            with pytest.raises(APIConnectionError) as caught:
                client.jobs.list()
            found.append((type(caught.value).__name__, caught.value.request_sent))
        with pytest.raises(ServerError):
            client.jobs.get("a")
        return found

    with MockTrio() as mock, Recorder(path) as recorder:
        route = mock.on("GET", "/jobs")
        for failure in failures:
            route.reply(failure, times=1)
        mock.on("GET", "/jobs/a").fail(500)
        recorded = outcomes(mock.client(http_client=recorder.http_client(mock.http_client()), retry=None))
    assert recorded == [("APIConnectionError", False), ("APITimeoutError", True), ("APIConnectionError", True)]
    with MockTrio.replay(path) as mock, mock.client(retry=None) as client:
        assert outcomes(client) == recorded


@pytest.fixture
def reset() -> httpx.ConnectTimeout:
    """What httpx-aiohttp raises for a connection that is reset after the request was sent."""
    error = httpx.ConnectTimeout("[Errno 104] Connection reset by peer")
    error.__cause__ = ConnectionResetError(104, "Connection reset by peer")
    return error


def test_a_create_whose_reply_was_lost_is_looked_up_in_the_replay_too(path: Path, reset: httpx.ConnectTimeout) -> None:
    def create(client: TrioClient) -> None:
        with pytest.raises(CreateOutcomeUnknownError):
            client.live_monitor.create(CAMERA, "a van is at the gate", webhook_url="https://me.example/hook")

    with MockTrio() as mock, Recorder(path) as recorder:
        mock.on("POST", "/live-monitor").reply(reset)
        mock.on("GET", "/jobs").reply(make(JobPage))
        create(mock.client(http_client=recorder.http_client(mock.http_client())))
    assert len(mock.requests) > 1
    with MockTrio.replay(path) as mock, mock.client() as client:
        create(client)


@pytest.mark.anyio
async def test_an_async_create_whose_reply_was_lost_is_looked_up_in_the_replay_too(
    path: Path, reset: httpx.ConnectTimeout
) -> None:
    async def create(client: AsyncTrioClient) -> None:
        with pytest.raises(CreateOutcomeUnknownError):
            await client.live_monitor.create(CAMERA, "a van is at the gate", webhook_url="https://me.example/hook")

    with MockTrio() as mock, Recorder(path) as recorder:
        mock.on("POST", "/live-monitor").reply(reset)
        mock.on("GET", "/jobs").reply(make(JobPage))
        await create(mock.async_client(http_client=recorder.async_http_client(mock.async_http_client())))
    assert len(mock.requests) > 1
    with MockTrio.replay(path) as mock:
        async with mock.async_client() as client:
            await create(client)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_reset_through_aiohttp_replays_as_a_lost_reply(path: Path) -> None:
    async def request_sent(client: AsyncTrioClient) -> bool | None:
        with pytest.raises(APIConnectionError) as caught:
            await client.jobs.list()
        return caught.value.request_sent

    with RawServer([RESET]) as server, Recorder(path) as recorder:
        async with httpx_aiohttp.HttpxAiohttpClient(trust_env=False) as inner:
            http_client = recorder.async_http_client(inner)
            async with AsyncTrioClient(KEY, base_url=server.base_url, http_client=http_client, retry=None) as client:
                assert await request_sent(client)
    with MockTrio.replay(path) as mock:
        async with mock.async_client(retry=None) as client:
            assert await request_sent(client)


@pytest.mark.thorough
def test_a_dropped_stream_replays_with_what_followed(stub: StubServer, path: Path) -> None:
    def kinds(client: TrioClient) -> list[tuple[str, str]]:
        with client.live_monitor.stream(CAMERA, "a van is at the gate") as events:
            return [(event.kind, event.delivery) for event in events]

    stub.fail_next(path="/live-monitor", drop_after_events=2)
    with Recorder(path) as recorder:
        with TrioClient(KEY, base_url=stub.base_url, http_client=recorder.http_client()) as client:
            recorded = kinds(client)
    assert recorded[-1] == ("stopped", "poll")
    assert any(line["step"] == "failure" for line in lines(path))
    with MockTrio.replay(path) as mock, mock.client() as client:
        assert kinds(client) == recorded


def test_a_recorded_call_keeps_its_deadline(path: Path) -> None:
    with StubServer(speed=0) as stub, Recorder(path) as recorder:
        stub.fail_next(path="/jobs", delay=30)
        options: dict[str, Any] = {"base_url": stub.base_url, "retry": RetryPolicy(max_attempts=1, deadline=0.2)}
        with TrioClient(KEY, http_client=recorder.http_client(), **options) as client:
            with pytest.raises(APITimeoutError):
                client.jobs.list()
    assert lines(path)[-1]["step"] == "failure"
    with MockTrio.replay(path) as mock, mock.client(retry=None) as client, pytest.raises(APITimeoutError):
        client.jobs.list()


def test_recording_ends_with_close_and_the_client_goes_on(stub: StubServer, path: Path) -> None:
    recorder = Recorder(path)
    with TrioClient(KEY, base_url=stub.base_url, http_client=recorder.http_client()) as client:
        client.jobs.list()
        recorder.close()
        recorder.close()
        client.jobs.list()
    assert max(line["exchange"] for line in lines(path)) == 1


def test_a_recorder_refuses_what_cannot_work(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be written"):
        Recorder(tmp_path / "missing" / "session.jsonl")
    with Recorder(tmp_path / "a.jsonl") as recorder:
        with pytest.raises(ConfigurationError, match="must be an httpx"):
            recorder.http_client(httpx.AsyncClient())  # type: ignore[arg-type]
        with pytest.raises(ConfigurationError, match="async_http_client"):
            AsyncTrioClient(KEY, http_client=recorder.http_client())  # type: ignore[arg-type]
        with pytest.raises(ConfigurationError, match="sends nothing by itself"):
            recorder.http_client().send(None)


def recorded_list(path: Path, **query: Any) -> None:
    with MockTrio() as mock, Recorder(path) as recorder:
        mock.client(http_client=recorder.http_client(mock.http_client())).jobs.list(**query)


def test_an_unlike_call_is_refused_with_the_difference(path: Path) -> None:
    recorded_list(path, limit=5)
    with pytest.raises(UnscriptedCallError, match=re.escape('query.limit was "5", and is "6"')):
        with MockTrio.replay(path) as mock:
            mock.client().jobs.list(limit=6)
    with pytest.raises(UnscriptedCallError, match=r"GET /jobs/a has no answer in session\.jsonl: it was not recorded"):
        MockTrio.replay(path).client().jobs.get("a")
    with pytest.raises(UnscriptedCallError, match="all such exchanges have been used"):
        with MockTrio.replay(path) as mock, mock.client() as client:
            client.jobs.list(limit=5)
            client.jobs.list(limit=5)


def test_an_exchange_that_was_not_asked_for_is_an_error_at_the_end(path: Path) -> None:
    recorded_list(path)
    with pytest.raises(UnscriptedCallError, match="were not asked for: GET /jobs"):
        with MockTrio.replay(path):
            pass


def monitors(path: Path | None, client: TrioClient | None = None, seconds: int = 60) -> None:
    if client is None:
        assert path is not None
        with MockTrio() as mock, Recorder(path) as recorder:
            monitors(None, mock.client(http_client=recorder.http_client(mock.http_client())))
        return
    for condition in ("a van", "a cat"):
        client.live_monitor.create("rtsp://a/b", condition, monitor_duration_seconds=seconds)


def test_requests_find_their_exchange_in_any_order_unless_ordered(path: Path) -> None:
    monitors(path)

    def swapped(mock: MockTrio) -> None:
        for condition in ("a cat", "a van"):
            mock.client().live_monitor.create("rtsp://a/b", condition, monitor_duration_seconds=60)

    with MockTrio.replay(path) as mock:
        swapped(mock)
    with pytest.raises(UnscriptedCallError, match="differs from the next exchange of the recording"):
        swapped(MockTrio.replay(path, ordered=True))


def test_durations_may_differ_by_five_seconds(path: Path) -> None:
    monitors(path)
    with MockTrio.replay(path) as mock, mock.client() as client:
        monitors(None, client, 65)
    with pytest.raises(UnscriptedCallError, match="monitor_duration_seconds was 60, and is 66"):
        monitors(None, MockTrio.replay(path).client(), 66)


def test_scripted_calls_come_before_the_recording(path: Path) -> None:
    recorded_list(path)
    with MockTrio.replay(path) as mock, mock.client() as client:
        mock.on("GET", "/jobs").reply({"jobs": [], "total": 7}, times=1)
        assert client.jobs.list().total == 7
        assert client.jobs.list().total == 0


def spoiled(path: Path, change: Callable[[list[str]], list[str]]) -> Path:
    kept = path.read_text("utf-8").split("\n")
    path.write_text("\n".join(change(kept)), "utf-8")
    return path


BAD: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "of another version": (lambda kept: [kept[0].replace('"version": 1', '"version": 9'), *kept[1:]], "version 9"),
    "cut in a line": (lambda kept: [*kept[:3], kept[3][:40]], "line 4, .*cut in the middle of a line"),
    "empty": (lambda kept: [""], "it is empty"),
    "without its first line": (lambda kept: kept[1:], "not the first line of a recording"),
    "edited into nonsense": (lambda kept: [kept[0], "{nonsense", *kept[2:]], "line 2"),
    "without a request": (lambda kept: [kept[0], *kept[2:]], "exchange 1 has no request"),
    "without a key": (lambda kept: [kept[0], kept[1].replace('"url"', '"uri"'), *kept[2:]], "the key 'url' is missing"),
    "with a second head": (lambda kept: [*kept[:3], kept[2], *kept[3:]], "second head"),
    "with more after the end": (lambda kept: [*kept[:5], kept[3], ""], "follows the end"),
    "with a wrong type": (lambda kept: [*kept[:2], kept[2].replace(": 200", ': "200"'), *kept[3:]], "HTTP status"),
    "with an unknown step": (lambda kept: [*kept[:3], kept[3].replace('"piece"', '"bit"'), *kept[4:]], "no step 'bit'"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_recording_is_refused_by_name(path: Path, what: str) -> None:
    change, problem = BAD[what]
    recorded_list(path)
    with pytest.raises(ConfigurationError, match=problem):
        MockTrio.replay(spoiled(path, change))


def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        MockTrio.replay(tmp_path / "missing.jsonl")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="not text in UTF-8"):
        MockTrio.replay(tmp_path / "binary")


def test_bytes_that_are_no_text_replay_as_they_were(path: Path) -> None:
    body = b'{"jobs": [], "total": 0, "note": "\xff\xc3"}'
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=iter([body[:36], body[36:]])))
    with Recorder(path) as recorder, httpx.Client(transport=transport) as inner:
        TrioClient(KEY, base_url="https://a.example", http_client=recorder.http_client(inner)).jobs.list()
    with MockTrio.replay(path) as mock:
        assert mock.http_client().get("https://a.example/api/jobs?limit=20&offset=0").content == body


def test_the_quickstart_replays_to_the_same_output(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quickstart = runpy.run_path(str(Path(__file__).resolve().parents[2] / "examples" / "quickstart.py"))

    skipped = ("main", "receive_webhook")  # which waits for webhooks, and no recording sends them
    parts = [each for name, each in quickstart.items() if inspect.isfunction(each) and name not in skipped]

    def output(client: TrioClient) -> str:
        for part in parts:
            part(client)
        return capsys.readouterr().out

    with StubServer(speed=600) as stub, Recorder(path) as recorder:
        with TrioClient(KEY, base_url=stub.base_url, http_client=recorder.http_client()) as client:
            recorded = output(client)
    assert "triggered:" in recorded
    with MockTrio.replay(path) as mock, mock.client() as client:
        assert output(client) == recorded


def test_a_stream_that_is_read_with_a_timeout_can_be_replayed(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    with StubServer(speed=1) as stub, Recorder(path) as recorder:
        with TrioClient(KEY, base_url=stub.base_url, http_client=recorder.http_client()) as client:
            with client.live_monitor.stream("rtsp://a/b", "a van", max_triggers=None) as events:
                assert events.until(Triggered, timeout=0.05) is None
                stub.clock.advance(60)
                assert events.until(Triggered, timeout=10) is not None
    with MockTrio.replay(path) as mock, mock.client() as client:
        with client.live_monitor.stream("rtsp://a/b", "a van", max_triggers=None) as events:
            assert events.until(Triggered) is not None


@pytest.mark.parametrize("key", ["token", "message"])
def test_a_long_secret_is_masked_though_it_may_be_a_picture(key: str) -> None:
    secret = "B" * 240
    masked = RecordingMask([secret], frames=True).text(json.dumps({key: secret}))
    assert secret not in masked
