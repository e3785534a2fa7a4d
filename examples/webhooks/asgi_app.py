"""Receive webhooks in any ASGI server, without a framework.

    TRIO_WEBHOOK_SECRET=… uvicorn --app-dir examples/webhooks asgi_app:app

It needs `uvicorn` or another ASGI server.
"""

import os
import sys

from trio_client import Event
from trio_client.webhooks import Deduplicator
from trio_client.webhooks.asgi import WebhookApp

SECRET = os.environ.get("TRIO_WEBHOOK_SECRET") or sys.exit("Set TRIO_WEBHOOK_SECRET: deliveries are signed with it.")


async def handle(event: Event) -> None:
    print(f"{event.kind}: job {event.job_id}", flush=True)


app = WebhookApp(handle, secret=SECRET, deduplicator=Deduplicator())
