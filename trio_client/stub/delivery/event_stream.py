"""The reply of SSE mode, which sends the events of a job as they happen."""

from __future__ import annotations

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..documented.generations import Traits
from ..engine.engine import Engine
from ..engine.job import Job
from ..engine.job_events import JobEvent
from .connection import hang_up
from .sse import encode_event
from .stream_script import LineEnd, StreamScript

__all__ = ["EventStream", "disconnected"]

_KEEP_ALIVE = ": keep-alive\n\n"
# Events after which other tasks run: a server accepts without a pause what its reader has stopped reading.
_EVENTS_AT_ONCE = 16
_BOM = b"\xef\xbb\xbf"
_LINE_ENDS: dict[LineEnd, str] = {"lf": "\n", "cr": "\r", "crlf": "\r\n"}
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


class EventStream(Response):
    """Every event of a job until its end. The job outlives a reader that disconnects, unless the engine ends it."""

    def __init__(self, job: Job, engine: Engine, script: StreamScript, *, keep_alive: float, traits: Traits) -> None:
        super().__init__()
        self._job = job
        self._engine = engine
        self._script = script
        self._keep_alive = keep_alive
        self._traits = traits
        self._drops = job.events.drops
        self._sent = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream until the job ends, the reader disconnects, or a fault applies."""
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        if self._script.bom:
            await send({"type": "http.response.body", "body": _BOM, "more_body": True})
        with self._engine.reading(self._job) as news:
            gone = asyncio.create_task(disconnected(receive, news))
            complete = False
            try:
                complete = await self._send_events(send, news, gone)
                if not complete and not gone.done():
                    await hang_up(scope, receive)
            finally:
                gone.cancel()
                self._engine.stop_reading(self._job, complete=complete)
        if complete:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_events(self, send: Send, news: asyncio.Event, gone: asyncio.Task[None]) -> bool:
        """Send events as they come; True if the stream is complete and ends as documented."""
        index = 0
        while True:
            if gone.done() or self._engine.closing or self._job.removed or self._job.events.drops > self._drops:
                return False
            news.clear()
            events, index = self._job.events.since(index)
            for number, event in enumerate(events, 1):
                if number % _EVENTS_AT_ONCE == 0:
                    await asyncio.sleep(0)
                if gone.done() or self._script.drops_after(self._sent):
                    return False
                if not await self._send_event(event, send):
                    continue
                if event.terminal or (event.name == "triggered" and self._traits.trigger_ends_stream):
                    return True
            if self._script.drops_after(self._sent):
                return False
            if not await self._wait(news) and not self._script.silent_after(self._sent):
                await self._write(_KEEP_ALIVE, send)

    async def _send_event(self, event: JobEvent, send: Send) -> bool:
        """Send one event; False if a fault silences it, and with it the end of the stream."""
        if self._script.silent_after(self._sent):
            return False
        if not (event.terminal and self._script.omit_terminal):
            name, data = self._traits.event(self._job.job_type, event.name, event.data)
            await self._write(encode_event(name, data, self._script.dialect), send)
            self._sent += 1
        return True

    async def _write(self, text: str, send: Send) -> None:
        body = text.replace("\n", _LINE_ENDS[self._script.line_end]).encode()
        at = self._script.split_at
        for piece in (body,) if at is None else (body[:at], body[at:]):
            if piece:
                await send({"type": "http.response.body", "body": piece, "more_body": True})

    async def _wait(self, news: asyncio.Event) -> bool:
        """Wait for news; False if a keep-alive comment is due before there are any."""
        quiet = False

        def end() -> None:
            nonlocal quiet
            quiet = True
            news.set()

        # A timer on the event itself: a task for each wait is most of what an event of a busy stream costs.
        timer = asyncio.get_running_loop().call_later(self._keep_alive, end)
        try:
            await news.wait()
        finally:
            timer.cancel()
        return not quiet


async def disconnected(receive: Receive, news: asyncio.Event) -> None:
    """Wait until the reader of a reply has disconnected, then set the event."""
    while (await receive())["type"] != "http.disconnect":
        pass
    news.set()
