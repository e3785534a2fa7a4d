"""Functions of the user that see every request, reply and retry."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from trio_client import (
    APIConnectionError,
    AsyncTrioClient,
    CallInfo,
    ConfigurationError,
    CreateOutcomeUnknownError,
    Hooks,
    ServerError,
    TrioError,
)
from trio_client.stub import StubServer

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
YARD = "rtsp://camera.example/yard"


class Log:
    """Records the calls of the hooks, in order."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, CallInfo]] = []

    def hooks(self) -> Hooks:
        def noting(name: str) -> Callable[[CallInfo], None]:
            return lambda info: self.entries.append((name, info))

        return Hooks(
            on_request=noting("request"),
            on_response=noting("response"),
            on_retry=noting("retry"),
            on_intent=noting("intent"),
            on_failure=noting("failure"),
        )

    def names(self) -> list[str]:
        return [name for name, _ in self.entries]


async def test_hooks_follow_a_call_from_request_to_reply(stub: StubServer, connect: Connect) -> None:
    log = Log()
    await connect(hooks=log.hooks()).jobs.list(limit=3)
    (first, sent), (second, replied) = log.entries
    assert ("request", "response") == (first, second)
    url = f"{stub.base_url}/jobs?limit=3&offset=0"
    assert ("GET", url, 1, None) == (sent.method, sent.url, sent.attempt, sent.status_code)
    assert ("GET", url, 1, 200) == (replied.method, replied.url, replied.attempt, replied.status_code)


async def test_hooks_get_the_reason_and_the_wait_of_a_retry(stub: StubServer, connect: Connect, pauses: Any) -> None:
    log = Log()
    stub.fail_next(status=503, headers={"Retry-After": "7"})
    await connect(hooks=log.hooks()).jobs.list()
    assert ["request", "response", "retry", "request", "response"] == log.names()
    retry = log.entries[2][1]
    assert (1, 503, 7.0) == (retry.attempt, retry.status_code, retry.wait)
    assert isinstance(retry.error, ServerError)
    assert [7.0] == pauses.seconds
    assert [1, 1, 1, 2, 2] == [info.attempt for _, info in log.entries]


async def test_a_create_is_announced_before_it_is_sent(stub: StubServer, connect: Connect) -> None:
    log = Log()
    await connect(hooks=log.hooks()).live_monitor.create(YARD, "the gate is open")
    assert ["intent", "request", "response"] == log.names()
    intent = log.entries[0][1]
    assert stub.requests[0].headers["idempotency-key"] == intent.reference
    assert ("POST", f"{stub.base_url}/live-monitor") == (intent.method, intent.url)


async def test_the_reference_of_an_intent_is_that_of_the_error(stub: StubServer, connect: Connect) -> None:
    log = Log()
    stub.fail_next(path="/live-monitor", close=True)
    with pytest.raises(CreateOutcomeUnknownError) as caught:
        await connect(hooks=log.hooks()).live_monitor.create(YARD, "the gate is open")
    assert log.entries[0][1].reference == caught.value.reference


async def test_hooks_follow_a_stream_like_a_call(stub: StubServer, connect: Connect) -> None:
    log = Log()
    async with connect(hooks=log.hooks()).live_monitor.stream(YARD, "the gate is open") as events:
        stub.clock.advance(100)
        await events.collect()
    assert ["intent", "request", "response"] == log.names()


