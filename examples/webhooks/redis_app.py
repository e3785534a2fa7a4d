"""Receive webhooks in several processes that share, in Redis, what they have handled.

Start it with `TRIO_WEBHOOK_SECRET=… REDIS_URL=… uvicorn --app-dir examples/webhooks --workers 2 redis_app:app`.
"""

import os

import redis

from trio_client import Event
from trio_client.webhooks import Claim
from trio_client.webhooks.asgi import WebhookApp


class RedisDuplicates:
    """A `DuplicateStore` in Redis.

    A claim lives for `lease` seconds, which must be longer than any handling takes: after a crash, that is how long
    the event waits for its next delivery to count.
    """

    def __init__(self, client: redis.Redis, *, ttl: int = 86_400, lease: int = 300, prefix: str = "trio:") -> None:
        self._client = client
        self._ttl = ttl
        self._lease = lease
        self._prefix = prefix

    def claim(self, key: str) -> Claim:
        name = self._prefix + key
        if self._client.set(name, "busy", nx=True, ex=self._lease):  # atomic: one caller gets it
            return "new"
        return "done" if self._client.get(name) == b"done" else "busy"

    def confirm(self, key: str) -> None:
        self._client.set(self._prefix + key, "done", ex=self._ttl)

    def release(self, key: str) -> None:
        self._client.delete(self._prefix + key)


def handle(event: Event) -> None:
    print(f"{event.kind}: job {event.job_id}", flush=True)


def connect() -> redis.Redis:
    return redis.Redis.from_url(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"))


app = WebhookApp(handle, secret=os.environ["TRIO_WEBHOOK_SECRET"], deduplicator=RedisDuplicates(connect()))
