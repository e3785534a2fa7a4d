"""Receive webhooks in several processes that share, in a database, what they have handled.

Start it with `TRIO_WEBHOOK_SECRET=… EVENTS_DB=events.db uvicorn --app-dir examples/webhooks --workers 2 sql_app:app`.
"""

import os
import sqlite3
import time
from collections.abc import Generator
from contextlib import closing, contextmanager

from trio_client import Event
from trio_client.webhooks import Claim
from trio_client.webhooks.asgi import WebhookApp


class SqlDuplicates:
    """A `DuplicateStore` in SQL: of all who insert one key, the unique column lets one succeed.

    SQLite here; PostgreSQL takes the same statements, with `%s` for `?`. A claim lives for `lease` seconds, which must
    be longer than any handling takes: after a crash, that is how long the event waits for its next delivery to count.
    """

    def __init__(self, path: str, *, ttl: float = 86_400, lease: float = 300) -> None:
        self._path = path
        self._ttl = ttl
        self._lease = lease
        with self._database() as database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS handled (key TEXT PRIMARY KEY, done INTEGER NOT NULL, until REAL NOT NULL)"
            )

    def claim(self, key: str) -> Claim:
        now = time.time()
        with self._database() as database:
            database.execute("DELETE FROM handled WHERE until < ?", (now,))
            inserted = database.execute(
                "INSERT INTO handled VALUES (?, 0, ?) ON CONFLICT DO NOTHING", (key, now + self._lease)
            )
            if inserted.rowcount == 1:
                return "new"
            found = database.execute("SELECT done FROM handled WHERE key = ?", (key,)).fetchone()
        return "done" if found and found[0] else "busy"

    def confirm(self, key: str) -> None:
        with self._database() as database:
            database.execute(
                "INSERT INTO handled VALUES (?, 1, ?) ON CONFLICT (key) DO UPDATE SET done = 1, until = excluded.until",
                (key, time.time() + self._ttl),
            )

    def release(self, key: str) -> None:
        with self._database() as database:
            database.execute("DELETE FROM handled WHERE key = ? AND done = 0", (key,))

    @contextmanager
    def _database(self) -> Generator[sqlite3.Connection, None, None]:
        """A connection for one transaction: the receiver calls from several threads."""
        with closing(sqlite3.connect(self._path, timeout=30)) as connection, connection:
            yield connection


def handle(event: Event) -> None:
    print(f"{event.kind}: job {event.job_id}\n", end="", flush=True)


store = SqlDuplicates(os.environ.get("EVENTS_DB", "events.db"))
app = WebhookApp(handle, secret=os.environ["TRIO_WEBHOOK_SECRET"], deduplicator=store)
