"""The documented operations, one method each."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..delivery.event_stream import EventStream
from ..documented.errors import ApiError
from ..documented.generations import Traits
from ..documented.validation import read_body, read_query
from ..engine.job import Delivery, Job, JobType, delivery_mode
from ..engine.single_checks import analyze_frame, check_once
from ..faults.apply import stream_script
from . import replies
from .control_schema import read_control
from .state import ApiState
from .stream_address import StreamAddress, check_watchable, check_webhook_url, read_stream_url

__all__ = ["Api"]

# The documentation sets no largest page; a server that has one shows it in the `limit` of its reply.
MAX_PAGE = 1_000


class Api:
    """The operations of the Trio API on one stub's state."""

    def __init__(self, state: ApiState) -> None:
        self._state = state

    async def validate_stream(self, request: Request) -> Response:
        """POST /streams/validate."""
        body = read_body("ValidateStreamRequest", await request.body(), self._traits)
        address = read_stream_url(body["stream_url"])
        scene = self._state.scenes.scene_at(address.url)
        recording = address.recording or scene.vod
        live = not recording and not scene.offline(self._state.scenes.age(address.url))
        hint = "This is a recording, not a live stream." if recording else "The stream is offline."
        embedded = {"valid": live} if self._traits.valid else {"parsed_url": _embed_url(address) if live else None}
        return JSONResponse(
            {
                "is_live": live,
                "platform": address.platform,
                "stream_id": address.stream_id,
                "title": scene.title,
                "channel": scene.channel,
                "thumbnail_url": None,
                "viewer_count": scene.viewer_count if live else None,
                **embedded,
                "error_hint": None if live else hint,
            }
        )

    async def validate_url(self, request: Request) -> Response:
        """GET /validate-url, only in the oldest generation."""
        if not self._traits.valid:
            raise HTTPException(404)
        address = read_stream_url(request.query_params.get("url", ""))
        scene = self._state.scenes.scene_at(address.url)
        live = not (address.recording or scene.vod or scene.offline(self._state.scenes.age(address.url)))
        message = "Stream is live" if live else "Stream is not live"
        return JSONResponse({"is_live": live, "message": message, "title": scene.title})

    async def prepare_stream(self, request: Request) -> Response:
        """POST /prepare-stream."""
        query = read_query("post", "/prepare-stream", request.query_params)
        address = self._watchable(query["url"])
        return JSONResponse(
            {
                "success": True,
                "message": "Stream prepared in 1.8s",
                "cached": False,
                "embed_url": _embed_url(address),
                "embed_type": "iframe" if address.platform in ("youtube", "twitch") else "video",
            }
        )

    async def check_once(self, request: Request) -> Response:
        """POST /check-once."""
        body = read_body("CheckOnceRequest", await request.body(), self._traits)
        url = self._watchable(body["stream_url"]).url
        self._state.account.require()
        self._state.account.bill_check()
        result = check_once(self._state.scenes.scene_at(url), self._state.scenes.age(url), body)
        if self._traits.model:
            result["model"] = "gemini-2.5-flash"
            del result["latency_ms"]
        return JSONResponse(result)

    async def analyze_frame(self, request: Request) -> Response:
        """POST /analyze-frame."""
        if not self._traits.analyzes_frames:
            raise HTTPException(404)
        return JSONResponse(analyze_frame(read_body("AnalyzeFrameRequest", await request.body(), self._traits)))

    async def live_monitor(self, request: Request) -> Response:
        """POST /live-monitor."""
        return self._create(
            "live-monitor", read_body("LiveMonitorRequest", await request.body(), self._traits), request
        )

    async def start(self, request: Request) -> Response:
        """POST /_stub/start: what `POST /live-monitor` does with `stream_url` and `condition`, without a key."""
        body = await request.body()
        read_control("start", body)
        job = self._start("live-monitor", read_body("LiveMonitorRequest", body, self._traits), "polling")
        return JSONResponse({"job_id": job.job_id, "status": job.status})

    async def live_digest(self, request: Request) -> Response:
        """POST /live-digest."""
        return self._create("live-digest", read_body("LiveDigestRequest", await request.body(), self._traits), request)

    async def list_jobs(self, request: Request) -> Response:
        """GET /jobs."""
        query = read_query("get", "/jobs", request.query_params)
        limit, offset = min(query["limit"], MAX_PAGE), query["offset"]
        with self._state.jobs.lock:
            page, total = self._state.jobs.page(
                status=query.get("status"), job_type=query.get("type"), limit=limit, offset=offset
            )
            items = [replies.list_item(job, self._traits) for job in page]
        return JSONResponse({"jobs": items, "total": total, "limit": limit, "offset": offset})

    async def get_job(self, request: Request) -> Response:
        """GET /jobs/{job_id}."""
        with self._state.jobs.lock:
            job = self._state.jobs.get(request.path_params["job_id"])
            return JSONResponse(replies.detail(job, self._state.clock.now(), self._traits))

    async def cancel_job(self, request: Request) -> Response:
        """DELETE /jobs/{job_id}."""
        with self._state.jobs.lock:
            job, ended = self._state.jobs.cancel(request.path_params["job_id"])
            return JSONResponse(replies.cancelled(job, self._state.clock.now(), ended=ended))

    def _watchable(self, url: str) -> StreamAddress:
        address = read_stream_url(url)
        check_watchable(address, self._state.scenes.scene_at(url), age=self._state.scenes.age(url))
        return address

    @property
    def _traits(self) -> Traits:
        return self._state.traits

    def _create(self, job_type: JobType, body: dict[str, Any], request: Request) -> Response:
        delivery = self._delivery(job_type, body, request.headers.get("accept", ""))
        job = self._start(job_type, body, delivery)
        if delivery == "sse":
            script, keep_alive = stream_script(request.scope), self._state.keep_alive
            return EventStream(job, self._state.engine, script, keep_alive=keep_alive, traits=self._traits)
        return JSONResponse(replies.created(job, self._traits))

    def _start(self, job_type: JobType, body: dict[str, Any], delivery: Delivery) -> Job:
        if body.get("webhook_url") is not None or (self._traits.webhook_required and job_type == "live-monitor"):
            check_webhook_url(body.get("webhook_url"))
        self._watchable(body["stream_url"])
        self._state.account.require()
        if job_type == "live-monitor" and self._traits.open_ended:
            body["max_triggers"] = None
        job = self._state.jobs.create(job_type, body, delivery)
        self._state.engine.wake()
        return job

    def _delivery(self, job_type: JobType, body: dict[str, Any], accept: str) -> Delivery:
        if job_type == "live-digest":
            return "sse" if self._traits.digest_streams else delivery_mode(body, accept)
        return delivery_mode(body, accept if self._traits.streams_monitors else "")

    def authorize(self, request: Request) -> None:
        """Refuse a request without a valid key."""
        if not self._state.accepts(request.headers.get("authorization", "")):
            raise ApiError("UNAUTHORIZED", "The API key is missing or not valid.")


def _embed_url(address: StreamAddress) -> str:
    if address.platform == "youtube":
        return f"https://www.youtube.com/embed/{address.stream_id}"
    if address.platform == "twitch":
        return f"https://player.twitch.tv/?channel={address.stream_id}"
    return address.url
