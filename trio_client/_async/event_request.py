"""Read the event stream of any endpoint."""

from __future__ import annotations

from typing import Any

from .._core.call import EVENT_STREAM, Call
from .._core.event_reader import EventReader
from .._core.history import JobHistory
from .._core.reply import Reply, media_type, unusable
from .._core.silence import Silence
from .._http._async.reply import AsyncOpenReply
from .._http.concurrency.async_.shield import limit_is_over
from ..errors import APITimeoutError, StreamInterruptedError, TrioError
from ..events import Event
from ..sse import EventTooLargeError
from .sources import AsyncFollower
from .transport import AsyncTransport

__all__ = ["AsyncEventRequest"]


class AsyncEventRequest(AsyncFollower):
    """A source of events: the reply to one request, which owns no job and is never sent again."""

    def __init__(self, transport: AsyncTransport, call: Call[Any], *, idle: float, options: dict[str, Any]) -> None:
        self._transport = transport
        self._call = call
        self._options = options
        self._reply: AsyncOpenReply | None = None
        self._history = JobHistory()
        self._silence = Silence(idle, transport.clock)
        self._reader = EventReader(self._history, self._silence, max_event_bytes=transport.settings.max_body_bytes)
        self._interruption: StreamInterruptedError | None = None
        self._ended = False

    @property
    def job_id(self) -> str | None:
        """The id of the job, if an event names one."""
        return self._history.job_id

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to come."""
        return self._ended or self._history.finished

    @property
    def can_bound_waits(self) -> bool:
        """Whether the next wait for the network ends when it is to."""
        return self._reply is None or self._reply.can_bound_waits

    async def open(self) -> None:
        """Send the request, unless its reply is open."""
        whole = None if self._reply is not None else await self.open_or_read()
        if whole is not None:
            raise unusable("event stream", whole, None, self._call, self._transport.settings)

    async def open_or_read(self) -> Reply | None:
        """Send the request; return its reply if that is no event stream."""
        reply = await self._transport.open(self._call, **self._options)
        if media_type(reply.headers) == EVENT_STREAM:
            self._reply = reply
            return None
        try:
            return await reply.read()
        finally:
            await reply.aclose()

    async def advance(self) -> list[Event]:
        """Return the events of the next piece of the stream.

        Raises:
            StreamInterruptedError: the stream was cut off.
            TimeoutError: the time limit in force is over; nothing was lost.
        """
        if self._interruption is not None or self._reply is None:
            raise self._interruption or self._interrupted("it was closed")
        try:
            with self._silence as seconds:
                chunk = await self._reply.next_chunk(seconds)
        except TrioError as error:
            if limit_is_over():
                raise TimeoutError from None
            is_idle = isinstance(error, APITimeoutError) and error.phase == "idle"
            reason = self._silence.timeout_reason if is_idle else None
            self._interruption = self._interrupted(reason or error.problem)
            raise self._interruption from error
        if chunk is None:
            return self._end()
        try:
            events = self._reader.feed(chunk)
        except EventTooLargeError as error:
            self._interruption = self._interrupted(str(error))
            events = self._reader.accept(error.events)
        if self.finished:
            await self.close(None)
        elif not events and (reason := self._silence.reason) is not None:
            self._interruption = self._interrupted(reason)
            raise self._interruption
        return events

    async def close(self, error: BaseException | None) -> None:  # noqa: ARG002 - no job is owned
        """Release the connection."""
        reply, self._reply = self._reply, None
        if reply is not None:
            await reply.aclose()

    def _end(self) -> list[Event]:
        """Note the end of the body; within an event, it is one only if the reply says how long its body is."""
        assert self._reply is not None
        framed = {"content-length", "transfer-encoding"} & self._reply.headers.keys()
        if self._reader.unfinished and not framed:
            self._interruption = self._interrupted("it ended within an event")
            raise self._interruption
        self._ended = True
        return []

    def _interrupted(self, reason: str) -> StreamInterruptedError:
        return StreamInterruptedError(
            f"The event stream of {self._call.method} {self._call.path} was cut off: {reason.rstrip('.')}.",
            advice="Events may be missing. Send the request again if that is safe.",
            job_id=self.job_id,
        )
