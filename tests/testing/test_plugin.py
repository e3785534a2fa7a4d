"""The fixtures, in separate processes, as in the tests of a project that has only installed the package."""

from __future__ import annotations

from importlib.metadata import entry_points
from textwrap import dedent
from typing import Any

import pytest

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.thorough

OTHERS = {plugin.name for plugin in entry_points(group="pytest11")} - {"trio_client"}
NO_PLUGINS = [f"-pno:{name}" for name in sorted(OTHERS)]
GATE = '"rtsp://gate.example/live", "a van is at the gate"'


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setenv("PYTHONDEVMODE", "1")


def run(pytester: pytest.Pytester, *options: str, **sources: str) -> Any:
    pytester.makepyfile(**{name: dedent(source) for name, source in sources.items()})
    return pytester.runpytest_subprocess("-W", "error", "-p", "no:cacheprovider", "--strict-markers", *options)


NOTHING_LOADED = """
    import sys

    loaded = set(sys.modules)  # before the other modules of this run are imported
    LATE = {"anyio", "httpcore", "httpx", "httpx_sse", "jsonschema", "pydantic", "starlette", "uvicorn"}

    def test_before():
        assert "trio_client.testing.pytest_plugin" in loaded
        assert not LATE & loaded
        ours = {name for name in loaded if name.split(".")[0] == "trio_client"}
        assert ours == {"trio_client", "trio_client._version", "trio_client.testing",
                        "trio_client.testing.pytest_plugin"}

    def test_after(trio_sync_client):
        assert {"httpx", "pydantic", "starlette"} <= sys.modules.keys()
    """

SYNC = f"""
    import os, pytest
    from trio_client import TrioClient
    from trio_client.osapi import OsapiClient

    def test_a_stream(trio_stub, trio_sync_client):
        with trio_sync_client.live_monitor.stream({GATE}) as events:
            assert [event.kind for event in events][-1] == "stopped"
        assert trio_stub.running_jobs == 0

    def test_each_test_has_a_server_of_its_own(trio_stub, trio_sync_client):
        assert trio_sync_client.base_url == trio_stub.base_url
        assert trio_sync_client.jobs.list().total == 0

    def test_clients_without_arguments_find_it(trio_stub):
        with TrioClient() as client, OsapiClient() as other:
            client.jobs.list(), other.jobs.list()
        assert len(trio_stub.requests) == 2

    def test_only_while_it_runs():
        assert "TRIO_BASE_URL" not in os.environ

    @pytest.mark.trio_stub(speed=0)
    def test_waits_move_its_clock(trio_waits, trio_stub, trio_sync_client):
        job = trio_sync_client.live_monitor.create({GATE})
        assert trio_sync_client.jobs.wait(job.job_id).status == "completed"
        assert sum(trio_waits) == trio_stub.clock.now() == 30

    def test_waits_need_no_stub(trio_waits, trio_mock):
        with TrioClient("key", http_client=trio_mock.http_client()) as client:
            trio_mock.on("GET", "/jobs").fail(429, headers={{"retry-after": "50"}}, times=1)
            client.jobs.list()
        assert trio_waits == [50]

    kept = []

    def test_a_client(trio_sync_client):
        kept.append(trio_sync_client)

    def test_that_is_closed_afterwards():
        with pytest.raises(Exception, match="closed"):
            kept[0].jobs.list()
    """

OPTIONS = """
    import pytest

    pytestmark = pytest.mark.trio_stub(max_jobs=3, start_delay=7)

    @pytest.fixture
    def trio_stub_options():
        return {"api_keys": ["first"], "max_jobs": 5}

    @pytest.mark.trio_stub(speed=0, max_jobs=1)
    class TestNearestMarkFirst:
        def test_it(self, trio_stub, trio_sync_client):
            settings = trio_stub._state.settings
            assert (settings.max_jobs, settings.start_delay, trio_stub.clock.speed) == (1, 7, 0)
            trio_sync_client.jobs.list()
            assert trio_stub.requests[0].headers["authorization"] == "Bearer first"

    def test_the_module_before_the_fixture(trio_stub):
        assert (trio_stub._state.settings.max_jobs, trio_stub.clock.speed) == (3, 600)
    """

BAD_OPTIONS = """
    import pytest

    @pytest.mark.trio_stub(0)
    def test_one(trio_stub): ...

    @pytest.mark.trio_stub(sped=0)
    def test_two(trio_stub): ...
    """

