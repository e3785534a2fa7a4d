"""What the page shows, and the stream that keeps it up to date."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..api.state import ApiState
from ..delivery.event_stream import disconnected
from ..delivery.sse import event_text
from ..documented.errors import ApiError
from ..documented.generations import PUBLISHED
from ..engine.engine import HISTORY, happened
from ..engine.job import Job
from ..engine.job_events import JobEvent
from ..engine.masking import mask_text, mask_url
from ..engine.pictures import picture

__all__ = ["LiveFeed", "current_frame", "snapshot"]

JOBS_SHOWN = 50
EVENTS_SHOWN = 50
TEXT_SHOWN = 300
MAX_FEEDS = 20
# Real seconds between two snapshots: at most, and at least.
_LONGEST_PAUSE = 1.0
_SHORTEST_PAUSE = 0.1
_HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]


@dataclass(frozen=True)
class _ShownJob:
    job_id: str
    job_type: str
    status: str
    active: bool
    reason: str | None
    stream_url: str
    condition: str
    delivery: str
    checks: int
    triggers: int
    summaries: int
    elapsed: int
    limit: float | None
    news: int
    streams: int


def snapshot(state: ApiState) -> dict[str, Any]:
    """The running jobs, the newest others and the newest events, with secrets masked and long texts cut."""
    with state.jobs.lock:
        newest, total = state.jobs.page(status=None, job_type=None, limit=JOBS_SHOWN, offset=0)
        jobs = [*state.jobs.active(JOBS_SHOWN), *(job for job in newest if not job.active)][:JOBS_SHOWN]
        now = state.clock.now()
        return {
            "now": round(now, 1),
            "speed": state.clock.speed,
            "generation": state.generation,
            "documentation": PUBLISHED[state.generation],
            "webhook_required": state.traits.webhook_required,
            "any_key": state.accepts("Bearer any-key"),
            "credits": state.account.left,
            "running": state.jobs.running(),
            "total": total,
            "jobs": [asdict(_shown_job(state, job, now)) for job in jobs],
            "events": _shown_events(state.engine.latest(HISTORY)),
        }


def current_frame(state: ApiState, job: Job) -> bytes:
    """The picture that a job checked last."""
    with state.jobs.lock:
        scene = state.scenes.scene_at(job.stream_url)
        seen = next((event for event in reversed(job.events) if event.name in _SEEN), None)
    if seen is not None and seen.name == "summary":
        return scene.frame or picture("grid")
    captured = 0 if seen is None else int(seen.data.get("frames_captured", 0))
    met = seen is not None and (seen.name == "triggered" or captured % 3 == 2)
    return scene.picture(str(job.config.get("condition", "")), met=met)


_SEEN = ("progress", "triggered", "summary")


class LiveFeed(Response):
    """The reply that sends a snapshot whenever something changes."""

    def __init__(self, state: ApiState) -> None:
        super().__init__()
        self._state = state
        if state.engine.watchers >= MAX_FEEDS:
            raise ApiError("SERVICE_UNAVAILABLE", f"{MAX_FEEDS} pages are already open.")

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send snapshots until the reader disconnects or the server ends."""
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        engine, last = self._state.engine, ""
        with engine.watching() as news:
            gone = asyncio.create_task(disconnected(receive, news))
            try:
                while not (gone.done() or engine.closing):
                    news.clear()
                    current = json.dumps(snapshot(self._state))
                    if current != last:
                        body = f"data: {current}\n\n".encode()
                        await send({"type": "http.response.body", "body": body, "more_body": True})
                    last = current
                    await happened(news, within=_LONGEST_PAUSE)
                    await engine.pause(_SHORTEST_PAUSE)
            finally:
                gone.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _shown_job(state: ApiState, job: Job, now: float) -> _ShownJob:
    counters = job.counters()
    return _ShownJob(
        job_id=job.job_id,
        job_type=job.job_type,
        status=job.status,
        active=job.active,
        reason=job.reason,
        stream_url=_cut(mask_url(job.stream_url)),
        condition=_cut(mask_text(str(job.config.get("condition", "")))),
        delivery=job.delivery,
        checks=counters.get("checks_performed", 0),
        triggers=counters.get("triggers_fired", 0),
        summaries=counters.get("summaries_generated", 0),
        elapsed=job.elapsed(now),
        limit=job.longest(),
        news=job.events.count,
        streams=state.engine.readers(job),
    )


def _shown_events(latest: list[tuple[int, Job, JobEvent]]) -> list[dict[str, Any]]:
    """The newest events; progress of a job without another event of it in between is one entry, with its `count`."""
    shown: list[dict[str, Any]] = []
    open_progress: dict[str, dict[str, Any]] = {}
    for number, job, event in latest:
        if event.name != "progress":
            open_progress.pop(job.job_id, None)
        elif job.job_id in open_progress:
            open_progress[job.job_id]["count"] += 1
            continue
        if len(shown) == EVENTS_SHOWN:
            continue  # what is older may still count in an entry that is shown
        shown.append(entry := _shown_event(number, job, event))
        if event.name == "progress":
            open_progress[job.job_id] = entry
    return shown


def _shown_event(number: int, job: Job, event: JobEvent) -> dict[str, Any]:
    text = event_text(event.data)
    if event.name == "progress":
        found = event.data
        text = (
            f"frame {found['frames_captured']} of {found['frames_needed']}"
            if "frames_captured" in found
            else f"check {found.get('checks_performed')}: condition not met"
        )
    return {
        "number": number,
        "job_id": job.job_id,
        "name": event.name,
        "timestamp": event.timestamp,
        "text": _cut(mask_text(text)),
        "count": 1,
    }


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_SHOWN else text[: TEXT_SHOWN - 1] + "…"
