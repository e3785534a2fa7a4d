# sync-only: file
"""Watching many streams at once from a script: the thread beside it, and what the client shares with it."""

from __future__ import annotations

import gc
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from raw_server import RawServer, reply

from trio_client import (
    CallInfo,
    ConfigurationError,
    Event,
    Hooks,
    JobInfo,
    JobLeakWarning,
    Progress,
    RequestValidationError,
    RetryPolicy,
    Started,
    Target,
    TrioClient,
)
from trio_client.stub import Scene, StubServer
from trio_client.testing import MockTrio, Recorder

Eventually = Callable[[Callable[[], object]], None]


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer(speed=600, max_jobs=1000) as server:
        yield server


@pytest.fixture
def client(stub: StubServer) -> Iterator[TrioClient]:
    with TrioClient("test-key", base_url=stub.base_url) as each:
        yield each


def cameras(count: int, **options: Any) -> list[Target]:
    options = {"interval_seconds": 5, "monitor_duration_seconds": 36_000, **options}
    return [Target(f"rtsp://cam.example/{number}", "x", **options) for number in range(count)]


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "trio-watch-many"]


def test_there_is_one_thread_however_many_targets_while_it_is_open(client: TrioClient) -> None:
    events = client.watch_many(cameras(12))
    assert ("<TargetStream of 12 targets, 0 jobs>", []) == (repr(events), threads())
    with events:
        while len(events.job_ids) < 12:
            next(events)
        assert 1 == len(threads())
    assert [] == threads()
    events.close()
    assert ([], None) == (events.collect(), events.until(Progress))


def test_nothing_is_sent_before_it_is_entered(stub: StubServer, client: TrioClient) -> None:
    events = client.watch_many(cameras(2))
    events.close()
    with events:
        assert [] == events.collect()
    with pytest.raises(RequestValidationError, match="has ended"):
        events.add(cameras(3)[2])
    assert ([], []) == (stub.requests, threads())


def test_a_wait_for_an_event_ends_in_time_and_loses_nothing(stub: StubServer, client: TrioClient) -> None:
    (target,) = cameras(1)
    stub.scene(target.stream_url, Scene(holds=False))
    checks: list[int] = []
    with client.watch_many([target]) as events:
        assert None is events.until(Progress, timeout=0)
        while len(checks) < 5:
            pair = events.until(Progress, timeout=0.003)
            if pair is not None and pair[1].stats and pair[1].stats.checks_performed:
                checks.append(pair[1].stats.checks_performed)
    assert [1, 2, 3, 4, 5] == checks


def test_a_slow_reader_holds_the_streams_up(stub: StubServer, client: TrioClient) -> None:
    with client.watch_many(cameras(3)) as events:
        while len(events.job_ids) < 3:
            next(events)
        began = stub.clock.now()
        while stub.clock.now() < began + 300:
            threading.Event().wait(0.01)
        held = events._watching
        assert len(held.taken) + (held.stream._workers.channel._pair is not None) <= 1
        assert None is not events.until(Progress, timeout=30)


def test_readers_in_several_threads_share_the_pairs(client: TrioClient) -> None:
    with client.watch_many(cameras(4)) as events, ThreadPoolExecutor(4) as readers:
        read = [readers.submit(lambda: [next(events) for _ in range(50)]) for _ in range(4)]
        pairs = [id(event) for future in read for _, event in future.result(30)]
    assert (200, 200) == (len(pairs), len(set(pairs)))


def test_other_threads_add_and_remove_and_close(stub: StubServer, client: TrioClient) -> None:
    first, second = cameras(2)
    seen: list[tuple[Target, Event]] = []
    events = client.watch_many()
    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(lambda: seen.extend(events))
        events.add(first)
        events.add(second)
        while len(events.job_ids) < 2:
            threading.Event().wait(0.005)
        events.remove(first)
        after = len(seen)
        while len(seen) < after + 20:
            threading.Event().wait(0.005)
        events.close()
        reading.result(30)
    assert {second} == {target for target, _ in seen[after + 1 :]}
    assert (2, 0) == (len(stub.jobs), stub.running_jobs)


def test_closing_the_client_closes_it_and_its_reader_gets_the_ends(stub: StubServer) -> None:
    client = TrioClient("test-key", base_url=stub.base_url)
    events = client.watch_many(cameras(4))
    while len(events.job_ids) < 4:
        next(events)
    client.close()
    assert (0, []) == (stub.running_jobs, threads())
    kinds = Counter(event.kind for _, event in events)
    assert (4, 4) == (kinds["stopped"], len(events.outcomes))


def test_a_reader_in_another_thread_gets_the_ends_too(stub: StubServer) -> None:
    client = TrioClient("test-key", base_url=stub.base_url)
    events = client.watch_many(cameras(4))
    with ThreadPoolExecutor(1) as readers:
        reading = readers.submit(lambda: Counter(event.kind for _, event in events))
        while len(events.job_ids) < 4:
            threading.Event().wait(0.005)
        client.close()
        assert 4 == reading.result(30)["stopped"]
    assert 0 == stub.running_jobs


@pytest.mark.thorough
def test_a_stop_that_cannot_be_confirmed_is_named_when_the_client_closes(stub: StubServer) -> None:
    client = TrioClient("test-key", base_url=stub.base_url)
    events = client.watch_many(cameras(1))
    events.until(Started)
    stub.fail_next(method="DELETE", status=500, times=999)
    with pytest.warns(JobLeakWarning, match=stub.jobs[0].job_id):
        client.close(timeout=4)


