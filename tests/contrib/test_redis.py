"""Job slots shared through Redis: the rules of the pool, and kills, pauses and restarts against a real server."""

from __future__ import annotations

import math
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis_server import RedisServer

from trio_client import AsyncTrioClient, ConfigurationError, Progress, RequestValidationError, Target
from trio_client._core.slot_pool import answer_limit, renewal_interval
from trio_client._time_source import REAL, RealTime, replaced
from trio_client.contrib.redis import _RENEWED_SECONDS, RedisSlotLease, RedisSlotPool
from trio_client.stub import StubServer

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).resolve().parents[2]


def cameras(count: int, name: str = "cam") -> list[Target]:
    return [Target(f"rtsp://{name}.example/{number}", "x", interval_seconds=5) for number in range(count)]


async def until(condition: Callable[[], object], seconds: float = 180) -> None:
    with anyio.fail_after(seconds):
        while not condition():  # noqa: ASYNC110 - the stub lives in another thread
            await anyio.sleep(0.01)


# Without a server


async def test_an_address_where_no_redis_answers_is_named_before_anything_is_sent() -> None:
    with StubServer() as stub:
        pool = RedisSlotPool("redis://:hunter2@127.0.0.1:1/0", slots=3)
        async with AsyncTrioClient("the-key", base_url=stub.base_url) as client:
            with pytest.raises(ConfigurationError, match="Redis does not answer") as caught:
                async with client.watch_many(cameras(2), slots=pool):
                    pytest.fail("it was entered")
        assert stub.requests == []
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"slots": 0}, "slots"),
        ({"slots": 2.5}, "slots"),
        ({"slots": 2, "lease_seconds": 0}, "lease"),
        ({"slots": 2, "lease_seconds": math.inf}, "finite"),
    ],
)
def test_numbers_out_of_range_are_refused(options: Any, named: str) -> None:
    with pytest.raises(RequestValidationError, match=named):
        RedisSlotPool("redis://redis.example", **options)


@pytest.mark.parametrize("client", ["http://user:hunter2@redis.example", 3, None])
def test_what_is_no_client_of_redis_is_named(client: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        RedisSlotPool(client, slots=3)
    assert "hunter2" not in str(caught.value)


def test_of_an_async_client_the_settings_are_used() -> None:
    client = redis.asyncio.Redis(
        host="redis.example", port=7, db=3, username="u", password="p", ssl=True, ssl_ca_certs="ca.pem"
    )
    pool = RedisSlotPool(client, slots=3)._client.connection_pool
    settings = pool.connection_kwargs
    assert pool.connection_class is redis.SSLConnection
    assert (settings["host"], settings["port"], settings["db"], settings["ssl_ca_certs"]) == (
        "redis.example",
        7,
        3,
        "ca.pem",
    )
    assert (settings["username"], settings["password"]) == ("u", "p")
    sockets = redis.asyncio.Redis(unix_socket_path="/run/redis.sock")
    assert RedisSlotPool(sockets, slots=1)._client.connection_pool.connection_kwargs["path"] == "/run/redis.sock"


# With one


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as server:
        yield server


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer(speed=20, max_jobs=10) as server:
        yield server


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["address", "sync", "sync text", "async"])
async def test_a_slot_has_one_holder_until_it_is_given_back(server: RedisServer, kind: str) -> None:
    clients: dict[str, Any] = {
        "address": server.url,
        "sync": redis.Redis(port=server.port),
        "sync text": redis.Redis(port=server.port, decode_responses=True),
        "async": redis.asyncio.Redis(port=server.port),
    }
    pool, other = RedisSlotPool(clients[kind], slots=2), RedisSlotPool(clients[kind], slots=2)
    first, second = await pool.acquire(), await other.acquire()
    with anyio.move_on_after(1.5) as scope:
        await pool.acquire()
    assert scope.cancelled_caught, "both slots are held"
    assert (await first.renew(), await second.renew()) == (True, True)
    await first.release()
    await first.release()
    third = await other.acquire()
    assert third.lease_seconds == 30
    await first.release()
    assert await third.renew(), "what is given back twice disturbs no other"


