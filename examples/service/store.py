"""What the service keeps in SQLite: its cameras, its running jobs, and each event once."""

import json
import sqlite3
import threading
import uuid
from typing import Any

from trio_client import Event, JobInfo

TABLES = """
CREATE TABLE IF NOT EXISTS cameras (key TEXT PRIMARY KEY, settings TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS jobs (job_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, dedup TEXT UNIQUE, shown TEXT NOT NULL, picture BLOB);
"""


class Store:
    """One connection behind a lock, which is enough for the small writes of one process."""

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.executescript(TABLES)

    def note_job(self, job: JobInfo) -> None:
        """Keep the ids of running jobs; this is the hook `on_job`."""
        self._run("DELETE FROM jobs WHERE job_id = ?", job.job_id)
        if job.event == "started":
            self._run("INSERT INTO jobs VALUES (?)", job.job_id)

    def running_jobs(self) -> list[str]:
        return [job_id for (job_id,) in self._run("SELECT job_id FROM jobs")]

    def forget_jobs(self) -> None:
        self._run("DELETE FROM jobs")

    def cameras(self) -> dict[str, dict[str, Any]]:
        return {key: json.loads(settings) for key, settings in self._run("SELECT key, settings FROM cameras")}

    def add_camera(self, key: str, settings: dict[str, Any]) -> None:
        self._run("INSERT OR REPLACE INTO cameras VALUES (?, ?)", key, json.dumps(settings))

    def remove_camera(self, key: str) -> bool:
        return bool(self._run("DELETE FROM cameras WHERE key = ? RETURNING key", key))

    def add_event(self, camera: str, event: Event, picture: bytes | None) -> dict[str, Any] | None:
        """Store an event and return it as pages show it, or `None` if it was delivered before."""
        shown = {
            "camera": camera,
            "kind": event.kind,
            "at": event.occurred_at.isoformat(timespec="seconds") if event.occurred_at else "",
            "text": getattr(event, "explanation", None) or getattr(event, "reason", None),
            "picture": picture is not None,
        }
        dedup = f"{camera} {event.dedup_key or uuid.uuid4()}"
        insert = "INSERT INTO events (dedup, shown, picture) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING id"
        rows = self._run(insert, dedup, json.dumps(shown), picture)
        return {"id": rows[0][0], **shown} if rows else None

    def events(self, *, limit: int) -> list[dict[str, Any]]:
        """Return the newest events, oldest first."""
        rows = self._run("SELECT id, shown FROM events ORDER BY id DESC LIMIT ?", limit)
        return [{"id": number, **json.loads(shown)} for number, shown in reversed(rows)]

    def picture(self, number: int) -> bytes | None:
        return next((data for (data,) in self._run("SELECT picture FROM events WHERE id = ?", number)), None)

    def _run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._database.execute(statement, values).fetchall()
