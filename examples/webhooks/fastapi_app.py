"""Receive webhooks in a FastAPI application, with a path for each camera.

    TRIO_WEBHOOK_SECRET=… uvicorn --app-dir examples/webhooks fastapi_app:app

Start jobs with `webhook_url="https://your.host/hooks/<camera>"`. Triggers carry no job id, so the path is what
identifies the camera. It needs `fastapi` and `uvicorn`.
"""

import os
import sys

from trio_client import Event, Triggered
from trio_client.webhooks import Deduplicator, WebhookRequest
from trio_client.webhooks.asgi import WebhookApp

try:
    from fastapi import FastAPI
    from starlette.routing import Route
except ModuleNotFoundError as error:
    sys.exit(f"This example needs {error.name}; install it with: pip install fastapi uvicorn")

SECRET = os.environ.get("TRIO_WEBHOOK_SECRET") or sys.exit("Set TRIO_WEBHOOK_SECRET: deliveries are signed with it.")


async def handle(event: Event, request: WebhookRequest) -> None:
    camera = request.path.rpartition("/")[2]
    match event:
        case Triggered(explanation=why):
            print(f"triggered: {camera}: {why}", flush=True)
        case _:
            print(f"{event.kind}: {camera}: job {event.job_id}", flush=True)


hooks = WebhookApp(handle, secret=SECRET, deduplicator=Deduplicator(), with_request=True)
app = FastAPI()
app.router.routes.append(Route("/hooks/{camera}", hooks))  # a mount would redirect, and senders do not follow


@app.get("/")
def home() -> dict[str, str]:
    return {"status": "up"}
