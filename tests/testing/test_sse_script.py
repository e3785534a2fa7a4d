"""A script of an event stream is played as it was written, through whatever carries it."""

from __future__ import annotations

import math
import time
from typing import Any

import anyio
import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from trio_client import (
    AsyncTrioClient,
    RetryPolicy,
    Started,
    Stopped,
    StreamInterruptedError,
    Triggered,
    TrioClient,
)
from trio_client import sse as decoding
from trio_client.stub import StubServer
from trio_client.testing import SseScript, make, sse

BASE = "https://trio.machinefi.com/api"
WHOLE = sse(make(Started), make(Triggered), make(Stopped))


async def pieces_async(script: SseScript) -> list[bytes]:
    return [piece async for piece in script]


def test_each_event_is_one_chunk() -> None:
    assert ["started", "triggered", "stopped"] == [next(decoding.decode([piece])).event for piece in WHOLE]


def test_everything_an_event_can_carry() -> None:
    script = sse().event("tick", {"a": [1]}, id="7", retry=500).event("", "plain\ntext\r\nends").comment("hb")
    assert (
        b'event: tick\nid: 7\nretry: 500\ndata: {"a": [1]}\n\ndata: plain\ndata: text\ndata: ends\n\n: hb\n\n'
        == bytes(script)
    )


def test_unusual_line_separators_inside_text_are_not_line_ends() -> None:
    (event,) = decoding.decode(sse().event("x", "a\u2028b\x0bc"))
    assert "a\u2028b\x0bc" == event.data


def test_raw_bytes_are_sent_as_they_are() -> None:
    assert b"\xef\xbb\xbfdata: 1\r\r\x00\xff" == bytes(sse().raw(b"\xef\xbb\xbfdata: 1\r\r").raw(b"\x00\xff"))


def test_scripts_share_a_start() -> None:
    start = sse(make(Started))
    assert [1, 2] == [len(list(script)) for script in (start, start.event(make(Stopped)))]


@given(st.integers(1, 400))
def test_chunks_of_any_size_are_the_same_stream(size: int) -> None:
    script = WHOLE.split(size)
    assert bytes(WHOLE) == bytes(script)
    assert all(len(piece) == size for piece in list(script)[:-1])


def test_splitting_stops_at_a_pause() -> None:
    assert [b"ab", b"c", b"de"] == list(sse().raw(b"abc").delay(1).raw(b"de").split(2))


@pytest.mark.anyio
async def test_async_iteration_gives_the_same_chunks() -> None:
    script = WHOLE.delay(3600).split(7)
    assert list(script) == await pieces_async(script)


def test_a_drop_comes_after_what_was_sent() -> None:
    got: list[bytes] = []
    with pytest.raises(httpx.ReadError):
        got.extend(sse().raw(b"a").raw(b"b").drop())
    assert [b"a", b"b"] == got
    with pytest.raises(httpx.RemoteProtocolError, match="cut"):
        list(sse().drop(httpx.RemoteProtocolError("cut")))


@pytest.mark.anyio
async def test_a_drop_reaches_async_iteration_too() -> None:
    with pytest.raises(httpx.ReadError):
        await pieces_async(sse().raw(b"a").drop())


def test_nothing_can_follow_a_drop() -> None:
    with pytest.raises(ValueError, match="nothing can come after"):
        sse().drop().raw(b"a")


@pytest.mark.parametrize("forged", ["a\nb", "a\rb", "a\0b"])
def test_names_cannot_forge_lines(forged: str) -> None:
    for build in (lambda: sse().event(forged), lambda: sse().event("a", id=forged), lambda: sse().comment(forged)):
        with pytest.raises(ValueError, match="forge"):
            build()


@pytest.mark.parametrize("size", [0, -1])
def test_a_chunk_has_at_least_one_byte(size: int) -> None:
    with pytest.raises(ValueError, match="at least 1 byte"):
        sse().split(size)


