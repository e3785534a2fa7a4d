"""The tools of the MCP server: they share a client, a budget, pictures and jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult
from pydantic import Field

from ..._async.client import AsyncTrioClient
from ..._time_source import REAL
from ...events import Triggered
from ...frames import Frame
from ...models import CancelledJob, JobDetail, StreamValidation
from ...pricing import PRICES_USD, estimate_usd
from ._budget import Budget
from ._outputs import Answered, Checked, Estimated, JobList, Watched
from ._pictures import Pictures, shown
from ._results import Masker, event_data, result
from ._watching import OpenJobs, ToolContext, reporting_progress, until_triggered

__all__ = ["Tools"]

Url: TypeAlias = Annotated[str, Field(description="YouTube Live URL or RTSP stream")]
Condition: TypeAlias = Annotated[str, Field(description="what to check for, in plain words: 'a van is at the gate'")]
InputMode: TypeAlias = Literal["frames", "clip", "hybrid"]
Mode: TypeAlias = Annotated[
    InputMode | None, Field(description="frames for what a picture shows, clip for motion; hybrid costs more")
]
Clip: TypeAlias = Annotated[int | None, Field(description="seconds of video in a clip, 1 to 10")]
JobId: TypeAlias = Annotated[str, Field(description="the job's id, as list_jobs or watch returned it")]
_CREATE_SECONDS: Final = 30.0
_SHORTEST, _LONGEST = 5, 600
_LARGEST_PAGE: Final = 100


class Tools:
    """The tools, which share a client, a budget, pictures and jobs.

    Args:
        client: the client to call the API with.
        max_cost_usd: what all calls may cost together, in US dollars.
        price_per_minute_usd: the user's price of a minute; needed for `hybrid`.
        pictures: the folder with pictures that may be asked about.
    """

    def __init__(
        self,
        client: AsyncTrioClient,
        *,
        max_cost_usd: float,
        price_per_minute_usd: float | None,
        pictures: Path | None,
    ) -> None:
        self.jobs = OpenJobs()
        self.masker = Masker()
        self._client = client
        self._budget = Budget(max_cost_usd)
        self._price = price_per_minute_usd
        self._pictures = Pictures(pictures)

    async def check_once(
        self,
        stream_url: Url,
        condition: Condition,
        input_mode: Mode = None,
        clip_duration_seconds: Clip = None,
        include_frame: Annotated[bool, Field(description="return the picture that was checked, too")] = False,
    ) -> Annotated[CallToolResult, Checked]:
        """Check once, now, whether a condition holds on a live stream."""
        self.masker.protect(stream_url)
        options: dict[str, Any] = {"input_mode": input_mode, "clip_duration_seconds": clip_duration_seconds}
        usd = self._price_of(input_mode, PRICES_USD["check-once"])
        with self.masker.errors(), self._budget.reserve(usd, "A check") as reservation:
            found = await self._client.check_once(
                stream_url, condition, include_frame=True if include_frame else None, **options
            )
            reservation.cost_usd = usd
        data = {"triggered": found.triggered, "explanation": found.explanation, "latency_ms": found.latency_ms}
        return self._billed(data, usd, found.frame)

    async def ask_about_picture(
        self,
        frame: Annotated[str, Field(description="a frame_id of an earlier result, or the path of a user's picture")],
        question: Annotated[str, Field(description="yes/no or open-ended")],
    ) -> Annotated[CallToolResult, Answered]:
        """Ask a question about a picture: one of an earlier result, or one of the user's own pictures."""
        picture = self._pictures.named(frame)
        usd = PRICES_USD["check-once"]
        with self.masker.errors(), self._budget.reserve(usd, "A question about a picture") as reservation:
            found = await self._client.analyze_frame(picture, question)
            reservation.cost_usd = usd
        data = {"answer": found.answer, "triggered": found.triggered, "latency_ms": found.latency_ms}
        return self._billed(data, usd, None)

    async def validate_stream(self, stream_url: Url) -> Annotated[CallToolResult, StreamValidation]:
        """Check whether a stream is live and can be watched."""
        self.masker.protect(stream_url)
        with self.masker.errors():
            found = await self._client.streams.validate(stream_url)
        return self._result(found.model_dump(mode="json", exclude_none=True))

    async def watch(
        self,
        context: ToolContext,
        stream_url: Url,
        condition: Condition,
        seconds: Annotated[
            int,
            Field(
                description="how long to watch, 5 to 600; many agent programs end a call after about a minute",
                json_schema_extra={"minimum": _SHORTEST, "maximum": _LONGEST},
            ),
        ] = 45,
        interval_seconds: Annotated[int | None, Field(description="seconds between two checks, 5 to 300")] = None,
        input_mode: Mode = None,
        clip_duration_seconds: Clip = None,
    ) -> Annotated[CallToolResult, Watched]:
        """Watch a live stream until a condition holds, or until the time is up."""
        if not _SHORTEST <= seconds <= _LONGEST:
            raise ToolError(f"seconds is {seconds}; it must be from {_SHORTEST} to {_LONGEST}. Nothing was started.")
        self.masker.protect(stream_url)
        options: dict[str, Any] = {
            "interval_seconds": interval_seconds,
            "input_mode": input_mode,
            "clip_duration_seconds": clip_duration_seconds,
        }
        price = self._price_of(input_mode, self._price or PRICES_USD["live-monitor"])
        most = estimate_usd("live-monitor", minutes=seconds / 60, price_per_minute_usd=price)
        with self.masker.errors():
            stream = self._client.live_monitor.stream(
                stream_url, condition, monitor_duration_seconds=seconds, timeout=_CREATE_SECONDS, **options
            )
        begun = REAL.monotonic()
        found: Triggered | None = None
        with self.masker.errors(), self._budget.reserve(most, f"Watching for {seconds} s") as reservation:
            try:
                async with (
                    self.jobs.opened(stream, stream_url, seconds) as job,
                    reporting_progress(context, seconds),
                    stream,
                ):
                    job.entered = True
                    found = await until_triggered(stream, seconds)
            finally:
                if stream.outcome is not None:
                    reservation.cost_usd = min(most, stream.usage.minutes_billed * price)
        data: dict[str, Any] = {"triggered": found is not None, "job_id": stream.job_id}
        if found is not None:
            data["event"] = event_data(found)
        if stream.outcome is None:
            data["warning"] = "It is not confirmed that the job has ended. Stop it with cancel_job."
        else:
            data["outcome"] = event_data(stream.outcome)
        data["watched_seconds"] = round(REAL.monotonic() - begun, 1)
        cost = most if reservation.cost_usd is None else reservation.cost_usd
        return self._billed(data, cost, found.frame if found is not None else None)

    async def list_jobs(
        self,
        status: Annotated[
            Literal["pending", "running", "stopped", "completed", "failed"] | None,
            Field(description="only jobs with this status"),
        ] = None,
        type: Annotated[
            Literal["live-monitor", "live-digest"] | None, Field(description="only jobs of this type")
        ] = None,
        limit: Annotated[int, Field(description="how many jobs at most, 1 to 100")] = 20,
        offset: Annotated[int, Field(description="how many jobs to skip")] = 0,
    ) -> Annotated[CallToolResult, JobList]:
        """List the jobs of the user's account, newest first, those of other programs too."""
        if limit > _LARGEST_PAGE:
            raise ToolError(f"limit is {limit}; it must be from 1 to {_LARGEST_PAGE}.")
        with self.masker.errors():
            page = await self._client.jobs.list(status=status, type=type, limit=limit, offset=offset)
        jobs = [
            {
                "job_id": job.job_id,
                "job_type": job.job_type,
                "status": job.status,
                "stream_url": job.stream_url,
                "created_at": job.created_at,
            }
            for job in page
        ]
        return self._result({"jobs": jobs, "total": page.total, "has_more": page.has_more})

    async def get_job(self, job_id: JobId) -> Annotated[CallToolResult, JobDetail]:
        """Show one job with its settings, status and counters."""
        with self.masker.errors():
            job = await self._client.jobs.get(job_id)
        return self._result(job.model_dump(mode="json", exclude_none=True))

    async def cancel_job(self, job_id: JobId) -> Annotated[CallToolResult, CancelledJob]:
        """Stop a pending or running job for good."""
        with self.masker.errors():
            job = await self._client.jobs.cancel(job_id)
        return self._result(job.model_dump(mode="json", exclude_none=True))

    async def estimate_cost(
        self,
        kind: Annotated[
            Literal["check-once", "live-monitor", "live-digest"],
            Field(description="check-once for checks and questions, live-monitor for watching"),
        ],
        minutes: Annotated[float | None, Field(description="how long a job runs; needed for one")] = None,
        checks: Annotated[int | None, Field(description="how many checks; 1 unless given")] = None,
        input_mode: Mode = None,
    ) -> Annotated[CallToolResult, Estimated]:
        """Estimate what checks or minutes of watching cost by the published prices, and show what is left."""
        is_check = kind == "check-once"
        price = None if is_check else self._price
        if not is_check and minutes is None and not checks:
            raise ToolError(f"minutes is missing: {kind} is billed by its minutes. Nothing was sent.")
        checks = int(is_check and minutes is None) if checks is None else checks
        with self.masker.errors():
            cost = estimate_usd(
                kind, minutes=minutes or 0, checks=checks, input_mode=input_mode, price_per_minute_usd=price
            )
        return self._result({"cost_usd": cost, "budget_left_usd": self._budget.left_usd})

    def _price_of(self, input_mode: str | None, usual: float) -> float:
        if input_mode != "hybrid":
            return usual
        if self._price is None:
            raise ToolError(
                "input_mode 'hybrid' has no published price. Use frames or clip, or ask the user to start the server "
                "with --price-per-minute. Nothing was sent."
            )
        return max(usual, self._price)

    def _billed(self, data: dict[str, Any], cost_usd: float, frame: Frame | None) -> CallToolResult:
        """Return the result of a call that cost money, with its picture."""
        picture = None
        if frame is not None:
            picture = shown(frame)
            data["frame_id"] = self._pictures.keep(frame)
            if picture is None:
                data["picture"] = "not shown: it is too large, or no picture"
        data |= {"cost_usd": round(cost_usd, 6), "budget_left_usd": self._budget.left_usd}
        return result(self.masker.value(data), picture)

    def _result(self, data: dict[str, Any]) -> CallToolResult:
        return result(self.masker.value(data))
