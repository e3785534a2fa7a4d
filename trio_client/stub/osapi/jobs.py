"""The jobs of the stub's OSAPI side, and how that side behaves."""

from __future__ import annotations

import copy
import threading
import uuid
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from ..engine.clock import Clock

__all__ = ["Osapi"]

COUNTED = ("submitted", "processing", "completed", "failed", "partial_failure")
JOBS_KEPT = 250_000
_ONLY_IN_DETAIL = ("responses", "agent_states", "timeline")


@dataclass
class _Entry:
    """One record of the store. What it turns into later waits in `steps`: when, and the fields that change."""

    record: dict[str, Any]
    raw: bool = False
    readable: bool = True
    steps: list[tuple[float, dict[str, Any]]] = field(default_factory=list[tuple[float, dict[str, Any]]])


class Osapi:
    """The OSAPI side of a stub server: its jobs and its settings. Reached as `stub.osapi`.

    Attributes:
        prefixes: the paths before `/job` at which it answers: `/api` like a current server, empty like an older one.
        web_ui: whether it has a web page, as a current server may: then an unknown GET outside `/api`, `/job` among
            them, is answered with status 200 and HTML.
        tokens: the tokens that are accepted, each with its scopes (`job:read`, `job:write`); None: any, with both.
        hosts: the host names a retry may be sent to; None: any.

    Example:
        >>> from trio_client.stub import StubServer
        >>> with StubServer() as stub:
        ...     job_id = stub.osapi.add(status="failed", error="no route to host", hostname="web-01")
        ...     [job["status"] for job in stub.osapi.jobs]
        ['failed']
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._entries: list[_Entry] = []  # oldest first
        self.clear()

    def clear(self) -> None:
        """Forget all jobs and settings."""
        with self._lock:
            self._entries.clear()
            self._deleted: Counter[str] = Counter()
            self._revision = 0
            self.prefixes: Collection[str] = ("/api", "")
            self.web_ui = False
            self.tokens: Mapping[str, Collection[str]] | None = None
            self.hosts: Collection[str] | None = None

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """All jobs in full, oldest first."""
        with self._lock:
            self._settle()
            return [copy.deepcopy(entry.record) for entry in self._entries if entry.readable]

    def add(self, *, then: Mapping[float, Mapping[str, Any]] | None = None, **fields: Any) -> str:
        """Add a job, the newest, and return its id.

        Args:
            then: what it becomes later: fields that change, by stub-seconds from now.
            fields: its fields. Those not given are an id, the status `completed`, the time of creation and a harmless
                operation; all others are left out.
        """
        record: dict[str, Any] = {
            "id": str(uuid.uuid4()),
            "status": "completed",
            "created": timestamp(),
            "operation": {"type": "node.hostname.get", "data": {}},
            **copy.deepcopy(fields),
        }
        with self._lock:
            now = self._clock.now()
            steps = [(now + after, dict(change)) for after, change in sorted((then or {}).items())]
            self._keep(_Entry(record, steps=steps))
        return str(record["id"])

    def add_raw(self, record: Mapping[str, Any]) -> None:
        """Add a job that is shown exactly as given, in a list too: with any fields missing or wrong."""
        with self._lock:
            self._keep(_Entry(copy.deepcopy(dict(record)), raw=True))

    def add_unreadable(self, count: int = 1, *, status: str = "completed") -> None:
        """Add records that the server counts and cannot show, so that a page is short or empty."""
        with self._lock:
            for _ in range(count):
                self._keep(_Entry({"status": status}, readable=False))

    def update(self, job_id: str, **fields: Any) -> None:
        """Change fields of a job; raises `KeyError` if there is none with this id."""
        with self._lock:
            self._find(job_id).record.update(copy.deepcopy(fields))

    def delete(self, job_id: str) -> None:
        """Delete a job; raises `KeyError` if there is none. Its status stays counted, as on a real server."""
        with self._lock:
            entry = self._find(job_id)
            self._entries.remove(entry)
            self._deleted[str(entry.record.get("status"))] += 1

    def page(self, *, status: str | None, limit: int, offset: int) -> dict[str, Any]:
        """One page of the matching jobs, newest first, with the server's counts."""
        with self._lock:
            self._settle()
            matching = [entry for entry in reversed(self._entries) if status in (None, entry.record.get("status"))]
            shown = [_summary(entry) for entry in matching[offset : offset + limit] if entry.readable]
            return {"total_items": len(matching), "status_counts": self._counts(), "items": shown}

    def detail(self, job_id: str) -> dict[str, Any]:
        """One job in full; raises `KeyError` if there is none with this id."""
        with self._lock:
            self._settle()
            entry = self._find(job_id)
            return copy.deepcopy(entry.record if entry.raw else {"changed": None, **entry.record})

    def retry(self, job_id: str, target: str | None) -> dict[str, Any]:
        """Make a new job from an old one; it is done after two stub-seconds. Raises `KeyError` or `ValueError`."""
        with self._lock:
            old = self._find(job_id).record
            if not isinstance(old.get("operation"), dict):
                raise ValueError("failed to read the job's operation")
            host = "web-01" if target in (None, "_any", "_all") or ":" in str(target) else str(target)
            if self.hosts is not None and host == target and host not in self.hosts:
                raise ValueError(f"agent not found: {host}")
            now, begun = timestamp(), {"status": "processing", "hostname": host}
            done = {"status": "completed", "result": {"hostname": host}, "updated_at": now}
            event = {"timestamp": now, "event": "submitted", "hostname": "_api", "message": "Job submitted"}
            new = self.add(
                status="submitted", operation=old["operation"], timeline=[event], then={1.0: begun, 2.0: done}
            )
            note = {"timestamp": now, "event": "retried", "hostname": "_api", "message": f"Job retried as {new}"}
            old["timeline"] = [*old.get("timeline", ()), note]
            self._revision += 1
            return {"job_id": new, "status": "created", "revision": self._revision, "timestamp": now}

    def _keep(self, entry: _Entry) -> None:
        if len(self._entries) >= JOBS_KEPT:
            raise ValueError(f"no more than {JOBS_KEPT} jobs; clear() forgets them")
        self._entries.append(entry)

    def _find(self, job_id: str) -> _Entry:
        for entry in self._entries:
            if entry.record.get("id") == job_id:
                return entry
        raise KeyError(job_id)

    def _settle(self) -> None:
        now = self._clock.now()
        for entry in self._entries:
            while entry.steps and entry.steps[0][0] <= now:
                entry.record.update(entry.steps.pop(0)[1])

    def _counts(self) -> dict[str, int] | None:
        """By status, whatever the filter; null on an empty store, which the server's own schema does not allow."""
        found = Counter([str(entry.record["status"]) for entry in self._entries if "status" in entry.record])
        found.update(self._deleted)
        return {**dict.fromkeys(COUNTED, 0), **found} if self._entries or self._deleted else None


def timestamp() -> str:
    """The time as the server writes it: RFC 3339 in whole seconds."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _summary(entry: _Entry) -> dict[str, Any]:
    """A job as a list shows it: without the agents and the history, and never with a value of `changed`."""
    if entry.raw:
        return copy.deepcopy(entry.record)
    record = {name: value for name, value in entry.record.items() if name not in _ONLY_IN_DETAIL}
    return copy.deepcopy({**record, "changed": None})