ANYIO = """
    import gc, pytest
    from trio_client.testing import MockTrio

    pytestmark = pytest.mark.anyio

    async def follow(client):
        async with client.live_monitor.stream("rtsp://gate.example/live", "a van") as events:
            assert [event.kind async for event in events][-1] == "stopped"
        assert len(await client.jobs.list()) == 1

    async def test_it(trio_async_client):
        await follow(trio_async_client)

    def test_nothing_is_left():
        gc.collect()

    @pytest.fixture
    async def follower(trio_async_client):
        await follow(trio_async_client)
        yield trio_async_client
        await trio_async_client.jobs.list()

    async def test_an_async_fixture_uses_it(follower):
        await follower.jobs.list()

    async def test_frozen(trio_stub, trio_async_client, trio_waits):
        trio_stub.fail_next(path="/jobs", status=503, headers={"Retry-After": "30"})
        await trio_async_client.jobs.list()
        assert trio_waits == [30]

    async def test_mock(trio_mock):
        await follow(trio_mock.async_client())
    """

KEPT = """
    import asyncio, gc
    from trio_client import AsyncTrioClient

    def test_it(trio_stub):
        asyncio.run(AsyncTrioClient(trust_env=False).jobs.list())

    def test_what_is_left():
        gc.collect()
"""

HIDDEN = """
    import pytest
    from trio_client import TrioError
    from trio_client.testing import MockTrio

    @pytest.fixture
    def trio_mock():
        with MockTrio(scripted_only=True) as mock:
            yield mock

    def test_it(trio_mock):
        try:
            trio_mock.client().jobs.list()
        except TrioError:
            pass
    """

ASYNC = f"""
    import asyncio, gc, unittest, pytest

    async def follow(client):
        async with client.live_monitor.stream({GATE}) as events:
            assert [event.kind async for event in events][-1] == "stopped"
        assert len(await client.jobs.list()) >= 1

    def test_asyncio_run(trio_async_client):
        asyncio.run(follow(trio_async_client))
        gc.collect()

    def test_one_loop_after_the_other(trio_async_client):
        asyncio.run(follow(trio_async_client))
        asyncio.run(follow(trio_async_client))
        gc.collect()

    loops = []

    def test_a_loop_that_outlives_the_test(trio_async_client):
        loops.append(asyncio.new_event_loop())
        loops[0].run_until_complete(follow(trio_async_client))

    def test_its_end():
        loops[0].close()
        gc.collect()

    def test_no_loop_at_all(trio_async_client):
        pass

    kept = []

    def test_a_client(trio_async_client):
        kept.append(trio_async_client)

    def test_that_is_closed_afterwards():
        with pytest.raises(Exception, match="closed"):
            asyncio.run(kept[0].jobs.list())

    class TestCase(unittest.IsolatedAsyncioTestCase):
        @pytest.fixture(autouse=True)
        def _client(self, trio_async_client):
            self.client = trio_async_client

        async def test_unittest(self):
            await follow(self.client)
"""


def test_the_fixtures_without_any_other_plugin(pytester: pytest.Pytester) -> None:
    sources = {"test_a_nothing_loaded": NOTHING_LOADED, "test_sync": SYNC, "test_options": OPTIONS, "test_async": ASYNC}
    run(pytester, *NO_PLUGINS, **sources).assert_outcomes(passed=2 + 8 + 2 + 8)


def test_the_fixtures_with_the_plugin_of_anyio(pytester: pytest.Pytester) -> None:
    run(pytester, test_anyio=ANYIO).assert_outcomes(passed=9)  # asyncio and trio


def test_mistakes_are_reported(pytester: pytest.Pytester) -> None:
    result = run(pytester, *NO_PLUGINS, test_options=BAD_OPTIONS, test_hidden=HIDDEN, test_kept=KEPT)
    for line in (
        "options by name, such as speed=0",
        "unexpected keyword argument 'sped'",
        "GET /jobs is not scripted",
        "ResourceWarning: unclosed",  # a connection that is kept would be noticed, also by the tests above
    ):
        result.stdout.fnmatch_lines([f"*{line}*"])
    assert result.parseoutcomes()["errors"] >= 3


EMBEDDED = """
    import sys
    import pytest
    import trio_client

    sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-W", "error", "test_embedded.py"]))
"""


def test_a_program_that_uses_the_client_can_run_pytest_with_warnings_as_errors(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(program=EMBEDDED, test_embedded="def test_it(trio_stub_options): ...")
    assert pytester.runpython("program.py").ret == 0