@pytest.mark.thorough
async def test_a_lease_that_expired_is_taken_again_unless_another_has_the_slot(server: RedisServer) -> None:
    pool = RedisSlotPool(server.url, slots=1, lease_seconds=0.2)
    lease = await pool.acquire()
    with redis.Redis(port=server.port) as client:
        await until(lambda: not client.exists("trio:slot:0"))
        assert await lease.renew(), "it is free: a key that is gone is taken again"
        assert client.exists("trio:slot:0")
        await until(lambda: not client.exists("trio:slot:0"))
        other = await RedisSlotPool(server.url, slots=1, lease_seconds=30).acquire()
        assert not await lease.renew()
        await lease.release()
        assert await other.renew()


@pytest.mark.thorough
async def test_no_slot_is_ever_held_twice(server: RedisServer) -> None:
    held: Counter[str] = Counter()
    most = 0
    pools = [RedisSlotPool(server.url, slots=3, lease_seconds=30) for _ in range(4)]
    stop_at = time.monotonic() + 3

    async def work(pool: RedisSlotPool) -> None:
        nonlocal most
        while time.monotonic() < stop_at:
            with anyio.move_on_after(random.uniform(0.01, 1)):
                lease = await pool.acquire()
                held[lease._lock.name] += 1
                most = max(most, *held.values())
                try:
                    assert await lease.renew()
                    await anyio.sleep(random.uniform(0, 0.05))
                finally:
                    with anyio.CancelScope(shield=True):
                        held[lease._lock.name] -= 1
                        await lease.release()

    async with anyio.create_task_group() as tasks:
        for pool in pools * 2:
            tasks.start_soon(work, pool)
    assert most == 1
    with redis.Redis(port=server.port) as client:
        assert client.keys("trio:slot:*") == [], "who was cancelled kept none"


@pytest.mark.thorough
async def test_redis_restarted_without_its_data_ends_no_turn(
    server: RedisServer, stub: StubServer, caplog: pytest.LogCaptureFixture
) -> None:
    pool = RedisSlotPool(server.url, slots=2, lease_seconds=1)
    async with AsyncTrioClient("the-key", base_url=stub.base_url) as client:
        async with client.watch_many(cameras(3), turn_seconds=30, slots=pool) as events:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(events.collect)
                await until(lambda: stub.running_jobs == 2)
                server.kill()
                await until(lambda: "cannot be reached" in caplog.text)
                await anyio.sleep(1.5)  # longer than a lease
                assert stub.running_jobs == 2
                server.start()
                await until(lambda: "can be reached again" in caplog.text)
                with redis.Redis(port=server.port) as asked:
                    await until(lambda: len(asked.keys("trio:slot:*")) == 2)
                assert len(stub.jobs) == 2
                tasks.cancel_scope.cancel()
    assert caplog.text.count("cannot be reached") == 1
    assert "was lost" not in caplog.text
    assert stub.running_jobs == 0
    with redis.Redis(port=server.port) as asked:
        assert asked.keys("trio:slot:*") == []


@pytest.mark.thorough
async def test_a_pool_is_contended_while_a_process_waits_and_a_few_seconds_after(server: RedisServer) -> None:
    held_by, waits = (RedisSlotPool(server.url, slots=1, lease_seconds=3600) for _ in range(2))
    lease = await held_by.acquire()
    assert not await held_by.contended()
    with redis.Redis(port=server.port) as asked:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(waits.acquire)
            for _ in range(2):
                await until(lambda: asked.exists("trio:waiting"))
                assert await held_by.contended()
                asked.delete("trio:waiting")  # each try of the waiter leaves it again
            await until(lambda: asked.exists("trio:waiting"))
            tasks.cancel_scope.cancel()
        assert asked.pttl("trio:waiting") <= 5000
        await until(lambda: not asked.exists("trio:waiting"))
    assert not await held_by.contended()
    await lease.release()


