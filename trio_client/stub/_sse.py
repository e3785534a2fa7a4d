"""Event streams: how an event looks on the wire, and the reply that sends them as they happen."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ._connection import hang_up
from ._engine import Engine, happened
from ._faults import Dialect, Fault
from ._job import Job, JobEvent

__all__ = ["EventStream", "encode_event"]

_KEEP_ALIVE = b": keep-alive\n\n"
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


def encode_event(name: str, data: dict[str, Any], dialect: Dialect = "A") -> bytes:
    """The bytes of one event. A name with a line break is refused: it could forge further events."""
    if any(character in name for character in "\r\n\0"):
        raise ValueError("an event name must not contain line breaks or NUL")
    if dialect == "B":
        data = {"type": name, **data}
    line = f"event: {name}\n" if dialect == "A" else ""
    return f"{line}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


class EventStream(Response):
    """The reply of SSE mode: every event of a job until its end. The job survives a reader that leaves."""

    def __init__(self, job: Job, engine: Engine, fault: Fault | None, *, keep_alive: float) -> None:
        super().__init__()
        self._job = job
        self._engine = engine
        self._fault = fault or Fault()
        self._keep_alive = keep_alive
        self._sent = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream until the job ends, the reader leaves, or a fault strikes."""
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        with self._engine.reading(self._job) as news:
            gone = asyncio.create_task(_disconnected(receive, news))
            try:
                whole = await self._tell(send, news, gone)
                if not whole and not gone.done():
                    await hang_up(scope, receive)
            finally:
                gone.cancel()
        if whole:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self, send: Send, news: asyncio.Event, gone: asyncio.Task[None]) -> bool:
        """Send events as they come; True if the stream is to end in good order."""
        index = 0
        while True:
            if gone.done() or self._engine.closing or self._job.removed:
                return False
            news.clear()
            events, index = self._job.events_since(index)
            for event in events:
                if self._sent == self._fault.drop_after_events:
                    return False
                if not await self._send_event(event, send):
                    continue
                if event.terminal:
                    return True
            if self._sent == self._fault.drop_after_events:
                return False
            if not await self._wait(news) and not self._silent():
                await send({"type": "http.response.body", "body": _KEEP_ALIVE, "more_body": True})

    async def _send_event(self, event: JobEvent, send: Send) -> bool:
        """Send one event; False if a fault silences it, and with it the end of the stream."""
        if self._silent():
            return False
        if not (event.terminal and self._fault.omit_terminal):
            body = encode_event(event.name, event.data, self._fault.dialect or "A")
            await send({"type": "http.response.body", "body": body, "more_body": True})
            self._sent += 1
        return True

    def _silent(self) -> bool:
        limit = self._fault.silent_after_events
        return limit is not None and self._sent >= limit

    async def _wait(self, news: asyncio.Event) -> bool:
        """Wait for news; False if there were none for so long that a sign of life is due."""
        return await happened(news, within=self._keep_alive)


async def _disconnected(receive: Receive, news: asyncio.Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    news.set()
