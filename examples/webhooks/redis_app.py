"""Receive webhooks in several processes that share in Redis which ones have been handled.

    TRIO_WEBHOOK_SECRET=… REDIS_URL=… uvicorn --app-dir examples/webhooks --workers 2 redis_app:app

It needs `trio-client[redis]` and `uvicorn`.
"""

import os
import sys

from trio_client import Event
from trio_client.webhooks.asgi import WebhookApp

try:
    from trio_client.contrib.redis import AsyncRedisDuplicateStore
except ModuleNotFoundError as error:
    sys.exit(str(error))  # it names the extra

SECRET = os.environ.get("TRIO_WEBHOOK_SECRET") or sys.exit("Set TRIO_WEBHOOK_SECRET: deliveries are signed with it.")


def handle(event: Event) -> None:
    print(f"{event.kind}: job {event.job_id}", flush=True)


store = AsyncRedisDuplicateStore(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"))
app = WebhookApp(handle, secret=SECRET, deduplicator=store)
