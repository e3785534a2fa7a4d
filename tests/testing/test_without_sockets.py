"""`MockTrio` needs no socket: it works where tests may open none, as under `pytest --disable-socket`."""

from __future__ import annotations

import asyncio
import inspect
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from trio_client import ConfigurationError, Target, TrioClient
from trio_client.testing import MockTrio, SseScript, sse
from trio_client.testing._loop import new_event_loop

GATE = "rtsp://gate.example/live"


class SocketBlockedError(RuntimeError):
    """As pytest-socket raises it."""


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    class Guarded(socket.socket):
        def __new__(cls, *arguments: Any, **options: Any) -> Any:
            raise SocketBlockedError

    monkeypatch.setattr(socket, "socket", Guarded)


@pytest.fixture
def client(no_sockets: None) -> Iterator[TrioClient]:
    with MockTrio() as mock:
        yield mock.client()


def test_every_call_is_answered(client: TrioClient, recwarn: pytest.WarningsRecorder) -> None:
    job = client.live_monitor.create(GATE, "a van")
    assert client.live_digest.create(GATE, window_minutes=1).status == "pending"
    assert client.jobs.get(job.job_id).job_id == job.job_id
    assert len(client.jobs.list()) == len(list(client.jobs.iterate())) == 2
    assert client.jobs.cancel(job.job_id).status == "stopped"
    assert len(client.jobs.cancel_all().cancelled) == 1
    assert client.jobs.wait(job.job_id).is_terminal
    assert client.check_once(GATE, "a van").explanation
    assert client.analyze_frame(b"\xff\xd8\xff", "what?").answer
    assert client.streams.validate(GATE).is_live
    assert client.streams.prepare("https://youtu.be/dQw4w9WgXcQ").success
    assert client.request("GET", "/jobs")["total"] == 2
    assert [str(each.message) for each in recwarn] == []


def test_every_stream_is_read_to_its_end(client: TrioClient) -> None:
    with client.live_monitor.stream(GATE, "a van") as events:
        assert [event.kind for event in events][-1] == "stopped"
    with client.live_digest.stream(GATE, window_minutes=1, max_windows=1) as events:
        assert [event.kind for event in events][-1] == "stopped"
    with client.live_monitor.watch(GATE, "a van", duration=30) as watch:
        assert [event.kind for event in watch][-1] == "stopped"
    job = client.live_monitor.create(GATE, "a van", monitor_duration_seconds=30)
    assert [event.kind for event in client.jobs.events(job.job_id)][-1] == "stopped"


def test_a_stream_that_is_left_stops_its_job(client: TrioClient) -> None:
    with client.live_monitor.stream(GATE, "a van") as events:
        next(iter(events))
    assert client.jobs.get(events.job_id or "").status == "stopped"


def test_what_is_scripted_comes_first(no_sockets: None) -> None:
    script: SseScript = sse().event("started", {"job_id": "a1"}).event("job_stopped", {"job_id": "a1"})
    with MockTrio() as mock:
        mock.on("POST", "/live-monitor").reply(script)
        with mock.client().live_monitor.stream(GATE, "a van") as events:
            assert [event.kind for event in events] == ["started", "stopped"]


def test_watching_many_streams_says_which_sockets_it_needs(client: TrioClient) -> None:
    with pytest.raises(ConfigurationError, match="--allow-unix-socket"):
        with client.watch_many([Target(GATE, "a van")]) as pairs:
            next(iter(pairs))


def test_a_webhook_that_cannot_be_sent_harms_nothing(client: TrioClient) -> None:
    job = client.live_monitor.create(GATE, "a van", webhook_url="http://127.0.0.1:9/hook")
    assert client.jobs.wait(job.job_id).status in ("completed", "stopped")


def test_where_sockets_are_allowed_the_loop_is_asyncios() -> None:
    loop = new_event_loop()
    assert isinstance(
        loop, (asyncio.SelectorEventLoop, getattr(asyncio, "ProactorEventLoop", asyncio.SelectorEventLoop))
    )
    loop.close()


def test_a_loop_without_sockets_is_woken_and_keeps_time(no_sockets: None) -> None:
    """By what `asyncio.BaseEventLoop` asks of its kinds: `_selector.select`, `_process_events`, `_write_to_self`."""
    source = inspect.getsource(asyncio.BaseEventLoop)
    assert "self._selector.select(timeout)" in source
    assert "self._process_events(event_list)" in source
    assert "self._write_to_self()" in source
    loop = new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def work() -> str:
        await asyncio.sleep(0.01)
        return await asyncio.to_thread(lambda: "done")

    try:
        assert asyncio.run_coroutine_threadsafe(work(), loop).result(30) == "done"
        assert asyncio.run_coroutine_threadsafe(loop.shutdown_default_executor(), loop).result(30) is None
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