@pytest.mark.parametrize("seconds", [-1, math.nan])
def test_a_negative_delay_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="at least 0"):
        sse().delay(seconds)


def test_delays_take_real_time_only_on_request() -> None:
    began = time.monotonic()
    assert 2 == len(list(sse(real_time=True).raw(b"a").delay(0.05).raw(b"b")))
    assert time.monotonic() - began >= 0.04


@pytest.mark.anyio
async def test_delays_can_take_real_time_in_async_iteration() -> None:
    began = anyio.current_time()
    assert 1 == len(await pieces_async(sse(real_time=True).delay(0.05).raw(b"b")))
    assert anyio.current_time() - began >= 0.04


def test_the_repr_is_short() -> None:
    assert "<SseScript of 1 bytes, then a drop>" == repr(sse().raw(b"a").drop())


def test_the_stub_server_can_send_a_script_too(stub: StubServer) -> None:
    headers = {"content-type": "text/event-stream"}
    stub.fail_next(path="/live-monitor", status=200, headers=headers, body=bytes(WHOLE))
    with TrioClient("test-key", base_url=stub.base_url) as client:
        with client.live_monitor.stream("rtsp://c/1", "a van") as events:
            assert ["started", "triggered", "stopped"] == [event.kind for event in events]


@pytest.fixture(params=["own connections", "httpx.MockTransport"])
def carry(request: pytest.FixtureRequest) -> Any:
    """Returns a client that gets a script as its reply, through respx or through a transport of httpx."""

    def connect(script: SseScript, kind: type[Any], router: respx.MockRouter) -> Any:
        if request.param == "own connections":
            router.post(f"{BASE}/live-monitor").mock(side_effect=script.response)
            return kind("test-key", retry=RetryPolicy(reconcile_for=0))
        transport = httpx.MockTransport(script.response)
        http_client = (httpx.Client if kind is TrioClient else httpx.AsyncClient)(transport=transport)
        return kind("test-key", retry=RetryPolicy(reconcile_for=0), http_client=http_client)

    return connect


def test_a_script_through_a_mock_of_httpx(carry: Any, respx_mock: respx.MockRouter) -> None:
    with carry(WHOLE.split(5), TrioClient, respx_mock) as client:
        with client.live_monitor.stream("rtsp://c/1", "a van") as events:
            assert ["started", "triggered", "stopped"] == [event.kind for event in events]


@pytest.mark.anyio
async def test_a_script_through_an_async_mock_of_httpx(carry: Any, respx_mock: respx.MockRouter) -> None:
    async with carry(WHOLE.split(5), AsyncTrioClient, respx_mock) as client:
        async with client.live_monitor.stream("rtsp://c/1", "a van") as events:
            assert ["started", "triggered", "stopped"] == [event.kind async for event in events]


@pytest.mark.parametrize("script", [sse(make(Started)).drop(), sse(make(Started)).delay(math.inf)])
def test_events_before_a_drop_or_a_silence_are_emitted_first(
    carry: Any, respx_mock: respx.MockRouter, script: SseScript
) -> None:
    with carry(script, TrioClient, respx_mock) as client:
        events = client.live_monitor.stream("rtsp://c/1", "a van", on_drop="raise", on_exit="leave")
        with events, pytest.raises(StreamInterruptedError, match=make(Started).job_id or ""):
            assert "started" == next(events).kind
            next(events)


@pytest.mark.anyio
@pytest.mark.parametrize("script", [sse(make(Started)).drop(), sse(make(Started)).delay(math.inf)])
async def test_events_before_a_drop_or_a_silence_are_emitted_first_by_the_async_client(
    carry: Any, respx_mock: respx.MockRouter, script: SseScript
) -> None:
    async with carry(script, AsyncTrioClient, respx_mock) as client:
        events = client.live_monitor.stream("rtsp://c/1", "a van", on_drop="raise", on_exit="leave")
        async with events:
            assert "started" == (await anext(events)).kind
            with pytest.raises(StreamInterruptedError, match=make(Started).job_id or ""):
                await anext(events)
