"""Receive webhooks in a Starlette application, and answer before the work is done.

Start it with `TRIO_WEBHOOK_SECRET=… uvicorn --app-dir examples/webhooks starlette_app:app`.
"""

import os
import time

from starlette.applications import Starlette
from starlette.routing import Route

from trio_client import Event
from trio_client.webhooks import Deduplicator
from trio_client.webhooks.asgi import WebhookApp


def handle(event: Event) -> None:  # not async: it runs in a thread
    time.sleep(0.05)
    # In one piece, newline included: several events may be handled at once, each in a thread.
    print(f"{event.kind}: job {event.job_id}\n", end="", flush=True)


hooks = WebhookApp(
    handle, secret=os.environ["TRIO_WEBHOOK_SECRET"], deduplicator=Deduplicator(), max_age=600, background=True
)
app = Starlette(routes=[Route("/hooks/trio", hooks)])
