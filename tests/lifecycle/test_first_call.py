"""The first calls of a fresh program import in a thread, whatever else it does meanwhile."""

from __future__ import annotations

import subprocess
import sys

import pytest

from trio_client.stub import StubServer

PROGRAM = """
import sys, threading
import anyio
from trio_client import AsyncTrioClient, Target, TrioError
from trio_client.osapi import AsyncOsapiClient

url, library, start = sys.argv[1:]
CAMERA, QUESTION = "rtsp://camera.example/yard", "the gate is open"
imported, open_streams, counting = [], [], False

def note(event, arguments):
    if event == "import" and counting and threading.current_thread() is threading.main_thread():
        imported.append(arguments[0])

sys.addaudithook(note)

async def use(client):
    job = await client.live_monitor.create(CAMERA, QUESTION)
    await client.jobs.cancel(job.job_id)
    await client.jobs.list()
    await client.check_once(CAMERA, QUESTION, include_frame=True)
    for stream in (
        client.live_monitor.stream(CAMERA, QUESTION),
        client.live_monitor.watch(CAMERA, QUESTION),
        client.live_digest.stream(CAMERA),
        client.jobs.events(job.job_id),
        client.watch_many([Target(CAMERA, QUESTION)]),
        client.request_events("POST", "/live-monitor", json={"stream_url": CAMERA, "condition": QUESTION}),
    ):
        async with stream as events:
            await anext(events)
    try:
        await client.jobs.get("missing")
    except TrioError as error:
        print(type(error).__name__)
    await client.jobs.cancel_all()
    open_streams.append(client.live_monitor.stream(CAMERA, QUESTION))  # the client closes it
    await anext(open_streams[0])

async def entered():
    global counting
    async with AsyncTrioClient("key", base_url=url) as client:
        counting = True
        await use(client)

async def meanwhile():
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(entered)
        while "trio_client._async.live_monitor" not in sys.modules:
            await anyio.lowlevel.checkpoint()
        import trio_client._async.watch_many, trio_client._core.reports, tenacity, httpcore

async def cancelled():
    client = AsyncTrioClient("key", base_url=url)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.__aenter__)
        await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    await use(client)
    await client.close()

async def once():
    global counting
    client = AsyncTrioClient("key", base_url=url)
    counting = True
    await client.jobs.list()
    await client.close()
    print("JobNotFoundError")

async def osapi():
    global counting
    async with AsyncOsapiClient("token", base_url=url.removesuffix("/api") + "/osapi") as client:
        counting = True
        await client.jobs.list()
        try:
            await client.jobs.get("1-2")
        except TrioError:
            print("JobNotFoundError")

anyio.run(globals()[start], backend=library)
counting = False
if start in ("entered", "once", "osapi"):
    print(imported)
"""


@pytest.mark.thorough
@pytest.mark.parametrize("start", ["entered", "once", "osapi", "meanwhile", "cancelled"])
@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_nothing_is_imported_in_the_thread_of_the_event_loop(library: str, start: str) -> None:
    program = PROGRAM.replace("import anyio\n", "import anyio, trio\n") if library == "trio" else PROGRAM
    with StubServer() as stub:
        url = stub.base_url.replace("127.0.0.1", "localhost")
        command = [sys.executable, "-W", "error", "-c", program, url, library, start]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    printed = "JobNotFoundError\n" + ("[]\n" if start in ("entered", "once", "osapi") else "")
    assert (done.returncode, done.stdout, done.stderr) == (0, printed, "")
