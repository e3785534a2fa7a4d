"""The course of a probe: which jobs it starts, in which order, and that each is stopped."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from .._core.call import EVENT_STREAM
from .._core.probe.exchange import Evidence, Exchange
from ..pricing import price_per_minute_usd
from ._probe_listener import Listener
from ._probe_wire import Wire

__all__ = ["Plan", "Probe"]

_UNKNOWN_JOB = "00000000-0000-4000-8000-000000000000"
_MINUTE = price_per_minute_usd("live-monitor")
_WATCH_SECONDS = 50.0  # a job is stopped before its second minute is billed
_DIGEST_SECONDS = 55.0
_LEASE_SECONDS = 60
_LIST_SECONDS = 10.0
_LEFT_SECONDS = 12.0  # a server notices that its reader has gone when it sends the next event
_STOP_SECONDS = 10.0
_MOST_SLOTS = 30
_ENDED = ("completed", "stopped", "failed")


@dataclass(frozen=True)
class Plan:
    """What a probe may do.

    Args:
        stream_url: the stream to watch.
        condition: should hold now.
        webhook_url: the public address of the listener.
        second_job: whether two jobs may run at once.
        fill_slots: whether as many jobs may run as the account has slots for.
        max_cost: the most that it may cost, in US dollars.
    """

    stream_url: str
    condition: str
    webhook_url: str | None
    second_job: bool
    fill_slots: bool
    max_cost: float

    @property
    def asked(self) -> frozenset[str]:
        """What may be found out beyond the usual."""
        wishes = {"webhook": self.webhook_url, "second job": self.second_job, "fill slots": self.fill_slots}
        return frozenset(name for name, wish in wishes.items() if wish)

    @property
    def jobs(self) -> int:
        """How many jobs are started, without those that fill the slots."""
        return 5 + (self.webhook_url is not None) + 2 * self.second_job

    @property
    def least_cost(self) -> float:
        """What it costs at least, in US dollars: a minute for each job."""
        return round((self.jobs + 2 * self.fill_slots) * _MINUTE, 2)


@dataclass
class Probe:
    """A probe under way.

    Attributes:
        running: the jobs that may be running.
        unresolved: creates that may have made a job whose id is not known.
        started: how many jobs were started.
    """

    plan: Plan
    wire: Wire
    listener: Listener | None
    say: Callable[[str], None]
    running: list[str] = field(default_factory=list[str])
    unresolved: int = 0
    started: int = 0

    def run(self) -> None:
        """Find out everything, and stop every job, whatever happens."""
        steps = [self._monitor, self._plain_monitor, self._leave_stream, self._digest, self._plain_digest]
        steps += [self._webhooks] if self.listener is not None else []
        steps += [self._repeat_key] if self.plan.second_job else []
        steps += [self._fill_slots] if self.plan.fill_slots else []
        try:
            self._ask_without_jobs()
            for step in steps:
                step()
                self.stop_all()
                if self.running or self.unresolved:
                    self.say("nothing more, as a job may still be running")
                    return
        finally:
            self.stop_all()

    def evidence(self) -> Evidence:
        """Return all that was seen."""
        deliveries = () if self.listener is None else tuple(self.listener.deliveries)
        return Evidence(tuple(self.wire.exchanges), deliveries, self.plan.asked)

    def stop_all(self) -> None:
        """Stop the jobs that may be running, and confirm that they are stopped."""
        until = time.monotonic() + _STOP_SECONDS
        while self.running and time.monotonic() < until:
            for job_id in list(self.running):
                self.wire.send("stop", "DELETE", _path(job_id), seconds=_STOP_SECONDS)
                if _has_ended(self.wire.send("stopped", "GET", _path(job_id), seconds=_STOP_SECONDS)):
                    self.running.remove(job_id)
            if self.running:
                time.sleep(0.2)

    def _ask_without_jobs(self) -> None:
        self.say("keys, fields and pages (no job)")
        self.wire.send("unknown job", "GET", f"/jobs/{_UNKNOWN_JOB}")
        self.wire.send("bad key", "GET", "/jobs?limit=1", key=False)
        self.wire.send("large page", "GET", "/jobs?limit=100000")
        self._create("bad field", {"stream_url": self.plan.stream_url})

    def _monitor(self) -> None:
        self.say("a monitor, followed by its event stream")
        found = self._create("monitor stream", self._body(), accept=EVENT_STREAM, seconds=_WATCH_SECONDS)
        if found.job_id is None:
            return
        job = self._job("job", found.job_id)
        until = time.monotonic() + (_WATCH_SECONDS if found.kind == "json" else 0.0)
        while found.kind == "json" and not _triggers(job) and not _has_ended(job) and time.monotonic() < until:
            time.sleep(0.5)
            job = self._job("job", found.job_id)
        if _triggers(job) or any("triggered" in name for name, _ in found.events):
            time.sleep(0.5)
            self._job("after trigger", found.job_id)

    def _plain_monitor(self) -> None:
        self.say("a monitor without an event stream, its place in the list, and its cancel")
        body = {**self._body(), "max_triggers": None}  # so that it runs until it is cancelled
        self._list_and_cancel(self._create("plain monitor", body).job_id)

    def _list_and_cancel(self, job_id: str | None) -> None:
        if job_id is None:
            return
        until = time.monotonic() + _LIST_SECONDS
        while not _is_listed(self.wire.send("list", "GET", "/jobs?limit=50"), job_id) and time.monotonic() < until:
            time.sleep(0.25)
        self._job("job", job_id)
        self.wire.send("cancel", "DELETE", _path(job_id))
        self.wire.send("cancel again", "DELETE", _path(job_id))

    def _leave_stream(self) -> None:
        self.say("a monitor whose event stream is left")
        body = {**self._body(), "max_triggers": None}  # so that only its lease, or its reader, ends it
        found = self._create("stream left", body, accept=EVENT_STREAM, until=lambda each: bool(each.events))
        if found.kind != "event-stream" or found.job_id is None:
            return
        until = time.monotonic() + _LEFT_SECONDS
        while not _has_ended(self._job("after leaving", found.job_id)) and time.monotonic() < until:
            time.sleep(0.5)

    def _digest(self) -> None:
        self.say("a digest, followed by its event stream")
        self._create("digest stream", self._digest_body(), "/live-digest", accept=EVENT_STREAM, seconds=_DIGEST_SECONDS)

    def _plain_digest(self) -> None:
        self.say("a digest without an event stream")
        found = self._create("plain digest", self._digest_body(), "/live-digest", until=lambda each: bool(each.job_id))
        if self.evidence().first("cancel") is None:  # no monitor could be started
            self._list_and_cancel(found.job_id)

    def _webhooks(self) -> None:
        listener = self.listener
        if listener is None:
            return
        self.say("a monitor that sends webhooks, the first of which is answered with 500")
        body = {**self._body(), "webhook_url": self.plan.webhook_url}
        found = self._create("webhook monitor", body, accept=EVENT_STREAM)
        if found.job_id is not None:
            until = time.monotonic() + _WATCH_SECONDS
            while time.monotonic() < until and not listener.seen_enough:
                time.sleep(0.1)

    def _repeat_key(self) -> None:
        self.say("two creates with one Idempotency-Key")
        reference = str(uuid.uuid4())
        for _ in range(2):
            self._create("repeated key", self._body(), reference=reference)

    def _fill_slots(self) -> None:
        self.say("jobs until the account is full")
        for _ in range(_MOST_SLOTS):
            if round((self.started + 1) * _MINUTE, 2) > self.plan.max_cost:
                self.say("the budget ends before the account is full")
                return
            if self._create("fill slots", {**self._body(), "interval_seconds": 30}).kind != "json":
                return

    def _create(
        self,
        label: str,
        body: dict[str, Any],
        path: str = "/live-monitor",
        *,
        accept: str = "application/json",
        reference: str | None = None,
        seconds: float = _WATCH_SECONDS,
        until: Callable[[Exchange], bool] | None = None,
    ) -> Exchange:
        """Start a job, and note that it may be running, also if that is interrupted."""
        before = len(self.wire.exchanges)
        self.unresolved += 1  # until there is a reply
        try:
            return self.wire.send(
                label, "POST", path, body, accept=accept, reference=reference, seconds=seconds, until=until
            )
        finally:
            self.unresolved -= 1
            for found in self.wire.exchanges[before:]:
                if found.job_id is not None:
                    self.started += found.job_id not in self.running
                    self.running = list(dict.fromkeys([*self.running, found.job_id]))
                elif not found.unsent and (found.kind != "refused" or (found.status or 0) >= 500):  # there may be one
                    self.unresolved += 1

    def _job(self, label: str, job_id: str) -> Exchange:
        return self.wire.send(label, "GET", _path(job_id))

    def _body(self) -> dict[str, Any]:
        return {
            "stream_url": self.plan.stream_url,
            "condition": self.plan.condition,
            "interval_seconds": 5,
            "monitor_duration_seconds": _LEASE_SECONDS,
        }

    def _digest_body(self) -> dict[str, Any]:
        return {
            "stream_url": self.plan.stream_url,
            "window_minutes": 1,
            "capture_interval_seconds": 10,
            "max_windows": 1,
        }


def _path(job_id: str) -> str:
    """Return the path of a job: a server chose its id, which stays one segment."""
    segment = quote(job_id, safe="", errors="replace")
    return f"/jobs/{segment.replace('.', '%2E') if segment in ('.', '..') else segment}"


def _has_ended(job: Exchange) -> bool:
    return job.json.get("status") in _ENDED or (job.status == 404 and job.code == "JOB_NOT_FOUND")


def _triggers(job: Exchange) -> bool:
    places = (job.json.get("stats"), job.json.get("details"))
    return any(isinstance(each, dict) and bool(each.get("triggers_fired")) for each in places)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def _is_listed(page: Exchange, job_id: str) -> bool:
    return job_id.encode(errors="replace") in page.content
