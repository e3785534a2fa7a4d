"""Receive webhooks in several processes that share in a database which ones have been handled.

    TRIO_WEBHOOK_SECRET=… EVENTS_DB=events.db uvicorn --app-dir examples/webhooks --workers 2 sql_app:app

It needs `uvicorn`.
"""

import os
import sqlite3
import sys
import time
from collections.abc import Generator
from contextlib import closing, contextmanager

from trio_client import Event
from trio_client.webhooks import Claim
from trio_client.webhooks.asgi import WebhookApp

SECRET = os.environ.get("TRIO_WEBHOOK_SECRET") or sys.exit("Set TRIO_WEBHOOK_SECRET: deliveries are signed with it.")


class SqlDuplicates:
    """A `DuplicateStore` in SQL: the primary key lets only one process insert an event.

    This is SQLite; PostgreSQL takes the same statements, with `%s` for `?`. A claim expires after `lease` seconds, so
    that an event can be handled again after a crash. Handling an event must take less time.
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
app = WebhookApp(handle, secret=SECRET, deduplicator=store)
