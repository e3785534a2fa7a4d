"""Receive webhooks in several processes that share, in Redis, what they have handled.

Start it with `TRIO_WEBHOOK_SECRET=… REDIS_URL=… uvicorn --app-dir examples/webhooks --workers 2 redis_app:app`.
"""

import os

from trio_client import Event
from trio_client.contrib.redis import AsyncRedisDuplicateStore
from trio_client.webhooks.asgi import WebhookApp


def handle(event: Event) -> None:
    print(f"{event.kind}: job {event.job_id}", flush=True)


store = AsyncRedisDuplicateStore(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"))
app = WebhookApp(handle, secret=os.environ["TRIO_WEBHOOK_SECRET"], deduplicator=store)
