"""Follow a job by asking for it again and again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .._core.endpoints import get_job
from .._core.polling import JobStory
from .._core.retry.window import RetryWindow
from ..errors import JobNotFoundError, StreamInterruptedError, TrioError
from ..events import Event
from .transport import AsyncTransport

__all__ = ["AsyncPolling"]


class AsyncPolling:
    """A source of events that looks at a job every few seconds. It never stops the job."""

    def __init__(
        self,
        transport: AsyncTransport,
        job_id: str,
        *,
        poll_interval: float,
        story: JobStory | None = None,
        options: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._transport = transport
        self._call = get_job(job_id)
        self._poll_interval = poll_interval
        self._options = options
        self._story = story or JobStory()
        self._window = RetryWindow(transport.settings.retry.deadline, transport.clock)
        self._looked = False
        self.seen_alive: datetime | None = None
        self.job_id: str | None = job_id
        self.finished = False

    async def open(self) -> None:
        """Do nothing: the job runs already."""

    async def advance(self) -> list[Event]:
        """Look at the job, after a pause, and return what has changed.

        Raises:
            StreamInterruptedError: the job could not be looked at for longer than the retry policy's deadline.
        """
        if self._looked:
            await self._transport.sleep(self._poll_interval)
        self._looked = True
        asked_at = self._transport.state.server_now()
        try:
            job = await self._transport.call(self._call, **self._options)
        except JobNotFoundError as error:
            self.finished = True
            assert self.job_id is not None
            return [self._story.gone(self.job_id, error)]
        except TrioError as error:
            if self._window.allows(error):
                return []
            raise StreamInterruptedError(
                f"Job {self.job_id} cannot be polled any more ({error.problem}); it may still be running.",
                job_id=self.job_id,
            ) from error
        self._window.reset()
        self.finished = job.is_terminal
        if not self.finished:
            self.seen_alive = asked_at
        return self._story.look(job)

    async def close(self, error: BaseException | None) -> None:
        """Do nothing: whoever follows a job does not own it."""
