"""Follow a job by polling it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .._core.endpoints import get_job
from .._core.history import JobHistory
from .._core.polling import PollSchedule, RetryWindow, polling_failed
from .._http.concurrency.async_.shield import limit_is_over, limit_left
from .._job_context import JobContext
from ..errors import JobNotFoundError, TrioError
from ..events import Event
from .sources import AsyncFollower
from .transport import AsyncTransport

__all__ = ["AsyncJobPoller"]


class AsyncJobPoller(AsyncFollower):
    """A source of events that polls a job every few seconds. It never stops the job."""

    def __init__(
        self,
        transport: AsyncTransport,
        job_id: str,
        *,
        poll_interval: float,
        history: JobHistory | None = None,
        reached: bool = False,
        from_start: bool = True,
        options: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        if transport.context.stream_url is None:
            transport = transport.about(JobContext(job_id=job_id))
        self._transport = transport
        self._call = replace(get_job(job_id), decides=True)
        self._history = history or JobHistory()
        self._history.job_id = job_id
        self._schedule = PollSchedule(poll_interval)
        self._options = options
        ledger = transport.state.ledger
        self._window = RetryWindow(
            transport.settings.retry.deadline, transport.clock, reached=reached or ledger.is_known(job_id)
        )
        self._grace_until = transport.clock() + ledger.not_found_grace(job_id)  # of "no such job"
        self._answered = False
        self._skips = not from_start  # what was counted before the first poll
        self.seen_alive: datetime | None = None
        self.failure: TrioError | None = None
        """Why the latest poll failed; `None`: it was answered."""

    @property
    def job_id(self) -> str | None:
        """The job's id."""
        return self._history.job_id

    @property
    def finished(self) -> bool:
        """Whether the job's end was reported."""
        return self._history.finished

    async def open(self) -> None:
        """Do nothing: the job runs already."""

    async def advance(self) -> list[Event]:
        """Poll the job, after a pause, and return what has changed.

        Raises:
            StreamInterruptedError: polling failed for longer than the retry policy's deadline.
            TimeoutError: the time limit in force is over.
        """
        await self._wait()
        asked_at = self._transport.state.server_now()
        try:
            job = await self._transport.call(self._call, **self._options)
        except JobNotFoundError as error:
            self._schedule.polled()
            self.failure = None
            if self._transport.clock() < self._grace_until:
                return []
            return [self._history.not_found(error)]
        except TrioError as error:
            if limit_is_over():
                raise TimeoutError from None
            self._schedule.polled()
            if self._window.allows(error):
                self.failure = error.with_traceback(None)
                return []
            raise polling_failed(self.job_id, error, self._transport.context, answered=self._answered) from error
        self._window.reset()
        self._schedule.polled()
        self._answered, self.failure = True, None
        if not job.is_terminal:
            self.seen_alive = asked_at
        if self._skips:
            self._skips = False
            return self._history.begin(job)
        return self._history.poll(job, self._transport.state.server_now())

    async def _wait(self) -> None:
        """Wait for the time of the next poll; a wait that is cut off goes on with the next call."""
        pause = self._schedule.pause(self._transport.clock())
        if pause <= 0:
            return
        left = limit_left()
        await self._transport.sleep(pause if left is None else min(pause, left))
        if left is not None and left < pause:
            raise TimeoutError

    async def close(self, error: BaseException | None) -> None:
        """Do nothing: following a job is not owning it."""
