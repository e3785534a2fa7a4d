"""Receive webhooks in a FastAPI application.

Start it with `TRIO_WEBHOOK_SECRET=… uvicorn --app-dir examples/webhooks fastapi_app:app`.
"""

import os

from fastapi import FastAPI

from trio_client import Event, Triggered
from trio_client.webhooks import Deduplicator
from trio_client.webhooks.asgi import WebhookApp


async def handle(event: Event) -> None:
    match event:
        case Triggered(explanation=why):
            print("triggered:", why, flush=True)
        case _:
            print(f"{event.kind}: job {event.job_id}", flush=True)


app = FastAPI()
app.add_route(
    "/hooks/trio",
    WebhookApp(handle, secret=os.environ["TRIO_WEBHOOK_SECRET"], deduplicator=Deduplicator()),
)


@app.get("/")
def home() -> dict[str, str]:
    return {"status": "up"}