@pytest.mark.thorough
async def test_all_that_wait_for_a_slot_let_the_holders_renew_first_after_an_outage(server: RedisServer) -> None:
    pool = RedisSlotPool(server.url, slots=1, lease_seconds=30)  # far longer than the rest of the test takes
    held = await pool.acquire()
    server.kill()
    async with anyio.create_task_group() as tasks:

        async def wait() -> None:
            while True:
                with suppress(redis.RedisError):
                    await pool.acquire()

        for _ in range(4):
            tasks.start_soon(wait)
        await until(lambda: pool._was_away)
        server.start()
        await until(lambda: not pool._was_away)
        assert await held.renew()
        tasks.cancel_scope.cancel()
    assert keys(server) == [b"trio:slot:0"]
    await held.release()


def test_after_an_outage_there_is_time_for_a_renewal_of_each_lease() -> None:
    assert renewal_interval(None, math.inf) + answer_limit(None) < _RENEWED_SECONDS


class JumpingTime(RealTime):
    """A clock that each wait puts forward."""

    def __init__(self) -> None:
        self.waited = 0.0

    def monotonic(self) -> float:
        return REAL.monotonic() + self.waited

    async def async_sleep(self, seconds: float) -> None:
        self.waited += seconds
        await anyio.lowlevel.checkpoint()


@pytest.mark.thorough
@pytest.mark.parametrize(("lease_seconds", "waits"), [(30, 30), (3600, 60)])
async def test_after_an_outage_no_program_waits_longer_than_renewals_take(
    server: RedisServer, lease_seconds: float, waits: float
) -> None:
    clock = JumpingTime()
    with replaced(clock):
        pool = RedisSlotPool(server.url, slots=1, lease_seconds=lease_seconds)
        server.kill()
        with pytest.raises(redis.RedisError):
            await pool.acquire()
        server.start()
        await pool.acquire()
    assert waits / 2 < clock.waited <= waits + 0.1


@pytest.mark.thorough
async def test_a_holder_that_cannot_renew_goes_on_and_ends_its_time_slice_if_the_slot_is_given_away(
    server: RedisServer, stub: StubServer, caplog: pytest.LogCaptureFixture
) -> None:
    pool = RedisSlotPool(server.url, slots=1, lease_seconds=0.6)
    async with AsyncTrioClient("the-key", base_url=stub.base_url) as client:
        async with client.watch_many(cameras(1), turn_seconds=30, slots=pool) as events:
            await events.until(Progress)
            with redis.Redis(port=server.port) as asked:
                asked.set("trio:slot:0", "another's")
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(events.collect)
                    await until(lambda: stub.running_jobs == 0)
                    assert "was lost" in caplog.text
                    asked.delete("trio:slot:0")
                    await until(lambda: stub.running_jobs == 1)
                    tasks.cancel_scope.cancel()
    assert len(stub.jobs) == 2


