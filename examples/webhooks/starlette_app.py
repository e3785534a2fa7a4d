"""Receive webhooks in a Starlette application, and answer before they are handled.

    TRIO_WEBHOOK_SECRET=… uvicorn --app-dir examples/webhooks starlette_app:app

It needs `starlette` and `uvicorn`.
"""

import os
import sys
import time

from trio_client import Event
from trio_client.webhooks import Deduplicator
from trio_client.webhooks.asgi import WebhookApp

try:
    from starlette.applications import Starlette
    from starlette.routing import Route
except ModuleNotFoundError as error:
    sys.exit(f"This example needs {error.name}; install it with: pip install starlette uvicorn")

SECRET = os.environ.get("TRIO_WEBHOOK_SECRET") or sys.exit("Set TRIO_WEBHOOK_SECRET: deliveries are signed with it.")


def handle(event: Event) -> None:  # not async: it runs in a thread
    time.sleep(0.05)
    # One write, newline included: several threads may be printing.
    print(f"{event.kind}: job {event.job_id}\n", end="", flush=True)


hooks = WebhookApp(handle, secret=SECRET, deduplicator=Deduplicator(), max_age=600, background=True)
app = Starlette(routes=[Route("/hooks/trio", hooks)])