async def test_a_hook_that_fails_disturbs_nothing(
    stub: StubServer, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(info: CallInfo) -> None:
        raise RuntimeError("the hook is broken")

    stub.fail_next(status=500)
    with caplog.at_level(logging.ERROR, "trio_client"):
        page = await connect(hooks=Hooks(fail, fail, fail, fail)).jobs.list()
    assert 0 == len(page)
    assert 5 == caplog.text.count("the hook is broken")


async def test_a_hook_sees_no_password(connect: Connect) -> None:
    log = Log()
    await connect(hooks=log.hooks()).streams.prepare("rtsp://user:pass-word@camera.example/yard")
    assert ["request", "response"] == log.names()
    assert "pass-word" not in repr(log.entries)
    assert "camera.example" in repr(log.entries)


@pytest.mark.counts_reads
async def test_a_call_that_ends_without_a_reply_is_reported_once(stub: StubServer, connect: Connect) -> None:
    log = Log()
    stub.fail_next(status=503)
    stub.fail_next(close=True, times=2)
    with pytest.raises(APIConnectionError) as caught:
        await connect(hooks=log.hooks()).jobs.list()
    assert log.names() == ["request", "response", "retry", "request", "retry", "request", "failure"]
    failure = log.entries[-1][1]
    assert (failure.error, failure.attempt, failure.status_code) == (caught.value, 3, None)
    assert failure.elapsed is not None


async def test_a_call_that_ends_with_a_reply_is_no_failure(stub: StubServer, connect: Connect) -> None:
    log = Log()
    client = connect(hooks=log.hooks(), retry=None)
    stub.fail_next(status=500)
    stub.fail_next(status=200, body=b"not JSON")
    for _ in range(2):
        with pytest.raises(TrioError):
            await client.jobs.list()
    assert log.names() == ["request", "response"] * 2


async def test_each_call_names_the_method_behind_it(stub: StubServer, connect: Connect) -> None:
    log = Log()
    client = connect(hooks=log.hooks())
    job = await client.live_monitor.create(YARD, "the gate is open")
    await client.jobs.get(job.job_id)
    await client.jobs.list()
    await client.jobs.cancel(job.job_id)
    await client.check_once(YARD, "the gate is open")
    await client.streams.validate(YARD)
    await client.streams.prepare(YARD)
    await client.request("GET", "/jobs")
    for stream in (client.live_monitor.stream(YARD, "x"), client.live_digest.watch(YARD)):
        async with stream as events:
            stub.clock.advance(3)
            await events.__anext__()
    operations = list(dict.fromkeys(info.operation for name, info in log.entries if name != "intent"))
    assert operations == [
        *("live_monitor.create", "jobs.get", "jobs.list", "jobs.cancel", "check_once", "streams.validate"),
        *("streams.prepare", "request", "live_monitor.stream", "live_digest.watch"),
    ]


async def test_calls_about_a_stream_name_it_masked(stub: StubServer, connect: Connect) -> None:
    log = Log()
    client = connect(hooks=log.hooks())
    await client.live_monitor.create("rtsp://user:pass-word@camera.example/yard", "the gate is open", reference="r-1")
    await client.jobs.list()
    shown = [(info.stream_url, info.reference) for name, info in log.entries if name in ("intent", "response")]
    camera = "rtsp://***@camera.example/yard"
    assert shown == [(camera, "r-1"), (camera, "r-1"), (None, None)]


async def test_other_hooks_are_an_option_of_a_copy(stub: StubServer, connect: Connect) -> None:
    first, second = Log(), Log()
    client = connect(hooks=first.hooks())
    await client.with_options(hooks=second.hooks()).jobs.list()
    await client.with_options(hooks=Hooks()).jobs.list()
    await client.with_options(timeout=5).jobs.list()
    assert (first.names(), second.names()) == (["request", "response"], ["request", "response"])
    with pytest.raises(ConfigurationError, match="hooks is"):
        client.with_options(hooks=print)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def test_each_retry_is_one_line_in_the_log(
    stub: StubServer, client: AsyncTrioClient, caplog: pytest.LogCaptureFixture
) -> None:
    stub.fail_next(status=502, times=2)
    with caplog.at_level(logging.INFO, "trio_client"):
        await client.jobs.list()
    lines = [record.getMessage() for record in caplog.records if record.name == "trio_client"]
    assert [1, 2] == [int(line.partition("attempt ")[2][:1]) for line in lines]
    assert all("502" in line and "test-key" not in line for line in lines)
