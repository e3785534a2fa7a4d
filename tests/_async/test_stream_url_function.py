"""A function in place of a watch's stream URL: asked before each job, for addresses that expire."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

import pytest

from trio_client import (
    AsyncTrioClient,
    CallInfo,
    Hooks,
    RequestValidationError,
    StreamUnavailableError,
    Target,  # async-only
)
from trio_client.events import (
    CoverageGap,
    Failed,  # async-only
    Started,
)
from trio_client.stub import Scene, StubServer

pytestmark = pytest.mark.anyio

Connect = Callable[..., AsyncTrioClient]
VAN = "a van is at the gate"


def asked(stub: StubServer) -> list[str]:
    return [request.json["stream_url"] for request in stub.requests if request.method == "POST"]


@pytest.fixture
def client(stub: StubServer, connect: Connect) -> AsyncTrioClient:
    """A client whose jobs run for 12 seconds at once."""

    def run(info: CallInfo) -> None:
        if info.method == "POST":
            stub.clock.advance(12)

    return connect(hooks=Hooks(on_response=run))


class Signed:
    """Returns another address each time; raises, or returns something else, in this order."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.calls = 0
        self.threads: set[int] = set()

    def __call__(self) -> str:
        self.calls += 1
        self.threads.add(threading.get_ident())
        answer = self._answers.pop(0) if self._answers else f"rtsp://gate.example/live?n={self.calls}"
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]


async def test_it_is_asked_before_each_job(stub: StubServer, client: AsyncTrioClient) -> None:
    signed = Signed()
    for number in (1, 2):
        stub.scene(f"rtsp://gate.example/live?n={number}", Scene(holds=False))
    async with client.live_monitor.watch(signed, VAN, monitor_duration_seconds=10) as events:
        first, second = await events.until(Started), await events.until(Started)
    assert asked(stub) == ["rtsp://gate.example/live?n=1", "rtsp://gate.example/live?n=2"]
    assert [event and event.stream_url for event in (first, second)] == asked(stub)
    assert threading.get_ident() not in signed.threads  # async-only


async def test_a_digest_takes_one_too(stub: StubServer, client: AsyncTrioClient) -> None:
    async with client.live_digest.watch(Signed(), window_minutes=1) as events:
        await events.until(Started)
    assert asked(stub) == ["rtsp://gate.example/live?n=1"]


async def test_what_it_raises_at_the_first_attempt_is_raised(stub: StubServer, client: AsyncTrioClient) -> None:
    with pytest.raises(ZeroDivisionError, match="no ticket"):
        async with client.live_monitor.watch(Signed(ZeroDivisionError("no ticket")), VAN):
            pass
    assert stub.requests == []


async def test_one_that_raises_counts_as_an_unavailable_stream(
    stub: StubServer, client: AsyncTrioClient, pauses: Any
) -> None:
    signed = Signed(OSError("no ticket"), OSError("no ticket"))
    async with client.live_monitor.watch(signed, VAN, wait_for_stream=math.inf) as events:
        assert events.state.name == "waiting_for_stream"
        gap = await events.until(CoverageGap)
        await events.until(Started)
    assert gap is not None
    assert (gap.reason, signed.calls) == ("stream_unavailable", 3)
    assert asked(stub) == ["rtsp://gate.example/live?n=3"]


async def test_when_the_time_to_wait_is_over_the_last_error_is_raised(client: AsyncTrioClient, pauses: Any) -> None:
    signed = Signed(*[OSError("no ticket")] * 99)
    with pytest.raises(StreamUnavailableError, match="stream_url raised OSError: no ticket") as caught:
        async with client.live_monitor.watch(signed, VAN, wait_for_stream=20) as events:
            await events.collect()
    assert caught.value.transient
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize("value", [None, 7, b"rtsp://gate.example/live", "", "x" * 501])
async def test_what_is_no_address_is_refused_and_nothing_is_sent(
    stub: StubServer, client: AsyncTrioClient, value: Any
) -> None:
    with pytest.raises(RequestValidationError, match="stream_url"):
        async with client.live_monitor.watch(Signed(value), VAN, wait_for_stream=math.inf):
            pass
    assert stub.requests == []


# async-only: begin
async def test_an_async_client_takes_an_async_function(stub: StubServer, client: AsyncTrioClient) -> None:
    async def signed() -> str:
        return "rtsp://gate.example/live?n=1"

    for function in (signed, lambda: signed()):
        async with client.live_monitor.watch(function, VAN) as events:
            await events.until(Started)
    assert set(asked(stub)) == {"rtsp://gate.example/live?n=1"}


async def test_a_target_takes_one_and_needs_a_key(stub: StubServer, client: AsyncTrioClient) -> None:
    with pytest.raises(RequestValidationError, match="needs a key"):
        Target(Signed(), VAN)
    gate, broken = Target(Signed(), VAN, key="gate"), Target(Signed(*[OSError("no ticket")] * 9), VAN, key="broken")
    async with client.watch_many([gate, broken]) as events:
        pair = await events.until(Failed)
        assert pair is not None
        assert (pair[0], "no ticket" in (pair[1].message or "")) == (broken, True)
        found = await events.until(Started) if gate not in events.job_ids else (gate, None)
        assert found is not None
        assert found[0] == gate
    assert set(asked(stub)) == {"rtsp://gate.example/live?n=1"}


def test_a_sync_client_refuses_an_async_function() -> None:
    from trio_client import TrioClient

    async def signed() -> str:
        return "rtsp://gate.example/live"

    with TrioClient("test-key") as client, pytest.raises(RequestValidationError, match="async function"):
        client.live_monitor.watch(signed, VAN)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


# async-only: end


async def test_a_timeout_of_the_function_is_not_taken_for_the_end_of_a_wait(
    stub: StubServer, client: AsyncTrioClient
) -> None:
    def address() -> str:
        raise TimeoutError("the recorder did not answer")

    for timeout in (None, 60):
        with pytest.raises(TimeoutError, match="the recorder did not answer"):
            await client.live_monitor.watch(address, VAN).until(Started, timeout=timeout)
    assert [] == stub.requests
