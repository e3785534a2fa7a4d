"""The paths under /_stub: over HTTP, what tests do through a StubServer."""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..documented.errors import ApiError
from ..engine.job import Job, JobStatus, JobType
from ..engine.masking import mask_headers
from ..engine.records import JobRecord
from ..engine.scene import Scene
from ..faults.fault import Fault
from .control_schema import built, read_control
from .state import ApiState

__all__ = ["Control", "add_jobs"]


class Control:
    """The control operations on one stub's state."""

    def __init__(self, state: ApiState) -> None:
        self._state = state

    async def fail(self, request: Request) -> Response:
        """POST /_stub/fail: script a fault, with the fields of `Fault`."""
        body = read_control("fail", await request.body())
        self._state.faults.add(built(lambda: Fault.from_json(body)))
        return JSONResponse({"pending": len(self._state.faults.pending())})

    async def scene(self, request: Request) -> Response:
        """POST /_stub/scene: `stream_url` and the fields of `Scene`; `frame_b64` stands for `frame`."""
        body = read_control("scene", await request.body())
        url = str(body.pop("stream_url"))
        self._state.scenes.set(url, built(lambda: _scene(body)))
        return JSONResponse({"stream_url": url})

    async def advance(self, request: Request) -> Response:
        """POST /_stub/clock/advance: `seconds` of stub time."""
        self._state.clock.advance(read_control("advance", await request.body())["seconds"])
        return JSONResponse({"now": self._state.clock.now()})

    async def fill(self, request: Request) -> Response:
        """POST /_stub/jobs: add `count` jobs that never change (`status`, `job_type`, `stream_url`)."""
        body = read_control("jobs", await request.body())
        count = body.pop("count", 1)
        ids = built(lambda: add_jobs(self._state, count, **body))
        return JSONResponse({"count": len(ids), "job_ids": ids})

    async def webhooks(self, request: Request) -> Response:
        """POST /_stub/webhooks: how webhooks are sent from now on, with the fields of `WebhookScript`."""
        body = read_control("webhooks", await request.body())
        built(lambda: self._state.webhooks.update(**body))
        return JSONResponse(asdict(self._state.webhooks))

    async def settings(self, request: Request) -> Response:
        """GET or POST /_stub/settings: `speed`, `max_jobs`, `credits` and `generation`, from now on."""
        if request.method == "POST":
            change = read_control("settings", await request.body())
            built(lambda: self._state.change(**change))
        return JSONResponse(self._state.changeable())

    async def jobs(self, _: Request) -> Response:
        """GET /_stub/jobs: all jobs, oldest first."""
        with self._state.jobs.lock:
            jobs, now = self._state.jobs.all(), self._state.clock.now()
            return JSONResponse({"jobs": [asdict(JobRecord.of(job, now)) for job in jobs]})

    async def trigger(self, request: Request) -> Response:
        """POST /_stub/jobs/{job_id}/trigger: make the condition of a monitor hold now."""
        return self._changed(self._state.jobs.trigger(_id(request)), "It is not a running monitor.")

    async def fail_job(self, request: Request) -> Response:
        """POST /_stub/jobs/{job_id}/fail: end the job as if its stream had gone offline."""
        return self._changed(self._state.jobs.fail(_id(request)), "The job has ended.")

    async def cancel(self, request: Request) -> Response:
        """POST /_stub/jobs/{job_id}/cancel: what `DELETE /jobs/{job_id}` does, without a key."""
        return self._changed(self._state.jobs.cancel(_id(request)), "The job has ended.")

    async def drop(self, request: Request) -> Response:
        """POST /_stub/jobs/{job_id}/drop: disconnect the streams of a job, which keeps running."""
        job = self._state.jobs.get(_id(request))
        self._state.engine.drop(job)
        return self._changed((job, True))

    def _changed(self, outcome: tuple[Job, bool], problem: str = "") -> Response:
        job, changed = outcome
        if not changed:
            raise ApiError("CONFLICT", problem)
        return JSONResponse({"job_id": job.job_id, "status": job.status})

    async def requests(self, _: Request) -> Response:
        """GET /_stub/requests: the latest requests, oldest first, credentials masked; bodies as text or base64."""
        entries = [asdict(entry) for entry in self._state.requests.all()]
        shown = [_entry({**entry, "headers": mask_headers(entry["headers"])}) for entry in entries]
        return JSONResponse({"requests": shown})

    async def deliveries(self, _: Request) -> Response:
        """GET /_stub/deliveries: the latest webhook attempts, oldest first."""
        return JSONResponse({"deliveries": [_entry(asdict(entry)) for entry in self._state.deliveries.all()]})

    async def reset(self, _: Request) -> Response:
        """POST /_stub/reset: remove everything; the clock keeps running."""
        self._state.reset()
        return JSONResponse({})


def _id(request: Request) -> str:
    return str(request.path_params["job_id"])


def add_jobs(
    state: ApiState,
    count: Any,
    *,
    status: JobStatus = "completed",
    job_type: JobType = "live-monitor",
    stream_url: str = "rtsp://camera.example/yard",
) -> list[str]:
    """Add jobs that never change."""
    if isinstance(count, bool) or not isinstance(count, int):
        raise ValueError(f"count must be an integer, not {count!r}")
    if status not in ("pending", "running", "stopped", "completed", "failed"):
        raise ValueError(f"not a job status: {status!r}")
    if job_type not in ("live-monitor", "live-digest"):
        raise ValueError(f"not a job type: {job_type!r}")
    return state.jobs.fill(count, status=status, job_type=job_type, stream_url=stream_url)


def _scene(body: dict[str, Any]) -> Scene:
    if "frame_b64" in body:
        body["frame"] = base64.b64decode(body.pop("frame_b64"), validate=True)
    return Scene(**body)


def _entry(entry: dict[str, Any]) -> dict[str, Any]:
    body: bytes = entry.pop("body")
    try:
        return {**entry, "body": body.decode()}
    except UnicodeDecodeError:
        return {**entry, "body_b64": base64.b64encode(body).decode()}
