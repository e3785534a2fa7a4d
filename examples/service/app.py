"""A service that watches cameras for months: cameras come and go, SQLite keeps the triggers, a page shows them live.

    TRIO_WEBHOOK_SECRET=… uvicorn --app-dir examples/service app:app

PUT /cameras/gate with `{"stream_url": "rtsp://gate.example/live", "condition": "a van is at the gate"}` adds a camera.
It needs `fastapi` and `uvicorn`.
"""

import asyncio
import contextlib
import json
import math
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from pydantic import BaseModel
from store import Store

from trio_client import AsyncTargetStream, AsyncTrioClient, Event, Hooks, Target, Triggered
from trio_client.errors import RequestValidationError, TrioError
from trio_client.webhooks import WebhookRequest
from trio_client.webhooks.asgi import WebhookApp

try:
    from fastapi import FastAPI, HTTPException
    from fastapi.responses import HTMLResponse, Response, StreamingResponse
    from starlette.routing import Route
except ModuleNotFoundError as error:
    sys.exit(f"This example needs {error.name}; install it with: pip install fastapi uvicorn")

SECRET = os.environ.get("TRIO_WEBHOOK_SECRET") or sys.exit("Set TRIO_WEBHOOK_SECRET: deliveries are signed with it.")
PAGE = """<!doctype html><meta charset="utf-8"><title>Cameras</title><h1>Cameras</h1><ul id="events"></ul><script>
new EventSource("events").onmessage = message => {
  const event = JSON.parse(message.data), line = document.createElement("li");
  line.textContent = `${event.at} ${event.camera}: ${event.kind} ${event.text ?? ""}`;
  if (event.picture) line.appendChild(new Image(160)).src = `events/${event.id}/picture`;
  document.getElementById("events").prepend(line);
};
</script>"""


class Camera(BaseModel):
    stream_url: str
    condition: str

    def target(self, key: str) -> Target:
        """The target to watch. The camera may be off at first; the jobs of a killed process end within the hour."""
        return Target(self.stream_url, self.condition, key=key, wait_for_stream=math.inf, monitor_duration_seconds=3600)


class Service:
    """Watches all cameras, and feeds the pages that are open."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.watched: AsyncTargetStream | None = None
        self.pages: set[asyncio.Queue[str]] = set()
        self.problem: str | None = None

    async def run(self, client: AsyncTrioClient) -> None:
        """Stop the jobs that the previous process left running, then watch until the task is cancelled."""
        for job_id in self.store.running_jobs():
            with contextlib.suppress(TrioError):  # a job that cannot be stopped ends by itself
                await client.jobs.cancel(job_id, missing_ok=True)
        self.store.forget_jobs()
        targets = [Camera(**camera).target(key) for key, camera in self.store.cameras().items()]
        try:
            while True:
                async with client.watch_many(targets) as self.watched:
                    async for target, event in self.watched:
                        self.keep(target.key or "", event)
                targets = []  # all of them have ended: wait for cameras to be added
        except TrioError as error:  # such as a rejected key; /health shows it
            self.problem = str(error)
            raise

    def keep(self, camera: str, event: Event) -> None:
        """Store an event once, and send it to the open pages."""
        if event.kind == "progress":
            return
        picture = event.frame.data if isinstance(event, Triggered) and event.frame else None
        if stored := self.store.add_event(camera, event, picture):
            for page in self.pages:
                page.put_nowait(json.dumps(stored))

    async def add(self, key: str, camera: Camera) -> None:
        """Watch a camera; once it is accepted, it replaces one with the same key."""
        watched, target = self.started(), camera.target(key)
        if target not in watched.targets:
            try:
                await watched.add(target)
            except RequestValidationError as error:
                raise HTTPException(422, error.problem) from error
        self.store.add_camera(key, camera.model_dump())
        await self.unwatch(key, but=target)

    async def remove(self, key: str) -> bool:
        """Stop watching a camera; return False if there is none."""
        await self.unwatch(key)
        return self.store.remove_camera(key)

    async def unwatch(self, key: str, but: Target | None = None) -> None:
        for target in (watched := self.started()).targets:
            if target.key == key and target != but:
                with contextlib.suppress(RequestValidationError):  # it has ended, or another request has removed it
                    await watched.remove(target)

    def started(self) -> AsyncTargetStream:
        if self.watched is None:
            raise HTTPException(503, "The service is starting.")
        return self.watched

    def states(self) -> dict[str, dict[str, Any]]:
        """The state and the cost of the watch of each camera."""
        if self.watched is None:
            return {}
        usages = self.watched.usages
        return {
            target.key or "": {"state": state.name, "reason": state.reason, "cost_usd": usages[target].cost_usd}
            for target, state in self.watched.states.items()
        }


service = Service(store := Store(os.environ.get("SERVICE_DB", "service.db")))


@contextlib.asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None, None]:
    async with AsyncTrioClient(hooks=Hooks(on_job=store.note_job)) as client:
        watching = asyncio.create_task(service.run(client))
        yield
        watching.cancel()  # leaves the block of watch_many, which stops all jobs
        with contextlib.suppress(asyncio.CancelledError, TrioError):
            await watching


async def handle(event: Event, request: WebhookRequest) -> None:
    """Take events by webhook, of jobs that other programs start with …/hooks/<camera> as the webhook_url."""
    service.keep(request.path.rpartition("/")[2], event)


app = FastAPI(lifespan=lifespan)
hooks = WebhookApp(handle, secret=SECRET, with_request=True)
app.router.routes.append(Route("/hooks/{camera}", hooks))


@app.get("/", response_class=HTMLResponse)
def page() -> str:
    return PAGE


@app.get("/health")
def health() -> dict[str, Any]:
    if service.problem is not None:
        raise HTTPException(503, service.problem)
    return {"cameras": service.states()}


@app.put("/cameras/{key}")
async def put_camera(key: str, camera: Camera) -> dict[str, str]:
    await service.add(key, camera)
    return {"camera": key}


@app.delete("/cameras/{key}")
async def delete_camera(key: str) -> dict[str, str]:
    if not await service.remove(key):
        raise HTTPException(404, "There is no such camera.")
    return {"camera": key}


@app.get("/events")
async def events() -> StreamingResponse:
    queue: asyncio.Queue[str] = asyncio.Queue()

    async def lines() -> AsyncIterator[str]:
        service.pages.add(queue)
        try:
            for stored in store.events(limit=50):
                yield f"data: {json.dumps(stored)}\n\n"
            while True:  # the server cancels it when the page is closed
                yield f"data: {await queue.get()}\n\n"
        finally:
            service.pages.discard(queue)

    return StreamingResponse(lines(), media_type="text/event-stream")


@app.get("/events/{number}/picture")
def picture(number: int) -> Response:
    found = store.picture(number)
    if found is None:
        raise HTTPException(404, "There is no such picture.")
    return Response(found, media_type="image/jpeg")
