"""The jobs of the stub's OSAPI side, and how that side behaves."""

from __future__ import annotations

import copy
import threading
import uuid
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..engine.clock import Clock
from .agents import DEFAULT_AGENTS, Agents, agents_of, check_outcomes, note, steps, timestamp

__all__ = ["Osapi"]

COUNTED = ("submitted", "processing", "completed", "failed", "partial_failure")
JOBS_KEPT = 250_000
_ONLY_IN_DETAIL = ("responses", "agent_states", "timeline")


@dataclass
class _Entry:
    """One record of the store. Its later changes wait in `steps`: when, and the fields that change."""

    key: str
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
        agents: the agents, by host name, each with its `machine_id` and its `labels`, which targets are checked with.
        store_away: True lets the server not reach its store: the list fails with 500, and no job is found.

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
        self._entries: dict[str, _Entry] = {}  # oldest first
        self._keys: list[str] = []
        self.clear()

    def clear(self) -> None:
        """Remove all jobs and reset the settings."""
        with self._lock:
            self._entries.clear()
            self._keys.clear()
            self._deleted: Counter[str] = Counter()
            self._revision = 0
            self.prefixes: Collection[str] = ("/api", "")
            self.web_ui = False
            self.tokens: Mapping[str, Collection[str]] | None = None
            self.agents: Agents = copy.deepcopy(DEFAULT_AGENTS)
            self.store_away = False

    def __repr__(self) -> str:
        return f"<Osapi of {len(self._entries)} jobs>"

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """All jobs in full, oldest first."""
        with self._lock:
            self._run_due()
            return [copy.deepcopy(entry.record) for entry in self._entries.values() if entry.readable]

    def add(self, *, then: Mapping[float, Mapping[str, Any]] | None = None, **fields: Any) -> str:
        """Add a job and return its id.

        Args:
            then: how it changes later: fields, by stub-seconds from now.
            fields: its fields. Defaults are an id, the status `completed`, the time of creation and a harmless
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
            changes = [(now + after, dict(change)) for after, change in sorted((then or {}).items())]
            self._keep(_Entry(_key(record), record, steps=changes))
        return str(record["id"])

    def add_raw(self, record: Mapping[str, Any]) -> None:
        """Add a job that is shown exactly as given, in a list too: with any fields missing or wrong."""
        with self._lock:
            self._keep(_Entry(_key(record), copy.deepcopy(dict(record)), raw=True))

    def add_unreadable(self, count: int = 1, *, status: str = "completed") -> None:
        """Add records that the server counts and cannot show, so that a page is short or empty."""
        with self._lock:
            for _ in range(count):
                self._keep(_Entry(_key({}), {"status": status}, readable=False))

    def update(self, job_id: str, **fields: Any) -> None:
        """Change fields of a job; raises `KeyError` if no job has this id."""
        with self._lock:
            self._entries[job_id].record.update(copy.deepcopy(fields))

    def delete(self, job_id: str) -> None:
        """Delete a job; raises `KeyError` if there is none. Its status is still counted, as on a real server."""
        with self._lock:
            entry = self._entries.pop(job_id)
            del self._keys[bisect_left(self._keys, job_id)]
            self._deleted[str(entry.record.get("status"))] += 1

    def page(self, *, status: str | None, limit: int, offset: int) -> dict[str, Any]:
        """One page of the matching jobs, by id from the last to the first, with the server's counts."""
        with self._lock:
            self._run_due()
            entries = (self._entries[key] for key in reversed(self._keys))
            matching = [entry for entry in entries if status in (None, entry.record.get("status"))]
            shown = [_summary(entry) for entry in matching[offset : offset + limit] if entry.readable]
            return {"total_items": len(matching), "status_counts": self._counts(), "items": shown}

    def detail(self, job_id: str) -> dict[str, Any]:
        """One job in full; raises `KeyError` if no job has this id."""
        with self._lock:
            self._run_due()
            entry = self._entries[job_id]
            return copy.deepcopy(entry.record if entry.raw else {"changed": None, **entry.record})

    def retry(self, job_id: str, target: str | None) -> dict[str, Any]:
        """Make a new job from an old one; it is done after two stub-seconds. Raises `KeyError` or `ValueError`."""
        with self._lock:
            old, names = self._entries[job_id].record, agents_of(target, self.agents)
            if not isinstance(old.get("operation"), dict):
                raise ValueError("failed to read the job's operation")
            submitted = note("submitted", "_api", "Job submitted to queue")
            new = self._start(old["operation"], dict.fromkeys(names, "completed"), [submitted])
            retried = note("retried", "_api", f"Job retried as {new}")
            old["timeline"] = [*old.get("timeline", ()), retried]
            old["updated_at"] = retried["timestamp"]
            self._revision += 1
            return {"job_id": new, "status": "created", "revision": self._revision, "timestamp": retried["timestamp"]}

    def run(
        self,
        operation: Mapping[str, Any] | None = None,
        *,
        target: str | None = None,
        outcomes: Mapping[str, str] | None = None,
    ) -> str:
        """Have agents do a job, as the endpoints do that make jobs, and return its id.

        It starts after one stub-second and ends after two; a failure that is mended, after four.

        Args:
            operation: its `type` and `data`; a harmless one, if not given.
            target: which agents do it, as in a retry: None, `_any` and `_all` are all of them.
            outcomes: by host name: `completed`, unless it is `failed`, `skipped`, `absent`, `mended` (it fails, and a
                second delivery completes it) or `too_large` (its output cannot be stored: the job never ends).
        """
        check_outcomes(outcomes or {}, self.agents)
        names = agents_of(target, self.agents)
        with self._lock:
            return self._start(
                dict(operation or {"type": "node.hostname.get", "data": {}}),
                {name: (outcomes or {}).get(name, "completed") for name in names},
                [],
            )

    def _start(self, operation: dict[str, Any], outcomes: Mapping[str, str], timeline: list[dict[str, Any]]) -> str:
        """Add a job that these agents do."""
        first = {"timeline": timeline} if timeline else {}
        then = steps(operation, outcomes, timeline)
        return self.add(status="submitted", operation=operation, updated_at=timestamp(), then=then, **first)

    def _keep(self, entry: _Entry) -> None:
        if len(self._entries) >= JOBS_KEPT:
            raise ValueError(f"no more than {JOBS_KEPT} jobs; clear() removes them")
        if entry.key not in self._entries:
            insort(self._keys, entry.key)
        self._entries[entry.key] = entry

    def _run_due(self) -> None:
        now = self._clock.now()
        for entry in self._entries.values():
            while entry.steps and entry.steps[0][0] <= now:
                change = entry.steps.pop(0)[1]
                entry.record.update(change)
                if change.get("error", "") is None:
                    del entry.record["error"]

    def _counts(self) -> dict[str, int] | None:
        """By status, regardless of the filter; null on an empty store."""
        found = Counter([str(entry.record["status"]) for entry in self._entries.values() if "status" in entry.record])
        found.update(self._deleted)
        return {**dict.fromkeys(COUNTED, 0), **found} if self._entries or self._deleted else None


def _summary(entry: _Entry) -> dict[str, Any]:
    """A job as a list shows it: without the agents and the history, and never with a value of `changed`."""
    if entry.raw:
        return copy.deepcopy(entry.record)
    record = {name: value for name, value in entry.record.items() if name not in _ONLY_IN_DETAIL}
    return copy.deepcopy({**record, "changed": None})


def _key(record: Mapping[str, Any]) -> str:
    """What the store orders a record by: its id, which is random, so that by time the order is any."""
    job_id = record.get("id")
    return job_id.lower() if isinstance(job_id, str) else str(uuid.uuid4())
