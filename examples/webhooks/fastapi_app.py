"""Receive webhooks in a FastAPI application, each camera at a path of its own.

Start it with `TRIO_WEBHOOK_SECRET=… uvicorn --app-dir examples/webhooks fastapi_app:app`, and start jobs with the
`webhook_url` https://your.host/hooks/<camera>: triggers name no job, so the path tells which camera one is from.
"""

import os

from fastapi import FastAPI
from starlette.routing import Route

from trio_client import Event, Triggered
from trio_client.webhooks import Deduplicator, WebhookRequest
from trio_client.webhooks.asgi import WebhookApp


async def handle(event: Event, request: WebhookRequest) -> None:
    camera = request.path.rpartition("/")[2]
    match event:
        case Triggered(explanation=why):
            print(f"triggered: {camera}: {why}", flush=True)
        case _:
            print(f"{event.kind}: {camera}: job {event.job_id}", flush=True)


hooks = WebhookApp(handle, secret=os.environ["TRIO_WEBHOOK_SECRET"], deduplicator=Deduplicator(), with_request=True)
app = FastAPI()
app.router.routes.append(Route("/hooks/{camera}", hooks))  # a mount would redirect, which senders do not follow


@app.get("/")
def home() -> dict[str, str]:
    return {"status": "up"}
