"""Receive webhooks with nothing but an ASGI server.

Start it with `TRIO_WEBHOOK_SECRET=… uvicorn --app-dir examples/webhooks asgi_app:app`.
"""

import os

from trio_client import Event
from trio_client.webhooks import Deduplicator
from trio_client.webhooks.asgi import WebhookApp


async def handle(event: Event) -> None:
    print(f"{event.kind}: job {event.job_id}", flush=True)


app = WebhookApp(handle, secret=os.environ["TRIO_WEBHOOK_SECRET"], deduplicator=Deduplicator())
