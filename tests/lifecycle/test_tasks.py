"""Many tasks with one async client."""

from __future__ import annotations

import asyncio
import gc
import threading
from importlib.metadata import version

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
from anyio.abc import TaskStatus
from raw_server import CLOSE, HOLD, RawServer, reply

from trio_client import APITimeoutError, AsyncTrioClient, CreateOutcomeUnknownError, RetryPolicy, Timeout
from trio_client._core.secret import Secret
from trio_client._http._async import sender as senders
from trio_client.stub import StubServer

pytestmark = pytest.mark.anyio

NO_JOBS = reply({"jobs": []})
# Before 4.16, anyio leaves the socket of a connect that was cancelled to the garbage collector, which warns of it.
OLD_ANYIO = tuple(int(part) for part in version("anyio").split(".")[:2]) < (4, 16)
OF_OLD_ANYIO = ["ignore::pytest.PytestUnraisableExceptionWarning"] if OLD_ANYIO else ["error"]


async def test_calls_beyond_the_limit_wait_for_a_free_place() -> None:
    with RawServer([0.05, NO_JOBS]) as server:
        async with AsyncTrioClient("k", base_url=server.base_url) as client:
            received: list[int] = []

            async def call() -> None:
                received.append(len(await client.jobs.list()))

            async with anyio.create_task_group() as tasks:
                for _ in range(200):
                    tasks.start_soon(call)
        assert [0] * 200 == received
        assert server.connections <= 100


async def test_a_call_that_finds_no_free_place_in_time_is_an_error() -> None:
    with RawServer([HOLD]) as server:
        client = AsyncTrioClient("k", base_url=server.base_url, retry=None)
        async with client, anyio.create_task_group() as tasks:
            for _ in range(100):
                tasks.start_soon(client.jobs.list)
            await anyio.to_thread.run_sync(server.wait_for_requests, 100)
            with pytest.raises(APITimeoutError, match=r"Timeout\.pool") as caught:
                await client.jobs.list(timeout=Timeout(pool=0.02))
            tasks.cancel_scope.cancel()
        assert ("pool", False) == (caught.value.phase, caught.value.request_sent)
        assert 100 == len(server.requests)


@pytest.mark.filterwarnings(*OF_OLD_ANYIO)
async def test_cancelled_calls_leave_their_places_free(stub: StubServer) -> None:
    async with AsyncTrioClient("k", base_url=stub.base_url) as client:
        for round_ in range(20):
            async with anyio.create_task_group() as tasks:
                for _ in range(30):
                    tasks.start_soon(client.jobs.list)
                for _ in range(round_):
                    await anyio.lowlevel.checkpoint()
                tasks.cancel_scope.cancel()
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                for _ in range(100):
                    tasks.start_soon(client.jobs.list)


async def test_streams_take_no_place_from_calls() -> None:
    with StubServer(speed=0, max_jobs=200) as stub:
        async with AsyncTrioClient("k", base_url=stub.base_url) as client:

            async def watch(*, task_status: TaskStatus[None]) -> None:
                async with client.live_monitor.stream("rtsp://c/1", "open", on_exit="leave") as events:
                    task_status.started()
                    await events.collect()

            async with anyio.create_task_group() as tasks:
                for _ in range(110):
                    await tasks.start(watch)
                assert 20 == len(await client.jobs.list(timeout=Timeout(pool=0.5)))
                tasks.cancel_scope.cancel()


def sender_of(base_url: str) -> senders.AsyncSender:
    return senders.AsyncSender(base_url, Secret("k"), trust_env=False, max_body_bytes=1, http_client=None)


async def test_only_few_creates_connect_at_a_time() -> None:
    sender = sender_of("http://127.0.0.1:1")
    connecting = [await sender.wait_to_connect() for _ in range(32)]
    waiting = True

    async def connect_too() -> None:
        nonlocal waiting
        release = await sender.wait_to_connect()
        waiting = False
        release()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(connect_too)
        await anyio.wait_all_tasks_blocked()
        assert waiting
        connecting[0]()
        connecting[0]()
    assert not waiting
    assert 1 == await _free_places(sender)


async def _free_places(sender: senders.AsyncSender) -> int:
    for number in range(40):
        with anyio.move_on_after(1) as scope:
            await sender.wait_to_connect()
        if scope.cancelled_caught:
            return number
    return 40


async def test_connects_that_hang_delay_other_streams_only_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders, "_MAX_CONNECT_WAIT_SECONDS", 0.01)
    sender = sender_of("http://127.0.0.1:1")
    releases = [await sender.wait_to_connect() for _ in range(50)]
    for release in releases:
        release()
    monkeypatch.setattr(senders, "_MAX_CONNECT_WAIT_SECONDS", 60)
    assert 32 == await _free_places(sender)


async def test_creates_that_await_their_reply_hold_up_no_other() -> None:
    all_sent = threading.Event()
    with RawServer([all_sent, CLOSE]) as server:
        client = AsyncTrioClient("k", base_url=server.base_url, retry=RetryPolicy(max_attempts=1, reconcile_for=0.1))

        async def begin() -> None:
            with pytest.raises(CreateOutcomeUnknownError):
                await client.live_monitor.create("rtsp://c/1", "open")

        async with client, anyio.create_task_group() as tasks:
            for _ in range(100):
                tasks.start_soon(begin)
            await anyio.to_thread.run_sync(server.wait_for_requests, 100)
            all_sent.set()


# anyio's own task for connecting may be cancelled before it begins, and Python warns of it.
@pytest.mark.filterwarnings(
    "ignore:coroutine 'connect_tcp:RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("steps", range(12))
def test_an_event_loop_that_ends_while_a_job_begins_ends_and_leaves_no_job(stub: StubServer, steps: int) -> None:
    async def main() -> None:
        client = AsyncTrioClient("k", base_url=stub.base_url)
        begun = asyncio.ensure_future(client.live_monitor.create("rtsp://c/1", "open"))
        for _ in range(steps):
            await asyncio.sleep(0)
        assert not begun.done() or begun.result()

    asyncio.run(main())
    gc.collect()  # so that it warns here
    assert 0 == stub.running_jobs