def test_one_that_is_dropped_is_reported_and_stopped(
    stub: StubServer, client: TrioClient, eventually: Eventually
) -> None:
    events = client.watch_many(cameras(3))
    events.until(Progress)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del events
        gc.collect()
    assert sum("neither read to its end nor closed" in str(each.message) for each in caught) == 1
    eventually(lambda: not stub.running_jobs and not threads())


@pytest.mark.parametrize("wrapped", [False, True])
def test_an_injected_client_is_refused_before_anything_is_sent(wrapped: bool, tmp_path: Path) -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(500)

    with Recorder(tmp_path / "session.jsonl") as recorder:
        inner = httpx.Client(transport=httpx.MockTransport(answer))
        http_client: Any = recorder.http_client(inner) if wrapped else inner
        client = TrioClient("test-key", http_client=http_client)
        for each in (client, client.with_options(timeout=3)):
            with pytest.raises(ConfigurationError, match=r"without http_client=.* MockTrio") as caught:
                each.watch_many(cameras(1))
            assert "http_client" == caught.value.field
    assert [] == sent


def test_a_client_of_a_mock_brings_an_async_one() -> None:
    with MockTrio(max_jobs=2) as mock, mock.client() as client:
        turns: Counter[str] = Counter()
        with client.with_options(timeout=3).watch_many(cameras(3), turn_seconds=60) as events:
            for target, event in events:
                turns[str(target.stream_url)] += isinstance(event, Started)
                if len(turns) == 3 and min(turns.values()) == 2:
                    break
        assert {"POST", "DELETE", "GET"} == {request.method for request in mock.requests}
        assert 0 == mock.stub.running_jobs


def test_a_client_of_a_mock_with_an_injected_one_is_refused() -> None:
    with MockTrio() as mock, mock.client(http_client=httpx.Client()) as client:
        with pytest.raises(ConfigurationError, match="http_client"):
            client.watch_many(cameras(1))


def test_a_session_is_recorded_and_replayed(stub: StubServer, tmp_path: Path) -> None:
    targets = cameras(2, max_triggers=1, max_cost_usd=0.02)  # one job each
    with Recorder(tmp_path / "session.jsonl") as recorder:
        client = TrioClient("test-key", base_url=stub.base_url, http_client=recorder.http_client())
        with client, client.watch_many(targets) as events:
            recorded = sorted((str(target.stream_url), event.kind) for target, event in events)
    with MockTrio.replay(tmp_path / "session.jsonl") as mock, mock.client() as client:
        with client.watch_many(targets) as events:
            replayed = sorted((str(target.stream_url), event.kind) for target, event in events)
    assert recorded == replayed
    assert {"triggered", "stopped"} <= {kind for _, kind in recorded}
    assert 2 == len(stub.jobs)


def test_the_settings_of_the_client_hold() -> None:
    keys: list[str] = []

    def key() -> str:
        keys.append(f"key-{len(keys)}")
        return keys[-1]

    where: set[str] = set()
    attempts: list[int] = []

    def on_request(call: CallInfo) -> None:
        where.add(threading.current_thread().name)
        attempts.append(call.attempt)

    refusal = reply({"error": {"code": "INTERNAL_ERROR", "message": "down"}}, status=503)
    with RawServer(*[refusal] * 3) as server:
        client = TrioClient(key, base_url=server.base_url, default_headers={"x-site": "yard"})
        quick = client.with_options(retry=RetryPolicy(max_attempts=2), hooks=Hooks(on_request=on_request))
        with client, quick.watch_many(cameras(1)) as events:
            server.wait_for_requests(2)
            assert "retrying" in {events.states[target].name for target in events.targets} or attempts
        texts = [request.lower() for request in server.requests[:2]]
    assert all(b"x-site: yard" in text for text in texts)
    assert len({line for text in texts for line in text.splitlines() if b"authorization" in line}) == 2
    assert {"trio-watch-many"} == where


def test_a_hook_may_ask_but_not_wait(stub: StubServer) -> None:
    found: list[object] = []

    def ask(job: JobInfo) -> None:
        if job.event == "started":
            found.append(events.targets)
            try:
                next(events)
            except ConfigurationError as error:
                found.append(error.problem)

    with TrioClient("test-key", base_url=stub.base_url, hooks=Hooks(on_job=ask)) as client:
        with client.watch_many(cameras(1)) as events:
            assert None is not events.until(Progress, timeout=30)
    assert [tuple(cameras(1)), "A hook cannot wait for the stream of targets that has called it."] == found


def test_the_client_knows_the_jobs_of_its_watches_and_takes_none_for_another(client: TrioClient) -> None:
    (target,) = cameras(1)
    with client.watch_many([target]) as events:
        events.until(Started)
        (job_id,) = events.job_ids.values()
        assert client._transport.state.ledger.is_known(job_id)


def test_entering_that_fails_leaves_no_thread(client: TrioClient) -> None:
    class Away:
        async def check(self) -> None:
            raise ConnectionError("it is away")

        async def acquire(self) -> Any:
            raise ConnectionError("it is away")

    pool: Any = Away()
    for _ in range(3):
        with pytest.raises(ConfigurationError, match="it is away"), client.watch_many(cameras(1), slots=pool):
            pass
    assert threads() == []