class LateRedis(redis.Redis):
    """Sends renewals when it is let."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.asked, self.let = threading.Event(), threading.Event()

    def evalsha(self, sha: str, numkeys: int, *keys_and_args: Any) -> Any:
        if len(keys_and_args) == 3:  # key, token, milliseconds
            self.asked.set()
            assert self.let.wait(30)
        return super().evalsha(sha, numkeys, *keys_and_args)


@pytest.mark.thorough
async def test_a_renewal_that_is_under_way_as_the_slot_is_given_back_does_not_take_it_again(
    server: RedisServer,
) -> None:
    with LateRedis(port=server.port) as client:
        lease = await RedisSlotPool(client, slots=1).acquire()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lease.renew)
            await until(client.asked.is_set)
            tasks.start_soon(lease.release)
            await anyio.sleep(0.3)
            client.let.set()
        assert keys(server) == []
        assert not await lease.renew()
        assert keys(server) == []


@pytest.mark.thorough
async def test_a_renewal_that_ends_after_the_wait_of_a_return_gives_the_slot_back(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trio_client.contrib.redis._TIMEOUT", 0.2)
    for is_gone in (False, True):
        with LateRedis(port=server.port) as client:
            lease = await RedisSlotPool(client, slots=1).acquire()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(lease.renew)
                await until(client.asked.is_set)
                with pytest.raises(redis.TimeoutError):
                    await lease.release()
                if is_gone:
                    client.delete("trio:slot:0")
                client.let.set()
            assert keys(server) == []


@pytest.mark.thorough
async def test_an_abandoned_renewal_does_not_take_a_slot_again_that_was_given_back(server: RedisServer) -> None:
    with LateRedis(port=server.port) as client:
        lease = await RedisSlotPool(client, slots=1).acquire()
        with anyio.move_on_after(0.2):
            await lease.renew()
        assert client.asked.is_set()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lease.release)
            await anyio.sleep(0.2)
            client.let.set()
        await until(lambda: not any(thread.name == "trio-redis" for thread in threading.enumerate()))
        assert keys(server) == []


# Where Redis does not answer


@pytest.fixture
def endless(server: RedisServer) -> Iterator[redis.Redis]:
    """A client that would wait for an answer for ever; a test that waits with it goes on, and fails, after a while."""
    resume = threading.Timer(40, server.resume)
    resume.start()
    with redis.Redis(port=server.port, socket_timeout=None, retry=Retry(NoBackoff(), 0)) as client:
        yield client
    resume.cancel()


def keys(server: RedisServer) -> Any:
    with redis.Redis(port=server.port) as client:
        return client.keys("trio:slot:*")


def sent(server: RedisServer, command: str) -> int:
    """How often Redis was sent a command."""
    with redis.Redis(port=server.port) as client:
        stats: Any = client.info("commandstats")
    return int(stats.get(f"cmdstat_{command}", {"calls": 0})["calls"])


@pytest.mark.thorough
@pytest.mark.parametrize("waiting", [0, 2], ids=["all have a slot", "some wait for one"])
async def test_a_watch_is_left_within_seconds_while_redis_does_not_answer(
    server: RedisServer, stub: StubServer, endless: redis.Redis, waiting: int
) -> None:
    pool = RedisSlotPool(endless, slots=2, lease_seconds=1)
    async with AsyncTrioClient("the-key", base_url=stub.base_url) as client:
        async with client.watch_many(cameras(2 + waiting), turn_seconds=30, slots=pool) as events:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(events.collect)
                await until(lambda: stub.running_jobs == 2)
                server.pause()
                await anyio.sleep(1.5)  # so that renewals are under way
                tasks.cancel_scope.cancel()
            left_at = time.monotonic()
        assert time.monotonic() < left_at + 20
    assert stub.running_jobs == 0
    server.resume()
    await until(lambda: not keys(server))


@pytest.mark.thorough
async def test_a_slot_that_comes_after_the_wait_was_cancelled_is_given_back(
    server: RedisServer, endless: redis.Redis
) -> None:
    pool = RedisSlotPool(endless, slots=1)
    await pool.check()
    server.pause()
    began_at = time.monotonic()
    with anyio.move_on_after(0.3) as scope:
        await pool.acquire()
    assert scope.cancelled_caught
    assert time.monotonic() < began_at + 15
    server.resume()
    await until(lambda: sent(server, "set") == 1)
    await until(lambda: not keys(server))


@pytest.mark.thorough
async def test_a_client_that_is_closed_while_a_late_slot_is_given_back_is_no_error(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        tried.set()
        raise AttributeError("'NoneType' object has no attribute 'readline'")

    tried = threading.Event()
    monkeypatch.setattr(RedisSlotLease, "_release", fail)
    pool = RedisSlotPool(server.url, slots=1)
    await pool.check()
    server.pause()
    with anyio.move_on_after(0.3) as scope:
        await pool.acquire()
    server.resume()
    assert scope.cancelled_caught
    await until(tried.is_set)  # pytest reports what a thread raises


@pytest.mark.thorough
async def test_a_slot_that_comes_as_the_wait_is_cancelled_is_given_back_before_that_ends(server: RedisServer) -> None:
    pool = RedisSlotPool(server.url, slots=1)
    for _ in range(200):
        with anyio.move_on_after(random.uniform(0, 0.003)) as scope:
            lease = await pool.acquire()
        if scope.cancelled_caught:
            assert keys(server) == []
        else:
            await lease.release()
    assert sent(server, "set") > 1


@pytest.mark.thorough
async def test_many_renewals_without_an_answer_take_no_threads_from_others(
    server: RedisServer, endless: redis.Redis
) -> None:
    pool = RedisSlotPool(endless, slots=60)
    leases = [await pool.acquire() for _ in range(60)]
    server.pause()
    began_at = time.monotonic()
    with anyio.move_on_after(1):
        async with anyio.create_task_group() as tasks:
            for lease in leases:
                tasks.start_soon(lease.renew)
    await anyio.to_thread.run_sync(time.monotonic)
    assert time.monotonic() < began_at + 15
    server.resume()
    for lease in leases:
        await lease.release()
    assert keys(server) == []


@pytest.mark.thorough
async def test_redis_that_does_not_answer_is_named_on_entering(server: RedisServer, endless: redis.Redis) -> None:
    pool = RedisSlotPool(endless, slots=1)
    server.pause()
    began_at = time.monotonic()
    with pytest.raises(ConfigurationError, match="Redis does not answer"):
        await pool.check()
    assert time.monotonic() < began_at + 20


class Processes:
    """Programs that watch, in processes of their own."""

    def __init__(self, stub: StubServer, server: RedisServer) -> None:
        self._stub = stub
        self._server = server
        self.all: list[subprocess.Popen[bytes]] = []

    def start(
        self, number: int, *, cameras: int = 4, turn: float = 2, slots: int = 3, lease: float = 2, query: str = ""
    ) -> Any:
        command = [sys.executable, "-m", "benchmarks.sharing", "watch", f"--number={number}", f"--cameras={cameras}"]
        command += [f"--turn={turn}", f"--slots={slots}", f"--lease={lease}"]
        command += [f"--redis={self._server.url}{query}"]
        environment = {**os.environ, "TRIO_API_KEY": "the-key", "TRIO_BASE_URL": self._stub.base_url}
        self.all.append(subprocess.Popen(command, cwd=ROOT, env=environment))
        return self.all[-1]

    def jobs_of(self, number: int) -> list[Any]:
        return [job for job in self._stub.jobs if f"//process-{number}." in job.stream_url]


@pytest.fixture
def processes(stub: StubServer, server: RedisServer) -> Iterator[Processes]:
    processes = Processes(stub, server)
    yield processes
    for process in processes.all:
        process.send_signal(signal.SIGCONT)
        process.terminate()
    for process in processes.all:
        process.wait(30)


def wait_for(condition: Callable[[], object], seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.02)


@pytest.mark.thorough
def test_a_killed_process_gives_its_slots_back_after_its_lease(
    stub: StubServer, server: RedisServer, processes: Processes
) -> None:
    victim = processes.start(0, slots=3)
    wait_for(lambda: len(processes.jobs_of(0)) >= 3)
    victim.kill()
    victim.wait()
    ended = ("stopped", "completed")
    assert any(job.status not in ended for job in processes.jobs_of(0)), "its jobs run on"
    processes.start(1, slots=3)
    wait_for(lambda: len(processes.jobs_of(1)) >= 6)
    wait_for(lambda: all(job.status in ended for job in processes.jobs_of(0)))  # 62 s of the stub's at most
    with redis.Redis(port=server.port) as client:
        assert len(client.keys("trio:slot:*")) <= 3


@pytest.mark.thorough
def test_a_process_that_was_stopped_beyond_its_lease_queues_again_and_does_not_end(
    stub: StubServer, processes: Processes
) -> None:
    sleeper = processes.start(0, cameras=2, slots=1, lease=1)
    wait_for(lambda: processes.jobs_of(0))
    os.kill(sleeper.pid, signal.SIGSTOP)
    processes.start(1, cameras=2, slots=1, lease=1)
    wait_for(lambda: len(processes.jobs_of(1)) >= 2)
    for job in processes.jobs_of(0):  # an operator cleans up what seems to be left
        if job.status == "running":
            stub_cancel(stub, job.job_id)
    before = len(processes.jobs_of(0))
    os.kill(sleeper.pid, signal.SIGCONT)
    wait_for(lambda: len(processes.jobs_of(0)) >= before + 2)
    assert sleeper.poll() is None


def stub_cancel(stub: StubServer, job_id: str) -> None:
    from trio_client import TrioClient

    with TrioClient("the-key", base_url=stub.base_url) as client:
        client.jobs.cancel(job_id, missing_ok=True)


@pytest.mark.thorough
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_process_ends_within_seconds_while_redis_does_not_answer(
    stub: StubServer, server: RedisServer, processes: Processes, number: int
) -> None:
    process = processes.start(0, lease=1, query="?socket_timeout=90")
    wait_for(lambda: stub.running_jobs == 3)
    server.pause()
    time.sleep(1)
    process.send_signal(number)
    assert process.wait(30) != 0
    assert stub.running_jobs == 0


@pytest.mark.thorough
def test_a_process_with_a_slot_for_each_camera_ends_time_slices_for_those_that_wait(
    stub: StubServer, processes: Processes
) -> None:
    for number in range(3):
        processes.start(number, cameras=1, slots=1, turn=2, lease=2)
    wait_for(lambda: all(len(processes.jobs_of(number)) >= 2 for number in range(3)))


@pytest.mark.thorough
def test_processes_share_their_slots_and_leave_nothing(
    stub: StubServer, server: RedisServer, processes: Processes
) -> None:
    for number in range(3):
        processes.start(number, cameras=6, slots=4, turn=1)
    most = 0

    def each_got_slots() -> bool:
        nonlocal most
        most = max(most, stub.running_jobs)
        return all(len(processes.jobs_of(number)) >= 12 for number in range(3))

    wait_for(each_got_slots)
    assert most == 4, "of all moments in these seconds"
    for process in processes.all:
        process.terminate()
    for process in processes.all:
        assert process.wait(60) == 128 + signal.SIGTERM
    assert stub.running_jobs == 0
    assert keys(server) == []


@pytest.mark.thorough
def test_one_pool_serves_asyncio_and_the_trio_library_at_once(stub: StubServer, server: RedisServer) -> None:
    pool = RedisSlotPool(server.url, slots=1, lease_seconds=5)

    async def main(name: str) -> None:
        async with AsyncTrioClient("the-key", base_url=stub.base_url) as client:
            async with client.watch_many(cameras(2, name), turn_seconds=0.5, slots=pool) as events:
                async for _ in events:
                    if sum(f"//{name}." in job.stream_url for job in stub.jobs) >= 2:
                        break

    names = ("asyncio", "trio")
    threads = [
        threading.Thread(target=lambda name=name: anyio.run(main, name, backend=name), daemon=True) for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert all(sum(f"//{name}." in job.stream_url for job in stub.jobs) >= 2 for name in names)
    assert stub.running_jobs == 0
    with redis.Redis(port=server.port) as client:
        assert client.keys("trio:slot:*") == []
