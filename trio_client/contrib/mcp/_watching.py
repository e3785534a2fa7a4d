"""The tool `watch`: one job, from its start until the first trigger or the end of its time."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import anyio
from mcp.server.mcpserver import Context

from ..._async.event_stream import AsyncEventStream
from ..._redaction import mask
from ..._time_source import REAL
from ...errors import CreateOutcomeUnknownError
from ...events import Triggered

__all__ = ["OpenJob", "OpenJobs", "ToolContext", "reporting_progress", "until_triggered"]

ToolContext: TypeAlias = Context[Any, Any]
_PROGRESS_SECONDS: Final = 5.0
_GRACE_SECONDS: Final = 1.0  # in which a job whose time is up ends by itself
_MARGIN_SECONDS: Final = 5.0


@dataclass(eq=False)
class OpenJob:
    """A job that a call of `watch` has started, or is starting.

    Attributes:
        stream: its events.
        stream_url: the stream it watches.
        runs_until: when it has ended by itself, as its create asked for.
        entered: whether its stream was entered. A create that was cancelled before is resolved by the client, which
            warns of a job that it could not stop.
        unresolved: whether it is not known if the create has made a job.
    """

    stream: AsyncEventStream
    stream_url: str
    runs_until: float = 0.0
    entered: bool = False
    unresolved: bool = False

    def __str__(self) -> str:
        job_id = self.stream.job_id
        return f"job {job_id}" if job_id else f"a job on {mask(self.stream_url, is_url=True)}"


class OpenJobs:
    """The jobs that may be running because of this server."""

    def __init__(self) -> None:
        self._open: list[OpenJob] = []
        self._left: list[OpenJob] = []
        self._changed = anyio.Event()

    @asynccontextmanager
    async def opened(self, stream: AsyncEventStream, stream_url: str, seconds: float) -> AsyncGenerator[OpenJob]:
        """Count a job as open inside; at the end it is stopped, or kept in mind as one that may be running."""
        job = OpenJob(stream, stream_url)
        self._open.append(job)
        try:
            yield job
        except CreateOutcomeUnknownError:
            job.unresolved = True
            raise
        finally:
            if stream.outcome is None and (job.unresolved or job.entered):
                job.runs_until = REAL.monotonic() + seconds + _MARGIN_SECONDS
                self._left.append(job)
            self._open.remove(job)
            self._changed.set()
            self._changed = anyio.Event()

    async def closed(self) -> None:
        """Wait until no job is open."""
        while self._open:
            await self._changed.wait()

    def may_run(self) -> list[OpenJob]:
        """Return the jobs that may be running now."""
        now = REAL.monotonic()
        return [*self._open, *(job for job in self._left if now < job.runs_until)]


async def until_triggered(stream: AsyncEventStream, seconds: float) -> Triggered | None:
    """Return the first trigger of a stream that was entered; `None` if its job ends, or its time is up, before."""
    return await stream.until(Triggered, timeout=seconds + _GRACE_SECONDS)


@asynccontextmanager
async def reporting_progress(context: ToolContext, total: float) -> AsyncGenerator[None]:
    """Report progress every few seconds while the block runs. What it raises is raised as it is."""
    begun = REAL.monotonic()
    done = anyio.Event()

    async def report() -> None:
        while not done.is_set():
            with suppress(Exception):  # the client may be gone
                await context.report_progress(min(REAL.monotonic() - begun, total), total, "watching")
            with anyio.move_on_after(_PROGRESS_SECONDS):
                await done.wait()

    failure: Exception | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(report)
        try:
            yield
        except Exception as error:  # noqa: BLE001 - the group would wrap it
            failure = error
        finally:
            done.set()
            group.cancel_scope.cancel()
    if failure is not None:
        raise failure
